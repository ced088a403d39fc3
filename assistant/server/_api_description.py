"""What ``/openapi.json`` tells of the interface: shapes, failures, and the ways in.

Nothing here is run for a request: a route names the shape of what it gives in ``responses``, and
tests/test_openapi.py holds the two against each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, Literal, NotRequired

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from assistant.answering.edited import Became
from assistant.answering.schemas import ArticleHeadJSON, CitationJSON, PlaceJSON
from assistant.records.card_verification import Standing
from assistant.server.credentials import COOKIE, Access

Responses = dict[int | str, dict[str, Any]]  # as FastAPI takes them: by status

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})
OPEN: Final = ("/healthz", "/readyz")  # asked by programs that watch over the server

# -- shapes ------------------------------------------------------------------------------


class StatusJSON(TypedDict):
    """A sign of life."""

    status: str


class OffersJSON(TypedDict):
    """Whether articles are added and removed here, from web addresses too; of which files, and how
    many bytes such a file may have."""

    changes: bool
    web_addresses: bool
    suffixes: list[str]
    largest: int


class ProgressJSON(TypedDict):
    """How much of a file is indexed, in characters."""

    done: int
    total: int


class AddedJSON(TypedDict):
    """What came of a file: the new articles, how many were there already, what was not read."""

    articles: list[ArticleHeadJSON]
    known: int
    notes: list[str]


class RemovedJSON(TypedDict):
    """``file_stays``: a file is left from which `assistant index` would add the article again."""

    file_stays: bool


class ModelNamesJSON(TypedDict):
    """The names that ``llm`` takes, and the one that answers where none is given."""

    models: list[str]
    default: str


class QuestionsJSON(TypedDict):
    """Questions to begin with."""

    questions: list[str]


class OpinionIdJSON(TypedDict):
    """The number that the opinion is kept under."""

    id: int


class StandingPlaceJSON(TypedDict):
    """Where a quote's words stand now, or the sentence nearest to them."""

    article_id: str
    title: str
    start: int
    end: int
    text: str


class PrintedJSON(PlaceJSON):
    """Another place that the card names; ``stands``: whether it has the words."""

    stands: bool


class FindingJSON(TypedDict):
    """What became of a quote: "holds", "moved" (the same words elsewhere), "edited" (the words of
    the article before it was edited), "changed" or "gone".

    ``sound``: the words stand where the card says, in the other places (``also``) too.
    ``exchange`` counts from 1; ``number`` is null for the closest quote of a refusal. Of an edited
    one, ``edited_on`` is the day (ISO 8601), ``passage`` what became of the quote: "unchanged",
    "changed" or "gone"; else both are "".
    """

    exchange: int
    number: int | None
    standing: Standing
    sound: bool
    article_id: str
    title: str
    start: int
    end: int
    quote: str
    edited_on: str
    passage: Became | Literal[""]
    now: StandingPlaceJSON | None
    also: list[PrintedJSON]


class VerificationJSON(TypedDict):
    """``sound``: the card is ``intact`` and every quote stands word for word in the articles.

    ``intact``: nothing shows that it was edited; ``sealed``: it carries a digest, which would.
    """

    file: str
    made: str
    sound: bool
    intact: bool
    sealed: bool
    citations: list[FindingJSON]


class ConversationIdJSON(TypedDict):
    """The conversation that was made or changed."""

    id: str


class ConversationHeadJSON(TypedDict):
    """A conversation without its exchanges, which ``exchanges`` counts. Times: ISO 8601, UTC."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: int


class ConversationsJSON(TypedDict):
    """The conversations of who asks."""

    conversations: list[ConversationHeadJSON]


class ConversationJSON(TypedDict):
    """A conversation. An exchange has "question" and "answer", and what else was kept with it."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: list[dict[str, Any]]


class ProblemJSON(TypedDict):
    """A failure (RFC 9457). ``detail`` is one line: what is wrong and what to do; by
    ``request_id`` the server's log tells of it."""

    type: str
    title: str
    status: int
    detail: str
    request_id: NotRequired[str]


class OpenAIModelJSON(TypedDict):
    """A model; ``created`` is when the server was started, in seconds since 1970."""

    id: str
    object: str
    created: int
    owned_by: str


class OpenAIModelsJSON(TypedDict):
    """The models."""

    object: str
    data: list[OpenAIModelJSON]


class OpenAIMessageJSON(TypedDict):
    """An answer with its proof: what is beside role, content and refusal is the assistant's own."""

    role: str
    content: str
    refusal: None
    citations: list[CitationJSON]
    grounding: str
    confidence: float
    short: str | None
    certainty: str


class OpenAIChoiceJSON(TypedDict):
    """The one answer there is."""

    index: int
    message: OpenAIMessageJSON
    logprobs: None
    finish_reason: str


class OpenAIUsageJSON(TypedDict):
    """Tokens of the texts, whichever model wrote the answer."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    counted_with: str


class OpenAICompletionJSON(TypedDict):
    """A chat completion."""

    id: str
    created: int
    object: str
    model: str
    choices: list[OpenAIChoiceJSON]
    usage: OpenAIUsageJSON


class OpenAIFaultJSON(TypedDict):
    """What is wrong. ``param``: the field of the request, where it is one."""

    message: str
    type: str
    param: str | None
    code: str | None


class OpenAIErrorJSON(TypedDict):
    """A failure as OpenAI's clients read it."""

    error: OpenAIFaultJSON


# -- what a route says of itself -----------------------------------------------------------


def gives(
    shape: Any, example: Any, status: int = 200, others: Mapping[str, Any] = NOTHING
) -> Responses:
    """That a route answers with ``shape``, as in ``example``, or with ``others`` by media type."""
    return {status: {"model": shape, "content": {**_content(example), **others}}}


def shows(example: Any, others: Mapping[str, Any] = NOTHING) -> Responses:
    """The example of a route whose shape FastAPI knows."""
    return {200: {"content": {**_content(example), **others}}}


def body_example(example: Any) -> dict[str, Any]:
    """The example of a body that FastAPI knows no model of."""
    return {"requestBody": {"content": _content(example)}}


def asked_as(example: Any) -> ConfigDict:
    """The configuration of a body's model, with an example of it."""
    return ConfigDict(json_schema_extra={"examples": [json.dumps(example)]})


def _content(example: Any) -> dict[str, Any]:
    """FastAPI drops what is null from a description: examples go through it as text."""
    return {"application/json": {"example": json.dumps(example)}}


_MEANING: Final = {
    400: "What is asked for is not supported",
    401: "Not signed in and no key",
    403: "Not allowed here",
    404: "There is none of this id",
    413: "The body is too large",
    421: "The server does not go by that host name",
    422: "The request is not well-formed",
    429: "Too many requests; see Retry-After",
    500: "The answer failed; the server's log says why",
    503: "The index or the model cannot be used",
}
ANYWHERE: Final = (401, 403, 413, 421, 422, 429, 500, 503)


def problems(*statuses: int) -> Responses:
    """Failures told by a problem document."""
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemJSON"}}}
    return {status: {"description": _MEANING[status], "content": content} for status in statuses}


def openai_errors(*statuses: int) -> Responses:
    """Failures told in OpenAI's shape."""
    return {
        status: {"description": _MEANING[status], "model": OpenAIErrorJSON} for status in statuses
    }


# -- what FastAPI cannot know --------------------------------------------------------------


def complete(schema: dict[str, Any], access: Access) -> dict[str, Any]:
    """``schema`` with the shape of problems and with the ways in that ``access`` has."""
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["ProblemJSON"] = TypeAdapter(ProblemJSON).json_schema()
    ways = _ways_in(access)
    if ways:
        components["securitySchemes"] = ways
    for shape in components["schemas"].values():
        if "examples" in shape:
            shape["examples"] = list(map(_read, shape["examples"]))
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            for part in (operation.get("requestBody", {}), *operation["responses"].values()):
                _mend(part.get("content", {}))
            if ways and path not in OPEN:
                operation["security"] = [{name: []} for name in ways]
                if access.proxy_header:  # then a proxy may say who asks
                    operation["security"].append({})
    return schema


def _mend(content: dict[str, Any]) -> None:
    """Reads the examples. FastAPI puts a shape that a route names over the one it infers ("a
    dict"), of which nothing shall stay."""
    for kind, about in content.items():
        if kind == "application/json" and "example" in about:
            about["example"] = _read(about["example"])
        if named := about.get("schema", {}).get("$ref"):
            about["schema"] = {"$ref": named}


def _read(example: Any) -> Any:
    """The example again; as it is where it was read before: FastAPI keeps the description."""
    return json.loads(example) if isinstance(example, str) else example


def _ways_in(access: Access) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if access.keys:
        told = "A key that `assistant key add` made; it opens /mcp too"
        found["key"] = {"type": "http", "scheme": "bearer", "description": told}
    if access.sessions:
        told = "Set by signing in at /login; over https its name begins with __Host- or __Secure-"
        found["session"] = {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": told}
    return found
