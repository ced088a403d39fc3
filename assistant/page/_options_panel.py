"""The panel of options: who words the answers, how much is read, and how sure to be."""

from __future__ import annotations

import json
from typing import Any, Final

import gradio as gr

from assistant.answering.answer_options import Choices
from assistant.llm.models import NONE
from assistant.page.labels import Labels

MOST_SOURCES: Final = 20  # passages that a person may have read
# Run in the browser when an option changes; read back when the page opens.
_KEEP: Final = """(...values) => {
  try { localStorage.setItem("assistant.options", JSON.stringify(values)) } catch {}
}"""


class Options:
    """The panel's components, laid out where this is made; their values are those of a Choice."""

    def __init__(self, choices: Choices, labels: Labels) -> None:
        self.choices = choices
        default = choices.default
        self.hint = gr.HTML(_hint(labels), js_on_load=None)
        self.llm = gr.Dropdown(
            [NONE], value=NONE, label=labels.model, interactive=True, filterable=False
        )
        self.top_k = gr.Slider(
            1, MOST_SOURCES, default.top_k, step=1, label=labels.sources_read, interactive=True
        )
        self.strictness = gr.Radio([], label=labels.strictness, interactive=True)
        self.unsupported = gr.Radio([], label=labels.unsupported_choice, interactive=True)
        self.components: list[Any] = [self.llm, self.top_k, self.strictness, self.unsupported]

    def keep(self, **quiet: Any) -> None:
        """Has the browser keep what is chosen."""
        for component in self.components:
            component.input(None, self.components, None, js=_KEEP, **quiet)

    def labelled(self, labels: Labels) -> dict[Any, Any]:
        """Component → its words in another language."""
        models = [
            (labels.model_none if name == NONE else name, name) for name in self.choices.models()
        ]
        return {
            self.hint: _hint(labels),
            self.llm: gr.update(choices=models, label=labels.model),
            self.top_k: gr.update(label=labels.sources_read),
            self.strictness: gr.update(choices=_strictness(labels), label=labels.strictness),
            self.unsupported: gr.update(
                choices=_unsupported(labels), label=labels.unsupported_choice
            ),
        }

    def opened(self, kept: str, labels: Labels) -> dict[Any, Any]:
        """Component → its words and its value: what the browser has kept, where it still is one."""
        updates = self.labelled(labels)
        for component, value in zip(self.components, self._values(kept, labels), strict=True):
            updates[component] = {**updates[component], "value": value}
        return updates

    def _values(self, kept: str, labels: Labels) -> list[Any]:
        default = self.choices.default
        values = [default.llm, default.top_k, default.strictness, default.unsupported]
        try:
            given = json.loads(kept or "[]")
        except (ValueError, RecursionError):
            return values
        known = (
            self.choices.models(),
            range(1, MOST_SOURCES + 1),
            [value for _, value in _strictness(labels)],
            [value for _, value in _unsupported(labels)],
        )
        if not isinstance(given, list) or len(given) != len(values):
            return values
        return [
            one if isinstance(one, str | int) and one in those else value
            for one, those, value in zip(given, known, values, strict=True)
        ]


def _hint(labels: Labels) -> str:
    return f'<p class="meta">{labels.settings_hint}</p>'


def _strictness(labels: Labels) -> list[tuple[str, str]]:
    return [(labels.strict, "strict"), (labels.balanced, "balanced"), (labels.open, "open")]


def _unsupported(labels: Labels) -> list[tuple[str, str]]:
    return [(labels.flag, "flag"), (labels.drop, "drop"), (labels.replace, "replace")]
