"""Reading: a question beside a passage → its answer; a claim beside a passage → a verdict."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assistant.reading.logits import Floats, Logits, ReadingModel
from assistant.reading.pairs import CLAIM, Pair, pair, windows
from assistant.reading.readings import Beside, Reading, Span, Verdict
from assistant.reading.tokens import Tokens
from assistant.reading.words import whole_words

LONGEST_ANSWER = 64  # tokens
KEPT = 256  # passages whose tokens are kept
NEVER = -20.0  # logit of what cannot be
BATCH_TOKENS = 8192  # of an inference batch, padding included
PART = math.log(0.8 / 0.2)  # logit, of a probability of .8, from which a token is part of an item
# Of logits: ends that are so near the best are as good. At this distance the words told agree best
# with those marked in the own set's dev part (F1 .501; .498 at 0, .493 at 0.7, .439 at 2).
AS_SURE = 0.35
_PARAGRAPH_END = re.compile(r"\n\s*\n|(?<=[.!?…。！？])[\"”’)»]*\s*\n")  # not a wrapped line's


@dataclass(frozen=True, slots=True)
class _Window:
    """A pair of the list that is read: which one, and the first of the passage's tokens."""

    asked: int
    begin: int
    pair: Pair


class Reader:
    """Reads questions and claims with a trained model. Safe to call from several threads."""

    def __init__(self, model: ReadingModel) -> None:
        self.model = model
        # Passages are read for one question after another; a tokenization takes a millisecond.
        self._tokens = lru_cache(maxsize=KEPT)(self.model.tokenize)

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        """The reading of each question beside its passage."""
        best: list[Reading | None] = [None] * len(questions)
        passages = [self._tokens(question.passage) for question in questions]
        for window, logits, row in self._outputs(questions, passages):
            text, tokens = questions[window.asked].passage, passages[window.asked]
            reading = _reading(window, logits, row, text, tokens)
            known = best[window.asked]
            # The window that is surest to hold an answer is the one that is believed.
            if known is None or reading.answerable > known.answerable:
                best[window.asked] = reading
        return [one or Reading(None, (), NEVER, NEVER) for one in best]

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        """The verdict on each claim beside its passage."""
        best = [Verdict(0.0, 0.0, 1.0)] * len(claims)
        passages = [self._tokens(claim.passage) for claim in claims]
        for window, logits, row in self._outputs(claims, passages, CLAIM):
            verdict = Verdict(*_softmax(logits.verdict[row]).tolist())
            if verdict.not_stated < best[window.asked].not_stated:
                best[window.asked] = verdict
        return best

    def _outputs(
        self, asked: Sequence[Beside], passages: Sequence[Tokens], before: str = ""
    ) -> Iterator[tuple[_Window, Logits[Floats], int]]:
        """Every window with the logits of its batch and its row there. ``before``: what is written
        before all that is asked."""
        found = []
        for i, (one, passage) in enumerate(zip(asked, passages, strict=True)):
            words = self.model.tokenize(before + one.asked).ids
            title = self.model.tokenize(one.title).ids
            for first, last in windows(passage, len(words), len(title)):
                if last > first:
                    ids = passage.ids[first:last]
                    found.append(_Window(i, first, pair(self.model.special, words, ids, title)))
        for together in _grouped(found):
            logits = self.model.logits([window.pair for window in together])
            for row, window in enumerate(together):
                yield window, logits, row


def _grouped(found: Sequence[_Window]) -> Iterator[list[_Window]]:
    """Batches of at most BATCH_TOKENS, of windows of about the same length."""
    grouped: list[_Window] = []
    for window in sorted(found, key=lambda window: len(window.pair)):
        if grouped and (len(grouped) + 1) * len(window.pair) > BATCH_TOKENS:
            yield grouped
            grouped = []
        grouped.append(window)
    if grouped:
        yield grouped


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    shares: Floats = powers / powers.sum()
    return shares


def _reading(
    window: _Window, logits: Logits[Floats], row: int, text: str, tokens: Tokens
) -> Reading:
    inside = slice(window.pair.first, window.pair.last)
    start, end = logits.start[row], logits.end[row]
    begin = window.begin
    paragraphs = _paragraphs(text, tokens.starts[begin : begin + len(start[inside])])
    first, last, score = best_span(start[inside], end[inside], paragraphs)
    further = _further(logits.part[row, inside] > PART, first, last)
    best, *others = (
        whole_words(text, *tokens.characters(begin + a, begin + b))
        for a, b in ((first, last), *further)
    )
    others = [(a, b) for a, b in others if b <= best[0] or a >= best[1]]
    none = float(start[0] + end[0])
    return Reading(
        best,
        tuple(sorted({best, *others})),
        float(logits.answerable[row]),
        score - none,
    )


def _paragraphs(text: str, starts: Sequence[int]) -> NDArray[np.int64]:
    """The number of the paragraph in which each token begins: (t,)."""
    ends = [found.end() for found in _PARAGRAPH_END.finditer(text)]
    return np.searchsorted(ends, starts, side="right")


def best_span(
    start: Floats, end: Floats, paragraphs: NDArray[np.int64] | None = None
) -> tuple[int, int, float]:
    """The tokens ``[first, last)`` with the highest start[first] + end[last − 1], and that sum.

    Of those that begin there and are about as sure it is the longest: "74 hộ" rather than "74".
    ``start``, ``end``: logits (t,) of a passage's tokens; t > 0. ``paragraphs``: (t,), their
    numbers; no answer goes on in the next one.
    """
    ones = np.ones((len(start), len(start)), np.bool_)
    allowed = np.triu(ones) & ~np.triu(ones, LONGEST_ANSWER)
    if paragraphs is not None:
        allowed &= paragraphs[:, None] == paragraphs[None, :]
    scores = np.where(allowed, start[:, None] + end[None, :], -np.inf)  # (t, t)
    first, last = divmod(int(scores.argmax()), len(start))
    score = float(scores[first, last])
    as_sure = np.flatnonzero(scores[first] >= score - AS_SURE)
    return first, int(as_sure[-1]) + 1, score


def _further(part: NDArray[np.bool_], first: int, last: int) -> Iterator[Span]:
    """Runs of tokens that are part of an answer, (t,), outside the tokens ``[first, last)``."""
    begin: int | None = None
    for i, inside in enumerate([*part.tolist(), False]):
        if inside and begin is None:
            begin = i
        elif not inside and begin is not None:
            if i <= first or begin >= last:
                yield begin, i
            begin = None
