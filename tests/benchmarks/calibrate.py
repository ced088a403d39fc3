"""Fits the shipped reader's calibration: ``python -m tests.benchmarks.calibrate``.

On the questions of the own set's dev part, asked over the articles of dev and train; the reader
has learnt from neither dev's articles nor its questions. Writes ``calibration.json`` beside the
weights. Prints how good confidence is on questions that it was not fitted on (folds by article):
the calibration error, how often each certainty is right, and what each threshold answers and
refuses; and what is left where passages are believed by retrieval alone, or by the reader alone.
``--plot FILE`` draws the reliability.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from assistant.evaluation._metrics import auroc, tpr_at_fpr
from assistant.evaluation.calibrating import (
    Observation,
    calibration_error,
    fit,
    held_out,
    observe,
    reliability,
)
from assistant.reading.calibration import Calibration
from assistant.reading.own_set import OwnArticle, OwnQuestion
from assistant.reading.shipped import CALIBRATION, SHIPPED, CalibratedReader
from assistant.types import SAYS_SO, Span
from tests.benchmarks.reading import articles_of, opened

# What of a passage's features is known to each arm of the ablation: logits of the reader (answers,
# margin), and how far retrieval has it behind the first.
ARMS = {"retrieval alone": (2,), "reader alone": (0, 1), "both": (0, 1, 2)}
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)
Pairs = Sequence[tuple[float, bool]]


def answers_to(question: OwnQuestion, article_id: str) -> dict[str, list[Span]]:
    spans = [Span(a, b) for a, b in question.spans]
    return {article_id: spans} if spans else {}


def observed(
    reader: CalibratedReader, part: str, beside: Sequence[OwnArticle]
) -> tuple[list[tuple[OwnArticle, OwnQuestion, Observation]], str]:
    """Every question of the part, asked over the articles of it and those ``beside``; and the
    digest of the embedding model."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        assistant, ids = opened([part], Path(folder), beside)
        for article in articles_of(part):
            for question in article.questions:
                answers = answers_to(question, ids[article.id])
                one = observe(assistant.index, reader, question.asked, answers, article.id)
                found.append((article, question, one))
        encoder = assistant.index.encoder.digest
        assistant.close()
    return found, encoder


def figures(pairs: Pairs, observations: Sequence[Observation]) -> dict[str, Any]:
    """What confidences tell: ``pairs`` are of the ``observations``, in the same order."""
    sure = [c for (c, _), one in zip(pairs, observations, strict=True) if one.answerable]
    near = [c for (c, _), one in zip(pairs, observations, strict=True) if not one.answerable]
    right = [r for (_, r), one in zip(pairs, observations, strict=True) if one.answerable]
    said = [r for c, r in pairs if c >= SAYS_SO]
    table = {
        str(least): {
            "answered right": mean([c >= least and r for c, r in zip(sure, right, strict=True)]),
            "refused": mean([c < least for c in sure]),
            "false answers": mean([c >= least for c in near]),
            "right of those answered": mean([r for c, r in pairs if c >= least]),
        }
        for least in THRESHOLDS
    }
    return {
        "questions": len(pairs),
        "best answer right": mean(right),
        "read a right passage": mean([any(one.right) for one in observations if one.answerable]),
        "auroc of near misses": auroc(sure, near),
        "kept at 5% false": tpr_at_fpr(sure, near),
        "calibration error": round(calibration_error(pairs), 3),
        "says so": {"share": mean([c >= SAYS_SO for c, _ in pairs]), "right": mean(said)},
        "at": table,
    }


def ablated(
    observations: Sequence[Observation], fitted: Callable[[Sequence[Observation]], Calibration]
) -> dict[str, dict[str, Any]]:
    """The main figures of each arm. The span in a passage is the reader's in all of them."""
    found = {}
    for arm, known in ARMS.items():
        kept = [
            replace(one, features=tuple(_only(known, x) for x in one.features))
            for one in observations
        ]
        told = figures(held_out(kept, fitted), kept)
        names = ("best answer right", "auroc of near misses", "kept at 5% false")
        found[arm] = {name: told[name] for name in names}
    return found


def _only(known: Sequence[int], features: Sequence[float]) -> tuple[float, ...]:
    return tuple(x if i in known else 0.0 for i, x in enumerate(features))


def mean(flags: Sequence[bool]) -> float | None:
    return round(sum(flags) / len(flags), 3) if flags else None


def plot(pairs: Pairs, path: Path) -> None:
    """Confidence against the share that is right, in an SVG of 320 by 320."""
    dots = "".join(
        f'<circle cx="{40 + 260 * sure:.1f}" cy="{290 - 260 * right:.1f}" r="5"/>'
        for sure, right, _ in reliability(pairs)
    )
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 320" font-family="sans-serif" '
        'font-size="11"><rect width="320" height="320" fill="#fff"/>'
        '<path d="M40 290H300M40 290V30" stroke="#888" fill="none"/>'
        '<path d="M40 290L300 30" stroke="#bbb" stroke-dasharray="4"/>'
        f'<g fill="#1a5fb4">{dots}</g><text x="120" y="312">confidence (0 to 1)</text>'
        '<text x="14" y="190" transform="rotate(-90 14 190)">answers that are right</text></svg>\n',
        "utf-8",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Fits the reader's calibration.")
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="of the reader's weights")
    parser.add_argument("--beside", default="*.txt", help="files of train (pattern) that stand by")
    parser.add_argument("--plot", type=Path, help="draw the reliability as an SVG")
    options = parser.parse_args()
    reader = CalibratedReader(options.folder)
    began = time.perf_counter()
    rows, encoder = observed(reader, "dev", articles_of("train", options.beside))
    observations = [one for *_, one in rows]
    fitted = partial(fit, reader=reader.digest, encoder=encoder)
    pairs = held_out(observations, fitted)
    told: dict[str, Any] = {"all": figures(pairs, observations)}
    for name in ("vi → vi", "within", "across"):
        kept = [
            i
            for i, (article, question, _) in enumerate(rows)
            if (question.language == article.language) == (name != "across")
            and (article.language == "vi" or name != "vi → vi")
        ]
        told[name] = figures([pairs[i] for i in kept], [observations[i] for i in kept])
    told["ablation"] = ablated(observations, fitted)
    told["seconds"] = round(time.perf_counter() - began)
    json.dump(told, sys.stdout, indent=1)
    print()
    text = json.dumps(fitted(observations).to_json(), indent=1) + "\n"
    (options.folder / CALIBRATION).write_text(text, "utf-8")
    if options.plot:
        plot(pairs, options.plot)


if __name__ == "__main__":
    main()
