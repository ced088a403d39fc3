"""The page in a browser: asking, reading, stopping, over a scripted assistant."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from assistant.page import labels
from assistant.page.labels import LABELS
from assistant.types import Span
from tests import browsing
from tests.browsing import (
    EVIL,
    FIRST_QUOTE,
    HOSTILE,
    SECOND_QUOTE,
    SEED,
    Opened,
    Scripted,
    ask,
    browser_test,
    cite,
    expect_highlight,
    expect_no_sideways_scroll,
)

browser, opened = browsing.browser, browsing.opened
assistant, address = browsing.assistant, browsing.address


@pytest.mark.browser
@browser_test
def test_what_is_asked_while_the_page_opens_stays(opened: Opened, assistant: Scripted) -> None:
    assistant.unready = True
    tab = opened(locale="en-US", wait=False)
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect_highlight(tab, FIRST_QUOTE)
    assistant.unready = False
    assistant.ready.set()
    expect(tab.locator("#heading h1")).to_have_text(LABELS["en"].title)  # it is open now
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect_highlight(tab, FIRST_QUOTE)


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
    expect(tab.locator(".sources .source")).to_have_count(2)
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
    place = labels.address_of(EVIL.id, Span(citation.start, citation.end))
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
    tab.get_by_role("button", name="Ai là bí thư <b>phường</b>?").dblclick()  # sent once
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
    fault = [r for r in caplog.records if r.name == "assistant.page._running_answer"]
    assert [r.getMessage().splitlines()[-1] for r in fault] == ["builtins.RuntimeError"]
    assert "secret" not in caplog.text
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
def test_nothing_is_too_wide_for_a_phone(opened: Opened, width: int) -> None:
    tab = opened(width=width)
    expect_no_sideways_scroll(tab)
    ask(tab, HOSTILE.replace(" ", ""))
    expect(tab.locator(".sources")).to_be_visible()
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
