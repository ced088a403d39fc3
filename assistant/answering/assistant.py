"""The assistant: retrieve, answer, stream."""

from __future__ import annotations

import copy
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.answering._asked import Asked, cited, surest_first, with_query
from assistant.answering._follow_up_asked import FollowUps
from assistant.answering._overview_answer import Overviews
from assistant.answering._question_text import readable, unreadable
from assistant.answering._reading_asked import ReadingAsked
from assistant.answering._resolved_dates import resolved_dates
from assistant.answering._search import Search
from assistant.answering._sure_questions import SureQuestions
from assistant.answering._wording import of_kind, refusal, short_answer, wording
from assistant.answering.found_answers import Found, find_answers
from assistant.answering.prompt_texts import kind_of_refusal, say
from assistant.index.index import Index
from assistant.index.view import View
from assistant.llm.models import NONE, check, is_small, name_of, open_llm
from assistant.reading.shipped import SHIPPED, WEIGHTS, CalibratedReader, reader_in
from assistant.retrieval.hybrid_search import Candidate, Query, hits_of
from assistant.retrieval.question_type import kind_asked
from assistant.settings import Settings
from assistant.types import (
    NO_FILTER,
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Filter,
    Finished,
    Hit,
    LLMError,
    ModelError,
    Retrieved,
    TextDelta,
    Turn,
)

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

SURE_EXAMPLE = 0.55  # confidence of a question that is offered; SAYS_SO is rarer than articles
NEXT = "\n\n"  # between a model's unfinished answer and what is said of it


class Assistant:
    """Answers questions about the articles of one index. Safe to share between threads."""

    def __init__(
        self,
        index: Index,
        settings: Settings,
        llm: BaseChatModel | None = None,
        reader: CalibratedReader | None = None,
        examples: SureQuestions | None = None,
    ) -> None:
        """``llm``, ``reader``: a chat model and a reader in place of those that the settings
        name; ``examples``: those of an assistant over the same index, with the same reader."""
        self.index = index
        self.settings = settings
        self.reader = reader or reader_in(
            settings.reader or SHIPPED, settings.precision, settings.runtime
        )
        self._llms = [llm] if llm else []  # none until it is needed; those beside share it
        self._lock = threading.Lock()
        self._search = Search(index)
        self._reading = ReadingAsked(self._search, settings, self._find)
        self._overviews = Overviews(self._search, settings, self._find)
        speak = None if settings.llm == NONE else self._said
        self._follow_ups = FollowUps(self._search, settings, self._find, speak)
        self._examples = examples or SureQuestions(index.catalog, self._sure_answer, self.warm)

    @classmethod
    def open(
        cls, folder: str | os.PathLike[str] | None = None, settings: Settings | None = None
    ) -> Assistant:
        """The assistant over the index in ``folder`` (default: the settings' index).

        Raises IndexFault when there is no usable index, ModelError without a usable model,
        LLMError for a language model that cannot be opened, SettingsError for wrong settings.
        """
        settings = settings or Settings.load()
        if folder is not None:
            settings = settings.model_copy(update={"index": Path(folder)})
        if settings.llm != NONE:
            check(settings.llm, settings)
        if settings.reader and not (settings.reader / WEIGHTS).is_file():
            raise ModelError(
                f"{settings.reader} is not a folder of a reader: it has no {WEIGHTS}; make one "
                "with 'assistant train', or leave the setting out"
            )
        return cls(Index.open(settings), settings)

    def with_settings(self, **changes: Any) -> Assistant:
        """An assistant over the same index, for questions under other settings."""
        settings = Settings.model_validate(self.settings.model_dump() | changes)
        same = settings.llm == self.settings.llm
        read_by_same = settings.reader == self.settings.reader
        return Assistant(
            self.index,
            settings,
            next(iter(self._llms), None) if same else None,
            self.reader if read_by_same else None,
            self._examples if read_by_same else None,
        )

    def beside(self, article_id: str) -> Assistant:
        """The same assistant for who has that article open: "this article" is that one."""
        other = copy.copy(self)
        other._overviews = replace(self._overviews, opened=article_id)
        return other

    def close(self) -> None:
        self._examples.close()
        self.index.close()

    def warm(self) -> None:
        """Loads the models now, so that the first question need not wait for them."""
        self.index.encoder.embed_questions(["?"])
        self.reader.warm()

    # -- asking --------------------------------------------------------------------------

    def retrieve(
        self,
        question: str,
        top_k: int | None = None,
        exclude: Collection[str] = (),
        filter: Filter = NO_FILTER,
    ) -> list[Hit]:
        """The ``top_k`` best passages (default: the settings'), best first.

        ``exclude``: ids of articles that are left out as if they were not indexed; ``filter``:
        which of the others are searched. A question without a letter or digit finds nothing.
        Raises FilterError.
        """
        text, _ = readable(question, self.settings.max_question)
        if not text:
            return []
        _, ranked = self._search.rank(text, exclude, filter)
        return hits_of(ranked, self.settings.top_k if top_k is None else top_k)

    def answer(
        self,
        question: str,
        history: Sequence[Turn] = (),
        exclude: Collection[str] = (),
        filter: Filter = NO_FILTER,
    ) -> Answer:
        """The answer with its citations, or a refusal; raises as ``retrieve``."""
        *_, last = self._events(question, history, exclude, filter, whole=True)
        assert isinstance(last, Finished)
        return last.answer

    def stream(
        self,
        question: str,
        history: Sequence[Turn] = (),
        exclude: Collection[str] = (),
        filter: Filter = NO_FILTER,
    ) -> Iterator[AnswerEvent]:
        """The answer's events as they come; the last is ``Finished``, the deltas are its text.

        Closing the iterator ends the answer, a language model's request included. FilterError is
        raised with the first event.
        """
        return self._events(question, history, exclude, filter, whole=False)

    def _events(
        self,
        question: str,
        history: Sequence[Turn],
        exclude: Collection[str],
        filter: Filter,
        whole: bool,
    ) -> Iterator[AnswerEvent]:
        """``whole``: nobody reads the answer while it comes."""
        view = self.index.refresh()  # one answer tells of one state of the index
        filter = self._search.checked(filter, view)
        text, cut = readable(question, self.settings.max_question)
        if not text:
            yield from unreadable(question)
            return
        asked = self._asked(question, text, history, exclude, filter, view, cut)
        asked = with_query(replace(asked, whole=whole), text)
        asked = self._overviews.of(asked)
        if asked.quotes:
            yield Retrieved(asked.answer.hits, asked.answer.query)
            of_several = len({quote.article_id for quote in asked.quotes}) > 1
            told_by_us = asked.kind in ("greeting", "byline", "listing") or of_several
            only_quoted = self.settings.llm == NONE or told_by_us
            yield from self._quote(asked) if only_quoted else self._write(asked)
            return
        if asked.kind == "listing":  # and no article is about it
            yield Retrieved(asked.answer.hits, asked.answer.query)
            yield from self._refuse(asked)
            return
        asked = self._follow_ups.of(asked)
        yield Retrieved(asked.answer.hits, asked.answer.query)
        asked = self._reading.of(asked)
        if not asked.found or asked.answer.confidence < self.settings.least_confidence:
            yield from self._refuse(asked)
        elif self.settings.llm == NONE:
            yield from self._quote(asked)
        else:
            yield from self._write(asked)

    def _asked(
        self,
        question: str,
        text: str,
        history: Sequence[Turn],
        exclude: Collection[str],
        filter: Filter,
        view: View,
        cut: bool,
    ) -> Asked:
        """The question, searched."""
        query, ranked = self._search.rank(text, exclude, filter, view)
        hits = tuple(hits_of(ranked, self.settings.top_k))
        return Asked(
            query, tuple(ranked), tuple(history), frozenset(exclude),
            self._notice(query.language) if cut else "",
            Answer(question, "", query.language, 0.0, (), hits, filter=filter),
            among=self._search.among(exclude, filter, view),
        )  # fmt: skip

    def _said(self, messages: list[BaseMessage]) -> str:
        """What the language model says. Raises LLMError."""
        from assistant.llm.streaming import said, speak

        return said(speak(self._model(), messages, self.settings))

    def _refuse(self, asked: Asked) -> Iterator[AnswerEvent]:
        closest = self._cited(asked)[0][0] if asked.found or asked.quotes else None
        kind = kind_of_refusal(bool(asked.answer.filter), bool(asked.ranked))
        said = asked.notice + refusal(closest, asked.query.language, kind)
        yield TextDelta(said)
        answer = replace(asked.answer, text=asked.answer.text + said, closest=closest, as_of="")
        yield Finished(answer)

    def _quote(self, asked: Asked, before: str = "") -> Iterator[AnswerEvent]:
        """The words that answer and their quotes, behind what ``asked.answer`` has so far and
        ``before``."""
        known = asked.answer.citations
        citations, articles = self._cited(asked, len(known) + 1)
        for citation in citations:
            yield Cited(citation)
        language, answer = asked.query.language, asked.answer
        if asked.kind == "content":
            when = kind_asked(asked.wanted) == "time"
            dates = resolved_dates(citations, articles, when)
            told = wording(citations, language, articles, dates, answer.as_of)
            short = short_answer(citations, articles if answer.as_of else {})
            answer = replace(answer, dates=dates, short=short)
        else:
            allowed = asked.among.articles
            catalog = self._seen(asked).catalog
            count = catalog.counts()["articles"] if allowed is None else len(allowed)
            told, short = of_kind(
                asked.kind, citations, language, articles, count, bool(asked.history)
            )
            answer = replace(answer, confidence=1.0, short=short, kind=asked.kind)
        said = (before or asked.notice) + told
        yield TextDelta(said)
        yield Finished(replace(answer, text=answer.text + said, citations=(*known, *citations)))

    def _write(self, asked: Asked) -> Iterator[AnswerEvent]:
        """A language model's answer; where it fails, that is said and the articles are quoted."""
        from assistant.answering import (
            _generation as generation,  # heavy, and needed only with a language model
        )

        if asked.notice:
            yield TextDelta(asked.notice)
        name = name_of(self.settings.llm)
        query = asked.query
        ranked, reprints = surest_first(asked, self.settings.top_k)
        context = generation.read_by(
            self._seen(asked), self.settings, query.question, query.language,
            asked.history, ranked, asked.among,
        )  # fmt: skip
        try:
            model = self._model()
        except LLMError as error:
            draft = generation.Draft("", (), (), False, fault=error)
        else:
            draft = yield from generation.write(
                model, context, self._seen(asked), self.reader, self.settings,
                asked.notice, asked.whole, reprints,
            )  # fmt: skip
        answer = replace(
            asked.answer, text=asked.notice + draft.text, citations=draft.citations,
            claims=draft.claims, llm=name, usage=draft.usage, as_of="",
        )  # fmt: skip
        asked = replace(asked, answer=answer, notice="")
        if draft.fault:
            said = say(f"fault.{draft.fault.kind}", query.language, model=name)
            asked = replace(asked, answer=replace(answer, fault=draft.fault.kind))
            yield from self._quote(asked, f"{NEXT if draft.text else ''}{said}\n")
        elif draft.refused and not is_small(self.settings.llm, self.settings):
            yield from self._refuse(asked)
        elif not draft.text:
            yield from self._quote(asked)
        else:
            yield Finished(answer)

    def _model(self) -> BaseChatModel:
        """The settings' language model, opened when it is first needed. Raises LLMError."""
        with self._lock:
            if not self._llms:
                found = open_llm(self.settings.llm, self.settings)
                assert found is not None, "only called with a model in the settings"
                self._llms.append(found)
            return self._llms[0]

    def _notice(self, language: str) -> str:
        return say("cut", language, n=self.settings.max_question) + "\n"

    def _find(
        self, query: Query, ranked: Sequence[Candidate], all_of_them: bool = False
    ) -> tuple[Found, ...]:
        """What the best passages answer, the surest first. Raises ModelError without a reader."""
        calibration = self.reader.calibration.beside(self.index.encoder.digest)
        return find_answers(self.reader, calibration, query, ranked, all_of_them)

    def _cited(
        self, asked: Asked, first: int = 1
    ) -> tuple[tuple[Citation, ...], dict[str, Article]]:
        return cited(asked, self._seen(asked).catalog, self.settings.least_confidence, first)

    def _seen(self, asked: Asked) -> View:
        """The state of the index that the question was searched in."""
        return self._search.view_of(asked.query)

    # -- reading -------------------------------------------------------------------------

    def article(self, article_id: str) -> Article:
        """The article. Raises IndexFault when there is none with this id."""
        return self.index.catalog.article(article_id)

    def articles(self) -> list[Article]:
        """Every article of the index, by path."""
        return self.index.catalog.articles()

    # -- questions that are answered -----------------------------------------------------

    def examples(self, language: str, wait: bool = False) -> list[str]:
        """Up to four questions in that language ("vi", or English) that the articles answer.

        They are found in the background: what is returned is known already, and may be none.
        ``wait``: they are found now, in this thread.
        """
        return self._examples.to_begin(language, wait)

    def further_questions(
        self,
        answer: Answer,
        language: str,
        asked: Collection[str] = (),
        halted: Callable[[], bool] = lambda: False,
    ) -> list[str]:
        """Up to two questions in that language, none of those ``asked``, that the articles which
        ``answer`` cites answer too; reads for seconds, until ``halted``."""
        return self._examples.to_go_on(answer, language, asked, halted)

    def _sure_answer(self, question: str) -> Answer | None:
        """The quotes that answer a question for facts; None under SURE_EXAMPLE."""
        view = self.index.refresh()
        asked = self._asked(question, question, (), (), NO_FILTER, view, cut=False)
        asked = self._overviews.of(asked)
        if asked.quotes:
            return None
        asked = self._reading.of(asked)
        least = max(SURE_EXAMPLE, self.settings.least_confidence)
        if not asked.found or asked.answer.confidence < least:
            return None
        *_, last = self._quote(asked)
        assert isinstance(last, Finished)
        return last.answer


@lru_cache(maxsize=1)
def _default() -> Assistant:
    return Assistant.open()


def retrieve(question: str, top_k: int = 5) -> list[Hit]:
    """The best passages of the default index (settings and environment apply), best first.

    Raises IndexFault when there is no index yet.
    """
    return _default().retrieve(question, top_k)
