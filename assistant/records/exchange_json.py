"""Exchanges as JSON and back: what browsers, accounts, cards and opinions are given to keep.

What comes back may have been changed, and the index has moved on: every quote is compared with
its article again, and whatever does not fit is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from assistant.answering import schemas
from assistant.records.exchange import About, Exchange
from assistant.types import Answer, Article, AssistantError, Citation, IndexFault

LONGEST: Final = 200_000  # characters of an answer's text
MOST: Final = 500  # citations, claims or hits of an answer

_ANSWER: Final = TypeAdapter(Answer)


class ExchangeError(AssistantError):
    """What was kept is not an exchange of ours: the message names the field."""


def document_of(exchange: Exchange) -> dict[str, Any] | None:
    """The exchange as JSON, None while it has no answer: the answer's JSON and what we know more.

    ``about`` tells date and source of the cited articles, for copying them out.
    """
    if exchange.answer is None:
        return None
    about = {key: {"date": a.date, "source": a.source} for key, a in exchange.about.items()}
    more = {"seconds": exchange.seconds, "instead": list(exchange.instead), "about": about}
    return {**schemas.full_answer_json(exchange.answer), **more}


def exchange_of(document: object, article: Callable[[str], Article]) -> Exchange:
    """The exchange of a document. Raises ExchangeError."""
    answer = answer_of(document, article)
    assert isinstance(document, Mapping)
    seconds, instead = document.get("seconds"), document.get("instead")
    return Exchange(
        answer.question,
        answer.text,
        len(answer.hits),
        answer.citations,
        answer.claims,
        _about(answer, article),
        answer,
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
        instead=tuple(map(str, instead))[:4] if isinstance(instead, list) else (),
    )


def answer_of(document: object, article: Callable[[str], Article]) -> Answer:
    """The answer of a document, its quotes compared with their articles. Raises ExchangeError."""
    if not isinstance(document, Mapping):
        raise ExchangeError(
            "What was kept is not an exchange: it is not a JSON object; leave it out"
        )
    fields = {**document, "text": document.get("answer", "")}
    try:
        answer = _ANSWER.validate_python(fields)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise ExchangeError(f"What was kept is not an exchange: {where}: {fault['msg']}") from None
    most = max(map(len, (answer.citations, answer.claims, answer.hits)))
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
    )


def _compared(citation: Citation, article: Callable[[str], Article]) -> Citation:
    try:
        text = article(citation.article_id).text
    except (IndexFault, KeyError):
        return replace(citation, verified=False)
    start, end = citation.start, citation.end
    same = 0 <= start < end and text[start:end] == citation.quote
    return replace(citation, verified=same)


def _about(answer: Answer, article: Callable[[str], Article]) -> dict[str, About]:
    found = {}
    for citation in answer.citations:
        try:
            found[citation.article_id] = About.of(article(citation.article_id))
        except (IndexFault, KeyError):
            continue
    return found
