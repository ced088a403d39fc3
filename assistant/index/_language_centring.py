"""Language centring: takes out of each vector what only tells its language.

A multilingual encoder puts texts of one language together, so a question lies nearer to any
text of its own language than to a translation of its answer. Subtracting the language's mean
vector, and half of what all languages have in common, mends much of that and costs nothing
within a language. Questions and passages have means of their own (their prefixes differ).

The means come from parallel texts of ours (``assistant.text.own_texts``);
``python -m assistant.index._language_centring`` makes ``data/language_centres.npz`` again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.index.encoder import SentenceEncoder
from assistant.settings import Settings
from assistant.text.own_texts import parallel_texts
from assistant.types import Encoder, Vectors

DATA = Path(__file__).with_name("data")
COMMON = 0.5  # share of the mean over all languages that is taken out as well


class Centring:
    """Centres of one model, by language; a model without centres is left as it is."""

    def __init__(self, questions: dict[str, Vectors], passages: dict[str, Vectors]) -> None:
        self._questions = questions
        self._passages = passages

    @classmethod
    def of(cls, encoder: Encoder, path: Path = DATA / "language_centres.npz") -> Centring:
        """The shipped centres when they were made with this encoder's weights, else none."""
        with np.load(path, allow_pickle=False) as data:
            if str(data["weights"]) != encoder.fingerprint["weights"]:
                return cls({}, {})
            languages = [str(name) for name in data["languages"]]
            questions, passages = (
                _centres(data[key].astype(np.float32)) for key in ("questions", "passages")
            )
        return cls(
            dict(zip([*languages, ""], questions, strict=True)),
            dict(zip([*languages, ""], passages, strict=True)),
        )

    def question_centre(self, language: str) -> Vectors:
        """What is taken from the vector (d,) of a question in that language."""
        found = self._questions.get(language, self._questions.get(""))
        return np.zeros(1, np.float32) if found is None else np.asarray(found, np.float32)

    def questions(self, vectors: Vectors, language: str) -> Vectors:
        """Unit vectors (n, d) of questions in one language → centred unit vectors."""
        return _shift(vectors, [language] * len(vectors), self._questions)

    def passages(self, vectors: Vectors, languages: Sequence[str]) -> Vectors:
        """Unit vectors (n, d) of passages or sentences, a language each → centred unit vectors."""
        return _shift(vectors, languages, self._passages)


def _centres(means: Vectors) -> Vectors:
    """Means (languages, d) → centres (languages + 1, d); the last is for any other language."""
    common = means.mean(axis=0, keepdims=True)
    return np.vstack([means - (1 - COMMON) * common, COMMON * common])


def _shift(vectors: Vectors, languages: Sequence[str], centres: dict[str, Vectors]) -> Vectors:
    if not centres or not len(vectors):
        return vectors
    shifted = vectors - np.stack([centres.get(name, centres[""]) for name in languages])
    lengths = np.linalg.norm(shifted, axis=1, keepdims=True)
    return np.asarray(shifted / np.maximum(lengths, 1e-9), dtype=np.float32)


def make(path: Path = DATA / "language_centres.npz") -> None:
    """Embeds the parallel texts with the bundled model and writes their means, by language."""
    encoder = SentenceEncoder(Settings(precision="fp32"))
    parallel = parallel_texts()
    languages = sorted(parallel.passages)
    passages = [encoder.embed_passages(parallel.passages[name]).mean(0) for name in languages]
    # The model for questions has learnt with these centres.
    questions = [
        encoder.embed_questions(parallel.questions[name], untrained=True).mean(0)
        for name in languages
    ]
    np.savez(
        path,
        languages=np.array(languages),
        passages=np.stack(passages).astype(np.float16),
        questions=np.stack(questions).astype(np.float16),
        weights=np.array(encoder.fingerprint["weights"]),
    )


if __name__ == "__main__":
    make()
