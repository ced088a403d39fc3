"""A language model's Markdown as HTML: inert, whole, and with its proof where it belongs."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.page import _answer_html as answer_html
from assistant.page._model_markdown import Run, blocks, paragraphs, runs_of, to_html
from assistant.page.labels import LABELS, inert
from assistant.records.exchange import Exchange
from assistant.types import Answer, Claim, Verdict
from tests.browsing import HOSTILE, cite

TAGS = {
    "p", "h3", "pre", "hr", "ul", "ol", "li", "div", "table", "thead", "tbody", "tr", "th", "td",
    "strong", "em", "code", "br", "span", "button", "a",
}  # fmt: skip


def shown(text: str) -> str:
    """The blocks as HTML, with nothing but their own markup."""

    def words(runs: tuple[Run, ...]) -> str:
        return "".join(styled(run) for run in runs)

    def styled(run: Run) -> str:
        told = text[run.start : run.end].replace("\n", "<br>")
        for style in sorted(run.styles):
            told = f"<{style}>{told}</{style}>"
        return told

    return "".join(to_html(block, words) for block in blocks(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Một\nhai\n\nba", "<p>Một<br>hai</p><p>ba</p>"),
        ("# Một\nhai\n###### Ba", "<h3>Một</h3><p>hai</p><h3>Ba</h3>"),
        ("#một", "<p>#một</p>"),
        ("**b** *c* _e_", "<p><strong>b</strong> <em>c</em> <em>e</em></p>"),
        ("__d__", "<p><strong>d</strong></p>"),
        ("***a***", "<p><strong><em>a</em></strong></p>"),
        ("*a **b** c*", "<p><em>a </em><strong><em>b</em></strong><em> c</em></p>"),
        ("*a**b*", "<p><em>a**b</em></p>"),
        ("**Lưu ý:**Ông", "<p><strong>Lưu ý:</strong>Ông</p>"),
        ("**một\nhai**", "<p><strong>một<br>hai</strong></p>"),
        ("2 * 3 * 4, a_b_c", "<p>2 * 3 * 4, a_b_c</p>"),
        ("**mở, *mở", "<p>**mở, *mở</p>"),
        (r"\*a\* \đ", r"<p>*a* \đ</p>"),
        ("`a*b*` ``c`d`` `e", "<p><code>a*b*</code> <code>c`d</code> `e</p>"),
        ("- a\n- b\n\n- c", "<ul><li>a</li><li>b</li><li>c</li></ul>"),
        ("3. a\n4) b", '<ol start="3"><li>a</li><li>b</li></ol>'),
        ("1. a\n   - b\n2. d", '<ol start="1"><li>a<ul><li>b</li></ul></li><li>d</li></ol>'),
        ("- a\n  1. b\n    - c", '<ul><li>a<ol start="1"><li>b</li><li>c</li></ol></li></ul>'),
        ("- a\nb\n\n  c\n\nd", "<ul><li>a<br>b<br>  c</li></ul><p>d</p>"),
        ("- a\n1. b", '<ul><li>a</li></ul><ol start="1"><li>b</li></ol>'),
        ("-5 độ\n2024. Năm", "<p>-5 độ<br>2024. Năm</p>"),
        ("a\n---\nb", "<p>a</p><hr><p>b</p>"),
        ("```py\nx = **1**\n  y\n```\nz", "<pre>x = **1**\n  y</pre><p>z</p>"),
        ("~~~\nx", "<pre>x</pre>"),
        ("", ""),
    ],
)  # fmt: skip
def test_markdown_is_read(text: str, expected: str) -> None:
    assert shown(text) == expected.replace("\n", "<br>")


TABLE = "| Năm | *Số* |\n|:---|--:|\n| 2020 | **7** [1] |\n| a\\|b |"


def test_a_table_has_its_header_and_ends_with_its_rows() -> None:
    assert shown(f"{TABLE}\nhết") == (
        '<div class="wide"><table><thead><tr><th>Năm</th><th><em>Số</em></th></tr></thead><tbody>'
        "<tr><td>2020</td><td><strong>7</strong> [1]</td></tr><tr><td>a|b</td></tr>"
        "</tbody></table></div><p>hết</p>"
    )
    assert shown("| không | bảng |\nhết") == "<p>| không | bảng |<br>hết</p>"


def test_a_table_is_one_from_its_first_bar_on() -> None:
    for cut in range(1, len(TABLE)):
        assert shown(TABLE[:cut]).startswith('<div class="wide"><table>'), TABLE[:cut]


def test_a_list_and_a_heading_are_ones_from_their_mark_on() -> None:
    assert shown("a\n-") == "<p>a</p><ul><li></li></ul>"
    assert shown("a\n##") == "<p>a</p><h3></h3>"
    assert shown("-\na") == "<p>-<br>a</p>"  # more came, and it was no item


PIECES = [
    "Mèo ngủ. ", "Voi", " ", "\n", "\n\n", "\r\n", "**", "*", "_", "`", "```", "~~~", "# ", "#",
    "- ", "  - ", "1. ", "12) ", "|", "| a ", "|---|", "---", "\\", "[1]", " [2]", "<b>", "![x](y)",
    "“Sáng 5-8”",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
@example("- \n\n  \n1. a\n\t- b")
def test_runs_are_in_order_and_nothing_but_marks_is_hidden(text: str) -> None:
    runs = [run for block in blocks(text) for run in runs_of(block)]
    at, hidden = 0, ""
    for run in runs:
        assert at <= run.start < run.end
        hidden += text[at : run.start]
        at = run.end
    hidden += text[at:]
    if "```" not in text and "~~~" not in text:  # what stands behind a fence names a language
        assert not re.sub(r"[\s\d#*_`|:.)\\•+-]", "", hidden), hidden


class _Nesting(HTMLParser):
    """Fails where tags are not closed in order; keeps tags and text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""
        self.feed(markup)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def written(text: str, claims: tuple[Claim, ...], finished: bool = True) -> Exchange:
    citations = (cite(1, "Sáng 5-8"),)
    answer = Answer("?", text, "vi", 0.9, citations, claims=claims, llm="m:n")
    return Exchange("?", text, None, citations, claims, {}, answer if finished else None)


@settings(max_examples=200, deadline=None)
@given(
    TEXTS, st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=4), st.booleans()
)
def test_any_text_of_a_model_is_shown_whole_and_inert(
    text: str, places: list[tuple[int, int]], finished: bool
) -> None:
    spans = [(min(a, b, len(text)), min(max(a, b), len(text))) for a, b in places]
    claims = tuple(Claim(a, b, "unsupported") for a, b in spans) or (Claim(0, 0, "supported"),)
    exchange = written(text, claims, finished)
    said = answer_html.reply(exchange, LABELS["vi"])
    assert "\n" not in said
    markup = said.partition('<div class="sources">')[0].partition('<div class="previews"')[0]
    assert set(re.findall(r"<(\w+)", markup)) <= TAGS
    for link in re.findall(r"<a [^>]*>", markup):
        assert link.startswith('<a class="cite" href="#article=seed&amp;')
    runs = [run for block in blocks(text) for run in runs_of(block)]
    seen = [(a, b) for a, b in spans if any(r.start < b and a < r.end and a < b for r in runs)]
    assert markup.count('class="flag"') == len(seen)
    marked = "".join(re.findall(r'<span class="unsupported">(.*?)</span>', markup))
    marked_text = html.unescape(re.sub(r"<(?!br>)[^>]*>", "", marked)).replace("\xa0", " ")
    inside = [
        text[at]
        for run in runs
        for at in range(run.start, run.end)
        if any(a <= at < b for a, b in spans)
    ]
    assert (
        marked_text.replace("<br>", "\n")
        == re.sub(r"\r\n?", "\n", "".join(inside).replace("\xa0", " "))
        or "\r" in text
    )


def test_claims_markers_and_flags_stand_where_they_did() -> None:
    text = "1. **Có 7 voi.**\n2. Mèo *ngủ*. [1]\n\n| A | B |\n|---|---|\n| voi | bay |"
    row = text.index("| voi")
    claims = (
        Claim(0, text.index("\n"), "unsupported"),
        Claim(text.index("2."), text.index(" [1]"), "supported", (1,)),
        Claim(row, len(text) - 2, "unsupported"),
    )
    said = answer_html.reply(written(text, claims), LABELS["en"])
    flag = ' <button type="button" class="flag" name="claim" value="{}">not supported</button>'
    assert html.unescape(said).count("<strong>Có 7 voi.</strong></span>" + flag.format(0)) == 1
    assert "[1]</a></li></ol>" in html.unescape(said)
    assert '<td><span class="unsupported">voi</span></td>' in said
    assert f'<span class="unsupported">bay</span>{flag.format(2)}</td>' in said


def test_links_images_and_html_of_a_model_are_text() -> None:
    exchange = written(f"- {HOSTILE}\n\n# {HOSTILE}", (Claim(0, 5, "supported"),))
    said = answer_html.reply(exchange, LABELS["en"])
    reading = _Nesting(said)
    assert not reading.tags & {"script", "img", "b"}
    assert "![x](https://evil.example/x.png)" in reading.text
    assert set(re.findall(r'href="([^#"][^"]*)"', said)) == set()


def test_quotes_of_articles_stay_as_they_are() -> None:
    text = "**A**\n\n- “b” [1]"
    literal = f"<p>{inert('**A**')}</p><p>{inert('- “b”')}\N{NO-BREAK SPACE}"
    quoted = Answer("?", text, "vi", 0.9, (cite(1, "Sáng 5-8"),))
    failed = replace(quoted, llm="m:n", fault="cut", claims=(Claim(0, 5, "supported"),))
    without = replace(quoted, llm="m:n")  # a model was asked, and nothing of it was kept
    for answer in (quoted, failed, without):
        exchange = Exchange("?", text, None, answer.citations, answer.claims, {}, answer)
        assert literal in answer_html.reply(exchange, LABELS["vi"])
    assert [text[r.start : r.end] for b in paragraphs(text) for r in runs_of(b)] == [
        "**A**",
        "- “b” [1]",
    ]


@pytest.mark.parametrize(
    ("verdicts", "vi", "en"),
    [
        (
            ["supported", "elsewhere", "unsupported"],
            "2 trong 3 câu được bài viết xác nhận",
            "2 of 3 sentences confirmed",
        ),
        (["unsupported"], "Không câu nào được xác nhận", "No sentence is confirmed"),
        (
            ["supported", "unchecked"],
            "1 trong 2 câu được bài viết xác nhận · 1 chưa kiểm được",
            "1 of 2 sentences confirmed · 1 could not be checked",
        ),
    ],
)
def test_a_models_answer_is_headed_by_what_is_confirmed(
    verdicts: list[Verdict], vi: str, en: str
) -> None:
    exchange = written("Một.", tuple(Claim(0, 4, verdict) for verdict in verdicts))
    for labels, told in ((LABELS["vi"], vi), (LABELS["en"], en)):
        said = answer_html.reply(exchange, labels)
        reading = _Nesting(said)
        assert reading.text.startswith(f"{told}Một.")
        assert (labels.partial in reading.text) == (
            verdicts[-1] == "unsupported" and len(verdicts) > 1
        )
        (facts,) = re.findall(r'<p class="facts">(.*?)</p>', said)
        assert html.unescape(facts) == labels.worded.format(llm="m:n")
    assert 'class="confirmed' not in answer_html.reply(replace(exchange, answer=None), LABELS["vi"])


def test_a_quoted_answer_says_how_sure_it_is_and_counts_nothing() -> None:
    answer = Answer("?", "“Sáng 5-8” [1]", "vi", 0.9, (cite(1, "Sáng 5-8"),))
    said = answer_html.reply(Exchange("?", answer.text, answer=answer), LABELS["en"])
    assert LABELS["en"].certainty["says so"] in said
    assert 'class="confirmed' not in said


@pytest.mark.parametrize(
    ("lack", "label"),
    [("contradicted", "The article says"), ("content", "Nearest in the articles")],
)
def test_a_flag_shows_what_the_article_says_and_where(lack: str, label: str) -> None:
    near = replace(cite(1, "Sáng 5-8"), number=0)
    claim = Claim(0, 4, "unsupported", (), lack, "", near)  # type: ignore[arg-type]
    said = answer_html.reply(written("Một.", (claim,)), LABELS["en"])
    preview = said.partition('<div class="claim-0">')[2]
    assert '<a class="near" href="#article=seed&amp;start=0&amp;end=8">' in preview
    assert f"{label}: “Sáng 5-8” {near.title}" in _Nesting(said).text
