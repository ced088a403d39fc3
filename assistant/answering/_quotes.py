"""Answers without a language model: the words that answer, and the sentences they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import regex

from assistant.answering.found_answers import Found
from assistant.answering.prompt_texts import say
from assistant.text.terms import fold
from assistant.types import Article, Citation, Sentence, Span

ALSO = 0.8  # another passage is quoted too when its confidence is this share of the best one's
MOST, MOST_OF_LIST = 2, 24  # quotes
WHOLE = 0.8  # share of its quote from which an answer is not said apart
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


def choose(found: Sequence[Found], least: float, all_of_them: bool = False) -> list[Quote]:
    """What is quoted of passages, the surest first: of the best, and of those that answer too.

    ``least``: the confidence that any other must have; ``all_of_them``: every passage that has it
    is quoted, and not only one that is about as sure as the best.
    """
    best = found[0]
    quotes = list(quotes_of(best))
    bar = least if all_of_them else max(least, ALSO * best.confidence)
    for other in found[1:]:
        if other.confidence >= bar:
            quotes += [q for q in quotes_of(other) if not any(_overlap(q, k) for k in quotes)]
    return quotes[: MOST_OF_LIST if all_of_them or len(best.answers) > 1 else MOST]


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
    around = [
        s for s in sentences if s.start < answer.end and s.end > answer.start and s.kind == "prose"
    ]
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


def answers_in(citation: Citation) -> list[str]:
    """The words of the quote that answer, each on one line."""
    first = citation.start
    return [_one_line(citation.quote[a.start - first : a.end - first]) for a in citation.answer]


def short_answer(citations: Sequence[Citation]) -> str:
    """The words that answer, each once; "" where no citation has any."""
    return "; ".join(words for words, _ in _items(citations))


def wording(citations: Sequence[Citation], language: str) -> str:
    """The answer's text: the words that answer, then a frame in the question's language and the
    quotes."""
    lines = []
    if not _is_whole(citations):
        items = [f"{words} [{number}]" for words, number in _items(citations)]
        lines = ["; ".join(items), ""] if items else []
    articles = len({citation.article_id for citation in citations})
    lines.append(say("frame_several" if articles > 1 else "frame", language, n=articles))
    lines += [f"“{_one_line(c.quote)}” [{c.number}]" for c in citations]
    return "\n".join(lines)


def _items(citations: Sequence[Citation]) -> list[tuple[str, int]]:
    """Each answer's words, with the number of the first citation that has them."""
    found: dict[str, tuple[str, int]] = {}
    for citation in citations:
        for words in answers_in(citation):
            found.setdefault(fold(words), (words, citation.number))
    return list(found.values())


def _is_whole(citations: Sequence[Citation]) -> bool:
    """Whether there is one quote, and it is hardly more than the answer."""
    told = sum(answer.end - answer.start for answer in citations[0].answer)
    return len(citations) == 1 and told >= WHOLE * len(citations[0].quote)


def refusal(closest: Citation | None, language: str) -> str:
    """The refusal's text, with the closest passage where there is one."""
    sentence = say("refusal", language)
    if closest is None:
        return sentence
    return f"{sentence}\n{say('closest', language)} “{_one_line(closest.quote)}”"


def _one_line(quote: str) -> str:
    """A quote may span paragraphs; shown, they are set apart by a space."""
    return " ".join(quote.split())
