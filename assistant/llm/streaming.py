"""One exchange with a language model: its words as they come, its failures as ours.

The model streams on an event loop of its own thread, so that a time-out or a stop ends the
request at once, whatever the provider's client is waiting for.
"""

from __future__ import annotations

import asyncio
import atexit
import queue
import threading
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any, cast

from assistant.llm._output_filters import Circles, Thought, WithoutThoughts
from assistant.llm.models import NONE, name_of
from assistant.settings import Settings
from assistant.types import LLMError, Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
from assistant.llm.cancellation import stopped
from assistant.llm.failures import translated
from assistant.llm.tracing import traced

STOP = 2.0  # seconds a stopped request has to end
PAUSE = 1.0  # seconds before the one retry
LOOK = 0.2  # seconds between two looks at whether the answer was stopped
TOKEN = 8  # characters: no text's tokens are longer on average, so more is past the limit


def speak(
    model: BaseChatModel, messages: Sequence[BaseMessage], settings: Settings
) -> Generator[str | Thought | Usage, None, None]:
    """The answer's text in parts, without thoughts; last the Usage where the provider counts it.

    ``Thought`` among them: what came before it was one, as is seen at its end only.

    Closing the generator ends the request and its connection. Raises LLMError, also after text:
    that text stands, but for "endless" is not worth keeping. Tries a second time where the model
    was out of reach or busy, only before the first word.
    """
    name = type(model).__name__ if settings.llm == NONE else name_of(settings.llm)
    deadline = time.monotonic() + settings.llm_total_timeout
    options: dict[str, Any] = {}
    for last in (False, True):
        reply = _Reply(settings.llm_max_tokens)
        error = yield from _attempt(model, messages, options, reply, settings, deadline)
        if error is None:
            return
        fault = translated(error, name, begun=bool(reply.length))
        uncounted = "stream_options" in str(error)  # an older server that counts no tokens
        again = fault.kind in {"rate", "unreachable"} or uncounted
        if last or reply.length or not again or time.monotonic() + PAUSE > deadline:
            break
        if uncounted:
            options = {"stream_usage": False}
        else:
            time.sleep(PAUSE)
    raise fault


def said(parts: Iterable[str | Thought | Usage]) -> str:
    """The whole text of what ``speak`` gives, without thoughts."""
    text: list[str] = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, Thought):
            text.clear()
    return "".join(text)


class _Reply:
    """What has come of an answer so far."""

    def __init__(self, max_tokens: int) -> None:
        self.length = 0  # characters of the answer
        self.usage: Usage | None = None
        self._limit = max_tokens * TOKEN
        self._raw = 0  # characters, thoughts included
        self._finish = ""
        self._tells_finish = False
        self._text = WithoutThoughts()
        self._circles = Circles()

    def take(self, chunk: Any) -> list[str | Thought]:
        """What a chunk adds to the answer. Raises LLMError("endless")."""
        self._note(chunk)
        raw = str(chunk.text)
        self._raw += len(raw)
        if self._raw > self._limit:
            raise LLMError("more than llm_max_tokens", "endless")
        if self._circles.feed(raw):
            raise LLMError("the same words over and over", "endless")
        return self._counted(self._text.feed(raw))

    def end(self) -> list[str | Thought]:
        """What was held back."""
        return self._counted(self._text.end())

    def fault(self) -> LLMError | None:
        """What is wrong with an answer that has ended."""
        limited = self._finish in {"length", "max_tokens", "max_output_tokens", "model_length"}
        if not self.length:
            if self._tells_finish and not self._finish:
                return LLMError("the stream ended before the first word", "unreachable")
            return LLMError("only thoughts up to llm_max_tokens" if limited else "", "empty")
        if limited:
            return LLMError("at llm_max_tokens", "cut")
        if self._tells_finish and not self._finish:
            return LLMError("the connection ended in the middle", "cut")
        if self._finish in {"content_filter", "safety", "refusal", "incomplete"}:
            return LLMError(f"finish reason {self._finish}", "cut")
        return None

    def _counted(self, parts: list[str | Thought]) -> list[str | Thought]:
        for part in parts:
            self.length = self.length + len(part) if isinstance(part, str) else 0
        return parts

    def _note(self, chunk: Any) -> None:
        """Tokens and the finish reason, which every provider calls by another name."""
        counted = getattr(chunk, "usage_metadata", None)
        if counted:
            before = self.usage or Usage(0, 0)
            self.usage = Usage(
                before.read + counted.get("input_tokens", 0),
                before.written + counted.get("output_tokens", 0),
            )
        told = chunk.response_metadata
        # OpenAI's protocol always gives one, so a stream without was cut, even if quietly.
        self._tells_finish |= told.get("model_provider") == "openai"
        details = told.get("incomplete_details") or {}
        names = ("finish_reason", "stop_reason", "done_reason", "status")
        found = details.get("reason") or next((told[name] for name in names if told.get(name)), "")
        self._finish = str(found).lower() or self._finish


def _attempt(
    model: BaseChatModel,
    messages: Sequence[BaseMessage],
    options: Mapping[str, Any],
    reply: _Reply,
    settings: Settings,
    deadline: float,
) -> Generator[str | Thought | Usage, None, BaseException | None]:
    """One request, its parts yielded. Returns what went wrong with it."""
    request = _Request(model, messages, options, deadline, settings.llm_tracing)
    try:
        for item in request.items(settings.llm_timeout):
            if isinstance(item, BaseException):
                return item
            yield from reply.take(item)
    except LLMError as fault:
        return fault
    finally:
        request.stop()
    yield from reply.end()
    if reply.usage:
        yield reply.usage
    return reply.fault()


class _Request:
    """A request that runs on the background loop; what comes of it waits in a queue."""

    def __init__(
        self,
        model: BaseChatModel,
        messages: Sequence[BaseMessage],
        options: Mapping[str, Any],
        deadline: float,
        tracing: bool,
    ) -> None:
        self._deadline = deadline
        self._tracing = tracing
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._loop = _background.loop()
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self._loop.call_soon_threadsafe(self._begin, model, list(messages), dict(options))

    def items(self, patience: float) -> Iterator[Any]:
        """Chunks, and an exception if one ends them. Waits ``patience`` seconds for each."""
        halt = stopped.get()
        began = time.monotonic()
        while True:
            now = time.monotonic()
            end = min(began + patience, self._deadline)
            try:
                item = self._queue.get(timeout=max(0.0, min(LOOK, end - now)))
            except queue.Empty:
                if halt is not None and halt.is_set():
                    yield LLMError("the answer was stopped", "cut")
                    return
                if time.monotonic() < end:
                    continue
                what = "not a word within" if end < self._deadline else "not finished; the last"
                yield LLMError(f"{what} {end - began:.3g} s", "timeout")
                return
            if item is None:
                return
            yield item
            if isinstance(item, BaseException):
                return
            began = time.monotonic()

    def stop(self) -> None:
        """Ends the request: within STOP seconds its connection is closed."""
        ended = threading.Event()
        self._stopped = True
        with suppress(RuntimeError):  # at the end of the process the loop may be gone
            self._loop.call_soon_threadsafe(self._cancel, ended)
        if not _background.is_here() and not ended.wait(STOP):
            _background.abandon(self._loop)  # something blocks it: the next request gets another

    def _begin(self, model: BaseChatModel, messages: list[Any], options: dict[str, Any]) -> None:
        if not self._stopped:
            self._task = self._loop.create_task(self._pump(model, messages, options))

    def _cancel(self, ended: threading.Event) -> None:
        if self._task is None or self._task.done():
            ended.set()
            return
        self._task.add_done_callback(lambda _: ended.set())
        self._task.cancel()

    async def _pump(
        self, model: BaseChatModel, messages: list[Any], options: dict[str, Any]
    ) -> None:
        try:
            left = max(0.0, self._deadline - time.monotonic())
            # A model's stream is a generator; `aclosing` ends it also between two chunks.
            stream = cast("AsyncGenerator[Any, None]", model.astream(messages, **options))
            # Nobody may be listening any more when the time is over.
            with traced(self._tracing):
                async with asyncio.timeout(left), aclosing(stream) as chunks:
                    async for chunk in chunks:
                        self._queue.put(chunk)
                        await asyncio.sleep(0)  # else one that never waits lets nobody stop it
            self._queue.put(None)
        except asyncio.CancelledError as error:
            self._queue.put(error)
            raise
        except BaseException as error:  # a provider may raise anything; the loop goes on
            self._queue.put(error)


class _Background:
    """An event loop in a thread, made when first needed.

    One for all requests: a provider's client keeps connections that belong to their loop.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name="language model", daemon=True
                )
                self._thread.start()
            return self._loop

    def is_here(self) -> bool:
        """Whether this is the loop's own thread, which may not wait for it."""
        return threading.current_thread() is self._thread

    def abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if self._loop is loop:
                self._loop = self._thread = None

    def end(self) -> None:
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop and thread:
            # Requests first: a model in this process waits for those that still read from it.
            asyncio.run_coroutine_threadsafe(_end_all(), loop)
            thread.join(STOP)
            if not thread.is_alive():
                loop.close()


async def _end_all() -> None:
    """Cancels every request of the running loop, then stops it."""
    loop, this = asyncio.get_running_loop(), asyncio.current_task()
    tasks = [task for task in asyncio.all_tasks(loop) if task is not this]
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=STOP / 2)
    await loop.shutdown_asyncgens()
    loop.stop()


_background = _Background()
atexit.register(_background.end)
