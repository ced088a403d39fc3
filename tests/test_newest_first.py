"""Articles of several days that answer the same question: the newest first, with its day."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.answering._newest_first import newest_first
from assistant.answering._quotes import choose, cite
from assistant.answering._resolved_dates import resolved_dates
from assistant.answering._wording import short_answer, wording
from assistant.answering.found_answers import Found
from assistant.index.catalog import Stored
from assistant.index.lexical import LexicalQuery, TermWeights
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.text.sentences import sentences
from assistant.text.terms import terms
from assistant.types import Article, Citation, Passage, ResolvedDate, Span
from tests.test_found_answers import query as any_query

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parent / "dates" / "pairs.jsonl").read_text("utf-8").splitlines()
]


def article(told: dict[str, str], title: str, language: str, name: str) -> Article:
    return Article(name, title, told["text"], language, date=told["date"])


def found(one: Article, words: str, confidence: float) -> Found:
    cut = tuple(sentences(one.text))
    passage = Passage(one.id, 0, len(one.text), one.text, cut)
    at = one.text.index(words)
    span = Span(at, at + len(words))
    stored = Stored(1, passage, one.title, one.language, one.date)
    return Found(Candidate(stored, 0.5, (), 0.0), span, (span,), confidence, confidence)


def query(question: str) -> Query:
    weights = TermWeights(dict.fromkeys(terms(question), 0.5), 1.0)
    return replace(
        any_query(question), lexical=LexicalQuery.of(question), weights=weights, text=question
    )


def told(
    pair: dict[str, Any], surer: str = "older"
) -> tuple[tuple[Found, ...], str, list[Article]]:
    older, newer = (
        article(pair[age], pair["title"], pair["language"], age) for age in ("older", "newer")
    )
    answers = [
        found(older, pair["older"]["words"], 0.9 if surer == "older" else 0.88),
        found(newer, pair["newer"]["words"], 0.9 if surer == "newer" else 0.88),
    ]
    answers.sort(key=lambda one: -one.confidence)
    return *newest_first(answers, query(pair["question"]), 0.5), [older, newer]


def cited(answers: tuple[Found, ...], articles: list[Article]) -> tuple[Citation, ...]:
    return cite(choose(answers, 0.5), {one.id: one.text for one in articles})


@pytest.mark.parametrize("surer", ["older", "newer"])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["question"][:30])
def test_the_newer_of_two_articles_is_first(pair: dict[str, Any], surer: str) -> None:
    answers, as_of, articles = told(pair, surer)
    assert [one.article_id for one in answers] == ["newer", "older"]
    assert as_of == (pair["newer"]["date"] if pair["figures"] else "")
    quotes = cited(answers, articles)
    assert quotes[0].article_id == "newer"
    if not as_of:
        return
    by_id = {one.id: one for one in articles}
    assert [quote.article_id for quote in quotes] == ["newer", "older"]
    new, old = pair["newer"]["words"], pair["older"]["words"]
    assert short_answer(quotes, by_id) == new
    said = wording(quotes, pair["language"], by_id, (), as_of)
    days = ("9/9/2025", "3/5/2025") if pair["language"] == "vi" else ("9 Sep 2025", "3 May 2025")
    assert said.splitlines()[0] == f"{new} ({days[0]}) [1]; {old} ({days[1]}) [2]"
    for quote in quotes:
        assert f"“{quote.quote}” [{quote.number}]" in said  # nothing is put into a quote


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["question"][:30])
def test_what_stays_as_it_was(pair: dict[str, Any]) -> None:
    older, newer = (
        article(pair[age], pair["title"], pair["language"], age) for age in ("older", "newer")
    )
    asked = query(pair["question"])
    sure = found(older, pair["older"]["words"], 0.9)
    other = found(newer, pair["newer"]["words"], 0.88)
    alone = (sure, found(older, older.text.split()[0], 0.85))
    undated = found(replace(newer, date=""), pair["newer"]["words"], 0.88)
    elsewhere = found(
        replace(newer, title="Tin khác", text=f"{pair['newer']['words']}, và không gì thêm."),
        pair["newer"]["words"], 0.88,
    )  # fmt: skip
    unsure = replace(other, confidence=0.4)
    same_day = found(replace(newer, date=older.date), pair["newer"]["words"], 0.88)
    for answers in (
        alone,
        (sure,),
        (sure, undated),
        (sure, elsewhere),
        (sure, unsure),
        (sure, same_day),
    ):
        assert newest_first(answers, asked, 0.5) == (answers, "")
    assert newest_first((), asked, 0.5) == ((), "")


DATED = Article(
    "a", "Tin", "Lúc 5 giờ sáng qua, cầu tạm bị trôi. Xã họp hôm qua.", "vi", date="2025-08-06"
)


def answered(words: str, quote: str) -> dict[str, Any]:
    start = DATED.text.index(quote)
    at = DATED.text.index(words)
    citation = Citation(
        1, "a", "Tin", start, start + len(quote), quote, True, (Span(at, at + len(words)),)
    )
    return {"citations": (citation,), "articles": {"a": DATED}}


@pytest.mark.parametrize(
    ("words", "quote", "when", "line"),
    [
        ("hôm qua", "Xã họp hôm qua.", False, "hôm qua (5/8/2025) [1]"),
        ("sáng qua", "Lúc 5 giờ sáng qua, cầu tạm bị trôi.", True, "sáng qua (5/8/2025) [1]"),
        ("5 giờ", "Lúc 5 giờ sáng qua, cầu tạm bị trôi.", True, "5 giờ (sáng qua: 5/8/2025) [1]"),
        ("cầu tạm", "Lúc 5 giờ sáng qua, cầu tạm bị trôi.", False, "cầu tạm [1]"),
        ("họp hôm qua", "Xã họp hôm qua.", True, "họp hôm qua (5/8/2025) [1]"),
    ],
)
def test_a_computed_day_stands_beside_the_words_and_never_in_the_quote(
    words: str, quote: str, when: bool, line: str
) -> None:
    given = answered(words, quote)
    dates = resolved_dates(**given, asks_when=when)
    said = wording(given["citations"], "vi", given["articles"], dates)
    assert said.splitlines()[0] == line
    assert f"“{quote}” [1]" in said
    assert all(date == ResolvedDate(1, date.words, "2025-08-05", "2025-08-05") for date in dates)


def test_no_day_is_computed_from_an_article_without_one() -> None:
    given = answered("hôm qua", "Xã họp hôm qua.")
    assert resolved_dates(given["citations"], {"a": replace(DATED, date="")}, True) == ()
