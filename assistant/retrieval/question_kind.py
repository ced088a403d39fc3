"""What a question asks for as a whole: facts, or an overview of what the articles are about.

A multinomial logistic regression over the bundled encoder's embedding of the question, so that it
holds for every language of the encoder, and over its words and pairs of words, which tell the form
of a question from its topic. ``tests/benchmarks/kinds.py`` fits it on questions written for it. It
belongs to the bundled weights: with another model every question asks for facts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from assistant.text.terms import bigrams, fold, terms
from assistant.types import QuestionKind, Vectors

FILE: Final = Path(__file__).with_name("data") / "question_kinds.json"
SURE: Final = 0.4  # probability from which another kind than facts is believed
CERTAIN: Final = 0.8  # and from which it is believed although a passage answers
_BEGIN, _END = "^", "$"  # of a question, as terms


@dataclass(frozen=True, slots=True)
class QuestionKinds:
    """``weights`` (kinds, d), ``bias`` (kinds,) and the weights (kinds,) of ``words``; ``naming``
    (d + 1,), the last its bias: whether a question names what it wants an overview of; ``framing``:
    folded terms that say what is wanted ("tom", "tat", "article") and not of what."""

    kinds: tuple[QuestionKind, ...]
    weights: Vectors
    bias: Vectors
    words: Mapping[str, Vectors]
    framing: frozenset[str]
    naming: Vectors

    def of(self, embedding: Vectors, text: str) -> tuple[QuestionKind, float]:
        """The kind of a question by its embedding (d,) and text, and how probable it is; "content"
        where no other is sure."""
        logits = self.weights @ embedding + self.bias
        logits += sum(self.words[word] for word in words_of(text) if word in self.words)
        odds = np.exp(logits - logits.max())
        best = int(odds.argmax())
        probability = float(odds[best] / odds.sum())
        return (self.kinds[best], probability) if probability >= SURE else ("content", probability)

    def names_topic(self, embedding: Vectors) -> bool:
        """Whether a question for an overview says of what: not in "tóm tắt bài báo này"."""
        return bool(self.naming[:-1] @ embedding + self.naming[-1] > 0)

    def topic(self, question: str) -> list[str]:
        """The terms of the question that may say what it is about."""
        return [term for term in terms(question) if fold(term) not in self.framing]


def words_of(question: str) -> set[str]:
    """The folded terms of a question and their pairs, its begin and end among them."""
    found = terms(fold(question))
    return {*found, *bigrams([_BEGIN, *found, _END])}


@lru_cache(maxsize=1)
def question_kinds() -> QuestionKinds:
    """Those that come with the product."""
    data = json.loads(FILE.read_text("utf-8"))
    return QuestionKinds(
        tuple(data["kinds"]),
        np.array(data["weights"], np.float32),
        np.array(data["bias"], np.float32),
        {word: np.array(weights, np.float32) for word, weights in data["words"].items()},
        frozenset(data["framing"]),
        np.array(data["naming"], np.float32),
    )


def share_told(telling: Mapping[str, float], text: str) -> float:
    """How much of what a topic's terms tell, each so much, stands in a text, in [0, 1]."""
    there = set(terms(fold(text)))
    total = sum(telling.values())
    return sum(w for term, w in telling.items() if fold(term) in there) / total if total else 0.0
