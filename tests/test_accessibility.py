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
from tests import browsing
from tests.browsing import Opened, ask, browser_test, expect_no_sideways_scroll, ready
from tests.scripted import JudgedByWords
from tests.test_panels import QUESTION, UNKNOWN, WRITTEN

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
    """The address of a server whose language model always writes WRITTEN."""
    settings = seed_assistant.settings.model_copy(update={"llm": "scripted:model"})
    llm = GenericFakeChatModel(messages=iter([AIMessage(WRITTEN)] * len(WIDTHS) * 2))
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


def test_nothing_of_a_models_answer_bars_anyone(
    browser: Browser, written: str, width: int, dark: bool
) -> None:
    tab = browser.new_page(
        locale="vi-VN",
        viewport={"width": width, "height": 800},
        color_scheme="dark" if dark else "light",
        bypass_csp=True,
    )
    tab.goto(written)
    answered(ready(tab), QUESTION)
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
