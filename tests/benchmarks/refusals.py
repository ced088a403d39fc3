"""Fits and measures what tells a model's refusal in its own words from the beginning of an answer.

``python -m tests.benchmarks.refusals fit`` writes ``assistant/answering/data/refusals.json`` from
two authors' sentences (``tests/questions/refusals/{a,b}.jsonl``); ``measure`` prints how a third
author's are told apart, many of which only look like refusals.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from assistant.answering._cited_stream import REFUSES
from assistant.answering._refusals import FILE, refusals
from assistant.index.encoder import SentenceEncoder
from assistant.settings import Settings
from assistant.types import Vectors

FOLDER: Final = Path(__file__).parents[1] / "questions" / "refusals"
REGULARIZATION: Final = 100.0  # C of scikit-learn


class Said(NamedTuple):
    """A first sentence of a model's, and whether it says that there is no answer."""

    text: str
    refuses: bool
    language: str


def written(name: str) -> list[Said]:
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [Said(one["text"], one["refuses"], one["language"]) for one in map(json.loads, lines)]


def embedded(said: list[Said]) -> Vectors:
    return SentenceEncoder(Settings()).embed_passages([one.text for one in said])


def fit() -> None:
    said = [*written("a"), *written("b")]
    model = LogisticRegression(C=REGULARIZATION, max_iter=2000)
    model.fit(embedded(said), [one.refuses for one in said])
    data = {
        "weights": np.round(model.coef_[0], 3).tolist(),
        "bias": round(float(model.intercept_[0]), 3),
    }
    FILE.write_text(json.dumps(data) + "\n", "utf-8")


def measure() -> None:
    said = written("c")
    told = [refusals().probability(vector) >= REFUSES for vector in embedded(said)]
    pairs = list(zip(said, told, strict=True))
    refused = [found for one, found in pairs if one.refuses]
    answered = [found for one, found in pairs if not one.refuses]
    figures = {
        "refusals recognized": f"{sum(refused)} of {len(refused)}",
        "answers taken for one": f"{sum(answered)} of {len(answered)}",
    }
    print(json.dumps(figures))
    for one, found in pairs:
        if found != one.refuses and "--wrong" in sys.argv:
            print(f"{one.refuses}: {one.text}")


if __name__ == "__main__":
    {"fit": fit, "measure": measure}[sys.argv[1]]()
