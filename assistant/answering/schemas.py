"""The JSON shapes of the product, in one place: for the command line, HTTP and MCP.

``search_json`` and ``answer_json`` are the contract that people's scripts rely on, and what
``--json`` prints. The servers send the same with more fields: ``full_hit_json``,
``full_answer_json``. Offsets count Unicode code points of the article's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Literal, NotRequired, cast

from typing_extensions import TypedDict  # pydantic reads the one of typing from Python 3.12 on

from assistant.answering.edited import Passed
from assistant.types import (
    Answer,
    AnswerEvent,
    Article,
    Citation,
    Cited,
    Claim,
    Claimed,
    Edition,
    Finished,
    Hit,
    Retrieved,
    Span,
    TextDelta,
)


class HitJSON(TypedDict):
    """A passage found. ``score``: higher is better; ``rank`` counts from 1."""

    rank: int
    score: float
    article_id: str
    title: str
    start: int
    end: int
    text: str


class FullHitJSON(HitJSON):
    """With the standardized scores of the two searches, by meaning and by words."""

    dense: float
    lexical: float


class SearchJSON(TypedDict):
    """What ``search`` gives."""

    question: str
    hits: list[FullHitJSON]


class PlaceJSON(TypedDict):
    """Where else the words of a quote were printed: a span of an article."""

    article_id: str
    title: str
    source: str
    date: str
    start: int
    end: int


class CitationJSON(TypedDict):
    """A quote. ``verified``: the article's text from ``start`` to ``end`` is the quote.

    ``answer``: spans [start, end] of the article, inside the quote, that answer the question.
    ``also``, only where there are any: other articles that print the same text.
    """

    number: int
    article_id: str
    title: str
    start: int
    end: int
    quote: str
    verified: bool
    answer: list[list[int]]
    also: NotRequired[list[PlaceJSON]]


class ClaimJSON(TypedDict):
    """A sentence a language model wrote, the span of the answer, and what became of it.

    ``nearest``, where the sentence is not supported and there is one: the words of an article that
    contradict it or come nearest to it. Nothing cites them: their ``number`` is 0.
    """

    start: int
    end: int
    verdict: str
    numbers: list[int]
    lack: str
    detail: str
    nearest: NotRequired[CitationJSON]


class UsageJSON(TypedDict):
    """Tokens a language model read and wrote, as its provider counted them."""

    read: int
    written: int


class FilterJSON(TypedDict):
    """The articles that were asked: days in ISO 8601, newspaper, author; "" for any."""

    since: str
    until: str
    source: str
    author: str


class ResolvedDateJSON(TypedDict):
    """``words`` of citation ``number`` that tell a day by another one ("hôm qua"), and the days
    they mean, computed from the day of their article: ISO 8601, both included."""

    number: int
    words: str
    first: str
    last: str


class AnswerJSON(TypedDict):
    """An answer and its proof. ``answer`` carries markers [n], the numbers of the citations.

    ``short``: the words that answer, null where there are none. ``certainty``: "says so", "may say
    so" or "does not say", which is ``confidence`` in words. Only where there are any: ``filter``,
    ``dates`` of the words that answer, and ``as_of``, where articles give different figures the day
    (ISO 8601) of the newest, whose figure ``short`` is. ``kind``: "summary", "corpus", "people",
    "figures", "byline" or "listing" of what is told of articles as a whole, "greeting" where
    nothing was asked; not of questions for facts.
    """

    question: str
    answer: str
    grounding: str
    language: str
    confidence: float
    citations: list[CitationJSON]
    short: str | None
    certainty: str
    filter: NotRequired[FilterJSON]
    dates: NotRequired[list[ResolvedDateJSON]]
    as_of: NotRequired[str]
    kind: NotRequired[str]


class FullAnswerJSON(AnswerJSON):
    """With what was searched and found, and what a language model had to do with it."""

    claims: list[ClaimJSON]
    hits: list[FullHitJSON]
    query: str
    closest: CitationJSON | None
    llm: str
    fault: str | None
    usage: UsageJSON | None


class ArticleHeadJSON(TypedDict):
    """An article without its text."""

    id: str
    title: str
    language: str
    source: str
    date: str


class PassageJSON(TypedDict):
    """A span of an article's text, and the text."""

    start: int
    end: int
    text: str


class PassedJSON(TypedDict):
    """What became of a quote when its article was edited: "unchanged", "changed" or "gone".

    ``now``: where it stands today, or the words nearest to it; null where it is gone.
    """

    became: Literal["unchanged", "changed", "gone"]
    quote: str
    now: PassageJSON | None


class EditionJSON(TypedDict):
    """That a text is an article's from before it was edited, on the day ``replaced_on`` (ISO 8601).

    ``replaced_by``: the id of the text that took its place; ``current``: that of today's.
    ``passage``: what became of the part that was asked for, where one was.
    """

    replaced_by: str
    replaced_on: str
    current: str
    passage: NotRequired[PassedJSON]


class ArticleJSON(ArticleHeadJSON):
    """An article. ``furniture``: spans [start, end] of its text that are not prose of it.

    ``edition``: where it was edited since, and this is what it said before.
    """

    text: str
    furniture: list[list[int]]
    edition: NotRequired[EditionJSON]


class ArticlesJSON(TypedDict):
    """A part of the articles, from ``offset``; ``total`` counts all."""

    total: int
    offset: int
    articles: list[ArticleHeadJSON]


class OpenedJSON(ArticleHeadJSON):
    """A part of an article's text: ``text`` is the article's from ``start`` to ``end``.

    ``edition``: as in ``ArticleJSON``.
    """

    start: int
    end: int
    length: int
    text: str
    edition: NotRequired[EditionJSON]


def hit_json(hit: Hit) -> HitJSON:
    return HitJSON(
        rank=hit.rank,
        score=hit.score,
        article_id=hit.article_id,
        title=hit.title,
        start=hit.start,
        end=hit.end,
        text=hit.text,
    )


def full_hit_json(hit: Hit) -> FullHitJSON:
    return FullHitJSON(**hit_json(hit), dense=hit.dense, lexical=hit.lexical)


def search_json(question: str, hits: Sequence[Hit]) -> dict[str, Any]:
    """The contract's shape of a search."""
    return {"question": question, "hits": [hit_json(hit) for hit in hits]}


def full_search_json(question: str, hits: Sequence[Hit]) -> SearchJSON:
    return SearchJSON(question=question, hits=[full_hit_json(hit) for hit in hits])


def citation_json(citation: Citation) -> CitationJSON:
    spans = [[span.start, span.end] for span in citation.answer]
    fields = asdict(citation) | {"answer": spans, "also": [asdict(one) for one in citation.also]}
    if not citation.also:
        del fields["also"]
    return cast(CitationJSON, fields)


def claim_json(claim: Claim) -> ClaimJSON:
    fields = asdict(claim) | {"numbers": list(claim.numbers)}
    del fields["nearest"]
    if claim.nearest:
        fields["nearest"] = citation_json(claim.nearest)
    return cast(ClaimJSON, fields)


def answer_json(answer: Answer) -> AnswerJSON:
    """The contract's shape of an answer."""
    told = AnswerJSON(
        question=answer.question,
        answer=answer.text,
        grounding=answer.grounding,
        language=answer.language,
        confidence=round(answer.confidence, 4),
        citations=[citation_json(citation) for citation in answer.citations],
        short=answer.short or None,
        certainty=answer.certainty,
    )
    if answer.filter:
        told["filter"] = cast(FilterJSON, asdict(answer.filter))
    if answer.dates:
        told["dates"] = [cast(ResolvedDateJSON, asdict(date)) for date in answer.dates]
    if answer.as_of:
        told["as_of"] = answer.as_of
    if answer.kind != "content":
        told["kind"] = answer.kind
    return told


def full_answer_json(answer: Answer) -> FullAnswerJSON:
    return FullAnswerJSON(
        **answer_json(answer),
        claims=[claim_json(claim) for claim in answer.claims],
        hits=[full_hit_json(hit) for hit in answer.hits],
        query=answer.query,
        closest=citation_json(answer.closest) if answer.closest else None,
        llm=answer.llm,
        fault=answer.fault,
        usage=cast(UsageJSON, asdict(answer.usage)) if answer.usage else None,
    )


def event_json(event: AnswerEvent) -> tuple[str, Any]:
    """The name of an event and its data: the deltas' texts joined are the answer's text."""
    match event:
        case Retrieved(hits=hits, query=query):
            return "retrieved", {"hits": [full_hit_json(hit) for hit in hits], "query": query}
        case TextDelta(text=text):
            return "delta", {"text": text}
        case Cited(citation=citation):
            return "cited", {"citation": citation_json(citation)}
        case Claimed(claim=claim):
            return "claimed", {"claim": claim_json(claim)}
        case Finished(answer=answer):
            return "finished", full_answer_json(answer)


def article_head_json(article: Article) -> ArticleHeadJSON:
    """Without the path, which would tell about the machine the article was read on."""
    return ArticleHeadJSON(
        id=article.id,
        title=article.title,
        language=article.language,
        source=article.source,
        date=article.date,
    )


def article_json(article: Article, became: Passed | None = None) -> ArticleJSON:
    """``became``: what became of a part of it, where it is an edition."""
    told = cast(
        ArticleJSON,
        {
            **article_head_json(article),
            "text": article.text,
            "furniture": [[span.start, span.end] for span in article.furniture],
        },
    )
    if isinstance(article, Edition):
        told["edition"] = edition_json(article, became)
    return told


def edition_json(edition: Edition, became: Passed | None) -> EditionJSON:
    told = EditionJSON(
        replaced_by=edition.replaced_by,
        replaced_on=edition.replaced_on,
        current=edition.current,
    )
    if became:
        now = became.now
        told["passage"] = PassedJSON(
            became=became.became,
            quote=became.quote,
            now=PassageJSON(start=now.start, end=now.end, text=became.text) if now else None,
        )
    return told


def articles_json(articles: Sequence[Article], offset: int, limit: int) -> ArticlesJSON:
    part = articles[offset : offset + limit]
    return ArticlesJSON(
        total=len(articles), offset=offset, articles=[article_head_json(a) for a in part]
    )


def opened_json(article: Article, span: Span, became: Passed | None = None) -> OpenedJSON:
    """The part of an article in ``span``, as much of it as there is. ``became``: of an edition."""
    end = min(span.end, len(article.text))
    start = min(span.start, end)
    told = cast(
        OpenedJSON,
        {
            **article_head_json(article),
            "start": start,
            "end": end,
            "length": len(article.text),
            "text": article.text[start:end],
        },
    )
    if isinstance(article, Edition):
        told["edition"] = edition_json(article, became)
    return told
