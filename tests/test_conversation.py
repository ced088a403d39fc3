"""Follow-up questions: what is taken over from the turns before, and what is left alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from langchain_core.messages import BaseMessage

from assistant.answering._follow_up import ALONE, Followed, faithful, follow, rewrite
from assistant.index.article_files import read_article
from assistant.text.entities import distinct, entities_in, mentions
from assistant.types import LLMError, Turn
from tests.conversations import conversations, path_of

ARTICLE = (
    "Tổ công tác số 1 làm việc với các phường Lái Thiêu và Tân Phước. "
    "Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, báo cáo về Nghị quyết 57. "
    "Bí thư phường Tân Phước- ông Dương Ngọc Châu cho hay phường có ba khâu đột phá và "
    "bốn nhiệm vụ trọng tâm theo Nghị quyết 68."
)
TAM = "Theo bài viết:\n“Ông Nguyễn Thanh Tâm, Bí thư phường Lái Thiêu, báo cáo.” [1]"
SECRETARY = Turn("Ai là bí thư phường Lái Thiêu?", TAM)


def read(_: str) -> list[str]:
    return [ARTICLE]


def never(_: str) -> float:
    raise AssertionError("the confidence is not needed for this question")


def asked(question: str, *history: Turn, sure: Callable[[str], float] = never) -> str:
    return follow(question, history, sure, read).query


# -- what is carried over ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "question", "query"),
    [
        ("Ai làm chủ Lái Thiêu?", "Còn Tân Phước thì sao?", "Ai làm chủ Tân Phước?"),
        ("Ai là bí thư phường Lái Thiêu?", "thế còn Tân Phước", "Ai là bí thư phường Tân Phước?"),
        ("Ai là bí thư phường Lái Thiêu?", "Còn phường kia?", "Ai là bí thư phường Tân Phước?"),
        ("Phường Lái Thiêu ở đâu?", "Phường kia rộng mấy ha?", "Phường Tân Phước rộng mấy ha?"),
        ("ai la bi thu phuong lai thieu", "con tan phuoc thi sao", "ai la bi thu phuong Tan Phuoc"),
        ("Who leads Lai Thieu ward?", "What about Tan Phuoc?", "Who leads Tân Phước ward?"),
        ("Who leads Lai Thieu ward?", "And the other ward?", "Who leads Tân Phước ward?"),
        ("Nghị quyết 57 nói gì?", "còn 68?", "Nghị quyết 68 nói gì?"),
        ("Nghị quyết 57 nói gì?", "Còn nghị quyết 68?", "Nghị quyết 68 nói gì?"),
        ("Có bao nhiêu nhiệm vụ trọng tâm?", "Còn khâu đột phá?", "Có bao nhiêu khâu đột phá?"),
        ("Ông Nguyễn Thanh Tâm nói gì?", "Còn ông Châu?", "Ông Dương Ngọc Châu nói gì?"),
    ],
)  # fmt: skip
def test_another_thing_takes_the_place_of_its_like(before: str, question: str, query: str) -> None:
    assert asked(question, Turn(before, "")).casefold() == query.casefold()


@pytest.mark.parametrize(
    ("question", "query"),
    [
        ("Ông ấy nói gì về cán bộ?", "Ông Nguyễn Thanh Tâm nói gì về cán bộ?"),
        ("ong ay noi gi ve can bo", "ong Nguyen Thanh Tam noi gi ve can bo"),
        ("What did he say about roads?", "What did Nguyễn Thanh Tâm say about roads?"),
        ("Phường đó có mấy khu phố?", "Phường Lái Thiêu có mấy khu phố?"),
        ("phuong do co may khu pho", "phuong Lai Thieu co may khu pho"),
        ("How large is that ward?", "How large is Lái Thiêu?"),
    ],
)
def test_a_pronoun_stands_for_what_was_named(question: str, query: str) -> None:
    assert asked(question, SECRETARY).casefold() == query.casefold()


def test_a_pronoun_reaches_past_a_turn_that_names_nobody() -> None:
    weather = Turn("Trời mưa không?", "Các bài viết không cho biết điều này.")
    assert asked("Ông ấy nói gì?", SECRETARY, weather) == "Ông Nguyễn Thanh Tâm nói gì?"


def test_a_refusal_names_nobody() -> None:
    refused = Turn("Ai là thị trưởng?", "Không cho biết. Đoạn gần nhất: “Ông Lê Văn Nam nói…”")
    assert asked("Ông ấy bao nhiêu tuổi?", refused, sure=lambda _: 0.0) == ""


def test_bare_asking_words_take_the_topic() -> None:
    before = Turn("Tổ công tác số 1 làm việc với những phường nào?", "")
    found = follow("Khi nào?", [before], never, read)
    assert found.query == "Tổ công tác số 1 làm việc với những phường, khi nào?"
    assert found.carried == ("Tổ công tác số 1", "làm việc", "phường")


def test_a_turn_is_followed_as_it_was_searched() -> None:
    """The third turn asks of what the second one meant, not of what it said."""
    second = Turn("Còn Tân Phước?", "", "Ai là bí thư phường Tân Phước?")
    assert asked("Phường này ở đâu?", SECRETARY, second) == "Phường Tân Phước ở đâu?"


# -- what stands alone ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        "Nghị quyết 68 quy định những điều gì về kinh tế tư nhân?",
        "Các địa phương kiến nghị phân cấp lĩnh vực đầu tư nào?",
        "Who won the World Cup in 2018?",
        "Cảm ơn bạn nhé!",
        "???",
        "",
    ],
)
def test_a_question_with_its_own_topic_is_left_alone(question: str) -> None:
    assert follow(question, [SECRETARY], never, read) == ALONE


def test_without_history_nothing_is_carried_over() -> None:
    assert follow("Còn Tân Phước thì sao?", [], never, read) == Followed("", ())
    assert follow("Khi nào?", [Turn("  ", "")], never, read) == ALONE


@pytest.mark.parametrize(
    ("alone", "carried", "taken"),
    [(0.2, 0.9, True), (0.2, 0.5, False), (0.7, 0.9, False)],
)
def test_few_words_go_on_only_where_that_makes_an_answer(
    alone: float, carried: float, taken: bool
) -> None:
    question = "Với dự án nào?"

    def sure(query: str) -> float:
        return alone if query == question else carried

    found = follow(question, [SECRETARY], sure, lambda _: ["Phường có nhiều dự án."])
    assert bool(found.query) == taken
    # Where nothing of it is in what was found, it is another topic.
    assert follow(question, [SECRETARY], sure, lambda _: ["Phường có chợ."]) == ALONE


def test_a_long_history_is_read_from_its_end() -> None:
    many = [Turn(f"Ai là bí thư phường Số {n}?", "x" * 50_000) for n in range(500)]
    assert asked("Còn Tân Phước?", *many, SECRETARY) == "Ai là bí thư phường Tân Phước?"
    assert asked("Ông ấy nói gì?", SECRETARY, *many, sure=lambda _: 0.0) != (
        "Ông Nguyễn Thanh Tâm nói gì?"
    )


def test_no_query_is_longer_than_the_limit() -> None:
    long = Turn("Tổ công tác " + "rất " * 600 + "bận ở phường nào?", "")
    found = follow("Khi nào?", [long], never, read, longest=300)
    assert len(found.query) <= 300


def test_a_history_in_another_language_lends_its_names() -> None:
    english = Turn("Who is the secretary of Lai Thieu ward?", TAM)
    assert asked("Ông ấy nói gì?", english) == "Ông Nguyễn Thanh Tâm nói gì?"
    assert "Tân Phước" in asked("Còn Tân Phước?", english)


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

    found = follow("Còn phường Tân Phước?", [SECRETARY], never, read, speak=speak)
    assert found.query == "Ai là bí thư của phường Tân Phước?"
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
def test_what_a_model_may_not_write_falls_back_to_carrying_over(said: str) -> None:
    assert rewrite(says(said), "Còn Tân Phước?", [SECRETARY]) == ""
    found = follow("Còn Tân Phước?", [SECRETARY], never, read, speak=says(said))
    assert found.query == "Ai là bí thư phường Tân Phước?"


def test_a_model_that_fails_falls_back_to_carrying_over() -> None:
    found = follow("Còn Tân Phước?", [SECRETARY], never, read, speak=fails)
    assert found.query == "Ai là bí thư phường Tân Phước?"


def test_a_model_may_not_change_what_kind_of_thing_is_asked() -> None:
    assert faithful("Phường Lái Thiêu họp khi nào?", "Khi nào?", [SECRETARY])
    assert not faithful("Ai là bí thư phường Lái Thiêu?", "Khi nào?", [SECRETARY])


def test_a_model_may_not_make_a_statement_of_a_question() -> None:
    question = "Which resolution is about trade?"
    assert not faithful("The resolution is about trade.", question, [SECRETARY, Turn(question, "")])


def test_a_model_is_not_asked_about_a_question_with_its_own_topic() -> None:
    question = "Các địa phương kiến nghị phân cấp lĩnh vực đầu tư nào?"
    assert follow(question, [SECRETARY], never, read, speak=fails) == ALONE


# -- entities ------------------------------------------------------------------------------


def named(text: str, known: Sequence[str] = ()) -> list[tuple[str, str]]:
    lexicon = distinct([e for line in known for e in entities_in(line)])
    return [(e.kind, text[e.start : e.end]) for e in mentions(text, lexicon)]


def test_entities_are_told_apart_by_kind() -> None:
    assert [found for found in named(ARTICLE) if found[0] != "name"] == [
        ("numbered", "Tổ công tác số 1"),
        ("place", "phường Lái Thiêu"),
        ("place", "Tân Phước"),
        ("person", "Ông Nguyễn Thanh Tâm"),
        ("place", "phường Lái Thiêu"),
        ("numbered", "Nghị quyết 57"),
        ("place", "phường Tân Phước"),
        ("person", "ông Dương Ngọc Châu"),
        ("counted", "ba khâu đột phá"),
        ("counted", "bốn nhiệm vụ trọng tâm"),
        ("numbered", "Nghị quyết 68"),
    ]


def test_an_asking_word_is_no_name() -> None:
    assert named("Which ward does Duong Ngoc Chau lead?") == [("person", "Duong Ngoc Chau")]


def test_known_entities_are_found_however_they_are_typed() -> None:
    assert named("the con ong tam o lai thieu", [ARTICLE]) == [
        ("person", "ong tam"),
        ("place", "lai thieu"),
    ]
    assert named("the con ong tam o lai thieu") == []


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
