"""Searching the articles of an index: all of them, or those that a filter lets through."""

from __future__ import annotations

from collections.abc import Collection

from assistant.index.index import Index
from assistant.index.view import View
from assistant.retrieval.filtering import Among, Known, among, checked
from assistant.retrieval.hybrid_search import Candidate, Query, make_query, rank
from assistant.types import NO_FILTER, Filter


class Search:
    """Ranks the passages of an index. Safe to share between threads."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._texts: tuple[object, list[str]] | None = None
        self._among: tuple[object, Among] | None = None
        self._known: tuple[str, Known] | None = None

    def rank(
        self,
        text: str,
        exclude: Collection[str] = (),
        filter: Filter = NO_FILTER,
        view: View | None = None,
        within: Collection[str] = (),
    ) -> tuple[Query, list[Candidate]]:
        """The query of a question, and its passages, best first; ``exclude``: ids of articles that
        count as not indexed; ``view``: the state of the index to search, if not the latest;
        ``within``: ids of articles that alone are searched. Raises FilterError."""
        view = view or self.index.refresh()
        there = self.among(exclude, filter, view)
        query = self.query(text, exclude, view)
        only = there.passages(view.catalog.passages_of(within)) if within else there.only
        return query, rank(view, query, there.exclude, only)

    def view_of(self, query: Query) -> View:
        """The state of the index that a question was searched in."""
        return query.view or self.index.view

    def query(self, text: str, exclude: Collection[str], view: View) -> Query:
        """The query of a question, not searched."""
        return make_query(view, text, self._texts_of(exclude, view))

    def checked(self, filter: Filter, view: View) -> Filter:
        """The filter as the articles of that state have it. Raises FilterError."""
        return checked(filter, self._known_of(view)) if filter else NO_FILTER

    def among(self, exclude: Collection[str], filter: Filter, view: View) -> Among:
        """What is searched; the last answer is kept."""
        if not exclude and not filter:
            return Among()
        key = (frozenset(exclude), filter, view.state)
        kept = self._among
        if kept is None or kept[0] != key:
            kept = self._among = (key, self._among_of(exclude, filter, view))
        return kept[1]

    def _among_of(self, exclude: Collection[str], filter: Filter, view: View) -> Among:
        if not filter:
            return Among(frozenset(view.catalog.passages_of(exclude)))
        return among(filter, exclude, self._known_of(view))

    def _known_of(self, view: View) -> Known:
        """What filters go by, read once for each state."""
        kept = self._known
        if kept is None or kept[0] != view.state:
            kept = self._known = (view.state, Known.of(view.catalog))
        return kept[1]

    def _texts_of(self, exclude: Collection[str], view: View) -> list[str]:
        """Searched texts of the passages of ``exclude``; the last answer is kept."""
        if not exclude:
            return []
        key = (frozenset(exclude), view.state)
        known = self._texts
        if known is None or known[0] != key:
            numbers = view.catalog.passages_of(exclude)
            stored = view.catalog.passages(sorted(numbers))
            known = self._texts = (key, [s.searched for s in stored.values()])
        return known[1]
