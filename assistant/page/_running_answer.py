"""Exchanges of a visitor while they are answered, and after."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import get_args

from assistant import logs
from assistant.answering.answer_options import Choice
from assistant.page._event_batches import batches
from assistant.page.labels import Language
from assistant.records.exchange import About, Exchange
from assistant.types import Answer, AnswerEvent, Article, FilterError, IndexFault, Turn

INSTEAD = 2  # questions offered with a refusal

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Run:
    """An exchange that is answered under ``choice``, after the exchanges before it.

    Two threads know it: the one that answers writes ``exchange`` (and ``begun``, at its start),
    the one that stops it sets ``halt``. Each field thus has one writer, and neither can undo
    the other's work. Gradio's own ``cancels`` would wait for the assistant's next event, however
    long that takes, and could store an older state over the newer one.
    """

    exchange: Exchange
    choice: Choice = field(default_factory=Choice)
    turns: tuple[Turn, ...] = ()
    begun: bool = False
    halt: threading.Event = field(default_factory=threading.Event)

    @property
    def shown(self) -> Exchange:
        if self.halt.is_set() and self.exchange.running:
            return replace(self.exchange, fault="stopped")
        return self.exchange

    def follow(
        self,
        stream: Callable[[str, Sequence[Turn], Choice], Iterator[AnswerEvent]],
        article: Callable[[str], Article],
        examples: Callable[[], Sequence[str]],
    ) -> Iterator[Exchange]:
        """The exchange as its answer comes; a fault is logged and ends it, a halt as well."""
        exchange, began = self.exchange, time.monotonic()
        question = exchange.question
        try:
            for batch in batches(lambda: stream(question, self.turns, self.choice), self.halt):
                for event in batch:
                    exchange = exchange.after(event)
                exchange = _dated(exchange, article)
                if answer := exchange.answer:
                    exchange = replace(exchange, seconds=round(time.monotonic() - began, 1))
                    if answer.grounding == "refused":
                        exchange = replace(exchange, instead=_others(question, examples()))
                yield exchange
            if exchange.running and not self.halt.is_set():
                raise RuntimeError("the stream ended without Finished")
        except FilterError as wrong:
            yield replace(exchange, answer=None, fault="failed", wrong=wrong)
        except Exception as failure:
            logs.failed(_log, "no answer", failure)
            yield replace(exchange, answer=None, fault="failed")

    def suggest(
        self,
        further: Callable[[Answer, str, Sequence[str], Callable[[], bool]], list[str]],
        language: str,
        asked: Sequence[str],
        left: Callable[[], bool],
    ) -> bool:
        """Adds questions to go on with to an answer that has sources; whether there are any.

        ``language``: of the page, for an answer in neither of its languages; ``left``: nobody
        waits any more.
        """
        answer = self.exchange.answer
        if answer is None or answer.grounding == "refused" or not answer.citations:
            return False
        if answer.language in get_args(Language):
            language = answer.language
        try:
            found = further(answer, language, asked, left)
        except Exception as failure:  # the answer stands without them
            logs.failed(_log, "nothing to go on with", failure)
            return False
        if not found or left():
            return False
        self.exchange = replace(self.exchange, instead=tuple(found))
        return True


def _dated(exchange: Exchange, article: Callable[[str], Article]) -> Exchange:
    new = {c.article_id for c in exchange.citations} - exchange.about.keys()
    if not new:
        return exchange
    about = dict(exchange.about)
    for article_id in new:
        try:
            about[article_id] = About.of(article(article_id))
        except (IndexFault, KeyError):  # it was removed meanwhile
            about[article_id] = About()
    return replace(exchange, about=about)


def _others(question: str, examples: Sequence[str]) -> tuple[str, ...]:
    return tuple(example for example in examples if example != question)[:INSTEAD]
