"""Sentences and paragraphs of an article, with offsets.

A text is read in three steps: it is cut into lines, lines are joined into blocks (a paragraph,
a heading, a list item), and a block is cut where its sentences end. Nothing is rewritten:
every sentence is a slice of the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import regex

from assistant.types import Sentence, Span

HEADING_LENGTH = 120  # code points: news headlines stay under it, paragraphs rarely do
QUOTATION_LENGTH = 300  # code points, quotation marks included

_WESTERN = ".!?…‼⁇⁈⁉"
_UNSPACED = "。！？｡؟।॥۔"  # end a sentence without a space behind them, too
_CLOSING = "\"'”’»›)]}」』）】》〉*_"  # with marks that close bold and italic
_OPENING = "\"'“‘«‹([{「『（【《〈*_"
_DASHES = "–—-"  # the hyphen last: it is a range elsewhere in a regex class
_NEVER_FIRST = frozenset(",;:，、；：)]}”’»」』）】》〉")  # what no sentence starts with

_END = re.compile(
    rf"[{re.escape(_WESTERN + _UNSPACED)}][{re.escape(_WESTERN + _UNSPACED + _CLOSING)}]*"
)
_SPACE = re.compile(r"\s+")
_DASHED = re.compile(rf"[{_DASHES}]+\s*")
_EXTENDING = regex.compile(r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]")
_IDEOGRAPHIC = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")

_QUOTATION_MARK = re.compile('["“”«»「」『』]')
_CLOSED_BY = {"“": "”", "«": "»", "「": "」", "『": "』"}
_CLOSING_QUOTES = frozenset("\"'”’»›」』")

_ATX = re.compile(r"#{1,6}(?:\s+|$)")
_ITEM = re.compile(rf"(?:[*+•▪●{_DASHES}]|\d{{1,3}}[.)]|[a-zA-ZđĐ]\))\s+\S")

_WORD = re.compile(r"\w[\w.&-]*\Z")
_LOOK_BACK = 24  # code points: no abbreviation is longer
_ENUMERATOR = re.compile(r"\d{1,2}(?:\.\d{1,2}){0,3}|\d{3}|[IVXLC]{1,5}|[A-Za-zĐđ]")

# Written with a full stop before the name or the word they belong to.
_TITLES = (
    # Vietnamese places, degrees and honours
    "TP Tp tp TX Tx TT Tt TTr KP Kp BV ThS Ths TS Ts TSKH PGS Pgs GS Gs BS Bs BSCK BSCKI BSCKII "
    "CK CKI CKII CK1 CK2 DS ĐD KS Ks KTS Kts CN LS Ls LM Lm ĐĐ NCS NS NSND NSƯT NGND NGƯT "
    "TTND TTƯT CCB ĐB Cty CTy "
    # other languages
    "Mr Mrs Ms Mx Dr Prof St Rev Gen Col Lt Sgt Capt Gov Sen Rep Hon Pres vs cf approx e.g i.e "
    "Mme Mlle Hr Frau Sra Dra"
)
# Written with a full stop before a number: "No. 5", "tr. 12", "Jan. 5".
_NUMBERED = (
    "No no Nos Nr nr Fig fig Vol vol Art art Ch ch pp p tr Tr Đ ĐT SĐT QL TL "
    "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
)
# Words whose single letter is a class and no initial: "dự án nhóm C."
_CLASSES = "nhóm vitamin loại hạng lớp khối bảng điểm mẫu đội tòa khu group class type grade plan"
_IS_TITLE, _IS_NUMBERED, _IS_CLASS = (
    frozenset(words.split()).__contains__ for words in (_TITLES, _NUMBERED, _CLASSES)
)


@dataclass(frozen=True, slots=True)
class _Line:
    """A trimmed line. ``apart``: a blank line or a skipped span stands before it."""

    start: int
    end: int
    kind: Literal["plain", "item", "heading"]
    apart: bool


def sentences(text: str, skip: Sequence[Span] = (), marked: bool = False) -> list[Sentence]:
    """The sentences of ``text`` in order, without whitespace around them.

    Every non-whitespace character outside ``skip`` is in exactly one of them; only in
    ``marked`` text the marks of headings ('#') are in none. Offsets count code
    points. A heading is a sentence of kind "heading", everything else is "prose".
    """
    return [s for paragraph in paragraphs(text, skip, marked) for s in paragraph]


def paragraphs(text: str, skip: Sequence[Span] = (), marked: bool = False) -> list[list[Sentence]]:
    """The sentences of :func:`sentences`, paragraph by paragraph; none is empty.

    A paragraph is a line with its soft wraps: a line that breaks off and goes on in lower case. A
    heading and a list item are one each.
    """
    blocks = list(_blocks(text, skip, marked))
    found = []
    for block, heading in zip(blocks, _headings(text, blocks), strict=True):
        start, end = block[0].start, block[-1].end
        found.append([Sentence(start, end, "heading")] if heading else _cut(text, start, end))
    return found


def heading_like(line: str) -> bool:
    """Whether ``line`` (without whitespace around it) is short and does not end like prose."""
    return (
        0 < len(line) <= HEADING_LENGTH
        and not _stops(line, also=":;,，；：、")
        and not line.lstrip(_OPENING)[:1].islower()
        and any(c.isalnum() for c in line)
        and not _ITEM.match(line)
    )


def heading_text(line: str) -> str:
    """The text of a marked heading without its '#' marks; "" where ``line`` is none."""
    marks = _ATX.match(line)
    if not marks:
        return ""
    marked = line[marks.end() :]
    text = marked.rstrip("#")
    return text.rstrip() if not text or text[-1].isspace() else marked  # "# C#" is about C#


# Lines


def _regions(length: int, skip: Sequence[Span]) -> Iterator[tuple[int, int]]:
    """What ``skip`` leaves of ``[0, length)``."""
    start = 0
    for span in sorted((s for s in skip if s.start < s.end), key=lambda s: s.start):
        if start < span.start:
            yield start, min(span.start, length)
        start = max(start, span.end)
    if start < length:
        yield start, length


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end].rstrip()
    end = start + len(part)
    return end - len(part.lstrip()), end


def _lines(text: str, skip: Sequence[Span], marked: bool) -> Iterator[_Line]:
    for start, end in _regions(len(text), skip):
        apart = True
        while start < end:
            stop = text.find("\n", start, end)
            stop = end if stop < 0 else stop
            line = _line(text, *_trim(text, start, stop), marked, apart)
            if line:
                yield line
            apart = line is None
            start = stop + 1


def _line(text: str, start: int, end: int, marked: bool, apart: bool) -> _Line | None:
    """The line's kind and span; None where it is blank or nothing but markup."""
    line = text[start:end]
    if marked and (marks := _ATX.match(line)):
        start += marks.end()
        end = start + len(heading_text(line))
        return _Line(start, end, "heading", apart) if start < end else None
    if not line:
        return None
    return _Line(start, end, "item" if _ITEM.match(line) else "plain", apart)


# Blocks


def _blocks(text: str, skip: Sequence[Span], marked: bool) -> Iterator[list[_Line]]:
    """Lines grouped: a line and its soft wraps."""
    block: list[_Line] = []
    for line in _lines(text, skip, marked):
        if block and not _continues(text, block[-1], line):
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _continues(text: str, above: _Line, line: _Line) -> bool:
    if line.apart or line.kind != "plain" or above.kind not in ("plain", "item"):
        return False
    tail = text[max(above.start, above.end - 32) : above.end]
    return text[line.start].islower() and not _stops(tail)


def _stops(line: str, also: str = "") -> bool:
    """Whether ``line`` ends like a sentence, or with one of ``also``."""
    return line.rstrip(_CLOSING).endswith(tuple(_WESTERN + _UNSPACED + also))


def _headings(text: str, blocks: Sequence[Sequence[_Line]]) -> list[bool]:
    """Which blocks are headings: marked as one, or standing alone above longer prose.

    From the last to the first, since what a line is depends on what is below it. Above prose
    at most two unmarked lines are headings (headline and sub-heading): more is a list or a poem.
    """
    found: list[bool] = []
    stacked = 0  # unmarked headings directly below
    below = ""
    for block in reversed(blocks):
        line = text[block[0].start : block[-1].end]
        marked = block[0].kind == "heading"
        unmarked = (
            len(block) == 1
            and block[0].kind == "plain"
            and stacked < 2
            and heading_like(line)
            and _is_longer_prose(below, line)
            and len(_cut(text, block[0].start, block[0].end)) == 1
        )
        found.append(marked or unmarked)
        stacked = stacked + 1 if unmarked else 0
        if not unmarked:
            below = line if block[0].kind == "plain" else ""
    return found[::-1]


def _is_longer_prose(below: str, line: str) -> bool:
    return len(below) > len(line) and (len(below) > HEADING_LENGTH or _stops(below, also=":"))


# Sentences


def _cut(text: str, start: int, end: int) -> list[Sentence]:
    """The sentences of one block."""
    found = []
    for stop in (*_ends(text, start, end), end):
        begin, stop = _trim(text, start, stop)
        if begin < stop:
            found.append(Sentence(begin, stop))
        start = stop
    return found


def _ends(text: str, start: int, end: int) -> Iterator[int]:
    """Offsets behind the last mark of every sentence of a block but the last."""
    quotations = _quotations(text, start, end)
    starts = [span.start for span in quotations]
    for match in _END.finditer(text, start, end):
        stop = match.end()
        nearest = bisect_right(starts, stop - 1) - 1
        if nearest >= 0 and stop < quotations[nearest].end:
            continue
        if _ends_sentence(text, start, match, end):
            yield stop
            start = stop


def _ends_sentence(text: str, begin: int, match: re.Match[str], end: int) -> bool:
    """Whether the sentence from ``begin`` ends with ``match``: marks and what they close."""
    stop = match.end()
    following = _past(_SPACE, text, stop, end)
    if following == end:
        return False  # the block ends here, and with it the sentence
    marks = match.group().rstrip(_CLOSING)
    if following == stop:
        return _ends_unspaced(text, begin, match, marks)
    if marks == "." and _is_abbreviation(text, begin, match.start(), text[following]):
        return False
    return "\n" in text[stop:following] or _starts_sentence(
        text, following, end, marks, closes=len(marks) < stop - match.start()
    )


def _past(pattern: re.Pattern[str], text: str, start: int, end: int) -> int:
    match = pattern.match(text, start, end)
    return match.end() if match else start


def _ends_unspaced(text: str, begin: int, match: re.Match[str], marks: str) -> bool:
    """The same where no space follows: 他说。她说 ends there, 3.5 and 「。」と do not."""
    following = text[match.end()]
    if _EXTENDING.match(following) or following in _NEVER_FIRST:
        return False
    if _CLOSING_QUOTES.intersection(match.group()) and following not in _OPENING:
        return False  # who said it follows
    if any(mark in _UNSPACED for mark in marks):
        return True
    before = text[max(begin, match.start() - 1)]
    return marks[-1] in "!?" and bool(_IDEOGRAPHIC.match(before) and _IDEOGRAPHIC.match(following))


def _starts_sentence(text: str, start: int, end: int, marks: str, closes: bool) -> bool:
    """Whether a sentence can start at ``start``, behind ``marks`` and a space.

    ``closes``: a quotation or bracket was closed behind the marks, so that a dash or a
    lower-case word goes on with who said it.
    """
    first = _past(_DASHED, text, start, end)
    if first == end or text[first] in _NEVER_FIRST or (closes and first > start):
        return False
    lower = text[first].islower()
    if set(marks) <= {".", "…"} and marks != ".":
        return text[first] in _OPENING or (text[first].isalpha() and not lower)
    return not lower or (marks != "." and not closes and first == start)


def _is_abbreviation(text: str, begin: int, stop: int, following: str) -> bool:
    """Whether the full stop at ``stop`` belongs to the word before it."""
    near = max(begin, stop - _LOOK_BACK)
    match = _WORD.search(text[near:stop])
    if not match:
        return False
    word, at = match.group(), near + match.start()
    last = word.rpartition(".")[2]
    if _ENUMERATOR.fullmatch(word) and _is_first(text, begin, at):
        return True
    if _IS_NUMBERED(word) and following.isdigit():
        return True
    if len(last) == 1 and last.isupper():
        return len(word) > 1 or not _is_class(text, begin, at, word)
    return _IS_TITLE(word) or _IS_TITLE(last)


def _is_first(text: str, begin: int, at: int) -> bool:
    """Whether nothing but opening marks stands between ``begin`` and ``at``."""
    return at - begin < 8 and not text[begin:at].strip(_OPENING + _DASHES + "•▪●+ \t\n")


def _is_class(text: str, begin: int, at: int, letter: str) -> bool:
    """Whether a single capital is not an initial: "nhóm C", "vitamin D", the English "I".

    After such a word it names a class, and may end the sentence.
    """
    before = "".join(text[max(begin, at - 16) : at].split()[-1:])
    return _IS_CLASS(before.lower()) or (letter == "I" and before.islower())


def _quotations(text: str, start: int, end: int) -> list[Span]:
    """The short quotations of a block, in order, nested ones merged into the outer."""
    opened: dict[str, int] = {}  # closing mark → where its quotation began
    found: list[Span] = []
    for match in _QUOTATION_MARK.finditer(text, start, end):
        at, mark = match.start(), match.group()
        if mark in _CLOSED_BY:
            opened[_CLOSED_BY[mark]] = at
        elif mark == '"' and _opens(text, at, start, end, '"' in opened):
            opened[mark] = at
        elif mark in opened:
            begin = opened.pop(mark)
            if at + 1 - begin <= QUOTATION_LENGTH:
                while found and found[-1].end > begin:
                    begin = min(begin, found.pop().start)
                found.append(Span(begin, at + 1))
    return found


def _opens(text: str, at: int, start: int, end: int, is_open: bool) -> bool:
    """Whether the straight quotation mark at ``at`` opens a quotation."""
    before = text[at - 1] if at > start else " "
    after = text[at + 1] if at + 1 < end else " "
    if after.isspace():
        return False
    return before.isspace() if is_open else not before.isalnum()
