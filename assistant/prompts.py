"""The texts in ``prompts/``: what is said around quotes and to a language model."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path

FALLBACK = "en"  # for questions in a language without texts of its own


def folder() -> Path:
    """``prompts/`` of the checkout, or the copy inside an installed package."""
    inside = Path(__file__).with_name("prompts")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "prompts"


@lru_cache(maxsize=8)
def _texts(file: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((folder() / f"{file}.toml").read_text("utf-8"))


def say(what: str, language: str, **slots: object) -> str:
    """The text ``what`` in that language (else English), its named slots filled.

    "refusal" stands in ``prompts/quoting.toml``, "answer.system" in ``prompts/answer.toml``.
    """
    file, _, key = what.rpartition(".")
    texts = _texts(file or "quoting")
    return texts.get(language, texts[FALLBACK])[key].format(**slots)


def all_languages(what: str) -> list[str]:
    """The text ``what`` in every language that has it."""
    file, _, key = what.rpartition(".")
    return [texts[key] for texts in _texts(file or "quoting").values() if key in texts]


def digests() -> dict[str, str]:
    """File name → first 16 hex digits of its SHA-256, for reports."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(folder().iterdir())
        if path.is_file()
    }
