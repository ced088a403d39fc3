"""What everything around an assistant needs of one: the page, the server, MCP."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from assistant.types import NO_FILTER, Answer, AnswerEvent, Article, Filter, Hit, Turn


class AnsweringAssistant(Protocol):
    """An assistant over the articles of one index; ``Assistant`` is one."""

    def retrieve(
        self, question: str, top_k: int | None = None, *, filter: Filter = NO_FILTER
    ) -> list[Hit]:
        """The best passages of the articles that ``filter`` lets through. Raises FilterError."""
        ...

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, filter: Filter = NO_FILTER
    ) -> Iterator[AnswerEvent]:
        """The events of an answer from the articles that ``filter`` lets through; the last one is
        ``Finished``. FilterError is raised with the first."""
        ...

    def with_settings(self, **changes: Any) -> AnsweringAssistant:
        """An assistant over the same index under other settings."""
        ...

    def article(self, article_id: str) -> Article:
        """The article with that id; raises if there is none."""
        ...

    def articles(self) -> list[Article]: ...

    def examples(self, language: str) -> list[str]:
        """Questions, in that language, that the articles answer: those known now, without a wait;
        asked again later, there may be more."""
        ...

    def warm(self) -> None:
        """Loads what the first question needs; raises if that cannot be had."""
        ...


@runtime_checkable
class AssistantBeside(Protocol):
    """An assistant that heeds which article is open; ``Assistant`` is one."""

    def beside(self, article_id: str) -> AnsweringAssistant:
        """The same assistant for who has that article open: "this article" is that one."""
        ...


@runtime_checkable
class SuggestingAssistant(Protocol):
    """An assistant that also knows how to go on after an answer; ``Assistant`` is one."""

    def further_questions(
        self,
        answer: Answer,
        language: str,
        asked: Collection[str] = (),
        halted: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        """Questions, none of those ``asked``, that the articles cited by ``answer`` answer too.

        Takes seconds; ends early when ``halted`` says that nobody waits.
        """
        ...
