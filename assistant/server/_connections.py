"""Connections that end: a client that sends or reads too slowly does not keep its place.

uvicorn closes what is silent between two requests. It waits without end for the rest of a
request's head or body, and for who does not read; so each connection looks at itself every second.
A body has its time by its size, as mod_reqtimeout of Apache counts it: a moment, and then as long
as enough of it keeps coming.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from assistant.server import _problem_details as problem_details
from assistant.server._problem_details import Problem

_LOOKS: Final = 1.0  # seconds between two looks at a connection


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds, and bytes a second."""

    head: float = 10  # to the end of a request's headers
    body: float = 20  # of a body, and more as it comes:
    body_rate: float = 1000
    unread: float = 60  # while the client takes nothing of what waits for it


def connection(deadlines: Deadlines) -> type[H11Protocol]:
    """The class of connections for uvicorn, which makes them itself."""

    class Limited(_Connection):
        limits = deadlines

    return Limited


class _Connection(H11Protocol):
    limits: Deadlines

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._phase: tuple[object, object] = (None, None)
        self._since = self.loop.time()  # when this phase began
        self._received = 0  # bytes in this phase
        self._stalled: float | None = None  # since when what waits for the client is not taken
        self._look_again: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look_again is not None:
            self._look_again.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._received += len(data)
        super().data_received(data)
        self._follow()

    def pause_writing(self) -> None:
        self._stalled = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._stalled = None
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP; after an answer has begun there is no other to give."""
        self._refuse(Problem(400, "This is not HTTP/1.1 as a server reads it"))

    def _should_upgrade(self) -> bool:
        """Nothing here speaks over a websocket; a request for one is an ordinary request."""
        return False

    def _look(self) -> None:
        self._follow()
        now, limits = self.loop.time(), self.limits
        if self.transport.is_closing() or self._stalled is not None:
            if self._stalled is None:  # closing waits until everything has been taken
                self._stalled = now
            if now - self._stalled > limits.unread:
                self.transport.abort()
                return
        elif self._is_slow(now):
            self._refuse(Problem(408, "The request came too slowly; send it again"))
        least = min(limits.head, limits.body, limits.unread)
        self._look_again = self.loop.call_later(min(_LOOKS, least / 4), self._look)

    def _follow(self) -> None:
        """Begins to count anew where another part of a request, or another request, is read."""
        phase = (self.conn.their_state, self.cycle)
        if phase != self._phase:
            self._phase, self._since, self._received = phase, self.loop.time(), 0

    def _is_slow(self, now: float) -> bool:
        state = self.conn.their_state
        if state is h11.IDLE:
            return now - self._since > self.limits.head
        if state is not h11.SEND_BODY:
            return False
        if self.flow.read_paused:  # it is the application that does not read
            self._since, self._received = now, 0
        return now - self._since > self.limits.body + self._received / self.limits.body_rate

    def _refuse(self, problem: Problem) -> None:
        """Tells the problem where no answer has begun, and closes."""
        begun = self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE)
        silent = self.conn.their_state is h11.IDLE and not self._received
        if not begun and not silent:
            told = problem_details.response(problem, {})
            headers = [*told.raw_headers, (b"connection", b"close")]
            reason = STATUS_PHRASES[problem.status]
            for event in (
                h11.Response(status_code=problem.status, headers=headers, reason=reason),
                h11.Data(data=bytes(told.body)),
                h11.EndOfMessage(),
            ):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
        if self.cycle is not None:  # nothing that it still sends has a place
            self.cycle.disconnected = True
            self.cycle.message_event.set()
