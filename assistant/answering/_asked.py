"""A question on its way to an answer, and what is cited for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from assistant.answering._quotes import Quote, choose, cite, whole_list
from assistant.answering.found_answers import Found, Scope
from assistant.index.catalog import Reading
from assistant.retrieval.filtering import Among
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.retrieval.question_kind import Kind
from assistant.text.sentences import sentences
from assistant.types import Answer, Article, Citation, Turn


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was searched. ``answer``: what is known of it so far.

    ``read``: what its passages answer as one question for facts, None before they were read;
    ``found``: what of that, or of the sides it compares, is told.
    """

    query: Query
    ranked: tuple[Candidate, ...]
    history: tuple[Turn, ...]
    exclude: frozenset[str]
    notice: str
    answer: Answer
    read: tuple[Found, ...] | None = None
    found: tuple[Found, ...] = ()
    scope: Scope = "one"
    kind: Kind = "content"
    quotes: Sequence[Quote] = ()  # of an overview
    among: Among = field(default_factory=Among)
    whole: bool = False  # nobody reads the answer while it comes


def cited(
    asked: Asked, catalog: Reading, least: float, first: int = 1
) -> tuple[tuple[Citation, ...], dict[str, Article]]:
    """Citations, numbered from ``first``, of what answers, and their articles by id; there is a
    passage that was read. ``least``: the confidence that a further answer must have."""
    quotes = asked.quotes or choose(asked.found, least, asked.scope)
    articles = {q.article_id: catalog.article(q.article_id) for q in quotes}
    if asked.scope == "all":
        quotes = [_with_rest(articles[quotes[0].article_id], quotes[0]), *quotes[1:]]
    texts = {key: article.text for key, article in articles.items()}
    return cite(quotes, texts, first), articles


def _with_rest(article: Article, quote: Quote) -> Quote:
    """The quote with the sentences that go on with the list it begins."""
    told = sentences(article.text, article.furniture, article.marked)
    return whole_list(article, quote, told)


def surest_first(asked: Asked) -> list[Candidate]:
    """The candidates, first those that were read, the surest to answer before the others."""
    read = [one.candidate for one in asked.found]
    known = {candidate.stored.id for candidate in read}
    return [*read, *(c for c in asked.ranked if c.stored.id not in known)]
