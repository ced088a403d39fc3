"""Clients that send or read too slowly: their connections end, and others never notice."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from assistant.server import serve
from assistant.server._connections import Deadlines

LIMITS = Deadlines(head=0.6, body=0.6, body_rate=20_000, unread=0.6)
WITHIN = 20.0  # seconds: far more than it takes, on a busy machine too
HEAD = b"POST /%s HTTP/1.1\r\nHost: x\r\n"


async def small(scope: Scope, receive: Receive, send: Send) -> None:
    """Counts a body; "/unread" answers before it is read, "/much" more than any buffer holds,
    "/slow" takes its time."""
    if scope["type"] != "http":
        return
    found: Response = PlainTextResponse("unread")
    if scope["path"] == "/much":

        async def much() -> Iterator[bytes]:  # type: ignore[misc]
            for _ in range(4000):
                yield b"x" * 65_536

        found = StreamingResponse(much())  # type: ignore[arg-type]
    elif scope["path"] == "/slow":
        await anyio.sleep(2)
        found = PlainTextResponse("at last")
    elif scope["path"] != "/unread":
        try:
            found = PlainTextResponse(str(len(await Request(scope, receive).body())))
        except ClientDisconnect:
            return
    await found(scope, receive, send)


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with serve.running(small, "127.0.0.1", 0, LIMITS) as found:
        parts = urlsplit(found)
        yield str(parts.hostname), int(parts.port or 0)


def dripped(address: tuple[str, int], first: bytes, drop: bytes = b"x") -> bytes:
    """What came by the time the server closed, of a client that sends a drop now and then."""
    came = b""
    with socket.create_connection(address) as client:
        client.sendall(first)
        client.settimeout(0.05)
        ends = time.monotonic() + WITHIN
        while time.monotonic() < ends:
            try:
                part = client.recv(65_536)
                came += part
                if not part:
                    return came
            except TimeoutError:
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    client.sendall(drop)
            except ConnectionResetError:
                return came
    raise AssertionError(f"still open after {WITHIN} s")


SLOW = {
    "a head": b"GET /",
    "a head after its first line": HEAD % b"x",
    "a body": HEAD % b"x" + b"Content-Length: 100000\r\n\r\n",
    "a body in chunks": HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\n40000\r\n",
    "the body of a request that was answered": HEAD % b"unread" + b"Content-Length: 99999\r\n\r\n",
    "the next head": HEAD % b"x" + b"Content-Length: 0\r\n\r\nGET /",
}


@pytest.mark.parametrize("what", SLOW)
def test_what_comes_too_slowly_is_ended(address: tuple[str, int], what: str) -> None:
    came = dripped(address, SLOW[what])
    assert (b" 408 " in came) == ("answered" not in what)
    if b" 408 " in came:
        told = json.loads(came[came.rindex(b"{") :])
        assert told["status"] == 408
        assert "slowly" in told["detail"]


@pytest.mark.parametrize("first", [b"", HEAD % b"x" + b"Content-Length: 9\r\n\r\n"])
def test_silence_is_ended(address: tuple[str, int], first: bytes) -> None:
    came = dripped(address, first, b"")
    assert came == b"" or b" 408 " in came


def test_who_does_not_read_is_left(address: tuple[str, int]) -> None:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(address)
        client.sendall(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(3 * LIMITS.unread)
        client.settimeout(WITHIN)
        read = 0
        with contextlib.suppress(ConnectionResetError):
            while part := client.recv(1 << 20):
                read += len(part)
        assert read < 4000 * 65_536


def test_four_hundred_at_once_do_not_keep_anybody_out(address: tuple[str, int]) -> None:
    with contextlib.ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(address)) for _ in range(400)]
        for number, one in enumerate(held):
            one.sendall(list(SLOW.values())[number % len(SLOW)])
        with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=WITHIN) as other:
            assert other.post("/x", content=b"abc").text == "3"
        for one in held:
            one.settimeout(WITHIN)
            with contextlib.suppress(ConnectionResetError):
                while one.recv(65_536):
                    pass


def test_a_large_body_has_its_time(address: tuple[str, int]) -> None:
    """It takes twice as long as a small one may, but keeps coming."""

    def steadily() -> Iterator[bytes]:
        for _ in range(24):
            time.sleep(0.05)
            yield b"x" * 10_000

    with httpx.Client(base_url=f"http://{address[0]}:{address[1]}", timeout=WITHIN) as client:
        assert client.post("/x", content=steadily()).text == "240000"
        assert client.get("/slow").text == "at last"  # it is the server that takes its time
        for _ in range(8):  # one connection for many requests
            assert client.post("/x", content=b"abc").text == "3"
            time.sleep(0.1)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  /  HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 70_000,
        HEAD % b"x" + b"Content-Length: -1\r\n\r\n",
        HEAD % b"x" + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD % b"unread" + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        HEAD % b"x" + b"Transfer-Encoding: gzip\r\n\r\n",
        HEAD % b"x" + b"Content-Length: 0\r\n\r\nno HTTP at all\r\n\r\n",
        b"GET /x HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_fault_of_the_client(
    address: tuple[str, int], sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_connection(address) as client:
        client.sendall(sent)
        client.settimeout(WITHIN)
        came = b""
        with contextlib.suppress(ConnectionResetError):
            while part := client.recv(65_536):
                came += part
    statuses = [line.split()[1] for line in came.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert statuses
    assert all(status[:1] in b"24" for status in statuses)
    assert not [record for record in caplog.records if record.levelno > logging.WARNING]


def ended(client: socket.socket) -> bool:
    """Whether the other side has closed, after whatever it had still sent."""
    client.settimeout(1)
    try:
        while client.recv(1 << 20):
            pass
    except TimeoutError:
        return False
    except OSError:  # closed the hard way
        pass
    return True


def test_a_server_that_ends_closes_on_who_does_not_read() -> None:
    with socket.socket() as client:
        with serve.running(small, "127.0.0.1", 0) as found:
            client.connect(("127.0.0.1", urlsplit(found).port))
            client.sendall(HEAD.replace(b"POST", b"GET") % b"much" + b"\r\n")
            time.sleep(0.3)
        assert ended(client)


def test_a_server_that_ends_closes_on_who_has_just_come() -> None:
    clients: list[socket.socket] = []

    def come(port: int) -> None:
        with contextlib.suppress(OSError):  # refused: it has ended
            while True:
                clients.append(socket.create_connection(("127.0.0.1", port), timeout=1))

    with contextlib.ExitStack() as stack:
        for _ in range(4):
            with serve.running(small, "127.0.0.1", 0) as found:
                coming = threading.Thread(target=come, args=(urlsplit(found).port,))
                coming.start()
                time.sleep(0.05)
            coming.join()
        for client in clients:
            stack.enter_context(client)
        assert len(clients) > 4
        assert all(ended(client) for client in clients)
