"""A question on its way to an answer, and what is cited for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assistant.answering._one_source import OneSource, key_of
from assistant.answering._quotes import Quote, choose, cite, whole_list
from assistant.answering.found_answers import Found, Scope
from assistant.answering.places import with_places
from assistant.index.catalog import Reading
from assistant.retrieval.filtering import Among
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.text.sentences import sentences
from assistant.types import Answer, Article, Citation, QuestionKind, Turn


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
    kind: QuestionKind = "content"
    quotes: Sequence[Quote] = ()  # of an overview
    among: Among = field(default_factory=Among)
    own: str = ""  # the question alone, where it is read together with the one before it
    whole: bool = False  # nobody reads the answer while it comes

    @property
    def wanted(self) -> str:
        """The text that tells what kind of thing is asked for."""
        return self.own or self.query.text


def with_query(asked: Asked, typed: str) -> Asked:
    """The question, whose answer tells what was searched where that is not what was ``typed``."""
    searched = asked.query.text if asked.query.text != typed else ""
    return replace(asked, answer=replace(asked.answer, query=searched))


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
    citations, reprints = cite(quotes, texts, first), reprints_of(asked.found)
    return tuple(with_places(one, reprints, catalog) for one in citations), articles


def reprints_of(found: Sequence[Found]) -> dict[str, tuple[str, ...]]:
    """Article → the other articles that print passages of it."""
    reprints: dict[str, tuple[str, ...]] = {}
    for one in found:
        others = (other.stored.passage.article_id for other in one.also)
        reprints[one.article_id] = (*reprints.get(one.article_id, ()), *others)
    return reprints


def _with_rest(article: Article, quote: Quote) -> Quote:
    """The quote with the sentences that go on with the list it begins."""
    told = sentences(article.text, article.furniture, article.marked)
    return whole_list(article, quote, told)


def surest_first(asked: Asked, most: int) -> tuple[list[Candidate], dict[str, tuple[str, ...]]]:
    """Up to ``most`` candidates, first those that were read, the surest to answer before the
    others; of one text that is printed twice only the first. And the reprints: see above."""
    read = [one.candidate for one in asked.found]
    known = {key_of(c) for one in asked.found for c in (one.candidate, *one.also)}
    others = [c for c in asked.ranked if key_of(c) not in known]
    view = asked.query.view
    sources = OneSource(view.catalog if view else None)
    candidates, further = sources.distinct([*read, *others], most)
    reprints = reprints_of(asked.found)
    for candidate in candidates:
        key = candidate.stored.passage.article_id
        more = (other.stored.passage.article_id for other in further[key_of(candidate)])
        reprints[key] = (*reprints.get(key, ()), *more)
    return candidates, reprints
