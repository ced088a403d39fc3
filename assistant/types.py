"""The words of the product as types. Read this first.

Data flows one way:
article → passages → vectors + terms → index → hits → readings → answer events → answer → report.

Invariant, always: ``article.text[x.start:x.end]`` is the text of ``x``, for every sentence,
passage, hit and citation. Offsets count Unicode code points of the article's NFC text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Vectors: TypeAlias = "NDArray[np.float32]"

Grounding = Literal["grounded", "partial", "refused"]
SentenceKind = Literal["prose", "heading"]
Verdict = Literal["supported", "elsewhere", "unsupported", "unchecked"]
# What of a claim its passages do not support.
# "contradicted" and "content" are what is found; answers kept by earlier versions have the others.
UnsupportedReason = Literal[
    "",
    "number",
    "date",
    "name",
    "negation",
    "direction",
    "attribution",
    "contradicted",
    "content",
]
# What a question asks for: facts, an overview of articles, who or which figures are in them, who
# wrote and printed them, which of them are about something, or nothing of them.
QuestionKind = Literal[
    "content", "summary", "corpus", "people", "figures", "byline", "listing", "greeting"
]
# What the articles do about a question, as far as their answer is sure.
Certainty = Literal["says so", "may say so", "does not say"]
SAYS_SO = 0.8  # the least confidence of an answer that is said to be there
FaultKind = Literal[
    "missing",
    "key",
    "unreachable",
    "rate",
    "timeout",
    "context",
    "empty",
    "endless",
    "cut",
    "other",
]


class AssistantError(Exception):
    """A failure the user can mend. The message is one line: the fact, then what to do next."""


class CorpusError(AssistantError):
    """An article cannot be read: the message names the file and why."""


class ModelError(AssistantError):
    """An embedding model cannot be loaded: the message names the model, why, and what to type."""


class IndexFault(AssistantError):
    """An index is missing, was made with other settings, or is damaged."""


class QuestionSetError(AssistantError):
    """A question set has a fault: the message names file, line and field."""


class LLMError(AssistantError):
    """A language model cannot be opened or did not answer; ``kind`` says which of it."""

    def __init__(self, message: str, kind: FaultKind = "other") -> None:
        super().__init__(message)
        self.kind = kind


class SettingsError(AssistantError):
    """A setting is unknown or out of bounds: the message quotes key and value."""


class FilterError(AssistantError):
    """A filter cannot be used: ``kind`` and ``named`` say why, for telling it in a language."""

    def __init__(self, message: str, kind: str, **named: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.named = named


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range ``[start, end)`` of an article's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Article:
    """One news article.

    ``id`` comes from the content (16 hex digits of the SHA-256 of the text), ``text`` is NFC.
    ``furniture`` are the spans that are not prose of the article (source line, comment
    counter): kept in the text, so that offsets hold, but in no passage.
    """

    id: str
    title: str
    text: str
    language: str  # ISO 639-1
    source: str = ""  # address or name of the publisher
    date: str = ""  # ISO 8601 day
    path: str = ""  # the file it was read from; what is in an archive stands below the archive
    furniture: tuple[Span, ...] = ()
    author: str = ""
    marked: bool = False  # headings of the text are marked with "# "


@dataclass(frozen=True, slots=True)
class Edition(Article):
    """An earlier text of an article that was edited: kept for what cites it, found by no question.

    ``replaced_by``: the id of the text that took its place on ``replaced_on`` (ISO 8601 day, UTC),
    with ``generation`` of the index; ``current``: the id of the article today, after all edits.
    """

    replaced_by: str = ""
    replaced_on: str = ""
    generation: int = 0
    current: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """The articles that a question is asked of: those that meet all that is not "".

    ``since``, ``until``: the first and last day, both included; an article without a date is
    outside of either. ``source``: a newspaper, by its name or its site. ``author``: who wrote it.
    """

    since: str = ""  # ISO 8601, or a day as people write it until it was checked
    until: str = ""
    source: str = ""
    author: str = ""

    def __bool__(self) -> bool:
        return any((self.since, self.until, self.source, self.author))


NO_FILTER = Filter()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article; a heading is one too, but never an answer."""

    start: int
    end: int
    kind: SentenceKind = "prose"


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one article, packed to a token budget: what is indexed and found."""

    article_id: str
    start: int
    end: int
    text: str
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question. ``score``: higher is better; ``rank`` counts from 1.

    ``dense`` and ``lexical`` are the standardized scores of the two arms (0 = the mean
    candidate, 1 = one standard deviation above it), and say why the passage ranked; of a passage in
    another language than the question, ``lexical`` is ln(1 + BM25) of its names.
    """

    rank: int
    score: float
    article_id: str
    title: str
    start: int
    end: int
    text: str
    dense: float = 0.0
    lexical: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where else the words of a quote were printed: a span of an article, and the article's facts.

    The words may differ a little, but say nothing else.
    """

    article_id: str
    title: str
    source: str
    date: str  # ISO 8601 day
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered quote of an article. ``verified``: the article's text at the span is the quote.

    ``answer``: the spans of the article, inside the quote, that answer the question. ``also``:
    other articles that print the same text, which is one source with it.
    """

    number: int
    article_id: str
    title: str
    start: int
    end: int
    quote: str
    verified: bool
    answer: tuple[Span, ...] = ()
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class ResolvedDate:
    """Words of citation ``number`` that tell a day by another one ("hôm qua"), and the days they
    mean, ``first`` to ``last`` in ISO 8601, computed from the day of their article."""

    number: int
    words: str
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as a language model is shown it, under a small ``number`` from 1."""

    number: int
    passage: Passage
    title: str = ""
    source: str = ""
    date: str = ""  # ISO 8601 day of the article
    language: str = "und"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The exact words of a shown passage (``number``) that support a claim."""

    number: int
    span: Span


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether the shown passages support a sentence.

    "supported": ``evidence`` is in the passages that the sentence cites. "elsewhere": it is in
    others, or the sentence cites none. "unsupported": ``lack`` and ``detail`` say what is not
    there, and ``evidence`` is the nearest, which may be empty. "unchecked":
    nothing here can tell; ``evidence`` as before.
    """

    verdict: Verdict
    evidence: tuple[Evidence, ...] = ()
    lack: UnsupportedReason = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of an answer that a language model wrote, and what became of checking it.

    ``start``, ``end``: its span of ``Answer.text``, without its markers. ``numbers``: of the
    citations that support it. ``nearest``: of an unsupported one, what the passages say instead, or
    come nearest to saying; nothing cites it, so its number is 0.
    """

    start: int
    end: int
    verdict: Verdict
    numbers: tuple[int, ...] = ()
    lack: UnsupportedReason = ""
    detail: str = ""
    nearest: Citation | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that a language model read and wrote, as its provider counted them."""

    read: int
    written: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the assistant says to a question, with its proof.

    ``text`` carries markers ``[n]``, each the number of one of ``citations``.
    ``short`` is the answer in the fewest words of the articles, "" where there is none.
    ``confidence`` is the calibrated probability in [0, 1] that the words which answer are right.
    ``closest`` is, for a refusal, the nearest quote: "closest, but not an answer".
    ``claims`` are the sentences that a language model wrote, ``llm`` is that model's name;
    where it failed, ``fault`` says how, and the answer quotes instead.
    ``filter``: what it was asked of. ``dates``: of the words that answer, those that are computed.
    ``as_of``: where articles of several days give different figures, the day of the newest, whose
    figure ``short`` is; else "". ``kind``: what the question was taken to ask for.
    """

    question: str
    text: str
    language: str
    confidence: float
    citations: tuple[Citation, ...]
    hits: tuple[Hit, ...] = ()
    closest: Citation | None = None
    query: str = ""  # what was searched, where it differs from the question
    claims: tuple[Claim, ...] = ()
    llm: str = ""
    fault: FaultKind | None = None
    usage: Usage | None = None
    short: str = ""
    filter: Filter = NO_FILTER
    dates: tuple[ResolvedDate, ...] = ()
    as_of: str = ""
    kind: QuestionKind = "content"

    @property
    def certainty(self) -> Certainty:
        """``confidence`` in words."""
        if self.grounding == "refused":
            return "does not say"
        return "says so" if self.confidence >= SAYS_SO else "may say so"

    @property
    def grounding(self) -> Grounding:
        """Derived: no citation and no claim is a refusal; all of them supported is grounded.

        What could not be checked is not known to be supported: such an answer is partial.
        """
        if not self.citations and not self.claims:
            return "refused"
        supported = all(c.verified for c in self.citations) and all(
            claim.verdict in ("supported", "elsewhere") for claim in self.claims
        )
        return "grounded" if supported else "partial"


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange of a conversation. ``query``: as in ``Answer``."""

    question: str
    answer: str
    query: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the doctor looked at: sound or not, in plain words, and what mends it."""

    sound: bool
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Event: the search is done; ``hits`` are the passages that are read."""

    hits: tuple[Hit, ...]
    query: str


@dataclass(frozen=True, slots=True)
class TextDelta:
    """Event: more of the answer's text; the deltas joined are ``Answer.text``."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Event: a citation, before the delta that carries its marker."""

    citation: Citation


@dataclass(frozen=True, slots=True)
class Claimed:
    """Event: a sentence has ended and was checked; its words were in the deltas before."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the last one, with the whole answer."""

    answer: Answer


AnswerEvent = Retrieved | TextDelta | Cited | Claimed | Finished


class Encoder(Protocol):
    """Texts to unit vectors. Shapes: n texts → (n, dimension) float32, rows of length 1."""

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> dict[str, str]:
        """What makes vectors comparable: model, weights, prefixes."""
        ...

    @property
    def digest(self) -> str:
        """What finds passages: the weights of passages and those of questions."""
        ...

    def embed_questions(self, texts: Sequence[str]) -> Vectors: ...

    def embed_passages(self, texts: Sequence[str]) -> Vectors: ...
