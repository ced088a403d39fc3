"""Measures the checking of claims: ``python -m tests.benchmarks.claims`` writes claims.md.

XQuAD's Vietnamese and English paragraphs (XQUAD names the folder): thresholds were chosen on the
paragraphs with an even number, the figures are of the odd ones. ``… claims even`` prints those.
Each paragraph is a passage, and is shown with the three that follow it; the claim cites its own.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from assistant.index.article_files import read_articles
from assistant.index.encoder import SentenceEncoder
from assistant.index.passages import split
from assistant.reading.claims import Similar, judge
from assistant.settings import Settings
from assistant.text.sentences import sentences
from assistant.types import Passage, Shown, Vectors
from tests.benchmarks import xquad
from tests.mutations import (
    FAITHFUL,
    GROUPS,
    KEEPING,
    MEANING,
    Mutant,
    mutants,
    sentences_of,
)

HERE = Path(__file__).parent
LANGUAGES = ("vi", "en")
EVERY = 3  # one sentence in three: minutes instead of a quarter hour
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


def passage_sentences(passages: Sequence[Passage]) -> list[str]:
    return [p.text[s.start - p.start : s.end - p.start] for p in passages for s in p.sentences]


def measure(
    made: Sequence[Mutant], passages: Sequence[Passage], language: str, similar: Similar
) -> tuple[dict[str, list[bool]], list[float]]:
    """For each rule whether each claim was rejected; seconds a claim without the encoder's."""
    rejected: dict[str, list[bool]] = defaultdict(list)
    times = []
    encoding = 0.0

    def timed(claim: str, told: Sequence[str]) -> Sequence[float]:
        nonlocal encoding
        began = time.perf_counter()
        found = similar(claim, told)
        encoding += time.perf_counter() - began
        return found

    for mutant in made:
        encoding = 0.0
        shown = shown_with(passages, mutant.passage, language)
        began = time.perf_counter()
        judgement = judge(mutant.claim, [1], shown, timed)
        times.append(time.perf_counter() - began - encoding)
        rejected[mutant.rule].append(judgement.verdict == "unsupported")
    return rejected, times


def grouped(rejected: dict[str, list[bool]], groups: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Group → share rejected, and of how many."""
    cells = {}
    for name, rules in groups.items():
        flags = [flag for rule in rules for flag in rejected.get(rule, ())]
        cells[name] = f"{np.mean(flags):.1%} ({len(flags)})" if flags else "–"
    return cells


def seed_passages() -> list[Passage]:
    return split(read_articles([HERE.parents[1] / "seeds"]).articles[0])


def hand_written(similar: Similar) -> dict[str, str]:
    """The hand-written claims about the seed: share rejected by language and truth."""
    passages = seed_passages()
    shown = [Shown(n, passage, language="vi") for n, passage in enumerate(passages, 1)]
    path = HERE.parent / "questions" / "paraphrases.jsonl"
    rejected: dict[str, list[bool]] = defaultdict(list)
    for row in map(json.loads, path.read_text("utf-8").splitlines()):
        judgement = judge(row["text"], [s.number for s in shown], shown, similar)
        name = f"{'true' if row['faithful'] else 'false'}, {row['language']}"
        rejected[name].append(judgement.verdict == "unsupported")
    return {name: f"{np.mean(flags):.1%} ({len(flags)})" for name, flags in rejected.items()}


def table(columns: dict[str, dict[str, str]]) -> list[str]:
    """A Markdown table with a column for each set."""
    names = list(dict.fromkeys(name for cells in columns.values() for name in cells))
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in names:
        cells = [column.get(name, "–") for column in columns.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parity = 0 if "even" in sys.argv else 1
    half = "even" if parity == 0 else "odd"
    similar, embed = remembering(SentenceEncoder(Settings()))
    sets = [(f"XQuAD {name}, {half}", name, paragraphs(name, parity), EVERY) for name in LANGUAGES]
    sets.append(("seed", "vi", seed_passages(), 1))
    caught, alarms, by_rule = {}, {}, {}
    times: list[float] = []
    for title, language, passages, every in sets:
        made = list(mutants(sentences_of(passages, language), every))
        embed(sorted({m.claim for m in made}, key=len))
        embed(passage_sentences(passages))
        rejected, took = measure(made, passages, language, similar)
        caught[title], alarms[title] = grouped(rejected, GROUPS), grouped(rejected, KEEPING)
        by_rule[title] = grouped(rejected, {rule: (rule,) for rule in (*MEANING, *FAITHFUL)})
        times += took
        print(title, caught[title], alarms[title], flush=True)
    p50, p95 = np.percentile(np.array(times) * 1000, [50, 95])
    written = hand_written(similar)
    lines = [
        "# Checking claims",
        "",
        "Made by `python -m tests.benchmarks.claims`: real sentences, changed by the rules of",
        "`tests/mutations.py`, judged with the bundled model. XQuAD: thresholds and word",
        f"lists were developed on the paragraphs with an even number; these are the {half} ones,",
        "one sentence in three. A claim cites its own paragraph; three more are shown. In",
        "brackets: n.",
        "",
        "## Changed meaning: rejected (higher is better)",
        "",
        *table(caught),
        "",
        "## Same meaning: rejected (false alarms, lower is better)",
        "",
        *table(alarms),
        "",
        'Most of "paraphrase" are sentences with a lead ("framed"), which the checker strips; the',
        "rules one by one are below.",
        "",
        "## Hand-written claims about the seed: rejected",
        "",
        "Developed on: these were read while the checker was made.",
        "",
        *table({"seed": written}),
        "",
        "## By rule: rejected",
        "",
        *table(by_rule),
        "",
        f"Milliseconds a claim beyond the encoder, p50 / p95: {p50:.1f} / {p95:.1f}.",
    ]
    if parity:
        (HERE / "claims.md").write_text("\n".join(lines) + "\n", "utf-8")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
