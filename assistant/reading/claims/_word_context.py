"""Which of a text's facts stands where a claim puts one of its own: "A asked B", "B asked A"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.text.parsed_sentence import ParsedSentence, Word
from assistant.text.term_rarity import tellingness

CLAUSE = 1.5  # what all the other words of the clause count together
SIDE = 4  # words on either side that say what a fact goes with
# How near a match is: the k-th word on both sides counts 1 / k.
_EDGE = "^"
_EDGE_WEIGHT = 0.4  # beginning or ending both sentences says little: clauses are dropped


@dataclass(frozen=True, slots=True)
class Place:
    """Words ``[first, last)`` of one reading."""

    reading: ParsedSentence
    first: int
    last: int


def likeness(a: Place, b: Place) -> float:
    """How alike the words around two places are, in [0, 5.7]; 1 is one neighbour in common."""
    return sides(a, b) + CLAUSE * _clauses(a, b)


def sides(a: Place, b: Place) -> float:
    """How alike the four words before and the four behind are, in [0, 4.2]."""
    return _side(_before(a), _before(b)) + _side(_after(a), _after(b))


def best(place: Place, others: Sequence[Place]) -> float:
    """The likeness of the most alike of ``others``; -1 where there is none."""
    return max((likeness(place, other) for other in others), default=-1.0)


def _clauses(a: Place, b: Place) -> float:
    """Share of the weight of the smaller clause's words that the other clause has too."""
    own, other = _clause(a.reading, a.first), _clause(b.reading, b.first)
    small, large = sorted((own, other), key=lambda clause: sum(clause.values()))
    total = sum(small.values())
    return sum(w for stem, w in small.items() if stem in large) / total if total else 0.0


@lru_cache(maxsize=16384)
def _clause(reading: ParsedSentence, i: int) -> dict[str, float]:
    number = reading.words[i].clause
    return {w.stem: tellingness(w.term) for w in reading.words if w.clause == number}


def _before(place: Place) -> list[str]:
    words = place.reading.words[max(0, place.first - SIDE) : place.first]
    return _stems(words[::-1])


def _after(place: Place) -> list[str]:
    return _stems(place.reading.words[place.last : place.last + SIDE])


def _stems(words: Sequence[Word]) -> list[str]:
    found = [word.stem for word in words]
    return found if len(found) == SIDE else [*found, _EDGE]


def _side(a: Sequence[str], b: Sequence[str]) -> float:
    total = 0.0
    for i, stem in enumerate(a):
        if stem in b:
            j = b.index(stem)
            weight = _EDGE_WEIGHT if stem == _EDGE else 1.0
            total += weight / (1 + max(i, j))
    return total
