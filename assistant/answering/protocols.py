"""What the page needs of an assistant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from assistant.types import AnswerEvent, Article, Turn


class Readable(Protocol):
    """What the page needs of an assistant."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        """The events of an answer; the last one is ``Finished``."""
        ...

    def with_settings(self, **changes: Any) -> Readable:
        """An assistant over the same index under other settings."""
        ...

    def article(self, article_id: str) -> Article:
        """The article with that id; raises if there is none."""
        ...

    def articles(self) -> list[Article]: ...

    def examples(self, language: str) -> list[str]:
        """Questions, in that language, that the articles answer."""
        ...
