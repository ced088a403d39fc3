"""Questions that the articles answer surely enough to be offered: to begin with, and to go on with.

Finding them is reading, so those to begin with are found in a thread of their own and shown once
they are known. They belong to a generation of the catalog and a language; until those of the
next generation are found, the ones whose article is still there are shown.
"""

from __future__ import annotations

import atexit
import logging
import os
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from assistant import logs
from assistant.answering._example_questions import Proposal, candidates
from assistant.answering._wording import answers_in
from assistant.index.catalog import Catalog
from assistant.text.terms import fold
from assistant.types import Answer, Article, AssistantError

EXAMPLES: Final = 4  # questions to begin with
MOST_READ: Final = 40  # candidates that are read for them
IN_A_ROW: Final = 3  # of one article, before others have their turn
FURTHER, MOST_READ_FURTHER = 2, 8  # questions to go on with, and candidates read for them
MOST_KNOWN: Final = 1000  # candidates of which it is known whether they are answered

# Of the thread. Not the lowest: while it reads, questions wait for the reader.
NICENESS: Final = 5
# Seconds that it pauses after the candidates of an article, per second that they took.
PAUSE: Final = 0.5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SureQuestion:
    """A question that an article answers surely enough. ``answers``: its words, folded."""

    question: str
    kind: str
    article_id: str
    answers: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Made:
    """The questions found over a generation of the catalog."""

    generation: int
    examples: tuple[SureQuestion, ...] = ()


class SureQuestions:
    """The questions of one index. Safe to share between threads; no lock is held while it reads."""

    def __init__(
        self,
        catalog: Catalog,
        answer: Callable[[str], Answer | None],
        warm: Callable[[], None],
    ) -> None:
        """``answer``: the answer of a question if it is sure enough, else None; ``warm``
        loads what that takes."""
        self.catalog = catalog
        self._answer = answer
        self._warm = warm
        self._lock = threading.Lock()
        self._made: dict[str, _Made] = {}
        self._wanted: list[str] = []  # languages
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()
        self._known: OrderedDict[tuple[int, str, str], SureQuestion | None] = OrderedDict()

    def to_begin(self, language: str, wait: bool = False) -> list[str]:
        """Up to four questions about different articles, as far as they are known.

        ``wait``: finds them now, in this thread.
        """
        generation = self.catalog.generation
        made = self._made.get(language)
        if made is None or made.generation != generation:
            if not wait:
                self._want(language)
                return [e.question for e in made.examples if self._is_there(e)] if made else []
            made = self._made[language] = _Made(generation, tuple(self._find(language)))
        return [example.question for example in made.examples]

    def to_go_on(
        self,
        answer: Answer,
        language: str,
        asked: Collection[str] = (),
        halted: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        """Up to two further questions about the articles that ``answer`` cites.

        None that was ``asked``, or has an answer that was told or stands in the question. Looked
        for in this thread, until ``halted`` says that nobody waits.
        """
        told = _words(answer)
        known = {fold(question) for question in asked}
        found: list[SureQuestion] = []
        read = 0
        for article_id in dict.fromkeys(c.article_id for c in answer.citations):
            article = self.catalog.held_article(article_id)
            if article is None:  # it was removed or edited meanwhile
                continue
            for proposal in candidates(article, language):
                if len(found) == FURTHER or read == MOST_READ_FURTHER or halted():
                    return [one.question for one in found]
                if fold(proposal.question) in known:
                    continue
                read += 1
                sure = self._read(proposal, article)
                if sure and not _told(sure, told | known) and _is_new(sure, found):
                    found.append(sure)
        return [one.question for one in found]

    def close(self) -> None:
        """Ends the search; waits for the candidate that is being read."""
        self._closed.set()
        thread = self._thread
        if thread and thread is not threading.current_thread():
            thread.join(timeout=5)

    # -- in the background ---------------------------------------------------------------

    def _want(self, language: str) -> None:
        with self._lock:
            if self._closed.is_set() or language in self._wanted:
                return
            self._wanted.append(language)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="example questions", daemon=True
                )
                # A thread inside of the reader at the end of the process would abort it.
                atexit.register(self.close)
                self._thread.start()

    def _work(self) -> None:
        _lower_priority()
        while (language := self._next()) is not None:
            try:
                self._remake(language)
            except Exception as fault:
                if not self._closed.is_set():
                    if isinstance(fault, AssistantError):
                        _log.info("no example questions: %s", type(fault).__name__)
                    else:
                        logs.failed(_log, "no example questions", fault)
            with self._lock:
                self._wanted.remove(language)

    def _remake(self, language: str) -> None:
        generation = self.catalog.generation
        made = self._made.get(language, _Made(generation)).examples
        try:
            self._warm()
            made = tuple(self._find(language, PAUSE))
        finally:  # where it fails, it is not tried again
            self._made[language] = _Made(generation, made)

    def _next(self) -> str | None:
        """The language that is wanted next; None ends the thread."""
        with self._lock:
            if self._wanted and not self._closed.is_set():
                return self._wanted[0]
            self._thread = None
            atexit.unregister(self.close)
            return None

    # -- reading -------------------------------------------------------------------------

    def _find(self, language: str, pause: float = 0.0) -> Iterator[SureQuestion]:
        """Questions of the newest articles, one of each; more of each where articles are few.
        Of what an article can be asked, the kind that is shown least comes first.

        ``pause``: seconds after each article's turn, per second that it took.
        """
        newest = sorted(self.catalog.articles(), key=lambda article: article.date, reverse=True)
        turns: deque[tuple[Article, Iterable[Proposal]]] = deque(
            (article, candidates(article, language)) for article in newest
        )
        found: list[SureQuestion] = []
        read = 0
        began = time.monotonic()
        while turns:
            article, left = turns.popleft()
            shown = [example.kind for example in found]
            rarest = deque(sorted(left, key=lambda proposal: shown.count(proposal.kind)))
            for _ in range(min(IN_A_ROW, len(rarest))):
                example = self._read(rarest.popleft(), article)
                read += 1
                if example and _is_new(example, found):
                    found.append(example)
                    yield example
                    break
                if read == MOST_READ or self._closed.is_set():
                    break
            if rarest:
                turns.append((article, rarest))
            if pause:
                self._closed.wait(pause * (time.monotonic() - began))
            if self._closed.is_set() or read == MOST_READ or len(found) == EXAMPLES:
                return
            began = time.monotonic()

    def _read(self, proposal: Proposal, article: Article) -> SureQuestion | None:
        """The candidate as an example; None where its own article does not surely answer it."""
        key = (self.catalog.generation, proposal.question, article.id)
        with self._lock:
            if key in self._known:
                return self._known[key]
        example = self._as_read(proposal, article)
        with self._lock:
            self._known[key] = example
            while len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return example

    def _as_read(self, proposal: Proposal, article: Article) -> SureQuestion | None:
        answer = self._answer(proposal.question)
        if answer is None or answer.citations[0].article_id != article.id:
            return None
        answers = _words(answer)
        asked = fold(proposal.question)
        if not answers or any(words in asked for words in answers):
            return None
        return SureQuestion(proposal.question, proposal.kind, article.id, answers)

    def _is_there(self, example: SureQuestion) -> bool:
        return self.catalog.held_article(example.article_id) is not None


def _words(answer: Answer) -> frozenset[str]:
    """The words that answer, folded."""
    words = (fold(words) for citation in answer.citations for words in answers_in(citation))
    return frozenset(filter(None, words))


def _is_new(one: SureQuestion, others: Sequence[SureQuestion]) -> bool:
    """Whether it has another answer than the others, and neither gives the other's away."""
    return not any(
        _told(one, {*other.answers, fold(other.question)})
        or _told(other, {*one.answers, fold(one.question)})
        for other in others
    )


def _told(one: SureQuestion, texts: Collection[str]) -> bool:
    """Whether an answer of the question stands in one of the (folded) texts."""
    return any(words in text for words in one.answers for text in texts)


def _lower_priority() -> None:
    """Of this thread alone, where the system has such a thing."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
