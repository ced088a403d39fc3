"""HTTP: ``/api/v1``, the assistant's own interface, and the signs of life."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse, Response

from assistant.answering import schemas
from assistant.answering.answer_options import Choice, Strictness, Unsupported
from assistant.answering.edited import Passed, current_of, passed
from assistant.answering.protocols import AnsweringAssistant
from assistant.index import index
from assistant.server import _api_description as described
from assistant.server import _api_examples as api_examples
from assistant.server import _event_stream as event_stream
from assistant.server import _problem_details as problem_details
from assistant.server._observing import Meters, WatchedChoices
from assistant.server._problem_details import Problem
from assistant.settings import Settings
from assistant.types import (
    NO_FILTER,
    AnswerEvent,
    Article,
    Edition,
    Filter,
    Finished,
    IndexFault,
    SettingsError,
    Span,
    Turn,
)

MOST_ARTICLES: Final = 200  # in one list
LAST: Final = 1 << 30  # offset that a part of an article may end at
MOST_FILTER: Final = 200  # characters of a day or a name that a filter names

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")  # JSON can hold one, UTF-8 cannot


class Body(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class TurnBody(Body):
    """An earlier exchange; ``query``: what the answer said was searched for it."""

    question: str
    answer: str
    query: str = ""

    def turn(self) -> Turn:
        return Turn(self.question, self.answer, self.query)


Day = Annotated[
    str,
    Field(
        max_length=MOST_FILTER,
        description="ISO 8601 (2025-08-05), or as it is written: 5/8/2025; included. Articles "
        "without a date are outside of every filter by day",
    ),
]
Named = Annotated[str, Field(max_length=MOST_FILTER)]


class FilterBody(Body):
    """The articles that count: those of the days, the newspaper and the author that are named.

    ``source``: a newspaper's name or site (``vnexpress.net``); ``author``: who wrote them. Accents
    and capitals do not matter; a name that no article has is refused, with the nearest there are.
    """

    since: Day = ""
    until: Day = ""
    source: Named = ""
    author: Named = ""

    def filter(self) -> Filter:
        return Filter(self.since, self.until, self.source, self.author)


class SearchBody(FilterBody):
    """What is searched for, and in which articles."""

    model_config = described.asked_as({"question": "nhà ở xã hội"})

    question: str
    top_k: Annotated[int | None, Field(ge=1, le=100)] = None


class AnswerBody(FilterBody):
    """What is asked, of which articles, what was said before, and whether it comes in parts.

    ``llm`` (a name that GET /api/v1/models lists), ``top_k``, ``strictness`` and ``unsupported``
    replace the server's settings for this answer.
    """

    model_config = described.asked_as({"question": api_examples.QUESTION})

    question: str
    history: list[TurnBody] = []
    stream: bool = False
    llm: str | None = None
    top_k: Annotated[int | None, Field(ge=1, le=100)] = None
    strictness: Strictness | None = None
    unsupported: Unsupported | None = None

    def choice(self) -> Choice:
        return Choice(self.llm, self.top_k, self.strictness, self.unsupported, self.filter())


class Answering:
    """The assistant with what serving it to many takes: places, and limits of a question."""

    def __init__(self, assistant: AnsweringAssistant, settings: Settings) -> None:
        self.assistant = assistant
        self.settings = settings
        self.meters = Meters()
        self.choices = WatchedChoices(assistant, settings, self.meters)
        self._limiter: CapacityLimiter | None = None

    @property
    def limiter(self) -> CapacityLimiter:
        """The places for answers; made late, since it belongs to the running event loop."""
        if self._limiter is None:
            self._limiter = CapacityLimiter(self.settings.answers_at_once)
        return self._limiter

    def checked(self, question: str, history: Sequence[Turn] = ()) -> str:
        """The question; raises Problem when it is longer than the server takes, or no text."""
        longest = self.settings.longest_question
        if len(question) > longest:
            raise Problem(
                422,
                f"question: {len(question)} characters are too many; {longest} are the most",
                parameter="question",
            )
        for text in (question, *(text for t in history for text in (t.question, t.answer))):
            if _LONE_SURROGATE.search(text):
                raise Problem(422, "A text holds half a surrogate pair, which is not a character")
        return question

    def events(
        self, question: str, history: Sequence[Turn], choice: Choice | None = None
    ) -> Iterator[AnswerEvent]:
        """The events of an answer; closing this closes the assistant's.

        Raises Problem for a language model that cannot be used here.
        """
        try:
            return iter(self.choices.stream(question, history, choice))
        except SettingsError as fault:
            raise Problem(422, str(fault), parameter="llm") from None

    def hits(
        self, question: str, top_k: int | None, filter: Filter = NO_FILTER
    ) -> schemas.SearchJSON:
        """Raises FilterError."""
        return schemas.full_search_json(question, self.choices.hits(question, top_k, filter))

    def article(self, article_id: str) -> Article:
        """Raises Problem when there is none."""
        try:
            return self.assistant.article(article_id)
        except (IndexFault, KeyError):
            raise Problem(404, "No article has this id; GET /api/v1/articles lists them") from None

    def became(self, article: Article, span: Span) -> Passed | None:
        """What became of a part of an edition; None where it is none, or the part is nothing."""
        if not isinstance(article, Edition):
            return None
        current = current_of(article, self.assistant.article)
        return passed(article, span, current) if current else None


def routes(answering: Answering) -> APIRouter:
    """The routes of the interface."""
    router = APIRouter(prefix="/api/v1", responses=described.problems(*described.ANYWHERE))

    @router.post(
        "/search",
        summary="The passages that match a question best",
        responses=described.shows({"question": "nhà ở xã hội", "hits": [api_examples.HIT]}),
    )
    async def search(body: SearchBody) -> schemas.SearchJSON:
        question = answering.checked(body.question)
        return await to_thread.run_sync(
            answering.hits, question, body.top_k, body.filter(), limiter=answering.limiter
        )

    @router.post(
        "/answer",
        summary="The answer to a question, with its citations",
        description=(
            'JSON, or with `"stream": true` or `Accept: text/event-stream` server-sent events: '
            "`retrieved` (hits, query), `delta` (text), `cited` (citation, before the delta that "
            "carries its marker), `claimed` (claim), and last `finished`, whose data is the whole "
            "answer; or `error`, a problem document."
        ),
        response_model=schemas.FullAnswerJSON,
        responses=described.shows(api_examples.ANSWER, api_examples.EVENTS),
    )
    async def answer(body: AnswerBody, request: Request) -> Response:
        history = [turn.turn() for turn in body.history]
        question = answering.checked(body.question, history)
        choice = body.choice()
        if body.stream or "text/event-stream" in request.headers.get("accept", ""):
            return event_stream.EventStream(
                lambda: _lines(answering.events(question, history, choice)),
                _failed,
                answering.limiter,
            )
        last = await event_stream.last(
            request.receive, lambda: answering.events(question, history, choice), answering.limiter
        )
        return Response(status_code=499) if last is None else JSONResponse(_finished(last))

    @router.get(
        "/articles",
        summary="The articles, without their texts",
        responses=described.shows(
            {"total": 1, "offset": 0, "articles": [api_examples.ARTICLE_HEAD]}
        ),
    )
    def articles(
        offset: Annotated[int, Query(ge=0)] = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_ARTICLES)] = MOST_ARTICLES,
        search: Annotated[str, Query(max_length=200)] = "",
    ) -> schemas.ArticlesJSON:
        found = index.matching(answering.assistant.articles(), search)
        return schemas.articles_json(found, offset, limit)

    @router.get(
        "/articles/{article_id}",
        summary="An article with its text",
        description="Of an article that was edited since, the text that this id names, with "
        "`edition`, which says so; `start` and `end` ask what became of a part of it.",
        responses=described.problems(404)
        | described.shows(api_examples.ARTICLE_HEAD | {"text": "Góp ý …", "furniture": []}),
    )
    def article(
        article_id: str,
        start: Annotated[int, Query(ge=0, le=LAST)] = 0,
        end: Annotated[int, Query(ge=0, le=LAST)] = 0,
    ) -> schemas.ArticleJSON:
        found = answering.article(article_id)
        return schemas.article_json(found, answering.became(found, Span(start, end)))

    return router


def event_line(name: str, data: Any) -> str:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _lines(events: Iterator[AnswerEvent]) -> Iterator[str]:
    with closing(events):  # type: ignore[type-var]  # streams are generators
        for event in events:
            yield event_line(*schemas.event_json(event))


def _failed(failure: Exception) -> str:
    return event_line("error", problem_details.document(problem_details.of_failure(failure)))


def _finished(event: AnswerEvent) -> schemas.FullAnswerJSON:
    if not isinstance(event, Finished):
        raise RuntimeError("the stream ended without Finished")
    return schemas.full_answer_json(event.answer)
