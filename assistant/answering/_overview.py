"""An overview without a model: the sentences that say what an article is about, who is in it,
which figures it has and who wrote it. All of it is quoted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import regex

from assistant.answering._quotes import Quote
from assistant.index.catalog import Reading
from assistant.retrieval.hybrid_search import Candidate
from assistant.text.names import FULL_NAME, publisher
from assistant.text.sentences import sentences
from assistant.text.terms import fold
from assistant.types import Article, QuestionKind, Sentence, Span, Vectors

SENTENCES = 5  # of a summary
MOST_ARTICLES, GREETED_WITH = 8, 3  # that stand for a corpus
MOST_PEOPLE, MOST_FIGURES = 12, 8
ALIKE = 0.5  # weight of being unlike what is quoted already, beside being central
SAME = 0.97  # cosine of sentences that say the same
SHORTEST = 40  # characters of a sentence that can stand for an article

# Who is introduced by what news put before a name, or by what they put behind it.
_PERSON = regex.compile(
    r"\b(?:[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị|[Cc]ô|[Tt]hầy|[Cc]ụ|[Đđ]ồng chí|[Bb]ác sĩ|[Ll]uật sư"
    r"|(?:PGS|GS|TS|ThS|BS)\.?|Mr\.?|Mrs\.?|Ms\.?|Dr\.?|Prof\.?|Sir|Dame|Mayor|Minister|President"
    rf"|Judge|Councillor|Captain|Herr|Frau|Madame|Monsieur|Señora?)\s+(?P<name>{FULL_NAME})"
    rf"|(?P<name>{FULL_NAME})(?=,\s(?:\d\d?,|tuổi|the|a|an|who|chief|director|head|spokes\w+)\b)"
)
_FIGURE = regex.compile(r"\p{Nd}")


def of_article(
    kind: QuestionKind, article: Article, catalog: Reading
) -> tuple[QuestionKind, list[Quote]]:
    """What is quoted of one article for a question of that kind, and what it is: a summary where
    the article has nothing of the kind."""
    if kind == "people" and (quotes := people(article)):
        return kind, quotes
    if kind == "figures" and (quotes := figures(article)):
        return kind, quotes
    if kind == "byline":
        return kind, bylines(article)
    texts = [article.text[s.start : s.end] for s in prose(article)]
    return "summary", summary(article, catalog.vectors_of(texts))


def of_corpus(kind: QuestionKind, articles: Sequence[Article]) -> tuple[QuestionKind, list[Quote]]:
    """What is quoted of the newest articles for a question of that kind, and what it is: their
    leads, or who or what is told first in each. Those without a day come last."""
    most = GREETED_WITH if kind == "greeting" else MOST_ARTICLES
    newest = sorted(articles, key=lambda article: article.date, reverse=True)[:most]
    told = {"people": people, "figures": figures, "byline": bylines}.get(kind)
    each = max(1, MOST_ARTICLES // max(1, len(newest)))
    if told and (quotes := [quote for article in newest for quote in told(article)[:each]]):
        return kind, quotes
    leads = [quote for article in newest if (quote := lead(article))]
    return "greeting" if kind == "greeting" else "corpus", leads


def listed(candidates: Sequence[Candidate]) -> list[Quote]:
    """Of each passage the sentence that is nearest to the question."""
    found = []
    for one in candidates:
        passage, near = one.stored.passage, one.sentence_similarities
        told = [i for i, s in enumerate(passage.sentences) if s.kind == "prose"]
        if told and len(near) == len(passage.sentences):
            best = passage.sentences[max(told, key=lambda i: near[i])]
            span = Span(best.start, best.end)
            found.append(Quote(passage.article_id, one.stored.title, span))
    return found


def bylines(article: Article) -> list[Quote]:
    """The lines that name the author or the newspaper; the lead where the text has none."""
    names = [fold(name) for name in (article.author, publisher(article.source)) if name]
    told: list[Span] = []
    for span in article.furniture:
        line = fold(article.text[span.start : span.end])
        if any(name in line for name in names):
            follows = told and not article.text[told[-1].end : span.start].strip()
            told[-1:] = [Span(told[-1].start, span.end)] if follows else [*told[-1:], span]
    if told:
        return [Quote(article.id, article.title, span) for span in told]
    return [quote for quote in [lead(article)] if quote]


def prose(article: Article) -> list[Sentence]:
    """The article's sentences that can be quoted."""
    found = sentences(article.text, article.furniture, article.marked)
    return [s for s in found if s.kind == "prose"]


def lead(article: Article) -> Quote | None:
    """The first sentence that is long enough to say what happened."""
    told = prose(article)
    first = next((s for s in told if s.end - s.start >= SHORTEST), told[0] if told else None)
    return _quote(article, first) if first else None


def summary(article: Article, vectors: Mapping[str, Vectors]) -> list[Quote]:
    """The lead and the most central sentences, in the article's order.

    ``vectors``: text of a sentence → its vector (d,). A sentence is central where it is near the
    article's mean, and is taken where it says other things than those that are (Carbonell and
    Goldstein 1998, maximal marginal relevance).
    """
    told = [s for s in prose(article) if article.text[s.start : s.end] in vectors]
    if not told:
        return [quote for quote in [lead(article)] if quote]
    rows = np.stack([vectors[article.text[s.start : s.end]] for s in told])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    central = rows @ rows.mean(0)
    first = next((i for i, s in enumerate(told) if s.end - s.start >= SHORTEST), 0)
    taken = [first]
    long = [i for i, s in enumerate(told) if s.end - s.start >= SHORTEST and i != first]
    while long and len(taken) < SENTENCES:
        nearest = (rows[long] @ rows[taken].T).max(1)
        best = int(np.argmax(np.where(nearest < SAME, central[long] - ALIKE * nearest, -np.inf)))
        if nearest[best] >= SAME:
            break
        taken.append(long.pop(best))
    return [_quote(article, told[i]) for i in sorted(taken)]


def people(article: Article) -> list[Quote]:
    """The sentences that first name each person, the names marked."""
    found: dict[int, tuple[Sentence, list[Span]]] = {}
    known: set[str] = set()
    for sentence in prose(article):
        for match in _PERSON.finditer(article.text, sentence.start, sentence.end):
            name = fold(match["name"])
            if len(known) < MOST_PEOPLE and not any(name in other for other in known):
                known.add(name)
                _, spans = found.setdefault(sentence.start, (sentence, []))
                spans.append(Span(*match.span("name")))
    return [_quote(article, sentence, *spans) for sentence, spans in found.values()]


def figures(article: Article) -> list[Quote]:
    """The sentences with the most figures and days, in the article's order."""
    counted = [(len(set(_numbers(article.text[s.start : s.end]))), s) for s in prose(article)]
    most = sorted((c for c in counted if c[0]), key=lambda c: -c[0])[:MOST_FIGURES]
    return [_quote(article, s) for _, s in sorted(most, key=lambda c: c[1].start)]


def _numbers(text: str) -> list[str]:
    return [word for word in text.split() if _FIGURE.search(word)]


def _quote(article: Article, sentence: Sentence, *answer: Span) -> Quote:
    span = Span(sentence.start, sentence.end)
    return Quote(article.id, article.title, span, answer)
