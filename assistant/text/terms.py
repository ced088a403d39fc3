"""Terms of a text, and their form without accents."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import regex

from assistant.text.letters import as_searched, mended, spelt

# Scripts written without spaces: a term is a pair of neighbouring characters there.
# The mark of a long vowel belongs to no script of its own.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}ーｰ\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
TERM = regex.compile(
    rf"(?P<unspaced>[{_UNSPACED}][{_UNSPACED}\p{{M}}]*)"
    rf"|\p{{Nd}}+(?:[.,]\p{{Nd}}+)*|(?:(?![{_UNSPACED}])[\p{{L}}\p{{M}}\p{{N}}])+"
)
_LONGEST_TERM = 64  # characters; longer runs are noise (base64, rulers) and are cut


def fold(text: str) -> str:
    """``text`` in lower case without accents: "Đường" → "duong"."""
    bare = "".join(
        c
        for c in unicodedata.normalize("NFD", mended(text).lower())
        if not unicodedata.combining(c)
    )
    return unicodedata.normalize("NFC", bare.replace("đ", "d"))


def terms(text: str) -> list[str]:
    """The terms of ``text`` in order, in lower case.

    A Vietnamese term is a syllable, a number keeps its separators, and a run of a script
    without spaces gives its pairs of neighbouring characters (a lone one stands for itself).
    Letters that look the same give the same term, and so do "kĩ" and "kỹ".
    """
    return list(map(spelt, written_terms(text)))


def written_terms(text: str) -> list[str]:
    """The same with i and y as they are written."""
    found: list[str] = []
    for match in TERM.finditer(as_searched(text).lower()):
        run = match.group()
        if match.group("unspaced") and len(run) > 1:
            found += [a + b for a, b in pairwise(run)]
        else:
            found.append(run[:_LONGEST_TERM])
    return found


def bigrams(items: Sequence[str]) -> list[str]:
    """Neighbouring terms joined: most Vietnamese words and names are two syllables or more."""
    return [f"{a}_{b}" for a, b in pairwise(items)]
