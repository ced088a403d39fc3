"""Which of several articles that answer about as well is told first: the newest.

"62%" of May and "71%" of September answer the same question; the reader cannot tell which holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import regex

from assistant.answering._quotes import ALSO, quotes_of
from assistant.answering.found_answers import Found
from assistant.retrieval.hybrid_search import Query
from assistant.text.terms import fold, terms
from assistant.types import Span

ALIKE: Final = 0.5  # share of the words of the shorter sentence that the other one has too
AS_MUCH: Final = 0.05  # share of what the question's terms tell by which a passage may have less
EQUAL: Final = 0.95  # of the best confidence, from which other words answer equally well
_FIGURE: Final = regex.compile(r"\p{Nd}+(?:[.,]\p{Nd}+)*")


def newest_first(
    found: Sequence[Found], query: Query, least: float
) -> tuple[tuple[Found, ...], str]:
    """What was found, where articles of several days tell of the same thing the newest first; and
    its day (ISO 8601) where their figures differ, else "".

    ``least``: the confidence that an answer must have. What one article alone answers stays.
    """
    group = [one for one in found if _is_rival(one, found[0], query, least)]
    days = {one.date for one in group}
    if len(days) < 2:
        return tuple(found), ""
    newest = sorted(group, key=lambda one: one.date, reverse=True)
    others = [one for one in found if one not in group]
    differ = any(_figures(one) != _figures(newest[0]) for one in newest)
    return (*newest, *others), newest[0].date if differ and _figures(newest[0]) else ""


def _is_rival(one: Found, best: Found, query: Query, least: float) -> bool:
    """Whether ``one`` is the best answer, or tells of the same thing about as surely."""
    if one is best:
        return bool(one.date)
    if one.article_id == best.article_id or not one.date:
        return False
    if one.confidence < max(least, ALSO * best.confidence):
        return False
    if _told(one, query) < _told(best, query) - AS_MUCH or not _alike(one, best):
        return False
    same = fold(one.words) == fold(best.words)
    figures = bool(_figures(one) and _figures(best))
    return same or figures or one.confidence >= EQUAL * best.confidence


def _told(one: Found, query: Query) -> float:
    """How much of what the question asks about is in the passage and its headline, in [0, 1]."""
    stored, weights = one.candidate.stored, query.weights.terms
    text = f"{stored.title}\n{stored.passage.text}"
    there = set(terms(fold(text) if query.lexical.folded else text))
    whole = sum(weights.values())
    return (
        sum(weight for term, weight in weights.items() if term in there) / whole if whole else 0.0
    )


def _alike(one: Found, other: Found) -> bool:
    """Whether the sentences in which the answers stand have most of their words in common."""
    few, many = sorted((_words(one), _words(other)), key=len)
    return bool(few) and len(few & many) >= ALIKE * len(few)


def _words(found: Found) -> set[str]:
    passage = found.candidate.stored.passage
    quote = next(quotes_of(found), None)
    span = quote.span if quote else Span(passage.start, passage.end)
    text = passage.text[span.start - passage.start : span.end - passage.start]
    return {term for term in terms(fold(text)) if not _FIGURE.search(term)}


def _figures(found: Found) -> list[str]:
    return [regex.sub(r"[.,]", "", figure) for figure in _FIGURE.findall(found.words)]
