"""The chat page: a conversation whose citations open, highlighted, in the article beside it.

``build`` makes the page, ``mount`` puts it into the server's application. Nothing is decided
here: the assistant's events are shown as they come.

How a click reaches Python. A citation is a plain link to a place in an article,
``#article=<id>&start=<s>&end=<e>``, which gr.Chatbot's sanitizer lets through; following it
changes the address, and the script of the reader (static/chat.js) passes every address on as the
custom event ``address``. Citations, sources, the list of articles, the browser's Back button and
an address opened from elsewhere are thus one mechanism.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeAlias

# Read while gradio is imported: no usage statistics, no look for a newer version.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

import gradio as gr
from fastapi import FastAPI

from assistant import page
from assistant.page import LABELS, Exchange, Labels, Language
from assistant.types import AnswerEvent, Article, AssistantError, Span, Turn

ANSWERS_AT_ONCE: Final = 4
LONGEST_QUESTION: Final = 2000  # characters

_LANGUAGES: Final[list[tuple[str, Language]]] = [("Tiếng Việt", "vi"), ("English", "en")]
_log = logging.getLogger(__name__)

Updates: TypeAlias = dict[Any, Any]  # component → its new value or properties


class Readable(Protocol):
    """What the page needs of an assistant."""

    def stream(self, question: str, history: Sequence[Turn] = ()) -> Iterator[AnswerEvent]:
        """The events of an answer; the last one is ``Finished``."""
        ...

    def article(self, article_id: str) -> Article:
        """The article with that id; raises if there is none."""
        ...

    def articles(self) -> list[Article]: ...

    def examples(self, language: str) -> list[str]:
        """Questions, in that language, that the articles answer."""
        ...


def build(assistant: Readable) -> gr.Blocks:
    """The page over ``assistant``, with its queue set; :func:`mount` gives it its looks."""
    return _Chat(assistant).blocks


def mount(application: FastAPI, blocks: gr.Blocks, sign_out: bool = False) -> None:
    """Mounts ``blocks`` at the root of ``application``. ``sign_out``: with a link to leave."""
    links = [{"label": "Đăng xuất · Sign out", "url": "/logout"}] if sign_out else []
    gr.mount_gradio_app(
        application,
        blocks,
        path="/",
        theme=_theme(),
        css_paths=page.STATIC / "chat.css",
        favicon_path=str(page.STATIC / "favicon.png"),
        footer_links=links,
        show_error=False,
        max_file_size="1kb",  # nothing is uploaded
        enable_monitoring=False,
        run_history=False,  # the browser keeps no questions
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
    )


def _theme() -> gr.themes.Base:
    """One accent on greys, in the system's own fonts: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue="teal",
        secondary_hue="teal",
        neutral_hue="slate",
        text_size="lg",
        radius_size="md",
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_400")


@dataclass(slots=True, eq=False)
class Run:
    """An exchange while it is answered, and after.

    Two threads know it: the one that answers writes ``exchange`` (and ``begun``, at its start),
    the one that stops it writes ``halted``. Each field thus has one writer, and neither can undo
    the other's work. Gradio's own ``cancels`` would wait for the assistant's next event, however
    long that takes, and could store an older state over the newer one.
    """

    exchange: Exchange
    begun: bool = False
    halted: bool = False

    @property
    def shown(self) -> Exchange:
        if self.halted and self.exchange.running:
            return replace(self.exchange, fault="stopped")
        return self.exchange


class _Chat:
    """The components of the page and what happens at each event.

    One object serves every visitor, so it holds no conversation: that is the visitor's gr.State,
    a list of runs that handlers change in place. They return the components that change.
    """

    def __init__(self, assistant: Readable) -> None:
        self.assistant = assistant
        self.blocks = gr.Blocks(
            title="Hỏi đáp tin tức · Ask the news",
            analytics_enabled=False,
            fill_width=True,
        )
        with self.blocks:
            self._lay_out(LABELS["vi"])
            self._wire()
        self.blocks.queue(default_concurrency_limit=ANSWERS_AT_ONCE, max_size=64)

    def _lay_out(self, labels: Labels) -> None:
        self.session = gr.State([])
        self.run = gr.State(None)  # what the last submit began, if it began anything
        self.address = gr.Textbox(visible=False)  # what the reader shows
        with gr.Row(elem_id="top"):
            self.heading = gr.HTML(page.heading(labels), elem_id="heading", js_on_load=None)
            self.fresh = gr.Button(labels.fresh, elem_id="fresh", size="sm", visible=False)
            self.language = gr.Radio(
                _LANGUAGES,
                value=labels.language,
                label=labels.switch,
                show_label=False,
                container=False,
                elem_id="language",
            )
        with gr.Row(elem_id="panes"):
            with gr.Column(elem_id="conversation"):
                self.chatbot = gr.Chatbot(
                    elem_id="messages",
                    show_label=False,
                    container=False,
                    height="100%",
                    buttons=[],
                    sanitize_html=True,
                    latex_delimiters=[],
                    allow_tags=False,
                    feedback_options=None,
                )
                self.box = gr.Textbox(
                    elem_id="question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=6,
                    max_length=LONGEST_QUESTION,
                    autofocus=True,
                )
            with gr.Column(elem_id="reader-pane"):
                self.reader = gr.HTML(
                    "",
                    elem_id="reader",
                    apply_default_css=False,
                    js_on_load=(page.STATIC / "chat.js").read_text("utf-8"),
                )

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once = {**quiet, "queue": False}
        spoken = [self.session, self.language]
        shown = [self.chatbot, self.box]
        opened = [self.reader, self.address]
        begun = [*shown, self.run, self.fresh]
        labelled = [self.heading, self.fresh, self.language, *shown, *opened]

        self.blocks.load(
            self.begin,
            [self.address],
            labelled,
            js="() => [window.location.hash]",
            **at_once,
        )
        for began in (
            self.box.submit(self.submit, [self.box, *spoken], begun, **at_once),
            self.chatbot.example_select(self.pick, spoken, begun, **at_once),
        ):
            answered = began.then(
                self.answer,
                [self.run, *spoken],
                [*shown, *opened],
                concurrency_limit=ANSWERS_AT_ONCE,
                concurrency_id="answer",
                trigger_mode="multiple",  # a halted run may still wait for its assistant
                **quiet,
            )
            # The language may have been switched meanwhile, or the run halted.
            answered.then(self.redraw, spoken, shown, **at_once)
        self.box.stop(self.stop, spoken, shown, **at_once)
        self.fresh.click(self.start_over, spoken, begun, **at_once)
        self.language.input(self.relabel, [*spoken, self.address], labelled, **at_once)
        self.reader.address(self.show, [self.language], opened, **at_once)

    # Events of the whole page.

    def begin(self, address: str, request: gr.Request) -> Updates:
        """The page was opened: in the browser's language, at the address it was opened with."""
        header = request.headers.get("accept-language", "")
        language = page.preferred_language(header)
        return {**self.relabel([], language, address), self.language: language}

    def relabel(self, session: list[Run], language: Language, address: str) -> Updates:
        """Everything said so far and every label, in ``language``."""
        labels = LABELS[language]
        return {
            self.heading: page.heading(labels),
            self.fresh: gr.update(value=labels.fresh),
            self.language: gr.update(label=labels.switch),
            self.chatbot: gr.update(
                value=_messages(session, labels),
                placeholder=f'<p class="welcome">{labels.welcome}</p>',
                examples=[{"text": example} for example in self._examples(language)],
            ),
            self.box: self._box(session, labels),
            **self._open(address, labels),
        }

    def show(self, language: Language, event: gr.EventData) -> Updates:
        """The address changed: a link was followed, or the browser went back."""
        return self._open(str(event.address), LABELS[language])

    # Events of a conversation.

    def submit(self, question: str, session: list[Run], language: Language) -> Updates:
        """A question was sent: it is shown at once, even if answers are being waited for."""
        asked = question.strip()[:LONGEST_QUESTION]
        if not asked or (session and session[-1].shown.running):
            return {self.run: None}
        run = Run(Exchange(asked))
        session.append(run)
        box = self._box(session, LABELS[language])
        return {
            **self.redraw(session, language),
            self.box: gr.update(value="", **box),
            self.run: run,
            self.fresh: gr.update(visible=True),
        }

    def pick(self, session: list[Run], language: Language, event: gr.SelectData) -> Updates:
        """An example was clicked."""
        return self.submit(str(event.value["text"]), session, language)

    def answer(self, run: Run | None, session: list[Run], language: Language) -> Iterator[Updates]:
        """The answer of ``run``, as it comes; at its end its first citation opens."""
        yield {self.box: gr.skip()}  # of a generator that yields nothing, the outputs are emptied
        if run is None or run.begun:  # begun: by an earlier event that had to queue until now
            return
        run.begun = True
        history = _history(session)
        for exchange in self._exchanges(run.exchange, history):
            if run.halted:
                return
            run.exchange = exchange
            yield self.redraw(session, language)
        if run.exchange.answer and run.exchange.citations:
            first = run.exchange.citations[0]
            address = page.address_of(first.article_id, Span(first.start, first.end))
            yield self._open(address, LABELS[language])

    def _exchanges(self, exchange: Exchange, history: list[Turn]) -> Iterator[Exchange]:
        """``exchange`` after each event of its answer; a fault is logged and ends it."""
        try:
            for event in self.assistant.stream(exchange.question, history):
                exchange = self._dated(exchange.after(event))
                yield exchange
            if exchange.running:
                raise RuntimeError("the stream ended without Finished")
        except Exception:
            _log.exception("no answer to %r", exchange.question)
            yield replace(exchange, answer=None, fault="failed")

    def _dated(self, exchange: Exchange) -> Exchange:
        new = {c.article_id for c in exchange.citations} - exchange.dates.keys()
        dates = {article_id: self.assistant.article(article_id).date for article_id in new}
        return replace(exchange, dates={**exchange.dates, **dates}) if new else exchange

    def stop(self, session: list[Run], language: Language) -> Updates:
        """The answer is cut short; what has come of it stays."""
        for run in session:
            run.halted = True
        return self.redraw(session, language)

    def start_over(self, session: list[Run], language: Language) -> Updates:
        for run in session:
            run.halted = True
        session.clear()
        return {**self.redraw(session, language), self.fresh: gr.update(visible=False)}

    # What the components show.

    def redraw(self, session: list[Run], language: Language) -> Updates:
        labels = LABELS[language]
        return {
            self.chatbot: _messages(session, labels),
            self.box: self._box(session, labels),
        }

    def _box(self, session: list[Run], labels: Labels) -> dict[str, Any]:
        running = bool(session) and session[-1].shown.running
        return gr.update(
            label=labels.question,
            placeholder=labels.hint,
            submit_btn=False if running else labels.ask,
            stop_btn=labels.stop if running else False,
        )

    def _open(self, address: str, labels: Labels) -> Updates:
        """The reader at ``address``: an article, or the list of all where it names none."""
        try:
            place = page.parse_address(address)
            if place is None:
                view = page.library(self.assistant.articles(), labels)
            else:
                view = page.reading(self.assistant.article(place[0]), place[1], labels)
        except Exception as exc:  # an address may name anything
            expected = isinstance(exc, KeyError | AssistantError)
            level = logging.INFO if expected else logging.ERROR
            _log.log(level, "cannot open %r", address, exc_info=not expected)
            view = page.notice(labels.gone, labels)
        return {self.reader: view, self.address: address}

    def _examples(self, language: Language) -> list[str]:
        try:
            return self.assistant.examples(language)
        except Exception:
            _log.exception("no examples")
            return []


def _messages(session: list[Run], labels: Labels) -> list[dict[str, str]]:
    return page.messages([run.shown for run in session], labels)


def _history(session: list[Run]) -> list[Turn]:
    """The answered exchanges, as the assistant takes them."""
    exchanges = [run.shown for run in session]
    return [Turn(e.question, e.answer.text) for e in exchanges if e.answer]
