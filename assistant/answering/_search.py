"""Searching the articles of an index, or all but some of them."""

from __future__ import annotations

from collections.abc import Collection

from assistant.index.index import Index
from assistant.retrieval.hybrid_search import Candidate, Query, make_query, rank


class Search:
    """Ranks the passages of an index. Safe to share between threads."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._excluded: tuple[object, tuple[set[int], list[str]]] | None = None

    def rank(self, text: str, exclude: Collection[str] = ()) -> tuple[Query, list[Candidate]]:
        """The query of a question, and its passages, best first; ``exclude``: ids of articles that
        count as not indexed."""
        self.index.refresh()
        left_out, texts = self.left_out(exclude)
        query = make_query(self.index, text, texts)
        return query, rank(self.index, query, left_out)

    def left_out(self, exclude: Collection[str]) -> tuple[set[int], list[str]]:
        """Numbers and texts of the passages of ``exclude``; the last answer is kept."""
        if not exclude:
            return set(), []
        key = (frozenset(exclude), self.index.catalog.generation)
        known = self._excluded
        if known is None or known[0] != key:
            numbers = self.index.catalog.passages_of(exclude)
            stored = self.index.catalog.passages(sorted(numbers))
            known = self._excluded = (key, (numbers, [s.passage.text for s in stored.values()]))
        return known[1]
