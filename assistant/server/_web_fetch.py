"""A page of the web, for the index: fetched from public addresses only.

Whoever may add articles names the address, so a server that just fetched it would read for them
what only its own network may see (server-side request forgery). Every address that a host's name
has is looked at, the connection goes to one that was looked at, and each redirect begins anew.
"""

from __future__ import annotations

import ipaddress
import socket
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Final, Literal
from urllib.parse import unquote

import anyio
import httpx

SUFFIXES: Final = {"text/html": ".html", "text/plain": ".txt", "application/pdf": ".pdf"}
MOST_REDIRECTS: Final = 5
MOST_TRIED: Final = 4  # addresses of one host
CONNECTING: Final = 3.0  # seconds for one of them

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_HEADERS: Final = {
    "User-Agent": "article-assistant",
    "Accept": ", ".join(SUFFIXES),
    "Accept-Encoding": "gzip",
    "Connection": "close",
}

FaultOfWeb = Literal[
    "address", "port", "name", "private", "unreachable", "slow", "size", "kind", "redirects",
    "status",
]  # fmt: skip


class WebError(Exception):
    """A page that is not had: its kind, and what its words name (``text/interface/page.json``)."""

    def __init__(self, kind: FaultOfWeb, **named: object) -> None:
        super().__init__(kind)
        self.kind = kind
        self.named = named


@dataclass(frozen=True, slots=True)
class Page:
    """What came: the address it came from, after redirects; a name for its file; its bytes."""

    address: str
    name: str
    data: bytes


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's own, and holds no other inside it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        # Tunnels end at an IPv4 address that is not looked at.
        if found.sixtofour or found.teredo or found.is_site_local or found.scope_id:
            return False
    return found.is_global and not (found.is_multicast or found.is_reserved)


async def _resolved(host: str) -> list[str]:
    """Every address of a host. Raises OSError."""
    found = await anyio.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be fetched, and how much of it."""

    resolve: Callable[[str], Awaitable[list[str]]] = _resolved
    allows: Callable[[str], bool] = is_public
    ports: frozenset[int] = frozenset({80, 443})
    seconds: float = 10
    most_bytes: int = 10_000_000


PUBLIC: Final = Rules()


async def fetch(address: str, rules: Rules = PUBLIC) -> Page:
    """The page at ``address``. Raises WebError."""
    try:
        with anyio.fail_after(rules.seconds):
            url = httpx.URL(address.strip())
            for _ in range(MOST_REDIRECTS + 1):
                found = await _visit(url, rules)
                if isinstance(found, Page):
                    return found
                url = found
    except TimeoutError:
        raise WebError("slow", seconds=f"{rules.seconds:g}") from None
    except (httpx.InvalidURL, UnicodeError):
        raise WebError("address") from None
    except (httpx.HTTPError, OSError, zlib.error):
        raise WebError("unreachable") from None
    raise WebError("redirects", count=MOST_REDIRECTS)


async def _visit(url: httpx.URL, rules: Rules) -> Page | httpx.URL:
    """The page at ``url``, or the address to which it leads on."""
    addresses = await _checked(url, rules)
    async with httpx.AsyncHTTPTransport() as transport:  # which knows neither cookies nor proxies
        response = await _asked(transport, url, addresses)
        try:
            if response.status_code in _REDIRECTS and "location" in response.headers:
                return url.join(response.headers["location"])
            if response.status_code != 200:
                raise WebError("status", status=response.status_code)
            return await _page(url, response, rules)
        finally:
            await response.aclose()


async def _checked(url: httpx.URL, rules: Rules) -> list[str]:
    """The addresses of the host, each of which may be asked."""
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise WebError("address")
    if (url.port or {"http": 80, "https": 443}[url.scheme]) not in rules.ports:
        raise WebError("port")
    try:
        addresses = await rules.resolve(_host(url))
    except (OSError, UnicodeError):
        raise WebError("name", host=url.host) from None
    if not addresses or not all(map(rules.allows, addresses)):
        raise WebError("private", host=url.host)
    return addresses[:MOST_TRIED]


async def _asked(
    transport: httpx.AsyncHTTPTransport, url: httpx.URL, addresses: list[str]
) -> httpx.Response:
    """The head of the answer of the first address that can be reached.

    The request names the address and not the host, which would be looked up once more; whose
    certificate is wanted, and which of a server's sites, still goes by the host's name.
    """
    extensions: dict[str, Any] = {"sni_hostname": _host(url), "timeout": {"connect": CONNECTING}}
    headers = _HEADERS | {"Host": url.netloc.decode("ascii")}
    for address in addresses:
        there = url.copy_with(host=address, fragment=None)
        request = httpx.Request("GET", there, headers=headers, extensions=extensions)
        with suppress(httpx.ConnectError, httpx.ConnectTimeout):
            return await transport.handle_async_request(request)
    raise WebError("unreachable")


def _host(url: httpx.URL) -> str:
    """The host as it is looked up: in ASCII, without brackets."""
    return url.raw_host.decode("ascii")


async def _page(url: httpx.URL, response: httpx.Response, rules: Rules) -> Page:
    kind, _, parameters = response.headers.get("content-type", "").partition(";")
    suffix = SUFFIXES.get(kind.strip().lower())
    if suffix is None:
        raise WebError("kind", media=kind.strip()[:60] or "?")
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) > rules.most_bytes:
            raise _too_large(rules)
    whole = _unpacked(bytes(data), response.headers.get("content-encoding", ""), rules)
    if suffix != ".pdf":
        whole = _in_unicode(whole, parameters)
    return Page(str(url.copy_with(fragment=None)), _name(url, suffix), whole)


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
