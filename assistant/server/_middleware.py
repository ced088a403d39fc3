"""The door of the server: every request passes here first.

In this order: whether it is a request at all, the proxy's word about the client, the name the
server was called by (a page elsewhere may have had its own name lead here), who is asking, whether
a page elsewhere asks in their name, and how much they asked. Answers leave with headers that let a
browser load nothing from elsewhere, and without any that would let a page elsewhere read them.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server import _cross_site as cross_site
from assistant.server import _problem_details as problem_details
from assistant.server._allowances import Allowances, client_of, price
from assistant.server._authority import authority
from assistant.server._cookies import cookie_values
from assistant.server._problem_details import ROUTE, Problem
from assistant.server.credentials import COOKIE, LOOPBACK, Access
from assistant.settings import Settings, is_root_path

PERSON: Final = "assistant.person"  # the key of the scope that holds the name of who asks
PUBLIC: Final = frozenset(
    "/healthz /readyz /metrics /login /login.css /login.js /openapi.json /docs".split()
)
KEYED: Final = ("/api/v1/", "/v1/", "/mcp/")  # where a key is taken
CLIENT: Final = "assistant.client"  # the key of the scope that holds whose allowance it is
MOST_HEADERS: Final = 16_384  # bytes of all of them
LONGEST_TARGET: Final = 8_192  # bytes of path and query

# What no address needs, and file systems and log lines trip over.
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# By these Gradio is told who it is. The first is of a proxy, the other one of its own servers.
_TELL_GRADIO: Final = (b"x-forwarded-host", b"x-gradio-server")

# Gradio's components have styles in their markup. Its document names its own scripts, and makes
# functions of text: its policy is another (see _page_delivery.py).
POLICY: Final = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


class AccessMiddleware:
    """Middleware around the whole application."""

    def __init__(
        self, app: ASGIApp, access: Access, settings: Settings, allowances: Allowances
    ) -> None:
        self.app = app
        self.access = access
        self.allowances = allowances
        named = {host.strip().lower() for host in settings.hosts.split(",") if host.strip()}
        self.root_path = settings.root_path
        self.hosts = named | set(LOOPBACK) if named or settings.host in LOOPBACK else set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks over a websocket
            await send({"type": "websocket.close", "code": 1008})
            return

        begun = False

        async def secured(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _secure(message)
            await send(message)

        scope = dict(scope)
        try:
            await self._answer(scope, receive, secured)
        except ClientDisconnect:  # nobody is there to be told
            return
        except Exception as failure:
            if begun:
                raise
            found = problem_details.of_failure(failure)
            await problem_details.response(found, scope)(scope, receive, secured)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        _check_form(scope)
        headers = Headers(scope=scope)
        self._place(scope, headers)
        proxied = self._is_proxied(scope)
        host = self._host(scope, headers, proxied)
        if proxied:
            _tell_by_proxy(scope, headers)
        if not scope[ROUTE]:  # what the page refers to lies beside it
            await RedirectResponse(f"{scope['path']}/", 308)(scope, receive, send)
            return
        try:
            self._pass(scope, headers, host, proxied)
        except Problem as problem:
            if problem.status != 401 or not self._wants_page(scope, headers):
                raise
            sign_in = f"{scope['root_path']}/login?next={quote(scope['path'])}"
            await RedirectResponse(sign_in, 303)(scope, receive, send)
            return
        with self.allowances.open(scope[CLIENT]):
            await self.app(scope, receive, send)

    def _place(self, scope: Scope, headers: Headers) -> None:
        """Tells the application under which path the browser knows it, whether or not the proxy
        takes that path away: by the setting, or by what a proxy on this machine says."""
        client, near_ones = scope.get("client"), (*LOOPBACK, self.access.proxy_address)
        near = client is not None and client[0] in near_ones
        root = self.root_path or (headers.get("x-forwarded-prefix", "") if near else "")
        root = root.rstrip("/")
        if not is_root_path(root):
            root = ""
        path: str = scope["path"]
        inside = bool(root) and (path == root or path.startswith(f"{root}/"))
        route = path.removeprefix(root) if inside else path
        scope.update({"root_path": root, "path": root + route, ROUTE: route})

    def _host(self, scope: Scope, headers: Headers, proxied: bool) -> str:
        """The authority that the server was called by; Gradio is told no other.

        Raises Problem for one that is none, or none of ours.
        """
        told = headers.getlist("host")
        forwarded = _last(headers, "x-forwarded-host") if proxied else ""
        called = forwarded or "".join(told)
        name = authority(called)
        if len(told) != 1 or authority(told[0]) is None or name is None:
            raise Problem(400, "A request has one Host header, which is a name and maybe a port")
        if self.hosts and name.name not in self.hosts:
            raise Problem(421, "This server does not go by that host name; the setting is 'hosts'")
        kept = [(name, value) for name, value in scope["headers"] if name not in _TELL_GRADIO]
        if forwarded:
            kept.append((b"x-forwarded-host", forwarded.encode("latin-1")))
        scope["headers"] = kept
        return called

    def _pass(self, scope: Scope, headers: Headers, host: str, proxied: bool) -> None:
        """Raises Problem for a request that may not pass."""
        person = self._person(scope, headers, proxied)
        public = scope[ROUTE] in PUBLIC
        if person is None and self.access.required and not public:
            raise Problem(
                401,
                "Sign in, or send a key as 'Authorization: Bearer …'",
                {"WWW-Authenticate": "Bearer"},
                code="invalid_api_key",
            )
        scope[PERSON] = person or ""
        if not cross_site.may_pass(headers, scope["method"], scope[ROUTE], host, public):
            raise Problem(403, "A page of another site may not ask this server")
        scope[CLIENT] = client_of(person, scope["client"][0] if scope.get("client") else "")
        self.allowances.charge(scope[CLIENT], price(scope[ROUTE]))

    def _is_proxied(self, scope: Scope) -> bool:
        client = scope.get("client")
        return bool(client and self.access.proxy_address and client[0] == self.access.proxy_address)

    def _person(self, scope: Scope, headers: Headers, proxied: bool) -> str | None:
        """Who asks, marked with how that is known: names of users and of keys are not the same."""
        access = self.access
        if access.keys and is_keyed(scope[ROUTE]):
            kind, _, key = headers.get("authorization", "").partition(" ")
            owner = access.keys.owner(key.strip()) if kind.lower() == "bearer" else None
            if owner:
                return f"key:{owner}"
        if proxied and access.proxy_header:
            names = headers.getlist(access.proxy_header)
            if len(names) == 1 and names[0]:  # of two, one may be the client's own
                return f"proxy:{names[0]}"
        user = access.sessions and access.sessions.user_of(cookie_values(COOKIE, scope))
        return f"user:{user}" if user else None

    def _wants_page(self, scope: Scope, headers: Headers) -> bool:
        html = "text/html" in headers.get("accept", "")
        return bool(self.access.users) and scope["method"] == "GET" and html


def _check_form(scope: Scope) -> None:
    """Raises Problem for what is larger than a request is, or asks for no path of this server."""
    if len(scope["path"]) + len(scope["query_string"]) > LONGEST_TARGET:
        raise Problem(414, f"The address is longer than {LONGEST_TARGET} bytes")
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADERS:
        raise Problem(431, f"The headers are larger than {MOST_HEADERS} bytes")
    path: str = scope["path"]
    if not path.startswith("/") or _CONTROL.search(path) or not scope["query_string"].isascii():
        raise Problem(400, "The address is not a path of this server")


def _secure(message: Message) -> None:
    """Adds what protects an answer, and takes away what would open it to pages elsewhere."""
    message["headers"] = [
        (name, value)
        for name, value in message.get("headers", ())
        if not name.lower().startswith(b"access-control-")
    ]
    headers = MutableHeaders(scope=message)
    for name, value in HEADERS.items():
        headers.setdefault(name, value)


def is_keyed(route: str) -> bool:
    """Whether it is a program's way in: under one of KEYED, or one itself ("/mcp")."""
    return f"{route}/".startswith(KEYED)


def _tell_by_proxy(scope: Scope, headers: Headers) -> None:
    """The client and scheme as the proxy saw them; it appends to what clients send."""
    forwarded = _last(headers, "x-forwarded-for")
    if forwarded:
        scope["client"] = (forwarded, 0)
    scheme = _last(headers, "x-forwarded-proto")
    if scheme in ("http", "https"):
        scope["scheme"] = scheme


def _last(headers: Headers, name: str) -> str:
    return ",".join(headers.getlist(name)).rpartition(",")[2].strip()
