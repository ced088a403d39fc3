"""A question or a claim beside a passage → the encoder's input.

``<s> question </s></s> title </s> passage </s>``; a claim has the word ``claim:`` before it. The
title is that of the passage's article, which often alone tells what the passage speaks of; where it
has none, it and the mark behind it are left out. A passage that is longer than the input is read
through windows that overlap.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.reading.readings import Span
from assistant.reading.tokens import Tokens

LONGEST = 384  # tokens of an input, the four special ones included
LONGEST_ASKED = 128  # tokens of a question or a claim; what is longer is cut
LONGEST_TITLE = 48  # tokens
STRIDE = 128  # tokens from one window of a long passage to the next
CLAIM = "claim: "
_PADDED = 16  # lengths are multiples: kernels are prepared for each new shape, which takes longer


@dataclass(frozen=True, slots=True)
class Special:
    """Ids of the tokens that frame a pair."""

    bos: int
    eos: int
    pad: int


@dataclass(frozen=True, slots=True)
class Pair:
    """One input: ``ids``; the passage's tokens stand at ``[first, last)`` of them."""

    ids: Sequence[int]
    first: int
    last: int

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Batch:
    """n pairs of at most t tokens: ids, attention mask and token types (1: passage), all (n, t).

    ``passage`` (n, t): where a passage's token stands.
    """

    ids: NDArray[np.int64]
    mask: NDArray[np.int64]
    types: NDArray[np.int64]
    passage: NDArray[np.bool_]


def pair(
    special: Special, asked: Sequence[int], passage: Sequence[int], title: Sequence[int] = ()
) -> Pair:
    """The input of the ids of a question or claim beside those of (a window of) a passage."""
    head = (special.bos, *asked[:LONGEST_ASKED], special.eos, special.eos)
    if title:
        head = (*head, *title[:LONGEST_TITLE], special.eos)
    return Pair((*head, *passage, special.eos), len(head), len(head) + len(passage))


def room(asked: int, title: int = 0) -> int:
    """How many of a passage's tokens fit beside a question and a title of so many tokens."""
    named = min(title, LONGEST_TITLE) + 1 if title else 0
    return LONGEST - 4 - min(asked, LONGEST_ASKED) - named


def windows(passage: Tokens, asked: int, title: int = 0) -> Iterator[Span]:
    """The windows ``[first, last)`` of the passage's tokens that an input can hold, in order."""
    size, first = room(asked, title), 0
    while first + size < len(passage):
        yield first, first + size
        first += STRIDE
    yield max(0, min(first, len(passage) - size)), len(passage)


def batch(pairs: Sequence[Pair], special: Special) -> Batch:
    """The pairs as arrays, padded on the right."""
    longest = -(-max(map(len, pairs)) // _PADDED) * _PADDED
    ids = np.full((len(pairs), longest), special.pad, np.int64)
    mask, types, passage = (np.zeros_like(ids) for _ in range(3))
    for row, one in enumerate(pairs):
        ids[row, : len(one)] = one.ids
        mask[row, : len(one)] = 1
        types[row, one.first : len(one)] = 1
        passage[row, one.first : one.last] = 1
    return Batch(ids, mask, types, passage.astype(np.bool_))
