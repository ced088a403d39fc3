"""The doors under thousands of requests: none may fail for what it holds."""

from __future__ import annotations

import json
import logging
import random
import string
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from starlette.testclient import TestClient

from assistant.server import application
from assistant.settings import Settings
from tests.doors import HOST, Reply, call, post_json
from tests.served import Scripted
from tests.test_doors import GRADIOS, opened

OF_AN_OPERATION = 120  # requests of each kind
PATHS = 4000
EVENTS = 6000


class Settable(Scripted):
    """Takes what a request may set."""

    def with_settings(self, **changes: Any) -> Settable:
        return self


@pytest.fixture(autouse=True)
def _no_traceback(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    caplog.set_level(logging.ERROR)
    yield
    assert not [record.getMessage() for record in caplog.records if record.exc_info]
    assert "Traceback" not in "".join(capfd.readouterr())


def sound(reply: Reply, case: object) -> None:
    assert reply.status < 500, (case, reply.status, reply.body[:300])
    assert not [n for n in reply.names() if n.lower().startswith("access-control-")], case


Work = Callable[[FastAPI], Awaitable[None]]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Work], None]]:
    """Works with a server for everyone, beside an index folder of its own."""
    free = Settings(requests_a_minute=0, index=tmp_path_factory.mktemp("index"))
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(opened(free, Settable())) as app,
    ):
        yield lambda work: portal.call(work, app)


# The interfaces, by their own description


def described() -> dict[str, Any]:
    app = application.app(Scripted(), Settings(page=False))
    return dict(TestClient(app, base_url="http://127.0.0.1").get("/openapi.json").json())


SCHEMA = schemathesis.openapi.from_dict(described())
OPERATIONS = {o.ok().label: o.ok() for o in SCHEMA.get_all_operations()}


@pytest.mark.parametrize("label", OPERATIONS)
@pytest.mark.parametrize("mode", GenerationMode)
def test_the_interfaces(fuzzed: Callable[[Work], None], label: str, mode: GenerationMode) -> None:
    """What the description allows, and what it does not."""
    cases: list[Any] = []

    @settings(
        max_examples=OF_AN_OPERATION,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def each(case: Any) -> None:
        cases.append(case)

    try:
        each()
    except Unsatisfiable:  # of what takes nothing, nothing can be wrong
        assert mode is GenerationMode.NEGATIVE and label.split()[0] in ("GET", "DELETE")

    async def work(app: FastAPI) -> None:
        for case in cases:
            sound(await sent(app, case), case)

    fuzzed(work)


async def sent(app: FastAPI, case: Any) -> Reply:
    target = quote(case.formatted_path, safe="/%")
    query = urlencode(case.query or {}, doseq=True, errors="replace")
    headers = [("host", HOST)]
    for name, value in (case.headers or {}).items():
        text = str(value)
        if name.lower() not in ("host", "content-length") and text.isascii() and text.isprintable():
            headers.append((name, text))
    body = b""
    if type(case.body).__name__ != "NotSet":
        kind = case.media_type or "application/json"
        headers.append(("content-type", kind))
        body = case.body if isinstance(case.body, bytes) else json.dumps(case.body).encode()
    return await call(app, case.method, f"{target}?{query}" if query else target, headers, body)


# Gradio's routes and the page's events


PIECES = [*GRADIOS, "", ".", "..", "%2e%2e", "%00", "%0a", "%ff", "%ed%a0%80", "%252e", "a" * 300,
    "gradio_api", "queue", "data", "join", "heartbeat", "run", "predict", "assets", "static", "é",
    "theme.css", "favicon.ico", "manifest.json", "index.js", "~", "\\", "*", ":", "@", "C:", "😀",
    "session_hash=x", "api", "v1", "articles", "models", "mcp", "login", "docs",
    "healthz"]  # fmt: skip
METHODS = ("GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO")
ODD: list[Any] = [
    None, True, 0, -1, 7, 10**9, 1 << 62, 0.5, -1e300, "", "x", "vi", "none", "flag", "\x00",
    "#article=bridge", "#article=%ed%a0%80&start=-1&end=1e9", "[" * 5000, "😀" * 1000,
    "#article=a&start=9" + "9" * 30,
    [], {}, [None], {"a": 1}, {"path": "/etc/passwd"}, {"url": "http://127.0.0.1:1/"},
    {"path": "x", "meta": {"_type": "gradio.FileData"}}, {"__type__": "update"}, [[[[]]]],
]  # fmt: skip
NAMES = "address words most question value text slot number exchanges opening index answer".split()


def test_any_address(fuzzed: Callable[[Work], None]) -> None:
    chance = random.Random(1)

    async def work(app: FastAPI) -> None:
        for _ in range(PATHS):
            path = "/" + "/".join(chance.choices(PIECES, k=chance.randint(0, 5)))
            query = "".join(chance.choices(string.printable[:94], k=chance.choice((0, 0, 12))))
            method = chance.choice(METHODS)
            target = f"{quote(path, safe='/%=?&')}?{quote(query, safe='=&%')}"
            body = json.dumps(chance.choice(ODD)).encode() if method == "POST" else b""
            headers = [("host", HOST), ("content-type", "application/json")]
            sound(await call(app, method, target, headers, body), (method, target, body))

    fuzzed(work)


def test_any_event(fuzzed: Callable[[Work], None]) -> None:
    """Whole bodies, and bodies of which a part is another thing than the page would send."""
    chance = random.Random(2)

    def odd() -> Any:
        if chance.random() < 0.4:
            return {name: chance.choice(ODD) for name in chance.sample(NAMES, 3)}
        return chance.choice(ODD)

    def told(kind: type) -> Any:
        return chance.choice([one for one in ODD if isinstance(one, kind)])

    def event_data() -> dict[str, Any]:
        return {
            "address": told(str), "words": told(str), "question": told(str), "slot": told(str),
            "number": chance.randint(0, 3), "opening": chance.random() < 0.5,
            "exchanges": [odd() for _ in range(3)], "value": {"text": told(str)},
        }  # fmt: skip

    async def work(app: FastAPI) -> None:
        page = (await call(app, "GET", "/")).body.decode()
        config = json.loads(page.partition("window.gradio_config = ")[2].partition(";</script>")[0])
        events = [d for d in config["dependencies"] if d["backend_fn"]]
        kinds = {c["id"]: c["type"] for c in config["components"]}
        fitting = {"state": None, "radio": "vi", "dropdown": "none", "slider": 3, "textbox": "x"}
        for number in range(EVENTS):
            event = chance.choice(events)
            data = [fitting.get(kinds[one]) for one in event["inputs"]]
            body: dict[str, Any] = {
                "session_hash": f"s{chance.randint(0, 5)}",
                "fn_index": event["id"],
                "trigger_id": chance.choice([None, 0, 7, *event["inputs"]]),
                "data": data,
                "event_data": event_data(),
            }
            if number % 3:
                for _ in range(chance.randint(1, 2)):
                    if data and chance.random() < 0.6:
                        data[chance.randrange(len(data))] = odd()
                    else:
                        body[chance.choice([*body, "batched", "event_id", "oauth_token"])] = odd()
            way = "queue/join" if event["queue"] and chance.random() < 0.9 else "run/predict"
            reply = await post_json(app, f"/gradio_api/{way}", body)
            if reply.status != 503:  # more wait than may
                sound(reply, (way, body))

    fuzzed(work)
