"""The page in a browser over a real index: what proves an answer, and what is kept and changed."""

from __future__ import annotations

import asyncio
import re
import shutil
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from playwright.sync_api import Browser, Page, expect

from assistant.answering.assistant import Assistant
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.page.labels import LABELS
from assistant.records import card_verification
from assistant.records.feedback import Feedback
from assistant.server._uploads import Uploads
from assistant.server.credentials import Users
from assistant.settings import Settings
from assistant.types import Vectors
from assistant.web import fetch as web_fetch
from assistant.web.fetch import Rules
from tests import browsing, test_web_fetch
from tests.browsing import (
    SEED,
    Opened,
    ask,
    browser_test,
    expect_highlight,
    expect_no_sideways_scroll,
    ready,
)
from tests.scripted import JudgedByWords

VI = LABELS["vi"]
QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"
UNKNOWN = "Giá vàng hôm nay bao nhiêu?"
# The article says so; it has another number; it does not say so at all.
WRITTEN = (
    "Ông Nguyễn Thanh Tâm là bí thư đảng ủy phường Lái Thiêu [1]. "
    "Phường kiến nghị phân cấp cho 45 dự án nhóm C [1].\n\nPhường muốn xây một sân bay mới."
)
NOVEL = "Bà Lò Thị Mai là chủ tịch hợp tác xã dệt thổ cẩm Mường Hum."

browser, opened = browsing.browser, browsing.opened
site, rules = test_web_fetch.site, test_web_fetch.rules
pytestmark = [pytest.mark.browser, browser_test]


class Slow(BaseChatModel):
    """Says two words and then nothing for a minute; tells when its request has ended."""

    began: Any
    ended: Any

    @property
    def _llm_type(self) -> str:
        return "slow"

    def _generate(self, *args: Any, **kwargs: Any) -> ChatResult:
        raise NotImplementedError

    async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        try:
            yield ChatGenerationChunk(message=AIMessageChunk("Theo bài"))
            self.began.set()
            await asyncio.sleep(60)
        finally:
            self.ended.set()


@pytest.fixture(scope="module")
def index(seed_assistant: Assistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """An index of the seed article that may be changed."""
    folder = tmp_path_factory.mktemp("panels") / "index"
    shutil.copytree(seed_assistant.index.folder, folder)
    catalog = Catalog.open(folder / CATALOG)
    yield Index(folder, catalog, seed_assistant.index.encoder)
    catalog.close()


@pytest.fixture(scope="module")
def assistant(index: Index) -> Assistant:
    return Assistant(index, Settings(index=index.folder))


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    with browsing.serving(assistant, assistant.settings) as found:
        yield found


@pytest.fixture(scope="module")
def written(index: Index) -> Iterator[str]:
    """The address of a server whose language model always writes WRITTEN."""
    settings = Settings(index=index.folder, llm="scripted:model")
    llm = GenericFakeChatModel(messages=iter([AIMessage(WRITTEN)] * 20))
    with browsing.serving(Assistant(index, settings, llm, JudgedByWords()), settings) as found:
        yield found


def answered(tab: Page, question: str = QUESTION) -> Page:
    before = tab.locator(".foot").count()
    ask(tab, question)
    expect(tab.locator(".foot")).to_have_count(before + 1, timeout=20_000)
    return tab


# Proof


@pytest.mark.parametrize("width", [1280, 320])
def test_an_unsupported_sentence_is_marked_and_explained(
    browser: Browser, written: str, width: int
) -> None:
    tab = browser.new_page(locale="vi-VN", viewport={"width": width, "height": 700})
    tab.goto(written)
    answered(ready(tab))
    expect(tab.locator(".unsupported")).to_have_count(2)
    expect(tab.locator(".unsupported").first).to_contain_text("45 dự án nhóm C")
    expect(tab.locator(".flag").first).to_have_text(VI.unsupported_mark)
    expect(tab.locator(".partial")).to_have_text(VI.partial)
    expect(tab.locator(".facts")).to_contain_text("scripted:model")
    tab.locator(".flag").first.hover()
    preview = tab.locator("#preview")
    expect(preview).to_contain_text(VI.unsupported)
    expect(preview).to_contain_text(VI.lacks["contradicted"])
    box = preview.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    told = re.escape(f"{VI.unsupported} {VI.lacks['contradicted']}.")
    expect(tab.locator(".flag").first).to_have_accessible_description(re.compile(f"^{told}"))
    tab.context.close()


def test_a_marker_previews_its_quote_for_mouse_keyboard_and_finger(
    opened: Opened, assistant: Assistant
) -> None:
    tab = answered(opened(width=320, has_touch=True))
    quote = assistant.answer(QUESTION).citations[0].quote
    preview, marker = tab.locator("#preview"), tab.locator(".cite").first
    marker.hover()
    expect(preview).to_contain_text(quote)
    expect(preview).to_contain_text(assistant.articles()[0].title)
    box = preview.bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= 320
    expect_no_sideways_scroll(tab)
    tab.keyboard.press("Escape")
    expect(preview).to_be_hidden()
    marker.focus()
    tab.keyboard.press("Tab")
    tab.keyboard.press("Shift+Tab")
    expect(marker).to_be_focused()
    expect(preview).to_contain_text(quote)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Escape")
    tab.mouse.move(0, 0)
    tab.locator("#open-articles").click()
    expect(tab.locator("#reader .library")).to_be_visible()
    expect(preview).to_be_hidden()
    tab.go_back()
    marker.tap()  # the first tap shows it, the second opens it
    expect(preview).to_contain_text(quote)
    expect(tab.locator("#reader-pane")).to_be_hidden()
    marker.tap()
    expect_highlight(tab, quote)


def test_what_was_read_says_why_and_opens_in_place(opened: Opened, assistant: Assistant) -> None:
    tab = answered(opened())
    hits = assistant.answer(QUESTION).hits
    tab.locator(".read summary").click()
    expect(tab.locator(".read li")).to_have_count(len(hits))
    expect(tab.locator(".read li").first).to_contain_text(VI.by_both)
    tab.locator(".read a").nth(1).click()
    expect_highlight(tab, hits[1].text)
    tab.get_by_role("radio", name="English").click()  # all is drawn again
    expect(tab.locator(".read summary")).to_contain_text("What was read")
    expect(tab.locator(".read li").first).to_be_visible()


def test_a_refusal_leads_to_a_question_that_is_answered(opened: Opened) -> None:
    tab = answered(opened(), UNKNOWN)
    expect(tab.locator(".refusal .closest")).to_be_visible()
    expect(tab.locator(".instead")).to_have_count(2)
    tab.locator(".instead").first.click()
    expect(tab.locator(".sources")).to_be_visible(timeout=20_000)


def test_stopping_ends_the_request_of_the_language_model(browser: Browser, index: Index) -> None:
    slow = Slow(began=threading.Event(), ended=threading.Event())
    settings = Settings(index=index.folder, llm="scripted:slow")
    with browsing.serving(Assistant(index, settings, slow), settings) as found:
        tab = browser.new_page(locale="vi-VN")
        tab.goto(found)
        ask(ready(tab), QUESTION)
        assert slow.began.wait(20)
        tab.get_by_role("button", name="Dừng").click()
        assert slow.ended.wait(3)  # 2 s, and the way there
        expect(tab.locator(".fault")).to_have_text(VI.stopped)
        tab.context.close()


# What is done with an answer


def test_opinions_are_kept_with_their_reason(opened: Opened, assistant: Assistant) -> None:
    tab = answered(opened())
    tab.locator(".act-good").click()
    expect(tab.locator("#said")).to_have_text(VI.script["thanks"])
    tab.locator(".act-bad").click()
    tab.get_by_label(VI.script["wrong sentence"]).check()
    tab.get_by_label(VI.script["correction"]).fill("Sáng 5-8")
    tab.get_by_role("button", name=VI.script["send"]).click()
    expect(tab.locator("dialog")).to_have_count(0)
    expect(tab.locator("#said")).to_have_text(VI.script["thanks"])
    records = Feedback.open(assistant.settings.index).records()
    told = [(r.opinion, r.reason, r.correction) for r in records]
    assert told == [("bad", "wrong sentence", "Sáng 5-8")]  # in place of the first opinion
    assert records[-1].citations == assistant.answer(QUESTION).citations


def test_an_exported_conversation_can_be_verified(
    opened: Opened, assistant: Assistant, tmp_path: Path
) -> None:
    tab = answered(opened())
    tab.locator("#open-side").click()
    for name, suffix in (("Markdown", ".md"), ("HTML", ".html"), ("JSON", ".json")):
        with tab.expect_download() as download:
            tab.get_by_role("button", name=name, exact=True).click()
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        assert path.suffix == suffix
        assert card_verification.verify_file(path, assistant.articles()).sound


def test_copying_takes_the_sources_along(opened: Opened) -> None:
    tab = answered(opened(permissions=["clipboard-read", "clipboard-write"]))
    tab.locator(".act-copy").click()
    expect(tab.locator("#said")).to_have_text(VI.script["copied"])
    text = tab.evaluate("navigator.clipboard.readText()")
    assert "Nguyễn Thanh Tâm" in text and "[1] “" in text
    assert f"/#article={SEED.id}" not in text and "#article=" in text


# What is kept


def test_a_conversation_is_kept_found_renamed_and_deleted(opened: Opened) -> None:
    tab = answered(opened())
    tab.get_by_text("English", exact=True).click()
    expect(tab.locator("h1")).to_have_text("Ask the news")
    ready(tab.reload() and tab)
    expect(tab.locator("h1")).to_have_text("Ask the news")  # though the browser is Vietnamese
    expect(tab.locator(".question")).to_have_text(QUESTION)
    expect(tab.locator(".sources .verified").first).to_be_visible()
    answered(tab, "Còn phường Tân Phước?")
    tab.locator("#fresh").click()
    expect(tab.locator(".question")).to_have_count(0)
    tab.locator("#open-side").click()
    rows = tab.locator(".conversations .open")
    expect(rows).to_have_text([QUESTION])
    pane = tab.locator("#reader-pane").bounding_box()
    assert pane and pane["x"] + pane["width"] <= 1280  # the drawer makes it narrower
    find = tab.locator("#side .find")
    find.fill("khong co gi")
    expect(rows).to_have_count(0)
    find.fill("phuong tan phuoc")  # in its second question, without accents
    expect(rows).to_have_count(1)
    tab.locator(".conversations .rename").click()
    tab.locator("dialog input").fill("Hai phường")
    tab.keyboard.press("Enter")
    find.fill("")
    expect(rows).to_have_text(["Hai phường"])
    rows.click()
    expect(tab.locator(".question")).to_have_count(2)
    tab.locator(".conversations .delete").click()
    tab.get_by_role("button", name="Delete", exact=True).click()
    expect(rows).to_have_count(0)
    expect(tab.locator(".question")).to_have_count(0)


def test_a_late_response_does_not_bring_back_what_was_left(opened: Opened) -> None:
    tab = opened()
    # The first response to a request with no more than session and language comes 2 s late.
    tab.evaluate(
        """() => {
          const real = window.fetch;
          let late = true;
          window.fetch = async (url, options) => {
            const found = await real(url, options);
            const told = String(url).includes("/run/predict") && JSON.parse(options.body);
            if (late && told && told.data.length === 2 && !told.event_data) {
              late = false;
              window.late = "held";
              await new Promise((go) => setTimeout(go, 2000));
              window.late = "shown";
            }
            return found;
          };
        }"""
    )
    answered(tab)
    tab.wait_for_function("window.late === 'held'")
    tab.locator("#fresh").click()
    expect(tab.locator(".question")).to_have_count(0)
    tab.wait_for_function("window.late === 'shown'")
    tab.wait_for_timeout(500)
    expect(tab.locator(".question")).to_have_count(0)


def test_light_or_dark_is_kept(opened: Opened) -> None:
    tab = opened()
    tab.locator("#open-theme").click()
    expect(tab.locator("body")).to_have_class(re.compile("dark"))
    ready(tab.reload() and tab)
    expect(tab.locator("body")).to_have_class(re.compile("dark"))


def test_options_are_kept_and_reach_the_assistant(opened: Opened) -> None:
    tab = opened()
    tab.locator("#open-settings").click()
    number = tab.locator("#settings input[type=number]")
    number.fill("2")
    number.press("Tab")
    tab.get_by_label(VI.strict).check()
    tab.wait_for_function("(localStorage.getItem('assistant.options') || '').includes('strict')")
    tab.keyboard.press("Escape")
    expect(tab.locator("#settings")).to_be_hidden()
    answered(tab)
    expect(tab.locator(".read summary")).to_have_text(VI.read.format(count=2))
    ready(tab.reload() and tab)
    tab.locator("#open-settings").click()
    expect(number).to_have_value("2")
    expect(tab.get_by_label(VI.strict)).to_be_checked()


@pytest.mark.slow
def test_those_who_sign_in_have_their_conversations_to_themselves(
    browser: Browser, assistant: Assistant, tmp_path: Path
) -> None:
    users = tmp_path / "users"
    for name in ("an", "binh"):
        Users(users).add(name, f"secret of {name}")
    settings = assistant.settings.model_copy(update={"users": users})
    with browsing.serving(assistant, settings) as found:

        def enter(name: str) -> Page:
            tab = browser.new_context(locale="vi-VN").new_page()
            tab.goto(found)
            tab.get_by_label("Tên người dùng").fill(name)
            tab.get_by_label("Mật khẩu").fill(f"secret of {name}")
            tab.get_by_role("button", name="Đăng nhập").click()
            return ready(tab)

        an, binh = enter("an"), enter("binh")
        with an.expect_response(lambda r: r.url.endswith("/conversations") and r.ok):
            answered(an)
        again = enter("an")  # another browser
        again.locator("#open-side").click()
        expect(again.locator(".conversations .open")).to_have_text([QUESTION])
        again.locator(".conversations .open").click()
        expect(again.locator(".sources")).to_be_visible()
        binh.locator("#open-side").click()
        expect(binh.locator(".conversations")).to_have_text(VI.script["empty"])
        binh.get_by_role("link", name=VI.sign_out).click()
        binh.get_by_role("button", name="Đăng xuất", exact=True).click()
        expect(binh.get_by_label("Mật khẩu")).to_be_visible()
        for tab in (an, binh, again):
            tab.context.close()


# The articles


def test_articles_are_added_asked_about_and_removed(opened: Opened, assistant: Assistant) -> None:
    tab = opened()
    files = [
        {"name": "mường hum.txt", "mimeType": "text/plain", "buffer": NOVEL.encode()},
        {"name": "ảnh.txt", "mimeType": "text/plain", "buffer": b"\x89PNG\x00\x00"},
        {"name": "ảnh.jpg", "mimeType": "text/plain", "buffer": b"x"},
        {"name": "dài.txt", "mimeType": "text/plain", "buffer": b"x" * 20_000_001},
    ]
    tab.locator(".adding input").set_input_files(files)
    lines = tab.locator(".uploads li")
    expect(lines.first).to_contain_text(VI.script["added"], timeout=20_000)
    expect(lines.nth(1)).to_have_text(
        re.compile("^ảnh.txt có nội dung của tệp .png: hãy nhận dạng")
    )
    expect(lines.nth(2)).to_contain_text(VI.script["wrong_type"])
    expect(lines.nth(3)).to_contain_text(VI.script["too_large"].format(most=20))
    assert str(assistant.settings.index) not in tab.locator(".uploads").inner_text()
    expect(tab.locator(".library li")).to_have_count(2)
    answered(tab, "Ai là chủ tịch hợp tác xã dệt thổ cẩm Mường Hum?")
    expect_highlight(tab, NOVEL)
    tab.get_by_role("link", name=VI.back).click()
    tab.locator("#reader .find").press_sequentially("lo thi mai det")
    expect(tab.locator(".library li")).to_have_count(1)
    expect(tab.locator("#reader .find")).to_be_focused()
    tab.locator(".library .remove").click()
    tab.locator("dialog .go").click()
    expect(tab.locator("#reader .nothing")).to_have_text(VI.nothing_found)
    expect(tab.locator("#said")).to_have_text(VI.script["removed"])
    assert len(assistant.articles()) == 1
    assert list((assistant.settings.index / "uploads").iterdir()) == []


def test_what_is_added_or_removed_meanwhile_is_told(opened: Opened, assistant: Assistant) -> None:
    tab = opened()
    one = VI.loaded_one
    expect(tab.locator("#messages .loaded")).to_contain_text(one)
    tab.locator(".library a").first.click()
    expect(tab.locator("#reader .text")).to_be_visible()
    make = "text => { const d = new DataTransfer(); d.items.add(new File([text], 'mường hum.txt'));"
    dropped = tab.evaluate_handle(f"{make} return d; }}", NOVEL)
    tab.locator("#messages").dispatch_event("drop", {"dataTransfer": dropped})
    expect(tab.locator(".uploads .done")).to_contain_text(VI.script["added"])
    expect(tab.locator("#messages .loaded")).to_contain_text(VI.loaded.format(count=2))
    row = tab.locator(".library li", has_text="Mường Hum")
    (added,) = (each.id for each in assistant.articles() if "Mường Hum" in each.text)
    Uploads(assistant.index, assistant.settings).remove(added)  # by someone else
    row.locator(".remove").click()
    tab.locator("dialog .go").click()
    expect(tab.locator("#said")).to_have_text(VI.script["refused_404"])
    tab.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # back from another tab
    expect(tab.locator("#messages .loaded")).to_contain_text(one)


def test_a_dropped_file_that_is_there_already_says_so(opened: Opened) -> None:
    tab = opened()
    make = "text => { const d = new DataTransfer(); d.items.add(new File([text], 'lại.txt'));"
    text = (browsing.ROOT / "seeds" / "000_db7cbbd52221714d.txt").read_text("utf-8")
    dropped = tab.evaluate_handle(f"{make} return d; }}", text)
    tab.locator(".adding").dispatch_event("drop", {"dataTransfer": dropped})
    expect(tab.locator(".uploads .done")).to_contain_text(VI.script["known"])
    expect(tab.locator(".library li")).to_have_count(1)


def test_pasted_text_becomes_an_article_and_is_not_lost_before(
    opened: Opened, assistant: Assistant
) -> None:
    tab, label = opened(), VI.script
    title = 'Dệt "thổ cẩm": 100 % — #1 \\ \u2028---'
    tab.get_by_role("button", name=VI.paste_text).click()
    tab.get_by_label(label["headline"]).fill(title)
    tab.get_by_label(label["publisher"]).fill("https://bao.example/det")
    tab.get_by_label(label["day"]).fill("2025-08-05")
    text = tab.get_by_label(label["text"])
    tab.locator("dialog .go").click()
    assert text.evaluate("field => field.validationMessage") == label["missing"]
    text.fill("   ")
    tab.locator("dialog .go").click()
    expect(tab.locator(".uploads .failed")).to_contain_text("không dùng được: nội dung trống")
    tab.get_by_role("button", name=VI.paste_text).click()
    expect(tab.get_by_label(label["headline"])).to_have_value(title)
    tab.get_by_label(label["text"]).fill(f"---\n{NOVEL}\n---")
    tab.locator("dialog .go").click()
    expect(tab.locator(".uploads .done")).to_contain_text(label["added"], timeout=20_000)
    expect(tab.locator(".library li")).to_have_count(2)
    (article,) = [one for one in assistant.articles() if NOVEL in one.text]
    assert article.title == 'Dệt "thổ cẩm": 100 % — #1 \\ ---'
    assert (article.source, article.date) == ("https://bao.example/det", "2025-08-05")
    assert article.text == f"---\n{NOVEL}\n---"
    tab.get_by_role("button", name=VI.paste_text).click()
    expect(tab.get_by_label(label["text"])).to_have_value("")
    tab.keyboard.press("Escape")
    assistant.index.remove([article.id])


def test_a_web_address_is_added_where_the_settings_allow_it(
    browser: Browser,
    opened: Opened,
    assistant: Assistant,
    site: test_web_fetch.Site,
    rules: Rules,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    expect(opened().locator("button.paste")).to_be_visible()
    expect(opened().locator("button.web")).to_be_hidden()
    monkeypatch.setattr(web_fetch, "PUBLIC", rules)
    page = f"<html><body><article><h1>Dệt</h1><p>{NOVEL} {NOVEL}</p></article></body></html>"
    found_at = site.gives("/det.html", page)
    settings = assistant.settings.model_copy(update={"web_addresses": True})
    with browsing.serving(assistant, settings) as found:
        tab = browser.new_page(locale="vi-VN")
        tab.goto(found)
        ready(tab)

        def name(address: str) -> None:
            tab.get_by_role("button", name=VI.add_address).click()
            tab.get_by_label(VI.script["address"]).fill(address)
            tab.locator("dialog .go").click()

        name("inside.example:1/a")
        expect(tab.locator(".uploads .failed")).to_contain_text("80 và 443")
        name(found_at)
        expect(tab.locator(".uploads .done")).to_contain_text(VI.script["added"], timeout=20_000)
        expect(tab.locator(".library li")).to_have_count(2)
        tab.get_by_text("English", exact=True).click()
        expect(tab.locator("h1")).to_have_text("Ask the news")
        tab.get_by_role("button", name="Add a web address").click()
        tab.get_by_label("Address of the article").fill(site.at("/", "inside.example"))
        tab.locator("dialog .go").click()
        expect(tab.locator(".uploads .failed")).to_contain_text("a private network")
        tab.context.close()
    (article,) = [one for one in assistant.articles() if NOVEL in one.text]
    assert article.source == found_at
    assistant.index.remove([article.id])


DRAGGED = (
    "text => { const d = new DataTransfer(); d.items.add(new File([text], 'thả.txt')); return d; }"
)


def test_files_may_be_dropped_anywhere(opened: Opened, assistant: Assistant) -> None:
    tab = answered(opened())  # which has opened an article in the reader
    expect(tab.locator("#quote")).to_be_visible()
    over = {"dataTransfer": tab.evaluate_handle(DRAGGED, NOVEL)}
    tab.locator("#messages").dispatch_event("dragover", over)
    expect(tab.locator("#dropping")).to_have_text(VI.script["drop_anywhere"])
    expect(tab.locator("#dropping")).to_be_hidden()  # once nothing is dragged any more
    tab.locator("#messages").dispatch_event("dragover", over)
    tab.locator("#messages").dispatch_event("drop", over)
    expect(tab.locator("#dropping")).to_be_hidden()
    expect(tab.locator(".uploads .done")).to_contain_text("thả.txt", timeout=20_000)
    expect(tab.locator(".library li")).to_have_count(2)
    (article,) = [one for one in assistant.articles() if one.text == NOVEL]
    assistant.index.remove([article.id])


def test_what_is_being_added_says_how_far_it_is_and_questions_are_answered(
    opened: Opened, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    embed, go_on = index.encoder.embed_passages, threading.Event()

    def slow(texts: Sequence[str]) -> Vectors:
        if any(NOVEL in text for text in texts):
            assert go_on.wait(30)
        return embed(texts)

    monkeypatch.setattr(index.encoder, "embed_passages", slow)
    monkeypatch.setattr(Uploads, "progress", lambda self, mark: (45, 100) if mark else (0, 0))
    tab = opened()
    file = {"name": "a.txt", "mimeType": "text/plain", "buffer": NOVEL.encode()}
    more = {"name": "b.txt", "mimeType": "text/plain", "buffer": f"{NOVEL} Hết.".encode()}
    tab.locator(".adding input").set_input_files([file])
    try:
        line = tab.locator(".uploads li")
        expect(line).to_have_text(f"a.txt: {VI.script['indexing']} 45 %")
        tab.locator(".adding input").set_input_files([more])  # waits
        answered(tab)
        expect(line).to_have_count(0)  # an article is open
    finally:
        go_on.set()
    tab.get_by_role("link", name=VI.back).click()
    expect(tab.locator(".uploads .done")).to_have_count(2, timeout=20_000)
    added = [one.id for one in index.catalog.articles() if NOVEL in one.text]
    assert len(added) == 2
    index.remove(added)


def test_where_the_articles_stay_as_they_are_nothing_offers_to_change_them(
    browser: Browser, assistant: Assistant
) -> None:
    settings = assistant.settings.model_copy(update={"corpus_changes": False})
    with browsing.serving(assistant, settings) as found:
        tab = browser.new_page()
        tab.goto(found)
        expect(ready(tab).locator(".library li")).to_have_count(1)
        expect(tab.locator(".adding, .remove, .ways")).to_have_count(0)
        over = {"dataTransfer": tab.evaluate_handle(DRAGGED, NOVEL)}
        for kind in ("dragover", "drop"):
            tab.locator("#messages").dispatch_event(kind, over)
            expect(tab.locator("#dropping")).to_be_hidden()
        reply = tab.request.post(f"{found}/api/v1/articles?name=a.txt", data="Một bài báo.")
        assert (reply.status, len(assistant.articles())) == (403, 1)
        tab.context.close()


# For everyone


def test_the_keyboard_is_enough(opened: Opened) -> None:
    tab = opened()
    tab.locator("#question textarea").focus()
    tab.keyboard.type("Ai là bí thư")
    tab.keyboard.press("Shift+Enter")
    tab.keyboard.type("đảng ủy phường Lái Thiêu?")
    expect(tab.locator(".question")).to_have_count(0)  # Shift+Enter is a new line
    tab.keyboard.press("Enter")
    tab.keyboard.press("Enter")  # nothing is sent twice
    expect(tab.locator(".foot")).to_be_visible(timeout=20_000)
    expect(tab.locator(".question")).to_have_count(1)
    for _ in range(30):  # backwards, from the question box into the answer
        tab.keyboard.press("Shift+Tab")
        if tab.evaluate("document.activeElement.matches('.cite')"):
            break
    expect(tab.locator("#preview")).to_be_visible()
    tab.keyboard.press("Enter")
    expect(tab.locator("#quote")).to_be_focused()


def test_a_shared_link_opens_its_words(opened: Opened, assistant: Assistant) -> None:
    quote = assistant.answer(QUESTION).citations[0].quote
    link = answered(opened())
    link.locator(".cite").first.click()
    expect_highlight(link, quote)
    fragment = urlsplit(link.url).fragment
    expect_highlight(opened(f"/#{fragment}", locale="en-GB"), quote)
