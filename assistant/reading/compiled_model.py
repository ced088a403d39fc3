"""The reader's model, compiled for this processor: torch is not imported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from assistant.index.bundled_file import opened, weights_path
from assistant.index.compiled_encoder import CompiledEncoder
from assistant.index.packed_weights import read_weights
from assistant.reading.logits import Floats, Logits
from assistant.reading.pairs import Batch, Pair, Special, batch
from assistant.reading.tokens import OffsetTokenizer

_ENCODER = "encoder."  # what the names of the encoder's weights begin with


class CompiledModel:
    """Encoder and heads of a packed file; a ``ReadingModel``. The heads are as in ``model``, and
    calculated in fp32."""

    def __init__(self, path: Path, precision: str = "auto") -> None:
        """``precision``: of the settings. Raises ModelError."""
        bundled, weights = opened(weights_path()), read_weights(path)
        unigram = bundled.unigram
        self.tokenize = OffsetTokenizer(unigram)
        self.special = Special(unigram.bos, unigram.eos, unigram.pad)
        self._heads = {name: w for name, w in weights.items() if not name.startswith(_ENCODER)}
        own = {n.removeprefix(_ENCODER): w for n, w in weights.items() if n.startswith(_ENCODER)}
        self._encoder = CompiledEncoder(bundled.header, bundled.words, own, precision)

    def logits(self, pairs: Sequence[Pair]) -> Logits[Floats]:
        """What the model says of the pairs, which are read together."""
        together = batch(pairs, self.special)
        hidden = self._encoder.hidden(together.ids, together.mask, together.types)
        start, end, part = np.moveaxis(_linear(self._heads, "span_head", hidden), -1, 0)
        whole = _whole(hidden, together)
        answerable = self._of_input("answerable_head", whole)[:, 0]
        return Logits(start, end, part, answerable, self._of_input("verdict_head", whole))

    def _of_input(self, head: str, whole: Floats) -> Floats:
        return _linear(self._heads, f"{head}.2", np.tanh(_linear(self._heads, f"{head}.0", whole)))


def _linear(weights: Mapping[str, Floats], name: str, x: Floats) -> Floats:
    found: Floats = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
    return found


def _whole(hidden: Floats, together: Batch) -> Floats:
    """What the heads on the whole input see: (n, INPUTS × width)."""
    asked = (together.mask == 1) & (together.types == 0)
    one, other = _mean(hidden, asked), _mean(hidden, together.passage)
    return np.concatenate([hidden[:, 0], one, other, one * other, np.abs(one - other)], axis=-1)


def _mean(hidden: Floats, tokens: np.ndarray) -> Floats:
    """(n, t, width) and which tokens count (n, t) → the means (n, width)."""
    counted = tokens[..., None].astype(np.float32)
    mean: Floats = (hidden * counted).sum(1) / np.maximum(counted.sum(1), 1)
    return mean
