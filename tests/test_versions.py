"""Versions of a question and its answer: asked again, edited, gone through, kept."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from assistant.answering.answer_options import Choice
from assistant.page._conversation_html import messages
from assistant.page._session import Session
from assistant.page.labels import LABELS
from assistant.records.exchange import Exchange
from assistant.types import Answer, AnswerEvent, Cited, Finished, Retrieved, TextDelta, Turn
from tests import browsing
from tests.browsing import (
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
    ready,
)

VI = LABELS["vi"]

browser, opened, address = browsing.browser, browsing.opened, browsing.address


# A session


def answered(session: Session, question: str, slot: str = "") -> str:
    """Asks it and answers it with "«question»."; returns the slot it has got."""
    run = session.begin(question, Choice(), slot)
    assert run
    asked = run.exchange.question
    run.exchange = replace(run.exchange, answer=Answer(asked, f"«{asked}».", "vi", 0.9, ()))
    return run.exchange.slot


def shown(session: Session) -> list[str]:
    return [slot.exchange.question for slot in session.slots()]


def test_a_version_takes_the_place_of_what_it_is_a_version_of() -> None:
    session = Session()
    first = answered(session, "một")
    answered(session, "hai")
    assert answered(session, "một, sửa", first) == first
    assert shown(session) == ["một, sửa", "hai"]
    assert session.slots()[0].versions == (0, 2)
    assert session.slots()[0].number == 2
    session.choose(0)
    assert shown(session) == ["một", "hai"]
    session.choose(9)  # there is none
    assert shown(session) == ["một", "hai"]
    answered(session, "", first)  # the question that is shown, once more
    assert [run.exchange.question for run in session.runs] == ["một", "hai", "một, sửa", "một"]
    assert session.slots()[0].number == 3  # what comes is in sight


def test_what_follows_knows_the_version_that_is_shown_and_a_version_only_what_was_before() -> None:
    session = Session()
    first = answered(session, "một")
    second = answered(session, "hai")
    answered(session, "một, sửa", first)
    assert session.runs[-1].turns == ()
    answered(session, "ba")
    assert [turn.question for turn in session.runs[-1].turns] == ["một, sửa", "hai"]
    session.choose(0)
    answered(session, "hai, sửa", second)
    assert session.runs[-1].turns == (Turn("một", "«một»."),)


def test_one_answer_at_a_time_and_it_is_the_one_in_sight() -> None:
    session = Session()
    first = answered(session, "một")
    coming = session.begin("một, sửa", Choice(), first)
    assert coming and session.ends_with(coming)
    assert session.begin("khác", Choice()) is None
    session.choose(0)
    assert shown(session) == ["một, sửa"]
    session.stop()
    assert session.slots()[0].exchange.fault == "stopped"
    session.choose(0)
    assert shown(session) == ["một"]
    assert not session.ends_with(coming)
    session.clear()
    assert session.slots() == [] and not session.ends_with(coming)


def test_no_question_and_no_slot_begin_nothing_and_an_unknown_slot_is_a_new_one() -> None:
    session = Session()
    assert session.begin("  ", Choice()) is None
    assert session.begin("", Choice(), "abc") is None
    assert answered(session, "một", "abc") != "abc"
    assert answered(session, "một") != session.runs[0].exchange.slot


def kept(session: Session) -> list[Any]:
    """What a browser keeps of it."""
    documents = [run.exchange.to_json() for run in session.runs]
    return [json.loads(json.dumps(one)) for one in documents if one]


def test_versions_come_back_even_where_not_every_exchange_was_kept() -> None:
    session = Session()
    session.begin("dừng", Choice())
    session.stop()  # it has no answer and is not kept
    first = answered(session, "một")
    answered(session, "hai")
    answered(session, "một, sửa", first)
    back = Session()
    back.restore(kept(session), Scripted().article)
    assert [(s.exchange.question, s.versions) for s in back.slots()] == [
        ("một, sửa", (0, 2)),
        ("hai", (1,)),
    ]


def test_a_conversation_of_before_opens_and_can_have_versions() -> None:
    session = Session()
    for question in ("một", "hai"):
        answered(session, question)
    old = [{k: v for k, v in one.items() if k != "slot"} for one in kept(session)]
    back = Session()
    back.restore(old, Scripted().article)
    assert shown(back) == ["một", "hai"]
    answered(back, "hai, sửa", back.slots()[1].name)
    answered(back, "ba")
    twice = Session()
    twice.restore([*old, *kept(back)[2:]], Scripted().article)  # what is kept is only added to
    assert shown(twice) == ["một", "hai, sửa", "ba"]


@pytest.mark.parametrize("slot", [None, 0, -1, True, 1e99, "", "../x", "A" * 33, "0" * 33, [], {}])
def test_a_slot_that_is_none_is_left_out(slot: object) -> None:
    session = Session()
    answered(session, "một")
    answered(session, "hai")
    documents = [{**one, "slot": slot} for one in kept(session)]
    session.restore(documents, Scripted().article)
    assert shown(session) == ["một", "hai"]
    broken = [3, None, {"question": "hỏng", "slot": slot}, *documents]
    session.restore(broken, Scripted().article)
    assert shown(session) == ["?", "?", "hỏng", "một", "hai"]


def test_an_exchange_without_a_slot_has_none_in_its_json() -> None:
    answer = Answer("?", "Ừ.", "vi", 0.9, ())
    assert "slot" not in (Exchange("?", answer=answer).to_json() or {})
    assert (Exchange("?", answer=answer, slot="0f").to_json() or {})["slot"] == "0f"


def test_only_a_question_with_versions_has_a_switcher() -> None:
    session = Session()
    first = answered(session, "một")
    assert 'class="versions"' not in messages(session.slots(), VI)[0]["content"]
    answered(session, "", first)
    markup = messages(session.slots(), VI)[0]["content"]
    assert '<span class="which">2/2</span>' in markup
    assert len(re.findall(r'name="earlier" value="0"[^>]*">', markup)) == 1
    assert len(re.findall(r'name="later" value="1"[^>]* disabled>', markup)) == 1
    session.begin("", Choice(), first)  # while it is coming there is no way from it
    assert messages(session.slots(), VI)[0]["content"].count(" disabled>") == 2


# In a browser


@dataclass
class Counting(Scripted):
    """Says with its answer how often it was asked; "chậm" waits at the gate half-way.

    It quotes the one place and the other in turn, and knows a question to go on with.
    """

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        self.histories.append(history)
        count = len(self.histories)
        citation = cite(1, (SECOND_QUOTE, FIRST_QUOTE)[count % 2])
        yield Retrieved((), question)
        yield TextDelta("Xin chờ một chút")
        if "chậm" in question:
            self.gate.wait(20)
        yield Cited(citation)
        yield Finished(Answer(question, f"Lần {count} [1].", "vi", 0.9, (citation,)))

    def further_questions(
        self, answer: Answer, language: str, asked: Sequence[str], left: Callable[[], bool]
    ) -> list[str]:
        return [f"Sau {answer.text[:5]}?"]


@pytest.fixture(scope="module")
def assistant() -> Counting:
    return Counting()


@pytest.fixture
def tab(opened: Opened, assistant: Counting, request: pytest.FixtureRequest) -> Page:
    """The page, after the questions "Một?" and "Hai?"; answers count from 1."""
    assistant.histories.clear()
    assistant.gate.set()
    found = opened(**getattr(request, "param", {"width": 1440}))
    for count, question in enumerate(("Một?", "Hai?"), 1):
        ask(found, question)
        expect(body(found, count - 1)).to_have_text(f"Lần {count} [1].")
        expect(found.locator(".further .instead")).to_have_text(f"Sau Lần {count}?")
    return found


WIDE, PHONE = {"width": 1440}, {"width": 390, "has_touch": True, "is_mobile": True}
both_widths = pytest.mark.parametrize("tab", [WIDE, PHONE], indirect=True, ids=["wide", "phone"])


def body(tab: Page, row: int) -> Locator:
    return tab.locator(".reply").nth(row).locator(".body")


def row(tab: Page, number: int) -> Locator:
    """The question's side of a row, where its versions are."""
    return tab.locator("#messages .user-row").nth(number)


def again(tab: Page, number: int) -> None:
    tab.locator(".act-again").nth(number).click()


def edit(tab: Page, number: int) -> Locator:
    """Opens the dialog of that question; its field."""
    row(tab, number).get_by_role("button", name=VI.edit, exact=True).click()
    field = tab.get_by_role("dialog", name=VI.edit).get_by_role("textbox")
    expect(field).to_be_focused()
    return field


@pytest.mark.browser
@browser_test
@both_widths
def test_asked_again_it_is_a_version_in_its_place(tab: Page, assistant: Counting) -> None:
    expect(tab.locator(".versions")).to_have_count(0)
    again(tab, 0)
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    expect(body(tab, 1)).to_have_text("Lần 2 [1].")
    expect(tab.locator(".question")).to_have_text(["Một?", "Hai?"])
    expect(tab.locator(".question").first).to_be_in_viewport()
    expect(row(tab, 0).locator(".which")).to_have_text("2/2")
    assert list(assistant.histories[-1]) == []
    expect(tab.locator(".further")).to_have_count(1)  # under the last one still
    expect(tab.locator(".further .instead")).to_have_text("Sau Lần 2?")
    expect_no_sideways_scroll(tab)
    earlier = row(tab, 0).get_by_role("button", name=VI.version_before, exact=True)
    later = row(tab, 0).get_by_role("button", name=VI.version_after, exact=True)
    expect(later).to_be_disabled()
    earlier.click()
    expect(body(tab, 0)).to_have_text("Lần 1 [1].")
    expect(row(tab, 0).locator(".which")).to_have_text("1/2")
    expect(later).to_be_focused()  # the one way that is left
    ask(tab, "Ba?")
    expect(body(tab, 2)).to_have_text("Lần 4 [1].")
    assert [turn.answer for turn in assistant.histories[-1]] == ["Lần 1 [1].", "Lần 2 [1]."]


@pytest.mark.browser
@browser_test
def test_the_keyboard_goes_through_versions_and_stays_there(tab: Page) -> None:
    again(tab, 1)
    expect(row(tab, 1).locator(".which")).to_have_text("2/2")
    expect(body(tab, 1)).to_have_text("Lần 3 [1].")
    expect(tab.locator(".further .instead")).to_have_text("Sau Lần 3?")
    again(tab, 1)
    expect(body(tab, 1)).to_have_text("Lần 4 [1].")
    expect_highlight(tab, SECOND_QUOTE)
    earlier = row(tab, 1).get_by_role("button", name=VI.version_before, exact=True)
    expect(earlier).to_be_enabled()
    earlier.focus()
    tab.keyboard.press("Enter")
    expect(body(tab, 1)).to_have_text("Lần 3 [1].")
    expect(tab.locator(".further .instead")).to_have_text("Sau Lần 3?")
    expect(tab.locator("#reader mark")).to_have_count(0)  # of the version that was left
    expect(earlier).to_be_focused()
    tab.keyboard.press("Enter")
    expect(body(tab, 1)).to_have_text("Lần 2 [1].")
    tab.keyboard.press("Enter")
    expect(body(tab, 1)).to_have_text("Lần 3 [1].")


@pytest.mark.browser
@browser_test
@both_widths
def test_an_edited_question_is_a_version(tab: Page, assistant: Counting) -> None:
    pencil = row(tab, 0).locator(".edit")
    if tab.viewport_size == {"width": 390, "height": 800}:
        expect(pencil).to_have_css("opacity", "1")
    else:
        tab.mouse.move(0, 0)
        expect(pencil).to_have_css("opacity", "0")
        row(tab, 0).hover()
        expect(pencil).to_have_css("opacity", "1")
    field = edit(tab, 0)
    expect(field).to_have_value("Một?")
    expect_no_sideways_scroll(tab)
    field.fill("Không hỏi nữa")
    tab.keyboard.press("Escape")
    expect(tab.locator("dialog")).to_have_count(0)
    edit(tab, 0).fill("Không hỏi nữa")
    tab.get_by_role("button", name=VI.script["cancel"], exact=True).click()
    expect(tab.locator("dialog")).to_have_count(0)
    edit(tab, 0).fill("   ")
    tab.get_by_role("button", name=VI.script["send"], exact=True).click()
    expect(tab.locator("dialog")).to_have_count(0)
    expect(tab.locator(".question")).to_have_text(["Một?", "Hai?"])
    edit(tab, 0).fill("Một <b>hay</b>")
    tab.keyboard.press("Shift+Enter")
    tab.keyboard.type("hai?")
    tab.keyboard.press("Enter")
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    assert len(assistant.histories) == 3
    expect(tab.locator(".question").first).to_have_text("Một <b>hay</b>hai?")
    expect(edit(tab, 0)).to_have_value("Một <b>hay</b>\nhai?")
    tab.keyboard.press("Escape")
    row(tab, 0).locator("[name=earlier]").click()
    expect(tab.locator(".question").first).to_have_text("Một?")


@pytest.mark.browser
@browser_test
def test_a_coming_version_is_brought_into_view_and_can_be_stopped(
    tab: Page, assistant: Counting
) -> None:
    for count in (3, 4, 5):
        ask(tab, f"Thêm {count}?")
        expect(body(tab, count - 1)).to_have_text(f"Lần {count} [1].")
    assistant.gate.clear()
    edit(tab, 1).fill("Trả lời chậm thôi?")
    tab.keyboard.press("Enter")
    expect(tab.locator(".reply").nth(1)).to_have_text("Xin chờ một chút")
    expect(tab.locator(".question").nth(1)).to_be_in_viewport()
    expect(tab.locator(".question").last).to_have_text("Thêm 5?")
    for button in row(tab, 1).locator(".versions button").all():
        expect(button).to_be_disabled()
    again(tab, 0)
    expect(tab.locator("#said")).to_have_text(VI.script["busy"])
    row(tab, 0).locator(".edit").click()
    expect(tab.locator("dialog")).to_have_count(0)
    tab.keyboard.press("Escape")
    expect(tab.locator(".fault")).to_have_text(VI.stopped)
    assistant.gate.set()
    tab.wait_for_timeout(300)  # for what the stopped answer might still do
    expect(tab.locator(".fault")).to_have_text(VI.stopped)
    row(tab, 1).locator("[name=earlier]").click()
    expect(body(tab, 1)).to_have_text("Lần 2 [1].")
    expect(tab.locator(".fault")).to_have_count(0)
    tab.locator("#fresh").click()
    expect(tab.locator(".question")).to_have_count(0)
    expect(tab.locator(".versions")).to_have_count(0)


@pytest.mark.browser
@browser_test
def test_versions_are_kept_and_a_reload_goes_on_with_the_coming_one(
    tab: Page, assistant: Counting
) -> None:
    again(tab, 0)
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    assistant.gate.clear()
    edit(tab, 0).fill("Trả lời chậm thôi?")
    tab.keyboard.press("Enter")
    expect(tab.locator(".reply").first).to_have_text("Xin chờ một chút")
    tab.reload()
    assistant.gate.set()
    expect(tab.locator(".question")).to_have_text(["Trả lời chậm thôi?", "Hai?"])
    expect(body(tab, 0)).to_have_text("Lần 5 [1].")
    expect(row(tab, 0).locator(".which")).to_have_text("3/3")
    expect(tab.locator("#open-side")).to_be_visible()
    tab.wait_for_function("localStorage.getItem('assistant.conversation') !== ''")
    tab.wait_for_function(f"{KEPT}.length === 4")
    slots = tab.evaluate(f"{KEPT}.map(it => it.slot)")
    assert slots[0] == slots[2] == slots[3] != slots[1]
    ready(tab.reload() and tab)
    expect(tab.locator(".question")).to_have_text(["Trả lời chậm thôi?", "Hai?"])
    row(tab, 0).locator("[name=earlier]").click()
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    row(tab, 0).locator("[name=earlier]").click()
    expect(body(tab, 0)).to_have_text("Lần 1 [1].")
    ready(tab.reload() and tab)
    expect(row(tab, 0).locator(".which")).to_have_text("1/3")  # the one that was turned to
    expect(body(tab, 0)).to_have_text("Lần 1 [1].")
    again(tab, 0)
    expect(row(tab, 0).locator(".which")).to_have_text("4/4")
    tab.wait_for_function(f"{KEPT}.length === 5")
    ready(tab.reload() and tab)
    expect(row(tab, 0).locator(".which")).to_have_text("4/4")


KEPT = (
    "JSON.parse(localStorage.getItem('assistant.conversation.'"
    " + localStorage.getItem('assistant.conversation'))).exchanges"
)


@pytest.mark.browser
@browser_test
def test_a_kept_conversation_with_nonsense_opens(tab: Page) -> None:
    tab.evaluate(SPOIL)
    ready(tab.reload() and tab)
    expect(tab.locator(".question")).to_have_text(["Một?", "Hai?"])
    edit(tab, 0).fill("Lại?")
    tab.keyboard.press("Enter")
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    tab.wait_for_function(f"{KEPT}.length === 3")
    ready(tab.reload() and tab)
    expect(tab.locator(".question")).to_have_text(["Lại?", "Hai?"])
    expect(row(tab, 0).locator(".which")).to_have_text("2/2")


SPOIL = """() => {
  const key = 'assistant.conversation.' + localStorage.getItem('assistant.conversation');
  const it = JSON.parse(localStorage.getItem(key));
  delete it.exchanges[0].slot;
  it.exchanges[1].slot = -7;
  localStorage.setItem(key, JSON.stringify(it));
}"""


@pytest.mark.browser
@browser_test
def test_copies_opinions_and_exports_are_of_the_version_shown(tab: Page) -> None:
    sent: list[Any] = []
    named = {"content-disposition": "attachment; filename*=UTF-8''card.json"}
    for path in ("cards", "feedback"):
        tab.route(
            f"**/api/v1/{path}",
            lambda route: (
                sent.append(route.request.post_data_json),
                route.fulfill(json={"id": 1}, headers=named),
            ),
        )
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    again(tab, 0)
    expect(body(tab, 0)).to_have_text("Lần 3 [1].")
    row(tab, 0).locator("[name=earlier]").click()
    expect(body(tab, 0)).to_have_text("Lần 1 [1].")
    tab.locator(".act-copy").first.click()
    expect(tab.locator("#said")).to_have_text(VI.script["copied"])
    copied = tab.evaluate("navigator.clipboard.readText()")
    assert "Lần 1" in copied and SEED.title in copied
    tab.locator(".act-good").first.click()
    expect(tab.locator("#said")).to_have_text(VI.script["thanks"])
    tab.locator("#open-side").click()
    with tab.expect_download():
        tab.get_by_role("button", name="JSON", exact=True).click()
    opinion, card = sent
    assert opinion["answer"]["answer"] == "Lần 1 [1]."
    assert [it["answer"] for it in card["answers"]] == ["Lần 1 [1].", "Lần 2 [1]."]
