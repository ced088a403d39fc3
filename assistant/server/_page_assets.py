"""Gradio's scripts and styles: which of them the page needs, and they themselves from memory.

Gradio's scripts import each other, and the browser learns of the next only from the one before:
of some sixty files in four rounds. The document names all of them at once instead. Which they
are follows from the files: what its first script imports, and what the table of components has
for the page's own. Where a release of Gradio writes them otherwise fewer are named, and the
browser finds them as before.
"""

from __future__ import annotations

import gzip
import mimetypes
import re
from bisect import bisect
from collections.abc import Container, Iterable, Iterator
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOR_GOOD: Final = "private, max-age=31536000, immutable"  # a year, the most that is of use
# Not left to the machine's own table: a script of another type is not run.
_KINDS: Final = {".js": "text/javascript", ".css": "text/css"}
_UNKNOWN: Final = "application/octet-stream"
_SIGN_IN: Final = "Login-"  # Gradio's own page for that, which is never shown
_SMALLEST: Final = 512  # bytes worth compressing

_FILE: Final = r"\./((?:[\w.-]+/)?[\w.-]+\.(?:js|css))"
_NAMED: Final = re.compile(r'(?:src|href)="\./assets/([\w.-]+\.(?:js|css))"')
_IMPORTED: Final = re.compile(rf"""(?:from|import)\s*["`']{_FILE}["`']""")
# `name:{component:()=>load(()=>import("./Index.js"),__vite__mapDeps([3,4]),…)}`, where
# the numbers are of the list of files at the script's beginning. What is loaded outside of such a
# table is needed by every page.
_TABLE: Final = re.compile(r"\b([a-z]+):\{(?=(?:base|component|example):\(\)=>)")
_LATER: Final = re.compile(
    r"import\([`\"']\./([\w.-]+\.js)[`\"']\)[^\[]{0,40}?__vite__mapDeps\(\[([\d,]*)\]\)"
)
_LISTED: Final = re.compile(r"m\.f\|\|\(m\.f=(\[.*?\])\)")


class PageAssets:
    """The files under ``/assets/`` in Gradio's folder ``frontend``."""

    def __init__(self, frontend: Path) -> None:
        self.frontend = frontend
        self.folder = frontend / "assets"

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(path.name for path in self.folder.glob("*"))

    def has(self, name: str) -> bool:
        """Whether it is one of the files; never a way out of the folder."""
        return name in self._names

    async def send(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with a file that there is, compressed where the browser takes that."""
        body, packed = self._read(name)
        kind = _KINDS.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or _UNKNOWN
        headers = {"cache-control": FOR_GOOD, "vary": "Accept-Encoding"}
        if packed and "gzip" in Headers(scope=scope).get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            body = packed
        await Response(body, media_type=kind, headers=headers)(scope, receive, send)

    @lru_cache(maxsize=256)  # noqa: B019  # one object for the life of the server
    def _read(self, name: str) -> tuple[bytes, bytes]:
        """The file's bytes, and the same compressed where that makes them fewer."""
        body = (self.folder / name).read_bytes()
        packed = gzip.compress(body, 9) if len(body) >= _SMALLEST else b""
        return body, packed if len(packed) < len(body) else b""

    def needed(self, components: Iterable[str]) -> list[str]:
        """The files of a page of these components (Gradio's names: "chatbot")."""
        first = _NAMED.findall((self.frontend / "index.html").read_text("utf-8"))
        found = self._with_imports(first)
        # Two rounds: the application, then its blocks. What those load later they may never need.
        for _ in range(2):
            found |= self._with_imports(self._later(found, {""}))
        found |= self._with_imports(self._later(found, set(components)))
        return [name for name in found if not name.startswith(_SIGN_IN)]

    def _with_imports(self, names: Iterable[str]) -> dict[str, None]:
        """The files and what they import, as keys in their order."""
        found: dict[str, None] = {}
        waiting = list(names)
        while waiting:
            name = waiting.pop(0)
            if name not in found and self.has(name):
                found[name] = None
                waiting += _IMPORTED.findall(self._script(name))
        return found

    def _later(self, names: Iterable[str], components: Container[str]) -> list[str]:
        scripts = map(self._script, names)
        return [f for text in scripts for c, f in _loaded_later(text) if c in components]

    def _script(self, name: str) -> str:
        return (self.folder / name).read_text("utf-8") if name.endswith(".js") else ""


def _loaded_later(text: str) -> Iterator[tuple[str, str]]:
    """(component, file) of what a script loads when a page has that; "" for every page."""
    listed = _LISTED.search(text)
    if not listed:
        return
    every = re.findall(rf'"{_FILE}"', listed[1])
    tables = [(match.start(), match[1]) for match in _TABLE.finditer(text)]
    starts = [start for start, _ in tables]
    for load in _LATER.finditer(text):
        place = bisect(starts, load.start())
        component = tables[place - 1][1] if place else ""
        yield component, load[1]
        for number in filter(str.isdigit, load[2].split(",")):
            yield component, every[int(number)]
