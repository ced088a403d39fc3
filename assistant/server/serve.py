"""An application on a port, until Ctrl-C, or SIGTERM, after which running answers may end."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from assistant import logs, private_files
from assistant.answering.protocols import AnsweringAssistant
from assistant.server._connections import Deadlines, connection
from assistant.server.application import app
from assistant.settings import Settings
from assistant.types import AssistantError

PORTS_TRIED: Final = 20
PATIENCE: Final = 3  # seconds that open requests have to end when the server stops
_ACCEPTED: Final = 0.02  # and what was accepted just before must be known, or nobody closes it
MOST_CONNECTIONS: Final = 800  # below the 1024 files that a process may usually have open


@contextmanager
def running(
    application: ASGIApp, host: str, port: int, deadlines: Deadlines | None = None
) -> Iterator[str]:
    """Serves ``application`` from a thread; yields its address, once it answers.

    ``port`` 0 is any free one. Raises AssistantError if it cannot be had.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        application,
        log_config=None,  # its records go the way of all others
        http=connection(deadlines or Deadlines()),
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        log_level="warning",
        access_log=False,  # addresses and queries of people are nobody's business
        proxy_headers=False,  # the guard knows whom to believe
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    served = _Server(config)
    thread = threading.Thread(
        target=asyncio.run, args=(served.serve(sockets=[listener]),), daemon=True
    )
    thread.start()
    try:
        while not served.started:
            thread.join(0.02)
            if not thread.is_alive():
                raise AssistantError("The server did not start; its log says why")
        yield _address(host, listener.getsockname()[1])
    finally:
        served.should_exit = True
        thread.join(2 * PATIENCE)
        listener.close()


class _Server(uvicorn.Server):
    """One that leaves no connection open when it ends."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await asyncio.sleep(_ACCEPTED)
        await super().shutdown(sockets)
        for left in list(self.server_state.connections):
            left.transport.abort()  # who takes nothing would hold it for ever
        await asyncio.sleep(0)


def _is_news(record: logging.LogRecord) -> bool:
    """Not that open pages, each of which holds a request open, were left when the server ended."""
    kind = record.exc_info[0] if record.exc_info else None
    cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not cancelled and "graceful shutdown exceeded" not in record.getMessage()


def serve(
    assistant: AnsweringAssistant,
    settings: Settings | None = None,
    ready: Callable[[str], None] = print,
) -> None:
    """Serves until Ctrl-C or SIGTERM. ``ready`` is given the lines meant for the user.

    Raises AssistantError if no port can be had or the settings are refused.
    """
    settings = settings or Settings.load()
    logs.set_up(settings.log_format)
    private_files.for_this_process(settings.group_files)
    application = app(assistant, settings)
    free = free_port(settings.host, settings.port)
    if free != settings.port:
        ready(f"Port {settings.port} is taken; using {free}.")
    ended = (KeyboardInterrupt, _Terminated)
    with suppress(*ended), running(application, settings.host, free) as address, _terminable():
        ready(f"Open {address}")
        try:
            threading.Event().wait()
        except _Terminated:  # a second one, or Ctrl-C, does not wait
            application.state.meters.wait_for_answers(settings.grace_seconds)


class _Terminated(BaseException):
    """SIGTERM, as service managers send it."""


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM raises ``_Terminated`` in the main thread, which alone can hear signals."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def free_port(host: str, port: int) -> int:
    """The first port from ``port`` on that can be listened on; PORTS_TRIED are tried.

    Raises AssistantError if all are taken, or if this account or machine may not listen there.
    """
    ports = range(port, min(port + PORTS_TRIED, 65536))
    for candidate in ports:
        try:
            _bind(host, candidate).close()
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                raise _cannot_listen(host, candidate, exc) from exc
        else:
            return candidate
    raise AssistantError(
        f"Ports {port} to {ports[-1]} are all taken. Choose another with --port."
        if ports
        else f"There is no port {port}. Choose one up to 65535 with --port."
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return _bind(host, port)
    except (OSError, UnicodeError) as exc:  # the latter: a name that is none
        raise _cannot_listen(host, port, exc) from exc


def _cannot_listen(host: str, port: int, exc: OSError | UnicodeError) -> AssistantError:
    return AssistantError(
        f"Cannot listen on {host}, port {port}: {getattr(exc, 'strerror', '') or exc}. "
        "Choose others with --host and --port."
    )


def _bind(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # a port left a moment ago is free; elsewhere this option steals it
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError:
        found.close()
        raise
    return found


def _address(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in ("", "0.0.0.0", "::") else host
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
