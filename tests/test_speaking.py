"""An exchange with a language model: its words as they come, and each of its failures as ours."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from typing import Any, get_args

import pytest
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult

from assistant.answering.prompt_texts import say
from assistant.llm import streaming
from assistant.llm._output_filters import Thought
from assistant.llm.failures import kind_of
from assistant.llm.models import OWN_KEY, open_llm
from assistant.llm.streaming import said, speak
from assistant.settings import Settings
from assistant.types import FaultKind, LLMError, Usage
from tests.limits import limited
from tests.protocol import TEXT, Server, serving

KEY = "zq-planted-0123456789-abcdef"
ASKED = [HumanMessage("Thủ đô?")]
WHOLE = "".join(TEXT)
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(streaming, "PAUSE", 0.05)
    monkeypatch.setenv(OWN_KEY, KEY)
    with limited(20):
        yield


def settings(**given: Any) -> Settings:
    return Settings(**{"llm_timeout": 5, "llm_total_timeout": 10} | given)


def heard(model: BaseChatModel, to: Settings) -> tuple[str, Usage | None, LLMError | None]:
    """The text, the usage and the failure of one exchange."""
    text, usage = "", None
    try:
        for part in speak(model, ASKED, to):
            assert part  # never an empty part
            if isinstance(part, Usage):
                assert usage is None
                usage = part
            else:
                assert usage is None  # the usage comes last
                text += part
    except LLMError as fault:
        assert "\n" not in str(fault)
        assert fault.__cause__ is None and fault.__context__ is None
        return text, usage, fault
    return text, usage, None


# Scripted models


class Scripted(BaseChatModel):
    """Streams ``parts``: text and chunks are sent, a number is waited for, an error is raised."""

    parts: list[Any]
    calls: list[int] = []  # noqa: RUF012 - a pydantic field
    ended: Any = None  # an Event, set when the stream is ended by whoever reads it

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        raise NotImplementedError

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        self.calls.append(len(self.calls))
        try:
            for part in self.parts:
                if callable(part):
                    part = part(len(self.calls))
                if isinstance(part, BaseException):
                    raise part
                if isinstance(part, float | int):
                    await asyncio.sleep(part)
                elif part is not None:
                    chunk = AIMessageChunk(part) if isinstance(part, str) else part
                    yield ChatGenerationChunk(message=chunk)
        finally:
            if self.ended:
                self.ended.set()


def scripted(*parts: Any, **more: Any) -> Scripted:
    return Scripted(parts=list(parts), calls=[], **more)


def status(code: int, said: str = "no") -> Exception:
    """An error as the providers' packages raise them: with the status of the response."""
    error = type("ProviderError", (Exception,), {})(said)
    error.status_code = code
    return error


def test_words_come_as_they_are_written() -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage("Hà Nội là thủ đô.")]))
    parts = list(speak(model, ASKED, settings()))
    assert parts == ["Hà", " ", "Nội", " ", "là", " ", "thủ", " ", "đô."]


def test_the_first_word_does_not_wait_for_the_last() -> None:
    stream = speak(scripted("Hà ", 8.0, "Nội"), ASKED, settings(llm_timeout=9))
    began = time.monotonic()
    assert next(stream) == "Hà "
    assert time.monotonic() - began < 2
    stream.close()


def test_a_model_that_does_not_stream_answers_in_one_part() -> None:
    class Whole(GenericFakeChatModel):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> ChatResult:
            return self._generate(*args, **kwargs)

        disable_streaming: bool = True

    model = Whole(messages=iter([AIMessage("Hà Nội.")]))
    assert heard(model, settings()) == ("Hà Nội.", None, None)


def test_tokens_are_added_up() -> None:
    def counted(text: str, read: int, written: int) -> AIMessageChunk:
        usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        return AIMessageChunk(text, usage_metadata=usage)

    # as Anthropic counts: what was read with the first chunk, what was written with the last
    model = scripted(counted("", 40, 0), "Hà Nội.", counted("", 0, 3))
    assert heard(model, settings()) == ("Hà Nội.", Usage(40, 3), None)


@pytest.mark.parametrize("kind", ["reasoning", "thinking"])
def test_blocks_of_thought_are_no_part_of_the_answer(kind: str) -> None:
    thought = AIMessageChunk([{"type": kind, kind: "Is it Huế?", "index": 0}])
    word = AIMessageChunk([{"type": "text", "text": "Hà Nội.", "index": 1}])
    assert heard(scripted(thought, word), settings())[0] == "Hà Nội."


def test_where_a_thought_is_only_closed_all_before_it_was_one() -> None:
    parts = list(speak(scripted("Huế? ", "No.</th", "ink>\nHà", " Nội."), ASKED, settings()))
    assert parts == ["Huế? ", "No.", Thought(), "Hà", " Nội."]
    assert said(parts) == "Hà Nội."


def test_written_thoughts_are_no_part_of_the_answer() -> None:
    model = scripted("<thi", "nk>Huế?</", "think>\n", "Hà Nội", " <", "3")
    assert heard(model, settings())[0] == "Hà Nội <3"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (status(400, "prompt is too long: 210000 tokens > 200000 maximum"), "context"),
        (status(400, "The input token count (9) exceeds the maximum number of tokens"), "context"),
        (status(413), "context"),
        (status(401), "key"),
        (status(403), "key"),
        (status(400, "API key not valid. Please pass a valid API key."), "key"),
        (status(404), "missing"),
        (status(404, 'model "qwen" not found, try pulling it first'), "missing"),
        (status(408), "timeout"),
        (status(429), "rate"),
        (status(529, "overloaded_error"), "rate"),
        (status(500), "unreachable"),
        (status(503), "unreachable"),
        (status(504), "timeout"),
        (ConnectionRefusedError("refused"), "unreachable"),
        (TimeoutError(), "timeout"),
        (status(422), "other"),
        (ValueError("two\nlines"), "other"),
        (KeyError("choices"), "other"),
        (NotImplementedError(), "other"),
        (SystemExit(3), "other"),
        (asyncio.CancelledError(), "other"),
    ],
)
def test_every_error_before_a_word_has_its_kind(error: BaseException, kind: FaultKind) -> None:
    model = scripted(error)
    text, _, fault = heard(model, settings())
    assert fault is not None
    assert (text, fault.kind) == ("", kind)
    assert len(model.calls) == (2 if kind in {"rate", "unreachable"} else 1)
    assert heard(scripted("Hà Nội."), settings())[0] == "Hà Nội."  # and the next one is answered


def test_the_error_behind_an_error_counts() -> None:
    outer = ValueError("failed")
    outer.__cause__ = status(429)
    assert kind_of(outer) == "rate"


def test_an_error_with_no_words_is_named_by_its_class() -> None:
    fault = heard(scripted(NotImplementedError()), settings())[2]
    assert "NotImplementedError" in str(fault)


def test_a_second_try_that_succeeds_is_an_answer() -> None:
    model = scripted(lambda call: status(429) if call == 1 else None, "Hà Nội.")
    assert heard(model, settings()) == ("Hà Nội.", None, None)


def test_no_second_try_after_a_word() -> None:
    model = scripted("Hà ", ConnectionResetError("reset"))
    text, _, fault = heard(model, settings())
    assert (text, fault and fault.kind, len(model.calls)) == ("Hà ", "cut", 1)


@pytest.mark.parametrize(
    ("parts", "limits", "text"),
    [
        ((9.0, "late"), {"llm_timeout": 0.2}, ""),
        (("Hà ", 9.0, "Nội"), {"llm_timeout": 0.2}, "Hà "),
        ((*(["w ", 0.05] * 100),), {"llm_total_timeout": 0.3}, None),
    ],
)
def test_no_wait_is_longer_than_set(
    parts: tuple[Any, ...], limits: dict[str, float], text: str | None
) -> None:
    began, ended = time.monotonic(), threading.Event()
    said, _, fault = heard(scripted(*parts, ended=ended), settings(**limits))
    assert time.monotonic() - began < 2
    assert fault is not None and fault.kind == "timeout"
    assert text is None or said == text
    assert ended.is_set()  # the request is over


def test_a_model_that_blocks_everything_blocks_no_other() -> None:
    free = threading.Event()

    def blocks(_: int) -> None:
        free.wait(10)

    _, _, fault = heard(scripted(blocks), settings(llm_timeout=0.2))
    assert fault is not None and fault.kind == "timeout"
    assert heard(scripted("Hà Nội."), settings())[0] == "Hà Nội."
    free.set()


@pytest.mark.parametrize(
    "parts", [(), ("",), (" \n", " "), ("<think>Huế?</think>",), ("<think>a",)]
)
def test_no_words_are_an_empty_answer(parts: tuple[str, ...]) -> None:
    text, _, fault = heard(scripted(*parts), settings())
    assert (text, fault and fault.kind) == ("", "empty")


@pytest.mark.parametrize(
    "told",
    [
        {"finish_reason": "length"},  # OpenAI, Mistral
        {"stop_reason": "max_tokens"},  # Anthropic
        {"finish_reason": "MAX_TOKENS"},  # Google
        {"done_reason": "length"},  # Ollama
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        {"finish_reason": "content_filter"},
    ],
)
def test_an_answer_at_its_limit_is_cut_and_stands(told: dict[str, Any]) -> None:
    model = scripted("Hà ", "Nội", AIMessageChunk("", response_metadata=told))
    text, _, fault = heard(model, settings())
    assert (text, fault and fault.kind) == ("Hà Nội", "cut")


@pytest.mark.parametrize("reason", ["stop", "end_turn", "STOP", "completed"])
def test_an_answer_that_ended_is_whole(reason: str) -> None:
    last = AIMessageChunk("", response_metadata={"finish_reason": reason})
    assert heard(scripted("Hà Nội.", last), settings())[2] is None


@pytest.mark.parametrize(
    "parts",
    [
        [f"w{number:x} " for number in range(100_000)],
        ["Thành phố có chợ. "] * 100_000,
        ["<think>"] + [f"w{number:x} " for number in range(100_000)],
    ],
)
def test_an_endless_answer_is_ended(parts: list[str]) -> None:
    ended = threading.Event()
    _, _, fault = heard(scripted(*parts, ended=ended), settings(llm_max_tokens=100))
    assert fault is not None and fault.kind == "endless"
    assert ended.is_set()


def test_stopping_ends_the_request() -> None:
    ended = threading.Event()
    stream = speak(scripted("Hà ", 60.0, ended=ended), ASKED, settings(llm_timeout=60))
    next(stream)
    stream.close()
    assert ended.is_set()


def test_several_exchanges_at_once_do_not_mix() -> None:
    found: dict[int, str] = {}

    def ask(number: int) -> None:
        parts = [part for n in range(20) for part in (f"{number}.{n} ", 0.002)]
        found[number] = heard(scripted(*parts), settings())[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: "".join(f"{n}.{i} " for i in range(20)) for n in range(8)}


def test_a_key_in_a_providers_words_is_not_passed_on() -> None:
    fault = heard(scripted(status(401, f"Incorrect API key provided: {KEY}")), settings())[2]
    assert fault is not None
    assert KEY not in str(fault) and KEY not in repr(fault)


# What the person who asked is told


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_said_in_both_languages(kind: str) -> None:
    vietnamese = say(f"fault.{kind}", "vi", model="M1")
    english = say(f"fault.{kind}", "en", model="M1")
    assert "M1" in vietnamese and "trích dẫn nguyên văn" in vietnamese
    assert "M1" in english and "own words follow" in english
    assert "\n" not in vietnamese + english
    assert say(f"fault.{kind}", "de", model="M1") == english


def test_the_texts_around_quotes_are_where_they_were() -> None:
    assert say("refusal", "vi") == "Các bài viết không cho biết điều này."
    assert say("cut", "en", n=7).endswith("only its first 7 characters were read.")


# Over OpenAI's protocol

needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="needs the extra openai"
)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


def asked(
    server: Server, behaviour: str, **given: Any
) -> tuple[str, Usage | None, LLMError | None]:
    to = settings(llm=server.spec(behaviour), **given)
    model = open_llm(to.llm, to)
    assert model is not None
    return heard(model, to)


@needs_openai
@pytest.mark.parametrize("behaviour", ["fine", "thinks"])
def test_a_server_is_heard(server: Server, behaviour: str) -> None:
    assert asked(server, behaviour) == (WHOLE, Usage(7, 5), None)
    (body,) = server.requests
    assert (body["stream"], body["temperature"]) == (True, 0)
    assert 800 in (body.get("max_tokens"), body.get("max_completion_tokens"))
    assert server.keys == [KEY]


@needs_openai
@pytest.mark.parametrize(
    ("behaviour", "kind", "text", "requests"),
    [
        ("bad key", "key", "", 1),
        ("no rights", "key", "", 1),
        ("busy", "rate", "", 2),
        ("broken", "unreachable", "", 2),
        ("starting", "unreachable", "", 2),
        ("vanishes", "unreachable", "", 2),
        ("too long", "context", "", 1),
        ("unknown", "missing", "", 1),
        ("picky", "other", "", 1),
        ("silent", "timeout", "", 1),
        ("stall before a word", "timeout", "", 1),
        ("stall", "timeout", WHOLE, 1),
        ("cut", "cut", WHOLE, 1),
        ("cut quietly", "cut", WHOLE, 1),
        ("garbage", "other", WHOLE, 1),
        ("error event", "other", WHOLE, 1),
        ("empty", "empty", "", 1),
        ("long", "cut", WHOLE, 1),
        ("endless", "endless", None, 1),
        ("circles", "endless", None, 1),
    ],
)
def test_a_servers_failures_have_their_kind(
    server: Server,
    behaviour: str,
    kind: FaultKind,
    text: str | None,
    requests: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    said, _, fault = asked(server, behaviour, llm_timeout=0.5)
    assert fault is not None
    assert fault.kind == kind
    assert text is None or said == text
    assert len(server.requests) == requests
    assert KEY not in str(fault) + caplog.text
    if kind in {"timeout", "endless"}:
        assert server.closed.wait(2)


@needs_openai
def test_a_busy_server_is_asked_once_more(server: Server) -> None:
    assert asked(server, "busy once")[0] == WHOLE
    assert len(server.requests) == 2


@needs_openai
def test_an_older_server_is_not_asked_to_count(server: Server) -> None:
    assert asked(server, "old") == (WHOLE, None, None)


@needs_openai
def test_a_server_that_is_not_there_is_unreachable() -> None:
    with serving() as gone:
        spec = gone.spec("fine")
    to = settings(llm=spec)
    model = open_llm(spec, to)
    assert model is not None
    fault = heard(model, to)[2]
    assert fault is not None and fault.kind == "unreachable"


@needs_openai
def test_a_proxy_is_not_used_for_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "OPENAI_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY")
    assert asked(server, "fine")[0] == WHOLE


@needs_openai
@pytest.mark.parametrize("end", ["close", "drop"])
def test_stopping_closes_the_connection_within_two_seconds(server: Server, end: str) -> None:
    to = settings(llm=server.spec("stall"), llm_timeout=60, llm_total_timeout=60)
    model = open_llm(to.llm, to)
    assert model is not None
    stream = speak(model, ASKED, to)
    assert next(stream) == TEXT[0]
    began = time.monotonic()
    if end == "close":
        stream.close()
    del stream
    assert server.closed.wait(2)
    assert time.monotonic() - began < 2
