"""How well the reader reads. ``python -m assistant.evaluation.measuring --help``

XQuAD: the best span beside the gold paragraph (EM and F1 in XQuAD's normalization), and whether it
tells the gold paragraph from another of the same article (AUROC). The same on what was held out of
each public set, and on the project's own set; claims by accuracy. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.evaluation._metrics import auroc, exact_match, f1
from assistant.index.text_models import dtype_of
from assistant.reading.examples import (
    HELD_OUT_FILE,
    NLI_LABELS,
    PARALLEL,
    ExampleSet,
    aligned,
    own_sets,
    parallel_claims,
    public_set,
    rows,
)
from assistant.reading.model import ReaderModel
from assistant.reading.own_set import read_own
from assistant.reading.reader import Reader
from assistant.reading.readings import Beside, Span, Verdict
from assistant.text.language import language_of

Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Question:
    """``answers``: alternatives, or none where the passage does not answer; ``other``: a passage
    that does not answer it either, or None; ``title``: of both, "" where it is not shown."""

    asked: str
    passage: str
    answers: tuple[str, ...]
    other: str | None = None
    title: str = ""


def questions(
    reader: Reader, asked: Sequence[Question], language: str, lists: bool = False
) -> Figures:
    """EM and F1 of what the passages answer; AUROC of answered against unanswered and mismatched.

    ``lists``: the items of a list are counted, and not the best span alone.
    """
    readings = reader.read([Beside(q.asked, q.passage, q.title) for q in asked])
    beside = [Beside(q.asked, q.other, q.title) for q in asked if q.other and q.answers]
    answered = [(q, r) for q, r in zip(asked, readings, strict=True) if q.answers]
    spans = [(r.answers if lists else r.answers and (r.best,)) for _, r in answered]
    said = [_words(q.passage, found) for (q, _), found in zip(answered, spans, strict=True)]
    best = list(zip([q for q, _ in answered], said, strict=True))
    near = [r.answerable for q, r in zip(asked, readings, strict=True) if not q.answers]
    far = [r.answerable for r in reader.read(beside)]
    sure = [r.answerable for _, r in answered]
    return {
        "n": len(asked),
        "exact_match": _mean([exact_match(s, q.answers, language) for q, s in best]),
        "f1": _mean([f1(s, q.answers, language) for q, s in best]),
        "auroc_near_misses": auroc(sure, near),
        "auroc_mismatched": auroc(sure, far),
    }


def _words(text: str, spans: Iterable[Span | None]) -> str:
    return " ".join(text[span[0] : span[1]] for span in spans if span)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def xquad(path: Path, limit: int) -> list[Question]:
    """XQuAD's questions beside their paragraphs; ``other``: another paragraph of the article."""
    found = []
    rng = random.Random(0)
    for article in json.loads(path.read_text("utf-8"))["data"]:
        texts = [unicodedata.normalize("NFC", p["context"]) for p in article["paragraphs"]]
        for i, paragraph in enumerate(article["paragraphs"]):
            others = texts[:i] + texts[i + 1 :]
            for qa in paragraph["qas"]:
                answers = tuple(unicodedata.normalize("NFC", a["text"]) for a in qa["answers"])
                asked = unicodedata.normalize("NFC", qa["question"])
                found.append(Question(asked, texts[i], answers, rng.choice(others)))
    return _sample(found, limit)


def _sample(found: list[Question], limit: int) -> list[Question]:
    return random.Random(0).sample(found, limit) if 0 < limit < len(found) else found


def held_out(found: ExampleSet, limit: int) -> list[Question]:
    """The questions of a set; ``other``: another passage of its group."""
    rng = random.Random(0)
    asked = []
    for example in found.examples:
        text, group = found.passages[example.passage], found.groups[example.passage]
        answers = tuple(text[a:b] for a, b in example.spans)
        others = [t for t, g in zip(found.passages, found.groups, strict=True) if g == group]
        others = [t for t in others if t != text and not any(a in t for a in answers)]
        other = rng.choice(others) if others else None
        alternatives = (" ".join(answers),) if answers else ()
        asked.append(Question(example.asked, text, alternatives, other))
    return _sample(asked, limit)


def claims(reader: Reader, pairs: Sequence[Beside], labels: Sequence[int]) -> Figures:
    """Accuracy over three verdicts, and over those that are decided: supported or contradicted."""
    verdicts = reader.judge(pairs)
    right = [_likeliest(v) == label for v, label in zip(verdicts, labels, strict=True)]
    decided = [
        float((v.supported < v.contradicted) == label)
        for v, label in zip(verdicts, labels, strict=True)
        if label < 2
    ]
    return {"n": len(pairs), "accuracy": _mean(list(map(float, right))), "decided": _mean(decided)}


def _likeliest(verdict: Verdict) -> int:
    chances = (verdict.supported, verdict.contradicted, verdict.not_stated)
    return chances.index(max(chances))


def measure_xquad(reader: Reader, folder: Path, languages: Sequence[str], limit: int) -> Figures:
    return {
        language: questions(reader, xquad(folder / f"xquad.{language}.json", limit), language)
        for language in languages
    }


def measure_held_out(reader: Reader, data: Path, limit: int) -> Figures:
    """Each public set's held-out slice. The language decides only how answers are compared."""
    figures = {}
    for path in sorted((data / "public").glob("*.jsonl.gz")):
        language = next(rows(path))["lang"][:2]
        found = public_set(path, frozenset(), training=False)
        figures[found.name] = questions(reader, held_out(found, limit), language)
    return figures


def measure_claims(reader: Reader, data: Path, limit: int) -> Figures:
    """Pairs held out: of one language, and of the parallel set within and across languages."""
    folder = data / "public" / "nli"
    figures: Figures = {}
    for path in sorted(folder.glob(f"{HELD_OUT_FILE}*.jsonl.gz")):
        found = list(rows(path))[: limit or None]
        figures[HELD_OUT_FILE] = _claims_of(reader, found, found)
    files = sorted(folder.glob(f"{PARALLEL}*.jsonl.gz"))
    size = len(parallel_claims(files, training=False).examples) // len(files) if files else 0
    parallel = aligned([list(rows(path)) for path in files]) if files else []
    by_language = {held[0]["lang"]: held[-size:][: limit or None] for held in parallel}
    for a, b in (("vi", "vi"), ("en", "en"), ("en", "vi"), ("vi", "en")):
        if a in by_language and b in by_language:
            name = f"{PARALLEL} {a} claim, {b} text"
            figures[name] = _claims_of(reader, by_language[a], by_language[b])
    return figures


def _claims_of(
    reader: Reader, said: Sequence[dict[str, Any]], told: Sequence[dict[str, Any]]
) -> Figures:
    pairs = [(a["hypothesis"], b["premise"]) for a, b in zip(said, told, strict=True)]
    texts = [(unicodedata.normalize("NFC", a), unicodedata.normalize("NFC", b)) for a, b in pairs]
    return claims(
        reader, [Beside(a, b) for a, b in texts], [NLI_LABELS[row["label"]] for row in said]
    )


def measure_own(reader: Reader, files: Sequence[Path]) -> Figures:
    """The project's own set: its questions, with near misses, by the languages of article and
    question, each beside the whole article and beside one passage; and its claims."""
    asked, told = own_sets(files)
    figures: Figures = {}
    articles = {a.text: a for path in files for a in read_own(path)}
    groups: dict[str, list[Question]] = defaultdict(list)
    for example in asked.examples:
        text, title = asked.passages[example.passage], asked.titles[example.passage]
        answers = (" ".join(text[a:b] for a, b in example.spans),) if example.spans else ()
        size = "article" if text in articles else "passage"
        same = language_of(example.asked) == language_of(text)
        name = f"{size}, {language_of(text)}, {'same' if same else 'other'} language"
        groups[name].append(Question(example.asked, text, answers, title=title))
    for name, found in sorted(groups.items()):
        figures[name] = questions(reader, found, name.split(", ")[1], lists=True)
    pairs = [
        Beside(e.asked, told.passages[e.passage], told.titles[e.passage]) for e in told.examples
    ]
    figures["claims"] = claims(reader, pairs, [example.verdict for example in told.examples])
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures the reader.")
    add = parser.add_argument
    add("--weights", type=Path, required=True, help="a packed file or a run's checkpoint.pt")
    add("--xquad", type=Path, help="folder of xquad.*.json")
    add("--languages", nargs="*", default=["vi", "en"], help="of XQuAD")
    add("--data", type=Path, help="folder with public/*.jsonl.gz: measures what was held out")
    add("--own", type=Path, nargs="*", default=[], help="files of the project's own set")
    add("--limit", type=int, default=0, help="at most so many questions of each; 0: all")
    add("--precision", choices=["auto", "bf16", "fp32"], default="auto")
    options = parser.parse_args()
    model = ReaderModel(dtype_of(options.precision)).learn_from(options.weights)
    reader = Reader(model.requires_grad_(False).eval())
    figures: Figures = {"weights": str(options.weights)}
    if options.xquad:
        languages = options.languages
        figures["xquad"] = measure_xquad(reader, options.xquad, languages, options.limit)
    if options.data:
        figures["held_out"] = measure_held_out(reader, options.data, options.limit)
        figures["claims"] = measure_claims(reader, options.data, options.limit)
    if options.own:
        figures["own"] = measure_own(reader, options.own)
    json.dump(figures, sys.stdout, indent=1, ensure_ascii=False)
    print()  # noqa: T201


if __name__ == "__main__":
    main()
