"""Where else the words of a quote were printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assistant.answering._reprints import same_words
from assistant.index.catalog import Reading
from assistant.text.names import publisher
from assistant.text.sentences import sentences
from assistant.types import Article, Citation, Place, Span


def with_places(
    citation: Citation, reprints: Mapping[str, Sequence[str]], catalog: Reading
) -> Citation:
    """The citation with its other places, the earliest first. ``reprints``: by article, the ids of
    the others that print passages of it; one that left the quoted words out is no place of them."""
    others = dict.fromkeys(reprints.get(citation.article_id, ()))
    found = []
    for article in map(catalog.article, others):
        if span := place_of(citation.quote, article):
            facts = (article.id, article.title, article.source, article.date)
            found.append(Place(*facts, span.start, span.end))
    found.sort(key=lambda place: (place.date or "9", place.article_id))
    return replace(citation, also=tuple(found))


def told(place: Place) -> str:
    """Headline, newspaper and day of a place, on one line."""
    facts = (place.title, publisher(place.source), place.date)
    return ", ".join(" ".join(fact.split()) for fact in facts if fact)


def place_of(quote: str, article: Article) -> Span | None:
    """Where the article has the words of ``quote``, or the same sentences with hardly a word
    changed; None where it has not."""
    at = article.text.find(quote)
    if at >= 0:
        return Span(at, at + len(quote))
    cut = sentences(article.text, article.furniture, article.marked)
    prose = [s for s in cut if s.kind == "prose"]
    count = max(1, sum(s.kind == "prose" for s in sentences(quote)))
    for length in (count, count - 1, count + 1):
        for first in range(len(prose) - length + 1 if length else 0):
            span = Span(prose[first].start, prose[first + length - 1].end)
            if same_words(quote, article.text[span.start : span.end], article.language):
                return span
    return None


def still_there(quote: str, place: Place, article: Article) -> Place | None:
    """The place of these words with its article's facts of now; None where they are there no
    more."""
    if not 0 <= place.start < place.end <= len(article.text):
        return None
    words = article.text[place.start : place.end]
    if words != quote and not same_words(quote, words, article.language):
        return None
    return replace(place, title=article.title, source=article.source, date=article.date)
