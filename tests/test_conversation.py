"""Follow-up questions: what is taken over from the turns before, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from langchain_core.messages import BaseMessage

from assistant.answering._follow_up import faithful, follow, rewritten
from assistant.articles.files import read_article
from assistant.types import LLMError, Turn
from tests.conversations import conversations, path_of

TAM = "Theo bài viết:\n“Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, báo cáo.” [1]"
SECRETARY = Turn("Ai là bí thư phường Lái Thiêu?", TAM)
PASSAGE = "Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, nói về nhiều dự án của phường."


def nothing(_: str) -> tuple[float, Sequence[str]]:
    return 0.0, [PASSAGE]


def never(_: str) -> tuple[float, Sequence[str]]:
    raise AssertionError("nothing need be searched for this question")


def asked(question: str, *history: Turn) -> str:
    return follow(question, history, never)


# -- the same asked of another thing -------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "question", "query"),
    [
        ("Ai làm chủ Lái Thiêu?", "Còn Tân Phước thì sao?", "Ai làm chủ Tân Phước?"),
        ("Ai là bí thư phường Lái Thiêu?", "thế còn Tân Phước", "Ai là bí thư phường Tân Phước?"),
        ("ai la bi thu phuong lai thieu", "con tan phuoc thi sao", "ai la bi thu phuong tan phuoc"),
        ("Who leads Lai Thieu ward?", "What about Tan Phuoc?", "Who leads Tan Phuoc ward?"),
        ("Who leads Lai Thieu ward?", "And Tan Phuoc?", "Who leads Tan Phuoc ward?"),
        ("Nghị quyết 57 nói gì?", "còn 68?", "Nghị quyết 68 nói gì?"),
        ("Nghị quyết 57 nói gì?", "Còn nghị quyết 68?", "Nghị quyết 68 nói gì?"),
        ("Ông Nguyễn Thanh Tâm nói gì?", "Còn ông Châu?", "Ông Châu nói gì?"),
        ("Ai dẫn đầu tổ công tác số 1?", "Còn tổ công tác số 2?", "Ai dẫn đầu tổ công tác số 2?"),
    ],
)  # fmt: skip
def test_another_thing_takes_the_place_of_its_like(before: str, question: str, query: str) -> None:
    assert asked(question, Turn(before, TAM)).casefold() == query.casefold()


def test_a_turn_is_followed_as_it_was_searched() -> None:
    """The third turn asks of what the second one meant, not of what it said."""
    second = Turn("Còn Tân Phước?", "", "Ai là bí thư phường Tân Phước?")
    assert asked("Còn Bến Cát?", SECRETARY, second) == "Ai là bí thư phường Bến Cát?"


def test_a_long_history_is_read_from_its_end() -> None:
    many = [Turn(f"Ai là bí thư phường Số {n}?", "x" * 50_000) for n in range(500)]
    assert asked("Còn Tân Phước?", *many, SECRETARY) == "Ai là bí thư phường Tân Phước?"


# -- with the last question ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("alone", "joined", "taken"), [(0.1, 0.9, True), (0.1, 0.15, False), (0.7, 0.9, False)]
)
def test_a_question_goes_on_only_where_that_makes_an_answer(
    alone: float, joined: float, taken: bool
) -> None:
    question = "Với dự án nào?"

    def search(query: str) -> tuple[float, Sequence[str]]:
        return (alone if query == question else joined), [PASSAGE]

    query = follow(question, [SECRETARY], search)
    assert query == (f"{question} {SECRETARY.question}" if taken else "")


def test_another_topic_does_not_take_the_last_one() -> None:
    def search(query: str) -> tuple[float, Sequence[str]]:
        return (0.9 if "phường" in query else 0.1), [PASSAGE]

    assert follow("Thời tiết ngày mai thế nào?", [SECRETARY], search) == ""
    assert follow("Nói về gì?", [SECRETARY], search) != ""


@pytest.mark.parametrize("question", ["???", "", "Còn Tân Phước thì sao?"])
def test_nothing_is_taken_over_from_nothing(question: str) -> None:
    assert follow(question, [], never) == ""
    assert follow(question, [Turn("  ", "")], never) == ""


def test_no_query_is_longer_than_the_limit() -> None:
    long = Turn("Tổ công tác " + "rất " * 600 + "bận ở phường nào?", "")
    assert follow("Khi nào?", [long], lambda q: (float(len(q) > 99), [q]), longest=300) == ""


# -- with a language model -----------------------------------------------------------------


def says(text: str) -> Callable[[list[BaseMessage]], str]:
    return lambda _: text


def fails(_: list[BaseMessage]) -> str:
    raise LLMError("no answer", "timeout")


def test_a_model_writes_the_question_out() -> None:
    told: list[str] = []

    def speak(messages: list[BaseMessage]) -> str:
        told.append(str(messages[-1].content))
        return "Ai là bí thư của phường Tân Phước?\n"

    query = follow("Còn phường Tân Phước?", [SECRETARY], never, speak=speak)
    assert query == "Ai là bí thư của phường Tân Phước?"
    assert SECRETARY.question in told[0] and "Nguyễn Thanh Tâm" in told[0]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Ai là bí thư phường Tân Phước?\nÔng Dương Ngọc Châu.",
        "Ai là bí thư phường Lái Thiêu?",  # lost what the question names
        "Ai là bí thư phường Tân Phước, ông Trump?",  # a name from nowhere
        "Ai là bí thư phường Tân Phước năm 2031?",  # a number from nowhere
        "Who is the secretary of Tân Phước?",  # another language
        "Tân Phước " + "là " * 900,
    ],
)
def test_what_a_model_may_not_write_falls_back_to_the_words(said: str) -> None:
    assert rewritten(says(said), "Còn Tân Phước?", [SECRETARY]) == ""
    query = follow("Còn Tân Phước?", [SECRETARY], never, speak=says(said))
    assert query == "Ai là bí thư phường Tân Phước?"


def test_a_model_that_fails_falls_back_to_the_words() -> None:
    query = follow("Còn Tân Phước?", [SECRETARY], never, speak=fails)
    assert query == "Ai là bí thư phường Tân Phước?"


def test_a_model_may_not_change_what_kind_of_thing_is_asked() -> None:
    assert faithful("Phường Lái Thiêu họp khi nào?", "Khi nào?", [SECRETARY])
    assert not faithful("Ai là bí thư phường Lái Thiêu?", "Khi nào?", [SECRETARY])


def test_a_model_is_not_asked_about_a_question_that_is_answered_alone() -> None:
    question = "Các địa phương kiến nghị phân cấp lĩnh vực đầu tư nào?"
    told: list[object] = []
    assert follow(question, [SECRETARY], lambda _: (0.9, [PASSAGE]), speak=told.append) == ""  # type: ignore[arg-type]
    assert told == []


# -- the set -------------------------------------------------------------------------------


def test_every_evidence_is_in_its_article() -> None:
    for conversation in conversations():
        text = read_article(path_of(conversation.article)).text
        for turn in conversation.turns:
            assert turn.evidence in text, conversation.id
            assert turn.unanswerable == (not turn.evidence) == (not turn.answers), conversation.id
            assert all(answer in turn.evidence for answer in turn.answers), conversation.id


def test_the_set_is_large_and_mixed_enough() -> None:
    every = conversations()
    told = [c for c in every if not c.held]
    assert len(told) >= 36 and len(every) - len(told) >= 22
    assert len({c.id for c in every}) == len(every)
    assert all(2 <= len(c.turns) <= 3 for c in every)
    assert sum(c.kind == "fresh" for c in told) >= 8
    assert sum(c.language == "en" for c in told) >= 8
    assert sum(c.turns[-1].question.isascii() and c.language == "vi" for c in told) >= 6
    assert sum(c.turns[-1].unanswerable and c.kind != "fresh" for c in told) >= 4
    assert {c.kind for c in told} == {"contrast", "ellipsis", "pronoun", "time", "place", "fresh"}
