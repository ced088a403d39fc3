"""The words around quotes: the short answer, the quotes in their frame, a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

from assistant.answering.prompt_texts import say
from assistant.text.dates import shown_days
from assistant.text.names import publisher
from assistant.text.terms import fold
from assistant.types import Article, Citation, QuestionKind, ResolvedDate

WHOLE = 0.8  # share of its quote from which an answer is not said apart
APART = 3  # articles from which each stands under its own headline


def answers_in(citation: Citation) -> list[str]:
    """The words of the quote that answer, each on one line."""
    first = citation.start
    return [_one_line(citation.quote[a.start - first : a.end - first]) for a in citation.answer]


def short_answer(citations: Sequence[Citation], newest: Mapping[str, Article] | None = None) -> str:
    """The words that answer, each once; "" where no citation has any.

    ``newest``: the cited articles by id, where only those of the newest of them are meant.
    """
    if newest:
        citations = [c for c in citations if c.article_id == citations[0].article_id]
    return "; ".join(words for words, _ in _items(citations))


def wording(
    citations: Sequence[Citation],
    language: str,
    articles: Mapping[str, Article],
    dates: Sequence[ResolvedDate] = (),
    as_of: str = "",
) -> str:
    """The answer's text: the words that answer, then a frame in the question's language and the
    quotes; of many articles, and where they differ (``as_of``), each under its headline and day.

    ``articles``: those that are cited, by id. ``dates``: what is computed for words that answer.
    """
    lines = []
    if not _is_whole(citations) or dates or as_of:
        day_of = {c.number: articles[c.article_id].date for c in citations} if as_of else {}
        items = [
            f"{_with_days(words, number, dates, language, day_of.get(number, ''))} [{number}]"
            for words, number in _items(citations)
        ]
        lines = ["; ".join(items), ""] if items else []
    count = len(articles)
    if count < APART and not as_of:
        lines.append(say("frame_several" if count > 1 else "frame", language, n=count))
        return "\n".join([*lines, *map(_quoted, citations)])
    frame = say("differing" if as_of else "found_in", language, n=count)
    return "\n".join([*lines, overview(frame, citations, language, articles)])


def _with_days(
    words: str, number: int, dates: Sequence[ResolvedDate], language: str, day: str
) -> str:
    """The words of citation ``number`` that answer, each computed day behind what it is computed
    from; then ``day``, that of the article, where there is one."""
    for one in dates:
        if one.number != number:
            continue
        told, days = _one_line(one.words), shown_days(one.first, one.last, language)
        at = words.find(told)
        end = at + len(told)
        words = f"{words[:end]} ({days}){words[end:]}" if at >= 0 else f"{words} ({told}: {days})"
    return f"{words} ({shown_days(day, day, language)})" if day else words


def overview(
    frame: str, citations: Sequence[Citation], language: str, articles: Mapping[str, Article]
) -> str:
    """An overview's text: what it is, and its quotes under their articles' headlines."""
    lines = [frame]
    for article_id, told in groupby(citations, lambda citation: citation.article_id):
        lines += ["", _headline(articles[article_id], language), *map(_quoted, told)]
    return "\n".join(lines)


def _facts(article: Article, language: str) -> str:
    """Author, newspaper and day in one line; that no author is named is said."""
    author = article.author or say("no_author", language)
    day = shown_days(article.date, article.date, language) if article.date else ""
    return " · ".join(filter(None, (author, publisher(article.source), day)))


def of_kind(
    kind: QuestionKind,
    citations: Sequence[Citation],
    language: str,
    articles: Mapping[str, Article],
    count: int,
    goes_on: bool,
) -> tuple[str, str]:
    """The text and the short form of what is told of articles as a whole. ``count``: articles that
    were asked; ``goes_on``: in a conversation."""
    if kind == "byline":
        return _byline(citations, language, articles)
    what: str = kind
    n = count
    if kind == "listing":
        what, n = "found_in" if len(articles) > 1 else "found_in_one", len(articles)
    elif kind == "greeting" and goes_on:
        what = "greeting_later"
    told = overview(say(what, language, n=n), citations, language, articles)
    return told, "" if kind == "listing" else short_answer(citations)


def _byline(
    citations: Sequence[Citation], language: str, articles: Mapping[str, Article]
) -> tuple[str, str]:
    """The answer's text, each article's facts before its quotes, and its short form: the facts of
    the only article, "" of several. ``articles``: those that are cited, by id."""
    lines = []
    for article_id, article in articles.items():
        told = [one for one in citations if one.article_id == article_id]
        numbers = "".join(f"[{one.number}]" for one in told)
        lines += [article.title, f"{_facts(article, language)} {numbers}", ""]
    only = next(iter(articles.values()))
    return "\n".join(lines).strip(), _facts(only, language) if len(articles) == 1 else ""


def _quoted(citation: Citation) -> str:
    return f"“{_one_line(citation.quote)}” [{citation.number}]"


def _headline(article: Article, language: str) -> str:
    day = article.date
    if language != "vi":
        day = shown_days(day, day, language)
    elif len(day) == len("2025-08-05"):
        day = "/".join(reversed(day.split("-")))
    return f"{article.title} ({day})" if day else article.title


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


def refusal(closest: Citation | None, language: str, kind: str) -> str:
    """The refusal's text, with the closest passage where there is one."""
    sentence = say(kind, language)
    if closest is None:
        return sentence
    return f"{sentence}\n{say('closest', language)} “{_one_line(closest.quote)}”"


def _one_line(quote: str) -> str:
    """A quote may span paragraphs; shown, they are set apart by a space."""
    return " ".join(quote.split())
