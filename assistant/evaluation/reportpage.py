"""A report as one self-contained HTML page: figures, plots and every question.

Made from a report as its file holds it (``Report.to_json``).
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from assistant.answering.citation_markers import MARKER
from assistant.evaluation import _plots as plots
from assistant.evaluation.baseline import Comparison, Difference
from assistant.evaluation.evaluate import LOWER_IS_BETTER, SECTIONS
from assistant.evaluation.report import (
    HEADINGS,
    LABELS,
    VERDICTS,
    ReportJson,
    changes_of,
    difference_of,
    figure,
    ordered,
    row_of,
    shown,
    spread,
    summary,
)

_STATIC = Path(__file__).with_name("static")
_TILES = ("recall@1", "ndcg@10", "contains", "precision", "tpr_at_5_fpr", "p50")


def page(report: ReportJson, comparison: Comparison | None = None) -> str:
    """The whole report as one HTML page that loads nothing: figures, plots, every question.

    All of the report's texts are escaped, and the page forbids every script and style but its
    own two, by their hashes.
    """
    style, script = (_static(f"report.{kind}") for kind in ("css", "js"))
    name = report["provenance"].get("run", {}).get("questions") or "question set"
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    body = "".join(
        (
            _header(report, name),
            _tiles(report, comparison),
            _notes(report),
            _plots(report),
            _figures(report, comparison),
            _questions(report, comparison),
            _provenance(report["provenance"]),
        )
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>Evaluation: {escape(name)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def _static(name: str) -> str:
    return (_STATIC / name).read_text("utf-8")


def _hash(source: str) -> str:
    digest = hashlib.sha256(source.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _header(report: ReportJson, name: str) -> str:
    origin = report["provenance"]
    run = origin.get("run", {})
    ways = [
        "accents stripped" if run.get("strip_accents") else "",
        f"holdout: {run['holdout']}" if run.get("holdout") else "",
        "retrieval only" if run.get("retrieval_only") else "",
    ]
    facts = [str(origin.get("date", ""))[:10], *_commit(origin), *filter(None, ways)]
    return (
        f"<header><p class='kicker'>Evaluation</p><h1>{escape(name)}</h1>"
        f"<p>{escape(summary(report))}</p>"
        f"<p class='facts'>{' · '.join(escape(fact) for fact in facts if fact)}</p></header>"
    )


def _commit(origin: Mapping[str, Any]) -> list[str]:
    code = origin.get("code")
    if not code:
        return []
    commit = code["commit"][:12] if code["commit"] else "before the first commit"
    return [commit + (" with uncommitted changes" if code["dirty"] else "")]


def _tiles(report: ReportJson, comparison: Comparison | None) -> str:
    tiles = []
    for section, names in SECTIONS.items():
        for metric in (m for m in names if m in _TILES):
            value = report[section][metric]
            if value is None:
                continue
            interval = report["details"]["intervals"][section][metric]
            unit = " ms" if section == "latency_ms" else ""
            tiles.append(
                f"<div class='tile'><p class='of'>{_heading(section)}</p>"
                f"<p class='big'>{figure(metric, value)}<small>{unit}</small></p>"
                f"<p class='metric'>{escape(LABELS[metric][0])}"
                f"{_arrow(metric, comparison.of(metric) if comparison else None)}</p>"
                f"<p class='spread'>{spread(metric, interval)}</p></div>"
            )
    return f"<section class='tiles'>{''.join(tiles)}</section>"


def _heading(section: str) -> str:
    return escape(HEADINGS[section].partition(",")[0])


def _arrow(metric: str, difference: Difference | None) -> str:
    if difference is None or not difference.significant:
        return ""
    css = "bad" if difference.worse else "good"
    return f" <span class='{css}'>{escape(difference_of(metric, difference)[1])}</span>"


def _notes(report: ReportJson) -> str:
    return "".join(f"<p class='note'>{escape(note)}.</p>" for note in report["details"]["notes"])


# -- plots ---------------------------------------------------------------------------------

_BARS = (("retrieval", "recall@1"), ("answers", "contains"), ("refusal", "false_refusal_rate"))
_COLOURS = ("one", "two", "three")


def _plots(report: ReportJson) -> str:
    drawn = (
        ("By language", "Whiskers are 95% intervals.", _language_bars(report)),
        ("Risk and coverage", _RISK, _risk(report)),
        ("Confidence", "Questions above the line can be answered, those below it not.",
         _confidences(report)),
        ("Latency", "Dots mark the median and the 95th percentile.", _latencies(report)),
    )  # fmt: skip
    found = "".join(
        f"<figure><figcaption><b>{escape(title)}</b> {escape(note)}</figcaption>{svg}</figure>"
        for title, note, svg in drawn
        if svg
    )
    return f"<section class='plots'>{found}</section>"


_RISK = "Answering less, it should err less: the curve should rise to the right."


def _language_bars(report: ReportJson) -> str:
    intervals = report["details"]["intervals_by_language"]
    groups = []
    for language, found in list(report["by_language"].items())[:8]:
        bars = [
            plots.Bar(LABELS[metric][0], css, value, intervals[language][section][metric])
            for (section, metric), css in zip(_BARS, _COLOURS, strict=True)
            if (value := found[section][metric]) is not None
        ]
        groups.append((f"{language} ({found['n']})", bars))
    return plots.bars(groups)


def _risk(report: ReportJson) -> str:
    judged = [q for q in report["details"]["questions"] if q["confidence"] is not None]
    answered = sum(q["grounding"] != "refused" for q in judged)
    share = answered / len(judged) if judged else None
    return plots.risk_coverage(report["details"]["risk_coverage"], share)


def _confidences(report: ReportJson) -> str:
    def of(unanswerable: bool) -> list[float]:
        return [
            q["confidence"]
            for q in report["details"]["questions"]
            if q["unanswerable"] == unanswerable and q["confidence"] is not None
        ]

    threshold = report["provenance"].get("settings", {}).get("least_confidence", 0.5)
    return plots.histogram(
        plots.Series("answerable", "one", of(False)),
        plots.Series("unanswerable", "two", of(True)),
        threshold,
    )


def _latencies(report: ReportJson) -> str:
    times = [q["latency_ms"] for q in report["details"]["questions"] if not q["held_out"]]
    return plots.latencies(
        [
            plots.Series(name, css, [t[name] for t in times if name in t])
            for name, css in (("retrieval", "one"), ("answer", "two"))
        ]
    )


# -- figures and questions -----------------------------------------------------------------


def _figures(report: ReportJson, comparison: Comparison | None) -> str:
    languages = list(report["by_language"]) if len(report["by_language"]) > 1 else []
    heads = ["", "all", "95% interval", "shuffled", *languages]
    if comparison:
        heads += ["baseline", "change", "p"]
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in heads)
    body = []
    for section, names in shown(report).items():
        body.append(
            f"<tr class='section'><th scope='rowgroup' colspan='{len(heads)}'>"
            f"{escape(HEADINGS[section])}</th></tr>"
        )
        for metric in names:
            body.append(_figure_row_of(report, section, metric, languages, comparison))
    return (
        "<section><h2>Figures</h2><p class='hint'>Intervals: 95%, percentile bootstrap over "
        "questions. Shuffled: the same scored with the passages of another question; what a "
        "system that does not read would get.</p><div class='wide'><table><thead><tr>"
        f"{head}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
        f"{_change_text(comparison)}</section>"
    )


def _figure_row_of(
    report: ReportJson,
    section: str,
    metric: str,
    languages: Sequence[str],
    comparison: Comparison | None,
) -> str:
    name, what = LABELS[metric]
    cells = row_of(report, section, metric, languages, comparison)[1:]
    return (
        f"<tr><th scope='row'>{escape(name)} <small>{escape(what)}</small></th>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
    )


def _change_text(comparison: Comparison | None) -> str:
    return f"<p class='hint'>{escape(changes_of(comparison))}</p>" if comparison else ""


def _questions(report: ReportJson, comparison: Comparison | None) -> str:
    order = list(VERDICTS)
    questions = sorted(
        report["details"]["questions"],
        key=lambda q: (order.index(q["verdict"]), -(q["confidence"] or 0.0)),
    )
    changes: dict[tuple[str, bool], str] = {}
    if comparison:
        changes = dict.fromkeys(comparison.better, "better")
        changes |= dict.fromkeys(comparison.worse, "worse")
    items = "".join(_question(i, q, changes) for i, q in enumerate(questions))
    return (
        f"<section><h2>Questions</h2>{_controls(report, bool(changes))}"
        f"<div id='questions'>{items}</div></section>"
    )


def _controls(report: ReportJson, compared: bool) -> str:
    """Search and filters; hidden until the script that serves them runs."""
    verdicts = ordered(report["details"]["counts"]["verdicts"])
    chips = "".join(
        f"<label class='chip {VERDICTS[name]}'><input type='checkbox' value='{escape(name)}'>"
        f"{escape(name)} <b>{n}</b></label>"
        for name, n in verdicts
    )
    options = _options("all languages", report["by_language"])
    changes = _options("changed or not", ("better", "worse")) if compared else ""
    return (
        "<form id='controls' hidden><input id='search' type='search' "
        "placeholder='Search questions, answers, quotes…' aria-label='Search'>"
        f"<select id='language' aria-label='Language'>{options}</select>"
        + (f"<select id='change' aria-label='Change'>{changes}</select>" if compared else "")
        + f"<fieldset><legend>Verdicts</legend>{chips}</fieldset>"
        "<output id='count' aria-live='polite'></output></form>"
    )


def _options(every: str, values: Iterable[str]) -> str:
    named = "".join(f"<option>{escape(value)}</option>" for value in values)
    return f"<option value=''>{escape(every)}</option>{named}"


def _question(number: int, q: Mapping[str, Any], changes: Mapping[tuple[str, bool], str]) -> str:
    change = changes.get((q["id"], q["held_out"]), "")
    facts = [q["language"], f"rank {q['rank']}" if q["rank"] else ""]
    if q["confidence"] is not None:
        facts.append(f"confidence {q['confidence']:.2f}")
    if q["held_out"]:
        facts.append("asked without its article")
    if change:
        facts.append(f"got {change}")
    return (
        f"<details data-verdict='{escape(q['verdict'])}' data-language='{escape(q['language'])}' "
        f"data-change='{change}'><summary>"
        f"<span class='badge {VERDICTS[q['verdict']]}'>{escape(q['verdict'])}</span>"
        f"<span class='asked'>{escape(q['question'])}</span>"
        f"<span class='facts'>{escape(' · '.join(filter(None, facts)))}</span></summary>"
        f"<div class='body'>{_answer(number, q)}{_gold(q)}{_scores(q)}</div></details>"
    )


def _answer(number: int, q: Mapping[str, Any]) -> str:
    asked = "" if q["asked"] == q["question"] else f"<dt>asked as</dt><dd>{escape(q['asked'])}</dd>"
    if q["answer"] is None:
        return f"<dl>{asked}</dl>" if asked else ""
    known = {citation["number"] for citation in q["citations"]}

    def linked(match: re.Match[str]) -> str:
        n = int(match[1])
        return f" <a href='#q{number}c{n}'>[{n}]</a>" if n in known else match.group()

    text = MARKER.sub(linked, escape(q["answer"]))
    cited = "".join(_citation(number, citation) for citation in q["citations"])
    quotes = f"<dt>citations</dt><dd><ol class='cited'>{cited}</ol></dd>" if cited else ""
    return f"<dl>{asked}<dt>answer</dt><dd class='answer'>{text}</dd>{quotes}</dl>"


def _citation(number: int, citation: Mapping[str, Any]) -> str:
    state = "" if citation["verified"] else " <span class='bad'>does not verify</span>"
    return (
        f"<li id='q{number}c{citation['number']}' value='{citation['number']}'>"
        f"<q>{escape(citation['quote'])}</q> <cite>{escape(citation['title'])}, "
        f"{citation['start']}–{citation['end']}</cite>{state}</li>"
    )


def _gold(q: Mapping[str, Any]) -> str:
    gold = q["gold"]
    if q["unanswerable"]:
        return (
            "<dl><dt>gold</dt><dd><em>the articles searched do not hold the answer</em></dd></dl>"
        )
    rows = [("gold answers", " / ".join(gold["answers"])), ("evidence", gold["evidence"])]
    found = "".join(f"<dt>{k}</dt><dd>{escape(v)}</dd>" for k, v in rows if v)
    return f"<dl>{found}</dl>" if found else ""


def _scores(q: Mapping[str, Any]) -> str:
    found = [
        f"{LABELS[metric][0]} {figure('', value)}"
        for metric, value in q["scores"].items()
        if value is not None and metric not in LOWER_IS_BETTER
    ]
    found += [f"{what} {ms:.0f} ms" for what, ms in q["latency_ms"].items()]
    return f"<p class='scores'>{escape(q['id'])} · {escape(' · '.join(found))}</p>"


def _provenance(origin: Mapping[str, Any]) -> str:
    rows = "".join(
        f"<dt>{escape(key)}</dt><dd><code>{escape(_flat(value))}</code></dd>"
        for key, value in origin.items()
    )
    return f"<section><h2>Provenance</h2><dl class='origin'>{rows}</dl></section>"


def _flat(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_flat(inner)}" for key, inner in value.items())
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
