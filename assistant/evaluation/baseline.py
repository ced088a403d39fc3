"""A report against an earlier one, and what a build has to fail for.

Works on reports as their files hold them (``Report.to_json``). Decisions are messages: an empty
list lets the build pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from assistant.evaluation import _metrics as metrics
from assistant.evaluation._significance import paired_p
from assistant.evaluation.evaluate import LOWER_IS_BETTER, SECTION_OF, SECTIONS
from assistant.types import AssistantError, SettingsError

ReportJson = Mapping[str, Any]
Pair = tuple[Mapping[str, Any], Mapping[str, Any]]  # a question now, and earlier

ALPHA = 0.05  # a difference with a smaller p-value is taken for real
GOOD = frozenset(("right", "right refusal", "found"))
_OF_RANKINGS = frozenset(("found", "missed"))
_RANKED = {"auroc": metrics.auroc, "tpr_at_5_fpr": metrics.tpr_at_fpr}
_RANKED_PERMUTATIONS = 499  # each takes two ROC curves


class ReportError(AssistantError):
    """A report's file cannot be used: the message names it and why."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A metric over the ``n`` questions that both reports have; ``p`` is None where it is not
    tested (latencies: machines differ)."""

    metric: str
    earlier: float
    now: float
    n: int
    p: float | None

    @property
    def change(self) -> float:
        return self.now - self.earlier

    @property
    def significant(self) -> bool:
        return self.p is not None and self.p < ALPHA

    @property
    def worse(self) -> bool:
        """Whether it moved the wrong way, by however little."""
        return self.change > 0 if self.metric in LOWER_IS_BETTER else self.change < 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Differences by metric, and the questions whose verdict became right or ceased to be.

    Questions are (id, held out). ``unpaired``: questions that only one of the reports has, or
    that are not the same in both.
    """

    differences: tuple[Difference, ...]
    better: tuple[tuple[str, bool], ...]
    worse: tuple[tuple[str, bool], ...]
    unpaired: int

    def of(self, metric: str) -> Difference | None:
        return next((d for d in self.differences if d.metric == metric), None)


def load_report(path: Path) -> dict[str, Any]:
    """A report that ``--json`` has written. Raises ReportError."""
    try:
        report = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReportError(f"{path} cannot be read, {error.strerror}; check the path") from None
    except ValueError:
        raise ReportError(f"{path} is not JSON; name a file that eval --json wrote") from None
    wanted = {"n", "details", *SECTIONS} - {"llm"}  # which earlier versions did not write
    if not isinstance(report, dict) or not wanted <= report.keys():
        raise ReportError(f"{path} is not a report; name a file that eval --json wrote")
    return report


def compare(report: ReportJson, earlier: ReportJson) -> Comparison:
    """Paired differences of every metric, question by question.

    Raises ReportError when the reports have no question in common.
    """
    now, before = _by_key(report), _by_key(earlier)
    pairs = [(now[key], before[key]) for key in now if key in before]
    pairs = [(a, b) for a, b in pairs if _same(a, b)]
    if not pairs:
        raise ReportError(
            "The reports have no question in common; compare two runs of the same question set"
        )
    judged = [(a, b) for a, b in pairs if _same_kind(a["verdict"], b["verdict"])]
    return Comparison(
        tuple(_differences(pairs)),
        tuple(_key(a) for a, b in judged if a["verdict"] in GOOD and b["verdict"] not in GOOD),
        tuple(_key(a) for a, b in judged if a["verdict"] not in GOOD and b["verdict"] in GOOD),
        len(now) + len(before) - 2 * len(pairs),
    )


def _key(question: Mapping[str, Any]) -> tuple[str, bool]:
    return question["id"], question["held_out"]


def _by_key(report: ReportJson) -> dict[tuple[str, bool], Mapping[str, Any]]:
    return {_key(question): question for question in report["details"]["questions"]}


def _same(now: Mapping[str, Any], earlier: Mapping[str, Any]) -> bool:
    """The same question with the same gold: an edited question is another one."""
    return all(now[key] == earlier[key] for key in ("question", "unanswerable", "gold"))


def _same_kind(now: str, earlier: str) -> bool:
    """Verdicts on rankings are not compared with verdicts on answers."""
    return (now in _OF_RANKINGS) == (earlier in _OF_RANKINGS)


def _differences(pairs: Sequence[Pair]) -> Iterable[Difference]:
    for names in SECTIONS.values():
        for metric in names:
            if metric in _RANKED:
                found = _ranked_difference(metric, pairs)
            elif metric in SECTIONS["latency_ms"]:
                found = _latency_difference(metric, pairs)
            else:
                found = _mean_difference(metric, pairs)
            if found:
                yield found


def _mean_difference(metric: str, pairs: Sequence[Pair]) -> Difference | None:
    both = [(a["scores"].get(metric), b["scores"].get(metric)) for a, b in pairs]
    values = [(a, b) for a, b in both if a is not None and b is not None]
    if not values:
        return None
    now, earlier = zip(*values, strict=True)
    p = paired_p(now, earlier)
    return Difference(metric, float(np.mean(earlier)), float(np.mean(now)), len(values), p)


def _latency_difference(metric: str, pairs: Sequence[Pair]) -> Difference | None:
    what = "retrieval" if metric.startswith("retrieval") else "answer"
    first = [(a["latency_ms"], b["latency_ms"]) for a, b in pairs if not a["held_out"]]
    both = [(a.get(what), b.get(what)) for a, b in first]
    values = [(a, b) for a, b in both if a is not None and b is not None]
    if not values:
        return None
    share = int(metric.rpartition("p")[2])
    now, earlier = (float(np.percentile(times, share)) for times in zip(*values, strict=True))
    return Difference(metric, earlier, now, len(values), None)


def _ranked_difference(metric: str, pairs: Sequence[Pair]) -> Difference | None:
    """AUROC and TPR depend on the order of confidences alone: these are compared as ranks, so
    that two systems with different scales can be swapped question by question.

    Source: Venkatraman and Begg 1996, "A distribution-free procedure for comparing receiver
    operating characteristic curves from a paired experiment".
    """
    judged = [
        (a, b) for a, b in pairs if a["confidence"] is not None and b["confidence"] is not None
    ]
    negative = np.array([a["unanswerable"] for a, _ in judged], dtype=bool)
    if not negative.any() or negative.all():
        return None
    ranks = [stats.rankdata([q["confidence"] for q in side]) for side in zip(*judged, strict=True)]

    def of(values: Any) -> float:
        figure = _RANKED[metric](values[~negative], values[negative])
        assert figure is not None  # both classes are there
        return figure

    def difference(now: Any, earlier: Any) -> float:
        return of(now) - of(earlier)

    p = paired_p(ranks[0], ranks[1], difference, _RANKED_PERMUTATIONS)
    return Difference(metric, of(ranks[1]), of(ranks[0]), len(judged), p)


def regressions(comparison: Comparison) -> list[str]:
    """For --fail-on-regression: a message for every metric that is significantly worse."""
    return [
        f"{d.metric} fell behind the baseline: {d.earlier:.4f} → {d.now:.4f} "
        f"(n = {d.n}, p = {d.p:.4f})"
        for d in comparison.differences
        if d.worse and d.significant
    ]


def shortfalls(report: ReportJson, limits: Sequence[str]) -> list[str]:
    """For --fail-under METRIC=VALUE: a message for every limit that is not kept.

    A metric of which less is better (an error rate, a latency) must not be over its limit. One
    that does not apply keeps no limit. Raises SettingsError for a limit that cannot be read.
    """
    messages = []
    for metric, limit in map(parse_limit, limits):
        value = report[SECTION_OF[metric]][metric]
        lower = metric in LOWER_IS_BETTER
        if value is None:
            messages.append(f"{metric} does not apply to this run; its limit is {limit:g}")
        elif value > limit if lower else value < limit:
            messages.append(f"{metric} is {value:.4f}, {'over' if lower else 'under'} {limit:g}")
    return messages


def parse_limit(text: str) -> tuple[str, float]:
    """``recall@1=0.95`` → ("recall@1", 0.95), and so does ``retrieval.recall@1=0.95``."""
    name, equals, value = text.partition("=")
    section, _, metric = name.strip().rpartition(".")
    if metric not in SECTION_OF or (section and SECTION_OF[metric] != section):
        raise SettingsError(
            f"Unknown metric {name!r} in {text!r}; known are: {', '.join(SECTION_OF)}"
        )
    try:
        if not equals or not np.isfinite(float(value)):
            raise ValueError
    except ValueError:
        raise SettingsError(f"{text!r} sets no limit; write it as {metric}=0.95") from None
    return metric, float(value)
