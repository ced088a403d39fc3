"""An application asked without a network: thousands of requests in seconds."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

HOST = "127.0.0.1:7860"
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a request; streams are left after their first part."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers).get(name, "")

    def names(self) -> set[str]:
        return {name for name, _ in self.headers}

    def json(self) -> Any:
        return json.loads(self.body)


async def call(
    app: ASGIApp,
    method: str,
    target: str,
    headers: Headers = (("host", HOST),),
    body: bytes = b"",
    client: str = "127.0.0.1",
) -> Reply:
    """The reply to one request as uvicorn hands it on; the client then hangs up."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        "client": (client, 50000),
        "server": ("127.0.0.1", 7860),
        "state": {},
    }
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[Message] = []
    begun = asyncio.Event()

    async def receive() -> Message:
        if waiting:
            return waiting.pop()
        await begun.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            begun.set()

    await asyncio.wait_for(app(scope, receive, send), 30)
    assert sent, f"no answer to {method} {target}"
    start, *parts = sent
    told = tuple((n.decode("latin-1"), v.decode("latin-1")) for n, v in start["headers"])
    return Reply(start["status"], told, b"".join(part.get("body", b"") for part in parts))


async def post_json(app: ASGIApp, target: str, body: bytes | Any, *more: tuple[str, str]) -> Reply:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [
        ("host", HOST),
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("content-length", str(len(data))),
        *more,
    ]
    return await call(app, "POST", target, headers, data)
