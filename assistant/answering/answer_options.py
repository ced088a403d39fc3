"""What a person may choose for their own questions: language model, passages, strictness.

The page and the interfaces offer the same. A model is chosen by the name it is shown under, and
only among those that can be used here: a spec may hold an address or a path, and who asks shall
neither see those nor make the server call others.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from assistant.answering.protocols import AnsweringAssistant, AssistantBeside
from assistant.llm.available import usable
from assistant.llm.models import COMPATIBLE, NONE, name_of
from assistant.settings import Settings
from assistant.types import NO_FILTER, AnswerEvent, Filter, Hit, SettingsError, Turn

Strictness = Literal["strict", "balanced", "open"]
Unsupported = Literal["flag", "drop", "replace"]

MODELS_KNOWN_FOR: Final = 20.0  # seconds; asking an Ollama takes up to half of one
KEPT: Final = 16  # assistants under other settings: each holds an open model
_OF_THE_QUESTION: Final = ("filter", "opened")  # choices that are no settings


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen; None: as the server's settings say. ``llm``: a name of ``models``;
    ``filter``: which articles are asked, as it was typed; ``opened``: the article that the person
    has open."""

    llm: str | None = None
    top_k: int | None = None
    strictness: Strictness | None = None
    unsupported: Unsupported | None = None
    filter: Filter = NO_FILTER
    opened: str = ""


class Choices:
    """The choices there are, and the assistants that answer under them."""

    def __init__(self, assistant: AnsweringAssistant, settings: Settings) -> None:
        self.assistant = assistant
        self.settings = settings
        self._lock = threading.Lock()
        self._specs: dict[str, str] = {}
        self._known_until = 0.0
        self._others: OrderedDict[Choice, AnsweringAssistant] = OrderedDict()

    @property
    def default(self) -> Choice:
        """What the settings say."""
        s = self.settings
        return Choice(name_of(s.llm), s.top_k, s.strictness, s.unsupported)

    def models(self) -> list[str]:
        """The names of the models that can be used; "none" is always one of them."""
        return list(self._models())

    def _models(self) -> dict[str, str]:
        """Name → spec."""
        with self._lock:
            if time.monotonic() > self._known_until:
                self._specs = self._usable()
                self._known_until = time.monotonic() + MODELS_KNOWN_FOR
            return self._specs

    def _usable(self) -> dict[str, str]:
        specs = [NONE, self.settings.llm]
        if self.settings.model_choice:
            specs += [
                offer.example
                for offer in usable(self.settings)
                if offer.usable and offer.provider != COMPATIBLE  # that is only an example
            ]
        found: dict[str, str] = {}
        for spec in specs:
            found.setdefault(name_of(spec), spec)
        return found

    def stream(
        self, question: str, history: Sequence[Turn] = (), choice: Choice | None = None
    ) -> Iterator[AnswerEvent]:
        """The events of an answer under ``choice``. Raises SettingsError for one there is not; the
        first event raises FilterError for a filter that cannot be used."""
        choice = choice or Choice()
        return self.under(choice).stream(question, history, **_limits(choice.filter))

    def hits(self, question: str, top_k: int | None, filter: Filter = NO_FILTER) -> list[Hit]:
        """The passages that match best, best first. Raises FilterError."""
        return self.assistant.retrieve(question, top_k, **_limits(filter))

    def examples(self, language: str) -> list[str]:
        """Questions that the articles answer; no language model is asked to find them."""
        return self.under(Choice(llm=NONE)).examples(language)

    def under(self, choice: Choice) -> AnsweringAssistant:
        """The assistant that answers under ``choice``."""
        changes = {
            name: value
            for name, value in asdict(choice).items()
            if name not in _OF_THE_QUESTION
            and value is not None
            and value != getattr(self.default, name)
        }
        chosen = self._changed(changes) if changes else self.assistant
        if choice.opened and isinstance(chosen, AssistantBeside):
            return chosen.beside(choice.opened)
        return chosen

    def _changed(self, changes: dict[str, Any]) -> AnsweringAssistant:
        if "llm" in changes:
            changes["llm"] = self._spec(changes["llm"])
        key = Choice(**changes)
        with self._lock:
            if key not in self._others:
                self._others[key] = self.assistant.with_settings(**changes)
            self._others.move_to_end(key)
            if len(self._others) > KEPT:
                self._others.popitem(last=False)
            return self._others[key]

    def _spec(self, name: str) -> str:
        specs = self._models()
        if name not in specs:
            known = ", ".join(specs)
            raise SettingsError(f"Language model {name[:80]!r} cannot be used here; use {known}")
        return specs[name]


def _limits(filter: Filter) -> dict[str, Filter]:
    """The argument of a filter, where one was set."""
    return {"filter": filter} if filter else {}
