"""The chat page: its markup as pure functions, its port, and the page itself in a browser.

The browser tests drive Debian's chromium over a scripted assistant that quotes the seed article;
every one of them also fails on a console error and on a request to any host but 127.0.0.1.
"""

from __future__ import annotations

import errno
import html
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from assistant import page, reader, replies, server
from assistant.page import LABELS
from assistant.replies import About, Exchange
from assistant.settings import Settings
from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    AssistantError,
    Citation,
    Cited,
    Finished,
    Hit,
    Retrieved,
    Span,
    TextDelta,
    Turn,
)

ROOT = Path(__file__).parents[1]
HOSTILE = (
    '<script>window.pwned=1</script><img src=x onerror="window.pwned=1"> [1] '
    "![x](https://evil.example/x.png) [link](https://evil.example) **bold** `code` $$x$$ "
    "https://evil.example ${window.pwned=1} {{value}} &lt;b&gt; %%%LATEX_BLOCK_0%%%"
)


def seed_article() -> Article:
    text = (ROOT / "seeds" / "000_db7cbbd52221714d.txt").read_text("utf-8")
    furniture = Span(text.find("Nguồn:"), len(text))
    source = "https://ttbc-hcm.gov.vn/ong-nguyen-thanh-nghi-1019290.html"
    title = "Tận dụng tối đa các nguồn lực để tạo bước đột phá"
    return Article("seed", title, text, "vi", source, "2025-08-05", furniture=(furniture,))


SEED = seed_article()
EVIL = Article(
    "a&b #1",
    f"Title {HOSTILE}",
    f"😀🏙️ Trước {HOSTILE}\nsau 👩‍👩‍👧 hết.",
    "vi",
    "javascript:alert(1)",
    "2025-01-02",
)
FIRST_QUOTE = (
    "các địa phương mong UBND TP.HCM sớm phân cấp đầu tư công, trước mắt với các dự án nhóm C"
)
SECOND_QUOTE = "ông Nguyễn Thanh Tâm, Bí thư đảng ủy phường Lái Thiêu"


def cite(number: int, quote: str, article: Article = SEED) -> Citation:
    start = article.text.index(quote)
    end = start + len(quote)
    return Citation(number, article.id, article.title, start, end, quote, verified=True)


# Markup


class _Reading(HTMLParser):
    """The text of markup, the text inside its marks, and its tags, as a browser reads them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.quote, self._depth = "", "", 0
        self.tags: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self._depth += tag == "mark"

    def handle_endtag(self, tag: str) -> None:
        self._depth -= tag == "mark"

    def handle_data(self, data: str) -> None:
        self.text += data
        self.quote += data if self._depth else ""


@pytest.mark.parametrize(
    "quote",
    [
        "Sáng 5-8",  # the first words
        FIRST_QUOTE,
        "Địa phương mong sớm phân cấp đầu tư công\nBáo cáo tại buổi làm việc",  # two lines
        "an ninh trật tự tại địa bàn…\n\nVề tổ chức",  # with an empty line between
        "rõ trách nhiệm từng người; tăng cường sự đoàn kết nội bộ.\nNguồn: https",  # furniture
        "Bình luận (0)",  # the last words
        SEED.text,
    ],
)
def test_highlight_is_the_quote_and_the_text_is_whole(quote: str) -> None:
    citation = cite(1, quote)
    reading = _Reading(reader.marked(SEED, Span(citation.start, citation.end)))
    assert reading.quote == quote
    assert reading.text == SEED.text


@pytest.mark.parametrize("quote", ["😀", "🏙️ Trước", "👩‍👩‍👧 hết", '<img src=x onerror="window'])
def test_highlight_counts_code_points_and_escapes(quote: str) -> None:
    citation = cite(1, quote, EVIL)
    markup = reader.marked(EVIL, Span(citation.start, citation.end))
    reading = _Reading(markup)
    assert reading.quote == quote
    assert reading.text == EVIL.text
    assert set(reading.tags) == {"p", "mark"}
    assert markup.count('id="quote"') == 1


def test_a_span_outside_the_text_opens_the_article_without_a_highlight() -> None:
    for span in (Span(0, len(SEED.text) + 1), Span(5, 5), Span(9, 3), None):
        assert "<mark" not in reader.reading(SEED, span, LABELS["vi"])


@pytest.mark.parametrize("text", [HOSTILE, "a_b *c* #d", "1. x", "- y", "    code", "Ngã tư ™ 😀"])
def test_inert_text_leaves_nothing_to_markdown_or_html(text: str) -> None:
    assert html.unescape(page.inert(text)) == text
    left = re.sub(r"&#[0-9]+;", "", page.inert(text))
    assert not re.search(r"[!-/:-@\[-`{-~]", left)


def test_markers_of_citations_become_links_and_other_brackets_stay_text() -> None:
    exchange = Exchange("[1]?", "Một [1][2] ba [7].", citations=(cite(1, "Sáng 5-8"),))
    question, answer = (m["content"] for m in replies.messages([exchange], LABELS["vi"]))
    assert "<a" not in question
    assert answer.count("<a ") == 1
    assert 'href="#article=seed&amp;start=0&amp;end=8"' in answer
    assert _Reading(answer.partition('<div class="previews"')[0]).text == "Một [1][2] ba [7]."
    preview = answer.partition('<div class="previews" hidden>')[2]
    assert "“Sáng 5-8”" in _Reading(preview).text
    assert SEED.title in _Reading(preview).text


def test_sources_tell_number_title_date_and_the_start_of_the_quote() -> None:
    citation = cite(3, FIRST_QUOTE)
    answer = Answer("?", "Đúng vậy [3].", "vi", 0.9, (citation,))
    done = Exchange("?", answer.text, None, (citation,), (), {"seed": About("2025-08-05")}, answer)
    said = _Reading(replies.reply(done, LABELS["en"])).text
    assert "Sources" in said
    assert f"3{SEED.title} “{FIRST_QUOTE[:60]}" in said
    place = f"characters {citation.start}–{citation.end}"
    assert f"5 Aug 2025 · {place} · verified" in said
    assert "05/08/2025" in replies.reply(done, LABELS["vi"])


def test_an_unverified_citation_says_so() -> None:
    doubtful = Citation(1, "seed", "T", 0, 4, "Sáng", verified=False)
    answer = Answer("?", "Ừ [1].", "vi", 0.5, (doubtful,))
    done = Exchange("?", answer.text, None, (doubtful,), (), {}, answer)
    assert LABELS["en"].unverified in replies.reply(done, LABELS["en"])


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("https://www.example.vn/a?b=1&c=<2>", "https://www.example.vn/a?b=1&c=<2>"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("http://[", None),
        ("Báo <b>Đà Nẵng</b>", None),
    ],
)
def test_only_web_addresses_are_links(source: str, link: str | None) -> None:
    article = Article("x", "T", "Text", "vi", source)
    links = re.findall(r'<a href="([^#"][^"]*)"([^>]*)>', reader.reading(article, None, LABELS["vi"]))
    assert [html.unescape(href) for href, _ in links] == ([link] if link else [])
    assert all('target="_blank" rel="noopener noreferrer"' in rest for _, rest in links)


@pytest.mark.parametrize("article_id", ["seed", EVIL.id, "Đà Nẵng/1?x=y"])
@pytest.mark.parametrize("span", [Span(0, 8), None])
def test_an_address_leads_back_to_its_place(article_id: str, span: Span | None) -> None:
    assert page.parse_address(page.address_of(article_id, span)) == (article_id, span)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("", None),
        ("#articles", None),
        ("#article=", None),
        ("#start=1&end=2", None),
        ("#article=x&start=1", ("x", None)),
        ("#article=x&start=-1&end=9", ("x", None)),
        ("#article=x&start=²&end=9", ("x", None)),
        ("#article=x&start=1e3&end=" + "9" * 5000, ("x", None)),
    ],
)
def test_odd_addresses(address: str, place: tuple[str, Span | None] | None) -> None:
    assert page.parse_address(address) == place


@pytest.mark.parametrize(
    ("header", "language"),
    [("vi-VN,vi;q=0.9", "vi"), ("VI", "vi"), ("en-US,vi;q=0.5", "en"), ("fr", "en"), ("", "en")],
)
def test_the_page_speaks_the_language_of_the_browser(header: str, language: str) -> None:
    assert page.preferred_language(header) == language


def test_long_lists_of_articles_are_cut_and_say_so() -> None:
    many = [Article(str(n), f"Bài {n}", "x", "vi") for n in range(reader.LISTED_ARTICLES + 5)]
    listed = reader.library(many, LABELS["en"])
    assert listed.count("<li>") == reader.LISTED_ARTICLES
    assert "and 5 more" in listed
    assert LABELS["vi"].no_articles in reader.library([], LABELS["vi"])


# The port


def _taken(stack: ExitStack, port: int = 0) -> int:
    listener = stack.enter_context(socket.create_server(("127.0.0.1", port)))
    return int(listener.getsockname()[1])


def _two_ports() -> tuple[int, int]:
    """A port that is free, the next one too."""
    while True:
        with ExitStack() as stack:
            port = _taken(stack)
            try:
                return port, _taken(stack, port + 1)
            except OSError:
                continue


def test_a_taken_port_leads_to_the_next() -> None:
    port, following = _two_ports()
    assert server.free_port("127.0.0.1", port) == port
    with ExitStack() as stack:
        _taken(stack, port)
        assert server.free_port("127.0.0.1", port) == following


def test_no_port_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "PORTS_TRIED", 1)
    with ExitStack() as stack:
        port = _taken(stack)
        with pytest.raises(AssistantError, match=f"Ports {port} to {port} are all taken"):
            server.free_port("127.0.0.1", port)
    with pytest.raises(AssistantError, match="no port 70000"):
        server.free_port("127.0.0.1", 70000)


def test_a_port_that_is_not_ours_to_open_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(host: str, port: int) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(server, "_bind", refuse)
    with pytest.raises(AssistantError, match=r"on 127\.0\.0\.1, port 80: Permission denied\."):
        server.free_port("127.0.0.1", 80)


SERVE = """
import sys
from tests.test_chat import Scripted
from assistant import server
from assistant.settings import Settings
settings = Settings(port=int(sys.argv[1]))
server.serve(Scripted(), settings, ready=lambda line: print(line, flush=True))
"""


def test_serve_says_which_port_and_ends_quietly_on_ctrl_c() -> None:
    port, following = _two_ports()
    with ExitStack() as stack:
        _taken(stack, port)
        served = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", SERVE, str(port)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        assert served.stdout
        assert served.stdout.readline() == f"Port {port} is taken; using {following}.\n"
        assert served.stdout.readline() == f"Open http://127.0.0.1:{following}\n"
        with urllib.request.urlopen(f"http://127.0.0.1:{following}", timeout=10) as reply:
            assert reply.status == 200
        served.send_signal(signal.SIGINT)
        assert served.wait(20) == 0
        assert served.stdout.read() == ""


# The page in a browser


@dataclass
class Scripted:
    """An assistant whose answers are known beforehand. ``gate`` holds an answer half-way."""

    gate: threading.Event = field(default_factory=threading.Event)
    histories: list[Sequence[Turn]] = field(default_factory=list)

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        self.histories.append(history)
        if "lâu" in question:
            self.gate.wait(20)
        yield Retrieved((), question)
        if "<script>" in question:
            yield from _told(f"{HOSTILE} [1]", cite(1, EVIL.text[3:], EVIL))
        elif "Huế" in question:
            text = "Các bài báo không nói về điều này."
            yield TextDelta(text)
            yield Finished(Answer(question, text, "vi", 0.1, (), closest=cite(1, SECOND_QUOTE)))
        elif "hỏng" in question:
            yield TextDelta("Một nửa")
            raise RuntimeError("secret <detail>")
        else:
            if "chậm" in question:
                yield TextDelta("Xin chờ một chút")
                self.gate.wait(20)
            yield from _told(
                "Phân cấp đầu tư công [1].\n\nÔng Tâm nói vậy [2].",
                cite(1, FIRST_QUOTE),
                cite(2, SECOND_QUOTE),
            )

    def with_settings(self, **changes: Any) -> Scripted:
        return self

    def retrieve(self, question: str, top_k: int | None = None) -> list[Hit]:
        return []

    def warm(self) -> None:
        pass

    def article(self, article_id: str) -> Article:
        return {a.id: a for a in self.articles()}[article_id]

    def articles(self) -> list[Article]:
        return [SEED, EVIL]

    def examples(self, language: str) -> list[str]:
        return {
            "vi": ["Các phường kiến nghị điều gì?", "Ai là bí thư <b>phường</b>?"],
            "en": ["What do the wards ask for?"],
        }[language]


def _told(text: str, *citations: Citation) -> Iterator[AnswerEvent]:
    for citation in citations:
        yield Cited(citation)
    for part in re.findall(r"\S*\s*", text):
        yield TextDelta(part)
    yield Finished(Answer("?", text, "vi", 0.9, citations))


browser_test = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium: apt-get install chromium"
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def assistant() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def address(assistant: Scripted) -> Iterator[str]:
    with server.running(server.app(assistant, Settings()), "127.0.0.1", 0) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:  # each launch has a fresh profile
        path = shutil.which("chromium")
        yield playwright.chromium.launch(executable_path=path, args=FLAGS.split())


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Opened]:
    """Opens the page; at the end, nothing may have gone wrong or left the machine."""
    faults: list[str] = []

    def watch(tab: Page) -> None:
        tab.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("request", lambda r: faults.append(r.url) if _leaves(r.url) else None)

    with ExitStack() as stack:

        def open_page(
            path: str = "", locale: str = "vi-VN", width: int = 1280, dark: bool = False
        ) -> Page:
            context = browser.new_context(
                locale=locale,
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            tab = context.new_page()
            watch(tab)
            tab.goto(address + path)
            expect(tab.locator(".example").first).to_be_visible(timeout=15_000)
            expect(tab.locator("#reader .view")).to_be_visible()
            return tab

        yield open_page
    assert faults == []


def _leaves(url: str) -> bool:
    return urlsplit(url).hostname not in ("127.0.0.1", None)


def ask(tab: Page, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")


def expect_highlight(tab: Page, quote: str) -> None:
    """The marks of the reader, joined, are ``quote``, and the first one is in sight."""
    joined = "[...document.querySelectorAll('#reader mark')].map(m => m.textContent).join('')"
    tab.wait_for_function(f"quote => {joined} === quote", arg=quote)
    expect(tab.locator("#quote")).to_be_in_viewport()


def expect_no_sideways_scroll(tab: Page) -> None:
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.browser
@browser_test
def test_question_streamed_answer_and_citations(opened: Opened, assistant: Scripted) -> None:
    tab = opened()
    assistant.gate.clear()
    ask(tab, "Trả lời chậm thôi?")
    expect(tab.locator(".reply")).to_have_text("Xin chờ một chút")  # while it is being answered
    expect(tab.get_by_role("button", name="Dừng")).to_be_visible()
    expect(tab.locator("#question textarea")).to_have_value("")
    assistant.gate.set()
    expect(tab.locator(".sources li")).to_have_count(2)
    expect(tab.locator(".body p").first).to_have_text("Phân cấp đầu tư công [1].")
    expect(tab.get_by_role("button", name="Hỏi", exact=True)).to_be_visible()
    expect_highlight(tab, FIRST_QUOTE)  # the first citation opens by itself
    tab.get_by_role("link", name="[2]").click()
    expect_highlight(tab, SECOND_QUOTE)
    second = cite(2, SECOND_QUOTE)
    assert urlsplit(tab.url).fragment == f"article=seed&start={second.start}&end={second.end}"
    tab.locator(".cite").first.focus()
    tab.keyboard.press("Enter")
    expect_highlight(tab, FIRST_QUOTE)
    expect(tab.locator("#quote")).to_be_focused()
    tab.go_back()
    expect_highlight(tab, SECOND_QUOTE)
    tab.locator(".sources a").first.click()
    expect_highlight(tab, FIRST_QUOTE)
    ask(tab, "Còn gì nữa?")
    expect(tab.locator(".sources")).to_have_count(2)
    assert [turn.question for turn in assistant.histories[-1]] == ["Trả lời chậm thôi?"]


@pytest.mark.browser
@browser_test
def test_an_address_opens_its_span_and_the_list_leads_on(opened: Opened) -> None:
    citation = cite(1, EVIL.text[3:], EVIL)
    place = page.address_of(EVIL.id, Span(citation.start, citation.end))
    tab = opened(f"/?__theme=light{place}")
    expect_highlight(tab, citation.quote)
    tab.get_by_role("link", name="Tất cả bài báo").click()
    tab.get_by_role("link", name=SEED.title).click()
    expect(tab.locator("#reader h2")).to_have_text(SEED.title)
    link = tab.get_by_role("link", name="ttbc-hcm.gov.vn")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    assert "__theme=light" in tab.url
    assert tab.locator("#reader .text").evaluate("e => e.textContent") == SEED.text
    tab.evaluate("location.hash = '#article=nowhere'")
    expect(tab.locator(".notice")).to_have_text(LABELS["vi"].gone)


@pytest.mark.browser
@browser_test
def test_examples_and_a_new_conversation(opened: Opened) -> None:
    tab = opened()
    tab.get_by_role("button", name="Ai là bí thư <b>phường</b>?").click()
    expect(tab.locator(".question")).to_have_text("Ai là bí thư <b>phường</b>?")
    expect_highlight(tab, FIRST_QUOTE)
    tab.get_by_role("button", name="Hội thoại mới").click()
    expect(tab.locator(".example")).to_have_count(2)
    expect(tab.locator(".question")).to_have_count(0)


@pytest.mark.browser
@browser_test
def test_a_refusal_looks_different_and_offers_the_closest_quote(opened: Opened) -> None:
    tab = opened()
    ask(tab, "Huế có mưa không?")
    expect(tab.locator(".refusal")).to_contain_text("Các bài báo không nói về điều này.")
    expect(tab.locator(".refusal")).to_contain_text(LABELS["vi"].closest)
    expect(tab.locator("#reader .library")).to_be_visible()  # nothing opened by itself
    tab.locator(".refusal a").click()
    expect_highlight(tab, SECOND_QUOTE)


@pytest.mark.browser
@browser_test
def test_a_fault_is_one_polite_line_and_is_logged(
    opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    tab = opened(locale="en-GB")
    ask(tab, "hỏng?")
    expect(tab.locator(".fault")).to_have_text(LABELS["en"].failed)
    assert "secret" not in tab.locator("body").inner_text()
    assert "Traceback" not in tab.locator("body").inner_text()
    fault = [r for r in caplog.records if r.name == "assistant.runs"]
    assert [r.exc_info and str(r.exc_info[1]) for r in fault] == ["secret <detail>"]
    ask(tab, "Và bây giờ?")
    expect(tab.locator(".sources")).to_be_visible()


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize(
    ("question", "sofar"),
    [("Tìm lâu?", LABELS["vi"].searching), ("Trả lời chậm thôi?", "Xin chờ một chút")],
)
def test_the_answer_can_be_stopped(
    opened: Opened, assistant: Scripted, question: str, sofar: str
) -> None:
    tab = opened()
    assistant.gate.clear()
    ask(tab, question)
    expect(tab.locator(".reply")).to_have_text(sofar)
    ask(tab, "Hỏi chen vào")  # not while an answer is coming
    tab.get_by_role("button", name="Dừng").click()
    expect(tab.locator(".fault")).to_have_text(LABELS["vi"].stopped)
    tab.get_by_role("button", name="Hỏi", exact=True).click()  # the assistant still thinks
    expect(tab.locator(".sources")).to_be_visible()
    assistant.gate.set()
    tab.wait_for_timeout(500)  # for what the stopped answer might still do
    expect(tab.locator(".question")).to_have_text([question, "Hỏi chen vào"])
    expect(tab.locator(".fault")).to_have_text(LABELS["vi"].stopped)
    expect_highlight(tab, FIRST_QUOTE)


@pytest.mark.browser
@browser_test
def test_visitors_neither_see_nor_wait_for_each_other(opened: Opened, assistant: Scripted) -> None:
    one, other = opened(), opened()
    assistant.gate.clear()
    ask(one, "Trả lời chậm thôi?")
    expect(one.locator(".reply")).to_have_text("Xin chờ một chút")
    ask(other, "Và tôi?")
    expect(other.locator(".sources")).to_be_visible()
    expect(other.locator(".question")).to_have_text("Và tôi?")
    one.get_by_role("button", name="Hội thoại mới").click()  # in the middle of its answer
    expect(one.locator(".example")).to_have_count(2)
    assistant.gate.set()
    ask(one, "Từ đầu?")
    expect(one.locator(".sources")).to_be_visible()
    expect(one.locator(".question")).to_have_text("Từ đầu?")
    assert list(assistant.histories[-1]) == []


@pytest.mark.browser
@browser_test
def test_the_language_switch_changes_every_label(opened: Opened) -> None:
    tab = opened(locale="en-US")
    expect(tab.locator("h1")).to_have_text("Ask the news")
    tab.get_by_role("button", name="What do the wards ask for?").click()
    expect(tab.locator(".sources .label")).to_have_text("Sources")
    tab.get_by_text("Tiếng Việt", exact=True).click()
    expect(tab.locator("h1")).to_have_text("Hỏi đáp tin tức")
    expect(tab.locator(".sources .label")).to_have_text("Nguồn")
    expect(tab.locator("#reader nav a").first).to_have_text("Tất cả bài báo")
    expect(tab.locator("#question textarea")).to_have_attribute("placeholder", LABELS["vi"].hint)
    expect(tab.locator("#question textarea")).to_have_accessible_name(re.compile("^Câu hỏi"))
    expect(tab.locator("html")).to_have_attribute("lang", "vi")
    expect_highlight(tab, FIRST_QUOTE)  # what was open stays open
    footer = tab.locator("body").inner_text()
    assert "Gradio" not in footer and "API" not in footer


@pytest.mark.browser
@browser_test
def test_hostile_text_stays_text(opened: Opened) -> None:
    tab = opened()
    expect(tab.locator("#reader .library li").nth(1)).to_contain_text(f"Title {HOSTILE[:60]}")
    ask(tab, HOSTILE)
    expect_highlight(tab, EVIL.text[3:])
    expect(tab.locator(".question")).to_have_text(HOSTILE)
    expect(tab.locator(".body")).to_have_text(f"{HOSTILE} [1]")
    expect(tab.locator(".body a")).to_have_count(2)  # both "[1]" of the answer, and no address
    strangers = "img, script, iframe, strong, code, .katex, a:not([href^='#article='])"
    assert tab.locator("#messages .message").locator(strangers).count() == 0
    assert tab.locator("#reader").locator("img, script, strong, code").count() == 0
    assert tab.evaluate("window.pwned") is None


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_stacks_the_panes(opened: Opened, width: int) -> None:
    tab = opened(width=width)
    expect_no_sideways_scroll(tab)
    ask(tab, HOSTILE.replace(" ", ""))
    expect(tab.locator(".sources")).to_be_in_viewport()  # not taken away by what opens below
    expect_no_sideways_scroll(tab)
    tab.locator(".sources a").click()
    expect_highlight(tab, EVIL.text[3:])
    expect_no_sideways_scroll(tab)
    tab.get_by_role("link", name="Về hội thoại").click()
    expect(tab.locator(".sources")).to_be_in_viewport()


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("dark", [False, True])
def test_text_stands_out_from_its_background(opened: Opened, dark: bool) -> None:
    tab = opened(dark=dark)
    tab.locator(".example").first.click()
    expect_highlight(tab, FIRST_QUOTE)
    for place in (".body p", ".cite", ".sources .start", "#quote", "#reader .meta", "#reader a"):
        text, ground = tab.locator(place).first.evaluate(COLOURS)
        assert _contrast(text, ground) >= 4.5, place  # WCAG 2.1, level AA


COLOURS = """e => {
  const numbers = c => c.match(/[0-9.]+/g).map(Number);
  const text = numbers(getComputedStyle(e).color);
  let ground;
  do {
    ground = numbers(getComputedStyle(e).backgroundColor);
    e = e.parentElement;
  } while (e && ground.length > 3 && ground[3] === 0);
  return [text.slice(0, 3), ground.slice(0, 3)];
}"""


def _contrast(one: list[float], other: list[float]) -> float:
    """The contrast ratio of two sRGB colours, 1 to 21 (WCAG 2.1, 1.4.3)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: list[float]) -> float:
    shares = [c / 255 for c in colour]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
