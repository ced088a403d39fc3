"""One source with several places: of passages that are one text printed twice, one is read."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.answering._reprints import (
    BAG,
    Text,
    contradict,
    headlines_contradict,
    same_words,
)
from assistant.index.catalog import Reading
from assistant.retrieval.hybrid_search import Candidate
from assistant.types import Span

Key = tuple[str, int]  # of a passage: its article, and where it begins there


def key_of(candidate: Candidate) -> Key:
    passage = candidate.stored.passage
    return passage.article_id, passage.start


class OneSource:
    """Tells which candidates of a question are one text. ``catalog``: of the state that was
    searched, whose articles are compared as a whole too: passages of the same form may name what
    they tell of in another passage alone."""

    def __init__(self, catalog: Reading | None) -> None:
        self._catalog = catalog
        self._texts: dict[Key, Text] = {}
        self._articles: dict[str, Text] = {}
        self._alike: dict[tuple[str, str], bool] = {}

    def distinct(
        self, ranked: Sequence[Candidate], most: int
    ) -> tuple[list[Candidate], dict[Key, tuple[Candidate, ...]]]:
        """The first ``most`` candidates that no better one covers, and those that each covers."""
        kept: dict[Key, Candidate] = {}
        covered: dict[Key, tuple[Candidate, ...]] = {}
        for candidate in ranked[: 2 * most]:
            if len(kept) == most:
                break
            key = key_of(candidate)
            better = next((k for k in kept if self._covers(kept[k], candidate)), None)
            if better is not None:
                covered[better] += (candidate,)
                continue
            kept[key], covered[key] = candidate, ()
        return list(kept.values()), covered

    def says_the_same(self, other: Candidate, spans: Sequence[Span], better: Candidate) -> bool:
        """Whether ``better`` has, as a part of the same text, the sentences of ``other`` in which
        ``spans`` stand."""
        if _is_same_article(other, better):
            return False
        if not self._text(other).overlaps(self._text(better)):
            return False
        told, language = _prose(better), better.stored.language
        return all(
            any(same_words(words, one, language) for one in told) for words in _prose(other, spans)
        ) and self._are_alike(other, better)

    def _covers(self, better: Candidate, other: Candidate) -> bool:
        if _is_same_article(other, better):
            return False
        text, covering = self._text(other), self._text(better)
        if len(text.bag & covering.bag) < BAG * len(text.bag):
            return False
        return text.is_covered_by(covering) and self._are_alike(other, better)

    def _are_alike(self, one: Candidate, other: Candidate) -> bool:
        """Whether nothing else in their articles says that they are two."""
        key = (one.stored.passage.article_id, other.stored.passage.article_id)
        if key not in self._alike:
            titles = (one.stored.title, other.stored.title)
            self._alike[key] = not headlines_contradict(*titles, one.stored.language) and not (
                contradict(self._article(one), self._article(other))
            )
        return self._alike[key]

    def _text(self, candidate: Candidate) -> Text:
        key, stored = key_of(candidate), candidate.stored
        if key not in self._texts:
            self._texts[key] = Text([stored.passage], stored.language)
        return self._texts[key]

    def _article(self, candidate: Candidate) -> Text:
        key = candidate.stored.passage.article_id
        if self._catalog is None:
            return self._text(candidate)
        if key not in self._articles:
            stored = self._catalog.passages(sorted(self._catalog.passages_of([key])))
            passages = [one.passage for one in stored.values()]
            self._articles[key] = Text(passages, candidate.stored.language)
        return self._articles[key]


def _is_same_article(one: Candidate, other: Candidate) -> bool:
    return one.stored.passage.article_id == other.stored.passage.article_id


def _prose(candidate: Candidate, spans: Sequence[Span] | None = None) -> list[str]:
    """The sentences of a passage; only those in which one of ``spans`` stands, if any are given."""
    passage = candidate.stored.passage
    return [
        passage.text[s.start - passage.start : s.end - passage.start]
        for s in passage.sentences
        if s.kind == "prose"
        and (spans is None or any(s.start < span.end and s.end > span.start for span in spans))
    ]
