"""The door of the server: every request passes here first.

In this order: the proxy's word about the client, the name the server was called by (a page
elsewhere may have had its own name lead here), who is asking, whether a page elsewhere asks in
their name, and how often they asked. Answers leave with headers that let a browser load nothing
from elsewhere.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.server import _problem_details as problem_details
from assistant.server._problem_details import Problem
from assistant.server._rate_limits import Rates, too_many
from assistant.server.credentials import COOKIE, LOOPBACK, Access
from assistant.settings import Settings, is_root_path

PERSON: Final = "assistant.person"  # the key of the scope that holds the name of who asks
ROUTE: Final = "assistant.route"  # that of the path without what a proxy serves all of this under
PUBLIC: Final = frozenset(
    "/healthz /readyz /metrics /login /login.css /login.js /openapi.json /docs".split()
)
KEYED: Final = ("/api/v1/", "/v1/")  # where a key is taken
COUNTED: Final = (*KEYED, "/mcp")
PAGE_ASKS: Final = "/gradio_api/queue/join"
PAGE_EVENTS: Final = 10  # events of the page for a question, with room for a look around

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

    def __init__(self, app: ASGIApp, access: Access, settings: Settings) -> None:
        self.app = app
        self.access = access
        self.rates = Rates(settings.requests_a_minute)
        self.page_rates = Rates(settings.requests_a_minute * PAGE_EVENTS)
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
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        scope = dict(scope)
        headers = Headers(scope=scope)
        self._place(scope, headers)
        if not scope[ROUTE]:  # what the page refers to lies beside it
            await RedirectResponse(f"{scope['path']}/", 308)(scope, receive, secured)
            return
        try:
            self._pass(scope, headers)
        except Problem as problem:
            if problem.status == 401 and self._wants_page(scope, headers):
                sign_in = f"{scope['root_path']}/login?next={quote(scope['path'])}"
                there = RedirectResponse(sign_in, 303)
                await there(scope, receive, secured)
            else:
                await problem_details.response(problem, scope["path"])(scope, receive, secured)
            return
        try:
            await self.app(scope, receive, secured)
        except Exception as failure:
            if begun:
                raise
            found = problem_details.of_failure(failure)
            await problem_details.response(found, scope["path"])(scope, receive, secured)

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

    def _pass(self, scope: Scope, headers: Headers) -> None:
        """Raises Problem for a request that may not pass."""
        proxied = self._is_proxied(scope)
        host = headers.get("host", "")
        if proxied:
            host = headers.get("x-forwarded-host", host)
            _tell_by_proxy(scope, headers)
        if self.hosts and _name_of(host) not in self.hosts:
            raise Problem(421, "This server does not go by that host name; the setting is 'hosts'")
        person = self._person(scope, headers, proxied)
        if person is None and self.access.required and scope[ROUTE] not in PUBLIC:
            raise Problem(
                401,
                "Sign in, or send a key as 'Authorization: Bearer …'",
                {"WWW-Authenticate": "Bearer"},
                code="invalid_api_key",
            )
        scope[PERSON] = person or ""
        if scope["method"] not in ("GET", "HEAD", "OPTIONS") and _is_foreign(headers, host):
            raise Problem(403, "A page of another site may not ask this server")
        self._count(scope, person)

    def _is_proxied(self, scope: Scope) -> bool:
        client = scope.get("client")
        return bool(client and self.access.proxy_address and client[0] == self.access.proxy_address)

    def _person(self, scope: Scope, headers: Headers, proxied: bool) -> str | None:
        """Who asks, marked with how that is known: names of users and of keys are not the same."""
        access = self.access
        if access.keys and scope[ROUTE].startswith(KEYED):
            kind, _, key = headers.get("authorization", "").partition(" ")
            owner = access.keys.owner(key.strip()) if kind.lower() == "bearer" else None
            if owner:
                return f"key:{owner}"
        if proxied and access.proxy_header:
            names = headers.getlist(access.proxy_header)
            if len(names) == 1 and names[0]:  # of two, one may be the client's own
                return f"proxy:{names[0]}"
        if access.sessions:
            cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            if user := access.sessions.user(cookie):
                return f"user:{user}"
        return None

    def _wants_page(self, scope: Scope, headers: Headers) -> bool:
        html = "text/html" in headers.get("accept", "")
        return bool(self.access.users) and scope["method"] == "GET" and html

    def _count(self, scope: Scope, person: str | None) -> None:
        client = person or (scope["client"][0] if scope.get("client") else "")
        if scope[ROUTE].startswith(COUNTED):
            seconds = self.rates.wait(client)
        elif scope[ROUTE] == PAGE_ASKS:
            seconds = self.page_rates.wait(client)
        else:
            return
        if seconds:
            raise too_many(seconds)


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


def _name_of(host: str) -> str:
    """The name in a Host header, without port and brackets; "" for nonsense."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_foreign(headers: Headers, host: str) -> bool:
    """Whether a browser sends this for a page of another site.

    Browsers say so in Sec-Fetch-Site, or at least name that page's Origin; programs send neither.
    The rule is that of Go's net/http.CrossOriginProtection.
    """
    site = headers.get("sec-fetch-site")
    if site:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != host
