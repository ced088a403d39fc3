"""Restores the accents of Vietnamese typed without them: "ai la bi thu" → "ai là bí thư"."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assistant.text.letters import rarely_spelt, spelt
from assistant.text.own_texts import parallel_texts, syllable_pairs, vietnamese_phrases
from assistant.text.terms import TERM, fold, terms

_PAIR_WEIGHT = 0.8  # of a pair's frequency against the single one's (Jelinek–Mercer)
OWN_WEIGHT = 10  # of an index's counts against the prior's: what is asked stands in its articles


@dataclass(frozen=True, slots=True)
class Statistics:
    """Counts that a question's syllables need.

    ``forms``: folded syllable → {accented form: count}; ``pairs``: counts of accented
    neighbours, "" standing before a line; ``total``: of all syllables counted; ``lines``: counted.
    """

    forms: Mapping[str, Mapping[str, int]]
    pairs: Mapping[tuple[str, str], int]
    total: int
    lines: int = 0


Lookup = Callable[[Sequence[str]], Statistics]  # folded syllables in order → their statistics


def restore_accents(text: str, lookup: Lookup) -> str:
    """``text`` with the accents its syllables most probably have; letters keep their case.

    Viterbi over the accented forms of each syllable under a bigram model whose frequencies are
    interpolated with single ones (Jelinek and Mercer, 1980). A syllable without known forms
    stays as it is, and so does one that was typed with an accent; i and y stay in each.
    """
    matches = list(TERM.finditer(text))
    typed = [spelt(match.group().lower()) for match in matches]
    folded = [fold(form) for form in typed]
    path = _best_path(typed, folded, lookup(folded))
    pieces, position = [], 0
    for match, own, form in zip(matches, typed, path, strict=True):
        written = form if match.group().lower() == own else rarely_spelt(form)
        pieces += [text[position : match.start()], _with_case(written, match.group())]
        position = match.end()
    return "".join(pieces) + text[position:]


def _best_path(typed: Sequence[str], folded: Sequence[str], statistics: Statistics) -> list[str]:
    best: dict[str, tuple[float, list[str]]] = {"": (0.0, [])}
    before: Mapping[str, int] = {"": statistics.lines}
    for own, syllable in zip(typed, folded, strict=True):
        known = statistics.forms.get(syllable, {}) if own == syllable else {}
        here = known or {own: statistics.forms.get(syllable, {}).get(own, 0)}
        step: dict[str, tuple[float, list[str]]] = {}
        for form, count in here.items():
            single = (count + 0.01) / (statistics.total + 1)
            for last, (score, path) in best.items():
                seen = statistics.pairs.get((last, form), 0) / (before.get(last) or 1)
                chance = _PAIR_WEIGHT * seen + (1 - _PAIR_WEIGHT) * single
                total = score + math.log(chance)
                if form not in step or total > step[form][0]:
                    step[form] = (total, [*path, form])
        best, before = step, here
    return max(best.values())[1]


def _with_case(form: str, typed: str) -> str:
    if len(form) != len(typed):
        return form
    return "".join(f.upper() if t.isupper() else f for f, t in zip(form, typed, strict=True))


def count_syllables(lines: Iterable[str]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """How often each syllable and each pair of neighbours occurs; "" stands before a line."""
    forms: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for line in lines:
        syllables = terms(line)
        forms.update(syllables)
        pairs.update(pairwise(["", *syllables]))
    return forms, pairs


class Prior:
    """Counts from ordinary Vietnamese, for the words of questions that few articles hold."""

    def __init__(
        self, lines: Iterable[str], pairs: Mapping[tuple[str, str], int] | None = None
    ) -> None:
        """``pairs``: further neighbours with their counts."""
        self._pairs = count_syllables(lines)[1] + Counter(pairs or {})
        self._total = self._pairs.total()
        self._lines = sum(n for (before, _), n in self._pairs.items() if not before)
        self._forms: dict[str, Counter[str]] = {}
        for (_, form), n in self._pairs.items():  # each syllable is the second of one pair
            self._forms.setdefault(fold(form), Counter())[form] += n

    def added_to(self, own: Lookup) -> Lookup:
        """``own``, OWN_WEIGHT times, with the prior's counts added."""

        def lookup(folded: Sequence[str]) -> Statistics:
            found = own(folded)
            forms = {key: self._forms_of(key, found) for key in set(folded)}
            neighbours = (
                (a, b)
                for before, after in pairwise(["", *folded])
                for a in (forms[before] if before else [""])
                for b in forms[after]
            )
            pairs = {p: OWN_WEIGHT * found.pairs.get(p, 0) + self._pairs[p] for p in neighbours}
            total = OWN_WEIGHT * found.total + self._total
            return Statistics(forms, pairs, total, OWN_WEIGHT * found.lines + self._lines)

        return lookup

    def _forms_of(self, folded: str, own: Statistics) -> Counter[str]:
        weighted = {form: OWN_WEIGHT * n for form, n in own.forms.get(folded, {}).items()}
        return Counter(weighted) + self._forms.get(folded, Counter())


@lru_cache(maxsize=1)
def prior() -> Prior:
    """The prior shipped with the product."""
    parallel = parallel_texts()
    lines = [*parallel.passages["vi"], *parallel.questions["vi"], *vietnamese_phrases()]
    return Prior(lines, syllable_pairs())
