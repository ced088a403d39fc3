"""Questions to go on with, as buttons under an answer."""

from __future__ import annotations

from assistant.page.labels import Labels, inert
from assistant.records.exchange import Exchange


def suggestions(exchange: Exchange, labels: Labels) -> str:
    """The further questions of an answer; a refusal shows its own."""
    answer = exchange.answer
    if not exchange.instead or answer is None or answer.grounding == "refused":
        return ""
    return f'<div class="further">{asks(exchange.instead, labels)}</div>'


def asks(questions: tuple[str, ...], labels: Labels) -> str:
    """A button for each question, which static/panels.js asks."""
    buttons = "".join(
        f'<button type="button" class="instead" name="ask" value="{inert(question)}">'
        f"{inert(question)}</button>"
        for question in questions
    )
    return f'<h3 class="label">{labels.instead}</h3><div class="asks">{buttons}</div>'
