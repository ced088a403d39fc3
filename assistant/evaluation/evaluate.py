"""Evaluation: a question set put to an assistant becomes a report."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from assistant.evaluation import _metrics as metrics
from assistant.evaluation._control import control_records
from assistant.evaluation._provenance import provenance
from assistant.evaluation._questions import Question
from assistant.evaluation._scoring import Record, System, Trial, put
from assistant.evaluation._significance import RESAMPLES, Interval, interval
from assistant.evaluation._support import Supports
from assistant.evaluation.questionset import EVIDENCE, Gold, golds
from assistant.types import Article, QuestionSetError

Progress = Callable[[int, int], None]  # questions done, and in all
Figures = dict[str, dict[str, float | None]]  # section → metric → figure
Intervals = dict[str, dict[str, Interval | None]]

# What is reported, in the order of the report. Means over the questions that a metric applies to,
# but for the last two of "refusal" and "latency_ms".
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "retrieval": ("recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10"),
    "answers": ("exact_match", "f1", "contains", "evidence", "language"),
    "citations": ("validity", "precision", "recall"),
    "refusal": ("false_answer_rate", "false_refusal_rate", "auroc", "tpr_at_5_fpr", "aurc"),
    "latency_ms": ("p50", "p95", "retrieval_p50", "retrieval_p95"),
    "llm": ("claims_supported", "fallback_rate", "tokens_read", "tokens_written"),
}
SECTION_OF = {metric: section for section, names in SECTIONS.items() for metric in names}
LOWER_IS_BETTER = frozenset(
    (
        *("false_answer_rate", "false_refusal_rate", "aurc", *SECTIONS["latency_ms"]),
        *("fallback_rate", "tokens_read", "tokens_written"),
    )
)
_RANKED = {"auroc": metrics.auroc, "tpr_at_5_fpr": metrics.tpr_at_fpr}
_CONTROLLED = ("retrieval", "answers", "citations")
_HALF_SEED = 11


@dataclass(frozen=True, slots=True)
class Options:
    """How a question set is put.

    ``strip_accents``: questions in Latin script lose their accents. ``holdout``: "gold" asks
    every answerable question a second time without its gold article; "half" leaves a random half
    of the articles out. ``limit``: the first questions only. ``supports``: a test of support for
    citations in place of the reader's own, such as an NLI model; ``judge`` is what the report
    calls it. ``name``: of the set.
    """

    strip_accents: bool = False
    holdout: Literal["gold", "half"] | None = None
    retrieval_only: bool = False
    limit: int | None = None
    supports: Supports | None = None
    judge: str = "model"
    resamples: int = RESAMPLES
    name: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found. ``controls``: the same with the passages of other questions."""

    records: tuple[Record, ...]
    controls: tuple[Record, ...]
    provenance: Mapping[str, Any]
    notes: tuple[str, ...] = ()
    resamples: int = RESAMPLES

    def to_json(self) -> dict[str, Any]:
        """The contract's shape; all that goes beyond it is under "details".

        A figure that does not apply is None.
        """
        return {
            "n": _count(self.records),
            **_rounded(figures(self.records)),
            "by_language": {
                language: {"n": _count(records), **_rounded(figures(records))}
                for language, records in self._by_language().items()
            },
            "provenance": dict(self.provenance),
            "details": self._details(),
        }

    def _details(self) -> dict[str, Any]:
        curve = metrics.risk_coverage(*_confident(self.records))
        return {
            "counts": counts(self.records),
            "notes": list(self.notes),
            "intervals": _rounded(intervals(self.records, self.resamples)),
            "intervals_by_language": {
                language: _rounded(intervals(records, self.resamples, quick=True))
                for language, records in self._by_language().items()
            },
            "control": _rounded(
                {section: figures(self.controls)[section] for section in _CONTROLLED}
            ),
            "risk_coverage": [[round(c, 6), round(r, 6)] for c, r in curve],
            "questions": [record.to_json() for record in self.records],
        }

    def _by_language(self) -> dict[str, list[Record]]:
        """The records of each language, the most frequent first."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.trial.question.language, []).append(record)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))


def run(
    system: System,
    questions: Sequence[Question],
    options: Options | None = None,
    progress: Progress = lambda done, total: None,
) -> Report:
    """Puts every question to ``system`` and scores what comes back.

    Raises QuestionSetError when there is no question, or when the index has none of the articles
    that the questions are about.
    """
    options = options or Options()
    chosen = questions[: options.limit]
    if not chosen:
        raise QuestionSetError("There is no question to ask; name a set that holds some")
    articles = {article.id: article for article in system.articles()}
    found = golds(chosen, list(articles.values()))
    notes = _notes(chosen, found, articles, options)
    trials = list(_trials(chosen, found, list(articles), options))
    ask = partial(
        put,
        system,
        articles=articles,
        retrieval_only=options.retrieval_only,
        supports=options.supports,
    )
    ask(trials[0])  # loads the model, which is no question's latency
    records = []
    for done, trial in enumerate(trials, 1):
        records.append(ask(trial))
        progress(done, len(trials))
    controls = control_records(records, articles, options.supports)
    origin = provenance(system, chosen, articles.values())
    origin["run"] = {
        "questions": options.name,
        "strip_accents": options.strip_accents,
        "holdout": options.holdout,
        "retrieval_only": options.retrieval_only,
        "limit": options.limit,
        "support": "self-check" if options.supports is None else options.judge,
    }
    return Report(tuple(records), tuple(controls), origin, notes, options.resamples)


# -- trials --------------------------------------------------------------------------------


def _trials(
    questions: Sequence[Question],
    found: Sequence[Gold],
    article_ids: Sequence[str],
    options: Options,
) -> Iterator[Trial]:
    left_out = _half(article_ids) if options.holdout == "half" else frozenset()
    for question, gold in zip(questions, found, strict=True):
        asked = unaccented(question.question) if options.strip_accents else question.question
        kept = _without(gold, left_out)
        gone = bool(gold.articles & left_out) and not kept.articles
        yield Trial(question, asked, kept, question.unanswerable or gone, left_out)
        if options.holdout == "gold" and gold.articles and not question.unanswerable:
            yield Trial(question, asked, _NOTHING, True, gold.articles, held_out=True)


_NOTHING = Gold({}, {}, 0)


def _half(article_ids: Sequence[str]) -> frozenset[str]:
    """A random half of the articles, the same in every run."""
    order = np.random.default_rng(_HALF_SEED).permutation(sorted(article_ids))
    return frozenset(order[: len(order) // 2].tolist())


def _without(gold: Gold, left_out: frozenset[str]) -> Gold:
    """What stays relevant when some articles are left out."""
    if not gold.articles & left_out:
        return gold
    spans = {key: value for key, value in gold.spans.items() if key not in left_out}
    kept = {
        item: grade
        for item, grade in gold.grades.items()
        if item not in left_out and (item != EVIDENCE or spans)
    }
    return Gold(kept, spans, gold.missing)


def unaccented(text: str) -> str:
    """``text`` without the accents of its Latin letters: "Đường số 5" → "Duong so 5".

    Other scripts keep their marks: theirs are letters.
    """
    kept: list[str] = []
    latin = False
    for c in unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D")):
        if unicodedata.category(c) != "Mn":
            latin = unicodedata.name(c, "").startswith("LATIN")
        elif latin:
            continue
        kept.append(c)
    return unicodedata.normalize("NFC", "".join(kept))


def _notes(
    questions: Sequence[Question],
    found: Sequence[Gold],
    articles: Mapping[str, Article],
    options: Options,
) -> tuple[str, ...]:
    """What a reader of the figures has to know. Raises QuestionSetError for a foreign index."""
    about = [gold for q, gold in zip(questions, found, strict=True) if q.grades or q.evidence]
    missing = sum(gold.missing > 0 for gold in about)
    if about and all(gold.missing and gold.missing >= len(gold.grades) for gold in about):
        raise QuestionSetError(
            "The index has none of the articles that the questions are about; index the articles "
            "of the set, or name the parallel set that has its questions in their language"
        )
    notes = []
    if missing:
        notes.append(
            f"{missing} of {len(about)} questions are about articles that are not in the index; "
            f"they count as not found"
        )
    if options.holdout and len(articles) == 1:
        notes.append("The index has one article, so that leaving some out leaves all or none")
    return tuple(notes)


# -- figures -------------------------------------------------------------------------------


def figures(records: Sequence[Record]) -> Figures:
    """Every metric over ``records``."""
    found: Figures = {
        section: {name: _mean(_values(records, name)) for name in names}
        for section, names in SECTIONS.items()
    }
    yes, no = _confidences(records)
    found["refusal"] |= {name: metric(yes, no) for name, metric in _RANKED.items()}
    found["refusal"]["aurc"] = metrics.aurc(*_confident(records))
    for name, (times, share) in _latencies(records).items():
        found["latency_ms"][name] = float(np.percentile(times, share)) if times else None
    return found


def intervals(records: Sequence[Record], resamples: int, quick: bool = False) -> Intervals:
    """The 95% bootstrap interval of every metric that has one; ``quick`` leaves out the slow."""
    found: Intervals = {
        section: {name: _interval(_values(records, name), resamples) for name in names}
        for section, names in SECTIONS.items()
    }
    samples = _confidences(records)
    for name, metric in _RANKED.items():
        if not quick and all(samples):
            found["refusal"][name] = interval(samples, metric, resamples, vectorized=False)
    if not quick:
        found["refusal"]["aurc"] = interval(
            _confident(records), metrics.aurc, resamples, vectorized=False, paired=True
        )
    for name, (times, share) in _latencies(records).items():
        found["latency_ms"][name] = _interval(times, resamples, partial(np.percentile, q=share))
    return found


def _interval(
    values: Sequence[float], resamples: int, statistic: Callable[..., Any] = np.mean
) -> Interval | None:
    return interval([values], statistic, resamples)


def _values(records: Iterable[Record], metric: str) -> list[float]:
    found = (record.scores.get(metric) for record in records)
    return [value for value in found if value is not None]


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


def _confidences(records: Iterable[Record]) -> tuple[list[float], list[float]]:
    """Confidences of answerable and of unanswerable questions."""
    found: tuple[list[float], list[float]] = ([], [])
    for record in records:
        if record.answer is not None and record.verdict in _DECIDED:
            found[record.trial.unanswerable].append(record.answer.confidence)
    return found


# Verdicts on an answer, as opposed to those on a ranking alone.
_DECIDED = frozenset(("right", "wrong", "false refusal", "false answer", "right refusal"))


def _confident(records: Iterable[Record]) -> tuple[list[float], list[bool]]:
    """Confidence, and whether the answer without a threshold is right, of each question."""
    decided = [(r, r.answer) for r in records if r.verdict in _DECIDED]
    return [a.confidence for _, a in decided if a], [r.surely for r, a in decided if a]


def _latencies(records: Sequence[Record]) -> dict[str, tuple[list[float], int]]:
    """Metric → milliseconds of the questions' first asking, and the percentile to take."""
    first = [record.milliseconds for record in records if not record.trial.held_out]
    return {
        name: ([times[what] for times in first if what in times], share)
        for name, what, share in (
            ("p50", "answer", 50),
            ("p95", "answer", 95),
            ("retrieval_p50", "retrieval", 50),
            ("retrieval_p95", "retrieval", 95),
        )
    }


def counts(records: Sequence[Record]) -> dict[str, Any]:
    """How many questions there are of which kind, and how many got which verdict."""
    first = [record for record in records if not record.trial.held_out]
    verdicts = [record.verdict for record in records]
    return {
        "answerable": sum(not record.trial.unanswerable for record in first),
        "unanswerable": sum(record.trial.unanswerable for record in first),
        "held_out": len(records) - len(first),
        "verdicts": {verdict: verdicts.count(verdict) for verdict in sorted(set(verdicts))},
    }


def _count(records: Iterable[Record]) -> int:
    """Questions; one that is asked twice counts once."""
    return sum(not record.trial.held_out for record in records)


def _rounded(sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Six decimals: enough to compare, short to read. Intervals become lists."""

    def short(value: Any) -> Any:
        if isinstance(value, tuple):
            return [round(bound, 6) for bound in value]
        return None if value is None else round(value, 6)

    return {
        section: {name: short(value) for name, value in names.items()}
        for section, names in sections.items()
    }
