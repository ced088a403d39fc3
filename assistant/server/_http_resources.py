"""HTTP: what the page does beside asking, for programs too.

Articles in and out, the models there are, opinions, cards, and the conversations of who has
signed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar
from urllib.parse import quote

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from fastapi import Path as InPath
from pydantic import Field
from starlette.responses import Response

from assistant.answering import schemas
from assistant.articles.suffixes import ARTICLE_SUFFIXES
from assistant.records import card_rendering, card_verification, cards
from assistant.records.conversations import History, HistoryError, MissingConversation
from assistant.records.exchange import ExchangeError, answer_from_json
from assistant.records.feedback import Feedback, FeedbackError, Opinion, Reason, fingerprint
from assistant.server import _api_description as described
from assistant.server import _api_examples as api_examples
from assistant.server._file_messages import in_language
from assistant.server._http_api import Answering, Body
from assistant.server._middleware import PERSON
from assistant.server._problem_details import Problem, language_of
from assistant.server._uploads import Uploads
from assistant.text.interface_texts import interface_texts
from assistant.types import CorpusError
from assistant.web import fetch as web_fetch

MOST_ANSWERS: Final = 200  # of a card
HIGHEST: Final = (1 << 63) - 1  # number that the stores can look for
MEDIA: Final = {".md": "text/markdown", ".html": "text/html", ".json": "application/json"}

T = TypeVar("T")


class FeedbackBody(Body):
    """An opinion of an answer, which is sent as it was given.

    ``replaces``: the id of the opinion that the same person had of the same answer before.
    """

    model_config = described.asked_as({"answer": api_examples.ANSWER, "opinion": "good"})

    answer: dict[str, Any]
    opinion: Opinion
    reason: Reason = ""
    correction: str = ""
    comment: str = ""
    replaces: Annotated[int | None, Field(ge=1, le=HIGHEST)] = None


class CardBody(Body):
    """The answers of a conversation, as they were given, and the form of the file."""

    model_config = described.asked_as({"answers": [api_examples.ANSWER], "suffix": ".html"})

    answers: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MOST_ANSWERS)]
    suffix: Literal[".md", ".html", ".json"] = ".json"
    title: str = ""


class ConversationBody(Body):
    """A new conversation."""

    model_config = described.asked_as({"title": "Lái Thiêu", "exchanges": [api_examples.EXCHANGE]})

    exchanges: list[dict[str, Any]] = Field(default_factory=list)
    title: str = ""


class TitleBody(Body):
    """A conversation's new name."""

    model_config = described.asked_as({"title": "Lái Thiêu"})

    title: str


class WebBody(Body):
    """The address of a page of the web."""

    model_config = described.asked_as({"address": "https://bao.example/gop-y"})

    address: Annotated[str, Field(max_length=2000)]


class Stores:
    """What people wrote, opened when it is first needed."""

    def __init__(self, answering: Answering, uploads: Uploads | None) -> None:
        self.answering = answering
        self.uploads = uploads

    @cached_property
    def limiter(self) -> CapacityLimiter:
        """The place for changing the articles: who waits for it keeps no thread waiting."""
        return CapacityLimiter(1)

    @cached_property
    def feedback(self) -> Feedback:
        return Feedback.open(self.answering.settings.index)

    @cached_property
    def history(self) -> History:
        return History.open(self.answering.settings.index)

    def fingerprint(self, llm: str) -> str:
        index = getattr(self.answering.assistant, "index", None)
        model = index.encoder.fingerprint if index else {}
        return fingerprint(self.answering.settings, model, llm)


def routes(answering: Answering, uploads: Uploads | None) -> APIRouter:
    """The routes. ``uploads``: None where the articles stay as they are."""
    router = APIRouter(prefix="/api/v1", responses=described.problems(*described.ANYWHERE))
    stores = Stores(answering, uploads)
    _add_articles(router, stores)
    _add_answers(router, stores)
    _add_conversations(router, stores)
    return router


Mark = Annotated[str, Query(max_length=40, description="names it to GET /api/v1/uploads/{mark}")]


def _add_articles(router: APIRouter, stores: Stores) -> None:
    none_known = {"articles": [api_examples.ARTICLE_HEAD], "known": 0, "notes": []}
    added_articles = described.gives(described.AddedJSON, none_known, 201)
    settings = stores.answering.settings

    def changing() -> Uploads:
        if stores.uploads is None:
            raise Problem(403, "Articles are not added or removed here; see corpus_changes")
        return stores.uploads

    async def added(
        request: Request, name: str, data: bytes, source: str, mark: str
    ) -> dict[str, Any]:
        language = language_of(request.headers.get("accept-language", ""))
        add = partial(changing().add, name, data, source, mark)
        try:
            done = await to_thread.run_sync(_told, add, limiter=stores.limiter)
        except Problem as problem:
            own = in_language(problem.detail, language)
            known = language if own != problem.detail else "en"
            raise Problem(problem.status, own, language=known) from None
        heads = [schemas.article_head_json(article) for article in done.articles]
        notes = [in_language(note, language) for note in done.notes]
        return {"articles": heads, "known": done.known, "notes": notes}

    @router.get(
        "/uploads",
        summary="What may be added here",
        responses=described.gives(
            described.OffersJSON,
            api_examples.OFFERS,
        ),
    )
    def offers() -> dict[str, Any]:
        return {
            "changes": stores.uploads is not None,
            "web_addresses": stores.uploads is not None and settings.web_addresses,
            "suffixes": sorted(ARTICLE_SUFFIXES),
            "largest": settings.max_upload,
        }

    @router.get(
        "/uploads/{mark}",
        summary="How far the indexing of a file is",
        description="In characters, of the file that is sent with this `mark`; 0 of 0 until it is "
        "its turn and it has been read, and when it is done.",
        responses=described.gives(described.ProgressJSON, {"done": 1200, "total": 4800}),
    )
    def progress(mark: str) -> dict[str, int]:
        done, total = changing().progress(mark)
        return {"done": done, "total": total}

    @router.post(
        "/articles",
        status_code=201,
        summary="Add the articles of a file",
        description="The body is the file, of the kind that the suffix of `name` says: "
        + ", ".join(sorted(ARTICLE_SUFFIXES)),
        responses=added_articles,
        openapi_extra=api_examples.FILE_BODY,
    )
    async def add(
        request: Request, name: Annotated[str, Query(max_length=500)], mark: Mark = ""
    ) -> dict[str, Any]:
        changing()  # before the body is read
        return await added(request, name, await request.body(), "", mark)

    @router.post(
        "/articles/web",
        status_code=201,
        summary="Add the article of a web page",
        description="The server fetches it; where the setting `web_addresses` allows that.",
        responses=added_articles,
    )
    async def add_page(body: WebBody, request: Request, mark: Mark = "") -> dict[str, Any]:
        changing()
        if not settings.web_addresses:
            raise Problem(403, "Web addresses are not fetched here; see web_addresses")
        try:
            page = await web_fetch.fetch(body.address, web_fetch.PUBLIC)
        except web_fetch.WebError as fault:
            language = language_of(request.headers.get("accept-language", ""))
            words = interface_texts("page")[language]["web_faults"]
            told = words[fault.kind].format(**fault.named)
            raise Problem(422, told, language=language) from None
        return await added(request, page.name, page.data, page.address, mark)

    @router.delete(
        "/articles/{article_id}",
        summary="Remove an article from the index",
        responses=described.gives(described.RemovedJSON, {"file_stays": False})
        | described.problems(404),
    )
    async def remove(article_id: str) -> dict[str, bool]:
        uploads = changing()
        answering = stores.answering
        await to_thread.run_sync(answering.article, article_id)  # 404 where there is none
        stays = await to_thread.run_sync(uploads.remove, article_id, limiter=stores.limiter)
        return {"file_stays": stays}


def _add_answers(router: APIRouter, stores: Stores) -> None:
    answering = stores.answering

    @router.get(
        "/models",
        summary="The language models that a question may name",
        responses=described.gives(
            described.ModelNamesJSON, {"models": ["none", "ollama:qwen3:4b"], "default": "none"}
        ),
    )
    def models() -> dict[str, Any]:
        return {"models": answering.choices.models(), "default": answering.choices.default.llm}

    @router.get(
        "/examples",
        summary="Questions that the articles answer",
        responses=described.gives(described.QuestionsJSON, {"questions": [api_examples.QUESTION]}),
    )
    def examples(language: Literal["vi", "en"] = "vi") -> dict[str, list[str]]:
        return {"questions": answering.choices.examples(language)}

    @router.post(
        "/feedback",
        status_code=201,
        summary="Say whether an answer is good or bad",
        responses=described.gives(described.OpinionIdJSON, {"id": 1}, 201),
    )
    def feedback(body: FeedbackBody, request: Request) -> dict[str, int]:
        answer = _told(lambda: answer_from_json(body.answer, answering.assistant.article))
        number = _told(
            lambda: stores.feedback.add(
                answer, body.opinion, body.reason, body.correction, body.comment,
                _person(request), stores.fingerprint(answer.llm), body.replaces,
            )
        )  # fmt: skip
        return {"id": number}

    @router.post(
        "/cards",
        summary="A conversation as a file whose quotes can be checked",
        responses=described.gives(cards.Card, api_examples.CARD, others=api_examples.CARD_TEXTS),
    )
    def card(body: CardBody) -> Response:
        article = answering.assistant.article
        answers = _told(lambda: [answer_from_json(one, article) for one in body.answers])
        made = _told(lambda: cards.make(answers, article, body.title))
        named = quote(cards.file_name(body.title, body.suffix), safe="")
        plain = f'attachment; filename="assistant{body.suffix}"'  # for who reads no other
        return Response(
            card_rendering.render(made, body.suffix),
            media_type=MEDIA[body.suffix],
            headers={"Content-Disposition": f"{plain}; filename*=UTF-8''{named}"},
        )

    @router.post(
        "/cards/verify",
        summary="What became of a card's quotes, and whether it was edited",
        description="The body is the file that was exported, of the kind that the suffix of `name` "
        "says: " + ", ".join(cards.SUFFIXES),
        responses=described.gives(described.VerificationJSON, api_examples.VERIFICATION),
        openapi_extra=api_examples.FILE_BODY,
    )
    async def verify(
        request: Request, name: Annotated[str, Query(max_length=500)]
    ) -> dict[str, Any]:
        path, data = Path(name.replace("\\", "/")).name, await request.body()

        def verified() -> card_verification.Verification:
            text = cards.decoded(Path(path), data)
            shelf = answering.assistant.articles(), answering.assistant.article
            return card_verification.verify_text(Path(path), text, *shelf)

        found = await to_thread.run_sync(_told, verified, limiter=answering.limiter)
        return found.to_json()


def _add_conversations(router: APIRouter, stores: Stores) -> None:
    def owner(request: Request) -> str:
        person = _person(request)
        if not person:
            raise Problem(403, "Conversations are kept for people who have signed in")
        return person

    @router.get(
        "/conversations",
        summary="Your conversations, the last changed first",
        responses=described.gives(
            described.ConversationsJSON, {"conversations": [api_examples.CONVERSATION_HEAD]}
        ),
    )
    def listed(
        request: Request,
        search: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> dict[str, Any]:
        found = stores.history.search(owner(request), search, limit)
        return {"conversations": [asdict(summary) for summary in found]}

    changed = described.gives(described.ConversationIdJSON, {"id": "Zt3kQ9"})
    made: described.Responses = {201: changed[200]}

    @router.post("/conversations", status_code=201, summary="Keep a conversation", responses=made)
    def create(body: ConversationBody, request: Request) -> dict[str, str]:
        who = owner(request)
        return {"id": _told(lambda: stores.history.create(who, body.title, body.exchanges))}

    @router.get(
        "/conversations/{number}",
        summary="One of your conversations",
        responses=described.gives(described.ConversationJSON, api_examples.CONVERSATION)
        | described.problems(404),
    )
    def get(number: str, request: Request) -> dict[str, Any]:
        who = owner(request)
        found = _told(lambda: stores.history.get(who, number))
        return {**asdict(found.summary), "exchanges": list(found.exchanges)}

    @router.post(
        "/conversations/{number}/exchanges",
        status_code=201,
        summary="Add an exchange",
        responses=made,
        openapi_extra=described.body_example(api_examples.EXCHANGE),
    )
    def append(number: str, body: dict[str, Any], request: Request) -> dict[str, str]:
        who = owner(request)
        _told(lambda: stores.history.append(who, number, body))
        return {"id": number}

    @router.patch(
        "/conversations/{number}",
        summary="Give a conversation another name",
        responses=changed,
    )
    def rename(number: str, body: TitleBody, request: Request) -> dict[str, str]:
        who = owner(request)
        _told(lambda: stores.history.rename(who, number, body.title))
        return {"id": number}

    @router.put(
        "/conversations/{number}/exchanges/{place}",
        summary="Keep an exchange otherwise",
        description="`place` counts the exchanges of the conversation from 1.",
        responses=changed | described.problems(404),
        openapi_extra=described.body_example(api_examples.EXCHANGE),
    )
    def replace(
        number: str,
        place: Annotated[int, InPath(ge=1, le=HIGHEST)],
        body: dict[str, Any],
        request: Request,
    ) -> dict[str, str]:
        who = owner(request)
        _told(lambda: stores.history.replace(who, number, place, body))
        return {"id": number}

    @router.delete(
        "/conversations/{number}",
        summary="Delete a conversation",
        responses=changed | described.problems(404),
    )
    def delete(number: str, request: Request) -> dict[str, str]:
        who = owner(request)
        _told(lambda: stores.history.delete(who, number))
        return {"id": number}


def _person(request: Request) -> str:
    return str(request.scope.get(PERSON, ""))


def _told(work: Callable[[], T], status: int = 422) -> T:
    """What ``work`` gives; a fault of what was sent is a problem with its one line."""
    try:
        return work()
    except MissingConversation as fault:
        raise Problem(404, str(fault)) from None
    except (
        CorpusError,
        FeedbackError,
        HistoryError,
        ExchangeError,
        cards.CardError,
    ) as fault:
        raise Problem(status, " ".join(str(fault).split())) from None
