"""The page in a browser: answers shared by link, cards checked, opinions that stay."""

from __future__ import annotations

import base64
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assistant.answering.assistant import Assistant
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.page._answer_html import reply
from assistant.page.labels import LABELS
from assistant.records.exchange import Exchange
from assistant.records.feedback import Feedback
from assistant.settings import Settings
from tests import browsing
from tests.browsing import (
    Opened,
    ask,
    browser_test,
    expect_highlight,
    expect_no_sideways_scroll,
    ready,
)

VI, EN = LABELS["vi"], LABELS["en"]
QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"
UNDER = "/bao/chi/"
WIDTHS = [1440, 390]

browser, opened = browsing.browser, browsing.opened


@pytest.fixture(scope="module")
def assistant(
    seed_assistant: Assistant, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Assistant]:
    """Over an index of its own, beside which opinions are kept."""
    folder = tmp_path_factory.mktemp("sharing") / "index"
    shutil.copytree(seed_assistant.index.folder, folder)
    catalog = Catalog.open(folder / CATALOG)
    index = Index(folder, catalog, seed_assistant.index.encoder)
    yield Assistant(index, Settings(index=folder, root_path=UNDER))
    catalog.close()


@pytest.fixture(scope="module")
def address(assistant: Assistant) -> Iterator[str]:
    """Everything here works under a path of a site."""
    with browsing.serving(assistant, assistant.settings) as found:
        yield found + UNDER


def answered(tab: Page, question: str = QUESTION) -> Page:
    before = tab.locator(".foot").count()
    ask(tab, question)
    expect(tab.locator(".foot")).to_have_count(before + 1, timeout=20_000)
    return tab


def fragment_of(document: Any) -> str:
    """The fragment that holds ``document``, as the page's own script packs it."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(json.dumps(document).encode()) + packer.flush()
    return "#answer=" + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def unpacked(fragment: str) -> Any:
    text = fragment.removeprefix("#answer=")
    return json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), -15))


def said(assistant: Assistant, **changes: Any) -> dict[str, Any]:
    """What a link to an answer of ``assistant`` holds, with changes."""
    document = Exchange(QUESTION, answer=assistant.answer(QUESTION)).to_json()
    assert document is not None
    return {**{name: document[name] for name in document if name != "hits"}, **changes}


def notice(count: int, of: int) -> str:
    return VI.shared.format(count=count, all=of)


# The line above a shared answer


def test_what_is_shared_says_so_and_vouches_for_its_quotes_only(assistant: Assistant) -> None:
    document = said(assistant, shared=True)
    shown = reply(Exchange.from_json(document, assistant.article), VI)
    count = len(document["citations"])
    assert f"{count}&#47;{count} trích dẫn" in shown
    assert VI.certainty[document["certainty"]] not in shown
    assert "act-good" not in shown and "act-share" in shown
    document["citations"][0]["quote"] += " và hơn thế"
    changed = Exchange.from_json(document, assistant.article)
    assert f"{count - 1}&#47;{count} trích dẫn" in reply(changed, VI)
    bare = Exchange.from_json({**document, "citations": [], "closest": None}, assistant.article)
    assert "không có trích dẫn nào" in reply(bare, VI)
    assert "shared" not in reply(Exchange.from_json(said(assistant), assistant.article), VI)


# Shared answers


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", WIDTHS)
def test_a_link_opens_question_answer_and_citations(
    opened: Opened, assistant: Assistant, width: int
) -> None:
    allowed = ["clipboard-read", "clipboard-write"]
    tab = answered(opened(width=width, permissions=allowed))
    expect(tab.locator(".shared")).to_have_count(0)
    tab.locator(".act-good").click()
    expect(tab.locator(".act-good")).to_have_attribute("aria-pressed", "true")
    tab.locator(".act-share").click()
    expect(tab.locator("#said")).to_have_text(VI.script["link_copied"])
    expect_no_sideways_scroll(tab)
    link = tab.evaluate("navigator.clipboard.readText()")
    path, _, fragment = link.partition("#")
    assert path.endswith(UNDER) and len(link) < 8000
    told = unpacked(f"#{fragment}")
    assert told["question"] == QUESTION
    assert not {"hits", "opinion", "about", "shared"} & told.keys()

    other = opened(f"#{fragment}", locale="en-GB", width=width)
    quotes = assistant.answer(QUESTION).citations
    expect(other.locator(".question")).to_have_text(QUESTION)
    expect(other.locator(".shared")).to_have_text(
        EN.shared.format(count=len(quotes), all=len(quotes))
    )
    expect(other.locator(".sources a")).to_have_count(len(quotes))
    expect_no_sideways_scroll(other)
    other.locator("#language input[value=vi]").check()
    expect(other.locator(".shared")).to_have_text(notice(len(quotes), len(quotes)))
    other.locator(".source").first.click()
    expect_highlight(other, quotes[0].quote)
    other.go_back()  # to the address of the answer, which is not opened twice
    expect(other).to_have_url(re.compile("#answer="))
    expect(other.locator(".question")).to_have_count(1)


@pytest.mark.browser
@browser_test
def test_a_shared_answer_is_kept_once_one_goes_on(opened: Opened, assistant: Assistant) -> None:
    tab = answered(opened())
    expect(tab.locator("#quote")).to_be_visible()
    kept = "Object.keys(localStorage).filter(k => k.startsWith('assistant.conversation.'))"
    tab.wait_for_function(f"{kept}.length === 1")
    # As by pasting the link into the address bar of the page that is open.
    shared = "Câu hỏi của người khác?"
    tab.evaluate("f => { location.hash = f }", fragment_of(said(assistant, question=shared)))
    expect(tab.locator(".shared")).to_be_visible(timeout=20_000)
    expect(tab.locator(".question")).to_have_text([shared])
    tab.locator("#open-side").click()
    expect(tab.locator(".conversations .open")).to_have_text([QUESTION])
    expect(tab.locator(".export").first).to_be_disabled()  # it was not answered here
    ready(tab.reload() and tab)
    expect(tab.locator(".question")).to_have_text([shared])
    assert tab.evaluate(f"{kept}.length") == 1
    answered(tab, "Còn phường Tân Phước?")
    tab.wait_for_function(f"{kept}.length === 2")
    expect(tab).not_to_have_url(re.compile("#answer="))
    ready(tab.reload() and tab)
    expect(tab.locator(".question")).to_have_text([shared, "Còn phường Tân Phước?"])
    expect(tab.locator(".shared")).to_have_count(1)  # still
    tab.locator("#fresh").click()
    expect(tab.locator(".question")).to_have_count(0)


@pytest.mark.browser
@browser_test
def test_an_edited_answer_is_compared_with_the_articles(
    opened: Opened, assistant: Assistant
) -> None:
    document = said(assistant, short="")
    quote = document["citations"][0]["quote"]
    document["citations"][0]["quote"] = quote.replace("Tâm", "Châu")
    document["answer"] = "<img src=x onerror=alert(1)> [1]"
    tab = opened(fragment_of(document))
    expect(tab.locator(".shared")).to_have_text(
        notice(len(document["citations"]) - 1, len(document["citations"]))
    )
    expect(tab.locator(".sources .doubt")).to_have_count(1)
    expect(tab.locator(".body")).to_contain_text("<img src=x")


@pytest.mark.browser
@browser_test
def test_a_link_that_is_broken_or_too_long_says_so_and_the_page_works_on(
    opened: Opened, assistant: Assistant
) -> None:
    whole = fragment_of(said(assistant))
    bomb = fragment_of({"question": "?", "answer": "a" * 3_000_000})
    for fragment in (
        whole[: len(whole) // 2],
        f"{whole[:40]}%%&{whole[40:]}",
        "#answer=",
        fragment_of({"question": "?"}),
        fragment_of([]),
        "#answer=" + "A" * 70_000,
        bomb,
    ):
        tab = opened(fragment, locale="en-GB", wait=False)  # the line goes away by itself
        expect(tab.locator("#said")).to_have_text(EN.script["link_broken"], timeout=20_000)
        expect(tab).not_to_have_url(re.compile("#answer="))
    answered(ready(tab))
    tab = opened(fragment_of({"question": "Sao?", "answer": "Vì.", "confidence": "cao"}))
    expect(tab.locator(".shared")).to_have_text(VI.shared_unfit)
    answered(tab)


@pytest.mark.browser
@browser_test
def test_a_browser_that_cannot_compress_says_so(opened: Opened, assistant: Assistant) -> None:
    tab = opened(wait=False)
    tab.add_init_script("delete window.CompressionStream; delete window.DecompressionStream")
    ready(tab.reload() and tab)
    answered(tab).locator(".act-share").click()
    expect(tab.locator("#said")).to_have_text(VI.script["link_unsupported"])
    tab.goto(f"{tab.url.partition('#')[0]}{fragment_of(said(assistant))}")
    expect(tab.locator("#said")).to_have_text(VI.script["link_unsupported"], timeout=20_000)
    expect(tab.locator(".question")).to_have_text([QUESTION])  # the conversation that is kept


# Cards


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", WIDTHS)
def test_an_exported_card_is_checked_in_the_page(
    opened: Opened, assistant: Assistant, tmp_path: Path, width: int
) -> None:
    tab = answered(opened(width=width))
    tab.locator("#open-side").click()
    tab.locator(".conversations .rename").click()
    tab.locator("dialog input").fill("Hai phường: ai/đâu?")
    tab.keyboard.press("Enter")
    expect(tab.locator(".conversations .open")).to_have_text(["Hai phường: ai/đâu?"])
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Markdown", exact=True).click()
    assert download.value.suggested_filename == "Hai phường ai đâu.md"
    path = tmp_path / "card.md"
    download.value.save_as(path)
    text = path.read_text("utf-8")
    assert text.startswith("# Hai phường: ai/đâu?\n")

    choose = tab.locator("#side .checking input")
    choose.set_input_files(path)
    count = len(assistant.answer(QUESTION).citations)
    verdict = tab.locator("dialog .verdict")
    expect(verdict).to_have_text(VI.script["verdict_sound"].replace("{count}", str(count)))
    expect(tab.locator("dialog .findings .holds")).to_have_count(count)
    expect_no_sideways_scroll(tab)
    tab.locator("dialog .findings a").first.click()
    expect(tab.locator("dialog")).to_have_count(0)
    expect_highlight(tab, assistant.answer(QUESTION).citations[0].quote)

    if width == 390:
        tab.locator(".to-conversation").click()
        tab.locator("#open-side").click()
    path.write_text(text.replace("Tâm", "Châu"), "utf-8")
    choose.set_input_files(path)
    expect(verdict).to_contain_text("đã bị sửa sau khi xuất")
    expect(tab.locator("dialog .findings .changed")).not_to_have_count(0)
    with tab.expect_file_chooser() as chooser:
        tab.get_by_role("button", name=VI.script["check_another"]).click()
    other = {"name": "ghi chép.md", "mimeType": "text/markdown", "buffer": b"# x"}
    chooser.value.set_files([other])
    expect(tab.locator("#said")).to_have_text(
        VI.script["not_a_card"].replace("{name}", "ghi chép.md")
    )


@pytest.mark.browser
@browser_test
def test_a_card_that_is_dropped_is_checked_and_not_added(
    opened: Opened, assistant: Assistant
) -> None:
    tab = answered(opened(locale="en-GB"))
    tab.locator("#open-side").click()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="JSON", exact=True).click()
    text = Path(download.value.path()).read_text("utf-8").replace('"made": "2', '"made": "1')
    dropped = tab.evaluate_handle(
        "text => { const d = new DataTransfer(); "
        "d.items.add(new File([text], 'a.json')); return d; }",
        text,
    )
    for kind in ("dragover", "drop"):
        tab.locator("#side .checking").dispatch_event(kind, {"dataTransfer": dropped})
    expect(tab.locator("dialog .verdict")).to_contain_text("was edited after it was exported")
    expect(tab.locator("dialog .findings .holds").first).to_contain_text(EN.script["holds"])
    expect(tab.locator("#dropping")).to_be_hidden()
    assert len(assistant.articles()) == 1


# Opinions


@pytest.mark.browser
@browser_test
@pytest.mark.parametrize("width", WIDTHS)
def test_an_opinion_stays_and_is_changed(opened: Opened, assistant: Assistant, width: int) -> None:
    tab = answered(opened(width=width))
    good, bad = tab.locator(".act-good").first, tab.locator(".act-bad").first
    before = len(Feedback.open(assistant.settings.index).records())

    def expect_pressed(*pressed: bool) -> None:
        for button, on in zip((good, bad), pressed, strict=True):
            expect(button).to_have_attribute("aria-pressed", str(on).lower())

    expect_pressed(False, False)
    good.click()
    expect_pressed(True, False)
    tab.locator("#language input[value=en]").check()  # drawn again
    expect(good).to_have_text(EN.good)
    expect_pressed(True, False)
    good.click()  # once more: the same opinion
    expect(tab.locator("#said")).to_have_text(EN.script["thanks"])
    bad.click()
    tab.keyboard.press("Escape")
    expect_pressed(True, False)  # it was not sent
    bad.click()
    tab.get_by_role("button", name=EN.script["send"]).click()
    expect_pressed(False, True)
    answered(tab, "Còn phường Tân Phước?")
    expect_pressed(False, True)
    expect(tab.locator("[aria-pressed=true]")).to_have_count(1)
    tab.wait_for_function('Object.values(localStorage).some(v => v.includes(\'"value":"bad"\'))')
    ready(tab.reload() and tab)
    expect_pressed(False, True)
    tab.locator("#fresh").click()
    expect(tab.locator(".foot")).to_have_count(0)
    tab.locator("#open-side").click()
    tab.locator(".conversations .open").click()
    expect_pressed(False, True)
    records = Feedback.open(assistant.settings.index).records()
    assert len(records) == before + 1
    assert records[-1].opinion == "bad"
