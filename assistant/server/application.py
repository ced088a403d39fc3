"""The server: the chat page, the interfaces and the sign-in as one application on a port."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from assistant import logs
from assistant.answering.protocols import AnsweringAssistant
from assistant.page.labels import Language
from assistant.page.skeleton import skeleton
from assistant.server import _api_description as api_description
from assistant.server import _api_page as api_page
from assistant.server import _http_api as http_api
from assistant.server import _http_resources as http_resources
from assistant.server import _openai_api as openai_api
from assistant.server import _problem_details as problem_details
from assistant.server import _sign_in as sign_in
from assistant.server._allowances import Allowances
from assistant.server._http_api import Answering
from assistant.server._json_bodies import JSONBodies
from assistant.server._middleware import AccessMiddleware
from assistant.server._observing import METRICS, NotingRoute, Watching, metrics_route
from assistant.server._page_assets import PageAssets
from assistant.server._page_delivery import PageDelivery
from assistant.server._page_door import PageDoor
from assistant.server._problem_details import ROUTE, Problem
from assistant.server._rate_limits import BodyLimit
from assistant.server._uploads import Uploads
from assistant.server.credentials import Access, check_open
from assistant.settings import Settings
from assistant.text.tokens import count_tokens
from assistant.types import AssistantError

PAGE_LANGUAGES: Final = ("vi", "en")
# Never the page's, whether they are there or not.
OURS: Final = "/api /v1 /mcp /healthz /readyz /metrics /docs /login /logout".split()

_STATIC: Final = Path(__file__).with_name("static")
_log = logging.getLogger(__name__)


def app(assistant: AnsweringAssistant, settings: Settings | None = None) -> FastAPI:
    """The whole application over ``assistant``.

    Raises SettingsError when the settings let everyone in without having been told to, or name
    users or keys that cannot be read.
    """
    settings = settings or Settings.load()
    check_open(settings)
    access = Access.of(settings)
    answering = Answering(assistant, settings)
    allowances = Allowances(settings.requests_a_minute)
    warming = _Warming(assistant)
    mcp_tools = _tools(answering)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=warming.run, daemon=True).start()
        if mcp_tools is None:
            yield
            return
        async with mcp_tools.router.lifespan_context(mcp_tools):
            yield

    found = FastAPI(
        title="The article assistant",
        description="Answers about news articles, each proved by verified quotes.",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    problem_details.install(found)
    found.include_router(http_api.routes(answering))
    found.include_router(http_resources.routes(answering, _uploads(assistant, settings)))
    found.include_router(openai_api.routes(answering))
    found.include_router(sign_in.routes(access))
    _add_signs(found, warming)
    _describe(found, access)
    if mcp_tools is not None:
        found.router.routes += mcp_tools.routes
    if settings.page:
        _mount_page(found, answering, allowances)
    _watch(found, answering, access)
    # The last one added is the first one passed.
    found.add_middleware(NotingRoute)
    found.add_middleware(JSONBodies)
    found.add_middleware(BodyLimit, limit=settings.max_body, of_files=settings.max_upload)
    found.add_middleware(AccessMiddleware, access=access, settings=settings, allowances=allowances)
    found.add_middleware(Watching, meters=answering.meters)
    return found


def _watch(found: FastAPI, answering: Answering, access: Access) -> None:
    """What is seen of the server from outside; ``state.meters``: of what it does now."""
    found.state.meters = answering.meters
    index = getattr(answering.assistant, "index", None)
    if index is not None:
        answering.meters.tell_of(index)
    if answering.settings.metrics:
        answer = metrics_route(answering.meters, access)
        found.add_api_route(METRICS, answer, include_in_schema=False)


def _uploads(assistant: AnsweringAssistant, settings: Settings) -> Uploads | None:
    """What adds and removes articles; None where the settings forbid it."""
    index = getattr(assistant, "index", None)
    return Uploads(index, settings) if settings.may_change_corpus and index is not None else None


def _mount_page(found: FastAPI, answering: Answering, allowances: Allowances) -> None:
    """Puts the page at "/". Gradio and pandas are loaded here: 2 CPU seconds.

    The page has only what is nobody else's: mounted at "/", it would take 404 and 405.
    """
    from assistant.page import chat, theme, visitors

    blocks = chat.build(answering.assistant, answering.settings, answering.choices)
    theme.mount(found, blocks)
    mounted = found.router.routes.pop()
    assert isinstance(mounted, Mount)
    cast(Any, mounted.app).state_holder = visitors.Visitors(blocks)
    assets = PageAssets(theme.FRONTEND)
    components = {block.get_block_name() for block in blocks.blocks.values()}
    door = PageDoor(mounted.app, blocks, allowances)
    pages = PageDelivery(door, assets, components, partial(_outline, answering))

    async def default(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope[ROUTE]
        if any(path == own or path.startswith(f"{own}/") for own in OURS):
            raise HTTPException(404)
        await pages(scope, receive, send)

    found.router.default = default


def _outline(answering: Answering, language: Language) -> str:
    """What is seen of the page at first, with the articles where they can be told."""
    try:
        articles = answering.assistant.articles()
    except Exception as failure:
        logs.failed(_log, "no articles in the page's outline", failure)
        articles = []
    return skeleton(language, articles, answering.settings)


def _tools(answering: Answering) -> Any:
    """The MCP application; None where the extra is not installed."""
    try:
        from assistant.server import mcp_tools
    except ModuleNotFoundError as missing:
        if missing.name != "mcp":
            raise
        return None
    # Stateless: nothing is kept between calls. Host and origin are the middleware's business.
    served = mcp_tools.server(answering).streamable_http_app(
        streamable_http_path="/mcp",
        stateless_http=True,
        json_response=True,
        max_request_body_size=answering.settings.max_body,
        host="",
    )
    # Its GET opens a stream that would tell nothing for ever; clients go on without one.
    for route in served.routes:
        assert isinstance(route, Route)
        route.methods = {"POST"}
    return served


class _Warming:
    """Loads the model in the background, and tells how far that is."""

    def __init__(self, assistant: AnsweringAssistant) -> None:
        self.assistant = assistant
        self.fault = "The model is being loaded; try again in a few seconds"

    def run(self) -> None:
        try:
            self.assistant.warm()
            count_tokens("")  # its table takes seconds to read
        except AssistantError as error:
            self.fault = " ".join(str(error).split())
        except Exception as failure:
            logs.failed(_log, "the model was not loaded", failure)
            self.fault = "The model could not be loaded; the server's log says why"
        else:
            self.fault = ""
            self._begin_examples()

    def _begin_examples(self) -> None:
        """The questions to begin with are looked for before the first visitor comes."""
        try:
            for language in PAGE_LANGUAGES:
                self.assistant.examples(language)
        except Exception as failure:
            logs.failed(_log, "no example questions", failure)


def _add_signs(found: FastAPI, warming: _Warming) -> None:
    @found.get(
        "/healthz",
        summary="Whether the server runs",
        responses=api_description.gives(api_description.StatusJSON, {"status": "ok"}),
    )
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @found.get(
        "/readyz",
        summary="Whether questions can be answered",
        responses=api_description.gives(api_description.StatusJSON, {"status": "ready"})
        | api_description.problems(503),
    )
    def readyz() -> dict[str, str]:
        if warming.fault:
            raise Problem(503, warming.fault, {"Retry-After": "5"})
        return {"status": "ready"}

    @found.get("/login.css", include_in_schema=False)
    def style() -> Response:
        return FileResponse(_STATIC / "login.css")

    @found.get("/login.js", include_in_schema=False)
    def script() -> Response:
        return FileResponse(_STATIC / "login.js")


def _describe(found: FastAPI, access: Access) -> None:
    """Adds the page about the interface, and what FastAPI cannot know to its description."""
    known = found.openapi

    def openapi() -> dict[str, Any]:
        return api_description.complete(known(), access)

    found.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's manual does it

    @found.get("/docs", include_in_schema=False)
    def docs() -> Response:
        policy = {"Content-Security-Policy": api_page.POLICY}
        return HTMLResponse(api_page.page(openapi()), headers=policy)
