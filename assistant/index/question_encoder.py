"""The bundled model as it reads questions: its upper layers have learnt which passages answer.

Passages are embedded by the bundled model as it is, so that an index stays what it was. Trained by
``python -m assistant.reading.train_questions``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path

from assistant.index.blocks import Weights
from assistant.index.packed_weights import read_weights
from assistant.types import ModelError

WEIGHTS = Path(__file__).with_name("data") / "questions.rdr"


@lru_cache(maxsize=1)
def digest() -> str:
    """The first 16 hex digits of the file's SHA-256. Raises ModelError."""
    try:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16]
    except OSError as fault:
        raise ModelError(f"{WEIGHTS} cannot be read ({fault}); install the package again") from None


def weights(known: Collection[str]) -> dict[str, Weights]:
    """Name → weights of the layers that differ; ``known``: the names of the bundled model. Raises
    ModelError."""
    learnt = read_weights(WEIGHTS)
    unknown = sorted(learnt.keys() - set(known))
    if unknown:
        raise ModelError(f"{WEIGHTS} is of another model ({unknown[0]}); install the package again")
    return learnt
