"""A small server that speaks OpenAI's chat completions and embeddings, and fails in every way.

The model's name says what it does: ``server.spec("stall")`` is a spec that begins and then goes
silent. ``closed`` is set when the client has closed the connection of a request.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assistant.types import Vectors

CONTEXT = "This model's maximum context length is 2048 tokens, your messages have 3000"
REFUSED = {
    "bad key": (401, "Incorrect API key provided: {key}. See the account page", "invalid_api_key"),
    "no rights": (403, "You may not use this model", "forbidden"),
    "busy": (429, "Rate limit reached", "rate_limit_exceeded"),
    "broken": (500, "The server had an error", None),
    "starting": (503, "Loading model", None),
    "too long": (400, CONTEXT, "context_length_exceeded"),
    "unknown": (404, "The model `unknown` does not exist", "model_not_found"),
    "picky": (400, "Invalid value: 'temperature'", "invalid_value"),
}
TEXT = ("Hà ", "Nội ", "là ", "thủ ", "đô.")
THOUGHTS = ("<th", "ink>Is it", " Huế? No</thi", "nk>\n\n")


class Server(ThreadingHTTPServer):
    """On a free loopback port. ``requests`` are the bodies it was sent, in order; ``embed`` gives
    the vectors of texts."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.closed = threading.Event()
        self.over = threading.Event()
        self.embed: Callable[[Sequence[str]], Vectors] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def spec(self, behaviour: str) -> str:
        return f"openai-compatible:{self.url}#{behaviour}"


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(body)
        self.server.keys.append(self.headers["Authorization"].removeprefix("Bearer "))
        behaviour = body["model"]
        with contextlib.suppress(ConnectionError):
            if behaviour in REFUSED:
                self._refuse(*REFUSED[behaviour])
            elif behaviour == "busy once" and len(self.server.requests) == 1:
                self._refuse(*REFUSED["busy"])
            elif self.path.endswith("/embeddings"):
                self._embed(behaviour, body["input"])
            elif behaviour == "old" and "stream_options" in body:
                self._refuse(400, "Unrecognized request argument: stream_options", None)
            elif behaviour == "silent":
                self._wait_for_close()
            elif behaviour == "vanishes":
                self._vanish()
            else:
                self._stream(behaviour, body)

    def _embed(self, behaviour: str, texts: Sequence[str]) -> None:
        assert self.server.embed
        rows = enumerate(self.server.embed(texts).tolist())
        told = [{"object": "embedding", "index": i, "embedding": row} for i, row in rows]
        told.reverse()  # a server may give them in any order
        if behaviour == "too few":
            told.pop()
        self._answer(200, {"object": "list", "data": told, "model": behaviour})

    def _refuse(self, status: int, message: str, code: str | None) -> None:
        said = message.format(key=self.server.keys[-1])
        self._answer(status, {"error": {"message": said, "type": "x", "code": code}})

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, behaviour: str, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        if behaviour == "cut quietly":  # the end of the connection is the end of the body
            self.send_header("Connection", "close")
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.chunked = behaviour != "cut quietly"
        self.end_headers()
        if behaviour == "stall before a word":
            self._wait_for_close()
            return
        for part in self._parts(behaviour):
            self._send({"choices": [{"index": 0, "delta": {"content": part}}]})
        if behaviour == "stall":
            self._wait_for_close()
        elif behaviour == "garbage":
            self._write(b'data: {"choices": [{"del\n\n')
            self._write(b"")
        elif behaviour == "error event":
            self._write(b'data: {"error": {"message": "CUDA is out of memory"}}\n\n')
            self._write(b"")
        elif behaviour == "cut":
            self._vanish()
        elif behaviour == "cut quietly":
            self.close_connection = True
        else:
            self._finish("length" if behaviour == "long" else "stop", body)

    def _parts(self, behaviour: str) -> Iterator[str]:
        if behaviour == "empty":
            return
        if behaviour == "endless":
            for number in range(1_000_000):
                yield f"w{number:x} "
        if behaviour == "circles":
            while True:
                yield from ("Thành ", "phố ", "có ", "chợ. ")
        if behaviour == "thinks":
            yield from THOUGHTS
        yield from TEXT

    def _finish(self, reason: str, body: dict[str, Any]) -> None:
        self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        if body.get("stream_options", {}).get("include_usage"):
            usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
            self._send({"choices": [], "usage": usage})
        self._write(b"data: [DONE]\n\n")
        self._write(b"")

    def _send(self, event: dict[str, Any]) -> None:
        whole = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"} | event
        self._write(f"data: {json.dumps(whole)}\n\n".encode())

    def _write(self, data: bytes) -> None:
        try:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)
        except ConnectionError:
            self.server.closed.set()
            raise

    def _vanish(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _wait_for_close(self) -> None:
        """Silence, until the client closes the connection or the test is over."""
        self.close_connection = True
        while not self.server.over.is_set():
            if select.select([self.connection], [], [], 0.05)[0]:
                if not self.connection.recv(1):
                    self.server.closed.set()
                return


@contextmanager
def serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()
