"""A report as a table for the terminal, and how its figures are named and printed.

Made from a report as its file holds it (``Report.to_json``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.evaluation.baseline import Comparison, Difference
from assistant.evaluation.evaluate import SECTIONS

ReportJson = Mapping[str, Any]

NONE = "–"  # what a figure that does not apply prints as
HEADINGS = {
    "retrieval": "Retrieval",
    "answers": "Answers",
    "citations": "Citations",
    "refusal": "Refusal",
    "latency_ms": "Latency, ms",
    "llm": "Language model",
}
COUNTS = frozenset(
    ("p50", "p95", "retrieval_p50", "retrieval_p95", "tokens_read", "tokens_written")
)
# Metric → its name, and what it says in a few words.
LABELS: Mapping[str, tuple[str, str]] = {
    "recall@1": ("Recall@1", "what is relevant comes first"),
    "recall@5": ("Recall@5", "it is among the first 5"),
    "recall@10": ("Recall@10", "it is among the first 10"),
    "mrr@10": ("MRR@10", "mean of 1 / rank"),
    "ndcg@10": ("nDCG@10", "graded, discounted by rank"),
    "exact_match": ("EM", "says the gold answer and nothing else"),
    "f1": ("F1", "words shared with the gold answer"),
    "contains": ("contains", "the gold answer is in what is said"),
    "evidence": ("evidence", "the quote is the evidence"),
    "language": ("language", "answers in the question's language"),
    "validity": ("validity", "numbers resolve, spans verify"),
    "precision": ("precision", "citations that a statement needs"),
    "recall": ("recall", "statements that their citations support"),
    "false_answer_rate": ("false answers", "of what the articles do not hold; less is better"),
    "false_refusal_rate": ("false refusals", "of what they hold; less is better"),
    "auroc": ("AUROC", "confidence tells the two apart"),
    "tpr_at_5_fpr": ("TPR at 5% FPR", "true answers at 5% false answers"),
    "aurc": ("AURC", "mean risk over all coverages; less is better"),
    "p50": ("answer p50", "half of the answers are faster"),
    "p95": ("answer p95", "19 of 20 are faster"),
    "retrieval_p50": ("retrieval p50", "search alone"),
    "retrieval_p95": ("retrieval p95", "search alone"),
    "claims_supported": ("claims supported", "sentences of the model that a passage supports"),
    "fallback_rate": ("fallbacks", "the model failed and quotes followed; less is better"),
    "tokens_read": ("tokens read", "by the model for an answer"),
    "tokens_written": ("tokens written", "by the model for an answer"),
}
# Verdict → whether it is good, in the order in which they are listed: what is wrong first.
VERDICTS = {
    "false answer": "bad",
    "wrong": "bad",
    "missed": "bad",
    "false refusal": "poor",
    "not scored": "plain",
    "right": "good",
    "right refusal": "good",
    "found": "good",
}
_MOST_LANGUAGES = 6  # columns of a terminal's table


def table(report: ReportJson, comparison: Comparison | None = None) -> str:
    """The figures as aligned text, ready to print."""
    languages = list(report["by_language"])[:_MOST_LANGUAGES]
    columns = languages if len(languages) > 1 else []
    heads = ["", "all", "95% interval", "shuffled", *columns]
    if comparison:
        heads += ["baseline", "change", "p"]
    rows: list[list[str]] = []
    for section, names in shown(report).items():
        rows.append([HEADINGS[section]])
        rows += [row_of(report, section, name, columns, comparison) for name in names]
    lines = [summary(report), "", *_aligned(heads, rows)]
    if comparison:
        lines += ["", changes_of(comparison)]
    return "\n".join([*lines, *(f"Note: {note}." for note in report["details"]["notes"])])


def summary(report: ReportJson) -> str:
    """How many questions of which kind, and the verdicts, in a line."""
    counts = report["details"]["counts"]
    kinds = f"{counts['answerable']} answerable, {counts['unanswerable']} not"
    if counts["held_out"]:
        kinds += f", {counts['held_out']} asked again without their article"
    verdicts = ", ".join(f"{n} {name}" for name, n in ordered(counts["verdicts"]))
    return f"{report['n']} questions ({kinds}): {verdicts}"


def ordered(verdicts: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(name, verdicts[name]) for name in VERDICTS if name in verdicts]


def row_of(
    report: ReportJson,
    section: str,
    metric: str,
    languages: Sequence[str],
    comparison: Comparison | None,
) -> list[str]:
    details = report["details"]
    cells = [
        f"  {LABELS[metric][0]}",
        figure(metric, report[section][metric]),
        spread(metric, details["intervals"][section][metric]),
        figure(metric, details["control"].get(section, {}).get(metric)),
    ]
    cells += [figure(metric, report["by_language"][k][section][metric]) for k in languages]
    if comparison:
        cells += difference_of(metric, comparison.of(metric))
    return cells


def difference_of(metric: str, difference: Difference | None) -> list[str]:
    if difference is None:
        return [NONE, NONE, NONE]
    sign = "+" if difference.change > 0 else "−" if difference.change < 0 else "±"
    p = NONE if difference.p is None else _probability(difference.p)
    change = f"{sign}{figure(metric, abs(difference.change))}"
    return [
        figure(metric, difference.earlier),
        change,
        p + ("*" if difference.significant else ""),
    ]


def _probability(p: float) -> str:
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def figure(metric: str, value: float | None) -> str:
    """A figure as it is printed: a share with three decimals, milliseconds and tokens with one."""
    if value is None:
        return NONE
    return f"{value:.1f}" if metric in COUNTS else f"{value:.3f}"


def shown(report: ReportJson) -> dict[str, tuple[str, ...]]:
    """The sections that are printed: without a language model its section is left out."""
    wrote = any(value is not None for value in report.get("llm", {}).values())
    return {name: metrics for name, metrics in SECTIONS.items() if name != "llm" or wrote}


def spread(metric: str, interval: Sequence[float] | None) -> str:
    """An interval as it is printed."""
    if interval is None:
        return NONE
    return " to ".join(figure(metric, bound) for bound in interval)


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns as wide as their widest cell, the first to the left, figures to the right."""
    cells = [row for row in [heads, *rows] if len(row) > 1]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i == 0 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=False))
        ).rstrip()
        for row in [heads, *rows]
    ]


def changes_of(comparison: Comparison) -> str:
    text = (
        f"Against the baseline: {len(comparison.better)} questions got better, "
        f"{len(comparison.worse)} worse"
    )
    if comparison.worse:
        names = [_name(key) for key in comparison.worse[:10]]
        text += f" ({', '.join(names)}{', …' if len(comparison.worse) > 10 else ''})"
    if comparison.unpaired:
        text += f"; {comparison.unpaired} could not be compared"
    return f"{text}. * p < 0.05"


def _name(key: tuple[str, bool]) -> str:
    return f"{key[0]} (without its article)" if key[1] else key[0]
