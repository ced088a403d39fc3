"""What the browser tests share: a scripted assistant, its server, and a watching browser.

Every page that is opened also fails its test on a console error, and on a request to any address
but the server's own.
"""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from assistant.answering.protocols import AnsweringAssistant
from assistant.server import application, serve
from assistant.settings import Settings
from assistant.types import (
    NO_FILTER,
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Filter,
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


@dataclass
class Scripted:
    """An assistant whose answers are known beforehand. ``gate`` holds an answer half-way,
    ``unready`` the examples, and with them the opening of the page."""

    gate: threading.Event = field(default_factory=threading.Event)
    ready: threading.Event = field(default_factory=threading.Event)
    unready: bool = False
    histories: list[Sequence[Turn]] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, filter: Filter = NO_FILTER
    ) -> Iterator[AnswerEvent]:
        self.histories.append(history)
        self.filters.append(filter)
        if "lâu" in question:
            self.gate.wait(20)
        yield Retrieved((), question)
        if "<script>" in question:
            yield from _told(f"{HOSTILE} [1]", cite(1, EVIL.text[3:], EVIL))
        elif "Huế" in question:
            text = "Các bài báo không nói về điều này."
            yield TextDelta(text)
            yield Finished(
                Answer(question, text, "vi", 0.1, (), closest=cite(1, SECOND_QUOTE), filter=filter)
            )
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
                filter=filter,
            )

    def with_settings(self, **changes: Any) -> Scripted:
        return self

    def retrieve(
        self, question: str, top_k: int | None = None, *, filter: Filter = NO_FILTER
    ) -> list[Hit]:
        return []

    def warm(self) -> None:
        pass

    def article(self, article_id: str) -> Article:
        return {a.id: a for a in self.articles()}[article_id]

    def articles(self) -> list[Article]:
        return [SEED, EVIL]

    def examples(self, language: str) -> list[str]:
        if self.unready:
            self.ready.wait(20)
        return {
            "vi": ["Các phường kiến nghị điều gì?", "Ai là bí thư <b>phường</b>?"],
            "en": ["What do the wards ask for?"],
        }[language]


def _told(text: str, *citations: Citation, filter: Filter = NO_FILTER) -> Iterator[AnswerEvent]:
    for citation in citations:
        yield Cited(citation)
    for part in re.findall(r"\S*\s*", text):
        yield TextDelta(part)
    yield Finished(Answer("?", text, "vi", 0.9, citations, filter=filter))


browser_test = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="no chromium: apt-get install chromium"
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync"
)
Opened = Callable[..., Page]


@contextmanager
def serving(assistant: AnsweringAssistant, settings: Settings | None = None) -> Iterator[str]:
    """The server over ``assistant`` on a free port; yields its address."""
    served_app = application.app(assistant, settings or Settings())
    with serve.running(served_app, "127.0.0.1", 0) as found:
        yield found


@pytest.fixture(scope="module")
def assistant() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def address(assistant: AnsweringAssistant) -> Iterator[str]:
    """The address of a server over the module's ``assistant``."""
    with serving(assistant) as found:
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
        tab.on("console", lambda m: faults.append(_with_place(m)) if _is_fault(m) else None)
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("framenavigated", lambda _: faults.__setitem__(slice(None), _lasting(faults)))
        tab.on("request", lambda r: faults.append(r.url) if _leaves(r.url, address) else None)

    with ExitStack() as stack:

        def open_page(
            path: str = "",
            locale: str = "vi-VN",
            width: int = 1280,
            dark: bool = False,
            wait: bool = True,
            **more: Any,
        ) -> Page:
            context = browser.new_context(
                locale=locale,
                viewport={"width": width, "height": 800},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                **more,
            )
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            tab = context.new_page()
            watch(tab)
            tab.goto(address + path)
            return ready(tab) if wait else tab

        yield open_page
    assert not faults, faults


def ready(tab: Page) -> Page:
    """``tab``, once the page in it can be used."""
    expect(tab.locator("#question textarea")).to_be_visible(timeout=20_000)
    expect(tab.locator("#reader .view")).to_be_attached(timeout=20_000)  # a phone shows it later
    # The examples are read in the background, while the page can be used.
    expect(tab.locator(".example, .question").first).to_be_visible(timeout=60_000)
    return tab


def _with_place(message: ConsoleMessage) -> str:
    return f"{message.text} {message.location['url']}"


def _is_fault(message: ConsoleMessage) -> bool:
    """Whether the console tells an error; that a file was refused (422), or that an article is
    gone which was to be removed (404), is none of the page's."""
    gone = "status of 404" in message.text and "/api/v1/articles/" in message.location["url"]
    return message.type == "error" and "status of 422" not in message.text and not gone


def _lasting(faults: Sequence[str]) -> list[str]:
    """``faults`` without what Gradio's client says of a stream that ended as its page was left."""
    left = ("signal is aborted", "Connection errored out")
    return [fault for fault in faults if not any(words in fault for words in left)]


def _leaves(url: str, address: str) -> bool:
    """Whether a request goes to any address but the server's own; data: and blob: go nowhere."""
    return urlsplit(url).netloc not in (urlsplit(address).netloc, "")


def ask(tab: Page, question: str) -> None:
    tab.locator("#question textarea").fill(question)
    tab.keyboard.press("Enter")


def expect_highlight(tab: Page, quote: str) -> None:
    """The marks of the reader, joined, are ``quote``, and the first one is in sight."""
    marks = "[...document.querySelectorAll('#reader mark:not(.other)')]"
    joined = f"{marks}.map(m => m.textContent).join('')"
    tab.wait_for_function(f"quote => {joined} === quote", arg=quote)
    expect(tab.locator("#quote")).to_be_in_viewport()


def expect_no_sideways_scroll(tab: Page) -> None:
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
