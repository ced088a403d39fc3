"""Reading what was retrieved: which words of which passages answer, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.reading.calibration import Calibration, Kind, passage_features
from assistant.reading.readings import Beside, PassageReader, Reading
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.types import Span

AT_ONCE = 4  # passages of a batch
READ = 8  # passages read at most
ENOUGH = 0.5  # confidence from which no further batch is read


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was read. ``best`` and ``answers``: spans of the article's text.

    ``logit``: how far the passage is believed, higher is surer; ``confidence``: calibrated
    probability in [0, 1] that ``best`` answers the question.
    """

    candidate: Candidate
    best: Span
    answers: tuple[Span, ...]
    logit: float
    confidence: float

    @property
    def article_id(self) -> str:
        return self.candidate.stored.passage.article_id


def find_answers(
    reader: PassageReader,
    calibration: Calibration,
    query: Query,
    ranked: Sequence[Candidate],
    all_of_them: bool = False,
) -> tuple[Found, ...]:
    """What the best passages answer, the surest first; empty where there is nothing to read.

    ``all_of_them``: the question asks for every item of a list, so that reading goes on after an
    answer was found.
    """
    found: list[Found] = []
    for first in range(0, min(READ, len(ranked)), AT_ONCE):
        found += _read(reader, calibration, query, ranked, first)
        found.sort(key=lambda one: -one.logit)
        if found and found[0].confidence >= ENOUGH and not all_of_them:
            break
    return tuple(found)


def kind_of(query: Query, candidate: Candidate) -> Kind:
    return "within" if candidate.stored.language == query.language else "across"


def readings_of(
    reader: PassageReader, query: Query, candidates: Sequence[Candidate]
) -> list[Reading]:
    """The reading of the query beside each candidate's passage."""
    return reader.read(
        [Beside(query.text, c.stored.passage.text, c.stored.title) for c in candidates]
    )


def _read(
    reader: PassageReader,
    calibration: Calibration,
    query: Query,
    ranked: Sequence[Candidate],
    first: int,
) -> list[Found]:
    batch = ranked[first : min(first + AT_ONCE, READ)]
    found = []
    for candidate, reading in zip(batch, readings_of(reader, query, batch), strict=True):
        if reading.best is None:
            continue
        told = [_in_prose(candidate, span) for span in (reading.best, *reading.answers)]
        best, answers = told[0], tuple(span for span in told[1:] if span)
        if best is None:
            continue
        kind = kind_of(query, candidate)
        behind = ranked[0].score - candidate.score
        logit = calibration.passage[kind].logit(passage_features(reading, behind))
        sure = calibration.answer[kind].probability((logit,))
        found.append(Found(candidate, best, answers, logit, sure))
    return found


def _in_prose(candidate: Candidate, span: tuple[int, int]) -> Span | None:
    """The article's span of a passage's span, without the headings at its ends, which announce and
    do not answer; None where nothing else is in it."""
    passage = candidate.stored.passage
    start, end = passage.start + span[0], passage.start + span[1]
    around = [s for s in passage.sentences if s.start < end and s.end > start]
    prose = [s for s in around if s.kind == "prose"]
    if not prose:
        return None if around else Span(start, end)
    if len(prose) < len(around):
        start, end = max(start, prose[0].start), min(end, prose[-1].end)
    return Span(start, end)
