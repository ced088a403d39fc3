"""A question that goes on with the turns before it: searched and read as it is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from assistant.answering._asked import Asked
from assistant.answering._quotes import choose
from assistant.answering._search import Search
from assistant.answering.found_answers import FOUND, Found
from assistant.retrieval.hybrid_search import Candidate, Query, hits_of
from assistant.settings import Settings
from assistant.text.terms import fold, terms

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

    from assistant.answering._follow_up import Meant, Seen


@dataclass(frozen=True, slots=True)
class FollowUps:
    """Writes follow-up questions out. ``find``: what passages answer, the surest first; ``speak``:
    what a language model says, where there is one."""

    search: Search
    settings: Settings
    find: Callable[[Query, Sequence[Candidate]], tuple[Found, ...]]
    speak: Callable[[list[BaseMessage]], str] | None = None

    def of(self, asked: Asked) -> Asked:
        """The question as it is meant after the turns before it, searched."""
        if not asked.history:
            return asked
        from assistant.answering._follow_up import follow  # loads LangChain's messages

        searching = _Searching(self, asked)
        meant = follow(
            asked.query.question, asked.history, searching, self.settings.max_question, self.speak
        )
        return self._meant(asked, meant) if meant.query else searching.alone

    def _meant(self, asked: Asked, meant: Meant) -> Asked:
        """``asked`` with what was searched for it. It keeps its language, and where the last
        question is only read beside it, what it asks for.

        In the articles of the last answer it is read alone first: the last question beside it may
        be taken for what is asked.
        """
        view, limits = self.search.view_of(asked.query), asked.answer.filter
        goes_on = meant.query.startswith(asked.query.question)
        text = asked.query.question if meant.articles else meant.query
        query, ranked = self.search.rank(text, asked.exclude, limits, view, meant.articles)
        read = self.find(query, ranked) if meant.articles else None
        if read is not None and not any(one.confidence >= FOUND for one in read):
            query, read = self.search.query(meant.query, asked.exclude, view), None
        hits = tuple(hits_of(ranked, self.settings.top_k))
        return replace(
            asked,
            query=replace(query, language=asked.query.language),
            ranked=tuple(ranked),
            read=read,
            own=asked.query.text if goes_on else "",
            answer=replace(asked.answer, hits=hits, query=meant.query),
        )


class _Searching:
    """Searches for one question and the turns before it; what was seen once is kept."""

    def __init__(self, of: FollowUps, asked: Asked) -> None:
        self._of, self.alone = of, asked
        self.seen = cache(self._seen)

    def terms_of(self, articles: Sequence[str]) -> set[str]:
        catalog = self._of.search.view_of(self.alone.query).catalog
        texts = (catalog.article(one) for one in articles)
        return {term for one in texts for term in terms(fold(f"{one.title}\n{one.text}"))}

    def _seen(self, query: str) -> Seen:
        from assistant.answering._follow_up import Seen

        of, asked = self._of, self.alone
        if query == asked.query.question:
            ranked: Sequence[Candidate] = asked.ranked
            found = of.find(asked.query, ranked) if asked.read is None else asked.read
            self.alone = replace(asked, read=found)  # it need not be read again
        else:
            view, limits = of.search.view_of(asked.query), asked.answer.filter
            made, ranked = of.search.rank(query, asked.exclude, limits, view)
            found = of.find(made, ranked)
        least = of.settings.least_confidence
        quotes = choose(found, least) if found and found[0].confidence >= least else []
        texts = [hit.text for hit in hits_of(ranked, of.settings.top_k)]
        return Seen(tuple(dict.fromkeys(quote.article_id for quote in quotes)), texts)
