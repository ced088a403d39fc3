"""What a client is told when a request fails: one clear line, and never a traceback.

Everywhere a problem document (RFC 9457, ``application/problem+json``), but under ``/v1`` the
shape that OpenAI's clients read.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from assistant import logs
from assistant.page.labels import preferred_language
from assistant.retrieval import filtering
from assistant.server._sign_in_file import SignInError
from assistant.types import AssistantError, FilterError, IndexFault, LLMError, ModelError

OPENAI: Final = "/v1/"
# The key of the scope that holds the path without what a proxy serves all of this under.
ROUTE: Final = "assistant.route"
_log = logging.getLogger(__name__)

_DETAILS: Final = {
    404: "There is nothing at this address; GET /openapi.json lists what there is",
    405: "This address does not take that method; see the Allow header",
    500: "The answer failed on this side; the server's log says why",
}
_OPENAI_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
}


@dataclass(eq=False)
class Problem(Exception):
    """A request that cannot be served. ``parameter`` and ``code`` are for OpenAI's shape.

    ``language``: of the detail, by which the page knows whether to show it.
    """

    status: int
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    parameter: str | None = None
    code: str | None = None
    language: str = "en"


def document(problem: Problem) -> dict[str, Any]:
    """The problem document. "about:blank": it means no more than its status does."""
    found = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
    }
    name = logs.request_id.get()  # by which the log tells of it
    return found | ({"request_id": name} if name else {})


def openai_error(problem: Problem) -> dict[str, Any]:
    kind = "server_error" if problem.status >= 500 else "invalid_request_error"
    return {
        "error": {
            "message": problem.detail,
            "type": _OPENAI_TYPES.get(problem.status, kind),
            "param": problem.parameter,
            "code": problem.code,
        }
    }


def response(problem: Problem, scope: Mapping[str, Any]) -> Response:
    """The problem in the shape that clients of the request's route read."""
    told = {"Cache-Control": "no-store", "Content-Language": problem.language}
    headers = told | dict(problem.headers)
    if str(scope.get(ROUTE) or scope.get("path", "")).startswith(OPENAI):
        return JSONResponse(openai_error(problem), problem.status, headers)
    return JSONResponse(
        document(problem), problem.status, headers, media_type="application/problem+json"
    )


def of_failure(failure: Exception, spoken: str = "") -> Problem:
    """The problem of whatever an assistant raised; what is not known is logged without words.

    ``spoken``: the request's ``Accept-Language``; what is wrong with a filter is told in it.
    """
    match failure:
        case Problem():
            return failure
        case FilterError():
            language = language_of(spoken)
            return Problem(422, filtering.told(failure, language), language=language)
        case LLMError(kind="rate"):
            return Problem(503, _line(failure), {"Retry-After": "10"})
        case IndexFault() | ModelError():  # their messages name folders of this machine
            _log.error("%s", _line(failure))
            return Problem(503, "The index cannot be used; on the server: assistant doctor")
        case SignInError():
            _log.error("%s", _line(failure))
            return Problem(503, "Nobody can be let in now; the server's log says why")
        case AssistantError():
            return Problem(503, _line(failure))
        case _:
            logs.failed(_log, "a request failed", failure)
            return Problem(500, _DETAILS[500])


def language_of(spoken: str) -> str:
    """The language of a message for ``Accept-Language``; English for programs, which send none."""
    return preferred_language(spoken) if spoken else "en"


def _line(failure: Exception) -> str:
    return " ".join(str(failure).split())


def install(app: FastAPI) -> None:
    """Makes ``app`` answer failures with a problem; the middleware catches those of its own."""

    async def problem(request: Request, failure: Exception) -> Response:
        spoken = request.headers.get("accept-language", "")
        return response(of_failure(failure, spoken), request.scope)

    async def refused(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, HTTPException)
        detail = _DETAILS.get(failure.status_code, str(failure.detail))
        found = Problem(failure.status_code, detail, failure.headers or {})
        return response(found, request.scope)

    async def invalid(request: Request, failure: Exception) -> Response:
        assert isinstance(failure, RequestValidationError)
        return response(_of_validation(failure), request.scope)

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(AssistantError, problem)
    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(RequestValidationError, invalid)


def _of_validation(failure: RequestValidationError) -> Problem:
    """Names the field, and not its value, which may be long or secret."""
    fault = failure.errors()[0]
    where = ".".join(str(part) for part in fault["loc"][1:])
    message = str(fault["msg"]).removeprefix("Value error, ")
    if fault["type"] == "json_invalid":
        return Problem(422, "The body is not JSON", parameter=None)
    return Problem(422, f"{where or 'body'}: {message}", parameter=where or None)
