"""What of a sentence can be checked: its words, numbers, dates and names. Pure functions of text.

Vietnamese and English notation are read alike: "1.250", "1,250"; "15,5%", "15.5 percent";
"1,2 triệu", "1.2 million"; "hai", "two", "2"; "5-8", "ngày 5 tháng 8", "August 5".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

from assistant.text.dates import Date, dates_in
from assistant.text.names import HONORIFICS, OPENERS
from assistant.text.numbers import Number, numbers_in, plain_numbers
from assistant.text.terms import TERM

Kind = Literal["number", "date", "name"]


@dataclass(frozen=True, slots=True)
class Word:
    """A term of the text. ``clause`` counts the clauses before it: they end at , ; : . ( ) “ ”."""

    start: int
    end: int
    term: str
    stem: str
    clause: int
    capital: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """A number, date or name: the words ``[first, last)`` of its reading.

    Where a text may be read as either ("5-8", "2025"), both ``numbers`` and ``dates`` are set.
    """

    kind: Kind
    first: int
    last: int
    numbers: tuple[Number, ...] = ()
    dates: tuple[Date, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class ParsedSentence:
    """A text with its words and facts, both in order. Equal is only the same reading."""

    text: str
    words: tuple[Word, ...]
    facts: tuple[Fact, ...]

    def stems(self, first: int, last: int) -> tuple[str, ...]:
        return tuple(word.stem for word in self.words[max(0, first) : max(0, last)])

    def quote(self, fact: Fact) -> str:
        """The fact's own words."""
        return self.text[self.words[fact.first].start : self.words[fact.last - 1].end]


_CLAUSE = regex.compile(r"[,;:.!?…()\[\]—–]|\s-|-\s")


# One spelling of the tone mark ("hoà" → "hòa") and of i/y ("kì" → "kỳ", "qui" → "quy").
_TONES = {"oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa", "oè": "òe", "oé": "óe",
          "oẻ": "ỏe", "oẽ": "õe", "oẹ": "ọe", "uỳ": "ùy", "uý": "úy", "uỷ": "ủy", "uỹ": "ũy",
          "uỵ": "ụy"}  # fmt: skip
_OPEN_I = regex.compile(r"^(h|k|l|m|s|t|qu)([iìíỉĩị])$")
_I_TO_Y = str.maketrans("iìíỉĩị", "yỳýỷỹỵ")


def stem(term: str) -> str:
    """What forms of a word share: "increased" → "increas", "hoà" → "hòa", "kì" → "kỳ".

    Suffixes are those of English; no Vietnamese syllable ends in them.
    """
    if term.isascii():
        for suffix, rest in _SUFFIXES:
            if term.endswith(suffix) and len(term) - len(suffix) >= 3:
                term = term[: -len(suffix)] + rest
                break
        if len(term) > 4 and term[-1] == term[-2] and term[-1] not in "sl":
            term = term[:-1]
    if len(term) >= 2 and term[-2:] in _TONES and not term.startswith("qu"):
        term = term[:-2] + _TONES[term[-2:]]
    match = _OPEN_I.match(term)
    return match[1] + match[2].translate(_I_TO_Y) if match else term


_SUFFIXES = (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""),
             ("ly", ""), ("ss", "ss"), ("us", "us"), ("s", ""), ("e", ""))  # fmt: skip


@lru_cache(maxsize=4096)
def read(text: str, day: str = "") -> ParsedSentence:
    """The words and facts of ``text``; ``day``, the article's ISO date, resolves "hôm qua"."""
    words = tuple(_words(text))
    taken = [False] * len(words)
    facts: list[Fact] = []
    for start, end, dates in dates_in(text, day):
        first, last = _between(words, start, end)
        if first < last and not any(taken[first:last]):
            numbers = tuple(plain_numbers(text[start:end]))
            facts.append(Fact("date", first, last, numbers, dates))
            taken[first:last] = [True] * (last - first)
    for start, end, number in numbers_in(text):
        first, last = _between(words, start, end)
        if first < last and not any(taken[first:last]):
            kind: Kind = "number"
            facts.append(Fact(kind, first, last, (number,), _as_year(text[start:end])))
            taken[first:last] = [True] * (last - first)
    facts += _names(text, words, taken)
    return ParsedSentence(text, words, tuple(sorted(facts, key=lambda fact: fact.first)))


def _words(text: str) -> Iterator[Word]:
    clause = position = 0
    for match in TERM.finditer(text):
        between = text[position : match.start()]
        if position and _CLAUSE.search(between):
            clause += 1
        position = match.end()
        written = match.group()
        term = written.lower()
        if term == "t" and between in ("'", "’"):
            term = "not"  # n't
        yield Word(match.start(), match.end(), term, stem(term), clause, written[0].isupper())


def _between(words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    """The words that touch ``[start, end)``, as a half-open range."""
    inside = [i for i, word in enumerate(words) if word.start < end and word.end > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _as_year(digits: str) -> tuple[Date, ...]:
    match = regex.fullmatch(r"(1\d{3}|20\d{2})s?", digits)
    return (Date(year=int(match[1])),) if match else ()


# Names
_JOINER = regex.compile(r"[ \u00a0]+|[.'’&-]|[.] ")
_PARTICLES = frozenset("of de von van der la le du el al bin da".split())


def _names(text: str, words: Sequence[Word], taken: Sequence[bool]) -> Iterator[Fact]:
    """Runs of capitalised words; honorifics and what merely opens a sentence are left out."""
    i = 0
    while i < len(words):
        if not words[i].capital or taken[i]:
            i += 1
            continue
        first, last = i, i + 1
        while last < len(words) and not taken[last] and _joined(text, words[last - 1], words[last]):
            if words[last].capital:
                last += 1
            elif (
                words[last].term in _PARTICLES
                and last + 1 < len(words)
                and words[last + 1].capital
                and _joined(text, words[last], words[last + 1])
            ):
                last += 2
            else:
                break
        i = last
        while first < last and _opens(text, words, first):
            first += 1
        while first < last and words[first].term in HONORIFICS:
            first += 1
        if first < last and (last - first > 1 or len(words[first].term) > 1):
            yield Fact("name", first, last)


def _opens(text: str, words: Sequence[Word], i: int) -> bool:
    """Whether the word is capitalised because a sentence or a quotation begins with it."""
    if words[i].term not in OPENERS:
        return False
    return i == 0 or bool(regex.search(r"[.!?…:\"“]\s*$", text[: words[i].start]))


def _joined(text: str, a: Word, b: Word) -> bool:
    between = text[a.end : b.start]
    return bool(_JOINER.fullmatch(between)) and not between.startswith(". ")


def begins(reading: ParsedSentence, fact: Fact) -> bool:
    """Whether a name of one word may have its capital from beginning the sentence."""
    return fact.first == 0 and fact.last == 1
