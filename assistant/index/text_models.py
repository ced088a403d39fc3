"""What turns texts into vectors: the bundled model, compiled or in torch, any other in torch, or
one behind an address.

Nothing heavy is imported before a model is loaded; torch takes seconds.
"""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import numpy as np

from assistant.index import question_encoder
from assistant.index.blocks import Weights
from assistant.index.bundled_file import opened, weights_path
from assistant.index.endpoint_model import PREFIX, EndpointModel
from assistant.types import ModelError, Vectors

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

BUNDLED: Final = "bundled"
POSITIONS: Final = 512  # the most tokens any passage may have, for every model
Runtime = Literal["openvino", "torch"]


class TextModel(Protocol):
    """Embeds texts. ``dimension``: length of a vector; ``longest``: tokens of a text that are
    read; ``is_local``: whether it calculates on this machine, where passes take turns."""

    @property
    def is_local(self) -> bool: ...

    @property
    def dimension(self) -> int: ...

    @property
    def longest(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """n texts, embedded together → vectors (n, dimension)."""
        ...

    def tokens(self, text: str) -> int:
        """How many tokens of the text are read, special ones included: at most ``longest``."""
        ...


class TextModels:
    """What passages are embedded with, and questions: each loaded when it is first needed."""

    def __init__(
        self, passages: Callable[[], TextModel], questions: Callable[[], TextModel]
    ) -> None:
        self._passages, self._questions = lru_cache(passages), lru_cache(questions)
        self._lock = threading.Lock()

    @property
    def passages(self) -> TextModel:
        with self._lock:
            return self._passages()

    @property
    def questions(self) -> TextModel:
        with self._lock:
            return self._questions()


class CompiledTextModel:
    """The bundled model by OpenVINO, with the layers of passages or of questions."""

    is_local = True

    def __init__(self, precision: str, for_questions: bool) -> None:
        from assistant.index.compiled_encoder import CompiledEncoder

        file = opened(weights_path())
        self.unigram, self.dimension = file.unigram, file.header.hidden
        self.longest = min(file.header.positions, POSITIONS)
        weights = dict(file.weights())
        if for_questions:
            weights |= question_encoder.weights(weights)
        self._encoder = CompiledEncoder(file.header, file.words, weights, precision)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The means of the tokens' vectors (n, dimension)."""
        rows = [self._ids(text) for text in texts]
        ids = np.full((len(rows), max(map(len, rows))), self.unigram.pad, np.int64)
        mask = np.zeros_like(ids)
        for number, row in enumerate(rows):
            ids[number, : len(row)] = row
            mask[number, : len(row)] = 1
        counted = mask[..., None].astype(np.float32)
        vectors: Weights = (self._encoder.hidden(ids, mask) * counted).sum(1) / counted.sum(1)
        return vectors

    def tokens(self, text: str) -> int:
        return len(self._ids(text))

    def _ids(self, text: str) -> list[int]:
        ids = self.unigram.encode(text)[: self.longest - 2]
        return [self.unigram.bos, *ids, self.unigram.eos]


class TorchTextModel:
    """A sentence-transformer."""

    is_local = True

    def __init__(self, model: SentenceTransformer) -> None:
        self.model = model
        self.dimension = int(model.get_embedding_dimension() or 0)
        self.longest = min(model.max_seq_length or POSITIONS, POSITIONS)

    def encode(self, texts: Sequence[str]) -> Vectors:
        found: Any = self.model.encode(
            list(texts),
            batch_size=len(texts),
            show_progress_bar=False,
            normalize_embeddings=True,
        )
        found = found.float().cpu().numpy() if hasattr(found, "float") else found
        return np.asarray(found, dtype=np.float32)

    def tokens(self, text: str) -> int:
        return int(self.model.preprocess([text])["attention_mask"].sum())


@lru_cache(maxsize=1)
def load(name: str, precision: str, runtime: str, weights: str) -> TextModels:
    """The model, read from disk only. Raises ModelError, at once or when it is first needed.

    The last one is kept: encoders of the same ``weights`` (a digest) share it.
    """
    if name.startswith(PREFIX):
        remote = EndpointModel(name)
        return TextModels(lambda: remote, lambda: remote)
    if name != BUNDLED:
        other = TorchTextModel(_sentence_transformer(name, precision))
        return TextModels(lambda: other, lambda: other)
    if runtime_of(runtime) == "openvino":
        return TextModels(
            lambda: CompiledTextModel(precision, for_questions=False),
            lambda: CompiledTextModel(precision, for_questions=True),
        )
    passages, questions = map(TorchTextModel, _bundled_in_torch(precision))
    return TextModels(lambda: passages, lambda: questions)


def runtime_of(setting: str) -> Runtime:
    """What calculates the bundled model and the reader. ``setting``: "auto", "openvino" or "torch";
    "auto" takes OpenVINO where it is installed. Raises ModelError where it is asked for and not."""
    there = find_spec("openvino") is not None
    if setting == "openvino" and not there:
        raise ModelError("OpenVINO is not installed; run: pip install openvino, or --runtime torch")
    return "openvino" if there and setting != "torch" else "torch"


def dtype_of(precision: str) -> torch.dtype:
    """ "bf16" or "fp32" as torch has it; "auto": bf16 where the processor calculates in it."""
    import torch

    if precision == "auto":
        capable = torch.cuda.is_available() or torch.cpu._is_avx512_bf16_supported()
        precision = "bf16" if capable else "fp32"
    return torch.bfloat16 if precision == "bf16" else torch.float32


def _bundled_in_torch(precision: str) -> Iterator[SentenceTransformer]:
    """The bundled model for passages, and for questions."""
    with _collector_paused():
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.sentence_transformer.modules import Normalize, Pooling

        from assistant.index.bundled_encoder import BundledTransformer, for_questions

        dtype = dtype_of(precision)
        first = BundledTransformer(weights_path(), dtype)
        for one in (first, for_questions(first, dtype)):
            modules = [one, Pooling(first.header.hidden, "mean"), Normalize()]
            yield SentenceTransformer(modules=modules, device="cpu")


def _sentence_transformer(name: str, precision: str) -> SentenceTransformer:
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    with _collector_paused():
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(
                name,
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"torch_dtype": dtype_of(precision), "use_safetensors": True},
                device="cuda" if torch.cuda.is_available() else "cpu",
            )
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
