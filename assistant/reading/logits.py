"""What a reading model says of pairs, before it is decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.reading.pairs import Pair, Special
from assistant.reading.tokens import OffsetTokenizer

Array = TypeVar("Array")  # numpy's, or a torch tensor while a model is trained
Floats = NDArray[np.float32]
VERDICTS = ("supported", "contradicted", "not stated")


@dataclass(frozen=True, slots=True)
class Logits(Generic[Array]):
    """What the heads say of n pairs of at most t tokens, in fp32.

    ``start``, ``end`` (n, t): where an answer starts and which token is its last; the first token
    of the input stands for "no answer". ``part`` (n, t): is the token part of an answer.
    ``answerable`` (n,); ``verdict`` (n, 3) in the order of VERDICTS.
    """

    start: Array
    end: Array
    part: Array
    answerable: Array
    verdict: Array


class ReadingModel(Protocol):
    """A trained model, whatever calculates it."""

    tokenize: OffsetTokenizer
    special: Special

    def logits(self, pairs: Sequence[Pair]) -> Logits[Floats]:
        """What the model says of the pairs, which are read together."""
        ...
