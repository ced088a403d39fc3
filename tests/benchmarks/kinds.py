"""Fits and measures what tells questions for facts from questions for an overview.

``python -m tests.benchmarks.kinds fit`` writes ``assistant/retrieval/data/question_kinds.json``
from two authors' questions and those of the own reading set; ``measure`` prints how a third
author's are told apart. The questions: ``tests/questions/kinds/{a,b,c}.jsonl``; ``named`` says
whether one that asks for an overview names what of.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
from sklearn.linear_model import LogisticRegression

from assistant.index.encoder import SentenceEncoder
from assistant.retrieval.question_kind import FILE, question_kinds
from assistant.settings import Settings
from assistant.text.accents import Statistics, prior, restore_accents
from assistant.text.language import has_accents, language_of
from assistant.text.terms import fold, terms
from assistant.types import QuestionKind, Vectors
from tests.benchmarks.reading import articles_of

KINDS: Final[tuple[QuestionKind, ...]] = get_args(QuestionKind)
FOLDER: Final = Path(__file__).parents[1] / "questions" / "kinds"
FRAMING_SHARE, FRAMING_RATIO = 0.006, 1.5  # of a kind's questions with the term; of that in facts
OWN = 1500  # questions of the own set that ask for facts
REGULARIZATION = 100.0  # C of scikit-learn

Asked = tuple[str, QuestionKind]


def written(name: str) -> list[Asked]:
    lines = (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()
    return [(one["question"], one["kind"]) for one in map(json.loads, lines)]


def naming(name: str) -> list[tuple[str, bool]]:
    """The questions for an overview of an article, and whether they name which."""
    lines = map(json.loads, (FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines())
    return [(one["question"], one["named"]) for one in lines if "named" in one]


def facts() -> Iterator[Asked]:
    asked = [q.asked for article in articles_of("train") for q in article.questions]
    step = max(1, len(asked) // OWN)
    yield from ((question, "content") for question in asked[::step])


def searched(question: str) -> str:
    """The question as it is embedded: with accents where it had none."""
    if language_of(question) == "vi" and not has_accents(question):
        return restore_accents(question, prior().added_to(lambda _: Statistics({}, {}, 0, 0)))
    return question


def embedded(questions: Sequence[str]) -> Vectors:
    return SentenceEncoder(Settings()).embed_questions([searched(one) for one in questions])


def framing(asked: Sequence[Asked]) -> list[str]:
    """Terms that are far more frequent where an overview is wanted than where facts are."""
    counts: dict[bool, Counter[str]] = defaultdict(Counter)
    sizes: Counter[bool] = Counter()
    for question, kind in asked:
        counts[kind != "content"].update(set(terms(fold(searched(question)))))
        sizes[kind != "content"] += 1
    return sorted(
        term
        for term, n in counts[True].items()
        if n / sizes[True] >= FRAMING_SHARE
        and n / sizes[True] >= FRAMING_RATIO * counts[False][term] / sizes[False]
    )


def fit() -> None:
    asked = [*written("a"), *written("b"), *facts()]
    labels = [KINDS.index(kind) for _, kind in asked]
    vectors = dict(zip((q for q, _ in asked), embedded([q for q, _ in asked]), strict=True))
    model = LogisticRegression(C=REGULARIZATION, max_iter=2000)
    model.fit([vectors[question] for question, _ in asked], labels)
    pointed = [*naming("a"), *naming("b")]
    names = LogisticRegression(C=REGULARIZATION, max_iter=2000)
    names.fit([vectors[question] for question, _ in pointed], [named for _, named in pointed])
    data = {
        "kinds": KINDS,
        "weights": np.round(model.coef_, 3).tolist(),
        "bias": np.round(model.intercept_, 3).tolist(),
        # What both authors say so often: a subject that one of them is fond of is none.
        "framing": sorted(
            set(framing([*written("a"), *facts()])) & set(framing([*written("b"), *facts()]))
        ),
        "naming": np.round([*names.coef_[0], *names.intercept_], 3).tolist(),
    }
    FILE.write_text(json.dumps(data) + "\n", "utf-8")


def measure() -> None:
    asked = written("c")
    kinds = question_kinds()
    vectors = embedded([question for question, _ in asked])
    told = [kinds.of(vector)[0] for vector in vectors]
    counts = Counter((kind, found) for (_, kind), found in zip(asked, told, strict=True))
    figures = {
        kind: {found: counts[kind, found] for found in KINDS if counts[kind, found]}
        for kind in KINDS
    }
    named = dict(naming("c"))
    told_named = [
        named[question] == kinds.names_topic(vector)
        for (question, _), vector in zip(asked, vectors, strict=True)
        if question in named
    ]
    right = round(sum(told_named) / len(told_named), 3)
    print(json.dumps(figures | {"naming told right": right}, indent=1))
    for (question, kind), found in zip(asked, told, strict=True):
        if found != kind and "--wrong" in sys.argv:
            print(f"{kind} → {found}: {question}")


if __name__ == "__main__":
    {"fit": fit, "measure": measure}[sys.argv[1]]()
