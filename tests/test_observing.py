"""What is seen of the server from outside: ids, lines in the log, metrics, and how it ends."""

from __future__ import annotations

import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient

from assistant import logs
from assistant.server import application
from assistant.server.credentials import Keys
from assistant.settings import Settings
from tests import served
from tests.served import Scripted

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served.served(Scripted(), Settings(metrics=True)) as client:
        yield client


def metric(client: httpx.Client, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", client.get("/metrics").text, re.M)
    return float(found[1]) if found else 0.0


# Ids


@pytest.mark.parametrize("path", ["/healthz", "/none", "/", "/api/v1/articles", "/gradio_api/x"])
def test_every_response_has_an_id_of_its_own(client: httpx.Client, path: str) -> None:
    first, second = (client.get(path).headers["x-request-id"] for _ in range(2))
    assert first != second
    assert re.fullmatch("[0-9a-f]{16}", first)


@pytest.mark.parametrize("given", ["a", "7f-3.b_2", "x" * 64])
def test_a_caller_s_own_id_stays(client: httpx.Client, given: str) -> None:
    assert client.get("/healthz", headers={"x-request-id": given}).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", 'a"b', "{", "a\tb"])
def test_what_is_no_id_is_not_taken(client: httpx.Client, given: str) -> None:
    found = client.get("/healthz", headers={"x-request-id": given})
    assert re.fullmatch("[0-9a-f]{16}", found.headers["x-request-id"])


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/v1/answer", {"question": "hỏng"}, 500),
        ("/api/v1/answer", {"question": 7}, 422),
        ("/api/v1/none", {}, 404),
        ("/api/v1/answer", {"question": "mất"}, 503),
    ],
)
def test_a_problem_names_the_id(
    client: httpx.Client, path: str, body: dict[str, object], status: int
) -> None:
    found = client.post(path, json=body)
    assert found.status_code == status
    assert found.json()["request_id"] == found.headers["x-request-id"]


def test_one_that_is_refused_at_the_door_has_one_too(client: httpx.Client) -> None:
    found = client.get("/", headers={"host": "evil.example"})
    assert found.status_code == 421
    assert found.json()["request_id"] == found.headers["x-request-id"]


# Lines


def test_a_line_tells_of_a_request_and_not_of_what_was_asked(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    time.sleep(0.2)  # lines of what was asked before come after the last byte, too
    caplog.clear()
    caplog.set_level(logging.INFO, logs.REQUESTS)
    client.post("/api/v1/answer", json={"question": "chim báo bão"})
    client.get("/api/v1/articles/chim?q=báo")
    client.get("/chim-báo")
    time.sleep(0.2)  # the line comes after the last byte
    facts = [getattr(record, logs.FACTS) for record in caplog.records]
    assert [(f["method"], f["route"], f["status"]) for f in facts] == [
        ("POST", "/api/v1/answer", 200),
        ("GET", "/api/v1/articles/{article_id}", 404),
        ("GET", facts[2]["route"], 404),
    ]
    assert all(isinstance(f["ms"], int) and f["ms"] >= 0 for f in facts)
    assert "chim" not in json.dumps(facts) + caplog.text


# Metrics


def test_answers_and_requests_are_counted(client: httpx.Client) -> None:
    answers = 'assistant_answers_total{grounding="grounded"}'
    route = 'assistant_requests_total{method="POST",route="/api/v1/answer",status="200"}'
    stages = [
        f'assistant_answer_milliseconds_count{{stage="{s}"}}' for s in ("retrieval", "reading")
    ]
    before = [metric(client, line) for line in (answers, route, *stages)]
    client.post("/api/v1/answer", json={"question": "Cầu?"})
    with client.stream("POST", "/api/v1/answer", json={"question": "Cầu?", "stream": True}) as it:
        it.read()
    time.sleep(0.2)
    after = [metric(client, line) for line in (answers, route, *stages)]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 2, 2, 2]


def test_clients_cannot_make_new_series(client: httpx.Client) -> None:
    for word in ("one", "two"):
        client.get(f"/{word}")
        client.get(f"/api/v1/articles/{word}")
        client.request(word.upper(), "/healthz")
    told = client.get("/metrics").text
    assert not re.search("one|two", told, re.IGNORECASE)


def test_no_metrics_unless_they_are_wanted() -> None:
    with TestClient(application.app(Scripted(), Settings(page=False))) as client:  # type: ignore[arg-type]
        assert client.get("/metrics", headers={"host": "localhost"}).status_code == 404


@pytest.mark.parametrize(
    ("host", "headers", "status"),
    [
        ("127.0.0.1", {"host": "tin.example.vn"}, 403),  # of a proxy that tells no more
        ("127.0.0.1", {"host": "127.0.0.1:7860"}, 200),
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("192.0.2.7", {}, 403),
        ("127.0.0.1", {"x-forwarded-for": "192.0.2.7"}, 403),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}, 403),
        ("192.0.2.7", {"authorization": "Bearer wrong"}, 403),
        ("192.0.2.7", {"authorization": "Bearer {key}"}, 200),
    ],
)
def test_who_may_read_metrics(
    tmp_path: Path, host: str, headers: dict[str, str], status: int
) -> None:
    keys = tmp_path / "keys"
    key = Keys(keys).add("prometheus")
    settings = Settings(metrics=True, page=False, keys=keys, hosts="tin.example.vn")
    app = application.app(Scripted(), settings)  # type: ignore[arg-type]
    client = TestClient(app, client=(host, 1), base_url="http://localhost")
    sent = {name: value.format(key=key) for name, value in headers.items()}
    assert client.get("/metrics", headers=sent).status_code == status


# The end

SERVER = """
import sys, time
from assistant.server.serve import serve
from assistant.settings import Settings
from assistant.types import TextDelta
from tests.served import Scripted

class Slow(Scripted):
    def stream(self, question, history=()):
        for event in super().stream(question, history):
            yield event
            if isinstance(event, TextDelta):
                time.sleep(float(question))

settings = Settings(page=False, port=int(sys.argv[1]), grace_seconds=float(sys.argv[2]))
serve(Slow(), settings, lambda line: print(line, flush=True))
print("ended", flush=True)
"""


@pytest.mark.parametrize(
    ("grace", "signals", "whole"),
    [
        (20, 1, True),
        pytest.param(0, 1, False, marks=pytest.mark.slow),
        pytest.param(20, 2, False, marks=pytest.mark.slow),
    ],
)
def test_sigterm_lets_answers_end_within_the_grace(grace: int, signals: int, whole: bool) -> None:
    """The answer takes 1.4 s, or, where it is not waited for, longer than the server does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(port), str(grace)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        address = process.stdout.readline().split()[-1]
        told: list[str] = []

        def ask() -> None:
            body = {"question": "0.7" if whole else "9", "stream": True}
            try:
                with httpx.stream("POST", f"{address}/api/v1/answer", json=body, timeout=30) as it:
                    for line in it.iter_lines():
                        told.append(line)
            except httpx.HTTPError:
                told.append("broken off")

        asking = threading.Thread(target=ask)
        asking.start()
        while not told:
            time.sleep(0.05)
        began = time.monotonic()
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
        assert process.stdout.read().strip() == "ended"
        assert process.wait(20) == 0
        asking.join(20)
        assert time.monotonic() - began < (10 if whole else 9)
        assert any("finished" in line for line in told) == whole, told
