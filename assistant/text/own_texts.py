"""The project's own small texts: what languages and Vietnamese words are like before any article.

``data/parallel.json``: the same 20 passages and 40 questions in 12 languages;
``data/vietnamese.txt``: frequent phrases of Vietnamese news, one a line.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

_DATA = Path(__file__).with_name("data")


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
