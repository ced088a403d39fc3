"""How the page reaches the browser: its outline at once, and nothing twice.

Gradio's document is 125 KB of settings and scripts that show nothing until seventy files have
come. So it is compressed, and begins with a skeleton of the page. Files whose name or address
says which version they are need not be asked for again. Everything else passes untouched: streams
of events must not wait in a buffer.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.page.labels import Language, preferred_language
from assistant.server._middleware import POLICY
from assistant.server._page_assets import FOR_GOOD, PageAssets
from assistant.server._problem_details import ROUTE

_ASSETS: Final = "/assets/"

# What browsers take for a script of the document's own: from its tag to the first that ends one.
_INLINE: Final = re.compile(rb"(?is)<script(?![^>]*\ssrc=)[^>]*>(.*?)</script")
_SCRIPTS_FROM_HERE: Final = "script-src 'self'"
_APP: Final = b"<gradio-app"  # where the page's body begins
# Gradio's document names none, and a browser then looks for it at the root of the site.
_HEAD_ENDS, _ICON = b"</head>", '<link rel="icon" href="favicon.ico">'

_SCRIPT: Final = '<link rel="modulepreload" href=".{}{}">'
_STYLE: Final = '<link rel="preload" as="style" crossorigin href=".{}{}">'


class PageDelivery:
    """Around Gradio's application, whose document is at "/"."""

    def __init__(
        self,
        pages: ASGIApp,
        assets: PageAssets,
        components: Iterable[str],
        outline: Callable[[Language], str],
    ) -> None:
        """``components``: Gradio's names of those that the page has; ``outline``: the markup of
        what is seen until they are there."""
        self.pages = pages
        self.outline = outline
        self.assets = assets
        self.head = (_ICON + _named_early(assets.needed(components))).encode()
        self.document = GZipMiddleware(self._send_document, compresslevel=6)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and scope[ROUTE] == "/":
            await self.document(scope, receive, send)
        elif name := self._asset(scope):
            await self.assets.send(name, scope, receive, send)
        elif _is_theme(scope):
            await self.pages(scope, receive, _kept_for_good(send))
        else:
            await self.pages(scope, receive, send)

    def _asset(self, scope: Scope) -> str:
        """The name of the file of ours that is asked for, whole; or ""."""
        before, found, name = scope[ROUTE].rpartition(_ASSETS)
        whole = scope["method"] in ("GET", "HEAD") and "range" not in Headers(scope=scope)
        return name if found and whole and not before and self.assets.has(name) else ""

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
            whole = body
            if _APP in body:
                outline = await run_in_threadpool(self.outline, language)
                whole = body.replace(_APP, outline.encode() + _APP, 1)
            whole = whole.replace(_HEAD_ENDS, self.head + _HEAD_ENDS, 1)
            headers = MutableHeaders(scope=start)
            headers["content-length"] = str(len(whole))
            headers["content-security-policy"] = policy_of(whole)
            await send(start)
            await send({"type": "http.response.body", "body": whole})

        await self.pages(scope, receive, insert)


def _named_early(files: Iterable[str]) -> str:
    """Links that let the browser fetch the files before a script asks for them."""
    kinds = {"js": _SCRIPT, "css": _STYLE}
    return "".join(kinds[name.rpartition(".")[2]].format(_ASSETS, name) for name in files)


def _is_theme(scope: Scope) -> bool:
    """The address of the theme's style names its version."""
    return bool(scope[ROUTE] == "/theme.css" and scope["query_string"].startswith(b"v="))


def policy_of(document: bytes) -> str:
    """The policy of Gradio's document: of scripts in its markup, those it came with and no other.

    Gradio makes functions of the texts of its events and of ``js_on_load``, and shows nothing at
    all where it may not ('unsafe-eval').
    """
    sums = [hashlib.sha256(script).digest() for script in _INLINE.findall(document)]
    hashes = " ".join(f"'sha256-{base64.b64encode(each).decode()}'" for each in sums)
    return POLICY.replace(_SCRIPTS_FROM_HERE, f"{_SCRIPTS_FROM_HERE} 'unsafe-eval' {hashes}")


def _kept_for_good(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start" and message["status"] == 200:
            MutableHeaders(scope=message)["cache-control"] = FOR_GOOD
        await send(message)

    return sent
