"""The chat page: a conversation whose citations open, highlighted, in the article beside it.

``build`` makes the page, which ``theme.mount`` puts into the server's application. Nothing is
decided here: the assistant's events are shown as they come.

How a click reaches Python. A citation is a plain link to a place in an article,
``#article=<id>&start=<s>&end=<e>``, which gr.Chatbot's sanitizer lets through; following it
changes the address, and the script of the reader (static/chat.js) passes every address on as the
custom event ``address``. Citations, sources, the list of articles, the browser's Back button and
an address opened from elsewhere are thus one mechanism. Buttons inside a message reach the script
as well: ``ask``, ``again``, ``choose`` and ``restore`` are its other events; an answer shared by a
link is restored too (static/sharing.js). Everything else (copying, opinions, kept conversations,
cards, adding articles) the scripts do over ``/api/v1``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import gradio as gr

from assistant.answering.answer_options import Choice, Choices
from assistant.answering.protocols import AnsweringAssistant, SuggestingAssistant
from assistant.page import _reader_html as reader_html
from assistant.page._conversation_html import messages
from assistant.page._filter_panel import FIELDS, FilterPanel, filter_from, filter_of
from assistant.page._options_panel import Options
from assistant.page._reader_html import LISTED_ARTICLES
from assistant.page._reader_pane import ReaderPane, still_quoted, without_span
from assistant.page._running_answer import Run
from assistant.page._session import Session
from assistant.page._start_screen import StartScreen
from assistant.page.labels import (
    ALL_ARTICLES,
    LABELS,
    STATIC,
    Labels,
    Language,
    address_of,
    parse_address,
    preferred_language,
)
from assistant.settings import Settings
from assistant.types import NO_FILTER, Filter, Span

SUGGESTIONS_AT_ONCE: Final = 1

_LANGUAGES: Final[list[tuple[str, Language]]] = [("Tiếng Việt", "vi"), ("English", "en")]
_SCRIPTS: Final = tuple(
    f"{name}.js" for name in "chat keeping versions sharing opinions cards panels lasting".split()
)


# What the browser keeps, read when the page opens.
_OPENED: Final = """(session) => {
  const kept = (name) => {
    try { return localStorage.getItem("assistant." + name) || "" } catch { return "" }
  };
  return [session, location.hash, kept("language"), kept("options")];
}"""

Updates: TypeAlias = dict[Any, Any]  # component → its new value or properties


def build(
    assistant: AnsweringAssistant, settings: Settings | None = None, choices: Choices | None = None
) -> gr.Blocks:
    """The page over ``assistant``, with its queue set."""
    settings = settings or Settings()
    return _Chat(assistant, settings, choices or Choices(assistant, settings)).blocks


class _Chat:
    """The components of the page and what happens at each event.

    One object serves every visitor, so it holds no conversation: that is the visitor's gr.State,
    a Session that handlers change in place. They return the components that change.
    """

    def __init__(self, assistant: AnsweringAssistant, settings: Settings, choices: Choices) -> None:
        self.assistant = assistant
        self.settings = settings
        self.choices = choices
        self.pane = ReaderPane(assistant, settings.may_change_corpus)
        self.blocks = gr.Blocks(
            title="Hỏi đáp tin tức · Ask the news",
            analytics_enabled=False,
            fill_width=True,
        )
        with self.blocks:
            self._lay_out(LABELS["vi"])
            self._wire()
        self.blocks.queue(default_concurrency_limit=settings.answers_at_once, max_size=64)

    def _lay_out(self, labels: Labels) -> None:
        self.session = gr.State(Session())
        self.run = gr.State(None)  # what the last submit began, if it began anything
        self.address = gr.Textbox(visible=False)  # what the reader shows
        self.spoken = gr.Textbox(visible=False)  # the language that the browser has kept
        self.kept = gr.Textbox(visible=False)  # the options that the browser has kept
        self.record = gr.Textbox(visible=False)  # an answered exchange, for the browser to keep
        with gr.Row(elem_id="top"):
            self.tools = gr.HTML(
                reader_html.tools(labels), elem_id="tools", apply_default_css=False, js_on_load=None
            )
            self.heading = gr.HTML(reader_html.heading(labels), elem_id="heading", js_on_load=None)
            self.fresh = gr.Button(labels.fresh, elem_id="fresh", size="sm", visible=False)
            self.language = gr.Radio(
                _LANGUAGES,
                value=labels.language,
                label=labels.switch,
                show_label=False,
                container=False,
                elem_id="language",
            )
        self.side = gr.HTML(
            self._side(labels), elem_id="side", apply_default_css=False, js_on_load=None
        )
        with gr.Column(elem_id="settings"):
            self.options = Options(self.choices, labels)
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
                    autoscroll=False,  # static/chat.js: an answer is read from its first line
                )
                self.start = StartScreen(self.assistant, self.choices.examples, self.chatbot)
                self.limits = FilterPanel(labels)
                self.box = gr.Textbox(
                    elem_id="question",
                    show_label=False,
                    container=False,
                    lines=1,
                    max_lines=6,
                    max_length=self.settings.max_question,
                    autofocus=True,
                )
            with gr.Column(elem_id="reader-pane"):
                self.reader = gr.HTML(
                    "",
                    elem_id="reader",
                    apply_default_css=False,
                    js_on_load="\n".join((STATIC / s).read_text("utf-8") for s in _SCRIPTS),
                )

    def _wire(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        at_once = {**quiet, "queue": False}
        told = [self.session, self.language]
        spoken = [*told, *self.options.components, *self.limits.components]
        shown = [self.chatbot, self.box]
        opened = [self.reader, self.address]
        begun = [*shown, self.run, self.fresh, self.limits.panel]
        frame = [self.tools, self.heading, self.fresh, self.language, self.side]
        panels = [self.options.hint, *self.options.components]
        panels += [self.limits.panel, self.limits.hint, *self.limits.components]
        labelled = [*frame, *panels, *shown, *opened]

        opened_page = self.blocks.load(
            self.begin,
            [self.session, self.address, self.spoken, self.kept],
            labelled,
            js=_OPENED,
            **at_once,
        )
        for began in (
            self.box.submit(self.submit, [self.box, *spoken], begun, **at_once),
            self.chatbot.example_select(self.pick, spoken, begun, **at_once),
            self.reader.ask(self.pick, spoken, begun, **at_once),
            self.reader.again(self.again, spoken, begun, **at_once),
        ):
            answered = began.then(
                self.answer,
                [self.run, *told, self.address],
                [*shown, *opened, self.record],
                concurrency_limit=self.settings.answers_at_once,
                concurrency_id="answer",
                trigger_mode="multiple",  # a halted run may still wait for its assistant
                **quiet,
            )
            answered.failure(self.stop, told, shown, **at_once)  # the queue is full, or it broke
            # The language may have been switched meanwhile, or the run halted.
            redrawn = answered.then(self.redraw, told, shown, **at_once)
            suggested = redrawn.then(
                self.suggest,
                [self.run, *told],
                [self.chatbot],
                concurrency_limit=SUGGESTIONS_AT_ONCE,
                concurrency_id="suggest",
                trigger_mode="multiple",
                **quiet,
            )
            suggested.then(self.settle, [self.run, *told], shown, **at_once)
        keep = "(it) => window.assistantKeeps(it)"
        self.record.change(None, [self.record], None, js=keep, **quiet)
        self.box.stop(self.stop, told, shown, **at_once)
        emptied = self.fresh.click(
            self.start_over,
            told,
            [*begun, *opened],
            js="(...a) => (window.assistantLeaves(), a)",
            **at_once,
        )
        self.reader.choose(self.choose, [*told, self.address], [*shown, *opened], **at_once)
        self.reader.restore(
            self.restore, [*told, self.address], [*shown, *opened, self.fresh], **at_once
        )
        switched = self.language.input(self.relabel, [*told, self.address], labelled, **at_once)
        self.reader.address(self.show, told, opened, **at_once)
        listed = self.reader.find(self.find, told, opened, **at_once)  # anew, after a change too
        changes = (e.then for e in (opened_page, switched, emptied, listed))
        self.start.follow(self.language, *changes, self.reader.changed, **at_once)
        self.options.keep(**quiet)

    # Events of the whole page.

    def begin(
        self,
        session: Session,
        address: str,
        spoken: str,
        kept_options: str,
        request: gr.Request,
    ) -> Updates:
        """The page was opened: in the browser's language, at the address it was opened with.

        What was asked while it opened, and what that opened in the reader, stays.
        """
        header = request.headers.get("accept-language", "")
        language = preferred_language(spoken or header)
        options = self.options.opened(kept_options, LABELS[language])
        updates = {**self.relabel(session, language, address), **options, self.language: language}
        if session.runs:
            del updates[self.reader], updates[self.address]
        return updates

    def relabel(self, session: Session, language: Language, address: str) -> Updates:
        """Everything said so far and every label, in ``language``."""
        labels = LABELS[language]
        return {
            self.tools: reader_html.tools(labels),
            self.heading: reader_html.heading(labels),
            self.fresh: gr.update(value=labels.fresh),
            self.language: gr.update(label=labels.switch),
            self.side: self._side(labels),
            **self.options.labelled(labels),
            **self.limits.labelled(labels, self.assistant.articles(), session.limits),
            self.chatbot: gr.update(
                value=messages(session.slots(), labels),
                placeholder=reader_html.welcome(self.assistant.articles(), labels),
            ),
            self.box: self._box(session, labels),
            **self._open(address, labels, session),
        }

    def _side(self, labels: Labels) -> str:
        return reader_html.side(labels, account=self.settings.users is not None)

    def show(self, session: Session, language: Language, event: gr.EventData) -> Updates:
        """The address changed: a link was followed, or the browser went back."""
        return self._open(str(event.address), LABELS[language], session)

    def find(self, session: Session, language: Language, event: gr.EventData) -> Updates:
        """Words were typed that the listed articles shall have."""
        words, most = str(event.words)[:200], int(getattr(event, "most", LISTED_ARTICLES))
        return self._open(ALL_ARTICLES, LABELS[language], session, words, most)

    # Events of a conversation.

    def submit(self, question: str, session: Session, language: Language, *options: Any) -> Updates:
        """A question was sent: it is shown at once, even if answers are being waited for."""
        begun = self._begin(question, session, language, options)
        if begun[self.run]:
            begun[self.box] = gr.update(value="", **self._box(session, LABELS[language]))
        return begun

    def pick(
        self, session: Session, language: Language, event: gr.EventData, *options: Any
    ) -> Updates:
        """An example was clicked, or a question that a refusal offers."""
        value = getattr(event, "value", None)
        question = value["text"] if isinstance(value, dict) else event.question
        return self._begin(str(question), session, language, options)

    def again(
        self, session: Session, language: Language, event: gr.EventData, *options: Any
    ) -> Updates:
        """A question is asked once more, as it was or edited, as a version in its slot: of the
        articles that the panel names, else of those it was asked of, or ``unlimited``."""
        question = getattr(event, "question", None) or ""
        unlimited = bool(getattr(event, "unlimited", False))
        kept = filter_from(getattr(event, "limits", None))
        return self._begin(
            str(question), session, language, options, str(event.slot), unlimited, kept
        )

    def _begin(
        self,
        question: str,
        session: Session,
        language: Language,
        options: Sequence[Any],
        slot: str = "",
        unlimited: bool = False,
        kept: Filter = NO_FILTER,
    ) -> Updates:
        """``options``: the values of the panel of options, then those of the limits; ``kept``: the
        limits of a question that was being answered when the page was left."""
        limits = filter_of(options[-len(FIELDS) :])
        options = options[: len(self.options.components)]
        chosen = NO_FILTER if unlimited else kept or limits
        choice = replace(Choice(*options), filter=chosen)
        run = session.begin(question.strip()[: self.settings.max_question], choice, slot, unlimited)
        if run is None:
            return {self.run: None}
        before, session.limits = session.limits, limits
        return {
            **self.redraw(session, language),
            self.run: run,
            self.fresh: gr.update(visible=True),
            **self.limits.closed(limits, before, LABELS[language]),
        }

    def choose(
        self, session: Session, language: Language, opened: str, event: gr.EventData
    ) -> Updates:
        """Another version of a question and its answer is shown."""
        session.choose(int(event.number))
        updates = self.redraw(session, language)
        if parse_address(opened):  # a list of articles stays as it is, with what was searched
            opened = still_quoted(opened, session)
            updates |= self._open(opened, LABELS[language], session)
        return updates

    def answer(
        self, run: Run | None, session: Session, language: Language, opened: str
    ) -> Iterator[Updates]:
        """The answer of ``run``, as it comes; at its end its first citation opens.

        ``opened``: the address that the reader is at.
        """
        yield {self.box: gr.skip()}  # of a generator that yields nothing, the outputs are emptied
        if run is None or run.begun:  # begun: by an earlier event that had to queue until now
            return
        run.begun = True
        if place := parse_address(opened):
            run.choice = replace(run.choice, opened=place[0])
        examples = lambda: self.start.examples(language)  # noqa: E731
        for exchange in run.follow(self.choices.stream, self.assistant.article, examples):
            if run.halt.is_set():
                return
            run.exchange = exchange
            yield {**self.redraw(session, language), **self._recorded(run, session)}
        if run.exchange.answer and run.exchange.citations:
            first = run.exchange.citations[0]
            address = address_of(first.article_id, Span(first.start, first.end))
            yield self._open(address, LABELS[language], session)
        elif run.exchange.answer:  # what an earlier answer highlighted is no proof of this one
            yield self._open(without_span(opened), LABELS[language], session)

    def suggest(self, run: Run | None, session: Session, language: Language) -> Any:
        """Questions to go on with, under the answer of ``run`` where that is still the last."""

        def left() -> bool:
            return run is None or not session.ends_with(run)

        if run is None or left() or not isinstance(self.assistant, SuggestingAssistant):
            return gr.skip()
        asked = [other.exchange.question for other in session.runs]
        if run.suggest(self.assistant.further_questions, language, asked, left):
            return messages(session.slots(), LABELS[language])
        return gr.skip()

    def settle(self, run: Run | None, session: Session, language: Language) -> Any:
        """The conversation as it is, where it went on while ``run`` was shown: a response that was
        made before that may have come after it."""
        if run is None or session.ends_with(run):
            return gr.skip()
        return self.redraw(session, language)

    def _recorded(self, run: Run, session: Session) -> Updates:
        """An answer that has come to its end, for the browser to keep."""
        document = run.exchange.to_json()
        if document is None or run not in session.runs:
            return {}
        told = {"number": session.runs.index(run), "exchange": document, "at": time.time()}
        return {self.record: json.dumps(told, ensure_ascii=False)}

    def stop(self, session: Session, language: Language) -> Updates:
        """The answer is cut short; what has come of it stays."""
        session.stop()
        return self.redraw(session, language)

    def start_over(self, session: Session, language: Language) -> Updates:
        session.clear()
        return {
            **self.redraw(session, language),
            **self._open(ALL_ARTICLES, LABELS[language], session),
            self.fresh: gr.update(visible=False),
        }

    def restore(
        self, session: Session, language: Language, opened: str, event: gr.EventData
    ) -> Updates:
        """A conversation that the browser has kept is shown again; with it, another's quote does
        not stay highlighted."""
        session.restore(list(event.exchanges), self.assistant.article)
        for number in getattr(event, "chosen", None) or ():  # not of a shared answer
            session.choose(number)
        if not event.opening:
            opened = still_quoted(opened, session)
        return {
            **self.redraw(session, language),
            **self._open(opened, LABELS[language], session),
            self.fresh: gr.update(visible=bool(session.runs)),
        }

    # What the components show.

    def redraw(self, session: Session, language: Language) -> Updates:
        labels = LABELS[language]
        return {
            self.chatbot: messages(session.slots(), labels),
            self.box: self._box(session, labels),
        }

    def _box(self, session: Session, labels: Labels) -> dict[str, Any]:
        running = session.running
        return gr.update(
            label=labels.question,
            placeholder=labels.hint,
            submit_btn=False if running else labels.ask,
            stop_btn=labels.stop if running else False,
        )

    def _open(
        self,
        address: str,
        labels: Labels,
        session: Session,
        words: str = "",
        most: int = LISTED_ARTICLES,
    ) -> Updates:
        """The reader at ``address``."""
        view = self.pane.at(address, labels, session, words, most)
        return {self.reader: view, self.address: address}
