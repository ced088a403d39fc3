"""Bodies of JSON are read once, here, and strictly: what follows meets nothing it cannot write.

JSON's grammar lets in what breaks programs later: numbers that no program keeps, halves of
surrogate pairs, nesting that ends a parser. Python's reader also takes NaN and UTF-16.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, NoReturn

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server import _problem_details as problem_details
from assistant.server._problem_details import ROUTE, Problem

BODY: Final = "assistant.json"  # the key of the scope that holds what was read
DEEPEST: Final = 100  # lists and objects within each other
FILES: Final = ("/api/v1/articles", "/api/v1/cards/verify")  # whose bodies are files of any kind
_LARGEST: Final = (1 << 63) - 1


class JSONBodies:
    """Refuses a body that says it is JSON and is not, before the application reads it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_json(scope):
            await self.app(scope, receive, send)
            return
        body = await _whole(receive)
        if body is None:  # the client has gone
            return
        try:
            if body:
                scope[BODY] = read(body)
        except Problem as problem:
            await problem_details.response(problem, scope)(scope, receive, send)
            return
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, again, send)


def read(body: bytes) -> Any:
    """The value. Raises Problem for what is no JSON, and for JSON that cannot be worked with."""
    try:
        found = json.loads(
            body.decode("utf-8-sig"),
            parse_constant=_no_number,
            parse_float=_number,
            parse_int=_whole_number,
        )
    except UnicodeDecodeError:
        raise Problem(422, "The body is not JSON: it is not UTF-8") from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError:
        raise Problem(422, "The body is not JSON") from None
    _check_depth(found)
    if b"\\u" in body:  # no other way leads to half a pair
        try:
            json.dumps(found, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            half = "A text holds half a surrogate pair, which is not a character"
            raise Problem(422, half) from None
    return found


def _is_json(scope: Scope) -> bool:
    kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
    named = kind == "application/json" or kind.endswith("+json")
    return named and scope["method"] not in ("GET", "HEAD") and scope[ROUTE] not in FILES


async def _whole(receive: Receive) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


def _check_depth(found: Any) -> None:
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise _too_deep()


def _too_deep() -> Problem:
    return Problem(422, f"The body nests lists and objects more than {DEEPEST} deep")


def _no_number(name: str) -> NoReturn:
    raise Problem(422, f"The body is not JSON: it has no number {name}")


def _number(text: str) -> float:
    found = float(text)
    if not math.isfinite(found):
        raise Problem(422, "A number is too large")
    return found


def _whole_number(text: str) -> int:
    if len(text) > 20 or not -_LARGEST <= int(text) <= _LARGEST:
        raise Problem(422, "A number is too large")
    return int(text)
