"""An encoder that costs nothing and gives the same vectors in every process."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np

from assistant.settings import Settings
from assistant.text.terms import terms
from assistant.types import Vectors


class StubEncoder:
    """One axis for each term, by its checksum, in unit length; ``embedded``: what it was given."""

    dimension = 64
    digest = "stub"

    def __init__(self, settings: Settings) -> None:
        self.embedded: list[str] = []
        self.fingerprint = {
            "model": settings.model,
            "weights": "stub",
            "query prefix": settings.query_prefix or "",
            "passage prefix": settings.passage_prefix or "",
        }

    def fits(self, passage: str) -> bool:
        return True

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in terms(text):
                row[zlib.crc32(term.encode()) % self.dimension] += 1
            row /= np.linalg.norm(row) or 1
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded += texts
        return self.embed_questions(texts)
