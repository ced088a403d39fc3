"""The fuse blows: no test can leave this machine. 192.0.2.0/24 is nobody's (RFC 5737)."""

import asyncio
import socket
import threading

import pytest
from pytest_socket import SocketConnectBlockedError

ELSEWHERE = ("192.0.2.1", 9)


@pytest.mark.filterwarnings("ignore:A test tried to use socket")
def test_a_connection_elsewhere_is_refused() -> None:
    with socket.socket() as client, pytest.raises(SocketConnectBlockedError, match=r"192\.0\.2\.1"):
        client.connect(ELSEWHERE)


def test_a_connection_that_returns_its_error_is_refused() -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match="no network"):
        client.connect_ex(ELSEWHERE)


def test_a_datagram_elsewhere_is_refused() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(RuntimeError, match="no network"),
    ):
        client.sendto(b"", ELSEWHERE)


def test_the_look_up_of_a_name_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"models\.invalid"):
        socket.create_connection(("models.invalid", 443))


def test_this_machine_is_reached() -> None:
    def greet() -> None:
        with server.accept()[0] as connection:
            connection.sendall(b"xin")

    with socket.create_server(("127.0.0.1", 0)) as server:
        greeter = threading.Thread(target=greet)
        greeter.start()
        with socket.create_connection(("localhost", server.getsockname()[1])) as client:
            assert client.recv(3) == b"xin"
        greeter.join()


async def test_an_event_loop_runs() -> None:
    assert await asyncio.to_thread(lambda: 1) == 1
