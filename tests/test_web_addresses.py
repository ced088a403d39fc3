"""Where a web address may lead, and where not: every case without a network.

The resolver is a table, and the transport answers by the IP address that it is asked to reach, as
a network would: so the rules are those of the product, ports 80 and 443 and public addresses only.
"""

from __future__ import annotations

import gzip
import socket
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.web.addresses import is_plain, is_public
from assistant.web.fetch import AGENT, Fetcher, Rules, WebError, fetch

SITE = "93.184.215.14"  # where bao.example is
SITE6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
HTML = {"content_type": "text/html"}

# Name → the addresses of each look-up in turn; the last one stays.
NAMES: Mapping[str, list[list[str]]] = {
    "bao.example": [[SITE]],
    "six.example": [[SITE6]],
    "both.example": [[SITE6, SITE]],
    "localhost": [["127.0.0.1"]],
    "127.0.0.1.nip.example": [["127.0.0.1"]],
    "inside.example": [["10.0.0.7"]],
    "metadata.google.internal": [["169.254.169.254"]],
    "mixed.example": [[SITE, "192.168.0.1"]],
    "mixed6.example": [[SITE, "::1"]],
    "empty.example": [[]],
    "rebinding.example": [[SITE], ["127.0.0.1"]],
    "mapped.example": [["::ffff:10.0.0.1"]],
    "nat64.example": [["64:ff9b::a00:1"]],
    "xn--bo-mia.example": [[SITE]],
}


def reply(status: int = 200, content: bytes = b"", **headers: str) -> httpx.Response:
    """As it comes from a network: not read yet."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, stream=httpx.ByteStream(content))


@dataclass
class Network(httpx.AsyncBaseTransport):
    """Answers for the site's addresses; notes which address each request went to."""

    pages: dict[str, Callable[[], httpx.Response]] = field(default_factory=dict)
    reached: list[tuple[str, str]] = field(default_factory=list)  # address, host and path
    looked_up: list[str] = field(default_factory=list)

    async def resolve(self, host: str) -> list[str]:
        self.looked_up.append(host)
        host = host.rstrip(".").lower()
        try:  # what getaddrinfo does with the old spellings
            return [socket.inet_ntoa(socket.inet_aton(host))]
        except OSError:
            pass
        if ":" in host:
            return [host]
        if host not in NAMES:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        turns = NAMES[host]
        return turns[min(self.looked_up.count(host), len(turns)) - 1]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        place = f"{request.headers['host']}{request.url.raw_path.decode()}"
        self.reached.append((request.url.host, place))
        return self.pages.get(place, partial(reply, 404))()

    async def aclose(self) -> None:
        pass

    def rules(self, **changes: object) -> Rules:
        return Rules(resolve=self.resolve, transport=lambda: self, **changes)  # type: ignore[arg-type]

    def page(self, place: str) -> None:
        self.pages[place] = lambda: reply(200, b"<p>Tin</p>", **HTML)

    def leads(self, place: str, there: str, status: int = 302) -> None:
        self.pages[place] = lambda: reply(status, location=there)


async def outcome(network: Network, address: str, **changes: object) -> str:
    try:
        page = await fetch(address, network.rules(**changes))
    except WebError as fault:
        return fault.kind
    assert page.data == b"<p>Tin</p>"
    return "page"


ADDRESSES = [
    # what is read
    ("http://bao.example/tin", "page"),
    ("https://bao.example/tin", "page"),
    ("HTTP://BAO.EXAMPLE/tin", "page"),
    ("http://bao.example:80/tin", "page"),
    ("https://bao.example:443/tin", "page"),
    ("https://six.example/tin", "page"),
    ("https://both.example/tin", "page"),
    (f"http://{SITE}/tin", "page"),
    (f"http://[{SITE6}]/tin", "page"),
    ("http://báo.example/tin", "page"),
    ("  http://bao.example/tin  ", "page"),
    # other schemes
    ("file:///etc/passwd", "address"),
    ("ftp://bao.example/tin", "address"),
    ("gopher://127.0.0.1:6379/_INFO", "address"),
    ("dict://127.0.0.1:11211/", "address"),
    ("data:text/html,tin", "address"),
    ("javascript:alert(1)", "address"),
    ("jar:http://bao.example/tin", "address"),
    ("//bao.example/tin", "address"),
    ("bao.example/tin", "address"),
    ("http:/bao.example/tin", "address"),
    ("http://", "address"),
    ("", "address"),
    ("http://[::1", "address"),
    ("http://bao.example\r\nHost: x/", "address"),
    ("http://bao.example/\0", "address"),
    # user names, which disguise the host
    ("http://user:secret@bao.example/tin", "address"),
    ("http://bao.example@127.0.0.1/", "address"),
    ("http://127.0.0.1@bao.example/tin", "address"),
    # ports
    ("http://bao.example:22/", "port"),
    ("http://bao.example:8080/tin", "port"),
    ("https://bao.example:6379/", "port"),
    ("http://127.0.0.1:5432/", "port"),
    ("http://bao.example:99999/", "port"),
    # this machine and its network
    ("http://127.0.0.1/", "private"),
    ("http://127.8.9.1/", "private"),
    ("http://localhost/", "private"),
    ("http://LOCALHOST./", "private"),
    ("http://0.0.0.0/", "private"),
    ("http://[::]/", "private"),
    ("http://[::1]/", "private"),
    ("http://[0:0:0:0:0:0:0:1]/", "private"),
    ("http://10.0.0.1/", "private"),
    ("http://172.16.5.4/", "private"),
    ("http://172.31.255.255/", "private"),
    ("http://192.168.1.1/", "private"),
    ("http://100.64.0.1/", "private"),
    ("http://[fc00::1]/", "private"),
    ("http://[fec0::1]/", "private"),
    ("http://[fe80::1]/", "private"),
    ("http://169.254.1.1/", "private"),
    ("http://224.0.0.1/", "private"),
    ("http://239.255.255.250/", "private"),
    ("http://[ff02::1]/", "private"),
    ("http://255.255.255.255/", "private"),
    ("http://240.0.0.1/", "private"),
    ("http://192.0.2.1/", "private"),
    ("http://198.18.0.1/", "private"),
    # metadata of clouds
    ("http://169.254.169.254/latest/meta-data/", "private"),
    ("http://metadata.google.internal/", "private"),
    ("http://[fd00:ec2::254]/", "private"),
    ("http://100.100.100.200/", "private"),
    ("http://192.0.0.192/", "private"),
    ("http://168.63.129.16/", "private"),
    # addresses inside addresses
    ("http://[::ffff:127.0.0.1]/", "private"),
    ("http://[::ffff:7f00:1]/", "private"),
    ("http://[::127.0.0.1]/", "private"),
    ("http://[2002:7f00:1::]/", "private"),
    ("http://[2002:5db8:d70e::1]/", "private"),
    ("http://[64:ff9b::7f00:1]/", "private"),
    ("http://[64:ff9b::5db8:d70e]/", "private"),
    ("http://[64:ff9b:1::a00:1]/", "private"),
    ("http://[2001:0:7f00:1::]/", "private"),
    ("http://[2606:2800::5efe:a00:1]/", "private"),
    ("http://[3fff::1]/", "private"),
    ("http://mapped.example/", "private"),
    ("http://nat64.example/", "private"),
    # other spellings of 127.0.0.1, and of a public address
    ("http://2130706433/", "address"),
    ("http://0x7f000001/", "address"),
    ("http://0x7f.0x0.0x0.0x1/", "address"),
    ("http://017700000001/", "address"),
    ("http://0177.0.0.1/", "address"),
    ("http://127.1/", "address"),
    ("http://127.0.1/", "address"),
    ("http://127.0.0.1./", "address"),
    ("http://127.0.0.0x1/", "address"),
    ("http://1.2.3.4.5/", "address"),
    ("http://1572395790/", "address"),
    ("http://093.184.215.14/", "address"),
    # names
    ("http://127.0.0.1.nip.example/", "private"),
    ("http://inside.example/", "private"),
    ("http://mixed.example/tin", "private"),
    ("http://mixed6.example/tin", "private"),
    ("http://empty.example/", "private"),
    ("http://nowhere.example/", "name"),
    ("http://bao.example%2f@inside.example/", "address"),
    ("http://bao.example\\@inside.example/", "address"),
    ("http://bao.example%00.inside.example/", "name"),
    ("http://" + "a" * 300 + ".example/", "name"),
]


@pytest.mark.parametrize("led", [False, True], ids=["asked", "led"])
@pytest.mark.parametrize(("address", "expected"), ADDRESSES)
async def test_where_an_address_leads(address: str, expected: str, led: bool) -> None:
    """Asked for itself, and as where a page that may be read leads on to."""
    network = Network()
    for host in ("bao.example", "six.example", "both.example", SITE, f"[{SITE6}]",
                 "bao.example:80", "bao.example:443", "xn--bo-mia.example"):  # fmt: skip
        network.page(f"{host}/tin")
    network.leads("bao.example/start", address)
    if led and not (address.isprintable() and address.isascii() and address == address.strip()):
        pytest.skip("no head of an answer can hold it")
    found = await outcome(network, "http://bao.example/start" if led else address)
    if led and expected == "address" and found != expected:
        # Beside a page, what is no whole address is a path of its host.
        assert ":" not in address.partition("/")[0] or address in (
            "http://",
            "http:/bao.example/tin",
        )
        assert {host for host, _ in network.reached} == {SITE}
    else:
        assert found == expected
    assert {host for host, _ in network.reached} <= {SITE, SITE6}
    assert all(is_public(host) for host, _ in network.reached)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("http://169.254.169.254/latest/meta-data/", "private"),
        ("//127.0.0.1/", "private"),
        ("http://[::ffff:169.254.169.254]/", "private"),
        ("file:///etc/passwd", "address"),
        ("http://bao.example:25/", "port"),
        ("/start", "redirects"),
        ("/tin", "page"),
        ("https://six.example/tin", "page"),
    ],
)
async def test_where_a_redirect_leads(status: int, there: str, expected: str) -> None:
    network = Network()
    network.leads("bao.example/start", there, status)
    network.page("bao.example/tin")
    network.page("six.example/tin")
    assert await outcome(network, "http://bao.example/start") == expected
    assert len(network.reached) < 16
    assert {host for host, _ in network.reached} <= {SITE, SITE6}


async def test_a_name_that_moves_inside_is_not_followed() -> None:
    """DNS rebinding: what was looked at is what is reached, and each redirect is looked at."""
    network = Network()
    network.page("rebinding.example/tin")
    assert await outcome(network, "http://rebinding.example/tin") == "page"
    assert network.looked_up == ["rebinding.example"]
    assert {host for host, _ in network.reached} == {SITE}
    network = Network()
    network.leads("rebinding.example/start", "/tin")
    assert await outcome(network, "http://rebinding.example/start") == "private"
    assert {host for host, _ in network.reached} == {SITE}


async def test_loops_and_long_ways_end() -> None:
    network = Network()
    network.leads("bao.example/a", "http://six.example/b")
    network.leads("six.example/b", "http://bao.example/a")
    assert await outcome(network, "http://bao.example/a") == "redirects"
    network.leads("bao.example/none", "")
    assert await outcome(network, "http://bao.example/none") == "redirects"
    for step in range(6):
        network.leads(f"bao.example/{step}", f"/{step + 1}")
    network.page("bao.example/6")
    assert await outcome(network, "http://bao.example/1") == "page"
    assert await outcome(network, "http://bao.example/0") == "redirects"


def bomb(size: int) -> bytes:
    return gzip.compress(b"\0" * size, 9)


@pytest.mark.parametrize(
    ("headers", "content", "expected"),
    [
        (HTML, b"x" * 1_000_001, "size"),
        (HTML | {"content_encoding": "gzip"}, bomb(50_000_000), "size"),
        (HTML | {"content_encoding": "GZIP"}, bomb(50_000_000), "size"),
        (HTML | {"content_encoding": "gzip"}, gzip.compress(bomb(50_000_000)), "bytes"),
        (HTML | {"content_encoding": "gzip, gzip"}, gzip.compress(bomb(50_000_000)), "kind"),
        (HTML | {"content_encoding": "br"}, b"\x1b\xff\xff\x01", "kind"),
        (HTML | {"content_encoding": "deflate"}, zlib.compress(b"\0" * 5_000_000), "kind"),
        (HTML | {"content_encoding": "zstd"}, b"x", "kind"),
        (HTML | {"content_encoding": "gzip"}, b"no gzip", "unreachable"),
        (HTML | {"content_encoding": "gzip"}, gzip.compress(b"x" * 99)[:-9], "unreachable"),
        ({"content_type": "image/png"}, b"x", "kind"),
        ({"content_type": "application/octet-stream"}, b"x", "kind"),
        ({"content_type": "text/html-but-not"}, b"x", "kind"),
        ({}, b"x", "kind"),
        ({"content_type": "application/xhtml+xml"}, b"<p>Tin</p>", "bytes"),
        ({"content_type": "TEXT/HTML; charset=utf-8"}, b"<p>Tin</p>", "bytes"),
    ],
)  # fmt: skip
async def test_what_comes_is_bounded(
    headers: dict[str, str], content: bytes, expected: str
) -> None:
    network = Network()
    network.pages["bao.example/tin"] = lambda: reply(200, content, **headers)
    try:
        page = await fetch("http://bao.example/tin", network.rules(most_bytes=1_000_000))
    except WebError as fault:
        assert fault.kind == expected
    else:
        assert expected == "bytes"
        assert len(page.data) <= 1_000_000


def asks(text: str = "", content: bytes = b"") -> Callable[[], httpx.Response]:
    return partial(reply, 200, content or text.encode())


@pytest.mark.parametrize(
    ("robots", "expected"),
    [
        (partial(reply, 404), "page"),
        (partial(reply, 403), "page"),  # "unavailable": nothing is forbidden
        (partial(reply, 500), "robots"),  # "unreachable": all is
        (partial(reply, 503), "robots"),
        (asks(text=""), "page"),
        (asks(text="User-agent: *\nDisallow: /"), "robots"),
        (asks(text="User-agent: *\nDisallow: /ad/"), "page"),
        (asks(text="User-agent: *\nDisallow: /t*n$"), "robots"),
        (asks(text="User-agent: *\nDisallow: /\nAllow: /tin"), "page"),
        (asks(text=f"User-agent: {AGENT}\nDisallow: /tin"), "robots"),
        (asks(text=f"User-agent: *\nDisallow: /\n\nUser-agent: {AGENT}\nDisallow:"),
         "page"),
        (asks(text="User-agent: other\nDisallow: /"), "page"),
        (asks(content=b"\xff\xfe\0\0" * 1000), "page"),
        (asks(content=b"#" * 2_000_000 + b"\nUser-agent: *\nDisallow: /"), "page"),
        (partial(reply, 302, location="http://six.example/robots.txt"), "page"),
        (partial(reply, 302, location="http://127.0.0.1/robots.txt"), "private"),
        (partial(reply, 302, location="/robots.txt"), "page"),
    ],
)  # fmt: skip
async def test_what_a_site_asks_of_programs_is_done(
    robots: Callable[[], httpx.Response], expected: str
) -> None:
    network = Network()
    network.page("bao.example/tin")
    network.pages["bao.example/robots.txt"] = robots
    assert await outcome(network, "http://bao.example/tin") == expected
    if expected == "robots":
        assert not any(place.endswith("/tin") for _, place in network.reached)
    # Where a page of another site leads here, it is asked all the same.
    network.leads("six.example/start", "http://bao.example/tin")
    assert await outcome(network, "http://six.example/start") == expected


async def test_robots_are_asked_once_of_each_site() -> None:
    network = Network()
    network.page("bao.example/tin")
    fetcher = Fetcher(network.rules())
    for _ in range(5):
        assert await fetcher.get("http://bao.example/tin")
    assert sum(place.endswith("robots.txt") for _, place in network.reached) == 1


@settings(max_examples=60, deadline=None)
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_counts_the_same_in_every_wrapping(address: object) -> None:
    text = str(address)
    assert is_public(f"::ffff:{text}") is is_public(text)
    high, low = divmod(int(address), 1 << 16)  # type: ignore[call-overload]
    for wrapping in (f"2002:{high:x}:{low:x}::1", f"64:ff9b::{high:x}:{low:x}", f"::{text}",
                     f"2606:2800::5efe:{high:x}:{low:x}"):  # fmt: skip
        assert not is_public(wrapping)
    assert is_plain(text)
    for spelled in (str(int(address)), hex(int(address)), f"{text}.", f"0{text}", f"0x{text}"):  # type: ignore[call-overload]
        assert not is_plain(spelled)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
async def test_no_address_breaks_it(text: str) -> None:
    network = Network()
    network.leads("bao.example/start", "/tin")
    for address in (text, f"http://{text}", f"http://bao.example/{text}"):
        await outcome(network, address)
    assert {host for host, _ in network.reached} <= {SITE, SITE6} or all(
        is_public(host) for host, _ in network.reached
    )
