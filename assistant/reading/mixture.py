"""What the reader is shown, in which shares and in which order.

The order is a function of the seed and the chunk's number alone: a run that is resumed goes on as
if it had not stopped. Every set is gone through in a random order before any example comes again.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.reading.corpus import Corpus
from assistant.reading.examples import QUESTION
from assistant.reading.pairs import CLAIM, LONGEST, Pair, Special, pair, room
from assistant.reading.readings import Span
from assistant.reading.tokens import OffsetTokenizer
from assistant.reading.typing_habits import as_typed

# Examples of each set, as shares of their sum. Sets in one language that has few other examples
# have more than their size asks for; Vietnamese most.
MIXTURE = {
    "squad11": 24.0, "unansq": 10.0, "squad20_part": 0.4, "idk_mrc": 8.0, "facqa": 2.0,
    "jaquad": 5.0, "jsquad": 2.0, "tydiqa": 9.0, "piaf": 5.0, "pquad": 5.0, "iapp": 4.0,
    "cmrc2018": 3.0, "drcd": 2.0, "norquad": 2.5, "nanibot": 4.0, "heq": 1.0, "amqa": 1.0,
    "arcd": 1.0, "covidqa": 0.5,
    "mnli15k_mt": 14.0, "indonli.train": 3.0, "indonli.test_lay": 0.6, "indonli.test_expert": 0.8,
    "farstail.train": 1.2, "fm2.test": 1.0, "fm2.dev": 1.0,
    "own": 30.0, "own claims": 16.0,
}  # fmt: skip
OWN = ("own", "own claims")
OTHERS = 0.4  # sets that the table does not name
UNANSWERED = (
    0.22  # share of every set's questions whose passage does not answer; near misses add to it
)
LEAST_MISMATCHED = 0.2  # share put beside a wrong passage where the set has near misses of its own
LOOKED_AT = 16  # passages of which the most alike is taken for a hard mismatch
MISSED = 0.15  # share of long passages that are cut so that the answer is outside the window
SHORTENED, SHORT = 0.6, 192  # share of the inputs that are cut to so many tokens, to save time
TITLED = 0.7  # share of the passages of articles with a title that are shown with it
SAME_LANGUAGE = 0.5  # share of claims of parallel sets that are in the language of their passage


@dataclass(frozen=True, slots=True)
class Target:
    """What a pair should give: the answers' token spans in the input, or none; or a verdict."""

    spans: tuple[Span, ...] = ()
    verdict: int = QUESTION


Shown = tuple[Pair, Target]


class Mixture:
    """Examples of a corpus as they are shown, chunk by chunk."""

    def __init__(
        self,
        corpus: Corpus,
        tokenize: OffsetTokenizer,
        special: Special,
        seed: int,
        chunk: int,
        own: float = 1.0,
    ) -> None:
        """``chunk``: how many examples make one; ``own``: what the own sets' shares are multiplied
        by."""
        self.corpus, self.tokenize, self.special = corpus, tokenize, special
        self.seed, self.size = seed, chunk
        names = [corpus.name(s) for s in range(len(corpus.names))]
        shares = (MIXTURE.get(name, OTHERS) * (own if name in OWN else 1) for name in names)
        weights = np.array(list(shares))
        self.shares = weights / weights.sum()
        counts = np.bincount(corpus.tokens.values.astype(np.int64))
        self._rarity = 1 / np.sqrt(1 + counts)  # of each token id, by its count in the passages
        self._order = lru_cache(maxsize=128)(self._order_of)

    def batches(self, number: int, tokens: int) -> list[list[Shown]]:
        """Chunk ``number`` in batches of at most ``tokens`` tokens, padding included, of pairs of
        about the same length."""
        rng = random.Random(f"{self.seed}:{number}:shown")
        shown = (self._shown(s, e, rng) for s, e in self.examples(number))
        ordered = sorted((one for one in shown if one), key=lambda one: len(one[0]))
        grouped: list[list[Shown]] = [[]]
        for one in ordered:
            if grouped[-1] and (len(grouped[-1]) + 1) * len(one[0]) > tokens:
                grouped.append([])
            grouped[-1].append(one)
        rng.shuffle(grouped)
        return grouped

    def examples(self, number: int) -> Iterator[tuple[int, int]]:
        """(set, example) of chunk ``number``: each set's share, going on where it was."""
        for s, share in enumerate(self.shares):
            first, last = (int(share * self.size * n) for n in (number, number + 1))
            base, size = (
                int(self.corpus.sets[s]),
                int(self.corpus.sets[s + 1] - self.corpus.sets[s]),
            )
            for i in range(first, last):
                yield s, base + int(self._order(s, i // size)[i % size])

    def _order_of(self, s: int, time: int) -> NDArray[np.int64]:
        """The order in which set ``s`` is gone through for the ``time``-th time."""
        rng = np.random.default_rng([self.seed, s, time])
        return rng.permutation(int(self.corpus.sets[s + 1] - self.corpus.sets[s]))

    def _shown(self, s: int, example: int, rng: random.Random) -> Shown | None:
        if self.corpus.verdict[example] != QUESTION:
            return self._claim(example, rng)
        asked = self._ids(as_typed(self.corpus.asked.text(example), rng))
        passage = int(self.corpus.passage[example])
        spans = self.corpus.spans[example].reshape(-1, 2).tolist()
        if spans and rng.random() < self._mismatched(s):
            other = self._mistaken(example, asked, rng)
            if other is not None:
                passage, spans = other, []
        ids, title = self.corpus.tokens[passage], self._title(passage, rng)
        size = room(len(asked), len(title))
        if rng.random() < SHORTENED:
            size = max(size - LONGEST + SHORT, SHORT // 4)
        first, last = self._window(ids, [(a, b) for a, b in spans], size, rng)
        made = pair(self.special, asked, ids[first:last].tolist(), title)
        shift = made.first - first
        inside = [(a + shift, b + shift) for a, b in spans if first <= a and b <= last]
        cut = any(a < last and b > first for a, b in spans) and not inside
        return None if cut else (made, Target(tuple(inside)))

    def _claim(self, example: int, rng: random.Random) -> Shown:
        asked = self._ids(CLAIM + self.corpus.asked.text(example))
        passage = int(self.corpus.passage[example])
        if rng.random() >= SAME_LANGUAGE:
            passage = int(rng.choice(self._group(passage)))
        title = self._title(passage, rng)
        ids = self.corpus.tokens[passage].tolist()[: room(len(asked), len(title))]
        verdict = int(self.corpus.verdict[example])
        return pair(self.special, asked, ids, title), Target(verdict=verdict)

    def _title(self, passage: int, rng: random.Random) -> list[int]:
        """The ids of the title that the passage is shown with."""
        found: list[int] = self.corpus.titles[passage].tolist()
        return found if rng.random() < TITLED else []

    def _ids(self, text: str) -> tuple[int, ...]:
        return self.tokenize(text).ids

    def _group(self, passage: int) -> Sequence[int]:
        return self.corpus.members[int(self.corpus.group[passage])]  # type: ignore[return-value]

    def _mismatched(self, s: int) -> float:
        """Share of a set's answered questions that are put beside another passage."""
        answered = float(self.corpus.answerable[s])
        return max(LEAST_MISMATCHED, 1 - (1 - UNANSWERED) / answered)

    def _mistaken(self, example: int, asked: Sequence[int], rng: random.Random) -> int | None:
        """A passage of the group that does not hold the answer's words: half the time the one of a
        few that shares the most, and the rarest, tokens with the question."""
        group = self._group(int(self.corpus.passage[example]))
        looked_at = [int(group[rng.randrange(len(group))]) for _ in range(LOOKED_AT)]
        answers = self.corpus.answers_of(example)
        others = [p for p in looked_at if not self._holds(p, answers)]
        if not others:
            return None
        if rng.random() < 0.5:
            return others[0]
        tokens = np.unique(np.array(asked, np.int64))
        tokens = tokens[tokens < len(self._rarity)]
        rarity = self._rarity[tokens]
        return max(others, key=lambda p: float(rarity @ np.isin(tokens, self.corpus.tokens[p])))

    def _holds(self, passage: int, answers: Sequence[str]) -> bool:
        text = self.corpus.texts.text(passage).lower()
        return any(answer.lower() in text for answer in answers)

    @staticmethod
    def _window(
        ids: NDArray[np.generic], spans: Sequence[Span], size: int, rng: random.Random
    ) -> Span:
        """The part of a passage that fits: at random, mostly around the first answer."""
        latest = len(ids) - size
        if latest <= 0:
            return 0, len(ids)
        low, high = 0, latest
        if spans and rng.random() >= MISSED:
            a, b = spans[0]
            low, high = max(0, min(b - size, latest)), min(a, latest)
        first = rng.randint(min(low, high), high)
        return first, first + size
