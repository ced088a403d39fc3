"""What became of a quote of an edition: whether the article says it today, or what instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from assistant.text.likeness import bag, find_words, flat, likeness
from assistant.text.sentences import sentences
from assistant.types import Article, Edition, IndexFault, Sentence, Span

Became = Literal["unchanged", "changed", "gone"]

# The least likeness of a passage to what it became. Of the 129 sentences of seeds/ and
# tests/questions/articles, each taken out, 1 in 13 has another so like it; with the second half in
# other words, every one is still that like itself.
ALIKE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Passed:
    """A passage of an edition, ``quote``, and what became of it in the article of today.

    ``now``: where it stands there, or the words nearest to it; None where it is gone.
    """

    became: Became
    quote: str
    now: Span | None = None
    text: str = ""  # of ``now``


def current_of(edition: Edition, article: Callable[[str], Article]) -> Article | None:
    """The article of today; None where it has been removed this moment. ``article`` gives the one
    with an id."""
    try:
        return article(edition.current)
    except (IndexFault, KeyError):
        return None


def passed(edition: Edition, span: Span, current: Article) -> Passed | None:
    """What became of ``span`` of the edition; None where no words stand there."""
    inside = 0 <= span.start < span.end <= len(edition.text)
    quote = edition.text[span.start : span.end] if inside else ""
    if not quote.strip():
        return None
    if found := find_words(quote, current.text, span.start):
        return Passed("unchanged", quote, found, current.text[found.start : found.end])
    nearest, alike = _nearest(edition, span, current)
    if nearest is None or alike < ALIKE:
        return Passed("gone", quote)
    return Passed("changed", quote, nearest, current.text[nearest.start : nearest.end])


def _nearest(edition: Edition, span: Span, current: Article) -> tuple[Span | None, float]:
    """The sentences of today that are most like those of the span, and how much. What stood in the
    edition as well is none of them: it is not what the quote became."""
    known = {flat(edition.text[s.start : s.end]) for s in _sentences(edition)}
    whole = [s for s in _sentences(edition) if s.start < span.end and span.start < s.end]
    start, end = (whole[0].start, whole[-1].end) if whole else (span.start, span.end)
    wanted, size = bag(edition.text[start:end]), max(len(whole), 1)
    best: tuple[Span | None, float] = (None, 0.0)
    for run in _runs(current, known):
        for span in _windows(run, size):
            alike = likeness(wanted, bag(current.text[span.start : span.end]))
            if alike > best[1]:
                best = span, alike
    return best


def _sentences(article: Article) -> list[Sentence]:
    return sentences(article.text, article.furniture, article.marked)


def _runs(article: Article, known: set[str]) -> Iterator[list[Sentence]]:
    """Neighbouring sentences of the article that are none of those ``known``."""
    run: list[Sentence] = []
    for sentence in _sentences(article):
        if flat(article.text[sentence.start : sentence.end]) in known:
            yield run
            run = []
        else:
            run.append(sentence)
    yield run


def _windows(run: Sequence[Sentence], size: int) -> Iterator[Span]:
    """Spans of one sentence, and of about as many as the quote has: one may have been added to it,
    or taken out."""
    for length in sorted({1, max(size - 1, 1), size, size + 1}):
        for at in range(len(run) - length + 1):
            yield Span(run[at].start, run[at + length - 1].end)
