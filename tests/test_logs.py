"""Nothing that was asked, answered or read is in the log, whatever fails and whoever tells it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from assistant.logs import without_words
from tests import served
from tests.faulty_server import FAULTS

ROOT = Path(__file__).parents[1]
CANARY = "CANARYchimbáobão"
WAYS = ("answer", "stream", "search", "openai", "openai_stream", "mcp", "half-way")


@dataclass
class Server:
    """A faulty server in a process of its own: what it has told so far."""

    client: httpx.Client
    folder: Path

    def told(self) -> str:
        names = ("out.txt", "err.txt", "records.txt")
        return "\n".join((self.folder / name).read_text("utf-8") for name in names)


@pytest.fixture(scope="module", params=["json", pytest.param("text", marks=pytest.mark.slow)])
def server(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("faulty")
    temporary = folder / "temporary"
    temporary.mkdir(mode=0o700)
    environment = os.environ | {
        "TMPDIR": str(temporary),
        "ASSISTANT_LOG_FORMAT": request.param,
        "ASSISTANT_REQUESTS_A_MINUTE": "0",
        "ASSISTANT_LLM_KEY": CANARY,
        "OPENAI_LOG": "debug",
        "PYTHONASYNCIODEBUG": "1",
        "PYTHONWARNINGS": "always",
        "PYTHONPATH": str(ROOT),
    }
    out, err = (folder / "out.txt").open("w"), (folder / "err.txt").open("w")
    command = [sys.executable, "-m", "tests.faulty_server", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err, umask=0)
    try:
        address = _address(folder / "out.txt")
        with httpx.Client(base_url=address, timeout=30) as client:
            served.wait_until_ready(client)
            yield Server(client, folder)
    finally:
        process.terminate()
        process.wait(20)
        out.close()
        err.close()


def _address(out: Path) -> str:
    for _ in range(600):
        if found := re.search(r"Open (\S+)", out.read_text("utf-8")):
            return found[1]
        time.sleep(0.1)
    raise AssertionError(out.with_name("err.txt").read_text("utf-8"))


def ask(client: httpx.Client, way: str, question: str) -> httpx.Response:
    turn = {"question": question, "answer": question}
    messages = [{"role": "user", "content": question}]
    body: dict[str, Any] = {"question": question}
    match way:
        case "search":
            return client.post("/api/v1/search", json=body)
        case "openai" | "openai_stream":
            body = {"model": "assistant", "messages": messages, "stream": way != "openai"}
            return client.post("/v1/chat/completions", json=body)
        case "mcp":
            call = {"name": "answer", "arguments": body}
            message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            accept = {"accept": "application/json, text/event-stream"}
            return client.post("/mcp", json=message, headers=accept)
        case "half-way":
            return client.post("/api/v1/answer", json=body | {"history": [turn], "stream": True})
        case _:
            return client.post("/api/v1/answer", json=body | {"stream": way == "stream"})


def test_no_fault_tells_what_was_asked(server: Server) -> None:
    before = server.told().count("Traceback without")
    for way in WAYS:
        for fault in FAULTS:
            ask(server.client, way, f"{fault} {CANARY}: Cầu {CANARY} ở đâu?")
    told = server.told()
    assert CANARY not in told
    # It is told that something failed, and where: most faults of most ways.
    assert told.count("Traceback without") - before > len(WAYS) * len(FAULTS) / 2
    for name in ("ProviderError", "faulty_server.py", "a thread has ended", "_base_client"):
        assert name in told


def test_nor_does_what_the_page_is_sent(server: Server) -> None:
    """Every function of the page, with the canary in the place of every input."""
    document = server.client.get("/").text
    told, _ = json.JSONDecoder().raw_decode(document.partition("window.gradio_config = ")[2])
    functions = told["dependencies"]
    assert len(functions) > 20
    for function in functions:
        for data in ([CANARY] * len(function["inputs"]), CANARY):
            body = {"data": data, "fn_index": function["id"], "session_hash": "s"}
            server.client.post("/gradio_api/queue/join", json=body)
            server.client.post("/gradio_api/run/predict", json=body | {"session_hash": "r"})
    with server.client.stream("GET", "/gradio_api/queue/data?session_hash=s") as events:
        for line in events.iter_lines():
            if '"close_stream"' in line:
                break
    assert CANARY not in server.told()


@pytest.mark.parametrize("path", ["/{0}", "/api/v1/articles/{0}", "/v1/models?key={0}", "/?q={0}"])
def test_nor_an_address(server: Server, path: str) -> None:
    server.client.get(path.format(CANARY))
    server.client.post(path.format(CANARY), content=CANARY.encode())
    assert CANARY not in server.told()


def test_nor_an_article_that_is_added(server: Server) -> None:
    text = f"{CANARY} khánh thành.\n\nCầu {CANARY} nối hai bờ sông từ sáng nay.\n"
    for name, data in ((f"{CANARY}.txt", text.encode()), ("bad.pdf", text.encode())):
        found = server.client.post(f"/api/v1/articles?name={name}", content=data)
        assert found.status_code >= 400
    server.client.post("/api/v1/articles/web", json={"address": f"http://{CANARY}.invalid/"})
    feedback = {"question": CANARY, "opinion": "bad", "correction": CANARY, "answer": CANARY}
    server.client.post("/api/v1/feedback", json=feedback)
    server.client.post("/api/v1/conversations", json={"exchanges": [feedback]})
    server.client.post("/api/v1/cards/verify", content=text.encode())
    assert CANARY not in server.told()
    assert served.BRIDGE.text not in server.told()


def test_every_file_of_the_server_is_its_own(server: Server) -> None:
    """Under umask 0; the files that the test itself made are not the server's."""
    own = [path for path in server.folder.rglob("*") if path.parent != server.folder]
    assert {"catalog.sqlite", "catalog.sqlite-wal", "lock"} <= {p.name for p in own}
    assert [path for path in own if path.lstat().st_mode & 0o077] == []


def test_json_lines_are_json(server: Server) -> None:
    ask(server.client, "answer", f"chained {CANARY}")
    lines = (server.folder / "err.txt").read_text("utf-8").splitlines()
    parsed = [json.loads(line) for line in lines if line.startswith("{")]
    if parsed:
        assert len(parsed) == len(lines)  # nothing is printed beside them
        assert all({"time", "level", "logger", "message"} <= set(line) for line in parsed)


def test_a_traceback_without_words_names_kinds_and_places() -> None:
    try:
        FAULTS["chained"](CANARY)
    except ValueError as failure:
        told = without_words(failure).splitlines()
    assert told[1].endswith("in _chained")
    assert told[2] == "tests.faulty_server.ProviderError"
    assert told[-1] == "builtins.ValueError"
    assert CANARY not in "\n".join(told)
