"""Limits of a server: how many requests a client makes and how large they are."""

from __future__ import annotations

import math
import time
from typing import Final

import anyio
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server import _problem_details as problem_details
from assistant.server._problem_details import Problem

ADDED: Final = "/api/v1/articles"  # where a file is posted; a path of the proxy may stand before
LONGEST_NUMBER: Final = 20  # digits
THROWN_AWAY: Final = 16 << 20  # bytes of a body that is too large
THROWN_FOR: Final = 5.0  # seconds


class Rates:
    """At most ``a_minute`` requests of each client within any minute; 0 is without limit."""

    def __init__(self, a_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(a_minute) if a_minute else None
        self._window = MovingWindowRateLimiter(MemoryStorage())

    def wait(self, client: str, cost: int = 1) -> int:
        """0 when the client may go on; else the whole seconds after which it may at the earliest.

        ``cost``: how many requests this one counts as.
        """
        if self._limit is None or self._window.hit(self._limit, client, cost=cost):
            return 0
        free = self._window.get_window_stats(self._limit, client).reset_time
        return max(1, math.ceil(free - time.time()))

    def forget(self, client: str) -> None:
        """The client has all its requests again."""
        if self._limit is not None:
            self._window.clear(self._limit, client)


def too_many(seconds: int) -> Problem:
    return Problem(
        429,
        f"Too many requests; try again in {seconds} s",
        {"Retry-After": str(seconds)},
        code="rate_limit_exceeded",
    )


class BodyLimit:
    """Refuses a body of more than ``limit`` bytes, announced or not, before it is all read; for a
    file that is added, of more than ``of_files``."""

    def __init__(self, app: ASGIApp, limit: int, of_files: int) -> None:
        self.app = app
        self.limit, self.of_files = limit, of_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        is_file = scope["method"] == "POST" and scope["path"].endswith(ADDED)
        limit = self.of_files if is_file else self.limit
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if not announced.isdigit() or len(announced) > LONGEST_NUMBER or int(announced) > limit:
            await _refuse(scope, receive, send, limit)
            return
        read = 0
        begun = False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
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
            await _refuse(scope, receive, send, limit)


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    await _throw_away(receive)
    problem = Problem(413, f"The body is larger than {limit} bytes, the most this server reads")
    await problem_details.response(problem, scope)(scope, receive, send)


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
