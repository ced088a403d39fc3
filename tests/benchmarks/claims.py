"""Measures the checking of claims: ``python -m tests.benchmarks.claims`` writes claims.md.

XQuAD's Vietnamese and English paragraphs (XQUAD names the folder): thresholds were chosen on the
paragraphs with an even number, the figures are of the odd ones. ``… claims even`` prints those.
Each paragraph is a passage, and is shown with the three that follow it; the claim cites its own.
"""

from __future__ import annotations

import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from assistant.claims import Similar, judge
from assistant.corpus import read_articles
from assistant.models import SentenceEncoder
from assistant.passages import split
from assistant.segment import sentences
from assistant.settings import Settings
from assistant.types import Passage, Shown, Vectors
from tests.benchmarks import xquad
from tests.mutations import FAITHFUL, GROUPS, KEEPING, Mutant, mutants, sentences_of

HERE = Path(__file__).parent
BESIDE = 3  # passages shown that the claim does not cite


def remembering(encoder: SentenceEncoder) -> tuple[Similar, Callable[[Iterable[str]], None]]:
    """Cosines by the encoder, each text embedded once; and how to embed many at once."""
    known: dict[str, Vectors] = {}

    def embed(texts: Iterable[str]) -> None:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if new:
            known.update(zip(new, encoder.embed_passages(new), strict=True))

    def similar(claim: str, told: Sequence[str]) -> Sequence[float]:
        embed([claim, *told])
        return [float(known[claim] @ known[text]) for text in told]

    return similar, embed


def paragraphs(language: str, parity: int) -> list[Passage]:
    """The paragraphs with an even or an odd number, each as one passage."""
    chosen = xquad.articles_of(language)[parity::2]
    return [Passage(a.id, 0, len(a.text), a.text, tuple(sentences(a.text))) for a in chosen]


def shown_with(passages: Sequence[Passage], at: int, language: str) -> list[Shown]:
    around = [passages[(at + k) % len(passages)] for k in range(1 + BESIDE)]
    return [Shown(n, passage, language=language) for n, passage in enumerate(around, 1)]


def failures(
    made: Sequence[Mutant], passages: Sequence[Passage], language: str, similar: Similar
) -> tuple[dict[str, list[bool]], list[tuple[Mutant, str, str]], list[float]]:
    """For each rule whether each claim was rejected; those judged wrongly; seconds a claim."""
    rejected: dict[str, list[bool]] = defaultdict(list)
    wrong, times = [], []
    for mutant in made:
        shown = shown_with(passages, mutant.passage, language)
        began = time.perf_counter()
        judgement = judge(mutant.claim, [1], shown, similar)
        times.append(time.perf_counter() - began)
        fails = judgement.verdict == "unsupported"
        rejected[mutant.rule].append(fails)
        if fails is mutant.faithful:
            wrong.append((mutant, judgement.lack, judgement.detail))
    return rejected, wrong, times


def grouped(rejected: dict[str, list[bool]], groups: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Group → share rejected and how many."""
    cells = {}
    for name, rules in groups.items():
        flags = [flag for rule in rules for flag in rejected.get(rule, ())]
        cells[name] = f"{np.mean(flags):.1%} ({len(flags)})" if flags else "–"
    return cells


def main() -> None:
    parity = 0 if "even" in sys.argv else 1
    similar, embed = remembering(SentenceEncoder(Settings()))
    tables = {}
    for language in ("vi", "en"):
        passages = paragraphs(language, parity)
        made = list(mutants(sentences_of(passages, language)))
        if "verbose" in sys.argv:
            print(language, len(made), Counter(m.rule for m in made), flush=True)
        tables[language] = failures(made, passages, language, similar)
        rejected, wrong, times = tables[language]
        for groups in (GROUPS, KEEPING):
            print(language, grouped(rejected, groups), flush=True)
        for rule, flags in rejected.items():
            print(f"  {rule:24} {np.mean(flags):.3f} {len(flags)}")
        print(
            f"  ms p50 {np.percentile(times, 50) * 1000:.1f} p95 {np.percentile(times, 95) * 1000:.1f}"
        )


if __name__ == "__main__":
    main()
