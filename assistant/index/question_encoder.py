"""The bundled model as it reads questions: its upper layers have learnt which passages answer.

Passages are embedded by the bundled model as it is, so that an index stays what it was. Trained by
``python -m assistant.reading.train_questions``.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.types import ModelError

if TYPE_CHECKING:
    import torch

    from assistant.index.bundled_encoder import BundledTransformer

WEIGHTS = Path(__file__).with_name("data") / "questions.rdr"


@lru_cache(maxsize=1)
def digest() -> str:
    """The first 16 hex digits of the file's SHA-256. Raises ModelError."""
    try:
        return hashlib.sha256(WEIGHTS.read_bytes()).hexdigest()[:16]
    except OSError as fault:
        raise ModelError(f"{WEIGHTS} cannot be read ({fault}); install the package again") from None


def for_questions(bundled: BundledTransformer, dtype: torch.dtype) -> BundledTransformer:
    """The model for questions, which shares what it can with ``bundled``. Raises ModelError."""
    from assistant.index.bundled_encoder import BundledTransformer
    from assistant.index.encoder import weights_path
    from assistant.index.packed_weights import read_weights

    weights = {name: tensor.to(dtype) for name, tensor in read_weights(WEIGHTS).items()}
    made = BundledTransformer(weights_path(), dtype)
    unknown = made.model.load_state_dict(weights, strict=False, assign=True).unexpected_keys
    if unknown:
        raise ModelError(f"{WEIGHTS} is of another model ({unknown[0]}); install the package again")
    made.model.embeddings = bundled.model.embeddings
    changed = {int(name.split(".")[2]) for name in weights}
    for number, layer in enumerate(bundled.model.encoder.layer):
        if number not in changed:
            made.model.encoder.layer[number] = layer
    return made.requires_grad_(False)
