"""A scripted assistant behind a real server on a free port of the loopback."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from assistant.server import application, serve
from assistant.settings import Settings
from assistant.types import (
    NO_FILTER,
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Filter,
    FilterError,
    Finished,
    Hit,
    IndexFault,
    LLMError,
    Retrieved,
    TextDelta,
    Turn,
)

BRIDGE = Article(
    "bridge", "Cầu", "Cầu Ba Son nối hai bờ.", "vi", "https://bao.example", "2025-01-02"
)
HIT = Hit(1, 1.5, "bridge", "Cầu", 0, 22, BRIDGE.text, 1.0, 2.0)
QUOTE = Citation(1, "bridge", "Cầu", 0, 22, BRIDGE.text, verified=True)


@dataclass
class Scripted:
    """Says after how many turns it was asked what, and cites the bridge.

    "hỏng" breaks at once, "vỡ" half-way, "mất" has no index,
    "quá tải" is a busy language model; "mãi" says a word
    every 50 ms until it is closed, which ``closed`` tells.
    """

    closed: threading.Event = field(default_factory=threading.Event)
    threads: set[int] = field(default_factory=set)

    def warm(self) -> None:
        pass

    def retrieve(
        self, question: str, top_k: int | None = None, *, filter: Filter = NO_FILTER
    ) -> list[Hit]:
        check(filter)
        return [HIT][:top_k]

    def stream(
        self, question: str, history: Sequence[Turn] = (), *, filter: Filter = NO_FILTER
    ) -> Iterator[AnswerEvent]:
        check(filter)
        if question == "hỏng":
            raise RuntimeError("secret detail")
        if question == "mất":
            raise IndexFault("No index at /secret/folder; run: assistant index")
        if question == "quá tải":
            raise LLMError("The model is busy; try again", "rate")
        yield Retrieved((HIT,), "")
        if question == "vỡ":
            yield TextDelta("Một nửa")
            raise RuntimeError("secret detail")
        if question == "mãi":
            yield from self._forever()
        said = " | ".join(f"{turn.question} → {turn.answer}" for turn in history)
        yield TextDelta(f"({said}) {question} ")
        yield Cited(QUOTE)
        yield TextDelta("[1]")
        text = f"({said}) {question} [1]"
        yield Finished(Answer(question, text, "vi", 0.91234, (QUOTE,), (HIT,), filter=filter))

    def _forever(self) -> Iterator[AnswerEvent]:
        self.threads.add(threading.get_ident())
        try:
            while True:
                yield TextDelta("và ")
                time.sleep(0.05)
        finally:
            self.threads.add(threading.get_ident())
            self.closed.set()

    def article(self, article_id: str) -> Article:
        if article_id != "bridge":
            raise IndexFault("No such article")
        return BRIDGE

    def articles(self) -> list[Article]:
        return [BRIDGE]

    def examples(self, language: str) -> list[str]:
        return ["Cầu nào nối hai bờ?"]


def check(filter: Filter) -> None:
    """Nobody here writes for "lạ"."""
    if filter.source == "lạ":
        raise FilterError("No article is from it", "source", value="lạ", known="Tuổi Trẻ")


@contextmanager
def served(assistant: object, settings: Settings | None = None) -> Iterator[httpx.Client]:
    """A client of a server over ``assistant``, once it is ready."""
    served_app = application.app(assistant, settings or Settings())  # type: ignore[arg-type]
    with (
        serve.running(served_app, "127.0.0.1", 0) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        wait_until_ready(client)
        yield client


def wait_until_ready(client: httpx.Client) -> None:
    for _ in range(600):
        if client.get("/readyz").status_code == 200:
            return
        time.sleep(0.1)
    raise AssertionError("the server was not ready within a minute")
