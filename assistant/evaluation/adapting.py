"""``assistant train``: the reader goes on learning, from questions about one's own articles.

A third of the questions, by article, is held out: the reader is judged on it before and after, and
calibrated on it where there are enough. What is not better is not kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.evaluation._metrics import auroc
from assistant.evaluation._questions import Question
from assistant.evaluation.calibrating import Observation, confidence, fit, observe
from assistant.evaluation.questionset import Gold, golds
from assistant.index.index import Index
from assistant.reading.calibration import Calibration
from assistant.reading.readings import PassageReader
from assistant.reading.shipped import CALIBRATION, WEIGHTS, CalibratedReader
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.types import Passage, QuestionSetError, Span

if TYPE_CHECKING:
    from assistant.reading.examples import ExampleSet
    from assistant.reading.model import ReaderModel

HELD_OUT = 3  # every third article's questions
LEAST = 60  # questions whose answers stand in the articles
LEAST_HELD_OUT = 15  # of those, to be judged on
CALIBRATED = 100  # questions held out from which on the calibration is fitted anew
RATE, EPOCHS, TOKENS, SEED = 3e-5, 3, 6000, 1
HARD = 2  # passages that do not answer, the most alike, beside which a question is put

Progress = Callable[[int, int], None]  # steps done, and in all


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with where the articles answer it, by article; nowhere: it is unanswerable."""

    question: str
    answers: dict[str, list[Span]]
    group: str

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.group.encode()).hexdigest(), 16) % HELD_OUT == 0


@dataclass(frozen=True, slots=True)
class Judged:
    """How a reader does on the questions held out. ``right``: share of the answerable ones whose
    best answer is right; ``auroc``: of their confidence against that of the unanswerable."""

    right: float
    auroc: float | None


@dataclass(frozen=True, slots=True)
class Adapted:
    """What came of it. ``kept``: the reader is better and was written to ``folder``."""

    trained: int
    held_out: int
    before: Judged
    after: Judged
    kept: bool
    folder: Path
    recalibrated: bool

    def __str__(self) -> str:
        def row(name: str, one: Judged) -> str:
            auc = "–" if one.auroc is None else f"{one.auroc:.3f}"
            return f"  {name}: {one.right:.3f} answered right, AUROC of unanswerable {auc}"

        end = (
            f"Kept in {self.folder}; use it with ASSISTANT_READER={self.folder}"
            if self.kept
            else "Not better, so it was not kept; add questions, above all of the kinds that fail"
        )
        lines = [
            f"Learnt from {self.trained} questions; judged on {self.held_out} held out:",
            row("before", self.before),
            row("after ", self.after),
            end,
        ]
        if self.kept and not self.recalibrated:
            lines.append(
                f"Confidence keeps its old calibration: that takes {CALIBRATED} questions held out"
            )
        return "\n".join(lines)


def asked_of(questions: Sequence[Question], index: Index) -> list[Asked]:
    """The questions that can be learnt from: answered where the articles show it, or unanswerable.

    Raises QuestionSetError where they are too few to learn from or to judge by.
    """
    articles = index.catalog.articles()
    texts = {article.id: article.text for article in articles}
    found = []
    for question, gold in zip(questions, golds(questions, articles), strict=True):
        if question.unanswerable:
            found.append(Asked(question.question, {}, question.article_id or question.question))
        elif answers := _answers(question, gold, texts):
            found.append(Asked(question.question, answers, min(answers)))
    known = [one for one in found if one.answers]
    held_out = sum(one.held_out for one in known)
    if len(known) < LEAST or held_out < LEAST_HELD_OUT:
        raise QuestionSetError(
            f"Too few questions to learn from and to judge by: the articles show the answers of "
            f"{len(known)}, {held_out} of them held out, and {LEAST} and {LEAST_HELD_OUT} are "
            "needed; add questions about more articles, with answers and evidence"
        )
    return found


def _answers(question: Question, gold: Gold, texts: dict[str, str]) -> dict[str, list[Span]]:
    """Where the first of the answers that the evidence has stands in it, else the evidence."""
    found = {}
    for article_id, places in gold.spans.items():
        spans = []
        for place in places:
            words = texts[article_id][place.start : place.end]
            said = next((a for a in question.answers if a in words), words)
            first = place.start + words.index(said)
            spans.append(Span(first, first + len(said)))
        found[article_id] = spans
    return found


def adapt(
    index: Index,
    reader: CalibratedReader,
    questions: Sequence[Question],
    folder: Path,
    progress: Progress | None = None,
) -> Adapted:
    """Trains ``reader`` further on two thirds of the questions. Raises QuestionSetError."""
    from assistant.reading.reader import Reader  # imports torch, which takes seconds

    asked = asked_of(questions, index)
    held_out = [one for one in asked if one.held_out]
    learnt = [one for one in asked if not one.held_out]
    first = _observed(index, reader, held_out)
    before = _judged(first, reader.calibration)
    model = _trained(index, reader, learnt, progress)
    observations = _observed(index, Reader(model), held_out)
    # By the old calibration too: one fitted on these questions would flatter the new reader.
    after = _judged(observations, reader.calibration)
    kept = after.right > before.right
    calibration = reader.calibration
    enough = len(held_out) >= CALIBRATED
    if enough:
        try:
            calibration = fit(observations, "", index.encoder.digest)
        except ValueError:  # all right, or all wrong
            enough = False
    if kept:
        _write(folder, model, calibration)
    return Adapted(len(learnt), len(held_out), before, after, kept, folder, enough)


def _observed(index: Index, reader: PassageReader, asked: Sequence[Asked]) -> list[Observation]:
    return [observe(index, reader, one.question, one.answers, one.group) for one in asked]


def _judged(observations: Sequence[Observation], calibration: Calibration) -> Judged:
    pairs = [(one.answerable, *confidence(one, calibration)) for one in observations]
    right = [right for answerable, _, right in pairs if answerable]
    sure = [sure for answerable, sure, _ in pairs if answerable]
    near = [sure for answerable, sure, _ in pairs if not answerable]
    return Judged(sum(right) / max(1, len(right)), auroc(sure, near))


def _trained(
    index: Index, reader: CalibratedReader, asked: Sequence[Asked], progress: Progress | None
) -> ReaderModel:
    """The reader's model after a few passes over the questions, at a falling rate."""
    from assistant.reading.corpus import build
    from assistant.reading.mixture import Mixture
    from assistant.reading.model import ReaderModel
    from assistant.reading.trainer import Trainer

    model = ReaderModel().learn_from(reader.folder / WEIGHTS)
    examples = _examples(index, asked)
    corpus = build([examples], model.tokenize)
    mixture = Mixture(corpus, model.tokenize, model.special, SEED, len(examples.examples))
    batches = [b for epoch in range(EPOCHS) for b in mixture.batches(epoch, TOKENS)]
    trainer = Trainer(model, RATE)
    for done, shown in enumerate(batches):
        trainer.step(shown, 1 - done / len(batches))
        if progress:
            progress(done + 1, len(batches))
    return model.eval()


def _examples(index: Index, asked: Sequence[Asked]) -> ExampleSet:
    """Each question beside the passages that answer it, and the most alike that do not."""
    from assistant.reading.examples import Example, ExampleSet

    found = ExampleSet("own")
    numbers: dict[tuple[str, int], int] = {}
    for one in asked:
        ranked = rank(index, make_query(index, one.question))
        hard = 0
        for candidate in ranked:
            passage = candidate.stored.passage
            spans = _inside(passage, one.answers.get(passage.article_id, []))
            if not spans and hard == HARD:
                continue
            hard += not spans
            key = (passage.article_id, passage.start)
            if key not in numbers:
                numbers[key] = found.add_passage(passage.text, 0, candidate.stored.title)
            found.examples.append(Example(one.question, numbers[key], spans))
    return found


def _inside(passage: Passage, spans: Sequence[Span]) -> tuple[tuple[int, int], ...]:
    first = passage.start
    return tuple(
        (s.start - first, s.end - first) for s in spans if first <= s.start and s.end <= passage.end
    )


def _write(folder: Path, model: ReaderModel, calibration: Calibration) -> None:
    """Writes weights and calibration; the latter names the former."""
    from assistant.index.packed_weights import write

    folder.mkdir(parents=True, exist_ok=True)
    write(folder / WEIGHTS, model.weights(), "q8_0", {"adapted": True})
    own = replace(calibration, reader=CalibratedReader(folder).digest)
    text = json.dumps(own.to_json(), indent=1) + "\n"
    (folder / CALIBRATION).write_text(text, "utf-8")
