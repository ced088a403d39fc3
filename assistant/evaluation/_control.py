"""The control: the same run with the passages shuffled between the questions.

What one question found and quoted is scored as if it had been found for another. A system whose
figures come from reading must collapse; what is left is what chance and the metrics give away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from assistant.evaluation._scoring import Record, score_answer, score_citations, score_retrieval
from assistant.evaluation._support import Supports
from assistant.types import Article, Citation

_SEED = 7


def control_records(
    records: Sequence[Record], articles: Mapping[str, Article], supports: Supports | None = None
) -> list[Record]:
    """Each answerable record scored with what another question found, in the same order."""
    first = [r for r in records if not r.trial.held_out and not r.trial.unanswerable]
    return [
        _swapped(record, other, articles, supports)
        for record, other in zip(first, partners(first), strict=True)
        if other is not None
    ]


def partners(records: Sequence[Record]) -> list[Record | None]:
    """For each record one of another question, with other gold; None where all have the same.

    One after the other in a random order that is the same in every run.
    """
    order = np.random.default_rng(_SEED).permutation(len(records)).tolist()
    found: dict[int, Record | None] = {}
    for place, number in enumerate(order):
        following = (records[order[(place + step) % len(order)]] for step in range(1, len(order)))
        found[number] = next((r for r in following if _differ(records[number], r)), None)
    return [found[number] for number in range(len(records))]


def _differ(one: Record, other: Record) -> bool:
    """Whether a right answer to one cannot be right for the other by its gold."""
    a, b = one.trial.question, other.trial.question
    if a.evidence or b.evidence:
        return a.evidence != b.evidence and not set(a.answers) & set(b.answers)
    if a.answers or b.answers:
        return not set(a.answers) & set(b.answers)
    return not a.grades.keys() & b.grades.keys()


def _swapped(
    record: Record, other: Record, articles: Mapping[str, Article], supports: Supports | None
) -> Record:
    scores: dict[str, float | None] = score_retrieval(other.hits, record.trial)
    if record.answer and other.answer:
        scores |= score_answer(other.answer, record.trial)
        scores["language"] = None  # the other question may be in another language
        mixed = replace(record.answer, citations=_renumbered(record, other))
        if mixed.citations:
            scores |= score_citations(mixed, record.trial, articles, supports)
            scores["validity"] = None  # a quote verifies wherever it stands
    return replace(record, scores=scores)


def _renumbered(record: Record, other: Record) -> tuple[Citation, ...]:
    """The other's citations under the numbers of this answer's own."""
    own = record.answer.citations if record.answer else ()
    theirs = other.answer.citations if other.answer else ()
    if not theirs:
        return ()
    return tuple(
        replace(theirs[i % len(theirs)], number=citation.number) for i, citation in enumerate(own)
    )
