"""Logits of a reader → how likely its answer is right: fitted on questions it has not learnt from.

A calibration belongs to one reader's weights, whose digest it carries, and has two parts for each
kind of pair, question and article in one language ("within") or in two ("across"). ``passage``
says which of the passages that were read is believed. ``answer`` says how likely the best one's
answer is right, which is less than its passage alone would tell: it is the best of many.

It belongs to one embedding model as well, which chose the passages that it was fitted on. With
another the order of answers stands, but none is claimed to be sure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.reading.readings import Reading
from assistant.types import SAYS_SO, ModelError

Kind = Literal["within", "across"]
KINDS: tuple[Kind, ...] = ("within", "across")
NOT_CLAIMED = SAYS_SO - 0.01  # the most confidence with an embedding model of no calibration


@dataclass(frozen=True, slots=True)
class Logistic:
    """σ(weights · features + bias): the prediction of a logistic regression."""

    weights: tuple[float, ...]
    bias: float

    def logit(self, features: Sequence[float]) -> float:
        return sum(w * x for w, x in zip(self.weights, features, strict=True)) + self.bias

    def probability(self, features: Sequence[float]) -> float:
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, self.logit(features)))))


def passage_features(reading: Reading, behind: float) -> tuple[float, ...]:
    """What decides whether a passage is believed: its logits, and how far its retrieval score is
    ``behind`` that of the first passage."""
    return reading.answerable, reading.margin, behind


@dataclass(frozen=True, slots=True)
class Calibration:
    """``passage``: of ``passage_features``; ``answer``: of the best passage's logit by it.

    ``reader``: the first 16 hex digits of the SHA-256 of its weights; ``encoder``: the digest of
    the embedding model's weights, "" where it holds for any.
    """

    reader: str
    passage: Mapping[Kind, Logistic]
    answer: Mapping[Kind, Logistic]
    encoder: str = ""
    most: float = 1.0  # confidence that is claimed

    def to_json(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if name != "most"}

    def beside(self, encoder: str) -> Calibration:
        """The calibration over passages that the embedding model with that digest chose."""
        fits = self.encoder in ("", encoder)
        return self if fits else replace(self, most=NOT_CLAIMED)

    def confidence(self, kind: Kind, logit: float) -> float:
        """How likely the answer of the best passage is right, by that passage's logit."""
        return min(self.most, self.answer[kind].probability((logit,)))

    @classmethod
    def load(cls, path: Path, reader: str) -> Calibration:
        """The calibration in the file. Raises ModelError where it is missing, damaged, or of
        another reader."""
        try:
            data = json.loads(path.read_text("utf-8"))
            parts = {
                part: {kind: _logistic(data[part][kind]) for kind in KINDS}
                for part in ("passage", "answer")
            }
            encoder = str(data.get("encoder", ""))
            found = cls(str(data["reader"]), parts["passage"], parts["answer"], encoder)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            raise ModelError(
                f"{path} is not a reader's calibration ({fault!r}); put the file there that was "
                "made with the weights"
            ) from None
        if found.reader != reader:
            raise ModelError(
                f"{path} belongs to other weights ({found.reader}, not {reader}); put the file "
                "there that was made with these"
            )
        return found


def _logistic(data: Mapping[str, object]) -> Logistic:
    weights, bias = data["weights"], data["bias"]
    if not isinstance(weights, list) or not isinstance(bias, int | float):
        raise ValueError("no weights or no bias")
    return Logistic(tuple(float(w) for w in weights), float(bias))
