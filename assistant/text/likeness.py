"""How alike two texts are, and where the words of one stand in another."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate

from assistant.text.terms import bigrams, terms
from assistant.types import Span

Bag = Counter[str]

_RUN = re.compile(r"\S+")


def bag(text: str) -> Bag:
    """Its terms and pairs of neighbouring terms, with how often each is there."""
    found = terms(text)
    return Counter([*found, *bigrams(found)])


def likeness(one: Bag, other: Bag) -> float:
    """Dice's coefficient, 2·|A ∩ B| / (|A| + |B|): 1 of the same words, 0 of none in common."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def find_words(words: str, text: str, near: int = 0) -> Span | None:
    """Where ``words`` stand in ``text``, whatever the spaces between them; the place nearest to
    ``near`` where there are several. Never inside a longer word or number: "15" is not in "150".
    """
    needle, line = flat(words), flat(text)
    if not needle or needle not in line:
        return None
    runs = [run.span() for run in _RUN.finditer(text)]
    starts = list(accumulate((end - start + 1 for start, end in runs), initial=0))  # in ``line``

    def offset(at: int) -> int:
        """Where the character of ``line`` stands in ``text``."""
        run = bisect_right(starts, at) - 1
        return runs[run][0] + at - starts[run]

    found = [
        Span(offset(at), offset(at + len(needle) - 1) + 1)
        for at in _occurrences(needle, line)
        if not _cuts_a_word(line, at) and not _cuts_a_word(line, at + len(needle))
    ]
    return min(found, key=lambda span: abs(span.start - near), default=None)


def flat(text: str) -> str:
    """``text`` on one line, with single spaces."""
    return " ".join(text.split())


def _occurrences(needle: str, text: str) -> Iterator[int]:
    at = text.find(needle)
    while at >= 0:
        yield at
        at = text.find(needle, at + len(needle))


def _cuts_a_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
