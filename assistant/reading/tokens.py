"""Text → the encoder's tokens, each with the characters of the given text that it stands for.

The bundled tokenizer gives ids alone; a reader must point into the passage. Offsets are code points
of the text as it was given, also where the tokenizer composes accents, maps characters to others or
drops white space and what is not seen.
"""

from __future__ import annotations

import sys
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

from assistant.index.unigram import META, UnigramTokenizer
from assistant.reading.readings import Span
from assistant.text.letters import UNSEEN, mended

_CACHED = 64  # characters; longer "words" are sentences of scripts without spaces


@dataclass(frozen=True, slots=True)
class Tokens:
    """``ids``, and the half-open span of code points ``[starts[i], ends[i])`` of each, in order."""

    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def covering(self, start: int, end: int) -> Span | None:
        """The tokens that hold any of the characters ``[start, end)``; None where none does."""
        first, last = bisect_right(self.ends, start), bisect_left(self.starts, end)
        return (first, last) if first < last else None

    def characters(self, first: int, last: int) -> Span:
        """The characters of the tokens ``[first, last)``."""
        return self.starts[first], self.ends[last - 1]


class OffsetTokenizer:
    """The bundled unigram tokenizer, with offsets."""

    def __init__(self, unigram: UnigramTokenizer) -> None:
        self.unigram = unigram
        self._segment_cached = lru_cache(maxsize=1 << 16)(unigram.segment)

    def __call__(self, text: str) -> Tokens:
        """The tokens of ``text``, special ones left out; their ids are those of
        ``encode(as_searched(text))``."""
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        for word, origin in _words(text, self.unigram.characters):
            segment = self._segment_cached if len(word) < _CACHED else self.unigram.segment
            for piece, first, last in segment(META + word):
                # The mark of a word's start is a character that the text does not have.
                ids.append(piece)
                starts.append(origin[max(first - 1, 0)][0])
                ends.append(origin[max(last - 2, 0)][1])
        return Tokens(tuple(ids), tuple(starts), tuple(ends))


def _words(text: str, characters: Mapping[int, str]) -> Iterator[tuple[str, list[Span]]]:
    """The words of the text as it is searched and normalized, and for each of their characters its
    span in ``text``."""
    word: list[str] = []
    origin: list[Span] = []
    for letter, span in _letters(text):
        for character in characters.get(ord(letter), letter):
            if character != " ":
                word.append(character)
                origin.append(span)
            elif word:
                yield "".join(word), origin
                word, origin = [], []
    if word:
        yield "".join(word), origin


def _letters(text: str) -> Iterator[tuple[str, Span]]:
    """The characters of ``as_searched(text)``, each with its span in ``text``."""
    hidden = {i for found in UNSEEN.finditer(text) for i in range(*found.span())}
    seen = [i for i in range(len(text)) if i not in hidden]
    letters: list[str] = []
    spans: list[Span] = []
    for composed, (a, b) in _composed("".join(text[i] for i in seen)):
        letters += composed
        spans += [(seen[a], seen[b - 1] + 1)] * len(composed)
    return zip(mended("".join(letters)), spans, strict=True)


def _composed(text: str) -> Iterator[tuple[str, Span]]:
    """The text in Unicode's form NFC, in pieces, each with the span that it was composed from."""
    if unicodedata.is_normalized("NFC", text):
        yield from ((c, (i, i + 1)) for i, c in enumerate(text))
        return
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or _starts_a_character(text[end]):
            yield unicodedata.normalize("NFC", text[start:end]), (start, end)
            start = end


def _starts_a_character(character: str) -> bool:
    """Whether it never joins what stands before it, so that a text can be composed up to here."""
    first = unicodedata.normalize("NFD", character)[0]
    return not unicodedata.combining(first) and first not in _joining()


@lru_cache(maxsize=1)
def _joining() -> frozenset[str]:
    """Characters of combining class 0 or other that are the second half of a composed one."""
    halves = (unicodedata.decomposition(chr(c)).split() for c in range(sys.maxunicode + 1))
    second = {chr(int(h[1], 16)) for h in halves if len(h) == 2 and not h[0].startswith("<")}
    hangul = map(chr, chain(range(0x1161, 0x1176), range(0x11A8, 0x11C3)))  # vowels, final letters
    return frozenset(second.union(hangul))
