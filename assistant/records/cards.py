"""Cards: a conversation to keep or hand on, whose every quote can be checked again later.

A card is one JSON document. Its Markdown and HTML forms (``card_rendering.py``) carry that document
inside, so that any of the three files can be loaded here and verified (``card_verification.py``).
It is sealed with a digest of itself: whatever is edited afterwards is found out. That is no
signature: who means to forge a card can seal it again, and only its quotes then tell.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from assistant.types import (
    NO_FILTER,
    Answer,
    Article,
    AssistantError,
    Certainty,
    Citation,
    Claim,
    FaultKind,
    Filter,
    Grounding,
    IndexFault,
    Place,
    ResolvedDate,
    Span,
)

FORMAT: Final = "article-assistant card"
VERSION: Final = 1  # of the format; another is refused
RENDERING: Final = 5  # of the readable forms: raise it with any change of what they show
ALIKE_RENDERINGS: Final = (2, 3, 4, RENDERING)  # those that show the same of the same document
SEALED: Final = 3  # since this version of them, every card carries its own digest
SUFFIXES: Final = (".json", ".md", ".html")
MAX_BYTES: Final = 20_000_000
MAX_QUOTES: Final = 2000
MAX_QUOTED: Final = 1_000_000  # characters of all quotes; each of their words is looked for
MARK: Final = "article-assistant-card"  # names the block that holds the document

# Where the document stands in the two readable forms. Their texts cannot hold these: every "<"
# of theirs is escaped, and in the document "<", ">" and "&" are written as \u003c and so on.
_BLOCKS: Final = {
    ".html": re.compile(rf'<script type="application/json" id="{MARK}">\n(.*)\n</script>'),
    ".md": re.compile(rf"^<!-- {MARK}\n(.*)\n-->$", re.MULTILINE),
}
LONGEST_NAME: Final = 180  # bytes of a file's name without its suffix; file systems take 255
# What no file's name shall hold: what some system reads as more than a letter, and what shows as
# nothing or turns the direction of the rest.
_UNSAFE: Final = re.compile(
    '[\\\\/:*?"<>|\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]'
)
_RESERVED: Final = re.compile("con|prn|aux|nul|com[0-9]|lpt[0-9]", re.IGNORECASE)  # on Windows
_UNFIT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class CardError(AssistantError):
    """A card cannot be read or written: the message names the file and why."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A citation with what is needed to find its words again.

    Its fields are the citation's, ``answer`` and ``also`` the last, and those of its article.
    ``sha256`` is of the article's text in UTF-8, ``path_sha256`` of the path it was read from: a
    card may be handed on, and a path tells who keeps what where. Both are "" where the article was
    gone when the card was made.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    number: int
    article_id: str
    title: str
    start: int
    end: int
    quote: str
    verified: bool
    source: str
    date: str  # ISO 8601 day
    language: str
    sha256: str
    path_sha256: str
    answer: tuple[Span, ...] = ()
    also: tuple[Place, ...] = ()  # since version 5 of the readable forms, where there are any


@dataclass(frozen=True, slots=True)
class ProvenExchange:
    """An exchange with what proves it later. ``query``: what was searched instead, or ""."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    question: str
    query: str
    answer: str
    grounding: Grounding
    language: str
    confidence: float
    citations: tuple[Proof, ...]
    closest: Proof | None
    claims: tuple[Claim, ...]
    llm: str
    fault: FaultKind | None
    short: str = ""
    certainty: Certainty | None = None  # of cards since version 2 of the readable forms
    filter: Filter = NO_FILTER  # this and the next since version 4, where there are any
    dates: tuple[ResolvedDate, ...] = ()
    as_of: str = ""

    @property
    def proofs(self) -> tuple[Proof, ...]:
        """The citations, and the closest quote of a refusal."""
        return (*self.citations, *((self.closest,) if self.closest else ()))


@dataclass(frozen=True, slots=True)
class Card:
    """A conversation with its proofs. ``made``: when, ISO 8601 in UTC.

    ``rendering``: which version of the readable forms its program had. ``sha256``: of the rest of
    the document, "" in cards of before there was one.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    format: str
    version: int
    rendering: int
    made: str
    title: str
    language: Literal["vi", "en"]  # of our words around the conversation
    exchanges: tuple[ProvenExchange, ...]
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """The document, in the order of the fields."""
        document = asdict(self)
        for exchange in document["exchanges"]:
            for claim in exchange["claims"]:
                del claim["nearest"]
            if not any(exchange["filter"].values()):
                del exchange["filter"]
            for name in ("dates", "as_of"):
                if not exchange[name]:
                    del exchange[name]
            for proof in (*exchange["citations"], *filter(None, [exchange["closest"]])):
                if not proof["also"]:
                    del proof["also"]
        if not self.sha256:  # a card of before there was one is written as it was
            del document["sha256"]
        return document

    def sealed(self) -> Card:
        """The card with its own digest."""
        return replace(self, sha256=self._digest())

    @property
    def edited(self) -> bool:
        """Whether its digest is not its own; a card of before there was one cannot tell."""
        return bool(self.sha256 or self.rendering >= SEALED) and self.sha256 != self._digest()

    def _digest(self) -> str:
        """Of the document without its digest, whatever the order and spaces it is written in."""
        document = replace(self, sha256="").to_json()
        return digest(json.dumps(document, sort_keys=True, separators=(",", ":")))


_CARDS: Final = TypeAdapter(Card)


# -- making ------------------------------------------------------------------------------


def make(
    answers: Sequence[Answer],
    article: Callable[[str], Article],
    title: str = "",
    made: datetime | None = None,
) -> Card:
    """The card of a conversation's answers. ``title``: by default the first question.

    ``article`` gives the article with an id, as ``Assistant.article`` does; one that is in the
    index no more leaves its facts empty. Raises CardError for no answers.
    """
    if not answers:
        raise CardError("An empty conversation has nothing to export; ask a question first")
    facts: dict[str, Article] = {}
    for quote in (c for answer in answers for c in _quotes(answer)):
        try:
            facts.setdefault(quote.article_id, article(quote.article_id))
        except IndexFault:
            continue
    vietnamese = sum(answer.language == "vi" for answer in answers) * 2 >= len(answers)
    when = (made or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="seconds")
    return Card(
        FORMAT,
        VERSION,
        RENDERING,
        when,
        _line(title or answers[0].question),
        "vi" if vietnamese else "en",
        tuple(_exchange(answer, facts) for answer in answers),
    ).sealed()


def _quotes(answer: Answer) -> tuple[Citation, ...]:
    return (*answer.citations, *((answer.closest,) if answer.closest else ()))


def _exchange(answer: Answer, facts: dict[str, Article]) -> ProvenExchange:
    closest = answer.closest
    return ProvenExchange(
        _line(answer.question),
        _line(answer.query),
        fit(answer.text),
        answer.grounding,
        fit(answer.language),
        answer.confidence,
        tuple(_proof(citation, facts.get(citation.article_id)) for citation in answer.citations),
        _proof(closest, facts.get(closest.article_id)) if closest else None,
        tuple(replace(claim, nearest=None) for claim in answer.claims),  # it proves nothing
        fit(answer.llm),
        answer.fault,
        fit(answer.short),
        None if answer.llm else answer.certainty,  # it says nothing of what a model wrote
        Filter(*(_line(value) for value in asdict(answer.filter).values())),
        tuple(replace(one, words=fit(one.words)) for one in answer.dates),
        fit(answer.as_of),
    )


def _proof(citation: Citation, article: Article | None) -> Proof:
    known = article or Article(citation.article_id, "", "", "und")
    return Proof(
        **asdict(citation) | {"answer": citation.answer, "also": _fit_places(citation)},
        source=fit(known.source),
        date=fit(known.date),
        language=fit(known.language),
        sha256=digest(known.text),
        path_sha256=digest(known.path),
    )


def _fit_places(citation: Citation) -> tuple[Place, ...]:
    return tuple(
        replace(p, title=_line(p.title), source=fit(p.source), date=fit(p.date))
        for p in citation.also
    )


def digest(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8, 64 hex digits; "" of nothing."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() if text else ""


def fit(text: str) -> str:
    """``text`` without what no file can hold; of the same length, so that offsets stay."""
    return _UNFIT.sub("\ufffd", text.replace("\r", "\n"))


def _line(text: str) -> str:
    return fit(" ".join(unicodedata.normalize("NFC", text).split()))


# -- files -------------------------------------------------------------------------------


def file_name(title: str, suffix: str) -> str:
    """A name for the card's file that every system takes; of a title that leaves none, ours."""
    plain = " ".join(_UNSAFE.sub(" ", unicodedata.normalize("NFC", title)).split())
    name = plain.encode()[:LONGEST_NAME].decode(errors="ignore").strip(" .")
    usable = name and not _RESERVED.fullmatch(name.partition(".")[0].strip())
    return f"{name if usable else 'assistant'}{suffix}"


def suffix_of(path: Path) -> str:
    """ ".json", ".md" or ".html". Raises CardError for any other file."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise CardError(f"{path} is not a card; name a {', '.join(SUFFIXES[:-1])} or .html file")
    return suffix


def embedded(card: Card) -> str:
    """The document on one line, inert inside an HTML or Markdown comment or a script block."""
    line = json.dumps(card.to_json(), ensure_ascii=False)
    for character in "<>&\u2028\u2029\x85":
        line = line.replace(character, f"\\u{ord(character):04x}")
    return line


def load_card(path: Path) -> Card:
    """The card in a .json, .md or .html file. Raises CardError, which names file and field."""
    return parse(path, read(path))


def read(path: Path) -> str:
    """The text of a card's file. Raises CardError where it cannot be one."""
    suffix_of(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # a pipe or a device tells no size
    except OSError as error:
        raise CardError(f"{path} cannot be read, {error.strerror}; check the path") from None
    return decoded(path, data)


def decoded(path: Path, data: bytes) -> str:
    """The text of the file ``path``, which holds ``data``. Raises CardError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CardError(
            f"{path} is not a card: it is not UTF-8 at byte {error.start}; export it again"
        ) from None
    if len(data) > MAX_BYTES:
        raise CardError(f"{path} is not a card: it has more than {MAX_BYTES // 1_000_000} MB")
    return text.replace("\r\n", "\n")  # as some editors and version control write it


def parse(path: Path, text: str) -> Card:
    """The card in the text of the file ``path``, whose suffix says in which form."""
    document = text
    if pattern := _BLOCKS.get(suffix_of(path)):
        found = pattern.findall(text)
        if len(found) != 1:
            how_many = "none" if not found else f"{len(found)} of them"
            raise CardError(
                f"{path} is not a card: it should hold one block {MARK!r} and has {how_many}; "
                "export it again"
            )
        document = found[0]
    try:
        card = _CARDS.validate_json(document, strict=True)
    except ValidationError as error:
        raise CardError(f"{path} is not a card: {_first_fault(error)}; export it again") from None
    if why := _fault(card):
        raise CardError(f"{path} is not a card that can be used: {why}")
    return card


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_input=False)[0]
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
    field = "".join(steps).removeprefix(".")
    return f"{field}: {fault['msg']}"[:300] if field else str(fault["msg"])[:300]


def _fault(card: Card) -> str:
    """What a card of the right types may still have wrong; "" for nothing."""
    if card.format != FORMAT:
        return f"its format is {card.format[:40]!r}, not {FORMAT!r}"
    if card.version != VERSION:
        return f"its format has version {card.version}, this program reads {VERSION}; update it"
    if not card.exchanges:
        return "it holds no exchange"
    lengths = [len(proof.quote) for exchange in card.exchanges for proof in exchange.proofs]
    if len(lengths) > MAX_QUOTES or sum(lengths) > MAX_QUOTED:
        return f"it holds more than {MAX_QUOTES} quotes or {MAX_QUOTED} characters of them"
    if card.edited:
        return ""  # it contradicts itself, which its digest tells better
    for number, exchange in enumerate(card.exchanges, 1):
        if why := _wrong(exchange):
            return f"exchange {number} {why}"
    return ""


def _wrong(exchange: ProvenExchange) -> str:
    if not all(0 <= c.start <= c.end <= len(exchange.answer) for c in exchange.claims):
        return "has a claim outside its answer"
    if exchange.grounding != _answer(exchange).grounding:
        return f"says it is {exchange.grounding}, which its citations and claims do not support"
    return ""


def _answer(exchange: ProvenExchange) -> Answer:
    """What decides the grounding, as an answer."""
    citations = tuple(
        Citation(p.number, p.article_id, p.title, p.start, p.end, p.quote, p.verified)
        for p in exchange.citations
    )
    e = exchange
    return Answer(e.question, e.answer, e.language, e.confidence, citations, (), None, "", e.claims)
