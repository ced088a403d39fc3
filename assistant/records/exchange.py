"""One exchange of a conversation: a question and what has become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Claim,
    Claimed,
    Finished,
    Retrieved,
    TextDelta,
)

Failure = Literal["failed", "stopped"]


@dataclass(frozen=True, slots=True)
class About:
    """What a source line tells of an article beside its title."""

    date: str = ""  # ISO 8601 day
    source: str = ""

    @classmethod
    def of(cls, article: Article) -> About:
        return cls(article.date, article.source)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of the conversation and what is known of its answer so far.

    ``about`` tells of each cited article, by id; ``instead`` are questions that the articles do
    answer, for a refusal. An exchange with neither ``answer`` nor ``fault`` is being answered.
    """

    question: str
    text: str = ""
    passages: int | None = None
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    about: Mapping[str, About] = field(default_factory=dict)
    answer: Answer | None = None
    fault: Failure | None = None
    seconds: float | None = None
    instead: tuple[str, ...] = ()

    @property
    def running(self) -> bool:
        return self.answer is None and self.fault is None

    def after(self, event: AnswerEvent) -> Exchange:
        """The exchange once ``event`` has happened."""
        match event:
            case Retrieved(hits=hits):
                return replace(self, passages=len(hits))
            case TextDelta(text=text):
                return replace(self, text=self.text + text)
            case Cited(citation=citation):
                return replace(self, citations=(*self.citations, citation))
            case Claimed(claim=claim):
                return replace(self, claims=(*self.claims, claim))
            case Finished(answer=answer):
                return replace(
                    self,
                    text=answer.text,
                    citations=answer.citations,
                    claims=answer.claims,
                    answer=answer,
                )
