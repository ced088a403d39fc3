"""The texts in ``prompts/``: what is said around quotes, of failures and to a language model."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path

FALLBACK = "en"  # for questions in a language without texts of its own
# By what comes before the dot of a name.
FILES = {"": "quoting.toml", "fault": "faults.toml", "answer": "answer.toml"}


def folder() -> Path:
    """``prompts/`` of the checkout, or the copy inside an installed package."""
    inside = Path(__file__).parents[1] / "prompts"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "prompts"


@lru_cache(maxsize=len(FILES))
def _texts(file: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((folder() / file).read_text("utf-8"))


def say(what: str, language: str, /, **slots: object) -> str:
    """The text ``what`` in that language (else English), its named slots filled.

    "refusal" is a text of ``quoting.toml``, "fault.timeout" one of ``faults.toml``.
    """
    group, _, name = what.rpartition(".")
    texts = _texts(FILES[group])
    return texts.get(language, texts[FALLBACK])[name].format(**slots)


def all_languages(what: str) -> list[str]:
    """The text ``what`` as it stands in every language that has texts."""
    group, _, name = what.rpartition(".")
    return [texts[name] for texts in _texts(FILES[group]).values()]


def digests() -> dict[str, str]:
    """File name → first 16 hex digits of its SHA-256, for reports."""
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in sorted(folder().iterdir())
        if path.is_file()
    }


def kind_of_refusal(limited: bool, searched: bool) -> str:
    """The name of a refusal's text. ``limited``: some articles only were asked; ``searched``: there
    was one among them."""
    if limited:
        return "refusal_within" if searched else "none_within"
    return "refusal" if searched else "none_at_all"
