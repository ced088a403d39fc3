"""The reader beside the conversation: all quotes of an answer, ways between them, finding, a phone,
and what survives a reload."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from assistant.page import _reader_html as reader_html
from assistant.page.labels import LABELS
from assistant.types import Article, Span
from tests import browsing
from tests.browsing import (
    EVIL,
    FIRST_QUOTE,
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


def text_of(markup: str) -> str:
    """What a browser shows of the article's text, hidden signs included."""
    inner = markup.partition('<div class="text">')[2].partition("</div>")[0]
    return html.unescape(re.sub(r"<[^>]+>", "", inner))


def test_the_other_quotes_of_an_answer_are_marked_too() -> None:
    quotes = [cite(1, FIRST_QUOTE), cite(2, SECOND_QUOTE), cite(3, EVIL.text[3:], EVIL)]
    chosen = Span(quotes[0].start, quotes[0].end)
    shown = reader_html.reading(SEED, chosen, LABELS["vi"], quotes)
    assert f'<mark id="quote" tabindex="-1">{FIRST_QUOTE}</mark>' in shown
    assert f'<mark class="other">{SECOND_QUOTE}</mark>' in shown
    assert "Trích dẫn 1/3" in shown
    assert shown.count('class="step"') == 1  # there is none before the first
    assert text_of(shown) == SEED.text


def test_signs_of_marked_text_are_hidden_and_kept() -> None:
    text = "## Giá nước\n- Hộ nghèo: 5.000 đồng\n- Hộ khác: 9.000 đồng\n#không phải tiêu đề"
    article = Article("m", "Giá cả", text, "vi", marked=True)
    shown = reader_html.reading(article, Span(14, 23), LABELS["vi"])
    assert '<p class="heading"><span class="sign">## </span>Giá nước' in shown
    assert shown.count('<p class="item"><span class="sign">- </span>') == 2
    assert text_of(shown) == text
    plain = reader_html.reading(replace(article, marked=False), None, LABELS["vi"])
    assert 'class="sign"' not in plain


@pytest.mark.browser
@browser_test
def test_quotes_lead_to_one_another_and_back_to_their_marker(opened: Opened) -> None:
    tab = opened()
    ask(tab, "Ai nói vậy?")
    expect_highlight(tab, FIRST_QUOTE)
    expect(tab.locator("#reader mark.other")).to_have_text(SECOND_QUOTE)
    tab.get_by_role("link", name="Trích dẫn sau").click()
    expect_highlight(tab, SECOND_QUOTE)
    expect(tab.locator("#reader mark.other")).to_have_text(FIRST_QUOTE)
    expect(tab.locator("#reader .which")).to_have_text("Trích dẫn 2/2")
    tab.get_by_role("link", name=LABELS["vi"].to_conversation).click()
    expect(tab.get_by_role("link", name="[2]")).to_be_focused()


@pytest.mark.browser
@browser_test
def test_no_highlight_outlives_its_answer(opened: Opened) -> None:
    tab = opened()
    ask(tab, "Ai nói vậy?")
    expect_highlight(tab, FIRST_QUOTE)
    ask(tab, "Huế có mưa không?")
    expect(tab.locator(".refusal")).to_be_visible()
    expect(tab.locator("#reader mark")).to_have_count(0)
    expect(tab.locator("#reader h2")).to_have_text(SEED.title)  # the article stays
    tab.get_by_role("link", name="[1]").click()
    expect_highlight(tab, FIRST_QUOTE)
    tab.get_by_role("button", name=LABELS["vi"].fresh).click()
    expect(tab.locator("#reader .library")).to_be_visible()
    assert "article=" not in tab.url


@pytest.mark.browser
@browser_test
def test_no_highlight_is_left_of_another_conversation(opened: Opened) -> None:
    tab = opened()
    ask(tab, "Huế có mưa không?")
    expect(tab.locator(".refusal")).to_be_visible()
    tab.get_by_role("button", name=LABELS["vi"].fresh).click()
    ask(tab, "Ai nói vậy?")
    expect_highlight(tab, FIRST_QUOTE)
    tab.locator("#open-side").click()
    kept = tab.locator(".conversations .open")
    expect(kept).to_have_count(2)
    kept.last.click()
    expect(tab.locator(".question")).to_have_text("Huế có mưa không?")
    expect(tab.locator("#reader mark")).to_have_count(0)
    expect(tab.locator("#reader h2")).to_have_text(SEED.title)


@pytest.mark.browser
@browser_test
def test_words_are_found_in_the_article_without_accents(opened: Opened) -> None:
    tab = opened()
    ask(tab, "Ai nói vậy?")
    expect_highlight(tab, FIRST_QUOTE)
    tab.get_by_role("searchbox", name="Tìm trong bài").fill("dau tu cong")
    lit = "[...CSS.highlights.get('found')].map(r => r.toString().toLowerCase())"
    found = tab.evaluate(lit)
    assert len(found) == SEED.text.lower().count("đầu tư công") > 0
    assert set(found) == {"đầu tư công"}
    told = LABELS["vi"].script["found"]
    expect(tab.locator("#said")).to_have_text(told.format(count=len(found)))
    tab.get_by_role("searchbox", name="Tìm trong bài").fill("khong co")
    expect(tab.locator("#said")).to_have_text(told.format(count=0))


def on_phone(opened: Opened, width: int = 390) -> Page:
    tab = opened(width=width, has_touch=True)
    expect(tab.locator("#reader-pane")).to_be_hidden()
    return tab


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", [320, 390])
def test_back_on_a_phone_leads_from_the_reader_to_the_conversation(
    opened: Opened, width: int
) -> None:
    tab = on_phone(opened, width)
    start = tab.url
    expect(tab.locator("#heading h1")).to_be_in_viewport()
    tab.get_by_role("button", name=LABELS["vi"].articles, exact=True).click()
    expect(tab.locator("#reader .library")).to_be_in_viewport()
    expect(tab.locator(".adding")).to_be_in_viewport()
    expect_no_sideways_scroll(tab)
    tab.go_back()
    expect(tab.locator("#reader-pane")).to_be_hidden()
    assert tab.url == start
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect(tab.locator("#reader-pane")).to_be_hidden()  # it does not cover the answer by itself
    for number in (0, 1):
        tab.locator(".sources a").nth(number).click()
        expect_highlight(tab, (FIRST_QUOTE, SECOND_QUOTE)[number])
        tab.go_back()
        expect(tab.locator("#reader-pane")).to_be_hidden()
        expect(tab.locator(".question")).to_have_text("Ai nói vậy?")


@pytest.mark.browser
@browser_test
def test_back_on_a_phone_leads_from_a_link_to_the_conversation(opened: Opened) -> None:
    tab = opened("#article=seed&start=10&end=40", width=390, has_touch=True)
    expect(tab.locator("#reader mark")).to_be_in_viewport()
    tab.reload()
    expect(tab.locator("#reader mark")).to_be_in_viewport()
    tab.go_back()
    expect(tab.locator("#reader-pane")).to_be_hidden()
    expect(tab.locator("#question")).to_be_in_viewport()
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    tab.wait_for_url(re.compile("#article="))  # the reader beside it, which a phone does not show
    tab.reload()
    expect(tab.locator(".sources .source")).to_have_count(2)
    expect(tab.locator("#reader-pane")).to_be_hidden()


@pytest.mark.browser
@browser_test
def test_back_on_a_phone_closes_what_covers_the_page(opened: Opened) -> None:
    tab = on_phone(opened)
    tab.goto(tab.url + "?before")
    expect(tab.locator("#reader .view")).to_be_attached()
    tab.goto(tab.url.replace("?before", "?now"))
    expect(tab.locator("#reader .view")).to_be_attached()
    for name in ("side", "settings"):
        tab.locator(f"#open-{name}").click()
        expect(tab.locator(f"#{name}")).to_be_in_viewport()
        tab.go_back()
        expect(tab.locator(f"#{name}")).not_to_be_in_viewport()
        expect(tab.locator(f"#open-{name}")).to_have_attribute("aria-expanded", "false")
    tab.locator("#open-side").click()
    tab.locator("#side .close").click()
    expect(tab.locator("#side")).not_to_be_in_viewport()
    tab.locator("#open-settings").click()
    tab.get_by_role("button", name=LABELS["vi"].articles, exact=True).click()
    expect(tab.locator("#reader .library")).to_be_in_viewport()
    tab.go_back()
    expect(tab.locator("#reader-pane")).to_be_hidden()
    assert "?now" in tab.url
    tab.go_back()  # nothing covers the page: this leaves it
    expect(tab).to_have_url(re.compile(r"\?before"))


@pytest.mark.browser
@browser_test
def test_back_on_a_phone_closes_a_preview(opened: Opened) -> None:
    tab = on_phone(opened)
    start = tab.url
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    marker, preview = tab.locator("#messages a.cite").first, tab.locator("#preview")
    marker.tap()
    expect(preview).to_be_visible()
    tab.go_back()
    expect(preview).to_be_hidden()
    expect(tab.locator(".question")).to_have_text("Ai nói vậy?")
    marker.tap()
    expect(preview).to_be_visible()
    marker.tap()
    expect_highlight(tab, FIRST_QUOTE)
    tab.go_back()
    expect(tab.locator("#reader-pane")).to_be_hidden()
    marker.tap()
    tab.locator("#heading h1").tap()
    expect(preview).to_be_hidden()
    tab.wait_for_function("() => !history.state?.covered")
    assert tab.url.partition("#")[0] == start.partition("#")[0]


@pytest.mark.browser
@browser_test
def test_the_first_line_of_a_long_answer_is_in_view(opened: Opened) -> None:
    tab = on_phone(opened)
    for question in ("Ai nói vậy?", "Ở đâu?", "Khi nào?"):
        ask(tab, question)
        expect(tab.locator(".question").last).to_have_text(question)
        expect(tab.locator(".reply").last.locator(".sources .source")).to_have_count(2)
    expect(tab.locator(".question").last).to_be_in_viewport()
    expect(tab.locator(".reply").last.locator(".body p").first).to_be_in_viewport()


@pytest.mark.browser
@browser_test
def test_a_reload_loses_neither_draft_nor_question(opened: Opened, assistant: Scripted) -> None:
    tab = opened()
    ask(tab, "Ai nói vậy?")
    expect(tab.locator(".sources .source")).to_have_count(2)
    assistant.gate.clear()
    ask(tab, "Trả lời chậm thôi?")
    expect(tab.locator(".reply").last).to_have_text("Xin chờ một chút")
    tab.locator("#question textarea").fill("Câu tiếp theo đang gõ")
    tab.reload()
    assistant.gate.set()
    expect(tab.locator(".question")).to_have_count(2)
    expect(tab.locator(".question").last).to_have_text("Trả lời chậm thôi?")
    expect(tab.locator(".reply").last.locator(".sources .source")).to_have_count(2)
    expect(tab.locator("#question textarea")).to_have_value("Câu tiếp theo đang gõ")


@pytest.mark.browser
@browser_test
def test_escape_stops_an_answer(opened: Opened, assistant: Scripted) -> None:
    tab = opened()
    assistant.gate.clear()
    ask(tab, "Trả lời chậm thôi?")
    expect(tab.locator(".reply")).to_have_text("Xin chờ một chút")
    tab.keyboard.press("Escape")
    expect(tab.locator(".fault")).to_have_text(LABELS["vi"].stopped)
    assistant.gate.set()


@pytest.mark.browser
@browser_test
def test_the_assistant_is_told_which_article_is_open(
    opened: Opened, assistant: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    beside = lambda self, article_id: told.append(article_id) or self  # noqa: E731
    monkeypatch.setattr(Scripted, "beside", beside, raising=False)
    tab = opened()
    ask(tab, "Ở đâu?")  # the list of all is open
    expect(tab.locator(".sources .source")).to_have_count(2)
    assert told == []
    tab.get_by_role("link", name=LABELS["vi"].back).click()
    tab.locator(".library a").last.click()
    expect(tab.locator("#reader h2")).to_have_text(EVIL.title)
    ask(tab, "Bài báo này nói gì?")
    expect(tab.locator(".question")).to_have_count(2)
    expect(tab.locator(".reply").last.locator(".sources .source")).to_have_count(2)
    assert told == [EVIL.id]
