"""What outlasts its moment: the page over a server that stops, an address over the sign-in, words
in the page's language, a paste that is too long, and what is seen before the scripts have come."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from playwright.sync_api import Browser, Page, Route, expect

from assistant.page import labels
from assistant.page.labels import LABELS, Language
from assistant.page.skeleton import skeleton
from assistant.server import credentials
from assistant.server.credentials import Users
from assistant.settings import Settings
from assistant.types import Article, Span
from tests import browsing, served
from tests.browsing import (
    SECOND_QUOTE,
    Opened,
    Scripted,
    ask,
    browser_test,
    cite,
    expect_highlight,
    expect_no_sideways_scroll,
    ready,
)

browser, opened = browsing.browser, browsing.opened
assistant, address = browsing.assistant, browsing.address

# A server of its own, which can be killed. It says each question that it is asked.
SERVER = """
import sys, threading
from dataclasses import replace
from assistant.server import application, serve
from assistant.settings import Settings
from assistant.types import Finished
from tests.browsing import Scripted

class Telling(Scripted):
    def stream(self, question, history=()):
        print("asked", question, len(history), flush=True)
        for event in super().stream(question, history):
            if isinstance(event, Finished):
                event = replace(event, answer=replace(event.answer, question=question))
            yield event

assistant = Telling()
if sys.argv[2] == "quick":
    assistant.gate.set()
with serve.running(application.app(assistant, Settings()), "127.0.0.1", int(sys.argv[1])) as at:
    print("open", at, flush=True)
    threading.Event().wait()
"""


class Restartable:
    """A server on one port that can be killed and started again."""

    def __init__(self, log: Path) -> None:
        self.log = log
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, pace: str = "quick") -> None:
        command = [sys.executable, "-c", SERVER, str(self.port), pace]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=browsing.ROOT, stdout=log)
        with httpx.Client(base_url=self.address) as client:
            for _ in range(600):
                assert self.process.poll() is None
                with suppress(httpx.TransportError):
                    served.wait_until_ready(client)
                    break
                time.sleep(0.1)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def asked(self) -> list[str]:
        """What was asked since the last start, with how many turns had gone before."""
        lines = self.log.read_text("utf-8").splitlines()
        return [line.removeprefix("asked ") for line in lines if line.startswith("asked ")]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Restartable]:
    found = Restartable(tmp_path / "log")
    yield found
    found.kill()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page whose server may fail it: the console may tell so."""
    with ExitStack() as stack:

        def open_page(url: str, locale: str = "vi-VN", wait: bool = True, **more: Any) -> Page:
            context = browser.new_context(locale=locale, reduced_motion="reduce", **more)
            stack.callback(context.close)
            context.set_default_timeout(10_000)
            tab = context.new_page()
            tab.goto(url)
            return ready(tab) if wait else tab

        yield open_page


Visit = Callable[..., Page]
SCRIPT = LABELS["vi"].script


def draft(tab: Page) -> Any:
    return tab.locator("#question textarea")


# A server that goes away


@pytest.mark.browser
@browser_test
def test_a_restarted_server_loses_neither_conversation_nor_draft(
    server: Restartable, visit: Visit
) -> None:
    server.start()
    tab = visit(server.address)
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    tab.evaluate("window.before = true")
    server.kill()
    draft(tab).fill("Câu đang gõ")
    expect(tab.locator("#connection")).to_have_text(SCRIPT["out_of_reach"], timeout=15_000)
    tab.keyboard.press("Enter")  # it is not sent, and not lost
    expect(draft(tab)).to_have_value("Câu đang gõ")
    expect(tab.locator(".sources .source")).to_have_count(2)
    server.start()
    tab.wait_for_function("!window.before", timeout=20_000)  # it goes on by itself
    ready(tab)
    expect(tab.locator("#connection")).to_be_hidden()
    expect(tab.locator(".question")).to_have_text("Ai nói vậy?")
    expect(draft(tab)).to_have_value("Câu đang gõ")
    tab.keyboard.press("Tab")
    draft(tab).press("Enter")
    expect(tab.locator(".question")).to_have_text(["Ai nói vậy?", "Câu đang gõ"])
    expect(tab.locator(".reply").last.locator(".sources .source")).to_have_count(2)
    assert server.asked() == ["Câu đang gõ 1"]  # after the one that was kept


@pytest.mark.browser
@browser_test
def test_a_question_that_was_running_is_asked_again_once(server: Restartable, visit: Visit) -> None:
    server.start("slow")
    tab = visit(server.address)
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    ask(tab, "Trả lời chậm thôi?")
    expect(tab.locator(".reply").last).to_have_text("Xin chờ một chút")
    server.kill()
    expect(tab.locator("#connection")).to_have_text(SCRIPT["out_of_reach"], timeout=15_000)
    expect(tab.locator(".reply").last).to_have_text("Xin chờ một chút")
    expect(tab.locator(".toast-wrap")).to_be_hidden()  # Gradio says it in English
    server.start()
    expect(tab.locator(".sources")).to_have_count(2, timeout=30_000)
    expect(tab.locator(".question")).to_have_text(["Ai nói vậy?", "Trả lời chậm thôi?"])
    tab.wait_for_timeout(1000)  # for what might be asked twice
    assert server.asked() == ["Trả lời chậm thôi? 1"]
    tab.reload()
    expect(tab.locator(".sources")).to_have_count(2, timeout=30_000)
    assert server.asked() == ["Trả lời chậm thôi? 1"]


@pytest.mark.browser
@browser_test
def test_a_line_that_fails_for_a_moment_changes_nothing(address: str, visit: Visit) -> None:
    tab = visit(address, locale="en-GB")
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    tab.wait_for_timeout(1000)  # until no stream of an answer is open: Gradio would reload
    tab.evaluate("window.before = true")
    tab.context.set_offline(True)
    expect(tab.locator("#connection")).to_have_text(LABELS["en"].script["out_of_reach"])
    tab.context.set_offline(False)
    expect(tab.locator("#said")).to_have_text(LABELS["en"].script["regained"])
    expect(tab.locator("#connection")).to_be_hidden()
    ask(tab, "Và bây giờ?")
    expect(tab.locator(".sources")).to_have_count(2)
    assert tab.evaluate("window.before")


def another_server(tab: Page) -> None:
    told = lambda route: route.fulfill(json={"app_id": 1})  # noqa: E731
    tab.route("**/gradio_api/app_id", told)


@pytest.mark.browser
@browser_test
def test_a_dialog_that_is_filled_in_is_not_reloaded_away(address: str, visit: Visit) -> None:
    tab = visit(address)
    tab.evaluate("window.before = true")
    tab.locator("button.paste").click()
    tab.locator("dialog textarea").fill("Một bài dài")
    another_server(tab)
    expect(tab.locator("#connection")).to_contain_text(SCRIPT["restarted"])
    expect(tab.locator("dialog textarea")).to_have_value("Một bài dài")
    assert tab.evaluate("window.before")
    tab.keyboard.press("Escape")
    tab.wait_for_function("!window.before")
    ready(tab)
    # Servers that take turns would have it reload for ever; a person may.
    expect(tab.locator("#connection button")).to_have_text(SCRIPT["reload"])
    tab.evaluate("window.before = true")
    ask(tab, "Không gửi đi")
    tab.wait_for_timeout(3500)
    assert tab.evaluate("window.before")
    expect(tab.locator(".question")).to_have_count(0)
    tab.unroute("**/gradio_api/app_id")
    tab.locator("#connection button").click()
    tab.wait_for_function("!window.before")
    expect(draft(tab)).to_have_value("Không gửi đi")


@pytest.mark.browser
@browser_test
def test_who_is_signed_out_is_told(address: str, visit: Visit) -> None:
    tab = visit(address)
    tab.route("**/gradio_api/app_id", lambda route: route.fulfill(status=401, json={}))
    expect(tab.locator("#connection")).to_contain_text(SCRIPT["signed_out"])
    expect(tab.locator("#connection button")).to_have_text(SCRIPT["sign_in"])


# Words of Gradio's own


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize(("locale", "language"), [("vi-VN", "vi"), ("fr-FR", "en")])
def test_a_full_queue_is_told_in_the_pages_language(
    address: str, visit: Visit, locale: str, language: Language
) -> None:
    tab = visit(address, locale=locale)
    full = {"detail": "Queue is full."}
    tab.route("**/queue/join*", lambda route: route.fulfill(status=503, json=full))
    ask(tab, "Ai nói vậy?")
    expect(tab.locator("#said")).to_have_text(LABELS[language].script["failed"])
    expect(tab.locator(".fault")).to_have_text(LABELS[language].stopped)  # it waits no more
    shown = tab.locator("body").inner_text()
    assert not re.search(r"\b(busy|Error|Erreur|occupée?)\b", shown)
    tab.unroute("**/queue/join*")
    ask(tab, "Và bây giờ?")
    expect(tab.locator(".sources")).to_be_visible()


NAMES = """() => [...document.querySelectorAll('[title], [aria-label]')]
  .filter(e => !e.closest('#language') && e.checkVisibility({visibilityProperty: true}))
  .flatMap(e => [e.title, e.ariaLabel])"""
FOREIGN = re.compile(r"\b(for|Scroll|Clear|Reset|Copy|Remove|Retry|Effacer|Faire)\b")


@pytest.mark.browser
@browser_test
def test_no_name_of_a_button_is_in_another_language(opened: Opened) -> None:
    tab = opened(locale="fr-FR")
    tab.get_by_text("Tiếng Việt", exact=True).click()
    for question in ("Ai nói vậy?", "Ở đâu?", "Khi nào?"):
        ask(tab, question)
        expect(tab.locator(".question").last).to_have_text(question)
        expect(tab.locator(".reply").last.locator(".sources .source")).to_have_count(2)
    tab.locator("#messages .bubble-wrap").evaluate("e => e.scrollTo(0, 0)")
    expect(tab.get_by_title(SCRIPT["newest"])).to_be_visible()
    tab.locator("#open-settings").click()
    name = LABELS["vi"].sources_read
    expect(tab.get_by_role("slider", name=name, exact=True)).to_be_visible()
    expect(tab.get_by_role("spinbutton", name=name, exact=True)).to_be_visible()
    assert [name for name in tab.evaluate(NAMES) if FOREIGN.search(name or "")] == []


# Signing in


@pytest.fixture(scope="module")
def users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    found = tmp_path_factory.mktemp("users") / "users"
    with pytest.MonkeyPatch.context() as patch:
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(credentials, "_HASHER", hasher)
        Users(found).add("linh", "một mật khẩu dài")
        yield found


def sign_in(tab: Page, password: str = "một mật khẩu dài") -> None:
    tab.locator("#name").fill("linh")
    tab.locator("#password").fill(password)
    tab.locator("button").click()


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("under", ["", "/bao/chi"])
def test_a_place_in_an_article_survives_signing_in(users: Path, visit: Visit, under: str) -> None:
    second = cite(2, SECOND_QUOTE)
    place = labels.address_of("seed", Span(second.start, second.end))
    with browsing.serving(Scripted(), Settings(users=users, root_path=under)) as at:
        tab = visit(f"{at}{under}/{place}", wait=False)
        sign_in(tab, "ein falsches")
        expect(tab.locator("[role=alert]")).not_to_be_empty()
        sign_in(tab)
        expect_highlight(ready(tab), SECOND_QUOTE)
        assert tab.url == f"{at}{under}/{place}"
        plain = visit(f"{at}{under}/{place}", wait=False, java_script_enabled=False)
        sign_in(plain)
        plain.wait_for_url(f"{at}{under}/")


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize(("locale", "language"), [("vi-VN", "vi"), ("en-GB", "en")])
def test_signing_in_and_out_carry_the_products_name(
    users: Path, visit: Visit, locale: str, language: Language
) -> None:
    name = LABELS[language].title
    with browsing.serving(Scripted(), Settings(users=users)) as at:
        for width, scheme in ((320, "light"), (390, "dark"), (1440, "light")):
            size = {"width": width, "height": 800}
            more: dict[str, Any] = {"viewport": size, "color_scheme": scheme}
            tab = visit(f"{at}/login", locale=locale, wait=False, **more)
            expect(tab).to_have_title(re.compile(f"· {name}$"))
            expect(tab.locator(".product")).to_have_text(name)
            expect(tab.locator("button")).to_be_in_viewport()
            expect_no_sideways_scroll(tab)
        sign_in(tab)
        ready(tab)
        tab.goto(f"{at}/logout")
        expect(tab).to_have_title(f"{LABELS[language].sign_out} · {name}")
        expect(tab.locator(".product")).to_have_text(name)


# A paste


LONG = "Dòng một.\n" + "tin tức " * 300 + "hết"  # 10 + 2400 + 3 characters


def paste(tab: Page, text: str) -> None:
    tab.evaluate("text => navigator.clipboard.writeText(text)", text)
    draft(tab).focus()
    tab.keyboard.press("Control+V")


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("changes", [True, False])
def test_a_paste_that_is_cut_says_how_much(address: str, visit: Visit, changes: bool) -> None:
    tab = visit(address, permissions=["clipboard-read", "clipboard-write"], wait=False)
    told = {"changes": changes, "web_addresses": False, "suffixes": [".txt"]}
    tab.route("**/api/v1/uploads", lambda route: route.fulfill(json=told))
    tab.reload()
    ready(tab)
    paste(tab, LONG)
    expect(tab.locator("#cut")).to_contain_text("413")
    draft(tab).fill("")
    expect(tab.locator("#cut")).to_be_hidden()
    paste(tab, "Ngắn thôi. ")
    expect(tab.locator("#cut")).to_be_hidden()
    paste(tab, LONG)
    # 11 characters were there: 11 + 2413 - 2000 are too many.
    expect(tab.locator("#cut span")).to_have_text(SCRIPT["cut"].format(most="2.000", count="424"))
    assert len(draft(tab).input_value()) == 2000
    button = tab.get_by_role("button", name=SCRIPT["as_article"])
    if not changes:
        expect(button).to_have_count(0)
        tab.keyboard.press("Backspace")
        expect(tab.locator("#cut")).to_be_hidden()
        return
    button.click()
    expect(tab.locator("dialog textarea")).to_have_value(LONG)
    expect(draft(tab)).to_have_value("Ngắn thôi. ")
    expect(tab.locator("#cut")).to_be_hidden()


# Before the scripts have come


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_has_a_shape_before_its_scripts(address: str, visit: Visit, width: int) -> None:
    tab = visit(address, viewport={"width": width, "height": 800})
    tab.get_by_text("English", exact=True).click(force=True)
    expect(tab.locator("#heading h1")).to_have_text(LABELS["en"].title)
    name = tab.locator("#heading h1").bounding_box()
    held: list[Route] = []
    come = False
    tab.route("**/assets/*.js", lambda route: route.continue_() if come else held.append(route))
    tab.reload(wait_until="commit")
    shown = tab.locator("#skeleton")
    expect(shown.get_by_text(LABELS["en"].title)).to_be_visible()  # as the page was left
    expect(shown.get_by_text(LABELS["vi"].title)).to_be_hidden()
    expect(shown.locator("section").first).to_be_in_viewport()
    expect_no_sideways_scroll(tab)
    assert name
    seen = shown.locator("b").bounding_box()
    assert seen
    assert abs(seen["x"] - name["x"]) <= 4  # nothing jumps
    assert abs(seen["y"] + seen["height"] / 2 - name["y"] - name["height"] / 2) <= 4
    come = True
    for route in held:
        route.continue_()
    ready(tab)
    expect(shown).to_be_hidden()


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("sent", [False, True])
def test_a_question_can_be_typed_and_sent_before_the_page_is_there(
    address: str, assistant: Scripted, visit: Visit, sent: bool
) -> None:
    assistant.gate.set()
    tab = visit(address)
    held: list[Route] = []
    come = False
    tab.route("**/assets/*.js", lambda route: route.continue_() if come else held.append(route))
    tab.reload(wait_until="commit")
    early = tab.locator("#early")
    expect(early).to_have_attribute("placeholder", LABELS["vi"].hint)
    expect(early).to_be_focused()  # by itself; what is typed before goes nowhere
    tab.keyboard.type("Các phường kiến nghị gì?")
    if sent:
        tab.keyboard.press("Enter")
        expect(early).not_to_be_editable()
        tab.keyboard.press("Enter")  # once is enough
    come = True
    for route in held:
        route.continue_()
    ready(tab)
    expect(tab.locator("#skeleton")).to_have_count(0)
    box = tab.locator("#question textarea")
    if sent:
        expect(tab.locator("#messages .question")).to_have_text("Các phường kiến nghị gì?")
        expect(tab.locator("#messages .reply .foot")).to_have_count(1)
        expect(box).to_have_value("")
    else:
        expect(box).to_have_value("Các phường kiến nghị gì?")
        expect(box).to_be_focused()
        tab.keyboard.press("Enter")
        expect(tab.locator("#messages .question")).to_have_text("Các phường kiến nghị gì?")


@pytest.mark.browser
@browser_test
def test_an_article_can_be_chosen_before_the_page_is_there(
    address: str, assistant: Scripted, visit: Visit
) -> None:
    assistant.gate.set()
    first = assistant.articles()[0]
    tab = visit(address)
    held: list[Route] = []
    come = False
    tab.route("**/assets/*.js", lambda route: route.continue_() if come else held.append(route))
    tab.reload(wait_until="commit")
    entry = tab.locator("#skeleton li a").first
    expect(entry).to_contain_text(first.title)
    expect(entry).not_to_contain_text("2025-")  # its day is told as the language tells days
    at = entry.bounding_box()
    entry.click()
    expect(entry).to_have_attribute("aria-busy", "true")
    come = True
    for route in held:
        route.continue_()
    expect(tab.locator("#reader h2").first).to_have_text(first.title)
    expect(tab.locator("#skeleton")).to_have_count(0)
    tab.goto(f"{address}/#articles")
    found = tab.locator("#reader .library a").first.bounding_box()
    assert at is not None and found is not None
    assert abs(at["y"] - found["y"]) < 30  # but for a line of the words above it


def test_the_outline_lists_articles_as_text() -> None:
    article = Article("a", '<img src="x"> & co', "…", "vi", "bao.example.vn", "2025-08-05")
    markup = skeleton("vi", [article] * 30)
    assert "<img" not in markup and "&lt;img" in markup
    assert markup.count("<li>") == 12 and ">30</small>" in markup
    assert "05/08/2025" in markup and "5 Aug 2025" in markup
    assert "<li>" not in skeleton("vi", [])


def test_the_skeleton_names_the_product_in_both_languages() -> None:
    markup = skeleton("en")
    assert '<div id="skeleton" lang="en">' in markup
    told = markup.partition("<noscript>")[2].partition("</noscript>")[0]
    for language in LABELS.values():
        assert language.title in markup
        assert language.needs_scripts in told
    assert "$" not in markup


def test_the_document_is_small_and_versioned_files_are_asked_for_once(address: str) -> None:
    with httpx.Client(base_url=address, headers={"accept-language": "vi"}) as client:
        document = client.get("/")
        assert document.headers["content-encoding"] == "gzip"
        assert int(document.headers["content-length"]) * 3 < len(document.content)
        assert document.text.index('<div id="skeleton" lang="vi">') < document.text.index(
            "<gradio-app"
        )
        assert "cache-control" not in document.headers
        plain = client.get("/", headers={"accept-encoding": "identity"})
        assert plain.text.count('id="skeleton"') == 1
        assert client.head("/").status_code == plain.status_code == 200
        found = re.findall(r'\./(assets/index-[^"]+)', document.text)
        assert {path.rpartition(".")[2] for path in found} == {"js", "css"}
        for path in found:
            assert "immutable" in client.get(f"/{path}").headers["cache-control"]
        assert "cache-control" not in client.get("/assets/none.js").headers


def test_streams_of_events_do_not_wait_in_a_buffer(address: str) -> None:
    with (
        httpx.Client(base_url=address, timeout=5) as client,
        client.stream("GET", "/gradio_api/heartbeat/x") as stream,
    ):
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_text()).startswith("data: ALIVE")
