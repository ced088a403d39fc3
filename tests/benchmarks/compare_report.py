"""The comparison as figures, Markdown and a plot."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from statistics import mean, median
from typing import Any

import numpy as np

from assistant.evaluation._metrics import ndcg_at, recall_at

NOTES = """\
- **Nothing was tuned against the others.** Each stack runs with its documented defaults, and this
  project with its own; only the number of passages asked for is raised to {depth} for all, so that
  at least ten articles are ranked. XQuAD is also what this project's development looked at, which
  is an advantage that the others did not have; the others' defaults were not made for it.
- Weights: the bundled 4-bit multilingual-e5-small, unpacked to fp32 for the others. Over
  {texts} texts of XQuAD no token id differs and the least cosine to this project's fp32 vectors is
  {cosine:.7f}. The others run it in fp32 (torch); this project as it ships, in bf16 where the
  processor has it, and in fp32 in a row of its own.
- `vi*`: the Vietnamese questions typed without accents. The article is XQuAD's paragraph;
  passages count as their article, in the order in which they first appear.
- LangChain: RecursiveCharacterTextSplitter (4,000 characters), HuggingFaceEmbeddings with the
  prefixes as `encode_kwargs`/`query_encode_kwargs` prompts, FAISS; hybrid: EnsembleRetriever of
  BM25Retriever and FAISS, half and half. BM25 is made again at every start.
- LlamaIndex: VectorStoreIndex (SentenceSplitter of 1,024 tokens) with HuggingFaceEmbedding, the
  prefixes as `query_instruction`/`text_instruction`; stored as JSON.
- Haystack: DocumentSplitter (200 words), the sentence-transformers embedders with the prefixes as
  `prefix`, InMemoryDocumentStore by cosine, stored as JSON; hybrid: with InMemoryBM25Retriever,
  joined by reciprocal rank fusion. Its tutorial puts a ranker model behind that, which is left out.
- txtai: Embeddings, which does not split, with the prefixes as `instructions`; it reads the model
  with transformers by itself; hybrid: `hybrid=True`. Texts are not stored in its index.
- This project: its hybrid retrieval. It embeds each sentence beside each passage, and stores the
  texts, so its index is larger; passages a second counts passages only.
- Indexing is of the Vietnamese articles; seconds without and with the start of the process and
  loading the model. A cold start is a new process up to its first answer, files in the system's
  cache. Cold start: median of {rounds}. Query times: {timed} questions after a warm-up, in {rounds}
  rounds in which the stacks take turns. Memory: the most that was resident, in the process that
  indexes and in the one that answers. Other programs took {others:.0%} of the machine at the median
  of the timed runs, {worst:.0%} at the most."""

_COLOURS = ("#1f6feb", "#d1701f", "#2a9d55", "#9a4fc4")


def row(
    name: str,
    indexed: Mapping[str, Any],
    turns: Sequence[Mapping[str, Any]],
    rankings: Mapping[str, tuple[Sequence[str], Sequence[Sequence[str]]]],
) -> dict[str, Any]:
    """The figures of a stack. ``rankings``: set → gold article and ranking of each question."""
    times = [ms for turn in turns for ms in turn["milliseconds"]]
    return {
        "name": name,
        "passages": indexed["passages"],
        "index seconds": indexed["seconds"],
        "whole seconds": indexed["whole_seconds"],
        "passages a second": indexed["passages"] / indexed["seconds"],
        "index mib": indexed["peak_mib"],
        "disk mib": indexed["bytes"] / 1024**2,
        "cold seconds": median(turn["cold_seconds"] for turn in turns),
        "p50": float(np.percentile(times, 50)),
        "p95": float(np.percentile(times, 95)),
        "p50 of rounds": [float(np.percentile(turn["milliseconds"], 50)) for turn in turns],
        "query mib": max(turn["peak_mib"] for turn in turns),
        "others": [part["others"] for part in (indexed, *turns)],
        "sets": {name: scores(*pair) for name, pair in rankings.items()},
    }


def scores(golds: Sequence[str], rankings: Sequence[Sequence[str]]) -> dict[str, float]:
    """Recall@1 and nDCG@10, means over the questions."""
    pairs = [(ranking, {gold: 1}) for gold, ranking in zip(golds, rankings, strict=True)]
    return {
        "recall@1": mean(recall_at(1, *pair) or 0.0 for pair in pairs),
        "ndcg@10": mean(ndcg_at(10, *pair) or 0.0 for pair in pairs),
    }


def markdown(found: Mapping[str, Any]) -> str:
    rows, sets = found["rows"], list(found["rows"][0]["sets"])
    lines = [
        "# Beside what people would use instead",
        "",
        f"Made by `XQUAD=… make compare` on {found['machine']}. XQuAD: {found['articles']}",
        f"articles, {found['questions']:,} questions a set; each stack as it comes, see the notes.",
        "",
        "![Recall@1 and query time of each stack](compare.svg)",
        "",
        "## Retrieval: Recall@1 / nDCG@10",
        "",
        "| questions → articles | " + " | ".join(sets) + " |",
        "|---|" + "---|" * len(sets),
    ]
    for r in rows:
        cells = [f"{r['sets'][s]['recall@1']:.3f} / {r['sets'][s]['ndcg@10']:.3f}" for s in sets]
        lines.append(f"| {r['name']} | " + " | ".join(cells) + " |")
    lines += ["", "## Cost", ""]
    columns = {
        "passages": lambda r: f"{r['passages']}",
        "indexing, s (whole)": lambda r: f"{r['index seconds']:.1f} ({r['whole seconds']:.1f})",
        "passages/s": lambda r: f"{r['passages a second']:.1f}",
        "indexing, MiB": lambda r: f"{r['index mib']:.0f}",
        "on disk, MiB": lambda r: f"{r['disk mib']:.1f}",
        "cold start, s": lambda r: f"{r['cold seconds']:.1f}",
        "query p50 / p95, ms": lambda r: f"{r['p50']:.0f} / {r['p95']:.0f}",
        "query, MiB": lambda r: f"{r['query mib']:.0f}",
    }
    lines += ["| | " + " | ".join(columns) + " |", "|---|" + "---:|" * len(columns)]
    lines += [
        f"| {r['name']} | " + " | ".join(cell(r) for cell in columns.values()) + " |" for r in rows
    ]
    lines += ["", "## Notes", "", _notes(found), "", "## Versions", ""]
    lines += [f"- {name}: {', '.join(pins)}" for name, pins in found["versions"].items()]
    return "\n".join(lines) + "\n"


def _notes(found: Mapping[str, Any]) -> str:
    others = [share for r in found["rows"] for share in r["others"]]
    return NOTES.format(
        depth=found["depth"],
        texts=found["model"]["texts"],
        cosine=found["model"]["least cosine"],
        timed=found["timed"],
        rounds=len(found["rows"][0]["p50 of rounds"]),
        others=median(others),
        worst=max(others),
    )


def plot(found: Mapping[str, Any]) -> str:
    """Dots of Recall@1 for each set, and bars of the query time, a line for each stack."""
    rows, sets = found["rows"], list(found["rows"][0]["sets"])
    top, step, left, middle, wide = 58, 26, 132, 500, 760
    height = top + step * len(rows) + 30
    slowest = max(r["p50"] for r in rows)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {height}" '
        'font-family="sans-serif" font-size="12" fill="#333">',
        f'<rect width="{wide}" height="{height}" fill="#fff"/>',
        _text(left, 18, "Recall@1 on XQuAD, questions → articles", "start", bold=True),
        _text(middle + 60, 18, "query p50, ms", "start", bold=True),
    ]
    for i, (name, colour) in enumerate(zip(sets, _COLOURS, strict=True)):
        parts.append(f'<circle cx="{left + 5 + 90 * i}" cy="34" r="5" fill="{colour}"/>')
        parts.append(_text(left + 15 + 90 * i, 38, name, "start"))
    for tick in (0, 0.2, 0.4, 0.6, 0.8, 1):
        x = left + (middle - left) * tick
        parts.append(
            f'<line x1="{x:.0f}" x2="{x:.0f}" y1="{top - 8}" y2="{height - 26}" stroke="#ddd"/>'
        )
        parts.append(_text(x, height - 10, f"{tick:g}", "middle"))
    for i, r in enumerate(rows):
        y = top + step * i + 6
        parts.append(_text(left - 12, y + 4, r["name"], "end", bold=i == 0))
        for name, colour in zip(sets, _COLOURS, strict=True):
            value = r["sets"][name]["recall@1"]
            parts.append(
                f'<circle cx="{left + (middle - left) * value:.1f}" cy="{y}" r="5" fill="{colour}" '
                f'fill-opacity="0.85"><title>{escape(name)}: {value:.3f}</title></circle>'
            )
        length = 150 * r["p50"] / slowest
        parts.append(
            f'<rect x="{middle + 60}" y="{y - 7}" width="{length:.0f}" height="14" rx="2" '
            f'fill="{_COLOURS[0] if i == 0 else "#9aa4b2"}"/>'
        )
        parts.append(_text(middle + 66 + length, y + 4, f"{r['p50']:.0f}", "start"))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _text(x: float, y: float, text: str, anchor: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}"{weight}>{escape(text)}</text>'


def machine_line() -> str:
    """Processor, cores and Python; nothing that names the host."""
    name = platform.processor()
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"
