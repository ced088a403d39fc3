"""What is read and what comes of it: the reader's words as types, free of torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

Span = tuple[int, int]  # half-open, code points of the passage


@dataclass(frozen=True, slots=True)
class Beside:
    """A question or a claim beside a passage of an article with that title, or without any."""

    asked: str
    passage: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a passage answers, whether or not it should be believed.

    ``best``: the span of the passage that answers best, code points, whole words; None only for a
    passage without words. ``answers``: it and the further items of a list, in the passage's order.
    ``answerable``: logit that the passage answers, higher is surer. ``margin``: logits of the best
    span less those of "no answer".
    """

    best: Span | None
    answers: tuple[Span, ...]
    answerable: float
    margin: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Probabilities that a passage supports a claim, contradicts it, or does not state it."""

    supported: float
    contradicted: float
    not_stated: float


class PassageReader(Protocol):
    """Reads questions and claims beside passages. ``Reader`` is one."""

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        """The reading of each question beside its passage."""
        ...

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        """The verdict on each claim beside its passage."""
        ...
