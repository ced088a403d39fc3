"""A page of the web, for the index: fetched from public addresses only.

Whoever may add articles names the address, so a server that just fetched it would read for them
what only its own network may see (server-side request forgery). Every address that a host's name
has is looked at, the connection goes to one that was looked at, and each redirect begins anew.
What a site's robots.txt asks of programs is obeyed (RFC 9309).
"""

from __future__ import annotations

import socket
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import unquote

import anyio
import httpx
from protego import Protego

from assistant.web.addresses import is_plain, may_be_asked

AGENT: Final = "article-assistant"  # what a robots.txt calls this program
SUFFIXES: Final = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "application/pdf": ".pdf",
}
MOST_REDIRECTS: Final = 5
MOST_TRIED: Final = 4  # addresses of one host
CONNECTING: Final = 3.0  # seconds for one of them
MOST_OF_ROBOTS: Final = 500 << 10  # bytes of a robots.txt that are read (RFC 9309, section 2.5)
LONGEST_PAUSE: Final = 30.0  # seconds, whatever a robots.txt asks for

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {
    "User-Agent": AGENT,
    "Accept-Encoding": "gzip",
    "Connection": "close",
}

FaultOfWeb = Literal[
    "address", "port", "name", "private", "unreachable", "slow", "size", "kind", "redirects",
    "status", "robots",
]  # fmt: skip


class WebError(Exception):
    """A page that is not had: its kind, and what its words name (``text/interface/page.json``)."""

    def __init__(self, kind: FaultOfWeb, **named: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.named = named


@dataclass(frozen=True, slots=True)
class Page:
    """What came: the address it came from, after redirects; a name for its file; its bytes; and
    by what its server knows this state of it again."""

    address: str
    name: str
    data: bytes
    etag: str = ""
    modified: str = ""


async def _resolved(host: str) -> list[str]:
    """Every address of a host. Raises OSError."""
    found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched, how much of it, and how: ``pause`` is the seconds between two requests
    to a host."""

    resolve: Callable[[str], Awaitable[list[str]]] = _resolved
    allows: Callable[[str], bool] = may_be_asked
    ports: frozenset[int] = frozenset({80, 443})
    seconds: float = 10
    most_bytes: int = 10_000_000
    pause: float = 0
    transport: Callable[[], httpx.AsyncBaseTransport] = httpx.AsyncHTTPTransport


PUBLIC: Final = Rules()


async def fetch(address: str, rules: Rules = PUBLIC) -> Page:
    """The page at ``address``. Raises WebError."""
    page = await Fetcher(rules).get(address)
    if page is None:
        raise WebError("status", status=304)  # nobody asked whether it was modified
    return page


class Fetcher:
    """Fetches one page at a time, and remembers what each site asks of programs."""

    def __init__(self, rules: Rules = PUBLIC) -> None:
        self.rules = rules
        self._robots: dict[str, Protego] = {}  # by scheme and host
        self._asked_at: dict[str, float] = {}  # by host
        self._deadline: anyio.CancelScope | None = None  # of the page that is fetched now

    async def get(
        self,
        address: str,
        etag: str = "",
        modified: str = "",
        kinds: Mapping[str, str] | None = SUFFIXES,
    ) -> Page | None:
        """The page at ``address``; None where it is still as it was with ``etag`` or ``modified``.

        ``kinds``: media types that are taken and the suffixes of their files; None: any. Raises
        WebError. Pauses do not count as time of the page's.
        """
        headers = {"Accept": ", ".join(kinds) if kinds else "*/*"}
        headers |= {"If-None-Match": etag} if etag else {}
        headers |= {"If-Modified-Since": modified} if modified else {}
        try:
            with anyio.fail_after(self.rules.seconds) as self._deadline:
                url = httpx.URL(address.strip())
                for _ in range(MOST_REDIRECTS + 1):
                    found = await self._visit(url, headers, kinds)
                    if not isinstance(found, httpx.URL):
                        return found
                    url = found
        except TimeoutError:
            raise WebError("slow", seconds=f"{self.rules.seconds:g}") from None
        except (httpx.InvalidURL, ValueError):
            raise WebError("address") from None
        except (httpx.HTTPError, OSError, zlib.error):
            raise WebError("unreachable") from None
        raise WebError("redirects", count=MOST_REDIRECTS)

    async def _visit(
        self, url: httpx.URL, headers: Mapping[str, str], kinds: Mapping[str, str] | None
    ) -> Page | httpx.URL | None:
        """The page at ``url``, or the address to which it leads on."""
        addresses = await _checked(url, self.rules)
        robots = await self._robots_of(url, addresses)
        if not robots.can_fetch(str(url), AGENT):
            raise WebError("robots", host=url.host)
        await self._wait_turn(url, float(robots.crawl_delay(AGENT) or 0))
        async with self.rules.transport() as transport:  # knows neither cookies nor proxies
            response = await _asked(transport, url, addresses, headers)
            try:
                if _leads_on(response):
                    return url.join(response.headers["location"])
                if response.status_code == 304 and len(headers) > 1:
                    return None
                if response.status_code != 200:
                    raise WebError("status", status=response.status_code)
                return await _page(url, response, self.rules, kinds)
            finally:
                await response.aclose()

    async def _wait_turn(self, url: httpx.URL, asked_for: float) -> None:
        """Pauses since the last request to that host, as long as its robots.txt asks for."""
        if self.rules.pause:
            pause = max(self.rules.pause, min(asked_for, LONGEST_PAUSE))
            left = self._asked_at.get(url.host, -LONGEST_PAUSE) + pause - time.monotonic()
            if left > 0 and self._deadline:
                self._deadline.deadline += left
                await anyio.sleep(left)
            self._asked_at[url.host] = time.monotonic()

    async def _robots_of(self, url: httpx.URL, addresses: list[str]) -> Protego:
        """What the site of ``url`` asks. Raises WebError where it cannot be known."""
        site = f"{url.scheme}://{url.netloc.decode('ascii')}"
        if site not in self._robots:
            self._robots[site] = await self._read_robots(url.join("/robots.txt"), addresses)
        return self._robots[site]

    async def _read_robots(self, url: httpx.URL, addresses: list[str]) -> Protego:
        """The robots.txt at ``url``: nothing is forbidden where there is none, and all where the
        site fails to say (RFC 9309, section 2.3.1)."""
        for _ in range(MOST_REDIRECTS + 1):
            async with self.rules.transport() as transport:
                response = await _asked(transport, url, addresses, {})
                try:
                    if not _leads_on(response):
                        return await _robots_in(url, response)
                    url = url.join(response.headers["location"])
                finally:
                    await response.aclose()
            addresses = await _checked(url, self.rules)
        return Protego.parse("")


def _leads_on(response: httpx.Response) -> bool:
    return response.status_code in _REDIRECTS and "location" in response.headers


async def _robots_in(url: httpx.URL, response: httpx.Response) -> Protego:
    if response.status_code >= 500:
        raise WebError("robots", host=url.host)
    if response.status_code != 200:
        return Protego.parse("")
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= MOST_OF_ROBOTS:
            break
    packed = response.headers.get("content-encoding", "").lower() in ("gzip", "x-gzip")
    unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16) if packed else None
    told = unpacked.decompress(bytes(data), MOST_OF_ROBOTS) if unpacked else bytes(data)
    return Protego.parse(told[:MOST_OF_ROBOTS].decode("utf-8", "replace"))


async def _checked(url: httpx.URL, rules: Rules) -> list[str]:
    """The addresses of the host, each of which may be asked."""
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise WebError("address")
    if (url.port or {"http": 80, "https": 443}[url.scheme]) not in rules.ports:
        raise WebError("port")
    if not is_plain(_host(url)):
        raise WebError("address")
    try:
        addresses = await rules.resolve(_host(url))
    except (OSError, UnicodeError):
        raise WebError("name", host=url.host) from None
    if not addresses or not all(map(rules.allows, addresses)):
        raise WebError("private", host=url.host)
    return addresses[:MOST_TRIED]


async def _asked(
    transport: httpx.AsyncBaseTransport,
    url: httpx.URL,
    addresses: list[str],
    more_headers: Mapping[str, str],
) -> httpx.Response:
    """The head of the answer of the first address that can be reached.

    The request names the address and not the host, which would be looked up once more; whose
    certificate is wanted, and which of a server's sites, still goes by the host's name.
    """
    extensions: dict[str, Any] = {"sni_hostname": _host(url), "timeout": {"connect": CONNECTING}}
    headers = {**_HEADERS, **more_headers, "Host": url.netloc.decode("ascii")}
    for address in addresses:
        there = url.copy_with(host=address, fragment=None)
        request = httpx.Request("GET", there, headers=headers, extensions=extensions)
        with suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return await transport.handle_async_request(request)
    raise WebError("unreachable")


def _host(url: httpx.URL) -> str:
    """The host as it is looked up: in ASCII, without brackets."""
    return url.raw_host.decode("ascii")


async def _page(
    url: httpx.URL, response: httpx.Response, rules: Rules, kinds: Mapping[str, str] | None
) -> Page:
    kind, _, parameters = response.headers.get("content-type", "").partition(";")
    suffix = "" if kinds is None else kinds.get(kind.strip().lower())
    if suffix is None:
        raise WebError("kind", media=kind.strip()[:60] or "?")
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > rules.most_bytes:
            raise _too_large(rules)
    whole = _unpacked(bytes(data), response.headers.get("content-encoding", ""), rules)
    if suffix in (".html", ".txt"):
        whole = _in_unicode(whole, parameters)
    address = str(url.copy_with(fragment=None))
    etag, modified = (response.headers.get(name, "")[:500] for name in ("etag", "last-modified"))
    return Page(address, _name(url, suffix), whole, etag, modified)


def _too_large(rules: Rules) -> WebError:
    return WebError("size", size=f"{rules.most_bytes / 1e6:g}")


def _unpacked(data: bytes, encoding: str, rules: Rules) -> bytes:
    """``data`` as it was before it was packed; no more of it is unpacked than may be kept."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return data
    if encoding not in ("gzip", "x-gzip"):
        raise WebError("kind", media=encoding[:60])
    unpacking = zlib.decompressobj(zlib.MAX_WBITS | 16)
    whole = unpacking.decompress(data, rules.most_bytes + 1)
    if len(whole) > rules.most_bytes:
        raise _too_large(rules)
    if not unpacking.eof:
        raise WebError("unreachable")  # cut short
    return whole


def _in_unicode(data: bytes, parameters: str) -> bytes:
    """A text in UTF-8, where only the answer's head names its encoding; else as it is.

    UTF-8 goes first: many servers name an encoding that none of their pages is in.
    """
    _, _, charset = parameters.lower().partition("charset=")
    with suppress(UnicodeDecodeError):
        data.decode("utf-8")
        return data
    with suppress(LookupError, UnicodeDecodeError, ValueError):
        return data.decode(charset.partition(";")[0].strip(" \"'")).encode("utf-8")
    return data


def _name(url: httpx.URL, suffix: str) -> str:
    """A file's name: the last part of the path, or the host."""
    last = PurePosixPath(unquote(url.path)).name
    stem = last.removesuffix(suffix).removesuffix(".htm") if last else url.host
    return f"{stem}{suffix}"
