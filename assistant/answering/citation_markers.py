"""Markers in the text of a language model: "… đại hội [1]." → clean text and numbers.

The model is shown passages numbered from 1 and asked to write [n] behind a sentence. What it
writes is not always that: "[1, 2]", "【1†source】", "(nguồn 1)", "**[1]**", "¹", or a number
that it was never shown. A marker is taken out with the blanks before it, and only numbers that
were shown are reported. Brackets of the article's own stay text.

The text comes in pieces of any size. It is read character by character, and a character is held
back only while it can still turn out to be part of a marker, so what comes out depends on the
text and not on how it was cut.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

import regex

MARKER = re.compile(r"[ \t]*\[(\d{1,4})\]")  # as it stands in an answer of ours
LONGEST = 160  # code points held back: a list of forty numbers fits
LONGEST_LINK = 400  # the same for the address behind a marker: "[1](https://…)"
_TAIL = 80  # code points of the text before a bracket that say what the bracket is

_BLANK = r"[ \t\xa0\u2009\u202f\u3000]"
_BLANKS = " \t\xa0\u2009\u202f\u3000"
_OPEN, _CLOSE = r"[\[【［〔]", r"[\]】］〕]"
_RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
_TO_DIGITS = str.maketrans(_RAISED + "⁻˒", "0123456789-,")
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

# What the models write before a number. The first kind means a citation wherever it stands, the
# second is also a word of news ("cao tốc (đoạn 1)"): in round brackets it proves nothing.
_SOURCE = (
    r"nguồn(?: tin)?|nguon|trích dẫn|dẫn chứng|sources?|src|passages?|citations?|cite|cited"
    r"|references?|refs?|fuentes?|quellen?|fonti|fonte|来源|出典"
)
_PART = (
    r"đoạn(?: văn| trích)?|doan|bài(?: báo| viết)?|tài liệu|văn bản|ngữ cảnh"
    r"|documents?|docs?|articles?|context|chunks?|snippets?|excerpts?"
)
_NONE = (
    r"(?:citation|source|reference)s?(?: needed| required| missing)?|no (?:citation|source)s?"
    r"|uncited|(?:cần|thiếu|chưa có|không có) (?:trích |dẫn )*nguồn|nguồn|trích dẫn|n"
)
_LABEL = rf"(?:[\^#№]|(?:{_SOURCE}|{_PART}){_BLANK}*[:.#№]?(?:{_BLANK}*số)?){_BLANK}*"
_NUMBER = r"\d{1,9}"
_TO = rf"{_BLANK}*(?:[-–—‑−~]|to|đến){_BLANK}*"
_ORIGIN = r"(?::\d{1,4})?†[^\[\]【】［］,;\s]{0,60}"  # 【1†source】, 【4:0†L3-L9】
_ITEM = rf"(?:{_LABEL})?{_NUMBER}(?:{_TO}(?:{_LABEL})?{_NUMBER})?(?:{_ORIGIN})?"
_AND = rf"(?:và|and|or|hoặc){_BLANK}+"
_COMMA = rf"(?:{_BLANK}*[,;/&+|、，；]{_BLANK}*(?:{_AND})?|{_BLANK}+(?:{_AND})?)"
_LIST = rf"{_BLANK}*{_ITEM}(?:{_COMMA}{_ITEM})*{_BLANK}*"

_ROUND = rf"[(（]{_LIST}[)）]"
_SQUARE = rf"{_OPEN}(?:{_LIST}|{_ROUND}|{_BLANK}*(?:{_NONE}){_BLANK}*)(?:{_CLOSE}|[)）])"
_BETWEEN = rf"(?:{_BLANK}*(?:[,;/&、，]{_BLANK}*)?(?:{_AND})?)"
_SQUARES = rf"{_SQUARE}(?:{_BETWEEN}{_SQUARE})*"
_NESTED = rf"[\[【［〔(（]{_BLANK}*{_SQUARES}{_BLANK}*[\]】］〕)）]"
_CHAIN = rf"(?:{_SQUARE}|{_NESTED})(?:{_BETWEEN}(?:{_SQUARE}|{_NESTED}))*"
_ROUNDS = rf"{_ROUND}(?:{_BLANK}*[,;]?{_BLANK}*{_ROUND})*"
_SUPERSCRIPT = rf"[{_RAISED}]{{1,4}}(?:[,˒⁻–-][{_RAISED}]{{1,4}})*|<sup>{_LIST}</sup>"

_KINDS = rf"(?P<square>{_CHAIN})|(?P<round>{_ROUNDS})|(?P<raised>{_SUPERSCRIPT})"
_DRESSED = (
    rf"(?P<dress>\*{{1,3}}|_{{1,2}}|`)(?P<square>{_CHAIN})(?P=dress)"
    rf"|<sup>(?P<square>{_CHAIN})</sup>"
)
_MARK = regex.compile(rf"{_BLANK}*(?:{_KINDS}|{_DRESSED})", regex.IGNORECASE)
_BARE = regex.compile(_KINDS, regex.IGNORECASE)
_ONE = regex.compile(rf"{_NESTED}|{_SQUARE}|{_ROUND}", regex.IGNORECASE)
_LINK = regex.compile(rf"\((?:https?:|www\.|[#/])[^\s()]{{0,{LONGEST_LINK}}}\)")
_STARTS = frozenset(_BLANKS + "[【［〔(（*_`<" + _RAISED)
_PLAIN = regex.compile(rf"[^{regex.escape(''.join(_STARTS | _LINE_ENDS))}]+")

_RANGE = regex.compile(
    rf"({_NUMBER})(?:{_TO}(?:{_LABEL})?({_NUMBER}))?(?:{_ORIGIN})?", regex.IGNORECASE
)
_LABELLED = regex.compile(rf"[(（]{_BLANK}*(?:{_SOURCE})(?!\p{{L}})", regex.IGNORECASE)
_WORDLESS = regex.compile(r"[\W\d_]+")  # nothing but numbers and marks
_HALF = regex.compile(rf"{_BLANK}*(?:{_OPEN}|[(（].*\d|<sup>)", regex.IGNORECASE)
_NUMBERED_HALF = regex.compile(rf"{_BLANK}*{_OPEN}.*\d")

_WORD = regex.compile(r"\w+(?:\[[^\[\]\s]{1,40}\])*\Z")
_DAY = regex.compile(r"(?<![\d\-–/.])\d{1,2}[-–]\d{1,2}(?![\d\-–/]|[.,]\d)")
_LINE_START = regex.compile(r"\n\s*(?:(?:[-–—*•+>]|#{1,6}|\d{1,3}[.)])\s*)?\Z")
_ENUMERATED = regex.compile(r"[(（]\d{1,2}[)）][^\n]*\Z")  # "điều (1) và" before "(2)"
_CLAUSE_END = frozenset('.,;:!?…。，；：！？"”»')
_NOT_BEFORE = frozenset("([{（【“‘«:：=+/<>")  # a round bracket behind these is not a citation
# Behind these a superscript is a power.
_is_measure = frozenset(
    "mm cm dm km hm dam nm µm μm ft yd mi in inch px kg mg mc sin cos tan log".split()
).__contains__


@dataclass(frozen=True, slots=True)
class Marker:
    """A place where the model cited. ``numbers``: those it was shown, in its order, once each.

    Empty where it cited only numbers that it was never shown, or began a marker and broke off.
    """

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """The start of the held text, ``length`` of it: a marker, or text where ``numbers`` is None."""

    length: int
    numbers: tuple[int, ...] | None = None


_TEXT = _Reading(1)


def literals_of(texts: Iterable[str]) -> frozenset[str]:
    """The brackets in ``texts`` that look like markers, as an answer may quote them.

    Attached to a word they count with it ("x[0]", "Nội[2]"), round ones also alone ("(1)"), and
    so do words in square brackets ("[nguồn]"). A number in square brackets that stands alone is
    none: that is how the model was told to cite. A day ("5-8") counts in brackets too, since
    that is how Vietnamese news writes it: "hôm nay (5-8)".
    """
    found: set[str] = set()
    for text in texts:
        found.update(f"({day.group().replace('–', '-')})" for day in _DAY.finditer(text))
        for match in _BARE.finditer(text):
            found.update(_literals(text, match.start(), match.end()))
    return frozenset(found)


def _literals(text: str, start: int, end: int) -> Iterator[str]:
    """The literals of the brackets in a row at ``[start, end)``."""
    marks = [(m.start(), m.end()) for m in _ONE.finditer(text, start, end)] or [(start, end)]
    for begin, stop in marks:
        mark = text[begin:stop]
        word = _WORD.search(text[max(0, begin - _TAIL) : begin])
        if word:
            yield word.group() + mark
        elif mark[0] in "(（" or not (_WORDLESS.fullmatch(mark)):
            yield mark


class MarkerFilter:
    """Takes the markers out of a text that comes in pieces.

    ``known``: the numbers of the passages that the model was shown. ``literals``: from
    :func:`literals_of` over the texts of those passages.
    """

    def __init__(self, known: Collection[int], literals: Collection[str] = ()) -> None:
        self._known = frozenset(known)
        self._ascending = sorted(self._known)
        self._digits = len(str(max(self._known))) if self._known else 0
        self._literals = frozenset(literals)
        self._held = ""
        self._tail = "\n"  # the end of the text that has come out, from which a bracket is read
        self._cited = False  # a marker, and no text, came out last

    def feed(self, text: str) -> list[str | Marker]:
        """The next piece of the model's text → what is now certain of it, in order."""
        found: list[str | Marker] = []
        at = 0
        while at < len(text):
            if not self._held and (plain := _PLAIN.match(text, at)):
                self._say(plain.group(), found)
                at = plain.end()
                continue
            character = text[at]
            at += 1
            if character in _LINE_ENDS:
                self._release(found, ended="line")
                self._say(character, found)
            elif character not in _STARTS and not self._held.strip(_BLANKS):
                self._say(self._held + character, found)
                self._held = ""
            else:
                self._held += character
                self._release(found)
        return found

    def finish(self) -> list[str | Marker]:
        """What is still held back; the text has ended. A marker that was begun vanishes."""
        found: list[str | Marker] = []
        self._release(found, ended="text")
        return found

    def _release(self, found: list[str | Marker], ended: str = "") -> None:
        """Puts out what is certain. ``ended``: "line" or "text" where that ends here."""
        while self._held:
            link = self._link(ended) if self._cited else 0
            reading = None if link is None else self._read(self._held, self._cited, ended)
            if link:
                self._held = self._held[link:]
            elif reading is None:
                return
            elif reading.numbers is None:
                self._say(self._held[: reading.length], found)
                self._held = self._held[reading.length :]
            else:
                found.append(Marker(reading.numbers))
                self._cited = True
                self._held = self._held[reading.length :]

    def _say(self, text: str, found: list[str | Marker]) -> None:
        if self._cited and self._tail[-1] == "\n":
            text = text.lstrip(_BLANKS)  # "[1] Ông" at the start of a line → "Ông"
        if not text:
            return
        if found and isinstance(found[-1], str):
            found[-1] += text
        else:
            found.append(text)
        line = "\n" if text[-1] in _LINE_ENDS else text[-_TAIL:]
        self._tail = (self._tail + line)[-_TAIL:]
        self._cited = False

    def _link(self, ended: str) -> int | None:
        """The length of the address behind a marker, 0 without one, None while that is open."""
        link = _LINK.match(self._held, partial=True)
        if link is None:
            return 0
        return link.end() if ended or not link.partial else None

    def _read(self, held: str, cited: bool, ended: str) -> _Reading | None:
        """What ``held`` begins with; None while that is open. ``cited``: behind a marker."""
        if held[0] not in _STARTS:
            return _TEXT
        growing = _MARK.fullmatch(held, partial=True) if len(held) <= LONGEST else None
        if growing and not ended:
            return None
        mark = _MARK.match(held)
        if mark is None:
            half = _HALF if ended == "text" else _NUMBERED_HALF
            return _Reading(len(held), ()) if growing and half.match(held) else _TEXT
        if mark["square"]:
            return self._square(mark, cited)
        if mark["round"]:
            return self._round(mark, cited, held[mark.end() :], ended)
        return self._raised(mark, cited)

    def _square(self, mark: regex.Match[str], cited: bool) -> _Reading:
        start = mark.start("square")
        first = _ONE.match(mark.string, start)
        if first and self._is_literal(first.group(), attached=not (start or cited)):
            return _Reading(first.end())
        return _Reading(mark.end(), self._shown(_ranges(mark["square"])))

    def _round(
        self, mark: regex.Match[str], cited: bool, after: str, ended: str
    ) -> _Reading | None:
        """Round brackets cite only at the end of a clause, and only like the numbers shown."""
        start = mark.start("round")
        brackets = list(_ONE.finditer(mark.string, start, mark.end()))
        text = _Reading(brackets[0].end())
        attached = not (start or cited)
        if any(self._is_literal(b.group(), attached) for b in brackets):
            return text
        ranges = _ranges(mark["round"])
        cites = _Reading(mark.end(), self._shown(ranges))
        if _LABELLED.match(mark["round"]):
            return cites
        if not (self._may_cite(attached, cited) and all(map(self._is_like_shown, ranges))):
            return text
        ends = self._clause_ends(after, ended)
        return None if ends is None else cites if ends else text

    def _raised(self, mark: regex.Match[str], cited: bool) -> _Reading:
        """A superscript cites behind a mark or a word, but not behind a unit: "5 m²"."""
        text, start = mark["raised"], mark.start("raised")
        word = _WORD.search(self._tail)
        attached = not (start or cited)
        if _LINE_START.search(self._tail) and not cited:
            return _Reading(mark.end())
        if attached and self._tail[-1] in _NOT_BEFORE | set("^⁻-−*·"):
            return _Reading(mark.end())
        if attached and word and (_is_power(word.group()) or self._is_literal(text, attached)):
            return _Reading(mark.end())
        ranges = _ranges(text.translate(_TO_DIGITS))
        apart = [(int(d), int(d)) for first, last in ranges for d in str(first) if first == last]
        numbers = self._shown(ranges) or self._shown(apart)  # "¹²" may be 12, or 1 and 2
        return _Reading(mark.end(), numbers)

    def _is_literal(self, mark: str, attached: bool) -> bool:
        word = _WORD.search(self._tail) if attached else None
        if word and word.group() + mark in self._literals:
            return True
        return mark.replace("–", "-") in self._literals

    def _shown(self, ranges: list[tuple[int, int]]) -> tuple[int, ...]:
        """The numbers in ``ranges`` that were shown, in order, once each."""
        found: list[int] = []
        for first, last in ranges:
            if first < last:
                found += [n for n in self._ascending if first <= n <= last]
            else:
                found += [n for n in dict.fromkeys((first, last)) if n in self._known]
        return tuple(dict.fromkeys(found))

    def _is_like_shown(self, numbers: tuple[int, int]) -> bool:
        """Whether round brackets may cite these: neither years and ages nor days, "(5-8)"."""
        first, last = numbers
        if first != last:
            return first in self._known and last in self._known
        return len(str(first)) <= self._digits

    def _may_cite(self, attached: bool, cited: bool) -> bool:
        """Whether the text before round brackets lets them cite."""
        if cited:
            return True
        if _LINE_START.search(self._tail) or _ENUMERATED.search(self._tail):
            return False
        before = self._tail.rstrip(_BLANKS)
        if before[-1:] in _NOT_BEFORE:
            return False
        word = _WORD.search(before)
        return not (attached and word and (len(word.group()) == 1 or word.group().isdigit()))

    def _clause_ends(self, after: str, ended: str) -> bool | None:
        """Whether a clause ends before ``after``, or another marker follows; None: still open."""
        rest = after.lstrip(_BLANKS)
        if not rest:
            return True if ended or len(after) > LONGEST else None
        if rest[0] in _CLAUSE_END:
            return True
        reading = self._read(after, True, ended)
        return None if reading is None else reading.numbers is not None


def _ranges(text: str) -> list[tuple[int, int]]:
    """The numbers of a marker as (first, last), equal where it is a single one."""
    found = []
    for match in _RANGE.finditer(text):
        first = int(match[1])
        found.append((first, int(match[2]) if match[2] else first))
    return found


def _is_power(word: str) -> bool:
    """Whether a superscript behind ``word`` is a power: "m²", "10³", "x²"."""
    return len(word) == 1 or word[-1].isdigit() or word[-1] == "]" or _is_measure(word.lower())
