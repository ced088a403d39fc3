"""The bundled model's tokenizer: SentencePiece unigram pieces, by Viterbi."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from itertools import pairwise

import numpy as np

from assistant.index._cursor import Cursor

META = "▁"  # SentencePiece's mark of a word's start


class UnigramTokenizer:
    """SentencePiece unigram segmentation: the most probable pieces by Viterbi, word by word.

    The ``tokenizers`` library gives the same ids but takes over a second to build its trie of
    250,002 pieces, a fifth of a cold start; a dictionary and a cache of words need 0.2 s.
    """

    def __init__(self, cursor: Cursor) -> None:
        count, self.bos, self.eos, self.pad, self.unknown = cursor.unpack("5i")
        (size,) = cursor.unpack("Q")
        offsets = np.frombuffer(cursor.take(4 * (count + 1)), np.uint32).tolist()
        scores = np.frombuffer(cursor.take(4 * count), np.float32)
        blob = cursor.take(size)
        self._ids = {blob[a:b].decode(): i for i, (a, b) in enumerate(pairwise(offsets))}
        self._scores: list[float] = scores.tolist()
        self._unknown_score = float(scores.min()) - 10.0  # SentencePiece's kUnkPenalty
        self._longest = max(map(len, self._ids))
        self.characters = self._read_characters(cursor)
        self._segment_cached = lru_cache(maxsize=65536)(self._segment)

    @staticmethod
    def _read_characters(cursor: Cursor) -> dict[int, str]:
        """The normalization map: code point → its replacement."""
        count, _size = cursor.unpack("iI")
        characters = {}
        for _ in range(count):
            point, length = cursor.unpack("IB")
            characters[point] = "".join(map(chr, cursor.unpack(f"{length}I")))
        return characters

    def encode(self, text: str) -> list[int]:
        """Ids of the pieces of ``text``, without special tokens."""
        # The map has single characters only: accents typed apart are joined here.
        words = unicodedata.normalize("NFC", text).translate(self.characters).split(" ")
        ids: list[int] = []
        for word in words:
            if word:
                ids += (
                    self._segment_cached(META + word)
                    if len(word) < 64
                    else self._segment(META + word)
                )
        return ids

    def _segment(self, word: str) -> tuple[int, ...]:
        return tuple(piece for piece, _, _ in self.segment(word))

    def segment(self, word: str) -> list[tuple[int, int, int]]:
        """The pieces of a normalized word, each with its half-open span in the word."""
        ids, scores, longest = self._ids, self._scores, self._longest
        size = len(word)
        best = [0.0] + [-1e30] * size
        back: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        for i in range(size):
            base = best[i]
            for j in range(i + 1, min(i + longest, size) + 1):
                piece = ids.get(word[i:j])
                if piece is not None and base + scores[piece] > best[j]:
                    best[j], back[j] = base + scores[piece], (i, piece)
            if base + self._unknown_score > best[i + 1]:
                best[i + 1], back[i + 1] = base + self._unknown_score, (i, self.unknown)
        path: list[tuple[int, int, int]] = []
        while size:
            end = size
            size, piece = back[size]
            # Neighbouring unknown characters are one unknown piece, as the model has learnt them.
            if piece == self.unknown and path and path[-1][0] == piece:
                end = path.pop()[2]
            path.append((piece, size, end))
        return path[::-1]
