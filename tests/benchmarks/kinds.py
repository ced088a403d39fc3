"""Fits and measures what tells questions for facts from questions for an overview.

``python -m tests.benchmarks.kinds fit`` writes ``assistant/retrieval/data/question_kinds.json``
from three authors' questions and those of the own reading set; ``measure`` prints how two others'
are told apart. The questions: ``tests/questions/kinds/{a,b,d}.jsonl``, ``{c,e}.jsonl``; ``named``
says whether one that asks for an overview names what of. Those of ``d`` and ``e`` ask who wrote an
article, or which there are, and name its topic, or only look as if they did.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, get_args

import numpy as np
from sklearn.linear_model import LogisticRegression

from assistant.index.encoder import SentenceEncoder
from assistant.retrieval.question_kind import FILE, question_kinds, words_of
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
LEAST, WEIGHT = 4, 0.3  # questions for an overview that have a word that counts; a word's value
REGULARIZATION, NAMING_REGULARIZATION = 10.0, 100.0  # C of scikit-learn

FITTED, MEASURED = ("a", "b", "d"), ("c", "e")

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


def words_told(asked: Sequence[Asked]) -> dict[str, int]:
    """Words and pairs of words that questions for an overview have → a number for each."""
    had = (words_of(searched(question)) for question, kind in asked if kind != "content")
    counts = Counter(word for words in had for word in words)
    return {word: i for i, word in enumerate(sorted(w for w, n in counts.items() if n >= LEAST))}


def features(asked: Sequence[Asked], vectors: Vectors, numbers: Mapping[str, int]) -> Vectors:
    """Embeddings (n, d) and which of the words each question has: (n, d + words)."""
    words = np.zeros((len(asked), len(numbers)), np.float32)
    for row, (question, _) in zip(words, asked, strict=True):
        row[[numbers[word] for word in words_of(searched(question)) if word in numbers]] = WEIGHT
    return np.hstack([vectors, words])


def fit() -> None:
    asked = [*(one for name in FITTED for one in written(name)), *facts()]
    labels = [KINDS.index(kind) for _, kind in asked]
    vectors, numbers = embedded([question for question, _ in asked]), words_told(asked)
    model = LogisticRegression(C=REGULARIZATION, max_iter=2000)
    model.fit(features(asked, vectors, numbers), labels)
    pointed = [one for name in FITTED for one in naming(name)]
    names = LogisticRegression(C=NAMING_REGULARIZATION, max_iter=2000)
    names.fit(embedded([question for question, _ in pointed]), [named for _, named in pointed])
    size, weights = vectors.shape[1], model.coef_.astype(np.float64)
    of_words = np.round(WEIGHT * weights[:, size:], 2)
    data = {
        "kinds": KINDS,
        "weights": np.round(weights[:, :size], 3).tolist(),
        "bias": np.round(model.intercept_.astype(np.float64), 3).tolist(),
        "words": {word: of_words[:, i].tolist() for word, i in numbers.items()},
        # What both authors say so often: a subject that one of them is fond of is none.
        "framing": sorted(
            set(framing([*written("a"), *facts()])) & set(framing([*written("b"), *facts()]))
        ),
        "naming": np.round([*names.coef_[0], *names.intercept_], 3).tolist(),
    }
    FILE.write_text(json.dumps(data, ensure_ascii=False) + "\n", "utf-8")


def measure(name: str) -> dict[str, object]:
    """How the questions of one author are told apart: kind → found kind → how many."""
    asked = written(name)
    kinds = question_kinds()
    vectors = embedded([question for question, _ in asked])
    told = [
        kinds.of(vector, searched(question))[0]
        for (question, _), vector in zip(asked, vectors, strict=True)
    ]
    counts = Counter((kind, found) for (_, kind), found in zip(asked, told, strict=True))
    figures: dict[str, object] = {
        kind: {found: counts[kind, found] for found in KINDS if counts[kind, found]}
        for kind in KINDS
    }
    named = dict(naming(name))
    told_named = [
        named[question] == kinds.names_topic(vector)
        for (question, _), vector in zip(asked, vectors, strict=True)
        if question in named
    ]
    for (question, kind), found in zip(asked, told, strict=True):
        if found != kind and "--wrong" in sys.argv:
            print(f"{kind} → {found}: {question}")
    return figures | {"naming told right": round(sum(told_named) / len(told_named), 3)}


if __name__ == "__main__":
    if sys.argv[1] == "fit":
        fit()
    else:
        print(json.dumps({name: measure(name) for name in MEASURED}, indent=1))
