"""Measures on XQuAD and writes figures.md and figures.json: ``make figures`` (a quarter hour).

``python -m tests.benchmarks.figures speed`` (or retrieval, refusal) renews one part.

Each paragraph is an article and the default settings apply. Retrieval: a hit counts where its
article is the question's paragraph; ranks are of articles. Hybrid stands beside its two arms,
from the same candidates. Refusal: the reader's confidence, with the gold paragraph and without it;
near misses, which are harder, are in ``tests.benchmarks.reading``.
"""

from __future__ import annotations

import json
import math
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.answering.assistant import Assistant
from assistant.articles.files import Corpus
from assistant.evaluation._metrics import auroc, tpr_at_fpr
from assistant.index.index import Index
from assistant.retrieval.hybrid_search import Candidate, make_query, rank
from assistant.settings import Settings
from tests.benchmarks import xquad

HERE = Path(__file__).parent
LANGUAGES = ("vi", "en", "zh", "ar", "th", "de")
PAIRS = [
    *((name, name) for name in LANGUAGES),
    *((name, "vi") for name in LANGUAGES if name != "vi"),
]
ARMS: dict[str, Callable[[Candidate], float]] = {
    "hybrid": lambda c: c.score,
    "dense": lambda c: c.dense,
    "lexical": lambda c: c.lexical,
}


def build(language: str, folder: Path, keep: set[str] | None = None) -> tuple[Index, float]:
    """An index of the language's paragraphs (those in ``keep``), and passages embedded a second."""
    articles = tuple(a for a in xquad.articles_of(language) if keep is None or a.id in keep)
    settings = Settings(index=folder)
    index = Index.create(settings)
    index.encoder.embed_questions(["?"])
    update = index.update(Corpus(articles, ()), [xquad.file_of(language)], settings)
    return index, update.embedded / update.seconds


def ranks(index: Index, cases: Sequence[xquad.Case]) -> tuple[dict[str, list[int]], list[float]]:
    """For each arm the rank of the right article, and milliseconds for each question."""
    found: dict[str, list[int]] = {arm: [] for arm in ARMS}
    times = []
    for case in cases:
        began = time.perf_counter()
        candidates = rank(index, make_query(index, case.question))
        times.append((time.perf_counter() - began) * 1000)
        for arm, score in ARMS.items():
            ordered = sorted(candidates, key=lambda c: (-score(c), c.stored.id))
            articles = list(dict.fromkeys(c.stored.passage.article_id for c in ordered))
            place = articles.index(case.gold.id) + 1 if case.gold.id in articles else 10**6
            found[arm].append(place)
    return found, times


def recall_at_1(places: Sequence[int]) -> float:
    return sum(p == 1 for p in places) / len(places)


def ndcg_at_10(places: Sequence[int]) -> float:
    """With one relevant article: 1 / log2(1 + rank), 0 beyond rank 10 (Järvelin, 2002)."""
    return sum(1 / math.log2(1 + p) for p in places if p <= 10) / len(places)


def retrieval(folder: Path) -> list[dict[str, Any]]:
    indexes: dict[str, Index] = {}
    rows: list[dict[str, Any]] = []
    for asked, told in [("vi", "vi"), ("vi*", "vi"), ("en", "en"), ("en", "vi"), *PAIRS]:
        if any(row["asked"] == asked and row["told"] == told for row in rows):
            continue
        if told not in indexes:
            indexes[told], _ = build(told, folder / told)
        cases = xquad.cases(asked.rstrip("*"), told, accents="*" not in asked)
        found, _ = ranks(indexes[told], cases)
        row: dict[str, Any] = {"asked": asked, "told": told, "n": len(cases)}
        for arm, places in found.items():
            row[arm] = {"recall@1": recall_at_1(places), "ndcg@10": ndcg_at_10(places)}
        rows.append(row)
        print(asked, told, row["hybrid"], flush=True)
    return rows


def speed(folder: Path) -> dict[str, str]:
    """XQuAD-vi in a process of its own: indexing, and a question's retrieval and answer."""
    began = time.perf_counter()
    index, rate = build("vi", folder / "speed")
    spent = time.perf_counter() - began
    passages = index.catalog.counts()["passages"]
    assistant = Assistant(index, Settings(index=folder / "speed"))
    questions = [case.question for case in xquad.cases("vi", "vi")][::6]
    times: dict[str, list[float]] = {"retrieve": [], "answer": []}
    for name, ask in (("retrieve", assistant.retrieve), ("answer", assistant.answer)):
        for question in questions:
            began = time.perf_counter()
            ask(question)
            times[name].append((time.perf_counter() - began) * 1000)
    return {
        "indexing XQuAD-vi": f"240 articles, {passages} passages in {spent:.1f} s, model included",
        "passages and sentences a second": f"{rate:.0f}",
        **{
            f"{name}, ms p50 / p95": f"{np.percentile(t, 50):.0f} / {np.percentile(t, 95):.0f}"
            for name, t in times.items()
        },
    }


def refusal(folder: Path) -> list[dict[str, Any]]:
    """XQuAD, every fourth question: what the assistant's own confidence tells apart."""
    rows = []
    for asked, told in (("vi", "vi"), ("en", "vi")):
        cases = xquad.cases(asked, told)[::4]
        place = folder / f"refusal-{asked}"
        whole = Assistant(build(told, place)[0], Settings(index=place))
        yes = [whole.answer(c.question).confidence for c in cases]
        no = [whole.answer(c.question, exclude=[c.gold.id]).confidence for c in cases]
        bar = Settings().refuse_below
        rows.append({
            "questions": f"{asked} → {told}",
            "auroc": auroc(yes, no),
            "true answers at 5% false": tpr_at_fpr(yes, no),
            "false answers": sum(c >= bar for c in no) / len(no),
            "false refusals": sum(c < bar for c in yes) / len(yes),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def markdown(figures: dict[str, Any]) -> str:
    lines = [
        "# Figures",
        "",
        f"Made by `make figures` on {figures['machine']}. XQuAD (1,190 questions a language), each",
        "paragraph an article, default settings. `vi*`: questions typed without accents.",
        "",
        "## Retrieval: Recall@1 / nDCG@10",
        "",
        "| questions → articles | hybrid | dense arm | lexical arm |",
        "|---|---|---|---|",
    ]
    for row in figures["retrieval"]:
        cells = [f"{row[arm]['recall@1']:.4f} / {row[arm]['ndcg@10']:.4f}" for arm in ARMS]
        lines.append(f"| {row['asked']} → {row['told']} | " + " | ".join(cells) + " |")
    lines += ["", "## Refusal, the gold paragraph removed (every fourth question)", ""]
    lines += [
        "| questions → articles | AUROC | true answers at 5% false | false answers "
        "| false refusals |",
        "|---|---|---|---|---|",
    ]
    for row in figures["refusal"]:
        name, *values = row.values()
        lines.append(f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |")
    lines += ["", "The last two columns are at the default `refuse_below`.", "", "## Speed", ""]
    lines += [f"- {name}: {value}" for name, value in figures["speed"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parts: dict[str, Callable[[Path], Any]] = {
        "speed": speed,
        "retrieval": retrieval,
        "refusal": refusal,
    }
    path = HERE / "figures.json"
    figures = json.loads(path.read_text("utf-8")) if path.exists() else {}
    figures["machine"] = (
        f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory() as scratch:
            figures[name] = parts[name](Path(scratch))
        path.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if all(name in figures for name in parts):
        (HERE / "figures.md").write_text(markdown(figures), "utf-8")
        print(f"wrote {HERE / 'figures.md'}", file=sys.stderr)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
