"""The shapes that scripts read, worked out by hand."""

from __future__ import annotations

import json

import pytest

from assistant.answering import schemas
from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Claim,
    Claimed,
    Finished,
    Hit,
    Retrieved,
    Span,
    TextDelta,
    Usage,
)

HIT = Hit(1, 2.5, "a", "T", 3, 6, "abc", 1.25, -0.5)
QUOTE = Citation(1, "a", "T", 3, 6, "abc", verified=True, answer=(Span(4, 6),))
CITATION = {
    "number": 1,
    "article_id": "a",
    "title": "T",
    "start": 3,
    "end": 6,
    "quote": "abc",
    "verified": True,
    "answer": [[4, 6]],
}
FOUND = {
    "rank": 1,
    "score": 2.5,
    "article_id": "a",
    "title": "T",
    "start": 3,
    "end": 6,
    "text": "abc",
}
CLAIM = Claim(0, 4, "unsupported", (1,), "number", "15%")
CLAIMED = {
    "start": 0,
    "end": 4,
    "verdict": "unsupported",
    "numbers": [1],
    "lack": "number",
    "detail": "15%",
}
ARTICLE = Article(
    "a", "T", "xyzabc!", "en", "Báo", "2025-01-02", "/home/me/a.txt", furniture=(Span(6, 7),)
)
HEAD = {"id": "a", "title": "T", "language": "en", "source": "Báo", "date": "2025-01-02"}


def test_a_search_is_the_contract_and_over_http_has_both_scores() -> None:
    assert schemas.search_json("?", [HIT]) == {"question": "?", "hits": [FOUND]}
    full = schemas.full_search_json("?", [HIT])
    assert full == {"question": "?", "hits": [FOUND | {"dense": 1.25, "lexical": -0.5}]}


def test_an_answer_is_the_contract_in_its_order() -> None:
    answer = Answer("?", "abc [1]", "en", 0.123456, (QUOTE,), (HIT,), short="abc")
    assert json.dumps(schemas.answer_json(answer)) == json.dumps(
        {
            "question": "?",
            "answer": "abc [1]",
            "grounding": "grounded",
            "language": "en",
            "confidence": 0.1235,
            "citations": [CITATION],
            "short": "abc",
            "certainty": "may say so",
        }
    )


def test_a_full_answer_begins_with_the_contract() -> None:
    answer = Answer(
        "?", "abc [1]", "en", 0.5, (QUOTE,), (HIT,), QUOTE, "q", (CLAIM,), "m", "rate", Usage(7, 2)
    )
    full = schemas.full_answer_json(answer)
    contract = schemas.answer_json(answer)
    assert list(full.items())[: len(contract)] == list(contract.items())
    assert list(full.items())[len(contract) :] == [
        ("claims", [CLAIMED]),
        ("hits", [FOUND | {"dense": 1.25, "lexical": -0.5}]),
        ("query", "q"),
        ("closest", CITATION),
        ("llm", "m"),
        ("fault", "rate"),
        ("usage", {"read": 7, "written": 2}),
    ]
    assert full["grounding"] == "partial"  # a claim was not supported


def test_what_does_not_apply_is_null() -> None:
    full = schemas.full_answer_json(Answer("?", "No.", "en", 0.1, ()))
    assert full["grounding"] == "refused"
    assert [full[name] for name in ("closest", "fault", "usage", "short")] == [None] * 4
    assert full["certainty"] == "does not say"


@pytest.mark.parametrize(
    ("event", "name", "data"),
    [
        (Retrieved((HIT,), "q"), "retrieved", {"hits": [schemas.full_hit_json(HIT)], "query": "q"}),
        (TextDelta("đ\n"), "delta", {"text": "đ\n"}),
        (Cited(QUOTE), "cited", {"citation": CITATION}),
        (Claimed(CLAIM), "claimed", {"claim": CLAIMED}),
        (
            Finished(Answer("?", "No.", "en", 0.1, ())),
            "finished",
            schemas.full_answer_json(Answer("?", "No.", "en", 0.1, ())),
        ),
    ],
)
def test_events(event: AnswerEvent, name: str, data: object) -> None:
    assert schemas.event_json(event) == (name, data)


def test_an_article_tells_nothing_of_the_machine_it_was_read_on() -> None:
    assert schemas.article_json(ARTICLE) == HEAD | {"text": "xyzabc!", "furniture": [[6, 7]]}
    assert "/home" not in json.dumps(schemas.articles_json([ARTICLE], 0, 10))


def test_a_part_of_the_articles() -> None:
    many = [Article(str(n), "T", "x", "en") for n in range(5)]
    part = schemas.articles_json(many, 1, 2)
    assert (part["total"], part["offset"]) == (5, 1)
    assert [article["id"] for article in part["articles"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("span", "start", "end", "text"),
    [
        (Span(3, 6), 3, 6, "abc"),
        (Span(0, 99), 0, 7, "xyzabc!"),
        (Span(50, 99), 7, 7, ""),
    ],
)
def test_a_part_of_an_article(span: Span, start: int, end: int, text: str) -> None:
    part = HEAD | {"start": start, "end": end, "length": 7, "text": text}
    assert schemas.opened_json(ARTICLE, span) == part
