"""Text → the encoder's tokens, each with the span of characters that it stands for.

The carrier's tokenizer gives ids alone; a reader must point into the passage. Offsets count code
points of the text as it was given: its normalization maps characters one by one, so every piece
leads back to the characters it was made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from assistant.index.bundled_encoder import META, UnigramTokenizer


@dataclass(frozen=True, slots=True)
class Tokens:
    """``ids``, and for each the half-open span ``[start, end)`` of the text, both in order."""

    ids: tuple[int, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.ids)


class OffsetTokenizer:
    """The unigram tokenizer of the bundled model, with offsets."""

    def __init__(self, unigram: UnigramTokenizer) -> None:
        self.unigram = unigram
        self._pieces = lru_cache(maxsize=1 << 17)(self._pieces_of)

    def __call__(self, text: str) -> Tokens:
        """The tokens of ``text``, which is NFC, without special ones."""
        ids: list[int] = []
        starts: list[int] = []
        ends: list[int] = []
        for word, origin in _words(text, self.unigram.characters):
            for piece, first, last in self._pieces(META + word):
                # The mark of the word's start is one character that the text has not.
                start, end = max(first - 1, 0), max(last - 1, 1)
                ids.append(piece)
                starts.append(origin[start])
                ends.append(origin[end - 1] + 1)
        return Tokens(tuple(ids), tuple(starts), tuple(ends))

    def _pieces_of(self, word: str) -> tuple[tuple[int, int, int], ...]:
        return tuple(self.unigram.segment(word))


def _words(text: str, characters: Mapping[int, str]) -> Iterator[tuple[str, list[int]]]:
    """The words of the normalized text, with the character of ``text`` that each came from."""
    word: list[str] = []
    origin: list[int] = []
    for i, character in enumerate(text):
        for c in characters.get(ord(character), character):
            if c == " ":
                if word:
                    yield "".join(word), origin
                word, origin = [], []
            else:
                word.append(c)
                origin.append(i)
    if word:
        yield "".join(word), origin
