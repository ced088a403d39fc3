"""Fits the models of evidence on XQuAD: ``python -m tests.benchmarks.fit collect 220``, ``… fit``.

Nothing is labelled by hand. A question is answerable where its paragraph is indexed and
unanswerable where it is not: the paragraph alone left out, a random half of the paragraphs, a
random half of the topics, and an index of one topic only with and without it (so that an index
of one article is seen too). Sentences are right where the answer starts in them.

Tried and left out: near misses made by putting two telling terms of another question on the topic
into a question. Fitting on them lowered every other figure and did not help on written near misses.

``collect COUNT [PAIRS]`` writes features of COUNT questions a language pair to FEATURES; ``fit``
reports each language by a model that has not seen it, and writes the models fitted on all.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import sys
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from assistant.index.catalog import Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.index import CATALOG, Index, identity_of
from assistant.retrieval import answerability
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.settings import Settings
from assistant.types import Article, Vectors
from tests.benchmarks import xquad
from tests.benchmarks.xquad import Case

FEATURES = Path(os.environ.get("FEATURES", "/tmp/evidence-features"))
PAIRS = (
    "vi-vi", "vi*-vi", "en-en", "zh-zh", "de-de", "th-th", "ar-ar",
    "en-vi", "vi-en", "zh-vi", "de-en",
)  # fmt: skip  # vi*: without accents
KINDS = {
    "gold paragraph removed": ("full", "removed"),
    "half of the paragraphs": ("half",),
    "half of the topics": ("half topics",),
    "one topic, gold removed": ("topic", "topic removed"),
}


class Remembering(SentenceEncoder):
    """The encoder, but each text is embedded once."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.memory: dict[tuple[str, str], Any] = {}

    def _embed(self, prefix: str, texts: Sequence[str]) -> Vectors:
        missing = [t for t in dict.fromkeys(texts) if (prefix, t) not in self.memory]
        if missing:
            vectors = super()._embed(prefix, missing)
            self.memory.update({(prefix, t): v for t, v in zip(missing, vectors, strict=True)})
        return np.stack([self.memory[prefix, text] for text in texts])

    def _embed_tokens(self, prefix: str, texts: Sequence[str]) -> list[Vectors]:
        for text in texts:
            key = ("tokens of " + prefix, text)
            if key not in self.memory:
                self.memory[key] = super()._embed_tokens(prefix, [text])[0]
        return [self.memory["tokens of " + prefix, text] for text in texts]


def collect(pair: str, count: int, encoder: Remembering) -> list[dict[str, Any]]:
    """Features of up to ``count`` questions of a pair in each kind of index."""
    asked, told = pair.split("-")
    everything = xquad.cases(asked.rstrip("*"), told, accents="*" not in asked)
    chosen = sorted(random.Random(1).sample(range(len(everything)), min(count, len(everything))))
    articles = {case.gold.id: case.gold for case in everything}
    topics = [c.topic for c in everything]
    half = _half(sorted(articles), 2)
    half_topics = _half(sorted(set(topics)), 7)
    of_topic: dict[int, dict[str, Article]] = {}
    for case in everything:
        of_topic.setdefault(case.topic, {})[case.gold.id] = case.gold
    full = _index(articles.values(), encoder)
    halved = _index([a for a in articles.values() if a.id in half], encoder)
    by_topic = _index([a for t in half_topics for a in of_topic[t].values()], encoder)
    rows: list[dict[str, Any]] = []
    topic, alone = -1, full
    for number in chosen:
        case = everything[number]
        if case.topic != topic:
            topic, alone = case.topic, _index(of_topic[case.topic].values(), encoder)
        for kind, index, removed, answerable in (
            ("full", full, False, True),
            ("removed", full, True, False),
            ("half", halved, False, case.gold.id in half),
            ("half topics", by_topic, False, case.topic in half_topics),
            ("topic", alone, False, True),
            ("topic removed", alone, True, False),
        ):
            row = _features(index, case, removed)
            if row is not None:
                rows.append(row | {"kind": kind, "answerable": answerable, "topic": case.topic})
    return rows


def _half(items: Sequence[Any], seed: int) -> set[Any]:
    shuffled = list(items)
    random.Random(seed).shuffle(shuffled)
    return set(shuffled[: len(items) // 2])


def _index(articles: Collection[Article], encoder: Remembering) -> Index:
    folder = Path(tempfile.mkdtemp(prefix="fit-"))
    settings = encoder.settings
    index = Index(folder, Catalog.create(folder / CATALOG, identity_of(encoder, settings)), encoder)
    index.add(list(articles), settings)
    return index


def _features(index: Index, case: Case, removed: bool) -> dict[str, Any] | None:
    left_out = index.catalog.passages_of([case.gold.id]) if removed else set()
    without = [s.passage.text for s in index.catalog.passages(list(left_out)).values()]
    query = make_query(index, case.question, without)
    ranked = rank(index, query, left_out)
    needs = answerability.needs_of(index.lexical, query, without)
    found = answerability.sightings(needs, ranked)
    if not found:
        return None
    right = [
        s.candidate.stored.passage.article_id == case.gold.id
        and s.sentence.start <= case.answer_start < s.sentence.end
        for s in found
    ]
    # The sentence the shipped model would choose stands for the question.
    chances = [
        answerability.model_for("sentence", query, s.candidate).probability(s.features)
        for s in found
    ]
    best = int(np.argmax(chances))
    met = answerability.tokens_met(index.encoder, query, found[best])
    return {
        "sentences": np.array([s.features for s in found]),
        "right": np.array(right),
        "question": answerability.question_features(
            needs, query, ranked, found[best], chances[best], met
        ),
        "bm25": max(c.bm25 for c in ranked),
        "within": found[best].candidate.stored.language == query.language,
    }


Rows = list[dict[str, Any]]


def fit_all(rows: dict[str, Rows]) -> dict[str, Any]:
    """Models by name, fitted on every pair."""
    found = {}
    for name, pairs in (("within", _pairs(rows, True)), ("across", _pairs(rows, False))):
        found[f"sentence {name}"] = _plain(_fit(*_sentences(rows, pairs)))
        found[f"question {name}"] = _plain(_fit(*_questions(rows, pairs)))
    return found


def report(rows: dict[str, Rows]) -> Iterator[str]:
    """Each pair by a model that saw neither its question language nor its topics' answers."""
    yield "| pair | unanswerable by | AUROC | true answers at 5% false | BM25 alone |"
    yield "|---|---|---|---|---|"
    for pair in rows:
        same = _is_within(pair)
        others = [p for p in _pairs(rows, same) if p[:2] != pair[:2]] or _pairs(rows, same)
        model = _fit(*_questions(rows, others))
        for label, kinds in KINDS.items():
            chosen = [r for r in rows[pair] if r["kind"] in kinds]
            if len({r["answerable"] for r in chosen}) < 2:
                continue
            y = np.array([r["answerable"] for r in chosen])
            scores = model.predict_proba(np.array([r["question"] for r in chosen]))[:, 1]
            bm25 = np.array([r["bm25"] for r in chosen])
            yield (
                f"| {pair} | {label} | {roc_auc_score(y, scores):.3f} | "
                f"{true_answers_at(y, scores):.3f} | {true_answers_at(y, bm25):.3f} |"
            )


def true_answers_at(y: Any, scores: Any, false: float = 0.05) -> float:
    """Share of the answerable above the score that ``false`` of the unanswerable exceed."""
    return float((scores[y] > np.quantile(scores[~y], 1 - false)).mean())


def _is_within(pair: str) -> bool:
    asked, told = pair.split("-")
    return asked.rstrip("*") == told


def _pairs(rows: dict[str, Rows], within: bool) -> list[str]:
    return [pair for pair in rows if _is_within(pair) == within]


def _sentences(rows: dict[str, Rows], pairs: Sequence[str]) -> tuple[Any, Any]:
    chosen = [r for p in pairs for r in rows[p] if r["answerable"] and r["right"].any()]
    return np.vstack([r["sentences"] for r in chosen]), np.concatenate([r["right"] for r in chosen])


def _questions(rows: dict[str, Rows], pairs: Sequence[str]) -> tuple[Any, Any]:
    chosen = [r for p in pairs for r in rows[p]]
    return np.array([r["question"] for r in chosen]), np.array([r["answerable"] for r in chosen])


def _fit(x: Any, y: Any) -> Pipeline:
    model = make_pipeline(StandardScaler(), LogisticRegression(C=1.0, max_iter=5000))
    return model.fit(x, y)


def _plain(model: Pipeline) -> dict[str, Any]:
    scaler, regression = model[0], model[-1]
    values = {"means": scaler.mean_, "spreads": scaler.scale_, "weights": regression.coef_[0]}
    return {k: np.round(v, 5).tolist() for k, v in values.items()} | {
        "bias": round(float(regression.intercept_[0]), 5)
    }


def main() -> None:
    FEATURES.mkdir(parents=True, exist_ok=True)
    if sys.argv[1] == "collect":
        encoder = Remembering(Settings())
        for pair in sys.argv[3:] or PAIRS:
            rows = collect(pair, int(sys.argv[2]), encoder)
            (FEATURES / f"{pair.replace('*', '_')}.pickle").write_bytes(pickle.dumps(rows))
            print(pair, len(rows), flush=True)
        return
    # Pickles of our own, written a moment ago by the line above.
    rows = {
        pair: pickle.loads(path.read_bytes())
        for pair in PAIRS
        if (path := FEATURES / f"{pair.replace('*', '_')}.pickle").exists()
    }
    table = list(report(rows))
    print("\n".join(table))
    figures = Path(__file__).with_name("figures.json")
    known = json.loads(figures.read_text("utf-8")) if figures.exists() else {}
    known["held out"] = table
    figures.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
    models = {"features": list(answerability.QUESTION_FEATURES), "models": fit_all(rows)}
    (answerability.DATA / "evidence.json").write_text(json.dumps(models, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
