"""Answers without a language model: the sentences that answer, quoted word for word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

from assistant.answering.prompt_texts import say
from assistant.retrieval.answerability import Sighting
from assistant.text.terms import fold
from assistant.types import Article, Citation, Sentence, Span

LONGEST_LIST = 6  # sentences quoted for a question that asks for a list
ALSO = 0.95  # another sentence is quoted too when its chance is this share of the best one's
MOST = 2  # sentences quoted for any other question

# How a sentence says that it goes on with what the one before it began.
_GOES_ON = regex.compile(
    r"^\W*(trong do|cu the|ngoai ra|ben canh do|dong thoi|hon nua|them vao do"
    r"|tiep tuc|tiep theo|tiep den"
    r"|thu (hai|ba|tu|nam)|mat khac|cuoi cung|cung voi do|ong cung|ba cung"
    r"|also|in addition|moreover|furthermore|besides|additionally|second(ly)?|third(ly)?"
    r"|finally|next|namely|specifically|among (them|these))\b|^\W*([-*•]|\d{1,2}[.)])\s"
)
_ALSO_SAYS = regex.compile(r"^\W*(\w+\s+){1,4}cung\s")
_LEFT_OPEN = regex.compile(r"[:;]$|(\.\.\.|…)$")


@dataclass(frozen=True, slots=True)
class Quote:
    """A span of an article that is quoted."""

    article_id: str
    title: str
    span: Span


def choose(ranked: Sequence[tuple[Sighting, float]]) -> list[Quote]:
    """Sentences with their chances, best first → the best, and another nearly as likely."""
    chance = ranked[0][1]
    quotes = []
    for sighting, own in ranked[:MOST]:
        if own >= ALSO * chance:
            stored, sentence = sighting.candidate.stored, sighting.sentence
            span = Span(sentence.start, sentence.end)
            quotes.append(Quote(stored.passage.article_id, stored.title, span))
    return quotes


def whole_list(article: Article, quote: Quote, sentences: Sequence[Sentence]) -> Quote:
    """``quote`` extended by the article's next sentences as long as they go on with the list."""
    end = quote.span.end
    count = sum(quote.span.start <= s.start < end for s in sentences)
    following = [s for s in sentences if s.start >= end and s.kind == "prose"]
    for sentence in following[: max(0, LONGEST_LIST - count)]:
        before = article.text[quote.span.start : end]
        if not _continues(before, article.text[sentence.start : sentence.end]):
            break
        end = sentence.end
    return Quote(quote.article_id, quote.title, Span(quote.span.start, end))


def cite(quotes: Sequence[Quote], texts: Mapping[str, str], first: int = 1) -> tuple[Citation, ...]:
    """Quotes → citations numbered from ``first``, each verified against its article's text."""
    return tuple(
        citation(number, quote, texts[quote.article_id])
        for number, quote in enumerate(quotes, first)
    )


def wording(citations: Sequence[Citation], language: str) -> list[str]:
    """The answer's text in pieces: a frame in the question's language, then each quote."""
    titles = {c.article_id for c in citations}
    pieces = [say("frame_several" if len(titles) > 1 else "frame", language)]
    for citation in citations:
        pieces.append(f"\n“{_one_line(citation.quote)}” [{citation.number}]")
    return pieces


def refusal(closest: Citation | None, language: str) -> str:
    """The refusal's text, with the closest passage where there is one."""
    sentence = say("refusal", language)
    if closest is None:
        return sentence
    return f"{sentence}\n{say('closest', language)} “{_one_line(closest.quote)}”"


def _one_line(quote: str) -> str:
    """A quote may span paragraphs; shown, they are set apart by a space."""
    return " ".join(quote.split())


def citation(number: int, quote: Quote, text: str) -> Citation:
    """The quote under a number, verified against the article's ``text``."""
    start, end = quote.span.start, quote.span.end
    words = text[start:end]
    verified = 0 <= start < end <= len(text) and bool(words.strip())
    return Citation(number, quote.article_id, quote.title, start, end, words, verified)


def _continues(before: str, sentence: str) -> bool:
    """Whether ``sentence`` goes on with the list that ``before`` began."""
    folded = fold(sentence)
    if before.rstrip().endswith(":") or _GOES_ON.search(folded):
        return True
    return bool(_LEFT_OPEN.search(before.rstrip()) and _ALSO_SAYS.search(folded))
