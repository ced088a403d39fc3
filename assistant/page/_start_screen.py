"""What stands in an empty conversation: which articles there are, and questions to begin with.

Both may change while the page is open: examples are found in the background, articles are added
and removed. So the page looks again, for a while.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import gradio as gr

from assistant import logs
from assistant.answering.protocols import AnsweringAssistant
from assistant.page import _reader_html as reader_html
from assistant.page.labels import LABELS, Language

LOOK_AGAIN: Final = 2.0  # seconds between two looks at whether examples have been found
LOOK_FOR: Final = 60.0  # seconds, after which an open page looks no more

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a visitor sees; other examples are looked for until ``until`` (monotonic)."""

    language: Language
    welcome: str
    examples: tuple[str, ...]
    until: float


class StartScreen:
    """The start screen of ``chatbot``. Made inside of the page's gr.Blocks."""

    def __init__(
        self,
        assistant: AnsweringAssistant,
        examples: Callable[[str], list[str]],
        chatbot: gr.Chatbot,
    ) -> None:
        self.assistant = assistant
        self._examples = examples
        self.chatbot = chatbot
        self.shown = gr.State(None)
        self.timer = gr.Timer(LOOK_AGAIN, active=False)

    def follow(self, language: gr.Radio, *events: Callable[..., Any], **how: Any) -> None:
        """Shows what there is at each of the ``events``, which Gradio's are asked to listen to,
        and what comes later."""
        outputs = [self.chatbot, self.shown, self.timer]
        for event in events:
            event(self.offer, [language, self.shown], outputs, **how)
        self.timer.tick(self.look_again, [language, self.shown], outputs, **how)

    def offer(self, language: Language, shown: _Shown | None) -> dict[Any, Any]:
        """The articles and questions as they are now, in that language."""
        welcome = reader_html.welcome(self.assistant.articles(), LABELS[language])
        examples = self.examples(language)
        same_language = shown is not None and shown.language == language
        if shown and same_language and (shown.welcome, shown.examples) == (welcome, examples):
            return {self.timer: gr.skip()}
        # Of other articles than before, other questions will be found.
        comes = not examples or (shown is not None and same_language and shown.welcome != welcome)
        until = time.monotonic() + LOOK_FOR if comes else 0.0
        return {
            self.chatbot: gr.update(placeholder=welcome, examples=_listed(examples)),
            self.shown: _Shown(language, welcome, examples, until),
            self.timer: gr.Timer(active=comes),
        }

    def look_again(self, language: Language, shown: _Shown | None) -> dict[Any, Any]:
        """The questions that have been found since; then, or after a while, it is left at that."""
        if shown is None or shown.language != language:
            return {self.timer: gr.Timer(active=False)}
        examples = self.examples(language)
        if examples != shown.examples:
            return {
                self.chatbot: gr.update(examples=_listed(examples)),
                self.shown: replace(shown, examples=examples),
                self.timer: gr.Timer(active=False),
            }
        waits = time.monotonic() < shown.until
        return {self.timer: gr.skip() if waits else gr.Timer(active=False)}

    def examples(self, language: Language) -> tuple[str, ...]:
        try:
            return tuple(self._examples(language))
        except Exception as failure:
            logs.failed(_log, "no examples", failure)
            return ()


def _listed(examples: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"text": example} for example in examples]
