"""A real server under many requests, of which a share hang up: what of it stays behind."""

from __future__ import annotations

import json
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]
HUNG_UP = 0.3  # share of the requests whose client leaves
CLIENTS = 6
PATIENCE = 60.0  # seconds for a reply
QUESTIONS = [
    json.loads(line)["question"]
    for line in (ROOT / "tests/questions/seed.jsonl").read_text("utf-8").splitlines()
]


@dataclass(frozen=True, slots=True)
class State:
    """What a process holds: resident KiB, open files, threads."""

    resident: int
    files: int
    threads: int

    @classmethod
    def of(cls, process: int) -> State:
        status = Path(f"/proc/{process}/status").read_text()
        found = dict(re.findall(r"(VmRSS|Threads):\s+(\d+)", status))
        files = len(os.listdir(f"/proc/{process}/fd"))
        return cls(int(found["VmRSS"]), files, int(found["Threads"]))


@dataclass
class Soak:
    """Requests to a server at ``port``, by chance; ``statuses``: of those that stayed."""

    port: int
    article: str
    page_event: dict[str, Any]
    statuses: Counter[int] = field(default_factory=Counter)
    hung_up: int = 0
    wrong: list[str] = field(default_factory=list)

    def run(self, requests: int, seed: str) -> None:
        """``requests`` of them, by several clients at once."""
        each = [requests // CLIENTS + (n < requests % CLIENTS) for n in range(CLIENTS)]
        clients = [
            threading.Thread(target=self._client, args=(count, random.Random(f"{seed}:{n}")))
            for n, count in enumerate(each)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()

    def _client(self, requests: int, chance: random.Random) -> None:
        for _ in range(requests):
            method, path, body = self._asked(chance)
            try:
                self._send(method, path, body, chance)
            except OSError as fault:
                self.wrong.append(f"{method} {path}: {fault!r}")

    def _asked(self, chance: random.Random) -> tuple[str, str, bytes]:
        question = chance.choice(QUESTIONS)
        body: dict[str, Any]
        match chance.choices(range(8), [30, 6, 8, 22, 16, 6, 4, 8])[0]:
            case 0:
                body = {"question": question}
                return "POST", "/api/v1/search", _json(body)
            case 1:
                return "POST", "/api/v1/answer", _json({"question": question})
            case 2:
                return "POST", "/api/v1/answer", _json({"question": question, "stream": True})
            case 3:
                return "GET", "/api/v1/articles", b""
            case 4:
                return "GET", f"/api/v1/articles/{self.article}", b""
            case 5:
                return "GET", "/", b""
            case 6:
                told = [{"role": "user", "content": question}]
                body = {"model": "assistant", "messages": told, "stream": chance.random() < 0.5}
                return "POST", "/v1/chat/completions", _json(body)
            case _:  # a visitor of the page, who never comes again
                body = self.page_event | {"session_hash": f"{chance.getrandbits(48):x}"}
                return "POST", "/gradio_api/run/predict", _json(body)

    def _send(self, method: str, path: str, body: bytes, chance: random.Random) -> None:
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{self.port}\r\nconnection: close\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        request = head.encode() + body
        leaves = chance.random() < HUNG_UP
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE) as wire:
            if not leaves:
                wire.sendall(request)
                self.statuses[_status(wire)] += 1
                return
            self.hung_up += 1
            way = chance.randrange(3)
            if way == 0:  # in the middle of what it asks
                wire.sendall(request[: chance.randrange(len(request))])
                return
            wire.sendall(request)
            if way == 1:  # before there is a reply
                time.sleep(chance.random() * 0.1)
            else:  # at its beginning
                wire.recv(chance.choice([1, 200, 4000]))


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


def _status(wire: socket.socket) -> int:
    """Of a reply that is read to its end."""
    first = b""
    while part := wire.recv(65536):
        first = first or part
    return int(first.split(b" ", 2)[1]) if first else 0


@contextmanager
def server(folder: Path) -> Iterator[tuple[Soak, int]]:
    """A server over the seeds, as the command line starts it, and its process."""
    index = ["--index", str(folder / "index")]
    command = [sys.executable, "-m", "assistant.cli"]
    subprocess.run([*command, "index", "seeds", *index], cwd=ROOT, check=True, capture_output=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    environment = os.environ | {"ASSISTANT_REQUESTS_A_MINUTE": "0"}
    log = (folder / "log").open("wb")
    served = subprocess.Popen(
        [*command, "serve", "--port", str(port), *index],
        cwd=ROOT, env=environment, stdout=log, stderr=log,
    )  # fmt: skip
    try:
        yield _ready(port, served), served.pid
    finally:
        served.terminate()
        served.wait(60)
        log.close()


def _ready(port: int, served: subprocess.Popen[bytes]) -> Soak:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        for _ in range(300):
            assert served.poll() is None, "the server has ended"
            try:
                if client.get("/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.2)
        article = client.get("/api/v1/articles").json()["articles"][0]["id"]
        document = client.get("/").text
    told, _ = json.JSONDecoder().raw_decode(document.partition("window.gradio_config = ")[2])
    opening = next(one for one in told["dependencies"] if one["targets"][0][1] == "load")
    event = {"fn_index": opening["id"], "data": [None, "", "vi", ""]}
    return Soak(port, article, event)
