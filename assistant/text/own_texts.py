"""The project's own small texts: what languages and Vietnamese words are like before any article.

``data/parallel.json``: the same 20 passages and 40 questions in 12 languages;
``data/vietnamese.txt``: frequent phrases of Vietnamese news, one a line;
``data/syllable_pairs.tsv``: neighbours in Vietnamese news and questions that were written for the
project, with their counts (``tests/benchmarks/accents.py`` counts them).
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).with_name("data")
SYLLABLE_PAIRS = _DATA / "syllable_pairs.tsv"


class ParallelTexts(NamedTuple):
    """Language (ISO 639-1) → its texts; the nth text of every language says the same."""

    passages: dict[str, list[str]]
    questions: dict[str, list[str]]


@lru_cache(maxsize=1)
def parallel_texts() -> ParallelTexts:
    """The parallel passages and questions of all languages."""
    return ParallelTexts(**json.loads((_DATA / "parallel.json").read_text("utf-8")))


@lru_cache(maxsize=1)
def vietnamese_phrases() -> tuple[str, ...]:
    """Frequent phrases of Vietnamese news."""
    return tuple((_DATA / "vietnamese.txt").read_text("utf-8").splitlines())


@lru_cache(maxsize=1)
def syllable_pairs() -> dict[tuple[str, str], int]:
    """Neighbouring syllables → how often they were counted; "" stands before a line."""
    rows = (line.split("\t") for line in SYLLABLE_PAIRS.read_text("utf-8").splitlines())
    return {(a, b): int(n) for a, b, n in rows}
