"""A visitor's conversation: slots, each of which shows one version of an exchange.

Asking once more, and editing a question, add a version to a slot. Nothing is moved or taken away:
the exchanges stay in the order in which they were asked, here as in what the browser keeps
(static/keeping.js), and which of them are versions of each other is told by their slot alone.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from assistant.answering.answer_options import Choice
from assistant.page._running_answer import Run
from assistant.records.exchange import Exchange
from assistant.types import NO_FILTER, Article, AssistantError, Citation, Filter, Span, Turn

MOST_RESTORED: Final = 200  # exchanges

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of the conversation as it is shown: one of ``versions``, which are numbers of runs.

    ``number`` is that of the version shown; ``exchange`` what is shown of it.
    """

    exchange: Exchange
    number: int
    versions: tuple[int, ...]  # the oldest first

    @property
    def name(self) -> str:
        return self.exchange.slot


@dataclass(slots=True, eq=False)
class Session:
    """The runs of a visitor in the order they were asked, and which version each slot shows.

    Handlers change it while another thread answers and draws it.
    """

    runs: list[Run] = field(default_factory=list)
    limits: Filter = NO_FILTER  # what the panel held when the last question was sent
    _chosen: dict[str, int] = field(default_factory=dict)  # slot → run, where not the newest

    @property
    def running(self) -> bool:
        """Whether an answer is coming: only the last one asked can be."""
        return bool(self.runs) and self.runs[-1].shown.running

    def slots(self) -> list[Slot]:
        """The conversation as it is shown; questions to go on with only in its last slot."""
        runs = list(self.runs)  # the other thread may change it meanwhile
        versions: dict[str, list[int]] = {}
        for number, run in enumerate(runs):
            versions.setdefault(run.exchange.slot, []).append(number)
        found = []
        for name, numbers in versions.items():
            chosen = self._chosen.get(name)
            number = chosen if chosen in numbers else numbers[-1]
            found.append(Slot(runs[number].shown, number, tuple(numbers)))
        return [*map(_without_suggestions, found[:-1]), *found[-1:]]

    def begin(
        self, question: str, choice: Choice, name: str = "", unlimited: bool = False
    ) -> Run | None:
        """A run of the question: a version of the slot with that ``name``, else in a new slot.

        It knows what is shown before its slot, as if nothing had been said since. A blank
        ``question``: the one that the slot shows. A version without a filter of its own has that of
        the one shown, unless it is ``unlimited``. None while an answer is coming, and where there
        is no question.
        """
        shown = self.slots()
        at = next((i for i, slot in enumerate(shown) if slot.name == name), len(shown))
        known = at < len(shown)
        asked = question.strip() or (shown[at].exchange.question if known else "")
        if not asked or self.running:
            return None
        if known and not choice.filter and not unlimited:
            choice = replace(choice, filter=shown[at].exchange.filter)
        named = name if known else secrets.token_hex(8)
        exchange = Exchange(asked, slot=named, filter=choice.filter)
        run = Run(exchange, choice, turns_of(slot.exchange for slot in shown[:at]))
        self._chosen.pop(exchange.slot, None)
        self.runs.append(run)
        return run

    def choose(self, number: int) -> None:
        """The slot of run ``number`` shows that version, unless one of its own is being answered:
        a version that comes is in sight, so that it can be read and stopped."""
        slot = next((slot for slot in self.slots() if number in slot.versions), None)
        if slot and not slot.exchange.running:
            self._chosen[slot.name] = number

    def ends_with(self, run: Run) -> bool:
        """Whether the last slot shows that run."""
        return any(self.runs[slot.number :][:1] == [run] for slot in self.slots()[-1:])

    def stop(self) -> None:
        for run in self.runs:
            run.halt.set()

    def clear(self) -> None:
        self.stop()
        self.runs.clear()
        self._chosen.clear()

    def restore(self, documents: Sequence[object], article: Callable[[str], Article]) -> None:
        """The kept exchanges instead of what was there; each slot shows its newest version."""
        self.clear()
        for number, document in enumerate(documents[:MOST_RESTORED]):
            exchange = _restored(document, article)
            # One that names no slot, as those of earlier versions, has one of its own, which its
            # number names: so it is the same each time the conversation is opened.
            named = replace(exchange, slot=exchange.slot or str(number))
            self.runs.append(Run(named, begun=True))

    def quotes_with(self, article_id: str, span: Span | None) -> Sequence[Citation]:
        """The quotes of the latest answer shown that has this one."""
        for slot in reversed(self.slots()):
            quotes = slot.exchange.citations
            if any((c.article_id, Span(c.start, c.end)) == (article_id, span) for c in quotes):
                return quotes
        return ()


def turns_of(exchanges: Iterable[Exchange]) -> tuple[Turn, ...]:
    """The answered ones, as the assistant takes them."""
    return tuple(Turn(e.question, e.answer.text, e.answer.query) for e in exchanges if e.answer)


def _restored(document: object, article: Callable[[str], Article]) -> Exchange:
    """A kept exchange; one that cannot be read keeps its question and its place."""
    try:
        return Exchange.from_json(document, article)
    except AssistantError as fault:
        _log.info("an exchange was not restored: %s", type(fault).__name__)
        return Exchange.unreadable(document)


def _without_suggestions(slot: Slot) -> Slot:
    answer = slot.exchange.answer
    if answer is None or answer.grounding == "refused" or not slot.exchange.instead:
        return slot
    return replace(slot, exchange=replace(slot.exchange, instead=()))
