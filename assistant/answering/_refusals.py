"""Whether a sentence of a language model says that the passages do not hold the answer.

A logistic regression over the bundled encoder's embedding of the sentence, so that it holds in
every language of the encoder and in any words. ``tests/benchmarks/refusals.py`` fits it. It
belongs to the bundled weights.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np

from assistant.types import Vectors

FILE: Final = Path(__file__).with_name("data") / "refusals.json"


@dataclass(frozen=True, slots=True)
class Refusals:
    """``weights`` (d,) and ``bias`` of the regression."""

    weights: Vectors
    bias: float

    def probability(self, embedding: Vectors) -> float:
        """That a sentence with this embedding (d,), as a passage's, is a refusal."""
        return float(1 / (1 + np.exp(-(self.weights @ embedding + self.bias))))


@lru_cache(maxsize=1)
def refusals() -> Refusals:
    """Those that come with the product."""
    data = json.loads(FILE.read_text("utf-8"))
    return Refusals(np.array(data["weights"], np.float32), data["bias"])
