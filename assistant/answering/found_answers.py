"""Reading what was retrieved: which words of which passages answer, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assistant.answering._one_source import OneSource, key_of
from assistant.reading.calibration import Calibration, Kind, passage_features
from assistant.reading.readings import Beside, PassageReader, Reading
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.text.terms import fold, terms
from assistant.types import Sentence, Span

AT_ONCE = 4  # passages of a batch
# What of the passages that answer is told: the surest, all of them, or the best of each side of a
# comparison.
Scope = Literal["one", "all", "sides"]

READ = 8  # passages read for one answer
READ_FOR_ALL = 24  # where every item of a list is asked for, or articles answer differently
ENOUGH = 0.5  # confidence from which a passage is taken to answer
FOUND = 0.25  # and from which one answer is looked for no further: most questions have it
DIFFERENT = 3  # articles with other words, from which each is taken to answer for itself


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was read. ``best`` and ``answers``: spans of the article's text.

    ``logit``: how far the passage is believed, higher is surer; ``confidence``: calibrated
    probability in [0, 1] that ``best`` answers the question. ``also``: passages of other articles
    that say it in the same words.
    """

    candidate: Candidate
    best: Span
    answers: tuple[Span, ...]
    logit: float
    confidence: float
    also: tuple[Candidate, ...] = ()

    @property
    def article_id(self) -> str:
        return self.candidate.stored.passage.article_id

    @property
    def in_headline(self) -> bool:
        """Whether it is the headline that answers, and no sentence of the text."""
        return not any(s.kind == "prose" for s in _around(self.candidate, self.best))

    @property
    def date(self) -> str:
        """ISO 8601 day of the article, "" where it has none."""
        return self.candidate.stored.date

    @property
    def words(self) -> str:
        """``best`` as text."""
        passage = self.candidate.stored.passage
        return passage.text[self.best.start - passage.start : self.best.end - passage.start]


def find_answers(
    reader: PassageReader,
    calibration: Calibration,
    query: Query,
    ranked: Sequence[Candidate],
    all_of_them: bool = False,
) -> tuple[Found, ...]:
    """What the best passages answer, the surest first; empty where there is nothing to read.

    Reading ends with the first answer that is sure enough. ``all_of_them``: the question asks for
    every item of a list. Then, and where the articles answer differently, it goes on as long as
    further passages answer. Of passages that are one text printed twice the best ranked is read.
    """
    sources = OneSource(query.view.catalog if query.view else None)
    ranked, reprints = sources.distinct(ranked, READ_FOR_ALL)
    found: list[Found] = []
    for first in range(0, len(ranked), AT_ONCE):
        batch = _read(reader, calibration, query, ranked, first)
        batch = [replace(one, also=reprints[key_of(one.candidate)]) for one in batch]
        found = _of_one_source(sorted([*found, *batch], key=lambda one: -one.logit), sources)
        goes_on = all_of_them or differ(found)
        told = [one for one in found if not one.in_headline]
        if any(one.confidence >= FOUND for one in told) and not goes_on:
            found = told  # a headline is quoted only for what no sentence says
            break
        if first + AT_ONCE >= READ and not (goes_on and any(_sure(one) for one in batch)):
            break
    return tuple(found)


def differ(found: Sequence[Found]) -> bool:
    """Whether several articles answer, each with words of its own: "Which town began a port?" over
    the news of many towns."""
    sure = [one for one in found if _sure(one)]
    articles, answers = {one.article_id for one in sure}, {fold(one.words) for one in sure}
    return min(len(articles), len(answers)) >= DIFFERENT


def _of_one_source(found: Sequence[Found], sources: OneSource) -> list[Found]:
    """What was found, without what says in the words of a surer one what that says too."""
    kept: list[Found] = []
    for one in found:
        spans = (one.best, *one.answers)
        same = (
            n
            for n, better in enumerate(kept)
            if sources.says_the_same(one.candidate, spans, better.candidate)
        )
        place = next(same, None)
        if place is None:
            kept.append(one)
        else:
            also = (*kept[place].also, one.candidate, *one.also)
            kept[place] = replace(kept[place], also=also)
    return kept


def _sure(found: Found) -> bool:
    return found.confidence >= ENOUGH


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
    batch = ranked[first : first + AT_ONCE]
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
        sure = calibration.confidence(kind, logit)
        found.append(Found(candidate, best, answers, logit, sure))
    return found


def _in_prose(candidate: Candidate, span: tuple[int, int]) -> Span | None:
    """The article's span of a passage's span, without the headings at its ends, which announce and
    do not answer; None where nothing else is in it but a headline, which tells."""
    passage = candidate.stored.passage
    start, end = passage.start + span[0], passage.start + span[1]
    around = _around(candidate, Span(start, end))
    prose = [s for s in around if s.kind == "prose"]
    if not prose:
        told = all(_is_headline(candidate, heading) for heading in around)
        return Span(start, end) if told else None
    if len(prose) < len(around):
        start, end = max(start, prose[0].start), min(end, prose[-1].end)
    return Span(start, end)


def _around(candidate: Candidate, span: Span) -> list[Sentence]:
    return [
        s for s in candidate.stored.passage.sentences if s.start < span.end and s.end > span.start
    ]


def _is_headline(candidate: Candidate, heading: Sentence) -> bool:
    passage = candidate.stored.passage
    words = passage.text[heading.start - passage.start : heading.end - passage.start]
    return terms(words) == terms(candidate.stored.title)
