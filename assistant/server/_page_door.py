"""What of Gradio's application may be reached: what the page asks for, as it asks for it.

Gradio serves much that this page has no use for (files of the machine, uploads, a proxy, calls of
functions by name, monitoring, an editor), and its handlers take any value for one of their own.
So its routes are named here, and an event is held against the page's components before it comes
to them: what would break a handler is a fault of the request, told as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.page import event_data
from assistant.server._allowances import ANSWERED, Allowances
from assistant.server._cross_site import SAFE
from assistant.server._json_bodies import BODY
from assistant.server._middleware import CLIENT
from assistant.server._problem_details import ROUTE, Problem

ANSWERING: Final = "answer"  # the concurrency_id of the events that answer a question
AT_ONCE, IN_TURN, CANCEL = (
    f"/gradio_api/{name}" for name in ("run/predict", "queue/join", "cancel")
)

_SESSION: Final = "[A-Za-z0-9-]{1,64}"
_READ: Final = re.compile(
    r"/|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt"
    r"|/(?:assets|static)(?:/(?!\.+(?:/|$))[\w.@~+-]{1,200}){1,8}"
    rf"|/gradio_api/(?:app_id|queue/data|heartbeat/{_SESSION})",
    re.ASCII,
)
_SENT: Final = (AT_ONCE, IN_TURN, CANCEL)
_STREAM: Final = re.compile(rf"session_hash={_SESSION}".encode())


class Function(Protocol):
    """What is looked at of gradio.blocks.BlockFunction."""

    fn: Any
    inputs: Any
    targets: Any
    queue: bool
    concurrency_id: str | None


class Pages(Protocol):
    """What is looked at of gradio.Blocks."""

    state_holder: Any

    @property
    def fns(self) -> Mapping[int, Any]: ...


class _Event(BaseModel):
    """An event as the page tells it; other fields are for programs, and are not passed on."""

    model_config = ConfigDict(extra="ignore")

    session_hash: str = Field(pattern=f"^{_SESSION}$")
    fn_index: StrictInt
    trigger_id: StrictInt | None = None
    data: list[Any]
    event_data: Any = None


class _Cancel(BaseModel):
    """That an event is no longer waited for."""

    session_hash: str = Field(pattern=f"^{_SESSION}$")
    fn_index: StrictInt
    event_id: str = Field(pattern=f"^{_SESSION}$")


class PageDoor:
    """Around Gradio's application: ``blocks`` is the page that it serves."""

    def __init__(self, pages: ASGIApp, blocks: Pages, allowances: Allowances) -> None:
        self.pages = pages
        self.blocks = blocks
        self.allowances = allowances

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Problem for what the page does not ask for."""
        route = scope[ROUTE]
        sent = route in _SENT
        if not sent and not _READ.fullmatch(route):
            raise HTTPException(404)
        allowed = ("POST",) if sent else SAFE
        if scope["method"] not in allowed:
            raise HTTPException(405, headers={"Allow": ", ".join(allowed)})
        if sent:
            receive = _sending(self._checked(scope), receive)
            scope = _as_json(scope)
        elif route == "/gradio_api/queue/data":
            if not _STREAM.fullmatch(scope["query_string"]):
                raise Problem(422, "session_hash: should be that of an open page")
        elif route == "/":  # Gradio would look there for states to begin with
            scope = {**scope, "query_string": b""}
        await _quietly(self.pages, scope, receive, send)

    def _checked(self, scope: Scope) -> dict[str, Any]:
        """The body, with nothing but what Gradio shall read. Raises Problem for a faulty one."""
        if not isinstance(scope.get(BODY), dict):
            raise Problem(422, "The body should be a JSON object, and say that it is JSON")
        try:
            if scope[ROUTE] == CANCEL:
                return _Cancel(**scope[BODY]).model_dump()
            event = _Event(**scope[BODY])
        except ValidationError as error:
            fault = error.errors()[0]
            raise Problem(422, f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None
        function = self._function(event, scope[ROUTE])
        self._check(event, function)
        if function.concurrency_id == ANSWERING:
            self.allowances.charge(scope[CLIENT], ANSWERED)
        return event.model_dump()

    def _function(self, event: _Event, route: str) -> Function:
        function: Function | None = self.blocks.fns.get(event.fn_index)
        if function is None or function.fn is None or function.queue != (route == IN_TURN):
            raise Problem(422, "fn_index: no event of the page is sent here under this number")
        return function

    def _check(self, event: _Event, function: Function) -> None:
        if len(event.data) != len(function.inputs):
            raise Problem(422, f"data: {len(function.inputs)} values are sent with this event")
        session = self.blocks.state_holder.session_data.get(event.session_hash, {})
        for place, component in enumerate(function.inputs):
            if component.stateful:  # is kept here, and not taken from anyone
                event.data[place] = None
                continue
            own = session.get(component._id, component)
            empty = event.data[place] is None and _may_be_empty(component)
            if not empty and not _is_value(own, event.data[place]):
                raise Problem(422, f"data.{place}: is not a value of that part of the page")
        for _, name in function.targets:
            if fault := event_data.fault(name, event.event_data):
                raise Problem(422, fault)


def _may_be_empty(component: Any) -> bool:
    """Whether it is a choice that was not offered yet, or one that can be taken back; of the page
    as it was made, since what a visitor's copy was updated to is not what it may be."""
    empty = component.value is None or getattr(component, "allow_custom_value", False)
    return bool(hasattr(component, "choices") and empty)


def _is_value(component: Any, value: Any) -> bool:
    """Whether the component takes the value. Those of this page have texts and numbers."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        component.preprocess(value)
    except Exception:
        return False
    return True


def _as_json(scope: Scope) -> Scope:
    kept = [(n, v) for n, v in scope["headers"] if n not in (b"content-type", b"content-length")]
    return {**scope, "headers": [*kept, (b"content-type", b"application/json")]}


def _sending(body: dict[str, Any], receive: Receive) -> Receive:
    """``receive`` with that body instead of the one that came."""
    data = json.dumps(body, ensure_ascii=False).encode()
    waiting: list[Message] = [{"type": "http.request", "body": data, "more_body": False}]
    read = False

    async def sent() -> Message:
        nonlocal read
        if waiting:
            return waiting.pop()
        if not read:  # what came stands before what comes next
            read = True
            while (message := await receive()).get("more_body"):
                pass
            if message["type"] == "http.disconnect":
                return message
        return await receive()

    return sent


async def _quietly(pages: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A stream of a session that is not there ends: Gradio has said so in it, and then raises."""
    begun = False

    async def sent(message: Message) -> None:
        nonlocal begun
        begun = True
        await send(message)

    try:
        await pages(scope, receive, sent)
    except Exception as failure:
        told = failure if isinstance(failure, HTTPException) else failure.__cause__
        if not begun or not isinstance(told, HTTPException):
            raise
        await send({"type": "http.response.body", "body": b"", "more_body": False})
