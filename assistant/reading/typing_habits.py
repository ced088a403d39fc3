"""Questions as people type them: without accents, capitals or question mark, or with a slip."""

from __future__ import annotations

import random
import unicodedata

UNACCENTED, LOWER, UNMARKED, SLIP = 0.25, 0.3, 0.3, 0.08  # shares of the questions


def as_typed(question: str, rng: random.Random) -> str:
    """The question with some of these habits, at random; often as it is."""
    if rng.random() < UNACCENTED:
        question = without_accents(question)
    if rng.random() < LOWER:
        question = question.lower()
    if rng.random() < UNMARKED:
        question = question.rstrip(" ?？؟")
    if rng.random() < SLIP:
        question = with_slip(question, rng)
    return question


def without_accents(text: str) -> str:
    """Latin letters without their accents: "Đường về" → "Duong ve". Other scripts stay."""
    return "".join(map(_bare, text))


def _bare(character: str) -> str:
    if character in "đĐ":
        return "dD"["đĐ".index(character)]
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


def with_slip(text: str, rng: random.Random) -> str:
    """Two letters of a word exchanged, one left out, or one doubled; never in a number."""
    inside = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not inside:
        return text
    i = rng.choice(inside)
    middle = rng.choice((text[i + 1] + text[i], text[i], text[i] + text[i] + text[i + 1]))
    return text[:i] + middle + text[i + 2 :]
