"""What everything around an assistant needs of one: the page, the server, MCP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from assistant.types import AnswerEvent, Article, Hit, Turn


class AnsweringAssistant(Protocol):
    """An assistant over the articles of one index; ``Assistant`` is one."""

    def retrieve(self, question: str, top_k: int | None = None) -> list[Hit]: ...

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        """The events of an answer; the last one is ``Finished``."""
        ...

    def with_settings(self, **changes: Any) -> AnsweringAssistant:
        """An assistant over the same index under other settings."""
        ...

    def article(self, article_id: str) -> Article:
        """The article with that id; raises if there is none."""
        ...

    def articles(self) -> list[Article]: ...

    def examples(self, language: str) -> list[str]:
        """Questions, in that language, that the articles answer."""
        ...

    def warm(self) -> None:
        """Loads what the first question needs; raises if that cannot be had."""
        ...
