"""Limits of a server: how many requests a client makes and how large they are."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import anyio
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server import _problem_details as problem_details
from assistant.server._problem_details import Problem

CLIENTS_KEPT: Final = 10_000  # more, and the one not seen for longest starts again

THROWN_AWAY: Final = 16 << 20  # bytes of a body that is too large
THROWN_FOR: Final = 5.0  # seconds


class Rates:
    """A token bucket for each client: ``a_minute`` requests, all at once or spread out.

    ``burst``: how many at once, where that is fewer. ``a_minute`` 0 is without limit.
    """

    def __init__(
        self,
        a_minute: float,
        burst: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.a_second = a_minute / 60
        self.burst = a_minute if burst is None else burst
        self.clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens, when

    def wait(self, client: str, take: float = 1) -> int:
        """0 when the client may go on; else the whole seconds after which it may."""
        if not self.a_second:
            return 0
        now = self.clock()
        with self._lock:
            tokens, seen = self._buckets.pop(client, (self.burst, now))
            tokens = min(self.burst, tokens + (now - seen) * self.a_second)
            enough = tokens >= min(take, self.burst)
            self._buckets[client] = (tokens - take if enough else tokens, now)
            if len(self._buckets) > CLIENTS_KEPT:
                self._buckets.popitem(last=False)
        return 0 if enough else max(1, math.ceil((take - tokens) / self.a_second))

    def forget(self, client: str) -> None:
        """The client has all its requests again."""
        with self._lock:
            self._buckets.pop(client, None)


def too_many(seconds: int) -> Problem:
    return Problem(
        429,
        f"Too many requests; try again in {seconds} s",
        {"Retry-After": str(seconds)},
        code="rate_limit_exceeded",
    )


class BodyLimit:
    """Refuses a body of more than ``limit`` bytes, announced or not, before it is all read."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self.app = app
        self.limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or int(announced) > self.limit:
            await self._refuse(scope, receive, send)
            return
        read = 0
        begun = False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.limit:
                raise _TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self.app(scope, counted, watched)
        except _TooLarge:
            if begun:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _throw_away(receive)
        problem = Problem(
            413, f"The body is larger than {self.limit} bytes, the most this server reads"
        )
        await problem_details.response(problem, scope["path"])(scope, receive, send)


async def _throw_away(receive: Receive) -> None:
    """Reads what a client is still sending: most read no answer before they have sent it all."""
    thrown = 0
    with anyio.move_on_after(THROWN_FOR):
        while thrown < THROWN_AWAY:
            message = await receive()
            thrown += len(message.get("body", b""))
            if not message.get("more_body"):
                return


class _TooLarge(BaseException):
    """Not an Exception: no handler in between may take it for one of its own."""
