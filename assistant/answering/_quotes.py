"""What of the passages that answer is quoted: the sentences in which their answers stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import regex

from assistant.answering.found_answers import ENOUGH, Found, Scope
from assistant.text.terms import fold
from assistant.types import Article, Citation, Sentence, Span

ALSO = 0.8  # another passage is quoted too when its confidence is this share of the best one's
MOST, MOST_OF_LIST = 2, 24  # quotes
LONGEST_LIST = 6  # sentences quoted for a question that asks for a list

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
    """A span of an article that is quoted, and the spans in it that answer."""

    article_id: str
    title: str
    span: Span
    answer: tuple[Span, ...] = ()


def choose(found: Sequence[Found], least: float, scope: Scope = "one") -> list[Quote]:
    """What is quoted of passages: of the first, and of those that answer too. Quotes of an article
    follow each other.

    ``least``: the confidence that any other must have. For one answer another must be about as sure
    as the first; where all are asked for, it more likely answers than not.
    """
    best = found[0]
    quotes = list(quotes_of(best))
    also = ALSO * best.confidence
    bar = max(least, {"one": also, "all": min(also, ENOUGH), "sides": 0.0}[scope])
    for other in found[1:]:
        if other.confidence >= bar:
            quotes = _with(quotes, quotes_of(other), joined=scope == "sides")
    order = list(dict.fromkeys(quote.article_id for quote in quotes))
    quotes.sort(key=lambda quote: order.index(quote.article_id))
    return quotes[: MOST if scope == "one" and len(best.answers) == 1 else MOST_OF_LIST]


def _with(quotes: Sequence[Quote], more: Iterator[Quote], joined: bool) -> list[Quote]:
    """The quotes and those of ``more`` that are not quoted yet; ``joined``: where they overlap,
    the answers of both are marked."""
    found = list(quotes)
    for quote in more:
        place = next((i for i, known in enumerate(found) if _overlap(quote, known)), None)
        if place is None:
            found.append(quote)
        elif joined:
            known = found[place]
            start, end = (
                min(known.span.start, quote.span.start),
                max(known.span.end, quote.span.end),
            )
            answers = dict.fromkeys((*known.answer, *quote.answer))
            found[place] = replace(known, span=Span(start, end), answer=tuple(answers))
    return found


def quotes_of(found: Found) -> Iterator[Quote]:
    """The sentences of a passage that hold its answers; neighbours are one quote."""
    stored = found.candidate.stored
    text, first = stored.passage.text, stored.passage.start
    quotes: list[Quote] = []
    for answer in found.answers:
        span = _sentences_around(stored.passage.sentences, answer)
        last = quotes[-1] if quotes else None
        if (
            last
            and not text[last.span.end - first : max(last.span.end, span.start) - first].strip()
        ):
            joined = Span(last.span.start, max(last.span.end, span.end))
            quotes[-1] = replace(last, span=joined, answer=(*last.answer, answer))
        else:
            quotes.append(Quote(stored.passage.article_id, stored.title, span, (answer,)))
    # First the one with the best answer: the others follow it in the passage's order.
    yield from sorted(quotes, key=lambda quote: found.best not in quote.answer)


def _sentences_around(sentences: Sequence[Sentence], answer: Span) -> Span:
    """From the start of the sentence in which the answer begins to the end of its last one."""
    around = [s for s in sentences if s.start < answer.end and s.end > answer.start]
    around = [s for s in around if s.kind == "prose"] or around  # a headline that answers
    start = min([answer.start, *(s.start for s in around)])
    return Span(start, max([answer.end, *(s.end for s in around)]))


def _overlap(one: Quote, other: Quote) -> bool:
    same = one.article_id == other.article_id
    return same and one.span.start < other.span.end and other.span.start < one.span.end


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
    return replace(quote, span=Span(quote.span.start, end))


def _continues(before: str, sentence: str) -> bool:
    """Whether ``sentence`` goes on with the list that ``before`` began."""
    folded = fold(sentence)
    if before.rstrip().endswith(":") or _GOES_ON.search(folded):
        return True
    return bool(_LEFT_OPEN.search(before.rstrip()) and _ALSO_SAYS.search(folded))


def cite(quotes: Sequence[Quote], texts: Mapping[str, str], first: int = 1) -> tuple[Citation, ...]:
    """Quotes → citations numbered from ``first``, each verified against its article's text."""
    return tuple(
        citation(number, quote, texts[quote.article_id])
        for number, quote in enumerate(quotes, first)
    )


def citation(number: int, quote: Quote, text: str) -> Citation:
    """The quote under a number, verified against the article's ``text``."""
    start, end = quote.span.start, quote.span.end
    words = text[start:end]
    verified = 0 <= start < end <= len(text) and bool(words.strip())
    return Citation(
        number, quote.article_id, quote.title, start, end, words, verified, quote.answer
    )
