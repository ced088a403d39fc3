"""Follow-up questions: what is taken over from the turns before, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
from langchain_core.messages import BaseMessage

from assistant.answering._follow_up import Meant, Seen, faithful, follow, rewritten
from assistant.articles.files import read_article
from assistant.text.terms import fold, terms
from assistant.types import LLMError, Turn
from tests.benchmarks.reading import articles_of
from tests.conversations import HELD, conversations, path_of

TAM = "Theo bài viết:\n“Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, báo cáo.” [1]"
SECRETARY = Turn("Ai là bí thư phường Lái Thiêu?", TAM)
PASSAGE = "Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, nói về nhiều dự án của phường."


@dataclass
class Searches:
    """Finds the article "tam" for the queries that ``answered`` says, another for ``elsewhere``."""

    answered: Callable[[str], bool] = lambda query: False
    elsewhere: Callable[[str], bool] = lambda query: False

    def seen(self, query: str) -> Seen:
        found = {"tam": self.answered(query), "other": self.elsewhere(query)}
        return Seen(tuple(name for name, there in found.items() if there), [PASSAGE])

    def terms_of(self, articles: Sequence[str]) -> set[str]:
        return set(terms(fold(PASSAGE)))


class Never(Searches):
    def seen(self, query: str) -> Seen:
        raise AssertionError("nothing need be searched for this question")


def asked(question: str, *history: Turn) -> str:
    return follow(question, history, Never()).query


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
    ("alone", "joined", "taken"), [(False, True, True), (False, False, False), (True, True, False)]
)
def test_a_question_goes_on_only_where_that_makes_an_answer(
    alone: bool, joined: bool, taken: bool
) -> None:
    question = "Với dự án nào?"
    both = f"{question} {SECRETARY.question}"
    search = Searches(lambda query: {question: alone, both: joined}.get(query, False))
    assert follow(question, [SECRETARY], search) == (Meant(both) if taken else Meant())


def test_another_topic_does_not_take_the_last_one() -> None:
    search = Searches(lambda query: "bí thư" in query and " " in query.partition("? ")[2])
    assert follow("Thời tiết ngày mai thế nào?", [SECRETARY], search) == Meant()
    assert follow("Nói về gì?", [SECRETARY], search).query


# -- about the articles of the last answer -------------------------------------------------


@pytest.mark.parametrize(
    ("question", "kept"),
    [
        ("Ông nói gì?", True),
        ("ong noi ve du an gi", True),
        ("Nói về nhiều dự án của phường nào?", True),
        ("Giá sầu riêng bao nhiêu?", False),
        ("futsal", False),
        ("Who is the mayor of London?", False),
    ],
)
def test_what_tells_nothing_else_is_about_the_last_articles(question: str, kept: bool) -> None:
    search = Searches(lambda query: query == SECRETARY.question, lambda query: query == question)
    both = Meant(f"{question} {SECRETARY.question}", ("tam",))
    assert follow(question, [SECRETARY], search) == (both if kept else Meant())


def test_what_the_last_articles_answer_alone_stands_alone() -> None:
    assert follow("Ông ấy nói gì?", [SECRETARY], Searches(lambda _: True)) == Meant()


def test_the_topic_outlasts_the_turns_that_go_on_with_it() -> None:
    second = Turn("Ông ấy nói gì?", "", f"Ông ấy nói gì? {SECRETARY.question}")
    search = Searches(lambda query: query == SECRETARY.question, lambda query: "dự án" in query)
    meant = follow("Về dự án nào?", [SECRETARY, second], search)
    assert meant == Meant(f"Về dự án nào? {SECRETARY.question}", ("tam",))


@pytest.mark.parametrize("question", ["???", "", "Còn Tân Phước thì sao?"])
def test_nothing_is_taken_over_from_nothing(question: str) -> None:
    assert follow(question, [], Never()) == Meant()
    assert follow(question, [Turn("  ", "")], Never()) == Meant()


def test_no_query_is_longer_than_the_limit() -> None:
    long = Turn("Tổ công tác " + "rất " * 600 + "bận ở phường nào?", "")
    search = Searches(lambda query: len(query) > 99)
    assert follow("Khi nào?", [long], search, longest=300) == Meant()


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

    query = follow("Còn phường Tân Phước?", [SECRETARY], Never(), speak=speak).query
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
    query = follow("Còn Tân Phước?", [SECRETARY], Never(), speak=says(said)).query
    assert query == "Ai là bí thư phường Tân Phước?"


def test_a_model_that_fails_falls_back_to_the_words() -> None:
    query = follow("Còn Tân Phước?", [SECRETARY], Never(), speak=fails).query
    assert query == "Ai là bí thư phường Tân Phước?"


def test_a_model_may_not_change_what_kind_of_thing_is_asked() -> None:
    assert faithful("Phường Lái Thiêu họp khi nào?", "Khi nào?", [SECRETARY])
    assert not faithful("Ai là bí thư phường Lái Thiêu?", "Khi nào?", [SECRETARY])


def test_a_model_is_not_asked_about_a_question_that_is_answered_alone() -> None:
    question = "Các địa phương kiến nghị phân cấp lĩnh vực đầu tư nào?"
    told: list[object] = []
    search = Searches(lambda _: True)
    assert follow(question, [SECRETARY], search, speak=told.append) == Meant()  # type: ignore[arg-type]
    assert told == []


# -- the set -------------------------------------------------------------------------------


def test_every_evidence_is_in_its_article() -> None:
    for conversation in conversations():
        text = read_article(path_of(conversation.article)).text
        for turn in conversation.turns:
            assert turn.evidence in text, conversation.id
            assert turn.unanswerable == (not turn.evidence) == (not turn.answers), conversation.id
            assert all(answer in turn.evidence for answer in turn.answers), conversation.id


def test_every_evidence_of_the_set_held_back_is_in_its_article() -> None:
    texts = {article.id: article.text for article in articles_of("dev")}
    for conversation in conversations(HELD):
        last = conversation.turns[-1]
        assert last.evidence in texts[conversation.article], conversation.id
        assert last.unanswerable == (not last.evidence), conversation.id


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
