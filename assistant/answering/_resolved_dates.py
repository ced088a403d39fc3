"""The days that the words of an answer mean: "hôm qua" of an article of 6-8 is 5-8.

They are computed, so they stand beside the article's words and never in a quote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.text.told_days import ToldDays, told_days
from assistant.types import Article, Citation, ResolvedDate


def resolved_dates(
    citations: Sequence[Citation], articles: Mapping[str, Article], asks_when: bool
) -> tuple[ResolvedDate, ...]:
    """What is computed for the words that answer, in the order of the citations.

    ``asks_when``: the question asks for a day, which the quote may tell beside those words ("lúc 5
    giờ" in "lúc 5 giờ sáng qua").
    """
    return tuple(
        ResolvedDate(c.number, c.quote[d.span.start : d.span.end], d.first, d.last)
        for c in citations
        for d in _of(c, articles[c.article_id].date, asks_when)
    )


def _of(citation: Citation, day: str, asks_when: bool) -> list[ToldDays]:
    told = told_days(citation.quote, day)
    inside = [one for one in told if _answers(one, citation)]
    if not inside and asks_when and citation.answer and len(told) == 1:
        inside = list(told)
    return [one for one in inside if one.computed]


def _answers(one: ToldDays, citation: Citation) -> bool:
    first = citation.start
    return any(
        a.start - first < one.span.end and one.span.start < a.end - first for a in citation.answer
    )
