"""Dense search: FAISS over the catalog's centred passage vectors. Derived, never the truth."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import faiss
import numpy as np

from assistant.index import _stamps as stamps
from assistant.index._language_centring import Centring
from assistant.index._stamps import Stamp
from assistant.index.catalog import Reading
from assistant.types import Vectors


class Dense:
    """An exact inner-product index; of unit vectors that is cosine similarity: higher is better."""

    def __init__(self, index: faiss.Index, stamp: Stamp) -> None:
        self._index = index
        self.stamp = stamp

    @classmethod
    def build(cls, folder: Path, catalog: Reading, centring: Centring) -> Dense:
        """Builds from the catalog's vectors (nothing is embedded) and writes a new file."""
        generation = catalog.generation
        numbers, languages, vectors = catalog.passage_vectors()
        width = vectors.shape[1] if len(numbers) else 1
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(width))
        if numbers:
            index.add_with_ids(centring.passages(vectors, languages), np.array(numbers, np.int64))
        path = folder / stamps.fresh_name("dense", generation, ".faiss")
        content = faiss.serialize_index(index).tobytes()
        path.write_bytes(content)
        files = {path.name: hashlib.sha256(content).hexdigest()}
        return cls(index, Stamp(path.name, generation, catalog.identity, len(numbers), files))

    @classmethod
    def open(cls, folder: Path, stamp: Stamp) -> Dense | str:
        """The index, or why it cannot be used. Read only after its checksum matched."""
        try:
            content = (folder / stamp.name).read_bytes()
        except OSError:
            return f"{folder / stamp.name} is missing"
        if hashlib.sha256(content).hexdigest() != stamp.files.get(stamp.name):
            return f"{folder / stamp.name} is damaged (its checksum differs)"
        return cls(faiss.deserialize_index(np.frombuffer(content, np.uint8)), stamp)

    def search(
        self,
        vector: Vectors,
        top_k: int,
        exclude: Collection[int] = (),
        only: Collection[int] | None = None,
    ) -> dict[int, float]:
        """A centred question vector (d,) → passage number → cosine in [-1, 1], best first.

        ``exclude``: numbers that are left out. ``only``: the others are left out as well.
        """
        if not self._index.ntotal:
            return {}
        if only is not None:
            only = set(only).difference(exclude)
            if not only:
                return {}
        chosen = _selector(exclude if only is None else only)
        parameters = None
        if only is not None:
            parameters = faiss.SearchParameters(sel=chosen)  # type: ignore[call-arg]
        elif exclude:
            parameters = faiss.SearchParameters(sel=faiss.IDSelectorNot(chosen))  # type: ignore[call-arg]
        scores, numbers = self._index.search(
            vector[None, :], min(top_k, self._index.ntotal), params=parameters
        )
        return {int(n): float(s) for n, s in zip(numbers[0], scores[0], strict=True) if n >= 0}

    def similarities(self, vector: Vectors, numbers: Collection[int]) -> dict[int, float]:
        """The cosine of these passages, whether or not a search would find them."""
        if not numbers:
            return {}
        order = list(numbers)
        rows = self._index.reconstruct_batch(np.array(order, np.int64))
        return dict(zip(order, (rows @ vector).tolist(), strict=True))


def _selector(numbers: Collection[int]) -> faiss.IDSelectorBatch:
    return faiss.IDSelectorBatch(np.fromiter(numbers, np.int64, len(numbers)))
