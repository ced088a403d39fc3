"""An answer in a language model's words: what it reads, how it is checked, what comes of it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from langchain_core.language_models import BaseChatModel

from assistant.answering import _quotes as quotes
from assistant.answering._cited_stream import Composer
from assistant.answering._prompt_context import Context, assemble
from assistant.answering._quotes import Quote
from assistant.answering._refusals import refusals
from assistant.answering.places import with_places
from assistant.answering.prompt_texts import all_languages
from assistant.index.text_models import BUNDLED
from assistant.index.view import View
from assistant.llm._output_filters import Thought
from assistant.llm.streaming import speak
from assistant.reading.claim_check import judge
from assistant.reading.readings import PassageReader
from assistant.retrieval.filtering import Among
from assistant.retrieval.hybrid_search import Candidate
from assistant.settings import Settings
from assistant.types import (
    AnswerEvent,
    Article,
    Citation,
    Claim,
    Encoder,
    Judgement,
    LLMError,
    Shown,
    Span,
    Turn,
    Usage,
    Vectors,
)

# Models whose thoughts were closed without having been opened: their templates open them, so that
# the next answer is held back until that end.
_THINK_FIRST: set[str] = set()
NEIGHBOURS_OF = 2  # of so many best passages the neighbours are read too, where there is room


@dataclass(frozen=True, slots=True)
class Draft:
    """What came of a model's answer. ``fault``: how it failed; what is here then still stands.

    ``refused``: it said that the passages do not hold the answer. ``text`` is empty then, and
    where no sentence of it was kept.
    """

    text: str
    citations: tuple[Citation, ...]
    claims: tuple[Claim, ...]
    refused: bool
    usage: Usage | None = None
    fault: LLMError | None = None


def read_by(
    index: View, settings: Settings, question: str, language: str,
    history: Sequence[Turn], ranked: Sequence[Candidate], among: Among,
) -> Context:  # fmt: skip
    """The question with the best passages, and their neighbours where the window has room."""
    room = settings.llm_context - settings.llm_max_tokens
    shown = _shown(index, ranked[: settings.top_k], among)
    return assemble(question, language, history, shown, room)


def write(
    model: BaseChatModel,
    context: Context,
    index: View,
    reader: PassageReader,
    settings: Settings,
    before: str = "",
    whole: bool = False,
    reprints: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Generator[AnswerEvent, None, Draft]:
    """The events of the model's answer as it comes; closing the generator ends the request.

    A model that fails raises nothing: the draft carries the fault. ``before``: text of the
    answer that was given out already; ``whole``: nobody reads along; ``reprints``: by article the
    others that print its passages.
    """
    sentences = [
        one.passage.text[s.start - one.passage.start : s.end - one.passage.start]
        for one in context.shown
        for s in one.passage.sentences
    ]
    similar = Similarity(index.encoder, index.catalog.vectors_of(sentences))
    compose = partial(
        Composer,
        context.shown,
        all_languages("refusal"),
        partial(_refuses, similar) if settings.model == BUNDLED else _never,
        partial(_checked, context.shown, reader, similar),
        partial(_cite, index, reprints),
        settings.unsupported,
        before,
    )
    thinking = settings.llm in _THINK_FIRST
    composer = compose(whole or thinking)
    usage, fault = None, None
    try:
        with closing(speak(model, context.messages, settings)) as parts:
            for part in parts:
                if isinstance(part, Usage):
                    usage = part
                    continue
                if isinstance(part, Thought):
                    _THINK_FIRST.add(settings.llm)
                    thinking = False
                    composer = compose(whole) if composer.text == before else composer
                    continue
                yield from composer.feed(part)
                if composer.refused:
                    break
    except LLMError as error:
        fault = error
    if not (thinking and fault):  # it broke off in a thought
        yield from composer.finish(broken=fault is not None)
    return Draft(
        composer.text[len(before) :],
        composer.citations,
        composer.claims,
        composer.refused and fault is None,
        usage,
        fault,
    )


def _refuses(similar: Similarity, sentence: str) -> float:
    return refusals().probability(similar.vector(sentence))


def _never(sentence: str) -> float:
    """With another model nothing tells a refusal in a model's own words."""
    return 0.0


class Similarity:
    """Cosines of a claim with sentences. ``known``: vectors of texts that need no embedding."""

    def __init__(self, encoder: Encoder, known: Mapping[str, Vectors]) -> None:
        self._encoder = encoder
        self._known = dict(known)

    def vector(self, text: str) -> Vectors:
        """(d,), embedded where it is not known."""
        self(text, [])
        return self._known[text]

    def __call__(self, claim: str, sentences: Sequence[str]) -> list[float]:
        """(n,) cosines in [-1, 1], higher is nearer."""
        new = [text for text in dict.fromkeys([claim, *sentences]) if text not in self._known]
        if new:
            self._known |= zip(new, self._encoder.embed_passages(new), strict=True)
        return [float(self._known[text] @ self._known[claim]) for text in sentences]


def _checked(
    shown: Sequence[Shown],
    reader: PassageReader,
    similar: Similarity,
    claim: str,
    cited: Sequence[int],
) -> Judgement:
    return judge(claim, cited, shown, reader, similar)


def _cite(
    index: View, reprints: Mapping[str, Sequence[str]], number: int, shown: Shown, span: Span
) -> Citation:
    quote = Quote(shown.passage.article_id, shown.title, span)
    text = index.catalog.article(shown.passage.article_id).text
    return with_places(quotes.citation(number, quote, text), reprints, index.catalog)


def _shown(index: View, ranked: Sequence[Candidate], among: Among) -> Iterable[Shown]:
    """The passages, best first, then the neighbours of the best, each once."""
    catalog = index.catalog
    numbers = [candidate.stored.id for candidate in ranked]
    best = {c.stored.id: c.stored.passage.article_id for c in ranked[:NEIGHBOURS_OF]}
    for number, article_id in best.items():
        beside = {number - 1, number + 1} & catalog.passages_of([article_id])
        numbers += sorted(among.passages(beside) - set(numbers))
    stored = catalog.passages(numbers)
    articles: dict[str, Article] = {}
    for number in numbers:
        one = stored[number]
        key = one.passage.article_id
        article = articles.setdefault(key, catalog.article(key))
        yield Shown(0, one.passage, one.title, article.source, article.date, one.language)
