"""What can be seen of the server from outside: a line and an id for each request, and metrics.

Neither tells a question, an answer, an article or who asked. ``/metrics`` is for Prometheus: for
clients on this machine, and for others with a key of the API.
"""

from __future__ import annotations

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant import logs
from assistant.answering.answer_options import Choice, Choices
from assistant.answering.protocols import AnsweringAssistant
from assistant.server._authority import authority
from assistant.server._problem_details import Problem
from assistant.server.credentials import LOOPBACK, Access
from assistant.settings import Settings
from assistant.types import AnswerEvent, Finished, Retrieved, Turn

ID: Final = "X-Request-ID"
METRICS: Final = "/metrics"
UNKNOWN: Final = "-"  # the route of what was refused at the door, or is nowhere
_GIVEN: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)
_SEEN: Final = "assistant.seen"  # the key of the scope under which the two middlewares meet
_SECONDS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
_log = logging.getLogger(logs.REQUESTS)


class Meters:
    """The counters of one application, and the answers that are being given now."""

    def __init__(self) -> None:
        own = self.registry = CollectorRegistry()
        self.requests = Counter(
            "assistant_requests", "Requests.", ("method", "route", "status"), registry=own
        )
        self.seconds = Histogram(
            "assistant_request_seconds", "To a request's last byte.", ("route",),
            buckets=_SECONDS, registry=own,
        )  # fmt: skip
        self.answers = Counter("assistant_answers", "Answers.", ("grounding",), registry=own)
        self.stages = Histogram(
            "assistant_answer_milliseconds", "Of retrieval, and from there to the answer's end.",
            ("stage",), buckets=[1000 * s for s in _SECONDS], registry=own,
        )  # fmt: skip
        self._running = 0
        self._changed = threading.Condition()

    def tell_of(self, index: Any) -> None:
        """Adds how many articles the index has, and which generation it is."""
        for name, told, value in (
            ("generation", "Committed changes.", lambda: index.catalog.generation),
            ("articles", "Articles.", lambda: index.catalog.counts()["articles"]),
        ):
            Gauge(f"assistant_index_{name}", told, registry=self.registry).set_function(value)

    def watched(self, start: Callable[[], Iterator[AnswerEvent]]) -> Iterator[AnswerEvent]:
        """The events of ``start()``, counted; closing this closes them."""
        self._count(+1)
        try:
            began = time.monotonic()
            events = start()
            try:
                for event in events:
                    now = time.monotonic()
                    if isinstance(event, Retrieved):
                        self.stages.labels("retrieval").observe(1000 * (now - began))
                        began = now
                    elif isinstance(event, Finished):
                        self.stages.labels("reading").observe(1000 * (now - began))
                        self.answers.labels(event.answer.grounding).inc()
                    yield event
            finally:
                if close := getattr(events, "close", None):
                    close()
        finally:
            self._count(-1)

    def wait_for_answers(self, seconds: float) -> bool:
        """Waits until no answer is being given; whether that came within ``seconds``."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def _count(self, change: int) -> None:
        with self._changed:
            self._running += change
            self._changed.notify_all()


class _Watched:
    """An assistant whose answers are counted."""

    def __init__(self, inner: AnsweringAssistant, meters: Meters) -> None:
        self._inner = inner
        self._meters = meters

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def stream(
        self, question: str, history: Sequence[Turn] = (), **limits: Any
    ) -> Iterator[AnswerEvent]:
        return self._meters.watched(lambda: self._inner.stream(question, history, **limits))


class WatchedChoices(Choices):
    """Through which page, HTTP and MCP ask alike."""

    def __init__(self, assistant: AnsweringAssistant, settings: Settings, meters: Meters) -> None:
        super().__init__(assistant, settings)
        self._meters = meters

    def under(self, choice: Choice) -> AnsweringAssistant:
        return cast(AnsweringAssistant, _Watched(super().under(choice), self._meters))


class Watching:
    """Middleware around everything: each request gets an id, a line in the log, and is counted."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self.app = app
        self.meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = Headers(scope=scope).get(ID, "")
        name = given if _GIVEN.fullmatch(given) else secrets.token_hex(8)
        scope[_SEEN] = seen = {"route": UNKNOWN, "status": 500}
        began = time.monotonic()

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
                MutableHeaders(scope=message)[ID] = name
            await send(message)

        token = logs.request_id.set(name)
        try:
            await self.app(scope, receive, named)
        finally:
            self._tell(scope["method"], seen, time.monotonic() - began)
            logs.request_id.reset(token)

    def _tell(self, method: str, seen: dict[str, Any], seconds: float) -> None:
        # Methods and routes are counted by name: a client's own would be without number.
        facts = {"method": method if method in _METHODS else UNKNOWN, **seen}
        self.meters.requests.labels(facts["method"], seen["route"], seen["status"]).inc()
        self.meters.seconds.labels(seen["route"]).observe(seconds)
        facts["ms"] = round(1000 * seconds)
        _log.info("request", extra={logs.FACTS: facts})


_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class NotingRoute:
    """The innermost middleware: it sees which route the router has taken."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self.app(scope, receive, send)
        finally:
            path = getattr(scope.get("route"), "path", None)
            if _SEEN in scope and path is not None:
                scope[_SEEN]["route"] = path


def metrics_route(meters: Meters, access: Access) -> Callable[[Request], Response]:
    """Answers ``/metrics``."""

    def metrics(request: Request) -> Response:
        headers = request.headers
        client = request.client.host if request.client else ""
        near = client in LOOPBACK and client != access.proxy_address
        # A proxy tells whom it asks for, or at least by which name it was asked.
        host = authority(headers.get("host", ""))
        proxied = any(name in headers for name in ("x-forwarded-for", "forwarded", "x-real-ip"))
        proxied = proxied or host is None or host.name not in LOOPBACK
        key = headers.get("authorization", "").partition(" ")[2].strip()
        known = bool(key and access.keys and access.keys.owner(key))
        if not known and (not near or proxied):
            raise Problem(403, "Metrics are for this machine, and for others with a key of the API")
        return Response(generate_latest(meters.registry), media_type=CONTENT_TYPE_LATEST)

    return metrics
