"""Reports: the terminal's table, and the page as a browser reads it."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect, sync_playwright

from assistant.evaluation._plots import ticks
from assistant.evaluation._questions import Question
from assistant.evaluation.baseline import compare
from assistant.evaluation.evaluate import Options, run
from assistant.evaluation.report import figure, table
from assistant.evaluation.reportpage import page
from assistant.types import Answer, Citation
from tests.scripted import Parrot, Scripted, questions

HOSTILE = "<script>alert(1)</script><img src=x onerror='alert(2)'>\"'&lt;</title>"


def evaluated(system: Scripted | None = None, **options: Any) -> dict[str, Any]:
    chosen = Options(resamples=50, name="q.jsonl", **options)
    return run(system or Scripted(), questions(), chosen).to_json()


# -- the terminal --------------------------------------------------------------------------


def test_the_table_is_aligned_and_says_what_happened() -> None:
    lines = table(evaluated()).splitlines()
    assert lines[0] == "7 questions (6 answerable, 1 not): 6 right, 1 right refusal"
    rows = [line for line in lines[2:] if line.startswith("  ")]
    assert len({len(line) for line in rows}) == 1  # the last column is always filled
    (recall,) = [line.split() for line in rows if "Recall@1 " in line]
    assert recall == ["Recall@1", "1.000", "1.000", "to", "1.000", "0.000"]


def test_a_figure_that_does_not_apply_is_a_dash() -> None:
    assert figure("contains", None) == "–"
    assert figure("contains", 0.0) == "0.000"
    assert figure("p50", 12.345) == "12.3"
    silent = table(evaluated(retrieval_only=True))
    (line,) = [row for row in silent.splitlines() if row.strip().startswith("contains")]
    assert line.split() == ["contains", "–", "–", "–"]


def test_the_table_has_a_column_for_each_language() -> None:
    mixed = [replace(q, language="vi") if q.id == "q0" else q for q in questions()]
    report = run(Scripted(), mixed, Options(resamples=50)).to_json()
    head = table(report).splitlines()[2].split()
    assert head[-2:] == ["en", "vi"]


def test_the_table_compares_with_a_baseline() -> None:
    worse, earlier = evaluated(Scripted(offset=1)), evaluated()
    text = table(worse, compare(worse, earlier))
    (recall,) = [line.split() for line in text.splitlines() if "Recall@1 " in line]
    assert recall[-3:] == ["1.000", "−1.000", "0.031*"]
    assert "0 questions got better, 6 worse (q0, q1, q2, q3, q4, q5)" in text


# -- the page ------------------------------------------------------------------------------


class Reader(HTMLParser):
    """The tags with their attributes, and the text by the tag it stands in."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)


class Hostile(Scripted):
    """Its answers, titles and quotes are markup."""

    def answer(self, question: str, history: Any = (), exclude: Any = ()) -> Answer:
        quote = Citation(1, "a0", HOSTILE, 0, 5, HOSTILE, False)
        return Answer(question, f"{HOSTILE} [1] [9]", "en", 0.9, (quote,))


def hostile_page() -> str:
    asked = [Question(HOSTILE, HOSTILE, (HOSTILE,), language="en"), *questions()]
    report = run(Hostile(), asked, Options(resamples=50, name=HOSTILE)).to_json()
    report["details"]["notes"] = [HOSTILE]
    report["provenance"]["settings"]["model"] = HOSTILE
    return page(report)


def test_the_page_escapes_whatever_it_is_given() -> None:
    harmless = Reader(page(evaluated()))
    reader = Reader(hostile_page())
    assert {tag for tag, _ in reader.tags} <= {tag for tag, _ in harmless.tags}
    assert [tag for tag, _ in reader.tags].count("script") == 1
    assert not any(name.startswith("on") for _, attributes in reader.tags for name in attributes)
    shown = "".join(text for texts in reader.texts.values() for text in texts)
    for part in ("title", "h1", "span", "dd", "q", "cite", "code"):  # it is there, as text
        assert "<script>alert(1)</script>" in "".join(reader.texts[part]), part
    assert shown.count("<img src=x onerror='alert(2)'>") >= 8


def test_the_page_refers_to_nothing_outside_itself() -> None:
    source = page(evaluated(), compare(evaluated(), evaluated(Scripted(offset=1))))
    reader = Reader(source)
    loading = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}
    for tag, attributes in reader.tags:
        assert not loading & attributes.keys(), tag
        assert (attributes.get("href") or "#").startswith("#")
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
    (style,) = reader.texts["style"]
    assert not re.search(r"url\(|@import|@font-face|expression\(", style)
    (script,) = reader.texts["script"]
    assert not re.search(r"fetch|XMLHttpRequest|import|https?:", script)


def test_the_page_shows_every_question_with_the_wrong_ones_first() -> None:
    report = evaluated(Parrot(), holdout="gold")
    reader = Reader(page(report))
    verdicts = [a["data-verdict"] for tag, a in reader.tags if tag == "details"]
    assert len(verdicts) == 13
    order = ["false answer", "wrong", "false refusal", "right", "right refusal"]
    assert [order.index(v or "") for v in verdicts] == sorted(
        order.index(v or "") for v in verdicts
    )
    assert verdicts[0] == "false answer"
    asked = "".join(reader.texts["span"])
    assert all(question.question in asked for question in questions())


def test_markers_lead_to_their_citations() -> None:
    reader = Reader(page(evaluated()))
    ids = {attributes.get("id") for _, attributes in reader.tags}
    targets = [a["href"] for tag, a in reader.tags if tag == "a"]
    assert len(targets) == 6
    assert all((target or "")[1:] in ids for target in targets)
    assert "[9]" not in Reader(hostile_page()).texts["a"]  # resolves to nothing: no link


def test_the_page_has_the_plots_and_their_figures() -> None:
    reader = Reader(page(evaluated(holdout="gold")))
    drawn = [a["aria-label"] for tag, a in reader.tags if tag == "svg"]
    assert drawn == ["Figures by language", "Risk over coverage", "Confidences", "Latencies"]
    hints = reader.texts["title"]
    assert "Recall@1 1.000, 95% interval 1.000 to 1.000" in hints
    assert "6 answerable, confidence 0.90 to 0.95" in hints
    assert "7 unanswerable, confidence 0.10 to 0.15" in hints
    silent = Reader(page(evaluated(retrieval_only=True)))
    assert [a["aria-label"] for tag, a in silent.tags if tag == "svg"] == [
        "Figures by language",
        "Latencies",
    ]


def test_every_coordinate_of_a_plot_is_inside_it() -> None:
    reader = Reader(page(evaluated(Parrot(), holdout="gold")))
    box: list[float] = []
    checked = 0
    for tag, attributes in reader.tags:
        if tag == "svg":
            box = [float(n) for n in (attributes["viewbox"] or "").split()]
        for name, limit in (("x", 2), ("x1", 2), ("x2", 2), ("y", 3), ("y1", 3), ("y2", 3)):
            if tag in {"rect", "line"} and name in attributes:
                assert 0 <= float(attributes[name] or "nan") <= box[limit]
                checked += 1
    assert checked > 60


@pytest.mark.parametrize(
    ("top", "expected"),
    [
        (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (0.105, [0, 0.05, 0.1]),
        (173, [0, 50, 100, 150]),
        (4.2, [0, 1, 2, 3, 4]),
    ],
)
def test_ticks_are_round_numbers(top: float, expected: list[float]) -> None:
    assert ticks(top) == pytest.approx(expected)


def test_a_page_can_be_made_of_a_report_that_was_read_back() -> None:
    report = evaluated()
    assert page(json.loads(json.dumps(report))) == page(report)


@pytest.mark.browser
@pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium: apt-get install chromium"
)
def test_the_page_filters_and_searches_in_a_browser(tmp_path: Path) -> None:
    asked = [
        *questions(),
        Question("đ", "Who is Đặng the sailor?", unanswerable=True, language="vi"),
    ]
    worse = run(Scripted(offset=1), asked, Options(resamples=50)).to_json()
    earlier = run(Scripted(), asked, Options(resamples=50)).to_json()
    path = tmp_path / "report.html"
    path.write_text(page(worse, compare(worse, earlier)), "utf-8")
    faults: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.on("console", lambda message: faults.append(message.text))
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda r: faults.append(r.url) if r.url != path.as_uri() else None)
        tab.goto(path.as_uri())
        count, shown = tab.locator("#count"), tab.locator("#questions > details:visible")
        expect(count).to_have_text("8 of 8")
        tab.locator(".chip", has_text="right refusal").click()
        expect(shown).to_have_count(2)
        tab.fill("#search", "dang  the")  # as people type it
        expect(count).to_have_text("1 of 8")
        tab.fill("#search", "")
        tab.locator("#language").select_option("vi")
        expect(shown).to_have_count(1)
        tab.locator("#language").select_option("")
        tab.locator(".chip", has_text="right refusal").click()
        tab.locator("#change").select_option("worse")
        expect(shown).to_have_count(6)
        shown.first.click()
        expect(shown.first.locator(".answer")).to_contain_text("According to the article")
        browser.close()
    assert faults == []
