"""Model specs → encoders: the bundled model, a sentence-transformers id or folder, an address."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from assistant.index import question_encoder
from assistant.index.bundled_file import weights_path
from assistant.index.text_models import BUNDLED, TextModel, TextModels, load
from assistant.settings import Settings
from assistant.text.letters import as_searched
from assistant.types import Vectors

BATCH = 32
SLICE = 3000  # characters, padding included, of the texts that are embedded at once
_LOADING = threading.Lock()
_LOCK = threading.Lock()  # of the one loaded model
_NEXT = threading.Lock()  # held by who has the lock next


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What a model family wants before a question and before a passage."""

    query: str
    passage: str


# From the model cards of each family; the first pattern found in the model's name counts.
FAMILIES: tuple[tuple[str, Prefixes], ...] = (
    (
        r"e5.*instruct",
        Prefixes(
            "Instruct: Given a web search query, retrieve relevant passages that answer the query"
            "\nQuery: ",
            "",
        ),
    ),
    (r"\be5\b|e5-(small|base|large)", Prefixes("query: ", "passage: ")),
    (r"bge-m3", Prefixes("", "")),
    (r"bge-.*-zh", Prefixes("为这个句子生成表示以用于检索相关文章：", "")),
    (r"bge-", Prefixes("Represent this sentence for searching relevant passages: ", "")),
    (r"\bgte\b|gte-", Prefixes("", "")),
    (r"paraphrase-|all-minilm|all-mpnet|distiluse", Prefixes("", "")),
)


def prefixes_of(model: str, settings: Settings) -> Prefixes:
    """Prefixes for ``model``: those set, else its family's, else none."""
    known = next((p for pattern, p in FAMILIES if re.search(pattern, model.lower())), None)
    if model == BUNDLED:
        known = Prefixes("query: ", "passage: ")
    known = known or Prefixes("", "")
    return Prefixes(
        known.query if settings.query_prefix is None else settings.query_prefix,
        known.passage if settings.passage_prefix is None else settings.passage_prefix,
    )


class SentenceEncoder:
    """A model of texts with its prefixes. Loads on first use, once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.model
        self.prefixes = prefixes_of(self.name, settings)

    @cached_property
    def _models(self) -> TextModels:
        settings = self.settings
        with _LOADING:
            weights = self.fingerprint["weights"]
            return load(self.name, settings.precision, settings.runtime, weights)

    @property
    def passages(self) -> TextModel:
        """The model of passages. Raises ModelError."""
        return self._models.passages

    @property
    def dimension(self) -> int:
        """Length of a vector. Raises ModelError."""
        return self.questions.dimension

    @property
    def questions(self) -> TextModel:
        """The model of questions. Raises ModelError."""
        return self._models.questions

    @cached_property
    def fingerprint(self) -> dict[str, str]:
        """What makes two vectors comparable. Reads the weights' file, not the model."""
        return {
            "model": self.name,
            "weights": _weights_digest(self.name),
            "query prefix": self.prefixes.query,
            "passage prefix": self.prefixes.passage,
        }

    @cached_property
    def digest(self) -> str:
        """Tells apart what finds passages: the weights, and those that questions are read with."""
        weights = self.fingerprint["weights"]
        return f"{weights}+{question_encoder.digest()}" if self.name == BUNDLED else weights

    def embed_questions(self, texts: Sequence[str], untrained: bool = False) -> Vectors:
        """n questions → (n, dimension) float32 unit vectors. ``untrained``: by the model that
        passages are embedded with."""
        model = self.passages if untrained else self.questions
        return self._embed(model, self.prefixes.query, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """n passages or sentences → (n, dimension) float32 unit vectors."""
        return self._embed(self.passages, self.prefixes.passage, texts)

    def fits(self, passage: str) -> bool:
        """Whether the whole passage is within the model's positions (at most 512)."""
        limit = self.passages.longest
        text = self.prefixes.passage + passage
        # A token is at least one character, but for the few that normalization expands.
        if len(text) * 2 + 16 < limit:
            return True
        return self.passages.tokens(text + " ." * 2) < limit

    def _embed(self, model: TextModel, prefix: str, texts: Sequence[str]) -> Vectors:
        asked = [prefix + as_searched(text) for text in texts]
        if not model.is_local and asked:
            return _unit(model.encode(asked))
        vectors = np.zeros((len(asked), model.dimension), np.float32)
        for rows in _slices([len(text) for text in asked]):
            with _turn():
                vectors[rows] = _unit(model.encode([asked[row] for row in rows]))
        return vectors


def _slices(lengths: Sequence[int]) -> Iterator[list[int]]:
    """The numbers of the texts that are embedded at once, the longest texts first.

    A question that comes while articles are embedded waits for one of these.
    """
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    while order:
        longest = lengths[order[0]]
        count = min(BATCH, max(1, SLICE // max(longest, 1)))
        yield order[:count]
        order = order[count:]


@contextmanager
def _turn() -> Iterator[None]:
    """The model, for one forward pass: two at once only take each other's cores.

    Who releases a lock and wants it again at once mostly gets it, before those that wait for it.
    Here they need a second one first, which whoever waits longest holds.
    """
    with _NEXT:
        _LOCK.acquire()
    try:
        yield
    finally:
        _LOCK.release()


def _unit(vectors: Vectors) -> Vectors:
    """Rows (n, d) made of length 1."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), dtype=np.float32)


def _weights_digest(name: str) -> str:
    """A short digest of the weights: names, sizes, first and last MiB of each file.

    "" for a hub id: there the id names the weights.
    """
    if name == BUNDLED:
        files = [weights_path()]
    else:
        files = sorted(p for p in Path(name).rglob("*") if p.suffix in {".safetensors", ".json"})
    digest = hashlib.sha256()
    for file in files:
        digest.update(f"{file.name} {file.stat().st_size}".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(1 << 20))
            stream.seek(max(0, file.stat().st_size - (1 << 20)))
            digest.update(stream.read())
    return digest.hexdigest()[:16] if files else ""
