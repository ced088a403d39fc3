"""Question sets and claims → examples that the reader learns from.

Public sets have one answer a question (several are alternatives of several people); the project's
own set marks every item of a list. Offsets count code points of the NFC text.
"""

from __future__ import annotations

import gzip
import json
import random
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.text.terms import fold

Span = tuple[int, int]
LABELS = {"entailment": 0, "contradiction": 1, "neutral": 2}
OWN_LABELS = {"supported": 0, "contradicted": 1, "notstated": 2}


@dataclass(frozen=True, slots=True)
class Example:
    """A question (``verdict`` −1) or a claim (0 to 2: VERDICTS) beside a passage.

    ``spans``: where the passage answers, in code points; none: it does not.
    """

    text: str
    passage: str
    spans: tuple[Span, ...] = ()
    verdict: int = -1
    language: str = "und"


@dataclass(frozen=True, slots=True)
class Source:
    """A set: its examples, ``groups[i]`` the passages that example i could be mistaken for."""

    name: str
    examples: Sequence[Example]
    neighbours: Sequence[Sequence[str]]
    weight: float
    mismatched: float  # share of its questions that are put beside another passage


def public_source(path: Path, weight: float, held_out: bool = False) -> Source:
    """A SQuAD-like set, one context a line. Every 40th context is held out of training."""
    examples, titles = [], []
    by_title: dict[str, list[str]] = {}
    answerable = True
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            if (number % 40 == 0) != held_out:
                continue
            row = json.loads(line)
            passage, found = _questions(row)
            by_title.setdefault(row["title"] or path.stem, []).append(passage)
            for example in found:
                answerable = answerable and bool(example.spans)
                examples.append(example)
                titles.append(row["title"] or path.stem)
    neighbours = [by_title[title] for title in titles]
    return Source(path.name.split(".")[0], examples, neighbours, weight, 0.33 if answerable else 0.1)


def _questions(row: dict[str, Any]) -> tuple[str, list[Example]]:
    passage = unicodedata.normalize("NFC", row["context"])
    same = passage == row["context"]
    found = []
    for qa in row["qas"]:
        question = unicodedata.normalize("NFC", qa["question"])
        spans: tuple[Span, ...] = ()
        if qa["answerable"]:
            answer = qa["answers"][0]
            before = answer["start"]
            if not same:
                before = len(unicodedata.normalize("NFC", row["context"][:before]))
            text = unicodedata.normalize("NFC", answer["text"])
            if passage[before : before + len(text)] != text or not text.strip():
                continue
            spans = ((before, before + len(text)),)
        found.append(Example(question, passage, spans, language=qa["qlang"]))
    return passage, found


def claim_source(paths: Sequence[Path], weight: float, held_out: bool = False) -> Source:
    """NLI pairs; of several files that are parallel row by row, the two sides may differ in
    language. Every 40th row is held out of training."""
    rows = [list(_rows(path)) for path in paths]
    if len({len(r) for r in rows}) > 1:
        rows = _aligned(rows)
    examples = []
    for number, parallel in enumerate(zip(*rows, strict=True)):
        if (number % 40 == 0) != held_out:
            continue
        for i, row in enumerate(parallel):
            other = parallel[(i + 1 + number % max(1, len(parallel) - 1)) % len(parallel)]
            premise = other if number % 2 else row
            examples.append(
                Example(
                    unicodedata.normalize("NFC", row["hypothesis"]),
                    unicodedata.normalize("NFC", premise["premise"]),
                    verdict=LABELS[row["label"]],
                    language=row["lang"] if "lang" in row else "und",
                )
            )
    return Source(paths[0].name.split(".")[0], examples, [()] * len(examples), weight, 0.0)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["label"] in LABELS:
                yield row


def _aligned(files: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Files of which some lack a row: cut before the first row whose labels differ."""
    together = 0
    for parallel in zip(*files, strict=False):
        if len({row["label"] for row in parallel}) > 1:
            break
        together += 1
    return [rows[:together] for rows in files]


def own_sources(paths: Sequence[Path], weight: float) -> list[Source]:
    """The project's own set (JSON lines, an article each): its questions and its claims."""
    questions, claims, near = [], [], []
    rows = [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]
    for i, row in enumerate(rows):
        beside = [r["text"] for r in rows[max(0, i - 3) : i + 4] if r is not row]
        for q in row["questions"]:
            spans = tuple((a, b) for a, b in q["spans"])
            questions.append(Example(q["question"], row["text"], spans, language=q["language"]))
            near.append(beside)
        claims += [
            Example(c["claim"], row["text"], (), OWN_LABELS[c["label"]], c["language"])
            for c in row["claims"]
        ]
    return [
        Source("own", questions, near, weight, 0.2),
        Source("own claims", claims, [()] * len(claims), weight / 2, 0.0),
    ]


def drawn(sources: Sequence[Source], n: int, rng: random.Random) -> Iterator[Example]:
    """``n`` examples, sets by their weights, with mismatched passages and questions as typed."""
    weights = [source.weight for source in sources]
    for source in rng.choices(sources, weights, k=n):
        i = rng.randrange(len(source.examples))
        example = source.examples[i]
        others = source.neighbours[i]
        if example.verdict < 0 and others and rng.random() < source.mismatched:
            passage = rng.choice(others)
            if not any(example.passage[a:b] in passage for a, b in example.spans):
                example = replace(example, passage=passage, spans=())
        if example.verdict < 0:
            example = replace(example, text=as_typed(example.text, rng))
        yield example


def as_typed(question: str, rng: random.Random) -> str:
    """The question as people type it: often plain; without accents, capitals, mark, or with a
    slip."""
    if rng.random() < 0.25 and any("\u0300" <= c for c in unicodedata.normalize("NFD", question)):
        question = _without_accents(question)
    if rng.random() < 0.3:
        question = question.lower()
    if rng.random() < 0.3:
        question = question.rstrip(" ?？؟.")
    if rng.random() < 0.08 and len(question) > 8:
        i = rng.randrange(1, len(question) - 2)
        question = question[:i] + question[i + 1] + question[i] + question[i + 2 :]
    return question


def _without_accents(text: str) -> str:
    """``text`` without accents, its capitals kept; only of Latin letters."""
    return "".join(fold(c) if fold(c).isascii() and not c.isupper() else c for c in text)
