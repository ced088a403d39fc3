"""The conversation's messages: of each slot the question, ways to its versions, and the answer.

static/versions.js acts on the buttons. Their names are words in the markup, since gr.Chatbot's
sanitizer lets no ARIA through.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.page._answer_html import reply
from assistant.page._session import Slot
from assistant.page.labels import Labels, inert


def messages(slots: Sequence[Slot], labels: Labels) -> list[dict[str, str]]:
    """The conversation as messages of ``gr.Chatbot``."""
    found = []
    for slot in slots:
        found.append({"role": "user", "content": _question(slot, labels)})
        said = reply(slot.exchange, labels, slot.number)
        found.append({"role": "assistant", "content": said})
    return found


def _question(slot: Slot, labels: Labels) -> str:
    edit = _button("edit", slot.name, labels.edit)
    return (
        f'<h2 class="question" id="question-{slot.number}">{inert(slot.exchange.question)}</h2>'
        f'<div class="about-question">{_switcher(slot, labels)}{edit}</div>'
    )


def _switcher(slot: Slot, labels: Labels) -> str:
    """‹ 2/3 ›, where there are versions to go through."""
    count = len(slot.versions)
    if count < 2:
        return ""
    at = slot.versions.index(slot.number)
    return (
        '<span class="versions">'
        f"{_step('earlier', labels.version_before, slot, at - 1)}"
        f'<span class="which">{at + 1}/{count}</span>'
        f"{_step('later', labels.version_after, slot, at + 1)}</span>"
    )


def _step(name: str, label: str, slot: Slot, at: int) -> str:
    """The button of the version at ``at``. Where there is none, or one is being answered, it
    stays where it is and does nothing."""
    there = 0 <= at < len(slot.versions)
    number = slot.versions[at] if there else slot.number
    return _button(name, number, label, works=there and not slot.exchange.running)


def _button(name: str, value: str | int, label: str, works: bool = True) -> str:
    disabled = "" if works else " disabled"
    shown = inert(label)
    return (
        f'<button type="button" class="{name}" name="{name}" value="{value}" title="{shown}"'
        f'{disabled}><span class="unseen">{shown}</span></button>'
    )
