"""Every way in under every pretence: who may pass is stated here once more, by itself."""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

import pytest
from anyio.from_thread import start_blocking_portal
from argon2 import PasswordHasher
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from assistant.server import _json_bodies, _password_tries, application, credentials
from assistant.server._allowances import EVENT, QUESTION, client_of
from assistant.server._authority import authority, is_origin_of
from assistant.server._problem_details import Problem
from assistant.server.credentials import COOKIE, Keys, Users
from assistant.settings import Settings
from tests.doors import HOST, Reply, call, post_json
from tests.served import Scripted

PASSWORD = "một mật khẩu dài"

# The name that the server is called by: 0 it is one of its own, else the refusal.
HOSTS = {
    "127.0.0.1:7860": 0,
    "127.0.0.1": 0,
    "localhost:7860": 0,
    "LocalHost:80": 0,
    "[::1]:7860": 0,
    "[::1]": 0,
    "[0:0:0:0:0:0:0:1]:65535": 0,
    "evil.example": 421,
    "evil.example:7860": 421,
    "127.0.0.1.evil.example": 421,
    "localhost.": 421,
    "127.0.0.1.": 421,
    "127.1": 421,
    "2130706433": 421,
    "0x7f000001": 421,
    "0.0.0.0": 421,
    "[::]": 421,
    "[::ffff:127.0.0.1]": 421,
    "[::1:0]": 421,
    "": 400,
    " ": 400,
    " 127.0.0.1": 400,
    "127.0.0.1 ": 400,
    "127.0.0.1\t": 400,
    "127.0.0.1,evil.example": 400,
    "127.0.0.1, 127.0.0.1": 400,
    "127.0.0.1:80:80.evil": 400,
    "127.0.0.1:80:80": 400,
    "127.0.0.1:": 400,
    "127.0.0.1:0": 400,
    "127.0.0.1:65536": 400,
    "127.0.0.1:99999999999999999999": 400,
    "127.0.0.1:+80": 400,
    "127.0.0.1:-1": 400,
    "127.0.0.1:8a": 400,
    "127.0.0.1:\xb2": 400,
    "[::1].evil.example": 400,
    "[::1]evil.example:80": 400,
    "[::1": 400,
    "::1": 400,
    "[::1%25lo]": 400,
    "[::1%lo]": 400,
    "[:::1]": 400,
    "[v1.a]": 400,
    "[127.0.0.1]": 400,
    "[]": 400,
    "evil.example\\@127.0.0.1": 400,
    "user@127.0.0.1": 400,
    "user:password@127.0.0.1:7860": 400,
    "127.0.0.1@evil.example": 400,
    "127.0.0.1/": 400,
    "127.0.0.1/evil.example": 400,
    "127.0.0.1?evil.example": 400,
    "127.0.0.1#evil.example": 400,
    "http://127.0.0.1": 400,
    "//127.0.0.1": 400,
    "127.0.0.1%00.evil.example": 400,
    "%31%32%37.0.0.1": 400,
    "localhost\x00": 400,
    "l\xf6calhost": 400,
    "127.0.0.1;evil": 400,
    "*": 400,
}

# What a browser says of the page that asks: "program" nothing, "own" ours, "foreign" another's,
# "link" that a link of another page was followed.
ORIGINS: dict[str, tuple[str, dict[str, str]]] = {
    "a program": ("own", {}),
    "our page": ("own", {"sec-fetch-site": "same-origin", "origin": f"http://{HOST}"}),
    "our page, an old browser": ("own", {"origin": f"http://{HOST}"}),
    "the address bar": ("own", {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}),
    "another site": ("foreign", {"sec-fetch-site": "cross-site"}),
    "a neighbour": ("foreign", {"sec-fetch-site": "same-site", "origin": "http://127.0.0.1:1"}),
    "an old browser": ("foreign", {"origin": "https://evil.example"}),
    "a file": ("foreign", {"origin": "null"}),
    "another port": ("foreign", {"origin": "http://127.0.0.1:7861"}),
    "no port": ("foreign", {"origin": "http://127.0.0.1"}),
    "a name inside": ("foreign", {"origin": f"http://{HOST}.evil.example"}),
    "a user name": ("foreign", {"origin": f"http://evil@{HOST}"}),
    "another scheme": ("foreign", {"origin": f"chrome-extension://{HOST}"}),
    "nothing": ("foreign", {"origin": ""}),
    "nonsense": ("foreign", {"sec-fetch-site": "same-origin, none"}),
    "a link": (
        "link",
        {
            "sec-fetch-site": "cross-site",
            "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document",
        },
    ),
    "a frame": (
        "foreign",
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"},
    ),
    "a preflight": (
        "foreign",
        {
            "origin": "https://evil.example",
            "access-control-request-method": "POST",
            "access-control-request-headers": "content-type",
        },
    ),
}
CREDENTIALS = ("none", "cookie", "false cookie", "key", "false key")
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "get")

# Route → for whom it is, and what each method finds once the door is passed (else 405).
ROUTES: dict[str, tuple[str, dict[str, int]]] = {
    "/": ("page", {"GET": 200, "HEAD": 200}),
    "/theme.css": ("page", {"GET": 200}),
    "/healthz": ("public", {"GET": 200}),
    "/openapi.json": ("public", {"GET": 200, "HEAD": 200}),
    "/login": ("public", {}),  # there where people sign in
    "/api/v1/articles?limit=1": ("program", {"GET": 200, "POST": 422}),
    "/api/v1/search": ("program", {"POST": 422}),
    "/v1/models": ("program", {"GET": 200}),
    "/mcp": ("other program", {"POST": 400}),
    "/gradio_api/app_id": ("other program", {"GET": 200}),
    "/gradio_api/queue/data?session_hash=none": ("other program", {"GET": 200}),
    "/gradio_api/run/predict": ("other program", {"POST": 422}),
    "/gradio_api/upload": ("other program", dict.fromkeys(METHODS, 404)),
}


def expected(
    method: str, route: str, host: int, origin: str, credentials: str, closed: bool
) -> int | None:
    """The status with which the door refuses; None where the request may pass."""
    kind = ROUTES[route][0]
    if host:
        return host
    known = credentials == "cookie" or (credentials == "key" and kind == "program")
    if closed and not known and kind != "public":
        return 401
    if origin == "own":
        return None
    if method not in ("GET", "HEAD"):
        return 403
    if origin == "link" and "program" not in kind:
        return None
    return None if kind == "public" and credentials == "none" else 403


WRONG = 0  # a password is wrong, or was tried too often


def found_behind(method: str, route: str, closed: bool) -> int:
    if route == "/login":
        return ({"GET": 200, "POST": WRONG} if closed else {}).get(method, 405 if closed else 404)
    return ROUTES[route][1].get(method, 405)


@asynccontextmanager
async def opened(settings: Settings, assistant: Any = None) -> AsyncIterator[FastAPI]:
    app = application.app(assistant or Scripted(), settings)
    async with app.router.lifespan_context(app):
        yield app


FREE = Settings(requests_a_minute=0)
Work = Callable[[FastAPI], Awaitable[None]]
Asked = Callable[[Work], None]


@pytest.fixture(scope="module")
def free() -> Iterator[Asked]:
    """Works with a server for everyone, page and all."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened(FREE)) as app,
    ):
        yield lambda work: portal.call(work, app)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, str]]:
    """A server with a user, whose hash is quick, and a program's key."""
    folder = tmp_path_factory.mktemp("doors")
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(credentials, "_HASHER", hasher)
        patch.setattr(_password_tries, "OF_AN_ADDRESS", 100_000)  # all tries here are of one
        patch.setattr(_password_tries, "OF_A_NAME", 100_000)
        Users(folder / "users").add("linh", PASSWORD)
        key = Keys(folder / "keys").add("reports")
        yield (
            Settings(users=folder / "users", keys=folder / "keys", requests_a_minute=0),
            key,
        )


async def credential_headers(app: FastAPI, key: str) -> dict[str, dict[str, str]]:
    form = urlencode({"name": "linh", "password": PASSWORD}).encode()
    kind = ("content-type", "application/x-www-form-urlencoded")
    reply = await call(app, "POST", "/login", [("host", HOST), kind], form)
    set_cookies = [value.partition(";")[0] for name, value in reply.headers if name == "set-cookie"]
    (cookie,) = (one for one in set_cookies if one.startswith(f"{COOKIE}="))
    return {
        "none": {},
        "cookie": {"cookie": cookie},
        "false cookie": {"cookie": "assistant_session=x.y.z"},
        "key": {"authorization": f"Bearer {key}"},
        "false key": {"authorization": "Bearer aak_none"},
    }


def check(reply: Reply, told: int | None, behind: int, case: tuple[Any, ...]) -> None:
    if told is None and behind == WRONG:
        assert reply.status in (401, 429), case
    else:
        assert reply.status == (behind if told is None else told), case
    assert not [n for n in reply.names() if n.lower().startswith("access-control-")], case
    assert "default-src" in reply.header("content-security-policy"), case
    if told is not None:
        shape = "json" in reply.header("content-type")
        assert shape and b"Traceback" not in reply.body, case


async def tried(app: FastAPI, said: dict[str, dict[str, str]], closed: bool) -> None:
    """Every route under every method, page that asks and credential."""
    for method, route, page, credential in itertools.product(METHODS, ROUTES, ORIGINS, said):
        if route == "/mcp" and "key" in credential:
            continue  # is told in test_access.py
        origin, headers = ORIGINS[page]
        told = expected(method, route, 0, origin, credential, closed)
        sent = {"host": HOST, **headers, **said[credential]}
        reply = await call(app, method, route, list(sent.items()))
        check(reply, told, found_behind(method, route, closed), (method, route, page, credential))


def test_who_may_pass_where_everyone_may(free: Asked) -> None:
    said = {"none": {}, "cookie": {"cookie": "of=another program"}}
    free(lambda app: tried(app, said, closed=False))


async def test_who_may_pass_where_people_sign_in(secrets: tuple[Settings, str]) -> None:
    settings, key = secrets
    async with opened(settings) as app:
        await tried(app, await credential_headers(app, key), closed=True)


@pytest.mark.parametrize("named", ["", "hoi.example, news.example"])
async def test_the_name_of_the_server(named: str) -> None:
    settings = Settings(requests_a_minute=0, hosts=named, page=False)
    hosts = HOSTS | (
        {"hoi.example": 0, "HOI.example:443": 0, "a.hoi.example": 421} if named else {}
    )
    async with opened(settings) as app:
        for host, told in hosts.items():
            for more in ({}, {"x-forwarded-host": HOST}, {"forwarded": f"host={HOST}"}):
                for route, method in (("/healthz", "GET"), ("/api/v1/search", "POST")):
                    sent = [("host", host), *more.items()]
                    reply = await call(app, method, route, sent)
                    behind = found_behind(method, route, False)
                    check(reply, told or None, behind, (host, more, method, route))
        for hosts_sent in ([], [("host", HOST), ("host", HOST)], [("host", HOST), ("host", "x")]):
            assert (await call(app, "GET", "/healthz", hosts_sent)).status == 400


async def test_a_server_for_everyone_still_wants_a_name() -> None:
    settings = Settings(requests_a_minute=0, host="0.0.0.0", open_to_all=True, page=False)
    async with opened(settings) as app:
        for host, told in HOSTS.items():
            reply = await call(app, "GET", "/healthz", [("host", host)])
            assert reply.status == (400 if told == 400 else 200), host


async def test_only_the_proxy_tells_another_name() -> None:
    settings = Settings(
        requests_a_minute=0, proxy_address="192.0.2.1", hosts="hoi.example", page=False
    )
    async with opened(settings) as app:
        for told, status in {
            "hoi.example": 200,
            "evil.example, hoi.example": 200,  # the nearest proxy has the last word
            "hoi.example, evil.example": 421,
            "evil.example": 421,
            "hoi.example:80:80": 400,
            "[::1].hoi.example": 400,
        }.items():
            headers = [("host", "127.0.0.1"), ("x-forwarded-host", told)]
            by_proxy = await call(app, "GET", "/healthz", headers, client="192.0.2.1")
            assert by_proxy.status == status, told
            # From anyone else the header is nothing, and the Host is what counts.
            assert (await call(app, "GET", "/healthz", headers)).status == 200
            headers = [("host", "evil.example"), ("x-forwarded-host", "hoi.example")]
            assert (await call(app, "GET", "/healthz", headers)).status == 421


def test_the_page_is_not_told_where_it_is_by_strangers(free: Asked) -> None:
    async def work(app: FastAPI) -> None:
        for name in ("x-forwarded-host", "x-gradio-server"):
            for value in ("evil.example", "http://evil.example", "]bad[", "\xff"):
                reply = await call(app, "GET", "/", [("host", HOST), (name, value)])
                assert reply.status == 200
                assert b"evil.example" not in reply.body

    free(work)


@given(st.text(max_size=40))
def test_an_authority_is_nothing_but_one(text: str) -> None:
    found = authority(text)
    if found is None:
        return
    shown = f"[{found.name}]" if ":" in found.name else found.name
    again = shown if found.port is None else f"{shown}:{found.port}"
    assert authority(again) == found
    assert not set(text) & set(" \t\r\n/\\@?#%,;'\"<>")
    assert is_origin_of(f"http://{text}", text)
    assert not is_origin_of(f"http://{text}.evil", text)


# What a request is made of


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://evil.example/", 400),
        ("*", 400),
        ("evil.example:443", 400),
        ("/assets/%00", 400),
        ("/api/v1/articles/a%0Ab", 400),
        ("/a%7Fb", 400),
        (f"/{'a' * 9000}", 414),
        (f"/healthz?{'a' * 9000}", 414),
        (f"/assets/{'a' * 300}.js", 404),
        ("/assets/../../../../etc/passwd", 404),
        ("/assets/%2e%2e/%2e%2e/routes.py", 404),
        ("/static/..%2f..%2froutes.py", 404),
        ("/gradio_api/heartbeat/%2e%2e", 404),
        ("/gradio_api/queue/data", 422),
        ("/gradio_api/queue/data?session_hash=a&session_hash=b", 422),
        (f"/gradio_api/queue/data?session_hash={'a' * 65}", 422),
    ],
)
def test_addresses_that_are_none(free: Asked, target: str, status: int) -> None:
    async def work(app: FastAPI) -> None:
        assert (await call(app, "GET", target)).status == status

    free(work)


def test_headers_have_an_end(free: Asked) -> None:
    async def work(app: FastAPI) -> None:
        for more in ([("a", "b" * 17_000)], [(f"a{n}", "b" * 100) for n in range(200)]):
            reply = await call(app, "GET", "/healthz", [("host", HOST), *more])
            assert reply.status == 431
        headers = [("host", HOST), ("content-length", "9" * 5000)]
        assert (await call(app, "POST", "/api/v1/search", headers)).status == 413

    free(work)


GRADIOS = (
    "config info openapi.json user login_check token dev/reload startup-events file=/etc/passwd "
    "file/etc/passwd proxy=http://127.0.0.1:1/ upload upload_progress?upload_id=x component_server "
    "run/answer run/submit run/predict/ api/predict call/answer call/answer/x call/v2/answer "
    "call/v2/answer/x reset queue/status runs run-history/buckets deep_link?session_hash=x "
    "process_recording vibe-edit undo-vibe-edit vibe-code vibe-starter-queries profiling/traces "
    "stream/x stream/x/close stream/a/b/1/playlist.m3u8 custom_component/a/b/c/d mcp mcp/sse "
    "theme.css"
).split()


def test_what_the_page_does_not_ask_for_is_not_there(free: Asked) -> None:
    more = "config info monitoring monitoring/summary pwa_icon pwa_icon/99999999 svelte/x file=x"

    async def work(app: FastAPI) -> None:
        for path in [f"/gradio_api/{name}" for name in GRADIOS] + [f"/{n}" for n in more.split()]:
            for method in ("GET", "POST", "HEAD", "DELETE"):
                assert (await call(app, method, path)).status == 404, (method, path)

    free(work)


def test_states_to_begin_with_are_not_looked_for(free: Asked) -> None:
    async def work(app: FastAPI) -> None:
        plain = await call(app, "GET", "/")
        for query in ("deep_link=x", "deep_link=..%2f..", "page=x", "view=api"):
            assert (await call(app, "GET", f"/?{query}")).body == plain.body

    free(work)


# JSON

FAULTY: dict[str, bytes] = {
    "not a number": b'{"data": NaN}',
    "infinity": b'{"data": [Infinity]}',
    "minus infinity": b'{"data": [-Infinity]}',
    "a number that becomes infinite": b'{"data": [1e999]}',
    "a huge number": b'{"data": [1' + b"0" * 400 + b"]}",
    "a number that takes minutes": b'{"data": [' + b"9" * 500_000 + b"]}",
    "half a pair": b'{"data": ["\\ud800"]}',
    "the other half": b'{"data": ["\\udc00"]}',
    "half a pair as a name": b'{"\\ud800": 1}',
    "deep lists": b"[" * 100_000,
    "deep lists that end": b"[" * 500 + b"]" * 500,
    "deep objects": b'{"a":' * 500 + b"1" + b"}" * 500,
    "no UTF-8": b'{"data": "\xff\xfe"}',
    "UTF-16": '{"data": []}'.encode("utf-16"),
    "surrogates in UTF-8": b'{"data": ["\xed\xa0\x80"]}',
    "half of it": b'{"data": [',
    "more than one": b"{}{}",
    "no JSON": b"question=x",
    "a byte": b"\x00",
    "null": b"null",
    "a text": b'"x"',
    "a number": b"7",
    "true": b"true",
    "a list": b"[]",
    "an object": b"{}",
    "nothing": b"",
    "other types": b'{"data": {"a": 1}, "question": [], "messages": 7, "fn_index": "0"}',
}
JSON_DOORS = (
    "/api/v1/answer",
    "/api/v1/search",
    "/api/v1/feedback",
    "/api/v1/cards",
    "/api/v1/conversations",
    "/api/v1/articles/web",
    "/v1/chat/completions",
    "/mcp",
    "/gradio_api/run/predict",
    "/gradio_api/queue/join",
    "/gradio_api/cancel",
)


def test_faulty_json_is_a_fault_of_the_request(
    free: Asked, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    async def work(app: FastAPI) -> None:
        for path, (name, body) in itertools.product(JSON_DOORS, FAULTY.items()):
            reply = await post_json(app, path, body)
            # Where nobody has signed in, no conversation is kept.
            assert 400 <= reply.status < 500, (path, name, reply.status)
            assert reply.status != 403 or path == "/api/v1/conversations", (path, name)

    free(work)
    assert not [record for record in caplog.records if record.exc_info]
    assert "Traceback" not in "".join(capfd.readouterr())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_what_is_read_can_be_written(value: Any, plain: bool) -> None:
    body = json.dumps(value, ensure_ascii=plain)
    try:
        found = _json_bodies.read(body.encode("utf-8", "surrogatepass"))
    except Problem as problem:
        assert problem.status == 422
        with pytest.raises((ValueError, OverflowError)):
            _strict(value)
    else:
        assert found == value
        _strict(found)


def _strict(value: Any) -> None:
    """Raises where some program could not keep the value."""
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    for number in _numbers(value):
        number.to_bytes(8, signed=True)
        if number == -(1 << 63):
            raise OverflowError


def _numbers(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _numbers(inner)


# How much one may ask


def event(number: int, *data: Any, **more: Any) -> dict[str, Any]:
    return {"session_hash": "s", "fn_index": number, "data": list(data), **more}


DOORS: dict[str, tuple[str, Any, int]] = {
    "search": ("/api/v1/search", {"question": "?"}, QUESTION),
    "answer": ("/api/v1/answer", {"question": "?"}, QUESTION),
    "openai": ("/v1/chat/completions", {"model": "x", "messages": []}, QUESTION),
    "mcp": ("/mcp", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}, QUESTION),
    "run": ("/gradio_api/run/predict", {}, EVENT),
    "join": ("/gradio_api/queue/join", {}, EVENT),
    "call": ("/gradio_api/call/answer", {"data": []}, EVENT),
    "api": ("/gradio_api/api/answer", {"data": []}, EVENT),
    "named": ("/gradio_api/run/answer", {"data": []}, EVENT),
    "upload": ("/gradio_api/upload", {}, EVENT),
    "cancel": ("/gradio_api/cancel", {}, EVENT),
}


@pytest.mark.parametrize("first", DOORS)
async def test_one_allowance_for_every_way_in(first: str) -> None:
    """What was spent at one door is missing at all others."""
    async with opened(Settings(requests_a_minute=2, page=False)) as app:
        path, body, parts = DOORS[first]
        for _ in range(2 * QUESTION // parts):
            assert (await post_json(app, path, body)).status != 429
        for path, body, _ in DOORS.values():
            reply = await post_json(app, path, body)
            assert reply.status == 429, path
            assert int(reply.header("retry-after")) > 0
        assert (await call(app, "GET", "/docs")).status == 429
        assert (await call(app, "GET", "/healthz")).status == 200
        other = await call(app, "GET", "/docs", client="127.0.0.2")
        assert other.status == 200


async def test_a_question_costs_the_same_in_the_page() -> None:
    async with opened(Settings(requests_a_minute=3)) as app:
        number = await answering(app)
        asked = event(number, None, None, "vi", "")
        codes = [(await post_json(app, "/gradio_api/queue/join", asked)).status for _ in range(4)]
        assert codes == [200, 200, 200, 429]


async def answering(app: FastAPI) -> int:
    """The number of an event that answers a question, as the page's document tells it."""
    document = (await call(app, "GET", "/", client="127.0.0.9")).body.decode()
    config = document.partition("window.gradio_config = ")[2].partition(";</script>")[0]
    return int(next(d["id"] for d in json.loads(config)["dependencies"] if d["queue"]))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("unix", "unix", True),
    ],
)
def test_whose_allowance_it_is(one: str, other: str, same: bool) -> None:
    assert (client_of(None, one) == client_of(None, other)) is same
    assert client_of("user:linh", one) == client_of("user:linh", other) == "user:linh"


# Events of the page

FILES = {"exchanges": [{"question": {"path": "/etc/passwd"}}], "opening": True, "number": 0}


def test_events_that_the_page_would_not_send(
    free: Asked, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.ERROR)
    faulty: list[Any] = [
        event(0),
        event(0, None, "", "", ""),
        event(0, None, 7, "", ""),
        event(-1),
        event(10**9),
        event(True),
        {**event(0, None, "", "", ""), "session_hash": "a b"},
        {**event(0, None, "", "", ""), "session_hash": "x" * 100_000},
        {**event(0, None, "", "", ""), "session_hash": None},
        {**event(0, None, "", "", ""), "trigger_id": "x"},
        event(0, None, {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}, "", ""),
        event(0, None, {"url": "http://127.0.0.1:1/"}, "", ""),
        event(0, None, "", "", "[" * 50_000),
        event(1, "?", None, "xx", "none", 5, "balanced", "flag"),
        event(1, "?", None, None, "none", 5, "balanced", "flag"),
        event(1, "?", None, "vi", "none", 1e6, "balanced", "flag"),
        event(1, "?", None, "vi", "none", "5", "balanced", "flag"),
        event(1, None, None, "vi", "none", 5, None, None),
        *(event(n, None, "vi", "", event_data=FILES) for n in range(40)),
        *(event(number, None, "vi") for number in range(40)),
        *(event(number, None, "vi", "") for number in range(40)),
        *(
            event(n, None, "vi", "none", 5, None, None, event_data=d)
            for n in range(5)
            for d in "xy"
        ),
    ]

    async def work(app: FastAPI) -> None:
        for body in faulty:
            reply = await post_json(app, "/gradio_api/run/predict", body)
            assert reply.status < 500, (body, reply.body)

    free(work)
    assert not [record for record in caplog.records if record.exc_info]
    assert "Traceback" not in "".join(capfd.readouterr())
