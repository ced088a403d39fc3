"""Answers that a language model writes, from the question to the last event."""

from __future__ import annotations

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.language_models import BaseChatModel, GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from assistant.answering.assistant import Assistant
from assistant.answering.schemas import full_answer_json
from assistant.records import cards
from assistant.records.card_rendering import save
from assistant.records.card_verification import verify_file
from assistant.records.exchange import answer_from_json
from assistant.types import Answer, AnswerEvent, Cited, Claimed, Finished, LLMError, TextDelta, Turn
from tests.scripted import JudgedByWords

QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"
TRUE = "Bí thư Đảng ủy phường Lái Thiêu là ông Nguyễn Thanh Tâm."
FALSE = "Phường Lái Thiêu có 98.765 dân."
FAKE = "openai:scripted"


def saying(seed: Assistant, text: str, **changes: Any) -> Assistant:
    """The seed's assistant with a model that says ``text`` to everything, word by word."""
    return over(seed, GenericFakeChatModel(messages=iter([AIMessage(text)])), **changes)


def over(seed: Assistant, model: BaseChatModel, **changes: Any) -> Assistant:
    settings = seed.settings.model_copy(update={"llm": FAKE} | changes)
    return Assistant(seed.index, settings, model, JudgedByWords())


def asked(assistant: Assistant, question: str = QUESTION) -> tuple[Answer, list[AnswerEvent]]:
    """The answer, checked for what holds of every answer, and its events."""
    events = list(assistant.stream(question))
    last = events[-1]
    assert isinstance(last, Finished)
    answer = last.answer
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == answer.text
    assert [e.citation for e in events if isinstance(e, Cited)] == list(answer.citations)
    assert [e.claim for e in events if isinstance(e, Claimed)] == list(answer.claims)
    for citation in answer.citations:
        text = assistant.article(citation.article_id).text
        assert text[citation.start : citation.end] == citation.quote
        assert f"[{citation.number}]" in answer.text
    return answer, events


def test_a_model_may_write_decomposed_letters(seed_assistant: Assistant) -> None:
    answer, _ = asked(saying(seed_assistant, unicodedata.normalize("NFD", TRUE)))
    assert answer.grounding == "grounded"


def test_what_a_model_says_is_checked_and_cited(seed_assistant: Assistant) -> None:
    answer, _ = asked(saying(seed_assistant, f"{TRUE} [1] {FALSE} [1]"))
    assert answer.text == f"{TRUE} [1] {FALSE}"
    assert [claim.verdict for claim in answer.claims] == ["supported", "unsupported"]
    assert answer.claims[1].lack == "contradicted"
    assert "Nguyễn Thanh Tâm" in answer.citations[0].quote
    assert (answer.grounding, answer.llm, answer.fault) == ("partial", FAKE, None)


def test_a_sentence_that_nothing_supports_is_kept_with_the_nearest_words(
    seed_assistant: Assistant,
) -> None:
    answer, _ = asked(saying(seed_assistant, f"{TRUE} {FALSE}"))
    supported, unsupported = answer.claims
    near = unsupported.nearest
    assert supported.nearest is None and near is not None and near.verified
    assert near.quote in seed_assistant.article(near.article_id).text
    kept = json.loads(json.dumps(full_answer_json(answer)))
    assert "nearest" not in kept["claims"][0]
    assert answer_from_json(kept, seed_assistant.article).claims == answer.claims
    kept["claims"][1]["nearest"]["quote"] = "made up"
    assert answer_from_json(kept, seed_assistant.article).claims[1].nearest is None
    del kept["claims"][1]["nearest"]  # as an earlier version kept it
    assert answer_from_json(kept, seed_assistant.article).claims[1].verdict == "unsupported"


def test_a_card_holds_only_quotes_that_it_proves(seed_assistant: Assistant, tmp_path: Path) -> None:
    answer, _ = asked(saying(seed_assistant, f"{TRUE} {FALSE}"))
    card = cards.make([answer], seed_assistant.article)
    assert "nearest" not in json.dumps(card.to_json())
    for suffix in cards.SUFFIXES:
        save(card, tmp_path / f"card{suffix}")
        assert cards.load_card(tmp_path / f"card{suffix}") == card
        assert verify_file(tmp_path / f"card{suffix}", seed_assistant.articles()).sound


def test_a_table_of_a_model_is_checked_by_rows(seed_assistant: Assistant) -> None:
    table = "## Ai?\n| Chức vụ | Người |\n|---|---|\n"
    role = "Bí thư Đảng ủy phường Lái Thiêu"
    answer, _ = asked(saying(seed_assistant, f"{table}| {role} | Nguyễn Thanh Tâm [1] |\n"))
    assert answer.text == f"{table}| {role} | Nguyễn Thanh Tâm [1] |"
    (claim,) = answer.claims
    assert claim.verdict == "supported"
    assert answer.text[claim.start : claim.end] == f"| {role} | Nguyễn Thanh Tâm"


def test_an_answer_whose_sentences_are_all_supported_is_grounded(seed_assistant: Assistant) -> None:
    answer, _ = asked(saying(seed_assistant, TRUE))
    assert answer.grounding == "grounded"
    assert answer.claims[0].verdict == "elsewhere"  # the model cited nothing


def test_a_refusal_of_the_model_is_one_of_ours(seed_assistant: Assistant) -> None:
    answer, _ = asked(saying(seed_assistant, "Các bài viết không cho biết điều này. [1]"))
    assert (answer.grounding, answer.claims) == ("refused", ())
    assert answer.text.startswith("Các bài viết không cho biết điều này.")
    assert answer.closest is not None


@pytest.mark.parametrize(
    "text",
    [
        "Rất tiếc, nội dung được cung cấp không có chi tiết này [1].",
        "Xin lỗi bạn! Mình đọc hết các bài rồi mà không thấy thông tin đó.",
        "I could not find this in the given passages. The ward has 98,765 people.",
    ],
)
def test_so_is_one_in_the_models_own_words(seed_assistant: Assistant, text: str) -> None:
    answer, _ = asked(saying(seed_assistant, text))
    assert (answer.grounding, answer.claims) == ("refused", ())


def test_a_thought_that_is_only_closed_is_no_part_of_the_answer(seed_assistant: Assistant) -> None:
    thought = f"Okay, they ask who it is. {FALSE} {' '.join(map(str, range(400)))}. {TRUE}"
    first = saying(seed_assistant, f"Hmm. {FALSE} </think> {TRUE}", llm="openai:thinks-first")
    assert asked(first)[0].text == f"{TRUE} [1]"
    # From then on a long thought of this model is held back too, and so is any in a whole answer.
    again = saying(seed_assistant, f"{thought}</think>{TRUE}", llm="openai:thinks-first")
    assert asked(again)[0].text == f"{TRUE} [1]"
    whole = saying(seed_assistant, f"{thought}</think>{TRUE}", llm="openai:thinks-too")
    assert whole.answer(QUESTION).text == f"{TRUE} [1]"


def test_where_no_sentence_is_kept_the_article_is_quoted(seed_assistant: Assistant) -> None:
    answer, _ = asked(saying(seed_assistant, FALSE, unsupported="drop"))
    assert answer.text == seed_assistant.answer(QUESTION).text


def test_a_question_that_is_refused_never_reaches_the_model(seed_assistant: Assistant) -> None:
    model = Refusing()
    answer, _ = asked(over(seed_assistant, model), "Giá vàng hôm nay bao nhiêu?")
    assert (answer.grounding, model.asked) == ("refused", 0)
    asked(over(seed_assistant, model, strictness="open"), "Giá vàng hôm nay bao nhiêu?")
    assert model.asked == 1


def test_notice_and_offsets_of_a_question_that_was_cut(seed_assistant: Assistant) -> None:
    assistant = saying(seed_assistant, TRUE, max_question=60)
    answer, _ = asked(assistant, QUESTION + " Hãy trả lời" * 9)
    assert answer.text == f"Câu hỏi quá dài; chỉ 60 ký tự đầu được đọc.\n{TRUE} [1]"
    (claim,) = answer.claims
    assert answer.text[claim.start : claim.end] == TRUE


class Refusing(BaseChatModel):
    """Says that the passages do not hold the answer, and counts how often it was asked."""

    asked: int = 0

    @property
    def _llm_type(self) -> str:
        return "refusing"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        self.asked += 1
        said = AIMessage("The articles do not say.")
        return ChatResult(generations=[ChatGeneration(message=said)])


class Breaking(Refusing):
    """Says ``words``, then breaks as if its server had gone."""

    words: Sequence[str] = ()
    error: Any = ConnectionError("refused")

    def _stream(self, messages: list[BaseMessage], *_: Any, **__: Any) -> Iterator[Any]:
        for word in self.words:
            yield ChatGenerationChunk(message=AIMessageChunk(word))
        raise self.error


@pytest.mark.parametrize("words", [(), (f"{TRUE} ", "[1] Ông")])
def test_a_model_that_breaks_is_followed_by_quotes(
    seed_assistant: Assistant, words: Sequence[str]
) -> None:
    model = Breaking(words=words, error=LLMError("the stream broke", "cut"))
    answer, _ = asked(over(seed_assistant, model))
    before = f"{TRUE} [1] Ông\n\n" if words else ""
    assert [claim.verdict for claim in answer.claims[1:]] == ["unsupported"] * bool(words)
    said = "Câu trả lời của mô hình openai:scripted bị ngắt giữa chừng."
    assert answer.text.startswith(f"{before}{said} ")
    numbers = [citation.number for citation in answer.citations]
    quoted = len(seed_assistant.answer(QUESTION).citations)
    assert numbers == list(range(1, quoted + 1 + bool(words)))
    assert answer.text.endswith(f"” [{numbers[-1]}]")
    assert answer.fault == "cut"


def test_a_model_that_cannot_be_opened_is_followed_by_quotes(
    seed_assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assistant = seed_assistant.with_settings(llm="openai:gpt-x")
    answer, _ = asked(assistant)
    assert answer.fault in ("key", "missing")  # by what is installed
    quoted = seed_assistant.answer(QUESTION)
    assert answer.text.endswith(quoted.text)
    assert answer.citations == quoted.citations


def test_closing_the_stream_ends_the_model(seed_assistant: Assistant) -> None:
    closed: list[bool] = []

    class Endless(Breaking):
        async def _astream(
            self, messages: list[BaseMessage], *_: Any, **__: Any
        ) -> AsyncIterator[Any]:
            try:
                for n in range(100_000):
                    await asyncio.sleep(0)
                    yield ChatGenerationChunk(message=AIMessageChunk(f"từ{n} "))
            finally:
                closed.append(True)

    stream = over(seed_assistant, Endless()).stream(QUESTION)
    assert any(isinstance(event, TextDelta) for event in stream)
    stream.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_strictness_moves_the_threshold(seed_assistant: Assistant) -> None:
    settings = seed_assistant.settings
    least = {
        name: seed_assistant.with_settings(strictness=name).settings.least_confidence
        for name in ("strict", "balanced", "open")
    }
    usual = settings.refuse_below
    assert least == {"strict": 2 * usual, "balanced": usual, "open": usual / 2}


def test_a_follow_up_is_written_out_by_the_model(seed_assistant: Assistant) -> None:
    written = "Ai là bí thư đảng ủy phường Tân Phước?"
    said = "Ông Dương Ngọc Châu là Bí thư Đảng ủy Phường Tân Phước. [1]"
    model = GenericFakeChatModel(messages=iter([AIMessage(written), AIMessage(said)]))
    history = [Turn(QUESTION, TRUE)]
    answer = over(seed_assistant, model).answer("Còn Tân Phước?", history)
    assert answer.query == written
    assert answer.text == said
    assert answer.claims[0].verdict == "supported"


def test_a_model_that_writes_a_follow_up_out_wrongly_is_not_followed(
    seed_assistant: Assistant,
) -> None:
    wrong = "Ai là bí thư đảng ủy phường Bình Dương?"  # nobody spoke of it
    model = GenericFakeChatModel(messages=iter([AIMessage(wrong), AIMessage(TRUE)]))
    history = [Turn(QUESTION, TRUE)]
    answer = over(seed_assistant, model).answer("Còn Tân Phước?", history)
    assert answer.query == "Ai là bí thư đảng ủy phường Tân Phước?"


def test_examples_are_made_without_the_model(seed_assistant: Assistant) -> None:
    model = Refusing()
    found = over(seed_assistant, model).examples("vi", wait=True)
    assert found == seed_assistant.examples("vi", wait=True) != []
    assert model.asked == 0
