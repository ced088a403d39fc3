"""Answers that are followed, stopped, kept and read back."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from assistant.answering.answer_options import Choice, Choices
from assistant.page._event_batches import batches
from assistant.page._running_answer import Run
from assistant.page._session import turns_of
from assistant.records.exchange import Exchange, ExchangeError, answer_from_json
from assistant.settings import Settings
from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Claim,
    Finished,
    Hit,
    Retrieved,
    SettingsError,
    TextDelta,
    Turn,
    Usage,
)

ARTICLE = Article("a1", "Chợ nổi", "Chợ nổi họp từ năm giờ sáng.", "vi", "https://bao.vn/1")
QUOTE = Citation(1, "a1", "Chợ nổi", 8, 28, "họp từ năm giờ sáng.", True)
ANSWER = Answer(
    "Chợ họp khi nào?", "Từ năm giờ [1]. Có 7 thuyền.", "vi", 0.93, (QUOTE,),
    (Hit(1, 2.5, "a1", "Chợ nổi", 0, 28, ARTICLE.text, 1.5, -0.2),), None, "chợ nổi họp khi nào",
    (Claim(0, 15, "supported", (1,)), Claim(16, 28, "unsupported", (), "number", "7")),
    "scripted:model", None, Usage(100, 7),
)  # fmt: skip


def article(article_id: str) -> Article:
    return {"a1": ARTICLE}[article_id]


def told() -> Iterator[AnswerEvent]:
    yield Retrieved((), "")
    yield TextDelta("Từ ")
    yield TextDelta("năm giờ.")


def test_every_event_comes_in_order() -> None:
    events = [e for batch in batches(told, threading.Event()) for e in batch]
    assert events == list(told())


def test_a_failure_comes_after_what_was_told() -> None:
    def failing() -> Iterator[AnswerEvent]:
        yield TextDelta("Từ")
        raise RuntimeError("broken")

    found: list[AnswerEvent] = []
    with pytest.raises(RuntimeError, match="broken"):
        for batch in batches(failing, threading.Event()):
            found += batch
    assert found == [TextDelta("Từ")]


@pytest.mark.parametrize("how", ["stopped", "left"])
def test_an_answer_that_nobody_follows_is_closed(how: str) -> None:
    closed, halt = threading.Event(), threading.Event()

    def endless() -> Iterator[AnswerEvent]:
        try:
            while True:
                yield TextDelta("x")
                time.sleep(0.01)
        finally:
            closed.set()

    following = batches(endless, halt)
    assert next(following)
    if how == "left":
        following.close()  # type: ignore[attr-defined]
    halt.set()
    assert list(following) == []
    assert closed.wait(5)


def test_a_stopped_answer_is_not_waited_for() -> None:
    halt, gate = threading.Event(), threading.Event()

    def waiting() -> Iterator[AnswerEvent]:
        yield TextDelta("x")
        gate.wait(30)

    following = batches(waiting, halt)
    assert next(following) == [TextDelta("x")]
    halt.set()
    began = time.monotonic()
    assert list(following) == []
    assert time.monotonic() - began < 5  # and not 30
    gate.set()


def follow(run: Run, events: Sequence[AnswerEvent]) -> Exchange:
    stream = lambda question, turns, choice: iter(events)  # noqa: E731
    return list(run.follow(stream, article, lambda: ["A?", run.exchange.question, "B?", "C?"]))[-1]


def test_a_run_ends_with_its_answer_and_what_is_known_of_its_sources() -> None:
    done = follow(Run(Exchange(ANSWER.question)), [Retrieved((), ""), Finished(ANSWER)])
    assert done.answer == ANSWER
    assert done.about["a1"].source == "https://bao.vn/1"
    assert done.instead == () and done.seconds is not None


def test_a_refusal_offers_two_other_questions() -> None:
    refusal = Answer("B?", "Không rõ.", "vi", 0.1, ())
    done = follow(Run(Exchange("B?")), [Finished(refusal)])
    assert done.instead == ("A?", "C?")


def test_a_stream_without_an_end_is_a_fault() -> None:
    assert follow(Run(Exchange("?")), [TextDelta("x")]).fault == "failed"


def test_only_answered_exchanges_are_history() -> None:
    exchanges = [Exchange("một", answer=ANSWER), Exchange("hai", fault="stopped")]
    assert turns_of(exchanges) == (Turn("một", ANSWER.text, ANSWER.query),)


# Kept


def test_an_exchange_comes_back_as_it_was() -> None:
    exchange = Exchange(
        ANSWER.question, ANSWER.text, 1, (QUOTE,), ANSWER.claims, {}, ANSWER, seconds=1.2
    )
    back = Exchange.from_json(exchange.to_json(), article)
    assert back == replace(exchange, about=back.about)
    assert Exchange("?").to_json() is None


def test_a_quote_is_compared_with_its_article_again() -> None:
    document = Exchange("?", answer=ANSWER).to_json()
    assert document
    document["citations"][0]["quote"] = "họp từ ba giờ sáng."
    assert not answer_from_json(document, article).citations[0].verified
    document["citations"][0] |= {"quote": QUOTE.quote, "verified": False}
    assert answer_from_json(document, article).citations[0].verified
    document["citations"][0]["article_id"] = "gone"
    assert not answer_from_json(document, article).citations[0].verified


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"citations": 3}, "citations: "),
        ({"claims": [{"start": 0, "end": 999, "verdict": "supported"}]}, "outside"),
        ({"answer": "x" * 300_000}, "too long"),
        ({"hits": [{}]}, r"hits\.0\."),
    ],
)
def test_what_is_no_exchange_is_refused(change: dict[str, Any], fault: str) -> None:
    document = Exchange("?", answer=ANSWER).to_json()
    assert document
    with pytest.raises(ExchangeError, match=fault):
        answer_from_json({**document, **change}, article)
    with pytest.raises(ExchangeError, match="not a JSON object"):
        answer_from_json([document], article)


# Choices


class Recording:
    """An assistant that tells under which settings it answers."""

    def __init__(self, **changes: Any) -> None:
        self.changes = changes

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        yield TextDelta(str(self.changes))

    def with_settings(self, **changes: Any) -> Recording:
        return Recording(**changes)

    def examples(self, language: str) -> list[str]:
        return [str(self.changes)]


def under(settings: Settings, choice: Choice) -> object:
    asked = Choices(Recording(), settings).under(choice)
    assert isinstance(asked, Recording)
    return asked.changes


def test_what_differs_from_the_settings_is_changed() -> None:
    settings = Settings(top_k=5, model_choice=False)
    assert under(settings, Choice()) == {}
    assert under(settings, Choice("none", 5, "balanced", "flag")) == {}
    choice = Choice("none", 3, "strict", "drop")
    assert under(settings, choice) == {"top_k": 3, "strictness": "strict", "unsupported": "drop"}


def test_a_model_is_chosen_by_its_name_among_those_that_can_be_used() -> None:
    settings = Settings(llm="openai-compatible:http://10.0.0.1:8000/v1#qwen", model_choice=False)
    choices = Choices(Recording(), settings)
    assert choices.models() == ["none", "qwen"]  # the address is nobody's business
    assert choices.default.llm == "qwen"
    assert under(settings, Choice(llm="none")) == {"llm": "none"}
    for spec in ("openai:gpt-4.1-mini", "openai-compatible:http://10.0.0.2/v1#x"):
        with pytest.raises(SettingsError, match=r"cannot be used here; use none, qwen$"):
            choices.under(Choice(llm=spec))


def test_the_same_choice_has_the_same_assistant() -> None:
    choices = Choices(Recording(), Settings(model_choice=False))
    assert choices.under(Choice(top_k=2)) is choices.under(Choice(top_k=2))


def test_no_model_is_asked_for_examples() -> None:
    settings = Settings(llm="openai:gpt-4.1-mini", model_choice=False)
    assert Choices(Recording(), settings).examples("vi") == ["{'llm': 'none'}"]
