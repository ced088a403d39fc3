"""MCP: the assistant as tools of other programs (`assistant mcp`, and HTTP at ``/mcp``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import anyio
from anyio import to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from assistant import logs
from assistant.answering import schemas
from assistant.answering.answer_options import Choice
from assistant.answering.protocols import AnsweringAssistant
from assistant.server._http_api import MOST_FILTER, Answering, TurnBody
from assistant.server._problem_details import Problem
from assistant.settings import Settings
from assistant.types import AssistantError, Filter, Finished, Span

T = TypeVar("T")

OPENED: Final = 20_000  # characters of an article given at once
INSTRUCTIONS: Final = (
    "Answers about a collection of news articles, each proved by verified quotes. "
    "Ask with `answer`; look further with `search` and `open_article`. An answer whose grounding "
    "is 'refused' means that the articles do not say."
)
# Which articles count, for both tools.
Day = Annotated[
    str,
    Field(
        max_length=MOST_FILTER,
        description="first or last day, included: 2025-08-05 or 5/8/2025; articles without a "
        "date are outside of it",
    ),
]
Newspaper = Annotated[
    str, Field(max_length=MOST_FILTER, description="only this newspaper, by its name or its site")
]
Author = Annotated[str, Field(max_length=MOST_FILTER, description="only what this author wrote")]
_READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, open_world_hint=False)


def server(answering: Answering) -> MCPServer:
    """The tools over an assistant."""
    # Its constructor sets the root logger up, unless that has been done.
    mcp = MCPServer("article-assistant", instructions=INSTRUCTIONS, log_level="WARNING")

    async def done(work: Callable[[], T]) -> T:
        try:
            return await to_thread.run_sync(work, limiter=answering.limiter)
        except Problem as problem:
            raise ToolError(problem.detail) from None
        except AssistantError as error:
            raise ToolError(" ".join(str(error).split())) from None

    @mcp.tool(annotations=_READS)
    async def search(
        question: Annotated[str, Field(description="a question or words, in any language")],
        top_k: Annotated[int, Field(ge=1, le=100, description="how many passages")] = 5,
        since: Day = "",
        until: Day = "",
        source: Newspaper = "",
        author: Author = "",
    ) -> schemas.SearchJSON:
        """The passages of the articles that match a question best, best first."""
        chosen = Filter(since, until, source, author)
        return await done(lambda: answering.hits(answering.checked(question), top_k, chosen))

    @mcp.tool(annotations=_READS)
    async def answer(
        question: Annotated[str, Field(description="a question in any language")],
        history: Annotated[
            list[TurnBody] | None, Field(description="what was asked and answered before")
        ] = None,
        since: Day = "",
        until: Day = "",
        source: Newspaper = "",
        author: Author = "",
    ) -> schemas.AnswerJSON:
        """The answer of the articles to a question, with numbered, verified quotes."""
        choice = Choice(filter=Filter(since, until, source, author))
        turns = [turn.turn() for turn in history or []]

        def work() -> schemas.AnswerJSON:
            *_, last = answering.events(answering.checked(question, turns), turns, choice)
            if not isinstance(last, Finished):
                raise RuntimeError("the stream ended without Finished")
            return schemas.answer_json(last.answer)

        return await done(work)

    @mcp.tool(annotations=_READS)
    async def open_article(
        article_id: Annotated[str, Field(description="as in a hit or a citation")],
        start: Annotated[int, Field(ge=0, description="the first character wanted")] = 0,
        length: Annotated[int, Field(ge=1, le=OPENED, description="how many characters")] = OPENED,
    ) -> schemas.OpenedJSON:
        """An article's text, or a part of it; citations are spans of that text.

        Where the article was edited since, this is its text from before, and `edition` says what
        became of the part.
        """

        def work() -> schemas.OpenedJSON:
            article = answering.article(article_id)
            part = Span(start, min(start + length, len(article.text)))
            whole = part == Span(0, len(article.text))
            became = None if whole else answering.became(article, part)
            return schemas.opened_json(article, part, became)

        return await done(work)

    return mcp


def serve_stdio(assistant: AnsweringAssistant, settings: Settings) -> None:
    """Serves the tools on standard input and output until they close."""
    logs.set_up(settings.log_format)
    anyio.run(server(Answering(assistant, settings)).run_stdio_async)
