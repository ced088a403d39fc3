"""Fits a reader's calibration on questions with known answers that it has not learnt from.

What each passage's reading says is set beside whether it is right. Two logistic regressions for
each kind of pair follow from it (``reading/calibration.py`` says what for).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.answering.found_answers import READ, kind_of, readings_of
from assistant.index.index import Index
from assistant.reading.calibration import KINDS, Calibration, Kind, Logistic, passage_features
from assistant.reading.readings import PassageReader
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.types import Span

BINS = 10  # of the calibration error
FOLDS = 5
LEAST = 30  # rows of either outcome; with fewer a kind takes the fit of all
PENALTY = 1.0  # on the squared weights, in rows: keeps a fit of few rows near 0

# article id → where it answers the question; empty: it is not answered
Answers = Mapping[str, Sequence[Span]]


@dataclass(frozen=True, slots=True)
class Observation:
    """A question's passages as they were read: of each its kind, features and whether it is right.

    ``group``: questions of one group are fitted or measured together, never one for the other.
    """

    group: str
    kinds: tuple[Kind, ...]
    features: tuple[tuple[float, ...], ...]
    right: tuple[bool, ...]
    answerable: bool


def observe(
    index: Index, reader: PassageReader, question: str, answers: Answers, group: str
) -> Observation:
    """Reads the best passages for a question and compares what they say with its answers."""
    query = make_query(index, question)
    ranked = rank(index, query)[:READ]
    kinds: list[Kind] = []
    features, right = [], []
    for candidate, reading in zip(ranked, readings_of(reader, query, ranked), strict=True):
        if reading.best is None:
            continue
        passage = candidate.stored.passage
        best = Span(passage.start + reading.best[0], passage.start + reading.best[1])
        kinds.append(kind_of(query, candidate))
        features.append(passage_features(reading, ranked[0].score - candidate.score))
        right.append(any(_same(best, span) for span in answers.get(passage.article_id, ())))
    return Observation(group, tuple(kinds), tuple(features), tuple(right), bool(answers))


def _same(best: Span, answer: Span) -> bool:
    """Whether they share at least half of the shorter one."""
    shared = min(best.end, answer.end) - max(best.start, answer.start)
    return 2 * shared >= min(best.end - best.start, answer.end - answer.start) > 0


def fit(observations: Sequence[Observation], reader: str, encoder: str = "") -> Calibration:
    """The calibration of the reader and the embedding model with these digests. Raises ValueError
    without observations of either outcome."""
    rows = [
        (kind, x, right)
        for one in observations
        for kind, x, right in zip(one.kinds, one.features, one.right, strict=True)
    ]
    passage = _fit_kinds(rows)
    best = [_best(one, passage) for one in observations]
    answer = _fit_kinds([(kind, (logit,), right) for kind, logit, right in filter(None, best)])
    return Calibration(reader, passage, answer, encoder)


def confidence(one: Observation, calibration: Calibration) -> tuple[float, bool]:
    """The confidence of the best passage's answer, and whether that is right."""
    best = _best(one, calibration.passage)
    if best is None:
        return 0.0, False
    kind, logit, right = best
    return calibration.confidence(kind, logit), right


def _best(one: Observation, passage: Mapping[Kind, Logistic]) -> tuple[Kind, float, bool] | None:
    logits = [passage[k].logit(x) for k, x in zip(one.kinds, one.features, strict=True)]
    if not logits:
        return None
    i = logits.index(max(logits))
    return one.kinds[i], logits[i], one.right[i]


def _fit_kinds(rows: Sequence[tuple[Kind, tuple[float, ...], bool]]) -> dict[Kind, Logistic]:
    everything = _logistic([(x, right) for _, x, right in rows])
    found = {}
    for kind in KINDS:
        own = [(x, right) for k, x, right in rows if k == kind]
        told = sum(right for _, right in own)
        enough = min(told, len(own) - told) >= LEAST
        found[kind] = _logistic(own) if enough else everything
    return found


def _logistic(rows: Sequence[tuple[tuple[float, ...], bool]]) -> Logistic:
    """The logistic regression of rows (features, right). Raises ValueError where all are alike."""
    from sklearn.linear_model import LogisticRegression  # takes a second

    if len({right for _, right in rows}) < 2:
        raise ValueError("questions of only one outcome: nothing to calibrate on")
    model = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000)
    model.fit([features for features, _ in rows], [right for _, right in rows])
    return Logistic(tuple(model.coef_[0].tolist()), float(model.intercept_[0]))


def held_out(
    observations: Sequence[Observation], fitted: Callable[[Sequence[Observation]], Calibration]
) -> list[tuple[float, bool]]:
    """(confidence, right) of each question, in their order, by a calibration that was fitted
    without its group."""
    groups = sorted({one.group for one in observations})
    fold_of = {group: i % FOLDS for i, group in enumerate(groups)}
    fits = [
        fitted([one for one in observations if fold_of[one.group] != fold])
        for fold in range(min(FOLDS, len(groups)))
    ]
    return [confidence(one, fits[fold_of[one.group]]) for one in observations]


def reliability(pairs: Sequence[tuple[float, bool]]) -> list[tuple[float, float, int]]:
    """(mean confidence, share that is right, how many) of bins of about the same size, by
    confidence."""
    ordered = sorted(pairs, key=lambda pair: pair[0])
    bins = np.array_split(np.array(ordered, np.float64).reshape(-1, 2), min(BINS, len(ordered)))
    return [(float(b[:, 0].mean()), float(b[:, 1].mean()), len(b)) for b in bins if len(b)]


def calibration_error(pairs: Sequence[tuple[float, bool]]) -> float:
    """Expected calibration error: |confidence − share that is right| by bin, weighted by size.

    Source: Naeini, Cooper and Hauskrecht 2015, "Obtaining Well Calibrated Probabilities Using
    Bayesian Binning"; bins of one size as in Nguyen and O'Connor 2015.
    """
    bins = reliability(pairs)
    total = sum(n for _, _, n in bins)
    return sum(n * abs(sure - right) for sure, right, n in bins) / max(1, total)
