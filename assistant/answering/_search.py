"""Searching the articles of an index: all of them, or those that a filter lets through."""

from __future__ import annotations

from collections.abc import Collection

from assistant.index.index import Index
from assistant.retrieval.filtering import Among, among
from assistant.retrieval.hybrid_search import Candidate, Query, make_query, rank
from assistant.types import NO_FILTER, Filter


class Search:
    """Ranks the passages of an index. Safe to share between threads."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._texts: tuple[object, list[str]] | None = None
        self._among: tuple[object, Among] | None = None

    def rank(
        self, text: str, exclude: Collection[str] = (), filter: Filter = NO_FILTER
    ) -> tuple[Query, list[Candidate]]:
        """The query of a question, and its passages, best first; ``exclude``: ids of articles that
        count as not indexed. Raises FilterError."""
        self.index.refresh()
        there = self.among(exclude, filter)
        query = make_query(self.index, text, self._texts_of(exclude))
        return query, rank(self.index, query, there.exclude, there.only)

    def among(self, exclude: Collection[str], filter: Filter) -> Among:
        """What is searched; the last answer is kept."""
        if not exclude and not filter:
            return Among()
        key = (frozenset(exclude), filter, self.index.catalog.generation)
        known = self._among
        if known is None or known[0] != key:
            known = self._among = (key, among(filter, exclude, self.index.catalog))
        return known[1]

    def _texts_of(self, exclude: Collection[str]) -> list[str]:
        """Texts of the passages of ``exclude``; the last answer is kept."""
        if not exclude:
            return []
        key = (frozenset(exclude), self.index.catalog.generation)
        known = self._texts
        if known is None or known[0] != key:
            numbers = self.index.catalog.passages_of(exclude)
            stored = self.index.catalog.passages(sorted(numbers))
            known = self._texts = (key, [s.passage.text for s in stored.values()])
        return known[1]
