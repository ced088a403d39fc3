"""Evidence: how strongly passages and their sentences speak for holding a question's answer.

Every feature is a cosine, a share or a flag, so that it means the same in an index of one
article and of a hundred thousand. From them a logistic model says which sentence answers, and
another whether any does (``data/answerability.json``, made by ``tests/benchmarks/fit.py``).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import regex
from numpy.typing import NDArray

from assistant.index.lexical import Lexical
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.retrieval.question_type import Kind, kind_asked, offers
from assistant.text.terms import bigrams, fold, terms
from assistant.types import Sentence, TokenEncoder, Vectors

READ = 8  # passages whose sentences may answer
DATA = Path(__file__).with_name("data")
_NAME = regex.compile(r"(?<=\S\s)\p{Lu}[\p{L}\p{M}\p{N}.-]*|\p{Lu}{2,}")
_NUMBER = regex.compile(r"\p{Nd}+(?:[.,]\p{Nd}+)*")

Features = NDArray[np.float64]

SENTENCE_FEATURES = (
    "cosine", "cosine of passage", "behind best cosine", "terms", "pairs", "terms of passage",
    "offers kind", "lacks number", "lacks time", "lacks person", "behind first score",
)  # fmt: skip
QUESTION_FEATURES = (
    "cosine", "cosine of passage", "ahead in cosine", "ahead in BM25", "terms", "terms of passage",
    "pairs", "pairs of passage", "rarest missing", "rarest pair missing", "names", "numbers",
    "arms agree", "known", "offers kind", "lacks number", "lacks time", "lacks person",
    "length", "above median", "longest run", "most terms together",
    "chance of sentence", "tokens", "worst tokens", "tokens above mean", "tokens of sentence",
    "worst tokens of sentence", "tokens of sentence above mean",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Needs:
    """What a question brings along: its terms with their weights, names, numbers, kind."""

    weights: Mapping[str, float]
    pairs: Mapping[str, float]
    items: tuple[str, ...]
    names: frozenset[str]
    numbers: frozenset[str]
    kind: Kind | None
    folded: bool
    text: str

    def read(self, text: str) -> list[str]:
        """Terms of a text in the form in which the question's terms are compared."""
        return terms(fold(text)) if self.folded else terms(text)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A sentence that may answer: where it is and its features, in SENTENCE_FEATURES' order."""

    candidate: Candidate
    sentence: Sentence
    text: str
    features: Features


def needs_of(lexical: Lexical, query: Query, without: Collection[str] = ()) -> Needs:
    """Weighs the question's terms. ``without``: texts that count as not indexed."""
    folded = bool(query.lexical.folded)
    items = query.lexical.folded if folded else query.lexical.terms
    names = [fold(m.group()) for m in _NAME.finditer(query.text)]
    return Needs(
        query.weights.terms,
        lexical.pair_weights(items, folded, without),
        tuple(items),
        frozenset(t for name in names for t in terms(name)),
        frozenset(_NUMBER.findall(query.text)),
        kind_asked(query.text),
        folded,
        query.text,
    )


def sightings(needs: Needs, ranked: Sequence[Candidate], read: int = READ) -> list[Sighting]:
    """The prose sentences of the first ``read`` candidates, each once, with their features."""
    top = ranked[:read]
    if not top:
        return []
    best = max((s for c in top for s in c.sentence_similarities), default=0.0)
    seen: set[tuple[str, int]] = set()
    found = []
    for candidate in top:
        passage = candidate.stored.passage
        passage_terms = set(needs.read(passage.text))
        whole = _share(needs.weights, passage_terms)
        pairs = zip(passage.sentences, candidate.sentence_similarities, strict=True)
        for sentence, cosine in pairs:
            if sentence.kind != "prose" or (passage.article_id, sentence.start) in seen:
                continue
            seen.add((passage.article_id, sentence.start))
            text = passage.text[sentence.start - passage.start : sentence.end - passage.start]
            own = needs.read(text)
            features = np.array([
                cosine,
                candidate.similarity,
                best - cosine,
                _share(needs.weights, set(own)),
                _share(needs.pairs, set(bigrams(own))),
                whole,
                *_offer(needs, text),
                top[0].score - candidate.score,
            ])  # fmt: skip
            found.append(Sighting(candidate, sentence, text, features))
    return found


def question_features(
    needs: Needs,
    query: Query,
    ranked: Sequence[Candidate],
    best: Sighting,
    chance: float,
    met: Features,
) -> Features:
    """Features of QUESTION_FEATURES for whether ``best`` and its passage hold an answer."""
    passage = best.candidate.stored.passage
    own = needs.read(passage.text)
    have = set(own)
    weights = needs.weights
    own_pairs = set(bigrams(own))
    missing = max((w for t, w in weights.items() if t not in have), default=0.0)
    missing_pair = max((w for p, w in needs.pairs.items() if p not in own_pairs), default=0.0)
    others = [c for c in ranked if c.stored.passage.article_id != passage.article_id]
    own_best = [c for c in ranked if c.stored.passage.article_id == passage.article_id]
    cosine = max(c.similarity + c.best_sentence for c in own_best)
    bm25 = max(c.bm25 for c in own_best)
    next_cosine = max((c.similarity + c.best_sentence for c in others), default=0.0)
    next_bm25 = max((c.bm25 for c in others), default=0.0)
    folded = fold(passage.text)
    first_by_meaning = max(ranked, key=lambda c: c.similarity + c.best_sentence)
    first_by_words = max(ranked, key=lambda c: c.bm25)
    return np.array([
        best.features[0],
        best.candidate.similarity,
        min(cosine - next_cosine, 0.5) if others else 0.15,
        (bm25 - next_bm25) / (bm25 + next_bm25 + 1.0) if others else 0.2,
        _share(weights, set(needs.read(best.text))),
        _share(weights, have),
        _share(needs.pairs, set(bigrams(needs.read(best.text)))),
        _share(needs.pairs, own_pairs),
        missing,
        missing_pair,
        _part(needs.names, set(terms(folded))),
        _part(needs.numbers, set(_NUMBER.findall(passage.text))),
        float(_article(first_by_meaning) == _article(first_by_words)),
        query.weights.known,
        *_offer(needs, best.text),
        min(len(weights), 20) / 20,
        cosine - float(np.median([c.similarity + c.best_sentence for c in ranked])),
        _longest_run(needs, own),
        _most_together(needs, own),
        chance,
        *met,
    ])  # fmt: skip


def _article(candidate: Candidate) -> str:
    return candidate.stored.passage.article_id


def tokens_met(encoder: TokenEncoder, query: Query, best: Sighting) -> Features:
    """How well the question's tokens find their like in the passage and in the sentence.

    For each question token the largest cosine with any token of the text (the late interaction
    of ColBERT; Khattab and Zaharia, 2020). Three figures for either text: the mean, the mean of
    the worst fifth (what the text does not speak of), and the mean above the tokens' average
    cosine, which does not depend on how alike all texts of a language are.
    """
    passage, sentence = encoder.embed_passage_tokens(
        [best.candidate.stored.passage.text, best.text]
    )
    return np.array([*_met(query.tokens, passage), *_met(query.tokens, sentence)])


def _met(asked: Vectors, told: Vectors) -> tuple[float, float, float]:
    if not len(asked) or not len(told):
        return 0.0, 0.0, 0.0
    cosines = asked @ told.T
    largest = cosines.max(axis=1)
    worst = np.sort(largest)[: max(1, len(largest) // 5)]
    return (
        float(largest.mean()),
        float(worst.mean()),
        float((largest - cosines.mean(axis=1)).mean()),
    )


def _longest_run(needs: Needs, own: Sequence[str]) -> float:
    """Share of the weight in the longest run of question terms that stands so in the passage."""
    joined = f" {' '.join(own)} "
    items, total, best, start = needs.items, sum(needs.weights.values()), 0.0, 0
    for end in range(1, len(items) + 1):
        while start < end and f" {' '.join(items[start:end])} " not in joined:
            start += 1
        best = max(best, sum(needs.weights[t] for t in set(items[start:end])))
    return best / total if total > 0 else 0.5


def _most_together(needs: Needs, own: Sequence[str], window: int = 24) -> float:
    """The largest share of the question's weight that any ``window`` neighbouring terms have."""
    held: Counter[str] = Counter()
    weight = best = 0.0
    for i, term in enumerate(own):
        if i >= window:
            gone = own[i - window]
            held[gone] -= 1
            weight -= needs.weights.get(gone, 0.0) if not held[gone] else 0.0
        held[term] += 1
        weight += needs.weights.get(term, 0.0) if held[term] == 1 else 0.0
        best = max(best, weight)
    total = sum(needs.weights.values())
    return best / total if total > 0 else 0.5


def _share(weights: Mapping[str, float], have: set[str]) -> float:
    """Share of the weight that is of terms in ``have``; 0.5 when there is nothing to weigh."""
    total = sum(weights.values())
    return sum(w for t, w in weights.items() if t in have) / total if total > 0 else 0.5


def _part(wanted: frozenset[str], have: set[str]) -> float:
    return len(wanted & have) / len(wanted) if wanted else 0.5


# A place is not told from another name, so that one is lacking says nothing.
_KINDS: tuple[Kind, ...] = ("number", "time", "person")


def _offer(needs: Needs, text: str) -> tuple[float, ...]:
    """(has the kind asked for, then for each kind: it is asked for and lacking)."""
    offered = needs.kind is not None and offers(text, needs.kind, needs.text)
    return (float(offered), *(float(needs.kind == kind and not offered) for kind in _KINDS))


@dataclass(frozen=True, slots=True)
class Verdict:
    """``ranked``: sentences with the chance that each answers, best first (never empty);
    ``confidence``: calibrated probability in [0, 1] that the articles hold the answer."""

    ranked: tuple[tuple[Sighting, float], ...]
    confidence: float


def judge(
    encoder: TokenEncoder, needs: Needs, query: Query, ranked: Sequence[Candidate]
) -> Verdict | None:
    """Which sentences answer, and how sure it is that any does; None when there is nothing."""
    found = sightings(needs, ranked)
    if not found:
        return None
    chances = [model_for("sentence", query, s.candidate).probability(s.features) for s in found]
    order = sorted(range(len(found)), key=lambda i: -chances[i])
    best = found[order[0]]
    met = tokens_met(encoder, query, best)
    features = question_features(needs, query, ranked, best, chances[order[0]], met)
    confidence = model_for("question", query, best.candidate).probability(features)
    return Verdict(tuple((found[i], chances[i]) for i in order), confidence)


@dataclass(frozen=True, slots=True)
class Logistic:
    """σ(weights · (x − means) / spreads + bias): a logistic regression's prediction."""

    means: Features
    spreads: Features
    weights: Features
    bias: float

    def probability(self, features: Features) -> float:
        z = float(((features - self.means) / self.spreads) @ self.weights) + self.bias
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, z))))


def model_for(what: str, query: Query, candidate: Candidate) -> Logistic:
    """The model of "sentence" or "question": one within a language, one across languages."""
    same = candidate.stored.language == query.language
    return models()[f"{what} {'within' if same else 'across'}"]


@lru_cache(maxsize=1)
def models() -> Mapping[str, Logistic]:
    """The shipped models by name."""
    data = json.loads((DATA / "answerability.json").read_text("utf-8"))
    return {
        name: Logistic(
            np.array(m["means"]), np.array(m["spreads"]), np.array(m["weights"]), m["bias"]
        )
        for name, m in data["models"].items()
    }
