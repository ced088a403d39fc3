"""What bars someone from the page: axe-core finds nothing, at three widths, light and dark; and
nothing has to be scrolled sideways."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage
from playwright.sync_api import Browser, Page, expect

from assistant.answering.assistant import Assistant
from assistant.server.credentials import Users
from assistant.settings import Settings
from tests import browsing
from tests.browsing import Opened, ask, browser_test, expect_no_sideways_scroll, ready
from tests.scripted import JudgedByWords
from tests.test_panels import QUESTION, UNKNOWN, WRITTEN

# What models write, of every kind that the page shows.
MARKED = f"""## Kiến nghị

{WRITTEN}

- **Ông Nguyễn Thanh Tâm** là bí thư đảng ủy phường Lái Thiêu [1].

| Phường | Bí thư |
|---|---|
| Lái Thiêu | Nguyễn Thanh Tâm [1] |

Xem `GET /api`.
"""
PHONE = 900  # pixels; up to there the reader covers the conversation

AXE = os.environ.get("AXE", "node_modules/axe-core/axe.min.js")
WIDTHS = (1440, 390, 320)

browser, opened = browsing.browser, browsing.opened
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    browser_test,
    pytest.mark.skipif(not Path(AXE).is_file(), reason="no axe-core: npm install axe-core"),
    pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"]),
    pytest.mark.parametrize("width", WIDTHS),
]


@pytest.fixture(scope="module")
def address(seed_assistant: Assistant) -> Iterator[str]:
    with browsing.serving(seed_assistant, seed_assistant.settings) as found:
        yield found


@pytest.fixture(scope="module")
def written(seed_assistant: Assistant) -> Iterator[str]:
    """The address of a server whose language model always writes MARKED."""
    settings = seed_assistant.settings.model_copy(update={"llm": "scripted:model"})
    llm = GenericFakeChatModel(messages=iter([AIMessage(MARKED)] * len(WIDTHS) * 2))
    assistant = Assistant(seed_assistant.index, settings, llm, JudgedByWords())
    with browsing.serving(assistant, settings) as found:
        yield found


def test_nothing_bars_anyone(opened: Opened, width: int, dark: bool) -> None:
    tab = opened(width=width, dark=dark, bypass_csp=True)
    expect_no_bar(tab, "start")
    tab.locator("#open-settings").click()
    expect_no_bar(tab, "options")
    tab.keyboard.press("Escape")
    tab.locator("#open-side").click()
    expect_no_bar(tab, "no conversations")
    tab.locator("#side .close").click()
    answered(tab, QUESTION)
    tab.locator(".read summary").click()
    expect_no_bar(tab, "answer")
    tab.locator(".sources .source").first.click()
    expect(tab.locator("#quote")).to_be_visible()
    expect_no_bar(tab, "article")
    tab.locator('#reader nav a[href="#articles"]').click()
    expect(tab.locator("#reader .library")).to_be_visible()
    expect_no_bar(tab, "articles")
    tab.locator("#reader .paste").click()
    expect_no_bar(tab, "pasting")
    tab.keyboard.press("Escape")


def test_nothing_of_a_conversation_bars_anyone(opened: Opened, width: int, dark: bool) -> None:
    tab = opened(width=width, dark=dark, bypass_csp=True)
    answered(tab, "Bài viết nói về gì?")
    expect_no_bar(tab, "overview")
    answered(tab, UNKNOWN)
    expect_no_bar(tab, "refusal")
    tab.locator("#open-side").click()
    expect(tab.locator(".conversations .open")).to_be_visible()
    expect_no_bar(tab, "conversations")
    tab.locator("#side .close").click()
    tab.locator(".act-bad").first.click()
    expect_no_bar(tab, "opinion")
    tab.keyboard.press("Escape")


def test_nothing_of_dialogs_and_versions_bars_anyone(
    opened: Opened, width: int, dark: bool, tmp_path: Path
) -> None:
    tab = opened(width=width, dark=dark, bypass_csp=True)
    answered(tab, QUESTION)
    tab.locator(".edit").first.click()
    expect_no_bar(tab, "editing a question")
    tab.locator("dialog textarea, dialog input").first.fill(UNKNOWN)
    tab.locator("dialog .go").click()
    expect(tab.locator(".versions button").first).to_be_visible(timeout=30_000)
    expect(tab.locator(".reply .foot").last).to_be_visible(timeout=30_000)
    expect_no_bar(tab, "versions")
    tab.locator("#open-side").click()
    for name in ("rename", "delete"):
        tab.locator(f".conversations .{name}").click()
        expect_no_bar(tab, name)
        tab.keyboard.press("Escape")
    with tab.expect_download() as came:
        tab.locator("#side .export[value='.html']").click()
    card = tmp_path / "card.html"
    came.value.save_as(card)
    tab.locator("#side .checking input").set_input_files(card)
    expect(tab.locator("dialog .verdict")).to_be_visible()
    expect_no_bar(tab, "checking a card")
    tab.keyboard.press("Escape")
    tab.locator("#side .close").click()
    if width <= PHONE:
        tab.locator("#open-articles").click()
    elif not tab.locator("#reader .library").is_visible():
        tab.locator('#reader nav a[href="#articles"]').click()
    expect(tab.locator("#reader .library")).to_be_visible()
    refused = {"name": "ảnh.jpg", "mimeType": "image/jpeg", "buffer": b"x"}
    tab.locator(".adding input").set_input_files([refused])
    expect(tab.locator(".uploads .failed")).to_be_visible()
    expect_no_bar(tab, "a file that is refused")


def test_nothing_before_the_page_bars_anyone(
    browser: Browser, width: int, dark: bool, tmp_path: Path
) -> None:
    users = tmp_path / "users.txt"
    Users(users).add("an", "một mật khẩu dài")
    with browsing.serving(browsing.Scripted(), Settings(users=users)) as at:
        tab = new_tab(browser, width, dark)
        tab.goto(f"{at}/login")
        expect_no_bar(tab, "signing in")
        tab.locator("#name").fill("an")
        tab.locator("#password").fill("sai")
        tab.locator("button").click()
        expect(tab.locator("[role=alert]")).not_to_be_empty()
        expect_no_bar(tab, "a wrong password")
        tab.locator("#name").fill("an")
        tab.locator("#password").fill("một mật khẩu dài")
        tab.locator("button").click()
        ready(tab)
        tab.goto(f"{at}/logout")
        expect_no_bar(tab, "signing out")
        tab.goto(f"{at}/docs")
        expect_no_bar(tab, "the page about the API")
        tab.close()


def new_tab(browser: Browser, width: int, dark: bool) -> Page:
    return browser.new_page(
        locale="vi-VN",
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )


def test_nothing_of_a_models_answer_bars_anyone(
    browser: Browser, written: str, width: int, dark: bool
) -> None:
    tab = new_tab(browser, width, dark)
    tab.goto(written)
    answered(ready(tab), QUESTION)
    for part in ("h3", "li", "th", "td", "strong", "code"):
        expect(tab.locator(f".reply .body {part}").first).to_be_visible()
    tab.locator(".flag").first.focus()
    expect_no_bar(tab, "flag")
    nearest = str(tab.locator(".previews .near").first.get_attribute("href"))
    tab.locator(".flag").first.press("Enter")
    tab.wait_for_function("address => location.hash === address", arg=nearest)
    tab.close()


def answered(tab: Page, question: str) -> None:
    ask(tab, question)
    expect(tab.locator(".reply").last.locator(".foot")).to_be_visible(timeout=30_000)


def expect_no_bar(tab: Page, where: str) -> None:
    """No violation at all, and nothing wider than the window."""
    if not tab.evaluate("'axe' in window"):
        tab.add_script_tag(path=AXE)
    found = tab.evaluate("axe.run({ resultTypes: ['violations'] })")
    wrong = [
        {
            "rule": one["id"],
            "impact": one["impact"],
            "nodes": [n["html"][:200] for n in one["nodes"]],
        }
        for one in found["violations"]
    ]
    assert not wrong, f"{where}: {json.dumps(wrong, ensure_ascii=False, indent=1)}"
    expect_no_sideways_scroll(tab)
