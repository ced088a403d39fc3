"""Fits and measures how accents are restored: ``python -m tests.benchmarks.accents fit``.

``fit`` counts the syllables of the own training set's Vietnamese and of the questions for an
overview, and writes the frequent pairs to ``assistant/text/data/syllable_pairs.tsv``. ``measure``
strips the questions of the dev part, restores them over an index that holds its articles (only the
counts of it), and prints the share of syllables and of whole questions that come back.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from assistant.text.accents import Statistics, count_syllables, prior, restore_accents
from assistant.text.language import has_accents
from assistant.text.own_texts import SYLLABLE_PAIRS
from assistant.text.terms import fold, terms
from tests.benchmarks.kinds import written
from tests.benchmarks.reading import articles_of

FREQUENT: Final = 2  # occurrences from which a pair is kept


def lines(part: str) -> Iterator[str]:
    """Vietnamese of the own set: articles, a line a paragraph, questions and claims."""
    for article in articles_of(part):
        if article.language == "vi":
            yield from article.text.splitlines()
        yield from (q.asked for q in article.questions if q.language == "vi")
        yield from (claim.asked for claim in article.claims if claim.language == "vi")


def overviews() -> Iterator[str]:
    yield from (q for name in ("a", "b") for q, kind in written(name) if kind != "content")


def fit() -> None:
    _, pairs = count_syllables(filter(has_accents, [*lines("train"), *overviews()]))
    kept = sorted((a, b, n) for (a, b), n in pairs.items() if n >= FREQUENT)
    rows = ("\t".join((a, b, str(n))) for a, b, n in kept)
    SYLLABLE_PAIRS.write_text("\n".join(rows) + "\n", "utf-8")


def counted(texts: Sequence[str]) -> Statistics:
    forms, pairs = count_syllables(texts)
    found: dict[str, dict[str, int]] = {}
    for form, n in forms.items():
        found.setdefault(fold(form), {})[form] = n
    return Statistics(found, pairs, forms.total(), sum(not a for a, _ in pairs.elements()))


def measure() -> None:
    dev = [article for article in articles_of("dev") if article.language == "vi"]
    own = counted([line for article in dev for line in article.text.splitlines()])
    lookup = prior().added_to(lambda _: own)
    right: Counter[str] = Counter()
    wrong: list[str] = []
    typed = (q.asked for article in dev for q in article.questions if q.language == "vi")
    asked = list(filter(has_accents, typed))
    for question in asked:
        restored = restore_accents(fold(question), lookup)
        wanted, got = terms(question), terms(restored)
        right["syllables"] += sum(a == b for a, b in zip(wanted, got, strict=True))
        right["of"] += len(wanted)
        right["questions"] += wanted == got
        wrong += [f"{question} → {restored}"] if wanted != got else []
    shares = {
        "syllables": round(right["syllables"] / right["of"], 4),
        "questions": round(right["questions"] / len(asked), 4),
        "asked": len(asked),
    }
    print(json.dumps(shares))
    if "--wrong" in sys.argv:
        print("\n".join(wrong), flush=True)


if __name__ == "__main__":
    {"fit": fit, "measure": measure}[sys.argv[1]]()
