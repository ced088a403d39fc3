"""How the page reaches the browser: its outline at once, and nothing twice.

Gradio's document is 125 KB of settings and scripts that show nothing until seventy files have
come. So it is compressed, and begins with a skeleton of the page. Files whose name or address
says which version they are need not be asked for again. Everything else passes untouched: streams
of events must not wait in a buffer.
"""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.page.labels import preferred_language
from assistant.page.skeleton import skeleton
from assistant.server._middleware import ROUTE

FOR_GOOD: Final = "private, max-age=31536000, immutable"  # a year, the most that is of use

_APP: Final = b"<gradio-app"  # where the page's body begins
# Gradio's document names none, and a browser then looks for it at the root of the site.
_HEAD_ENDS, _ICON = b"</head>", b'<link rel="icon" href="favicon.ico">'


class PageDelivery:
    """Around Gradio's application, whose document is at "/"."""

    def __init__(self, pages: ASGIApp) -> None:
        self.pages = pages
        self.document = GZipMiddleware(self._send_document, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and scope[ROUTE] == "/":
            await self.document(scope, receive, send)
        elif _is_versioned(scope):
            await self.pages(scope, receive, _kept_for_good(send))
        else:
            await self.pages(scope, receive, send)

    async def _send_document(self, scope: Scope, receive: Receive, send: Send) -> None:
        language = preferred_language(Headers(scope=scope).get("accept-language", ""))
        start: Message = {}
        body = b""

        async def insert(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            whole = body.replace(_APP, skeleton(language).encode() + _APP, 1)
            whole = whole.replace(_HEAD_ENDS, _ICON + _HEAD_ENDS, 1)
            MutableHeaders(scope=start)["content-length"] = str(len(whole))
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self.pages(scope, receive, insert)


def _is_versioned(scope: Scope) -> bool:
    """Names under /assets/ hold a hash of the file; the theme's address one of the theme."""
    route: str = scope[ROUTE]
    theme = route == "/theme.css" and scope["query_string"].startswith(b"v=")
    return bool(theme) or route.startswith("/assets/")


def _kept_for_good(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["cache-control"] = FOR_GOOD
        await send(message)

    return sent
