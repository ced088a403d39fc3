"""Whether a question is answered with an overview, and of what: an article, or all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assistant.answering._asked import Asked
from assistant.answering._overview import listed, of_article, of_corpus
from assistant.answering._quotes import Quote
from assistant.answering._search import Search
from assistant.answering.found_answers import Found
from assistant.index.catalog import Reading
from assistant.index.text_models import BUNDLED
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.retrieval.question_kind import CERTAIN, question_kinds, share_told
from assistant.settings import Settings
from assistant.text.dates import stated_period
from assistant.text.term_rarity import tellingness, tells
from assistant.text.terms import fold, terms
from assistant.types import SAYS_SO, Article, QuestionKind

TOPIC_TOLD = 0.5  # of a topic's terms, that an article about it has
# "tóm tắt các bài báo" while one is open; of folded letters. The kind of question does not tell.
_OF_SEVERAL = re.compile(r"\b(?:cac|nhung|moi|tat ca)\b(?: \w+)? (?:bai|tin)\b|\barticles\b")
LISTED_FROM, MOST_LISTED = 48, 12  # passages that are looked at, and articles that are listed
STANDS_OUT = 2.5  # standard deviations above the other candidates: about it in other words


@dataclass(frozen=True, slots=True)
class Overviews:
    """Tells questions for an overview. ``find``: what passages answer, the surest first;
    ``opened``: the id of the article that the asker has open."""

    search: Search
    settings: Settings
    find: Callable[[Query, Sequence[Candidate]], tuple[Found, ...]]
    opened: str = ""

    def of(self, asked: Asked) -> Asked:
        """The question with the quotes of its overview.

        Without any where it asks for none, or for one of what the articles do not have; what was
        read to tell is kept.
        """
        kind, probability = self._kind(asked.query)
        if kind == "content" or not asked.ranked:
            return asked
        if kind == "listing" or (kind == "corpus" and stated_period(asked.query.text)):
            return self._listing(asked, probability)
        # Some passage always answers who wrote or when; of the kinds only this is told by itself.
        if probability < CERTAIN and kind != "byline":
            asked = self._read(asked)
            if _is_answered(asked, self.settings.least_confidence):
                return asked
        catalog = self._catalog(asked)
        articles = self._allowed(asked)
        named = question_kinds().names_topic(asked.query.embedding)
        opened = next((article for article in articles if article.id == self.opened), None)
        of_all = kind in ("corpus", "greeting") or _OF_SEVERAL.search(fold(asked.query.text))
        if opened and not named and not of_all:
            return self._of_article(asked, kind, opened)
        if kind in ("corpus", "greeting") or not (named or asked.history or len(articles) == 1):
            return _with(asked, *of_corpus(kind, articles))
        ranked = asked.ranked
        if not named and asked.history:  # "tóm tắt bài này" of what was spoken of
            last = asked.history[-1]
            said = last.query or last.question
            view = asked.query.view
            ranked = tuple(self.search.rank(said, asked.exclude, asked.answer.filter, view)[1])
            if not ranked:
                return asked
        article = catalog.article(ranked[0].stored.passage.article_id)
        if named:
            if not _tells_of(article, asked):
                return asked
            asked = self._read(asked)
            if _is_answered(asked, SAYS_SO):  # it names a topic because it asks for facts
                return asked
        return self._of_article(asked, kind, article)

    def _listing(self, asked: Asked, probability: float) -> Asked:
        """The articles about what the question names, or of the days it tells; where there is none
        that is told, unless it may be another kind of question."""
        period = stated_period(asked.query.text)
        about, ranked = asked.query.text, asked.ranked
        dated: list[Article] = []
        if period:
            about = period.rest
            dated = [a for a in self._allowed(asked) if period.first <= a.date <= period.last]
            ids = {article.id for article in dated}
            ranked = tuple(one for one in ranked if one.stored.passage.article_id in ids)
        if period and not _names_something(about):
            quotes = of_corpus("corpus", dated)[1]
        else:
            quotes = listed(_about(_telling(about), ranked, asked.query.language))
        if quotes or probability >= CERTAIN:
            return replace(asked, kind="listing", quotes=quotes[:MOST_LISTED])
        return asked

    def _of_article(self, asked: Asked, kind: QuestionKind, article: Article) -> Asked:
        catalog = self._catalog(asked)
        kind, quotes = of_article(kind, article, catalog)
        stored = catalog.passages(sorted(catalog.passages_of([article.id])))
        whole = tuple(Candidate(one, 0.0, (), 0.0) for one in stored.values())
        return replace(_with(asked, kind, quotes), ranked=whole) if quotes else asked

    def _allowed(self, asked: Asked) -> list[Article]:
        """The articles that the question is asked of."""
        allowed = asked.among.articles
        return [
            article
            for article in self._catalog(asked).articles()
            if article.id not in asked.exclude and (allowed is None or article.id in allowed)
        ]

    def _catalog(self, asked: Asked) -> Reading:
        """That of the state of the index that the question was searched in."""
        return self.search.view_of(asked.query).catalog

    def _read(self, asked: Asked) -> Asked:
        if asked.read is not None:
            return asked
        return replace(asked, read=self.find(asked.query, asked.ranked))

    def _kind(self, query: Query) -> tuple[QuestionKind, float]:
        """The kind of question and how probable it is; known with the bundled model only, from
        whose embeddings it is read."""
        bundled = self.settings.model == BUNDLED
        return question_kinds().of(query.embedding, query.text) if bundled else ("content", 1.0)


def _with(asked: Asked, kind: QuestionKind, quotes: Sequence[Quote]) -> Asked:
    return replace(asked, kind=kind, quotes=quotes) if quotes else asked


def _names_something(text: str) -> bool:
    return any(tells(term) for term in question_kinds().topic(text))


def _telling(text: str) -> dict[str, float]:
    """The terms that name the topic of a question, and how telling each is anywhere: what no
    article has would weigh nothing in the index."""
    topic = {term: tellingness(term) for term in question_kinds().topic(text)}
    return {term: weight for term, weight in topic.items() if tells(term)} or topic


def _about(
    telling: Mapping[str, float], ranked: Sequence[Candidate], language: str
) -> list[Candidate]:
    """Of the best passage of each article those that have more than half of what the terms tell,
    or stand out from the others. ``language``: the question's."""
    best: dict[str, Candidate] = {}
    for candidate in (one for one in ranked[:LISTED_FROM] if listed([one])):
        best.setdefault(candidate.stored.passage.article_id, candidate)

    def is_about(one: Candidate) -> bool:
        there = set(terms(f"{one.stored.title}\n{one.stored.passage.text}"))
        told = sum(weight for term, weight in telling.items() if term in there)
        if told > TOPIC_TOLD * sum(telling.values()):
            return True
        return one.dense >= STANDS_OUT and (told > 0 or one.stored.language != language)

    return [one for one in best.values() if is_about(one)]


def _tells_of(article: Article, asked: Asked) -> bool:
    """Whether the best article tells of what the question names."""
    told = share_told(_telling(asked.query.text), f"{article.title}\n{article.text}")
    return told >= TOPIC_TOLD or asked.ranked[0].dense >= STANDS_OUT


def _is_answered(asked: Asked, least: float) -> bool:
    """Whether a passage answers the question for facts that it may be."""
    return any(found.confidence >= least for found in (asked.read or ())[:1])
