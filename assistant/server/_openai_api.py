"""HTTP: ``/v1``, the assistant as a model for programs that speak OpenAI's chat completions.

The last user message is the question, the exchanges before it are the history. System messages
are accepted and not followed: what is said comes from the articles alone. Citations are in the
message, or the last chunk, as ``citations``; the model "assistant-with-sources" also lists them
in the text. Programs show the text as Markdown, so no link or image of an article's words is in
it (``citations`` has the words as they are). ``usage`` counts the texts of question, history and
answer in tokens of cl100k_base, whichever model wrote the answer.
"""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final

from anyio import to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse, Response

from assistant.answering import schemas
from assistant.answering.link_filter import plain
from assistant.answering.places import told
from assistant.server import _api_description as described
from assistant.server import _api_examples as api_examples
from assistant.server import _event_stream as event_stream
from assistant.server import _problem_details as problem_details
from assistant.server._http_api import Answering
from assistant.server._problem_details import Problem
from assistant.text.tokens import count_tokens
from assistant.types import (
    Answer,
    AnswerEvent,
    Citation,
    Finished,
    Retrieved,
    TextDelta,
    Turn,
)

PLAIN: Final = "assistant"
WITH_SOURCES: Final = "assistant-with-sources"
COUNTED_WITH: Final = "cl100k_base"
IGNORED_ROLES: Final = ("system", "developer")

# What would change the answer in a way that we cannot give. What only tunes a language model's
# dice (temperature, top_p, seed, penalties, token limits, …) is accepted: there are no dice.
_REFUSED: Final = (
    "tools functions function_call audio prediction logit_bias logprobs top_logprobs stop "
    "web_search_options"
).split()
_SOURCES: Final = {"vi": "Nguồn:", "en": "Sources:"}
_ALSO: Final = {"vi": "cũng đăng ở", "en": "also in"}
_CHORE: Final = re.compile(r"### Task:.*?\{\s*\"(\w+)\"\s*:", re.DOTALL)
_FIRST_SAID: Final = re.compile(
    r"<chat_history>\s*USER:(.*?)(?:\nASSISTANT:|</chat_history>)", re.S
)
_EXAMPLE: Final[dict[str, Any]] = {
    "model": PLAIN,
    "messages": [{"role": "user", "content": api_examples.QUESTION}],
}
LONGEST_TITLE: Final = 60  # characters
_LISTED: Final = re.compile(r"\n\n(?:Nguồn|Sources):\n\n(?:\[\d+\] [^\n]*(?:\n|\Z))+\Z")


class Message(BaseModel):
    """A message; ``content`` is a text or a list of parts."""

    role: str
    content: str | list[dict[str, Any]] | None = None


class StreamOptions(BaseModel):
    """How a stream ends."""

    include_usage: bool = False


class CompletionBody(BaseModel):
    """A request for a completion; what is not named here is looked at in :func:`_check`."""

    model_config = described.asked_as(_EXAMPLE) | ConfigDict(extra="allow")

    model: str
    messages: list[Message]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    include_sources: bool = False


def routes(answering: Answering) -> APIRouter:
    """The routes of OpenAI's interface."""
    failures = described.openai_errors(*described.ANYWHERE)
    router = APIRouter(prefix="/v1", responses=failures)
    since = int(time.time())

    def model(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": since, "owned_by": "article-assistant"}

    listed = {"object": "list", "data": [api_examples.OPENAI_MODEL]}

    @router.get(
        "/models",
        summary="The models (OpenAI)",
        responses=described.gives(described.OpenAIModelsJSON, listed),
    )
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [model(PLAIN), model(WITH_SOURCES)]}

    @router.get(
        "/models/{name}",
        summary="A model (OpenAI)",
        responses=described.gives(described.OpenAIModelJSON, api_examples.OPENAI_MODEL)
        | described.openai_errors(404),
    )
    def one(name: str) -> dict[str, Any]:
        _check_model(name)
        return model(name)

    @router.post(
        "/chat/completions",
        summary="A chat completion (OpenAI)",
        description=__doc__,
        responses=described.gives(
            described.OpenAICompletionJSON, api_examples.COMPLETION, others=api_examples.CHUNKS
        )
        | described.openai_errors(400, 404),
    )
    async def complete(body: CompletionBody, request: Request) -> Response:
        _check(body)
        question, history = asked(body.messages)
        answering.checked(question, history)
        completion = _Completion(body, question, history)

        def events() -> Iterator[AnswerEvent]:
            return chore(question) or answering.events(question, history)

        if body.stream:
            return event_stream.EventStream(
                lambda: completion.lines(events()), _failed, answering.limiter
            )
        last = await event_stream.last(request.receive, events, answering.limiter)
        if last is None:
            return Response(status_code=499)
        # In a thread, since counting tokens takes a while.
        return JSONResponse(await to_thread.run_sync(completion.whole, _answer(last)))

    return router


def asked(messages: Sequence[Message]) -> tuple[str, list[Turn]]:
    """The question and the exchanges before it.

    A question that was not answered is left out of the history, and so is the list of sources
    that "assistant-with-sources" put under an answer. Raises Problem for messages that do not end
    with a user's, or hold what cannot be read.
    """
    said = [(m.role, _text(m, n)) for n, m in enumerate(messages) if m.role not in IGNORED_ROLES]
    if not said or said[-1][0] != "user":
        raise _refused("The last message must be the user's", "messages")
    history: list[Turn] = []
    question = ""
    for role, text in said[:-1]:
        if role == "user":
            question = text
        elif question:
            history.append(Turn(question, _LISTED.sub("", text)))
            question = ""
    return said[-1][1], history


def chore(question: str) -> Iterator[AnswerEvent] | None:
    """What is given to a client that asks its model for a title, tags or further questions of a
    chat, as Open WebUI does: the JSON that it wants, with the chat's first question as the title
    and else nothing. None for a question."""
    wanted = _CHORE.match(question)
    if not wanted:
        return None
    first = _FIRST_SAID.search(question)
    title = " ".join(first[1].split())[:LONGEST_TITLE] if first else ""
    key = wanted[1]
    text = json.dumps({key: title if key in ("title", "text") else []}, ensure_ascii=False)
    return _given(Answer(question, text, "und", 0.0, ()))


def _given(answer: Answer) -> Iterator[AnswerEvent]:
    yield Retrieved((), "")
    yield TextDelta(answer.text)
    yield Finished(answer)


def _text(message: Message, number: int) -> str:
    where = f"messages.{number}"
    if message.role not in ("user", "assistant"):
        raise _refused(f"Messages of the role {message.role[:20]!r} are not supported", where)
    if isinstance(message.content, str):
        return message.content
    parts = message.content or []
    for part in parts:
        if part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise _refused("Only text parts are supported", f"{where}.content")
    return "\n".join(part["text"] for part in parts)


def sources(citations: Sequence[Citation], language: str) -> str:
    """The list under an answer; "" where there is nothing to list."""
    if not citations:
        return ""
    shown = "vi" if language == "vi" else "en"
    lines = [
        f"[{c.number}] {plain(c.title)}: “{' '.join(plain(c.quote).split())}”{_also(c, shown)}"
        for c in citations
    ]
    return f"\n\n{_SOURCES[shown]}\n\n" + "\n".join(lines)


def _also(citation: Citation, language: str) -> str:
    """The other articles that print the same text; on the line, by which a list is told."""
    places = "; ".join(plain(told(place)) for place in citation.also)
    return f" ({_ALSO[language]}: {places})" if places else ""


class _Completion:
    """The answer to one request, in OpenAI's shapes."""

    def __init__(self, body: CompletionBody, question: str, history: Sequence[Turn]) -> None:
        self.model = body.model
        self.listed = body.include_sources or body.model == WITH_SOURCES
        self.counted = bool(body.stream_options and body.stream_options.include_usage)
        self.read = [question, *(text for turn in history for text in (turn.question, turn.answer))]
        self.head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time())}

    def whole(self, answer: Answer) -> dict[str, Any]:
        text = plain(answer.text) + self._sources(answer)
        message = {"role": "assistant", "content": text, "refusal": None, **_proof(answer)}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            **self.head,
            "object": "chat.completion",
            "model": self.model,
            "choices": [choice],
            "usage": self._usage(text),
        }

    def lines(self, events: Iterator[AnswerEvent]) -> Iterator[str]:
        """The chunks, as lines of a stream."""
        written: list[str] = []
        with closing(events):  # type: ignore[type-var]  # streams are generators
            yield self._chunk({"role": "assistant", "content": ""})
            last: AnswerEvent | None = None
            for last in events:
                if isinstance(last, TextDelta):
                    written.append(last.text)
                    yield self._chunk({"content": plain(last.text)})
        answer = _answer(last)
        if listed := self._sources(answer):
            written.append(listed)
            yield self._chunk({"content": listed})
        yield self._chunk(_proof(answer), "stop")
        if self.counted:
            yield self._line([], self._usage("".join(written)))
        yield "data: [DONE]\n\n"

    def _sources(self, answer: Answer) -> str:
        return sources(answer.citations, answer.language) if self.listed else ""

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return self._line([choice], None)

    def _line(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> str:
        chunk = {
            **self.head,
            "object": "chat.completion.chunk",
            "model": self.model,
            "choices": choices,
        }
        if self.counted:
            chunk["usage"] = usage
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"

    def _usage(self, text: str) -> dict[str, Any]:
        read, written = sum(map(count_tokens, self.read)), count_tokens(text)
        return {
            "prompt_tokens": read,
            "completion_tokens": written,
            "total_tokens": read + written,
            "counted_with": COUNTED_WITH,
        }


def _proof(answer: Answer) -> dict[str, Any]:
    """What the assistant adds to a message."""
    return {
        "citations": [schemas.citation_json(citation) for citation in answer.citations],
        "grounding": answer.grounding,
        "confidence": round(answer.confidence, 4),
        "short": answer.short or None,
        "certainty": answer.certainty,
    }


def _answer(event: AnswerEvent | None) -> Answer:
    if not isinstance(event, Finished):
        raise RuntimeError("the stream ended without Finished")
    return event.answer


def _check(body: CompletionBody) -> None:
    """Raises Problem for a request that cannot be met as it was meant."""
    _check_model(body.model)
    given = body.model_extra or {}
    for name in _REFUSED:
        if given.get(name):
            raise _refused(f"{name!r} is not supported", name, "unsupported_parameter")
    if given.get("n") not in (None, 1):
        raise _refused("'n' may only be 1: there is one answer", "n", "unsupported_value")
    if given.get("tool_choice") not in (None, "none", "auto"):
        raise _refused("'tool_choice' is not supported", "tool_choice", "unsupported_parameter")
    if given.get("modalities") not in (None, ["text"]):
        raise _refused("'modalities' may only be [\"text\"]", "modalities", "unsupported_value")
    form = given.get("response_format")
    if form and (not isinstance(form, dict) or form.get("type") != "text"):
        raise _refused("'response_format' may only be text", "response_format", "unsupported_value")


def _check_model(name: str) -> None:
    if name not in (PLAIN, WITH_SOURCES):
        raise Problem(
            404,
            f"There is no model {name[:64]!r}; there are {PLAIN!r} and {WITH_SOURCES!r}",
            parameter="model",
            code="model_not_found",
        )


def _refused(detail: str, parameter: str, code: str | None = None) -> Problem:
    return Problem(400, detail, parameter=parameter, code=code)


def _failed(failure: Exception) -> str:
    error = problem_details.openai_error(problem_details.of_failure(failure))
    return f"data: {json.dumps(error, ensure_ascii=False)}\n\n"
