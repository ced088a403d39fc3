"""The server: the chat page, the interfaces and the sign-in as one application on a port."""

from __future__ import annotations

import asyncio
import errno
import html
import json
import logging
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from string import Template
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant import api, chat, completions, looks, page, problems, resources, signin
from assistant.access import Access, check_open
from assistant.api import Answering, Served
from assistant.guard import Guard
from assistant.limits import BodyLimit
from assistant.passages import count_tokens
from assistant.problems import Problem
from assistant.settings import Settings
from assistant.types import AssistantError
from assistant.uploads import Uploads

PORTS_TRIED: Final = 20
PATIENCE: Final = 3  # seconds that open requests have to end when the server stops
# Never the page's, whether they are there or not.
OURS: Final = "/api /v1 /mcp /healthz /readyz /docs /login /logout".split()

_API_PAGE: Final = Template((page.STATIC / "api.html").read_text("utf-8"))
_log = logging.getLogger(__name__)


def app(assistant: Served, settings: Settings | None = None) -> FastAPI:
    """The whole application over ``assistant``.

    Raises SettingsError when the settings let everyone in without having been told to, or name
    users or keys that cannot be read.
    """
    settings = settings or Settings.load()
    check_open(settings)
    access = Access.of(settings)
    answering = Answering(assistant, settings)
    warming = _Warming(assistant)
    tools = _tools(answering)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=warming.run, daemon=True).start()
        if tools is None:
            yield
            return
        async with tools.router.lifespan_context(tools):
            yield

    found = FastAPI(
        title="The article assistant",
        description="Answers about news articles, each proved by verified quotes.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    problems.install(found)
    found.include_router(api.routes(answering))
    found.include_router(resources.routes(answering, _uploads(assistant, settings)))
    found.include_router(completions.routes(answering))
    found.include_router(signin.routes(access))
    _add_signs(found, warming)
    if tools is not None:
        found.router.routes += tools.routes
    blocks = chat.build(assistant, settings, answering.choices)
    looks.mount(found, blocks)
    _give_way(found)
    # The last one added is the first one passed.
    found.add_middleware(BodyLimit, limit=settings.max_body)
    found.add_middleware(Guard, access=access, settings=settings)
    return found


def _uploads(assistant: Served, settings: Settings) -> Uploads | None:
    """What adds and removes articles; None where the settings forbid it."""
    index = getattr(assistant, "index", None)
    return Uploads(index, settings) if settings.may_change_corpus and index is not None else None


def _give_way(found: FastAPI) -> None:
    """Lets the page have only what is nobody else's: mounted at "/", it would take 404 and 405."""
    mounted = found.router.routes.pop()
    assert isinstance(mounted, Mount)
    pages: ASGIApp = mounted.app

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if any(path == own or path.startswith(f"{own}/") for own in OURS):
            raise HTTPException(404)
        await pages(scope, receive, send)

    found.router.default = default


def _tools(answering: Answering) -> Any:
    """The MCP application; None where the extra is not installed."""
    try:
        from assistant import tools
    except ModuleNotFoundError as missing:
        if missing.name != "mcp":
            raise
        return None
    # Stateless: nothing is kept between calls. Host and origin are the guard's business.
    return tools.server(answering).streamable_http_app(
        streamable_http_path="/mcp",
        stateless_http=True,
        json_response=True,
        max_request_body_size=answering.settings.max_body,
        host="",
    )


class _Warming:
    """Loads the model in the background, and tells how far that is."""

    def __init__(self, assistant: Served) -> None:
        self.assistant = assistant
        self.fault = "The model is being loaded; try again in a few seconds"

    def run(self) -> None:
        try:
            self.assistant.warm()
            count_tokens("")  # its table takes seconds to read
        except AssistantError as error:
            self.fault = " ".join(str(error).split())
        except Exception:
            _log.exception("the model was not loaded")
            self.fault = "The model could not be loaded; the server's log says why"
        else:
            self.fault = ""


def _add_signs(found: FastAPI, warming: _Warming) -> None:
    @found.get("/healthz", summary="Whether the server runs")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @found.get("/readyz", summary="Whether questions can be answered")
    def readyz() -> dict[str, str]:
        if warming.fault:
            raise Problem(503, warming.fault, {"Retry-After": "5"})
        return {"status": "ready"}

    @found.get("/login.css", include_in_schema=False)
    def style() -> Response:
        return FileResponse(page.STATIC / "login.css")

    @found.get("/docs", include_in_schema=False)
    def docs() -> Response:
        policy = {"Content-Security-Policy": signin.POLICY}
        return HTMLResponse(_api_page(found.openapi()), headers=policy)


def _api_page(schema: dict[str, Any]) -> str:
    """The description of the interface as a plain page: nothing of it comes from elsewhere."""
    parts = []
    for path, methods in schema["paths"].items():
        for method, about in methods.items():
            shapes = {
                "parameters": about.get("parameters"),
                "body": about.get("requestBody", {}).get("content"),
                "answers": about["responses"],
            }
            told = json.dumps({k: v for k, v in shapes.items() if v}, indent=1, ensure_ascii=False)
            parts.append(
                f"<h2><code>{method.upper()} {html.escape(path)}</code></h2>"
                f"<p>{html.escape(about.get('summary', ''))}</p>"
                f"<p>{html.escape(about.get('description', ''))}</p>"
                f"<details><summary>Shapes</summary><pre>{html.escape(told)}</pre></details>"
            )
    for name, shape in schema["components"]["schemas"].items():
        told = json.dumps(shape, indent=1, ensure_ascii=False)
        parts.append(
            f"<details><summary><code>{html.escape(name)}</code></summary>"
            f"<pre>{html.escape(told)}</pre></details>"
        )
    return _API_PAGE.substitute(title=schema["info"]["title"], parts="\n".join(parts))


@contextmanager
def running(application: ASGIApp, host: str, port: int) -> Iterator[str]:
    """Serves ``application`` from a thread; yields its address, once it answers.

    ``port`` 0 is any free one. Raises AssistantError if it cannot be had.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,  # addresses and queries of people are nobody's business
        proxy_headers=False,  # the guard knows whom to believe
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    served = uvicorn.Server(config)
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


def _is_news(record: logging.LogRecord) -> bool:
    """Not that open pages, each of which holds a request open, were left when the server ended."""
    kind = record.exc_info[0] if record.exc_info else None
    cancelled = kind is not None and issubclass(kind, asyncio.CancelledError)
    return not cancelled and "graceful shutdown exceeded" not in record.getMessage()


def serve(
    assistant: Served,
    settings: Settings | None = None,
    ready: Callable[[str], None] = print,
) -> None:
    """Serves until Ctrl-C. ``ready`` is given the lines meant for the user.

    Raises AssistantError if no port can be had or the settings are refused.
    """
    settings = settings or Settings.load()
    logging.basicConfig(level=logging.WARNING)
    application = app(assistant, settings)
    free = free_port(settings.host, settings.port)
    if free != settings.port:
        ready(f"Port {settings.port} is taken; using {free}.")
    with suppress(KeyboardInterrupt), running(application, settings.host, free) as address:
        ready(f"Open {address}")
        threading.Event().wait()


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
    except OSError as exc:
        raise _cannot_listen(host, port, exc) from exc


def _cannot_listen(host: str, port: int, exc: OSError) -> AssistantError:
    return AssistantError(
        f"Cannot listen on {host}, port {port}: {exc.strerror or exc}. "
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
