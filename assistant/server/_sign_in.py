"""The sign-in page, in Vietnamese and English: a plain form that needs no script.

Its one script only carries the place in an article that the address named past the form.
"""

from __future__ import annotations

import html
from pathlib import Path
from string import Template
from typing import Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from assistant.page.labels import LABELS, preferred_language
from assistant.server._cookies import cookie_values, set_cookie
from assistant.server._middleware import PERSON
from assistant.server._password_tries import Refused, Tries
from assistant.server._problem_details import Problem
from assistant.server.credentials import COOKIE, DEVICE, Access, Users
from assistant.text.interface_texts import interface_texts

CHECKS_AT_ONCE: Final = 2  # each takes 64 MiB and a processor for a moment
MOST_WAITING: Final = 40  # for a check; as many take some seconds
SECONDS_OF_A_LINE: Final = 5
DEVICE_SECONDS: Final = 365 * 86_400  # that a browser is known
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

_STATIC: Final = Path(__file__).with_name("static")
_PAGE: Final = Template((_STATIC / "login.html").read_text("utf-8"))
_LEAVE: Final = Template((_STATIC / "logout.html").read_text("utf-8"))


def routes(access: Access) -> APIRouter:
    """The page, where there are users to sign in; a way out for them."""
    router = APIRouter(include_in_schema=False)
    if access.users is None or access.sessions is None or access.tries is None:
        return router
    sessions, tries = access.sessions, access.tries
    passwords = _Passwords(access.users, tries)

    @router.get("/login")
    def form(request: Request, next: str = "") -> Response:
        return _page(request, next)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        fields = await request.form(max_files=0, max_fields=10)
        name, password = _text(fields, "name").strip(), _text(fields, "password")
        there = _text(fields, "next")
        client = request.client.host if request.client else ""
        device = next(iter(cookie_values(DEVICE, request.scope)), "")
        seconds = await passwords.wait(name, password, client, device)
        if seconds:
            return _page(request, there, "often", 429, seconds)
        if seconds is None:
            return _page(request, there, "wrong", 401)
        response = RedirectResponse(_local(there, request), 303)
        # Never a number that the browser had before: another may have put it there.
        await to_thread.run_sync(sessions.end, cookie_values(COOKIE, request.scope))
        begun = await to_thread.run_sync(sessions.begin, name)
        set_cookie(response, COOKIE, request.scope, begun, sessions.seconds)
        known = tries.device(name, device)
        set_cookie(response, DEVICE, request.scope, known, DEVICE_SECONDS)
        return response

    @router.get("/logout")
    def leaving(request: Request) -> Response:
        words = _words(request)
        who = str(request.scope[PERSON]).partition(":")[2]
        return _html(_LEAVE.substitute(words, who=html.escape(who)), 200)

    @router.post("/logout")
    async def leave(request: Request) -> Response:
        fields = await request.form(max_files=0, max_fields=10)
        kind, _, who = str(request.scope[PERSON]).partition(":")
        if kind == "user" and _text(fields, "everywhere"):
            await to_thread.run_sync(sessions.end_all, who)
        else:
            await to_thread.run_sync(sessions.end, cookie_values(COOKIE, request.scope))
        response = RedirectResponse(f"{request.scope['root_path']}/login", 303)
        set_cookie(response, COOKIE, request.scope, "", 0)
        return response

    return router


class _Passwords:
    """Looks at passwords: a few at a time, those of browsers that signed in before in a line of
    their own, so that no crowd of strangers stands before them."""

    def __init__(self, users: Users, tries: Tries) -> None:
        self.users = users
        self.tries = tries
        self._lines: dict[bool, CapacityLimiter] = {}

    async def wait(self, name: str, password: str, client: str, device: str) -> int | None:
        """0 for the user's password, None for a wrong one; else the whole seconds after which
        it may be tried."""
        known = self.tries.is_known(name, device)
        # Belongs to the event loop that runs now.
        line = self._lines.setdefault(known, CapacityLimiter(CHECKS_AT_ONCE))
        if line.statistics().tasks_waiting >= MOST_WAITING:
            return SECONDS_OF_A_LINE
        begun = await to_thread.run_sync(self.tries.begin, name, client, device)
        if isinstance(begun, Refused):
            return begun.seconds
        if not await to_thread.run_sync(self.users.check, name, password, limiter=line):
            return None
        await to_thread.run_sync(self.tries.right, begun)
        return 0


def _page(
    request: Request, there: str, fault: str = "", status: int = 200, seconds: int = 0
) -> Response:
    words = _words(request)
    told = words[fault].format(n=seconds) if fault else ""
    text = _PAGE.substitute(words, fault=told, next=html.escape(_local(there, request), quote=True))
    response = _html(text, status)
    if seconds:
        response.headers["Retry-After"] = str(seconds)
    return response


def _html(text: str, status: int) -> HTMLResponse:
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(text, status, headers)


def _words(request: Request) -> dict[str, str]:
    language = preferred_language(request.headers.get("accept-language", ""))
    known = {"language": language, "product": LABELS[language].title}
    return {**known, **interface_texts("sign_in")[language]}


def _text(fields: FormData, name: str) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str):
        raise Problem(422, f"{name}: should be text")
    return value


def _local(address: str, request: Request) -> str:
    """An address of this server, the page for any other: nobody is sent elsewhere by signing in."""
    page = f"{request.scope['root_path']}/"
    plain = address.startswith(page) and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() else page
