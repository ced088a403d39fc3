"""The assistant: retrieve, answer, stream."""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import regex

from assistant.answering._example_questions import candidates
from assistant.answering._overview import GREETED_WITH, MOST_ARTICLES, of_article, of_corpus
from assistant.answering._quotes import (
    Quote,
    choose,
    cite,
    whole_list,
)
from assistant.answering._wording import overview, refusal, short_answer, wording
from assistant.answering.found_answers import Found, Scope, differ, find_answers
from assistant.answering.prompt_texts import say
from assistant.index.encoder import BUNDLED
from assistant.index.index import Index
from assistant.llm.models import NONE, check, is_small, name_of, open_llm
from assistant.reading.shipped import SHIPPED, WEIGHTS, CalibratedReader, reader_in
from assistant.retrieval.comparison import sides
from assistant.retrieval.hybrid_search import Candidate, Query, hits_of, make_query, rank
from assistant.retrieval.question_kind import CERTAIN, Kind, question_kinds, share_told
from assistant.retrieval.question_type import asks_for_list
from assistant.settings import Settings
from assistant.text.language import language_of
from assistant.text.sentences import sentences
from assistant.types import (
    SAYS_SO,
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
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

_LETTER_OR_DIGIT = regex.compile(r"[\p{L}\p{N}]")
_UNSEEN = regex.compile(r"[\p{Cc}\p{Cf}\p{Co}\p{Cn}]+")


NEXT = "\n\n"  # between a model's unfinished answer and what is said of it
TOPIC_TOLD = 0.5  # of a topic's terms, that an article about it has
STANDS_OUT = 2.5  # standard deviations above the other candidates: about it in other words
EXAMPLES = 4  # questions offered on an empty page
MOST_TRIED = 16  # candidates that are read for them


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question on its way to an answer. ``answer``: what is known of it so far."""

    query: Query
    ranked: tuple[Candidate, ...]
    history: tuple[Turn, ...]
    exclude: frozenset[str]
    notice: str
    answer: Answer
    found: tuple[Found, ...] = ()
    scope: Scope = "one"
    kind: Kind = "content"
    quotes: Sequence[Quote] = ()  # of an overview
    whole: bool = False  # nobody reads the answer while it comes


class Assistant:
    """Answers questions about the articles of one index. Safe to share between threads."""

    def __init__(
        self,
        index: Index,
        settings: Settings,
        llm: BaseChatModel | None = None,
        reader: CalibratedReader | None = None,
    ) -> None:
        """``llm``, ``reader``: a chat model and a reader in place of those that the settings
        name."""
        self.index = index
        self.settings = settings
        self.reader = reader or reader_in(settings.reader or SHIPPED, settings.precision)
        self._llm = llm
        self._lock = threading.Lock()
        self._examples: dict[tuple[str, int], list[str]] = {}
        self._excluded: tuple[object, tuple[set[int], list[str]]] | None = None

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
            self._llm if same else None,
            self.reader if read_by_same else None,
        )

    def close(self) -> None:
        self.index.close()

    def warm(self) -> None:
        """Loads the models now, so that the first question need not wait for them."""
        self.index.encoder.embed_questions(["?"])
        self.reader.warm()

    # -- asking --------------------------------------------------------------------------

    def retrieve(
        self, question: str, top_k: int | None = None, exclude: Collection[str] = ()
    ) -> list[Hit]:
        """The ``top_k`` best passages (default: the settings'), best first.

        ``exclude``: ids of articles that are left out as if they were not indexed. A question
        without a letter or digit finds nothing.
        """
        text, _ = self._readable(question)
        if not text:
            return []
        _, ranked = self._rank(text, exclude)
        return hits_of(ranked, self.settings.top_k if top_k is None else top_k)

    def answer(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Answer:
        """The answer with its citations, or a refusal."""
        *_, last = self._events(question, history, exclude, whole=True)
        assert isinstance(last, Finished)
        return last.answer

    def stream(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Iterator[AnswerEvent]:
        """The answer's events as they come; the last is ``Finished``, the deltas are its text.

        Closing the iterator ends the answer, a language model's request included.
        """
        return self._events(question, history, exclude, whole=False)

    def _events(
        self, question: str, history: Sequence[Turn], exclude: Collection[str], whole: bool
    ) -> Iterator[AnswerEvent]:
        """``whole``: nobody reads the answer while it comes."""
        text, cut = self._readable(question)
        if not text:
            yield from _unreadable(question)
            return
        asked = replace(self._asked(question, text, history, exclude, cut), whole=whole)
        if told := self._overview(asked):
            yield Retrieved(asked.answer.hits, "")
            yield from told
            return
        meant = self._meant(text, history, exclude)
        if meant != text:
            asked = replace(self._asked(question, meant, history, exclude, cut), whole=whole)
        searched = asked.query.text if asked.query.text != text else ""
        yield Retrieved(asked.answer.hits, searched)
        asked = self._read(replace(asked, answer=replace(asked.answer, query=searched)))
        if not asked.found or asked.answer.confidence < self.settings.least_confidence:
            yield from self._refuse(asked)
        elif self.settings.llm == NONE:
            yield from self._quote(asked)
        else:
            yield from self._write(asked)

    def _asked(
        self, question: str, text: str, history: Sequence[Turn], exclude: Collection[str], cut: bool
    ) -> _Asked:
        """The question, searched."""
        query, ranked = self._rank(text, exclude)
        hits = tuple(hits_of(ranked, self.settings.top_k))
        return _Asked(
            query, tuple(ranked), tuple(history), frozenset(exclude),
            self._notice(query.language) if cut else "",
            Answer(question, "", query.language, 0.0, (), hits),
        )  # fmt: skip

    def _read(self, asked: _Asked) -> _Asked:
        """The question with what was found in its passages, and how sure that is."""
        all_of_them = asks_for_list(asked.query.text)
        found = self._find(asked.query, asked.ranked, all_of_them)
        asked = replace(
            asked,
            found=found,
            scope="all" if all_of_them or differ(found) else "one",
            answer=replace(asked.answer, confidence=found[0].confidence if found else 0.0),
        )
        compared = sides(asked.query.text)
        return self._of_sides(asked, compared) if compared else asked

    def _overview(self, asked: _Asked) -> Iterator[AnswerEvent] | None:
        """The events of an overview, None where the question does not ask for one, or for one of
        what the articles do not have."""
        kind, probability = self._kind(asked.query)
        if kind == "content" or not asked.ranked:
            return None
        if probability < CERTAIN and self._is_answered(asked, self.settings.least_confidence):
            return None
        articles = [article for article in self.articles() if article.id not in asked.exclude]
        named = question_kinds().names_topic(asked.query.embedding)
        if kind in ("corpus", "greeting") or not (named or asked.history or len(articles) == 1):
            kind = "greeting" if kind == "greeting" else "corpus"
            most = GREETED_WITH if kind == "greeting" else MOST_ARTICLES
            quotes = of_corpus(articles, most)
            return self._quote(replace(asked, kind=kind, quotes=quotes)) if quotes else None
        ranked = asked.ranked
        if not named and asked.history:  # "tóm tắt bài này" of what was spoken of
            last = asked.history[-1]
            ranked = tuple(self._rank(last.query or last.question, asked.exclude)[1])
        article = self.article(ranked[0].stored.passage.article_id)
        if named and not self._is_about(article, asked):
            return None
        kind, quotes = of_article(kind, article, self.index.catalog)
        if not quotes:
            return None
        stored = self.index.catalog.passages(sorted(self.index.catalog.passages_of([article.id])))
        whole = tuple(Candidate(one, 0.0, (), 0.0) for one in stored.values())
        asked = replace(asked, kind=kind, quotes=quotes, ranked=whole)
        return self._quote(asked) if self.settings.llm == NONE else self._write(asked)

    def _is_about(self, article: Article, asked: _Asked) -> bool:
        """Whether the best article tells of what the question names, which no passage answers as a
        question for facts."""
        topic = question_kinds().topic(asked.query.text)
        terms = asked.query.weights.terms
        told = share_told(topic, terms, f"{article.title}\n{article.text}")
        if told < TOPIC_TOLD and asked.ranked[0].dense < STANDS_OUT:
            return False
        return not self._is_answered(asked, SAYS_SO)

    def _is_answered(self, asked: _Asked, least: float) -> bool:
        """Whether a passage answers the question for facts that it may be."""
        found = self._find(asked.query, asked.ranked)
        return bool(found) and found[0].confidence >= least

    def _kind(self, query: Query) -> tuple[Kind, float]:
        """The kind of question and how probable it is; known with the bundled model only, from
        whose embeddings it is read."""
        bundled = self.settings.model == BUNDLED
        return question_kinds().of(query.embedding) if bundled else ("content", 1.0)

    def _meant(self, text: str, history: Sequence[Turn], exclude: Collection[str]) -> str:
        """A follow-up question written out, by a language model where there is one."""
        if not history:
            return text
        from assistant.answering._follow_up import follow  # loads LangChain's messages

        def search(query: str) -> tuple[float, list[str]]:
            made, ranked = self._rank(query, exclude)
            found = self._find(made, ranked)
            texts = [hit.text for hit in hits_of(ranked, self.settings.top_k)]
            return (found[0].confidence if found else 0.0), texts

        def told(messages: list[BaseMessage]) -> str:
            from assistant.llm.streaming import said, speak

            return said(speak(self._model(), messages, self.settings))

        query = follow(
            text, history, search, self.settings.least_confidence,
            self.settings.max_question, None if self.settings.llm == NONE else told,
        )  # fmt: skip
        return query or text

    def _of_sides(self, asked: _Asked, compared: Sequence[str]) -> _Asked:
        """The best answer for each side that is compared, and which side has none; the question as
        it was where neither has one."""
        found, notice = [], asked.notice
        for side in compared:
            read = self._find(*self._rank(side, asked.exclude))
            if read and read[0].confidence >= self.settings.least_confidence:
                found.append(read[0])
            else:
                notice += say("one_side", asked.query.language, side=side) + "\n"
        if not found:
            return asked
        confidence = min(one.confidence for one in found)
        answer = replace(asked.answer, confidence=confidence)
        return replace(asked, found=tuple(found), scope="sides", notice=notice, answer=answer)

    def _refuse(self, asked: _Asked) -> Iterator[AnswerEvent]:
        closest = self._cited(asked)[0][0] if asked.found or asked.quotes else None
        said = asked.notice + refusal(closest, asked.query.language)
        yield TextDelta(said)
        yield Finished(replace(asked.answer, text=asked.answer.text + said, closest=closest))

    def _quote(self, asked: _Asked, before: str = "") -> Iterator[AnswerEvent]:
        """The words that answer and their quotes, behind what ``asked.answer`` has so far and
        ``before``."""
        known = asked.answer.citations
        citations, articles = self._cited(asked, len(known) + 1)
        for citation in citations:
            yield Cited(citation)
        language, confidence = asked.query.language, asked.answer.confidence
        if asked.kind == "content":
            told = wording(citations, language, articles)
        else:
            frame = say(asked.kind, language, n=self.index.catalog.counts()["articles"])
            told, confidence = overview(frame, citations, language, articles), 1.0
        said = (before or asked.notice) + told
        yield TextDelta(said)
        yield Finished(
            replace(
                asked.answer,
                text=asked.answer.text + said,
                citations=(*known, *citations),
                short=short_answer(citations),
                confidence=confidence,
            )
        )

    def _write(self, asked: _Asked) -> Iterator[AnswerEvent]:
        """A language model's answer; where it fails, that is said and the articles are quoted."""
        from assistant.answering import (
            _generation as generation,  # heavy, and needed only with a language model
        )

        if asked.notice:
            yield TextDelta(asked.notice)
        name = name_of(self.settings.llm)
        left_out, _ = self._left_out(asked.exclude)
        query = asked.query
        context = generation.read_by(
            self.index, self.settings, query.question, query.language,
            asked.history, _surest_first(asked), left_out,
        )  # fmt: skip
        try:
            model = self._model()
        except LLMError as error:
            draft = generation.Draft("", (), (), False, fault=error)
        else:
            draft = yield from generation.write(
                model, context, self.index, self.reader, self.settings, asked.notice, asked.whole
            )
        answer = replace(
            asked.answer, text=asked.notice + draft.text, citations=draft.citations,
            claims=draft.claims, llm=name, usage=draft.usage,
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
            if self._llm is None:
                self._llm = open_llm(self.settings.llm, self.settings)
            assert self._llm is not None, "only called with a model in the settings"
            return self._llm

    def _notice(self, language: str) -> str:
        return say("cut", language, n=self.settings.max_question) + "\n"

    def _rank(self, text: str, exclude: Collection[str]) -> tuple[Query, list[Candidate]]:
        self.index.refresh()
        left_out, texts = self._left_out(exclude)
        query = make_query(self.index, text, texts)
        return query, rank(self.index, query, left_out)

    def _left_out(self, exclude: Collection[str]) -> tuple[set[int], list[str]]:
        """Numbers and texts of the passages of ``exclude``; the last answer is kept."""
        if not exclude:
            return set(), []
        key = (frozenset(exclude), self.index.catalog.generation)
        known = self._excluded
        if known is None or known[0] != key:
            numbers = self.index.catalog.passages_of(exclude)
            stored = self.index.catalog.passages(sorted(numbers))
            known = self._excluded = (key, (numbers, [s.passage.text for s in stored.values()]))
        return known[1]

    def _find(
        self, query: Query, ranked: Sequence[Candidate], all_of_them: bool = False
    ) -> tuple[Found, ...]:
        """What the best passages answer, the surest first. Raises ModelError without a reader."""
        return find_answers(self.reader, self.reader.calibration, query, ranked, all_of_them)

    def _cited(
        self, asked: _Asked, first: int = 1
    ) -> tuple[tuple[Citation, ...], dict[str, Article]]:
        """Citations, numbered from ``first``, of what answers, and their articles by id; there is a
        passage that was read."""
        quotes = asked.quotes or choose(asked.found, self.settings.least_confidence, asked.scope)
        articles = {q.article_id: self.article(q.article_id) for q in quotes}
        if asked.scope == "all":
            quotes = [_with_rest(articles[quotes[0].article_id], quotes[0]), *quotes[1:]]
        texts = {key: article.text for key, article in articles.items()}
        return cite(quotes, texts, first), articles

    def _readable(self, question: str) -> tuple[str, bool]:
        """The question in NFC without control characters, and whether it was cut.

        "" when no letter or digit is left: blank, punctuation, emoji.
        """
        clean = " ".join(_UNSEEN.sub(" ", unicodedata.normalize("NFC", question)).split())
        if not _LETTER_OR_DIGIT.search(clean):
            return "", False
        longest = self.settings.max_question
        return clean[:longest], len(clean) > longest

    # -- reading -------------------------------------------------------------------------

    def article(self, article_id: str) -> Article:
        """The article. Raises IndexFault when there is none with this id."""
        return self.index.catalog.article(article_id)

    def articles(self) -> list[Article]:
        """Every article of the index, by path."""
        return self.index.catalog.articles()

    def examples(self, language: str) -> list[str]:
        """Up to four questions in that language ("vi", or English) that the articles answer."""
        generation = self.index.catalog.generation
        key = (language, generation)
        with self._lock:
            if key not in self._examples:
                self._examples = {key: self._make_examples(language)} | {
                    k: v for k, v in self._examples.items() if k[1] == generation
                }
            return self._examples[key]

    def _make_examples(self, language: str) -> list[str]:
        """The surest of the first candidates: a page does not wait for all of them to be read."""
        sure: dict[str, float] = {}
        quotes = self if self.settings.llm == NONE else self.with_settings(llm=NONE)
        asked = (
            question
            for article in self.articles()[:EXAMPLES]
            for question in islice(candidates(article, language), 3 * EXAMPLES)
        )
        for question in islice(asked, MOST_TRIED):
            if question not in sure and (answer := quotes.answer(question)).citations:
                sure[question] = answer.confidence
            if sum(confidence >= SAYS_SO for confidence in sure.values()) == EXAMPLES:
                break
        return sorted(sure, key=lambda question: -sure[question])[:EXAMPLES]


def _with_rest(article: Article, quote: Quote) -> Quote:
    """The quote with the sentences that go on with the list it begins."""
    told = sentences(article.text, article.furniture, article.marked)
    return whole_list(article, quote, told)


def _surest_first(asked: _Asked) -> list[Candidate]:
    """The candidates, first those that were read, the surest to answer before the others."""
    read = [one.candidate for one in asked.found]
    known = {candidate.stored.id for candidate in read}
    return [*read, *(c for c in asked.ranked if c.stored.id not in known)]


def _unreadable(question: str) -> Iterator[AnswerEvent]:
    language = language_of(question)
    text = say("unreadable", "vi" if language == "und" else language)
    yield Retrieved((), "")
    yield TextDelta(text)
    yield Finished(Answer(question, text, language, 0.0, ()))


@lru_cache(maxsize=1)
def _default() -> Assistant:
    return Assistant.open()


def retrieve(question: str, top_k: int = 5) -> list[Hit]:
    """The best passages of the default index (settings and environment apply), best first.

    Raises IndexFault when there is no index yet.
    """
    return _default().retrieve(question, top_k)
