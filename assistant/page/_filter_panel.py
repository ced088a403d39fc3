"""Which articles a question is asked of: the fields for it, closed until they are wanted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

from assistant.page._limits import limits_line
from assistant.page.labels import Labels
from assistant.text.names import publisher
from assistant.types import Article, Filter

FIELDS: Final = ("since", "until", "source", "author")
LONGEST: Final = 120  # characters of a field


class FilterPanel:
    """The fields, laid out where this is made; their values are those of a Filter."""

    def __init__(self, labels: Labels) -> None:
        with gr.Accordion(labels.limit, open=False, elem_id="limit") as self.panel:
            self.hint = gr.HTML(_hint(labels), js_on_load=None)
            with gr.Row():
                self.since = _field(labels.since, labels.day_hint)
                self.until = _field(labels.until, labels.day_hint)
                self.source = gr.Dropdown(
                    [""], value="", label=labels.newspaper, allow_custom_value=True
                )
                self.author = _field(labels.author, "")
        self.components: list[Any] = [self.since, self.until, self.source, self.author]

    def closed(self, filter: Filter, before: Filter, labels: Labels) -> dict[Any, Any]:
        """Once a question was sent: the answer needs the room; the handle says what holds on.

        Where it says so already it is left alone: a question that was sent while the page changed
        its language would bring the words of the one before.
        """
        if filter == before:
            return {self.panel: gr.update(open=False)}
        return {self.panel: gr.update(label=_handle(filter, labels), open=False)}

    def labelled(
        self, labels: Labels, articles: Sequence[Article], filter: Filter
    ) -> dict[Any, Any]:
        """Component → its words in another language; ``filter``: what the handle says."""
        names = sorted({publisher(article.source) for article in articles if article.source})
        return {
            self.panel: gr.update(label=_handle(filter, labels)),
            self.hint: _hint(labels),
            self.since: gr.update(label=labels.since, placeholder=labels.day_hint),
            self.until: gr.update(label=labels.until, placeholder=labels.day_hint),
            self.source: gr.update(label=labels.newspaper, choices=["", *names]),
            self.author: gr.update(label=labels.author),
        }


def filter_of(values: Sequence[Any]) -> Filter:
    """The filter that the fields hold."""
    return Filter(*(str(value or "").strip()[:LONGEST] for value in values))


def filter_from(told: object) -> Filter:
    """The filter that the browser kept of a question whose answer did not come."""
    try:
        found = json.loads(str(told or "{}"))
    except ValueError:
        return Filter()
    known = found if isinstance(found, dict) else {}
    return filter_of([known.get(name) for name in FIELDS])


def _handle(filter: Filter, labels: Labels) -> str:
    held = limits_line(filter, labels)
    return f"{labels.limit}: {held}" if held else labels.limit


def _field(label: str, placeholder: str) -> gr.Textbox:
    return gr.Textbox("", label=label, placeholder=placeholder, max_length=LONGEST, lines=1)


def _hint(labels: Labels) -> str:
    return f'<p class="meta">{labels.limit_hint}</p>'
