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
from assistant.server._middleware import PERSON
from assistant.server._problem_details import Problem
from assistant.server._rate_limits import Rates
from assistant.server.credentials import COOKIE, Access
from assistant.text.interface_texts import interface_texts

TRIES: Final = 10  # of one client in a minute
TRIES_OF_A_NAME: Final = 30  # of all clients, so that a crowd cannot guess either
CHECKS_AT_ONCE: Final = 2  # each takes 64 MiB and a processor for a moment
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
    if access.users is None or access.sessions is None:
        return router
    users, sessions = access.users, access.sessions
    tries, tries_of_name = Rates(TRIES), Rates(TRIES_OF_A_NAME)
    limiter: list[CapacityLimiter] = []

    @router.get("/login")
    def form(request: Request, next: str = "") -> Response:
        return _page(request, next)

    @router.post("/login")
    async def sign_in(request: Request) -> Response:
        fields = await request.form(max_files=0, max_fields=10)
        name, password = _text(fields, "name").strip(), _text(fields, "password")
        there = _text(fields, "next")
        client = request.client.host if request.client else ""
        seconds = tries.wait(client) or tries_of_name.wait(name[:64])
        if seconds:
            return _page(request, there, "often", 429, seconds)
        if not limiter:  # belongs to the event loop that runs now
            limiter.append(CapacityLimiter(CHECKS_AT_ONCE))
        if not await to_thread.run_sync(users.check, name, password, limiter=limiter[0]):
            return _page(request, there, "wrong", 401)
        tries.forget(client)
        response = RedirectResponse(_local(there, request), 303)
        response.set_cookie(
            COOKIE,
            sessions.begin(name),
            max_age=sessions.seconds,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    @router.get("/logout")
    def leaving(request: Request) -> Response:
        words = _words(request)
        who = str(request.scope[PERSON]).partition(":")[2]
        return _html(_LEAVE.substitute(words, who=html.escape(who)), 200)

    @router.post("/logout")
    def leave(request: Request) -> Response:
        response = RedirectResponse(f"{request.scope['root_path']}/login", 303)
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    return router


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
