"""Pages of the web that are added: what is fetched, what is not, and what a person is told."""

from __future__ import annotations

import datetime
import gzip
import ssl
import string
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, get_args

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from assistant.answering.assistant import Assistant
from assistant.index.index import Index
from assistant.server import application
from assistant.settings import Settings
from assistant.text.interface_texts import interface_texts
from assistant.web import addresses
from assistant.web import fetch as web_fetch
from assistant.web.addresses import is_public, is_this_machine, may_be_asked
from assistant.web.fetch import FaultOfWeb, Page, Rules, WebError, fetch

TEXT = "Ông Phan Văn Chín nuôi tôm ở Cà Mau từ năm 2019, và năm nay thu hoạch được hai vụ tôm."
PAGE = f"<html><head><title>Tôm</title></head><body><article><p>{TEXT}</p></article></body></html>"
HTML = {"Content-Type": "text/html; charset=utf-8"}


class Site(ThreadingHTTPServer):
    """Answers by path; keeps the head of every request but those for its robots.txt."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.pages: dict[str, tuple[int, Mapping[str, str], bytes]] = {}
        self.heads: list[dict[str, str]] = []
        self.port = self.server_address[1]

    def at(self, path: str, host: str = "bao.example") -> str:
        return f"http://{host}:{self.port}{path}"

    def gives(self, path: str, data: str | bytes = PAGE, status: int = 200, **headers: str) -> str:
        named = HTML | {name.replace("_", "-"): value for name, value in headers.items()}
        content = data.encode() if isinstance(data, str) else data
        self.pages[path] = (status, named, content)
        return self.at(path)


class _Answers(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        if self.path != "/robots.txt":
            self.server.heads.append(dict(self.headers.items()) | {"path": self.path})
        elif self.path not in self.server.pages:
            self.send_error(404)
            return
        if self.path == "/drips":
            self._drip()
            return
        status, headers, data = self.server.pages.get(self.path, (404, {}, b""))
        if headers.get("ETag") and headers.get("ETag") == self.headers["If-None-Match"]:
            status, data = 304, b""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def _drip(self) -> None:
        """A head that never ends, a letter at a time."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for letter in string.ascii_letters:
            try:
                self.wfile.write(letter.encode())
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join(5)


@pytest.fixture
def rules(site: Site) -> Rules:
    """Every name leads to the site but those that say where they lead; it counts as public."""

    async def resolve(host: str) -> list[str]:
        if host.startswith("nowhere"):
            raise OSError("no such name")
        return {"inside.example": ["127.0.0.1", "10.0.0.7"], "empty.example": []}.get(
            host, ["127.0.0.1"]
        )

    return Rules(resolve, lambda address: address == "127.0.0.1", frozenset({site.port}))


async def refused(address: str, rules: Rules) -> FaultOfWeb:
    with pytest.raises(WebError) as raised:
        await fetch(address, rules)
    return raised.value.kind


async def test_a_page_comes_with_its_address_and_a_name(site: Site, rules: Rules) -> None:
    address = site.gives("/tin/tom-ca-mau.html")
    assert await fetch(f"  {address}#top ", rules) == Page(
        address, "tom-ca-mau.html", PAGE.encode()
    )
    (head,) = site.heads
    assert head["Host"] == f"bao.example:{site.port}"
    assert not {"Cookie", "Authorization", "Referer"} & head.keys()


@pytest.mark.parametrize(
    ("path", "media", "name"),
    [
        ("/", "text/html", "bao.example.html"),
        ("/a/b%20c.htm", "TEXT/HTML;charset=x", "b c.html"),
        ("/tin-123", "text/plain", "tin-123.txt"),
        ("/bao-cao.pdf", "application/pdf", "bao-cao.pdf"),
    ],
)
async def test_the_name_goes_by_what_came(
    site: Site, rules: Rules, path: str, media: str, name: str
) -> None:
    site.gives(path, Content_Type=media)
    assert (await fetch(site.at(path), rules)).name == name


@pytest.mark.parametrize("sent", [TEXT.encode(), TEXT.encode("utf-16"), TEXT.encode("utf-8-sig")])
async def test_an_encoding_that_only_the_head_names_is_read(
    site: Site, rules: Rules, sent: bytes
) -> None:
    utf16 = sent.startswith(b"\xff\xfe")
    kind = f"text/plain; charset={'utf-16' if utf16 else 'iso-8859-1'}"
    page = await fetch(site.gives("/a", sent, Content_Type=kind), rules)
    assert page.data.decode("utf-8-sig") == TEXT


async def test_redirects_are_followed_without_cookies(site: Site, rules: Rules) -> None:
    last = site.gives("/5")
    for step in range(5):
        next_one = f"/{step + 1}" if step % 2 else site.at(f"/{step + 1}", "other.example")
        site.gives(f"/{step}", "", 302, Location=next_one, Set_Cookie="a=b")
    page = await fetch(site.at("/0"), rules)
    assert page.address == last.replace("bao.", "other.")
    assert not any("Cookie" in head for head in site.heads)
    site.gives("/begin", "", 308, Location="/0")
    assert await refused(site.at("/begin"), rules) == "redirects"


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("file:///etc/passwd", "address"),
        ("ftp://bao.example/a", "address"),
        ("bao.example/a", "address"),
        ("http://", "address"),
        ("http://bao.example:99999/", "port"),
        ("http://user:secret@bao.example/", "address"),
        ("http://bao.example/", "port"),
        ("https://bao.example:22/", "port"),
        ("http://nowhere.example:PORT/", "name"),
        ("http://inside.example:PORT/", "private"),
        ("http://empty.example:PORT/", "private"),
    ],
)
async def test_what_is_not_asked_for(
    site: Site, rules: Rules, address: str, kind: FaultOfWeb
) -> None:
    here = address.replace("PORT", str(site.port))
    assert await refused(here, rules) == kind
    site.gives("/on", "", 301, Location=here)  # nor where a page that may be asked leads there
    # Beside a page, these two are a path of its host and the page itself.
    led = {"bao.example/a": "status", "http://": "redirects"}.get(address, kind)
    site.gives("/bao.example/a", "", 404)
    assert await refused(site.at("/on"), rules) == led
    assert all(head["path"] in ("/on", "/bao.example/a") for head in site.heads)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://10.0.0.1/", "http://192.168.1.1/",
        "http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/", "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]/", "http://224.0.0.1/", "http://240.0.0.1/",
    ],
)  # fmt: skip
async def test_addresses_that_are_not_public_are_not_asked(address: str) -> None:
    host = address.split("/")[2].strip("[]")

    async def itself(name: str) -> list[str]:
        assert name == host
        return [name]

    assert await refused(address, Rules(itself)) == "private"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("::ffff:8.8.8.8", True),
        ("127.9.9.9", False), ("172.16.0.1", False), ("100.64.0.1", False), ("0.1.2.3", False),
        ("198.18.0.1", False), ("192.0.2.1", False), ("255.255.255.255", False),
        ("239.1.1.1", False), ("::", False), ("fc00::1", False), ("fec0::1", False),
        ("ff02::1", False), ("fe80::1%eth0", False), ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::1", False), ("2001:0:7f00:1::", False), ("::7f00:1", False),
        ("bao.example", False), ("", False),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(address) is public
    assert may_be_asked(address) is public


def test_this_machine_is_not_asked_by_its_public_address_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert is_this_machine("127.0.0.1")
    assert not is_this_machine("8.8.8.8") and not is_this_machine("2606:4700::1111")
    monkeypatch.setattr(addresses, "is_public", lambda address: True)
    assert may_be_asked("8.8.8.8")
    assert not may_be_asked("127.0.0.1")
    # Where any address can be bound, nobody's can too, and that one is ours tells nothing.
    monkeypatch.setattr(addresses, "_binds", lambda address: True)
    assert may_be_asked("127.0.0.1")


async def test_the_connection_goes_where_was_looked(site: Site, rules: Rules) -> None:
    """A name that leads elsewhere when it is looked up again (DNS rebinding) changes nothing."""
    asked: list[str] = []

    async def resolve(host: str) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.7"]

    changing = replace(rules, resolve=resolve)
    assert (await fetch(site.gives("/a"), changing)).data == PAGE.encode()
    assert asked == ["bao.example"]
    asked.clear()
    site.gives("/on", "", 302, Location="/a")  # a redirect begins anew
    assert await refused(site.at("/on"), changing) == "private"


async def test_a_second_address_is_tried_where_the_first_is_dead(site: Site, rules: Rules) -> None:
    async def resolve(host: str) -> list[str]:
        return ["::1", "127.0.0.1"]  # the site does not listen on the first

    both = replace(rules, resolve=resolve, allows=lambda address: True)
    assert (await fetch(site.gives("/a"), both)).data == PAGE.encode()

    async def dead(host: str) -> list[str]:
        return ["::1"]

    assert await refused(site.at("/a"), replace(both, resolve=dead)) == "unreachable"


@pytest.mark.parametrize(
    ("headers", "data", "kind"),
    [
        ({"Content_Type": "image/png"}, b"x", "kind"),
        ({"Content_Type": ""}, b"x", "kind"),
        ({"Content_Encoding": "br"}, b"x", "kind"),
        ({}, b"x" * 1001, "size"),
        ({"Content_Encoding": "gzip"}, gzip.compress(b"x" * 100_000), "size"),
        ({"Content_Encoding": "gzip"}, gzip.compress(b"x" * 900)[:-9], "unreachable"),
        ({"Content_Encoding": "gzip"}, b"not packed", "unreachable"),
        ({"Content_Length": "500"}, b"x", "unreachable"),
    ],
)
async def test_what_is_not_taken(
    site: Site, rules: Rules, headers: dict[str, str], data: bytes, kind: FaultOfWeb
) -> None:
    address = site.gives("/a", data, **headers)
    assert await refused(address, replace(rules, most_bytes=1000)) == kind


async def test_a_packed_page_is_unpacked(site: Site, rules: Rules) -> None:
    address = site.gives("/a", gzip.compress(PAGE.encode()), Content_Encoding="gzip")
    assert (await fetch(address, rules)).data == PAGE.encode()


async def test_a_page_that_is_refused_or_never_comes(site: Site, rules: Rules) -> None:
    assert await refused(site.gives("/a", "", 404), rules) == "status"
    began = time.perf_counter()
    assert await refused(site.at("/drips"), replace(rules, seconds=0.3)) == "slow"
    assert time.perf_counter() - began < 2


@pytest.fixture
def certified(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The site speaks TLS, with a certificate of bao.example that is trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("bao.example")]), False)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    kept = tmp_path / "site.pem"
    kept.write_bytes(
        certificate
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(kept)
    site.socket = tls.wrap_socket(site.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(kept))


async def test_the_certificate_is_that_of_the_name(
    site: Site, rules: Rules, certified: None
) -> None:
    address = site.gives("/a").replace("http:", "https:")
    assert (await fetch(address, rules)).address == address
    assert await refused(address.replace("bao.", "other."), rules) == "unreachable"


# Through the server


@pytest.fixture
def served(
    tmp_path: Path, fake_encoder: None, rules: Rules, monkeypatch: pytest.MonkeyPatch
) -> Iterator[TestClient]:
    monkeypatch.setattr(web_fetch, "PUBLIC", rules)
    settings = Settings(index=tmp_path / "index", web_addresses=True, page=False)
    assistant = Assistant(Index.create(settings), settings)
    yield TestClient(application.app(assistant, settings), base_url="http://127.0.0.1")
    assistant.close()


def add(client: TestClient, address: str, language: str = "vi") -> Any:
    headers = {"Accept-Language": language}
    return client.post("/api/v1/articles/web", json={"address": address}, headers=headers)


def test_a_web_page_becomes_an_article_that_names_its_address(
    site: Site, served: TestClient, tmp_path: Path
) -> None:
    address = site.gives("/tin/tom.html")
    reply = add(served, address)
    assert reply.status_code == 201, reply.text
    (head,) = reply.json()["articles"]
    assert head["source"] == address
    assert served.get(f"/api/v1/articles/{head['id']}").json()["text"] == TEXT
    kept = tmp_path / "index" / "uploads"
    assert sorted(path.name for path in kept.iterdir()) == ["tom.html", "tom.html.yaml"]
    assert add(served, address).json() == {"articles": [], "known": 1, "notes": []}
    gone = served.delete(f"/api/v1/articles/{head['id']}").json()
    assert (gone, list(kept.iterdir())) == ({"file_stays": False}, [])


def test_what_was_not_had_is_said_in_the_readers_language(site: Site, served: TestClient) -> None:
    reply = add(served, site.gives("/a", "", 404))
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith("Trang này không mở được (mã 404); ")
    detail = add(served, site.at("/", "inside.example"), "en-GB").json()["detail"]
    assert detail == "inside.example is not read: the address is one of a private network"
    page = add(served, site.gives("/empty", "<html></html>"))
    assert (page.status_code, served.get("/api/v1/articles").json()["total"]) == (422, 0)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_fault_has_its_words(language: str) -> None:
    words = interface_texts("page")[language]["web_faults"]
    assert words.keys() == set(get_args(FaultOfWeb))
    for sentence in words.values():
        named = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
        assert named <= {"host", "seconds", "size", "media", "count", "status"}
        assert "\n" not in sentence


@pytest.mark.parametrize("changes", [{}, {"web_addresses": True, "corpus_changes": False}])
def test_nothing_is_fetched_unless_the_settings_say_so(
    site: Site, served: TestClient, tmp_path: Path, changes: dict[str, bool]
) -> None:
    assert served.get("/api/v1/uploads").json()["web_addresses"]
    settings = Settings(index=tmp_path / "index", page=False, **changes)
    assistant = Assistant(Index.create(settings), settings)
    client = TestClient(application.app(assistant, settings), base_url="http://127.0.0.1")
    assert not client.get("/api/v1/uploads").json()["web_addresses"]
    assert add(client, site.gives("/a")).status_code == 403
    assert site.heads == []
    assistant.close()
