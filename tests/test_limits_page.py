"""The limits on the page, in a browser: closed until wanted, by keyboard, told above the answer."""

from __future__ import annotations

import gradio as gr
import pytest
from playwright.sync_api import expect

from assistant.page._filter_panel import FilterPanel
from assistant.page.labels import LABELS
from assistant.types import Filter
from tests import browsing
from tests.browsing import Opened, Scripted, ask, browser_test, expect_no_sideways_scroll

browser, opened = browsing.browser, browsing.opened
assistant, address = browsing.assistant, browsing.address
VI, EN = LABELS["vi"], LABELS["en"]


@pytest.mark.browser
@browser_test
def test_a_question_is_limited_and_asked_again_without(opened: Opened, assistant: Scripted) -> None:
    tab = opened(width=390)
    since = tab.get_by_label(VI.since, exact=True)
    expect(since).to_be_hidden()
    handle = tab.locator("#limit > button")
    handle.focus()
    tab.keyboard.press("Enter")
    expect(since).to_be_visible()
    expect_no_sideways_scroll(tab)
    since.fill("5/8/2025")
    ask(tab, "Huế có mưa không?")
    chip = tab.locator(".reply .limited")
    expect(chip).to_contain_text("từ 5/8/2025")
    expect(since).to_be_hidden()  # the answer has the room
    expect(handle).to_contain_text("từ 5/8/2025")  # which holds for the next question too
    expect(tab.get_by_role("button", name=VI.ask_unlimited)).to_be_visible()
    assert assistant.filters == [Filter(since="5/8/2025")]
    tab.reload()  # kept with the exchange, and no trap for the next question
    expect(chip).to_contain_text("từ 5/8/2025")
    tab.get_by_role("button", name=VI.ask_unlimited).click()
    expect(tab.locator(".which")).to_have_text("2/2")
    expect(chip).to_have_count(0)
    expect(tab.locator(".reply")).to_contain_text("không nói về điều này")  # it was asked
    assert assistant.filters[1:] == [Filter()]


@pytest.mark.browser
@browser_test
def test_the_handle_says_what_holds_in_the_language_of_the_page(opened: Opened) -> None:
    tab = opened()
    handle = tab.locator("#limit > button")
    handle.click()
    tab.wait_for_timeout(500)  # as people do: a busy machine still draws the page
    since = tab.get_by_label(VI.since, exact=True)
    since.fill("5/8/2025")
    ask(tab, "Huế có mưa không?")
    expect(handle).to_contain_text("từ 5/8/2025")
    tab.locator("#language").get_by_text("English").click()
    expect(handle).to_contain_text(f"{EN.limit}: since 5 Aug 2025")
    handle.click()
    tab.get_by_label(EN.since, exact=True).fill("")
    ask(tab, "Huế có mưa không?")
    expect(handle).not_to_contain_text("since")


def test_a_question_leaves_the_handle_alone_that_says_what_holds() -> None:
    with gr.Blocks():
        panel = FilterPanel(EN)
    held = Filter(since="5/8/2025")
    assert panel.closed(held, held, VI)[panel.panel] == gr.update(open=False)
    assert panel.closed(held, Filter(), EN)[panel.panel]["label"].startswith(f"{EN.limit}: since 5")
    assert panel.closed(Filter(), held, VI)[panel.panel]["label"] == VI.limit


@pytest.mark.browser
@browser_test
def test_a_copied_answer_says_what_it_was_asked_of(opened: Opened) -> None:
    tab = opened(permissions=["clipboard-read", "clipboard-write"])
    tab.locator("#limit > button").click()
    tab.wait_for_timeout(500)  # as people do: a busy machine still draws the page
    since = tab.get_by_label(VI.since, exact=True)
    since.fill("5/8/2025")
    tab.keyboard.press("Tab")
    tab.wait_for_timeout(300)
    expect(since).to_have_value("5/8/2025")
    ask(tab, "Các phường kiến nghị điều gì?")
    tab.locator(".act-copy").click()
    expect(tab.locator("#said")).to_have_text(VI.script["copied"])
    first, second, *_ = tab.evaluate("navigator.clipboard.readText()").splitlines()
    assert (
        first == " ".join(tab.locator(".reply .limited").inner_text().split())
        and "5/8/2025" in first
    )
    assert second.startswith("Phân cấp đầu tư công")
