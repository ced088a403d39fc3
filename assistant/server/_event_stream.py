"""Blocking iterators, each read in a thread of its own, for clients that may hang up.

An answer's events come from a generator that computes and waits. It runs in a thread
(``cancellation.pump``) while the event loop passes its items on, and ends when the client has gone.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final, TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.abc import ObjectSendStream
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from assistant.llm.cancellation import pump
from assistant.server import _problem_details as problem_details

T = TypeVar("T")

AHEAD: Final = 16  # items that may wait for the client
KEEP_ALIVE: Final = 15.0  # seconds of silence, after which proxies may take a stream for dead


@asynccontextmanager
async def relayed(
    start: Callable[[], Iterator[T]], limiter: CapacityLimiter
) -> AsyncIterator[AsyncIterator[T]]:
    """The items of ``start()``. Leaving the block early closes it.

    Waits for one of ``limiter``'s places, and holds it until the iterator has ended.
    """
    sender, receiver = anyio.create_memory_object_stream[T](AHEAD)
    left = threading.Event()
    failures: list[Exception] = []

    async def run() -> None:
        async with sender:
            try:
                await to_thread.run_sync(_read, start, sender, left, limiter=limiter)
            except Exception as failure:
                failures.append(failure)

    async def items() -> AsyncIterator[T]:
        async for item in receiver:
            yield item
        if failures:
            raise failures[0]

    with _alone():
        async with anyio.create_task_group() as group:
            group.start_soon(run)
            try:
                async with receiver:
                    yield items()
            finally:
                left.set()
                group.cancel_scope.cancel()


def _read(
    start: Callable[[], Iterator[T]], sender: ObjectSendStream[T], left: threading.Event
) -> None:
    try:
        pump(start, lambda item: from_thread.run(sender.send, item), left)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        if not left.is_set():
            raise


@contextmanager
def _alone() -> Iterator[None]:
    """A failure out of a task group as itself, where it is the only one."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        raise group.exceptions[0] from group.exceptions[0].__cause__


async def last(
    receive: Receive, start: Callable[[], Iterator[T]], limiter: CapacityLimiter
) -> T | None:
    """The last item of ``start()``; None when the client has hung up before it came."""
    found: list[T] = []
    ended = False
    with _alone():
        async with anyio.create_task_group() as group:
            group.start_soon(_until_gone, receive, group.cancel_scope)
            async with relayed(start, limiter) as items:
                async for item in items:
                    found[:] = [item]
                ended = True
            group.cancel_scope.cancel()
    return found[0] if ended else None


async def _until_gone(receive: Receive, scope: anyio.CancelScope) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    scope.cancel()


class EventStream(Response):
    """Server-sent events. ``start()`` yields them ready to send; ``failed`` makes the last one.

    A failure before the first event is an ordinary problem response.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        start: Callable[[], Iterator[str]],
        failed: Callable[[Exception], str],
        limiter: CapacityLimiter,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._start, self._failed, self._limiter = start, failed, limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with _alone():
            async with anyio.create_task_group() as group:
                group.start_soon(_until_gone, receive, group.cancel_scope)
                async with relayed(self._start, self._limiter) as items:
                    await self._send(items, scope, receive, send)
                group.cancel_scope.cancel()

    async def _send(
        self, items: AsyncIterator[str], scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            first = await anext(items)
        except Exception as failure:
            spoken = Headers(scope=scope).get("accept-language", "")
            problem = problem_details.of_failure(failure, spoken)
            await problem_details.response(problem, scope)(scope, receive, send)
            return
        await send(
            {"type": "http.response.start", "status": 200, "headers": self.raw_headers},
        )
        async with anyio.create_task_group() as group:
            writer = _Writer(send)
            group.start_soon(writer.keep_alive)
            try:
                await writer.write(first)
                async for item in items:
                    await writer.write(item)
            except Exception as failure:
                await writer.write(self._failed(failure))
            group.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Writer:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._lock = anyio.Lock()

    async def write(self, text: str) -> None:
        async with self._lock:
            await self._send(
                {"type": "http.response.body", "body": text.encode(), "more_body": True}
            )

    async def keep_alive(self) -> None:
        while True:
            await anyio.sleep(KEEP_ALIVE)
            await self.write(": still working\n\n")
