"""One exchange of a conversation: a question, what has become of it, and both as JSON.

The JSON is what browsers, accounts, cards and feedback are given to keep. What comes back may have
been changed, and the index has moved on: every quote is compared with its article again, and
whatever does not fit is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from pydantic import TypeAdapter, ValidationError

from assistant.answering import schemas
from assistant.answering.places import still_there
from assistant.types import (
    NO_FILTER,
    Answer,
    AnswerEvent,
    Article,
    AssistantError,
    Citation,
    Cited,
    Claim,
    Claimed,
    Filter,
    FilterError,
    Finished,
    IndexFault,
    Place,
    Retrieved,
    TextDelta,
)

LONGEST: Final = 200_000  # characters of an answer's text
MOST: Final = 500  # citations, claims or hits of an answer

_ANSWER: Final = TypeAdapter(Answer)
_SLOT: Final = re.compile(r"[0-9a-f]{1,32}")


class ExchangeError(AssistantError):
    """What was kept is not an exchange of ours: the message names the field."""


Failure = Literal["failed", "stopped"]


@dataclass(frozen=True, slots=True)
class About:
    """What a source line tells of an article beside its title."""

    date: str = ""  # ISO 8601 day
    source: str = ""

    @classmethod
    def of(cls, article: Article) -> About:
        return cls(article.date, article.source)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of the conversation and what is known of its answer so far.

    ``about`` tells of each cited article, by id; ``instead`` are questions that the articles do
    answer, for a refusal. ``shared``: it came by a link, so all but its quotes is somebody's word.
    An exchange with neither ``answer`` nor ``fault`` is being answered.
    ``slot`` names its place in the conversation: exchanges with the same one are versions of each
    other. It is a name and no number, so that it holds although not every exchange is kept and
    one conversation may be open twice. ``filter``: which articles were asked.
    """

    question: str
    text: str = ""
    passages: int | None = None
    citations: tuple[Citation, ...] = ()
    claims: tuple[Claim, ...] = ()
    about: Mapping[str, About] = field(default_factory=dict)
    answer: Answer | None = None
    fault: Failure | None = None
    seconds: float | None = None
    instead: tuple[str, ...] = ()
    shared: bool = False
    slot: str = ""
    filter: Filter = NO_FILTER
    wrong: FilterError | None = None  # why its filter could not be used

    @property
    def running(self) -> bool:
        return self.answer is None and self.fault is None

    def after(self, event: AnswerEvent) -> Exchange:
        """The exchange once ``event`` has happened."""
        match event:
            case Retrieved(hits=hits):
                return replace(self, passages=len(hits))
            case TextDelta(text=text):
                return replace(self, text=self.text + text)
            case Cited(citation=citation):
                return replace(self, citations=(*self.citations, citation))
            case Claimed(claim=claim):
                return replace(self, claims=(*self.claims, claim))
            case Finished(answer=answer):
                return replace(
                    self,
                    text=answer.text,
                    citations=answer.citations,
                    claims=answer.claims,
                    answer=answer,
                    filter=answer.filter,
                )

    def to_json(self) -> dict[str, Any] | None:
        """As JSON, None while it has no answer: the answer's JSON and what we know more.

        ``about`` tells date and source of the cited articles, for copying them out.
        """
        if self.answer is None:
            return None
        about = {key: {"date": a.date, "source": a.source} for key, a in self.about.items()}
        more = {"seconds": self.seconds, "instead": list(self.instead), "about": about}
        slot = {"slot": self.slot} if self.slot else {}
        return {**schemas.full_answer_json(self.answer), **more, **slot}

    @classmethod
    def from_json(cls, document: object, article: Callable[[str], Article]) -> Exchange:
        """The exchange of a document that ``to_json`` made. Raises ExchangeError."""
        answer = answer_from_json(document, article)
        assert isinstance(document, Mapping)
        seconds, instead = document.get("seconds"), document.get("instead")
        return cls(
            answer.question,
            answer.text,
            len(answer.hits),
            answer.citations,
            answer.claims,
            _about(answer, article),
            answer,
            seconds=float(seconds) if isinstance(seconds, int | float) else None,
            instead=tuple(map(str, instead))[:4] if isinstance(instead, list) else (),
            shared=document.get("shared") is True,
            slot=slot_of(document),
            filter=answer.filter,
        )

    @classmethod
    def unreadable(cls, document: object) -> Exchange:
        """What is shown of a document that ``from_json`` refuses."""
        known = document if isinstance(document, Mapping) else {}
        question = str(known.get("question") or "?")
        shared = known.get("shared") is True
        return cls(question, fault="failed", shared=shared, slot=slot_of(document))


def slot_of(document: object) -> str:
    """The slot that a document names; "" where it names none, as all of earlier versions."""
    slot = document.get("slot") if isinstance(document, Mapping) else None
    return slot if isinstance(slot, str) and _SLOT.fullmatch(slot) else ""


def answer_from_json(document: object, article: Callable[[str], Article]) -> Answer:
    """The answer of a document, its quotes compared with their articles. Raises ExchangeError."""
    if not isinstance(document, Mapping):
        raise ExchangeError(
            "What was kept is not an exchange: it is not a JSON object; leave it out"
        )
    fields = {
        **document,
        "text": document.get("answer", ""),
        "short": document.get("short") or "",
        "closest": _with_spans(document.get("closest")),
    }
    if isinstance(quotes := document.get("citations"), list):
        fields["citations"] = [_with_spans(quote) for quote in quotes]
    if isinstance(claims := document.get("claims"), list):
        fields["claims"] = [_with_nearest(claim) for claim in claims]
    try:
        answer = _ANSWER.validate_python(fields)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ExchangeError(f"What was kept is not an exchange: {where}: {fault['msg']}") from None
    places = [place for citation in answer.citations for place in citation.also]
    most = max(map(len, (answer.citations, answer.claims, answer.hits, answer.dates, places)))
    fits = all(0 <= c.start <= c.end <= len(answer.text) for c in answer.claims)
    if len(answer.text) > LONGEST or most > MOST or not fits:
        raise ExchangeError(
            "What was kept is not an exchange: it is too long, or a claim is outside of it"
        )
    closest = answer.closest
    return replace(
        answer,
        citations=tuple(_compared(citation, article) for citation in answer.citations),
        closest=_compared(closest, article) if closest else None,
        claims=tuple(_still_near(claim, article) for claim in answer.claims),
    )


def _with_nearest(claim: object) -> object:
    """A claim's JSON, in which older versions have no nearest quote."""
    if not isinstance(claim, Mapping) or "nearest" not in claim:
        return claim
    return {**claim, "nearest": _with_spans(claim["nearest"])}


def _still_near(claim: Claim, article: Callable[[str], Article]) -> Claim:
    """Without its nearest quote where the article has it no more."""
    nearest = _compared(claim.nearest, article) if claim.nearest else None
    return replace(claim, nearest=nearest if nearest and nearest.verified else None)


def _with_spans(quote: object) -> object:
    """A citation's JSON with its pairs [start, end] as the fields of spans."""
    if not isinstance(quote, Mapping) or not isinstance(quote.get("answer"), list):
        return quote
    pairs = quote["answer"]
    spans = [
        {"start": pair[0], "end": pair[1]} if isinstance(pair, list) and len(pair) == 2 else pair
        for pair in pairs
    ]
    return {**quote, "answer": spans}


def _compared(citation: Citation, article: Callable[[str], Article]) -> Citation:
    try:
        text = article(citation.article_id).text
    except (IndexFault, KeyError):
        return replace(citation, verified=False, also=())
    start, end = citation.start, citation.end
    same = 0 <= start < end and text[start:end] == citation.quote
    places = (_still_there(place, citation, article) for place in citation.also if same)
    return replace(citation, verified=same, also=tuple(filter(None, places)))


def _still_there(
    place: Place, citation: Citation, article: Callable[[str], Article]
) -> Place | None:
    try:
        return still_there(citation.quote, place, article(place.article_id))
    except (IndexFault, KeyError):
        return None


def _about(answer: Answer, article: Callable[[str], Article]) -> dict[str, About]:
    found = {}
    for citation in answer.citations:
        try:
            found[citation.article_id] = About.of(article(citation.article_id))
        except (IndexFault, KeyError):
            continue
    return found
