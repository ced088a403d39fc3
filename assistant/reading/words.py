"""Whole words: a span of pieces, widened to the words and numbers that it cuts."""

from __future__ import annotations

import regex

from assistant.reading.readings import Span

# A word's inside, in scripts that put spaces between words; Hangul, whose particles are written on
# the word, and scripts without spaces keep the pieces' own borders.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_WORD = regex.compile(rf"[\p{{L}}\p{{M}}\p{{N}}_--[{_UNSPACED}]]", regex.V1)
_CLOSED = regex.compile(r"[\d)\]%”»\"]\.")  # the point ends a sentence, not an abbreviation
_OUTSIDE = regex.compile(r"[\s,;:]")  # marks that a piece may bring along


def whole_words(text: str, start: int, end: int) -> Span:
    """``[start, end)`` without white space and commas at its ends, widened to whole words.

    "1.25" of "1.250" becomes "1.250": a point or comma between digits is inside a number. "11-" of
    "11-2025" becomes the whole date, "2019" of "2019-2024" stays.
    """
    while start < end - 1 and _OUTSIDE.match(text, start):
        start += 1
    while end - 1 > start and _OUTSIDE.match(text, end - 1):
        end -= 1
    if end - start > 1 and _CLOSED.fullmatch(text, end - 2, end):
        end -= 1
    while start > 0 and (_joined(text, start) or _parts_digits(text, start)):
        start -= 1
    while end < len(text) and (_joined(text, end) or _parts_digits(text, end - 1)):
        end += 1
    return start, end


def _parts_digits(text: str, i: int) -> bool:
    """Whether character ``i`` stands between the numbers of a date."""
    inside = 0 < i < len(text) - 1 and text[i] in "-/"
    return inside and text[i - 1].isdigit() and text[i + 1].isdigit()


def _joined(text: str, i: int) -> bool:
    """Whether the characters before and after the border ``i`` are of one word or number."""
    before, after = text[i - 1], text[i]
    if _WORD.match(before) and _WORD.match(after):
        return True
    if before in ".,":
        return i > 1 and text[i - 2].isdigit() and after.isdigit()
    return after in ".," and before.isdigit() and i + 1 < len(text) and text[i + 1].isdigit()
