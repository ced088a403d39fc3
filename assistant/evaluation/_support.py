"""Citations, scored as ALCE does: statements, and whether what they cite supports them.

Source: Gao, Yen, Yu and Chen 2023, "Enabling Large Language Models to Generate Text with
Citations". ALCE asks an NLI model whether cited text entails a statement. One can be put in the
place of the default, which is a self-check: it asks what checked the answer already.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from assistant.answering.citation_markers import MARKER
from assistant.reading.claim_check import judge
from assistant.reading.shipped import reader_in
from assistant.text.sentences import sentences
from assistant.types import Answer, Article, Citation, Passage, Shown

Supports = Callable[[str, str], bool]  # (cited text, statement) → whether it supports it

_QUOTED = re.compile(r"“[^“”]*”")
_NOT_A_CLAIM = re.compile(r"[:：]\s*$")  # "According to the article:"


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer, without its markers, and the numbers that it cites."""

    text: str
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Of one answer; each in [0, 1], None where the answer has nothing to score."""

    validity: float | None
    precision: float | None
    recall: float | None


def statements_of(text: str) -> list[Statement]:
    """The sentences of an answer with what each cites; a quote is one, however long it is.

    A marker belongs to the sentence it stands in or behind. What ends in a colon and cites
    nothing leads in to a statement and is none.
    """
    bare, markers = _without_markers(text)
    whole = _QUOTED.sub(lambda quote: "x" * len(quote.group()), bare)  # not cut inside a quote
    cuts = [s for line in _lines(whole) for s in _within(whole, *line)]
    numbers: list[list[int]] = [[] for _ in cuts]
    for at, number in markers:
        if cuts:
            numbers[_owner(bare, cuts, at)].append(number)
    found = [
        Statement(bare[start:end], tuple(cited))
        for (start, end), cited in zip(cuts, numbers, strict=True)
    ]
    return [s for s in found if s.numbers or not _NOT_A_CLAIM.search(s.text)]


def _owner(bare: str, cuts: Sequence[tuple[int, int]], at: int) -> int:
    """The sentence that a marker at ``at`` belongs to: on a line's start, the one it opens."""
    if at == 0 or bare[at - 1] == "\n":
        return next((i for i, (start, _) in enumerate(cuts) if start >= at), len(cuts) - 1)
    return max((i for i, (start, _) in enumerate(cuts) if start < at), default=0)


def _without_markers(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without markers, and (offset in it, number) of each."""
    parts, markers, length, last = [], [], 0, 0
    for match in MARKER.finditer(text):
        parts.append(text[last : match.start()])
        length += len(parts[-1])
        markers.append((length, int(match[1])))
        last = match.end()
    return "".join([*parts, text[last:]]), markers


def _lines(text: str) -> list[tuple[int, int]]:
    """Start and end of each line that is not blank."""
    found, start = [], 0
    for line in text.split("\n"):
        if line.strip():
            found.append((start, start + len(line)))
        start += len(line) + 1
    return found


def _within(text: str, start: int, end: int) -> list[tuple[int, int]]:
    return [(start + s.start, start + s.end) for s in sentences(text[start:end])]


def stated(answer: Answer) -> str:
    """What the answer says, to be compared with gold answers.

    Of an answer that quotes, the quotes, without the lines before them; of one in a model's own
    words, its text without markers; of a refusal, nothing.
    """
    if answer.grounding == "refused":
        return ""
    quotes = {" ".join(citation.quote.split()) for citation in answer.citations}
    quoted = [statement for statement in statements_of(body(answer)) if statement.numbers]
    inner = [statement.text.strip().strip("“”") for statement in quoted]
    if inner and all(text in quotes for text in inner):
        return " ".join(inner)
    return MARKER.sub("", answer.text).strip()


def shortly_stated(answer: Answer) -> str:
    """The answer in the fewest words, to be compared with gold answers as a whole."""
    return answer.short or stated(answer)


def body(answer: Answer) -> str:
    """The answer's text without the line that holds the short answer."""
    first, _, rest = answer.text.partition("\n\n")
    said = [item.strip() for item in MARKER.sub("", first).split(";")]
    known = [item.strip() for item in answer.short.split(";")]
    return rest if rest and said == known else answer.text


def framing(answer: Answer) -> str:
    """The answer's own words: its text without what the articles say, and markers."""
    return " ".join(MARKER.sub("", _QUOTED.sub(" ", body(answer))).split())


def score_citations(
    answer: Answer, articles: Mapping[str, Article], supports: Supports | None = None
) -> CitationScores:
    """Validity, precision and recall of an answer's citations.

    validity = markers that resolve to a citation whose span verifies / markers.
    recall = statements whose citations together support them / statements.
    precision = citations that count / citations: one counts when its statement is supported,
    and it supports it alone or the others no longer do without it.
    Source: Gao et al. 2023, §3.3; validity is ours.
    """
    supports = supports or self_check
    statements = statements_of(body(answer)) if answer.grounding != "refused" else []
    quotes = {c.number: c.quote for c in answer.citations if verifies(c, articles)}
    cited = [(s, n) for s in statements for n in s.numbers]
    whole = {s: supports(_joined(s.numbers, quotes), s.text) for s in statements}
    counting = [whole[s] and _counts(s, n, quotes, supports) for s, n in cited]
    return CitationScores(
        _share([number in quotes for _, number in cited]),
        _share(counting),
        _share([whole[statement] for statement in statements]),
    )


def verifies(citation: Citation, articles: Mapping[str, Article]) -> bool:
    """Whether the article's text at the span is the quote, whatever the citation says of itself."""
    article = articles.get(citation.article_id)
    quote = article.text[citation.start : citation.end] if article else ""
    return bool(quote.strip()) and quote == citation.quote


def _counts(
    statement: Statement, number: int, quotes: Mapping[int, str], supports: Supports
) -> bool:
    if number not in quotes:
        return False
    others = [n for n in statement.numbers if n != number]
    alone = supports(quotes[number], statement.text)
    return alone or not supports(_joined(others, quotes), statement.text)


def _joined(numbers: Sequence[int], quotes: Mapping[int, str]) -> str:
    return "\n".join(quotes[number] for number in numbers if number in quotes)


def _share(flags: Collection[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def self_check(cited: str, statement: str) -> bool:
    """Whether ``cited`` supports ``statement`` as the check of claims judges it, which is no
    judgement by another: an answer in a model's words was flagged by it already."""
    passage = Passage("", 0, len(cited), cited, tuple(sentences(cited)))
    return judge(statement, [1], [Shown(1, passage)], reader_in()).verdict == "supported"
