"""Retrieval: question → query → dense and lexical candidates → fused hits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from assistant.index.catalog import Stored
from assistant.index.index import Index
from assistant.index.lexical import LexicalQuery, TermWeights
from assistant.index.view import View
from assistant.text.accents import prior, restore_accents
from assistant.text.language import has_accents, language_among
from assistant.types import Hit, Vectors

CANDIDATES = 200  # taken from each searcher; all of them are scored by both
LEXICAL_WEIGHT = 0.4  # of the lexical score, times the share of the question the index knows
# Chosen together on the train part of the own set, for the right passage among the first 8.
# PASSAGE_WEIGHT: of a passage's cosine beside that of its best sentence. ACROSS: what the missing
# lexical score costs a passage in another language than the question, as a share of its weight;
# where all articles are in one language it hardly counts. ARTICLE_WEIGHT: of the best score among
# the passages of the same article: what a sentence is about often stands in another passage.
PASSAGE_WEIGHT, ACROSS, ARTICLE_WEIGHT = 0.5, 0.5, 0.5

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Query:
    """What a question becomes before it is searched.

    ``text`` has its accents restored where the question had none; ``vector`` (d,) is
    ``embedding`` centred. ``view``: the state of the index that it is searched in.
    """

    question: str
    text: str
    language: str
    unaccented: bool
    lexical: LexicalQuery
    weights: TermWeights
    vector: Vectors = field(repr=False)
    embedding: Vectors = field(repr=False, default_factory=lambda: np.zeros(0, np.float32))
    view: View | None = field(repr=False, compare=False, default=None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage with its scores before they are standardized.

    ``similarity``: cosine of the passage; ``sentence_similarities``: cosine of each of its
    sentences, in order; ``bm25``: 0 when no term matched; ``names``: BM25 of names and numbers, of
    a passage in another language than the question. Higher is better for all.
    """

    stored: Stored
    similarity: float
    sentence_similarities: tuple[float, ...]
    bm25: float
    dense: float = 0.0
    lexical: float = 0.0
    score: float = 0.0
    names: float = 0.0

    @property
    def best_sentence(self) -> float:
        return max(self.sentence_similarities, default=self.similarity)


def make_query(index: Index | View, question: str, without: Collection[str] = ()) -> Query:
    """Tells the question's language, restores its accents, embeds it.

    ``without``: texts of passages that count as not indexed.
    """
    language = language_among(question, index.catalog.languages())
    unaccented = language == "vi" and not has_accents(question)
    text = question.lower() if question.isupper() else question  # the encoder minds case
    if unaccented:
        text = restore_accents(text, prior().added_to(index.catalog.syllables))
    lexical = LexicalQuery.of(text, typed=question if unaccented else "")
    vectors = index.encoder.embed_questions([text])
    return Query(
        question,
        text,
        language,
        unaccented,
        lexical,
        index.lexical.weigh(lexical, without),
        index.centring.questions(vectors, language)[0],
        vectors[0],
        index if isinstance(index, View) else index.view,
    )


def rank(
    index: Index | View,
    query: Query,
    exclude: Collection[int] = (),
    only: Collection[int] | None = None,
) -> list[Candidate]:
    """All candidates of both searchers, scored by both, best first.

    ``exclude``: numbers of passages that are left out as if they were not indexed; ``only``: the
    others are left out as well.
    """
    nearest = index.dense.search(query.vector, CANDIDATES, exclude, only)
    matching = index.lexical.search(query.lexical, CANDIDATES, exclude, only)
    named: dict[int, float] = {}
    if any(_differ(language, query.language) for language in index.catalog.languages()):
        named = index.lexical.search_names(query.lexical, CANDIDATES, exclude, only)
    numbers = list(dict.fromkeys([*nearest, *matching, *named]))
    if not numbers:
        return []
    stored = index.catalog.passages(numbers)
    nearest |= index.dense.similarities(query.vector, [n for n in numbers if n not in nearest])
    sentences = _sentence_similarities(index, query, stored)
    candidates = [
        Candidate(
            stored[n], nearest[n], sentences.get(n, ()), matching.get(n, 0.0),
            names=named.get(n, 0.0),
        )
        for n in numbers
        if n in stored
    ]  # fmt: skip
    return fuse(candidates, query.weights.known, query.language)


def fuse(candidates: Sequence[Candidate], known: float, language: str = "") -> list[Candidate]:
    """Sums the standardized scores of the two arms, best first. ``language``: the question's.

    The dense arm is passage plus best sentence (two grains). Standardized scores keep how far
    ahead the first is, which ranks forget. The lexical arm weighs LEXICAL_WEIGHT × ``known``:
    where the index does not know the question's terms, what matches is chance. A passage in another
    language shares no words with the question but names: ln(1 + BM25) of them is its
    lexical score. The best passage of an article lifts the others.
    """
    dense = standardize([PASSAGE_WEIGHT * c.similarity + c.best_sentence for c in candidates])
    lexical = standardize([c.bm25 for c in candidates])
    weight = LEXICAL_WEIGHT * known
    fused = (1 - weight) * dense + weight * lexical
    across = np.array([_differ(c.stored.language, language) for c in candidates], dtype=bool)
    if across.any():
        # Not standardized: where few candidates have one, a chance name would tower above all.
        names = np.log1p([c.names for c in candidates])
        lexical = np.where(across, names, lexical)
        fused = np.where(across, (1 - ACROSS * weight) * dense + names, fused)
    fused += ARTICLE_WEIGHT * _best_of_articles(candidates, fused)
    scored = [
        replace(c, dense=float(d), lexical=float(x), score=float(s))
        for c, d, x, s in zip(candidates, dense, lexical, fused, strict=True)
    ]
    return sorted(scored, key=lambda c: (-c.score, c.stored.id))


def _best_of_articles(candidates: Sequence[Candidate], scores: Scores) -> Scores:
    """The best score among the candidates of each candidate's article (n,)."""
    articles = [c.stored.passage.article_id for c in candidates]
    best: dict[str, float] = {}
    for article, score in zip(articles, scores.tolist(), strict=True):
        best[article] = max(score, best.get(article, score))
    return np.array([best[article] for article in articles])


def _differ(language: str, other: str) -> bool:
    """Whether a text and a question are in two languages; of one that is not known, no."""
    return bool(language and other) and language != other


def standardize(scores: Sequence[float]) -> Scores:
    """Scores (n,) → (score − mean) / standard deviation; all 0 when they are equal."""
    values = np.asarray(scores, dtype=np.float64)
    spread = values.std() if len(values) else 0.0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros_like(values)


def hits_of(candidates: Sequence[Candidate], top_k: int) -> list[Hit]:
    """The best ``top_k`` candidates as hits."""
    return [
        Hit(
            rank=rank,
            score=round(c.score, 6),
            article_id=c.stored.passage.article_id,
            title=c.stored.title,
            start=c.stored.passage.start,
            end=c.stored.passage.end,
            text=c.stored.passage.text,
            dense=round(c.dense, 6),
            lexical=round(c.lexical, 6),
        )
        for rank, c in enumerate(candidates[:top_k], 1)
    ]


def _sentence_similarities(
    index: Index | View, query: Query, stored: dict[int, Stored]
) -> dict[int, tuple[float, ...]]:
    """Passage number → cosine of each of its sentences, in order."""
    owners, vectors = index.catalog.sentence_vectors(sorted(stored))
    centred = index.centring.passages(vectors, [stored[n].language for n in owners])
    found: dict[int, list[float]] = {}
    if owners:
        for number, similarity in zip(owners, (centred @ query.vector).tolist(), strict=True):
            found.setdefault(number, []).append(similarity)
    return {number: tuple(values) for number, values in found.items()}
