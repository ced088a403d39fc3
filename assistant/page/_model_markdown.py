"""A language model's Markdown as blocks of spans of its text.

Nothing is rewritten: every run is a slice of the text, so claims and markers keep their places, and
the marks of Markdown are what stands between the runs. Read are paragraphs, headings, lists (one
inside another), tables whose rows begin with "|", code, and bold and italic words; links, images
and HTML stay text. Any text is read, cut anywhere: a mark that is not closed is text.

As CommonMark and GFM have it, but a line end is one, and marks may stand anywhere ("**Tin:**Ông").
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Final, Literal

from assistant.text.sentence_stream import HEADING, ROW, RULE, cells
from assistant.types import Span

Style = Literal["strong", "em", "code"]

NESTED: Final = 2  # columns by which the marker of an item inside another is further in
REMEMBERED: Final = 20  # marks that are looked back at for the one that opens: no text needs more

_LINE_END = re.compile(r"\r\n|\r|\n")
_GAP = re.compile(r"(?:\r\n|\r|\n)\s*(?:\r\n|\r|\n)")
_ITEM = re.compile(r"([ \t]*)(?:[-*+•]|(\d{1,3})[.)])(?:[ \t]+|$)")
_BREAK = re.compile(r"[ \t]{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_FENCE = re.compile(r"[ \t]{0,8}(`{3,}|~{3,})[^`]*")
_HALF_RULE = re.compile(r"[ \t|:-]*")
_TOKEN = re.compile(r"\\[!-/:-@\[-`{-~]|`+|\*+|_+")
_TICKS = re.compile("`+")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of the text that is shown, ``[start, end)``, and how."""

    start: int
    end: int
    styles: frozenset[Style] = frozenset()


Runs = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph, a heading, a block of code, or a line across."""

    tag: Literal["p", "h3", "pre", "hr"]
    runs: Runs


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list, with the list inside it."""

    runs: Runs
    inner: Listing | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. ``first``: the number of its first item, None where it has none."""

    first: int | None
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The first of ``rows`` is the header; rows may be of different lengths."""

    rows: tuple[tuple[Runs, ...], ...]


Block = Words | Listing | Table


def blocks(text: str) -> list[Block]:
    """The blocks of ``text`` in order."""
    return list(_Reading(text).blocks())


def paragraphs(text: str) -> list[Block]:
    """The paragraphs of a text that is no Markdown, those that are blank left out."""
    edges = [0, *(e for gap in _GAP.finditer(text) for e in gap.span()), len(text)]
    spans = [Run(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return [Words("p", (run,)) for run in spans if text[run.start : run.end].strip()]


def to_html(block: Block, words: Callable[[Runs], str]) -> str:
    """The block as HTML on one line, in which ``words`` shows runs."""
    match block:
        case Words(tag="hr"):
            return "<hr>"
        case Words(tag=tag, runs=runs):
            return f"<{tag}>{words(runs)}</{tag}>"
        case Table(rows=rows):
            above = _row(rows[0], "th", words)
            below = "".join(_row(row, "td", words) for row in rows[1:])
            table = f"<table><thead>{above}</thead><tbody>{below}</tbody></table>"
            return f'<div class="wide">{table}</div>'
        case Listing(first=first, items=items):
            inner = "".join(
                f"<li>{words(item.runs)}{to_html(item.inner, words) if item.inner else ''}</li>"
                for item in items
            )
            return f"<ul>{inner}</ul>" if first is None else f'<ol start="{first}">{inner}</ol>'


def _row(cells: Sequence[Runs], tag: str, words: Callable[[Runs], str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{words(cell)}</{tag}>' for cell in cells)}</tr>"


def runs_of(block: Block) -> list[Run]:
    """All that is shown of the block, in order."""
    shown: list[Run] = []

    def keep(runs: Runs) -> str:
        shown.extend(runs)
        return ""

    to_html(block, keep)
    return shown


_Kind = Literal["blank", "code", "heading", "table", "break", "item", "text"]


@dataclass(frozen=True, slots=True)
class _Entry:
    """An item of a list before it is put together. ``inside``: another one."""

    number: int | None
    inside: bool
    lines: list[Span]


class _Reading:
    """A text's lines, and the first that is not read yet."""

    def __init__(self, text: str) -> None:
        ends = list(_LINE_END.finditer(text))
        starts = [0, *(end.end() for end in ends)]
        self._text = text
        self._lines = list(map(Span, starts, [*(end.start() for end in ends), len(text)]))
        self._at = 0

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._lines):
            match self._kind():
                case "blank":
                    self._at += 1
                case "code":
                    yield self._code()
                case "heading":
                    yield self._heading()
                case "table":
                    yield self._table()
                case "break":
                    self._at += 1
                    yield Words("hr", ())
                case "item":
                    yield self._listing()
                case "text":
                    yield self._paragraph()

    def _kind(self) -> _Kind:
        """What the line is, or begins. Of the last one more may come: its mark alone will do."""
        line = self._lines[self._at]
        may_go_on = self._at == len(self._lines) - 1
        if not self._text[line.start : line.end].strip():
            return "blank"
        if _FENCE.fullmatch(self._text, line.start, line.end):
            return "code"
        marks = HEADING.match(self._text, line.start, line.end)
        if marks and (marks.end() < line.end or may_go_on):
            return "heading"
        if ROW.match(self._text, line.start, line.end) and (may_go_on or self._has_rule()):
            return "table"
        if _BREAK.fullmatch(self._text, line.start, line.end):
            return "break"
        marker = _ITEM.match(self._text, line.start, line.end)
        return "item" if marker and (marker.end() < line.end or may_go_on) else "text"

    def _has_rule(self) -> bool:
        """Whether the next line is the rule under a table's header, or is becoming one."""
        line = self._lines[self._at + 1]
        rule = _HALF_RULE if self._at + 2 == len(self._lines) else RULE
        return bool(rule.fullmatch(self._text, line.start, line.end))

    def _next(self) -> Span:
        self._at += 1
        return self._lines[self._at - 1]

    def _paragraph(self) -> Words:
        lines = [self._next()]
        while self._at < len(self._lines) and self._kind() == "text":
            lines.append(self._next())
        return Words("p", _runs(self._text, lines))

    def _heading(self) -> Words:
        line = self._next()
        marks = HEADING.match(self._text, line.start, line.end)
        assert marks, "the line is a heading"
        return Words("h3", _runs(self._text, [Span(marks.end(), line.end)]))

    def _code(self) -> Words:
        """Up to the closing fence, or to the end of the text."""
        fence = self._stripped()
        mark = fence[: len(fence) - len(fence.lstrip(fence[0]))]
        self._at += 1
        lines: list[Span] = []
        while self._at < len(self._lines):
            end = self._stripped()
            lines.append(self._next())
            if end.startswith(mark) and not end.strip(mark[0]):
                lines.pop()
                break
        shown = [Run(a.start, b.end) for a, b in zip(lines[:1], lines[-1:], strict=True)]
        return Words("pre", tuple(run for run in shown if run.start < run.end))

    def _stripped(self) -> str:
        line = self._lines[self._at]
        return self._text[line.start : line.end].strip()

    def _table(self) -> Table:
        rows = [self._row()]
        self._at += 1  # the rule
        while self._at < len(self._lines) and self._stripped().startswith("|"):
            rows.append(self._row())
        return Table(tuple(rows))

    def _row(self) -> tuple[Runs, ...]:
        line = self._next()
        found = cells(self._text[line.start : line.end], line.start)
        return tuple(_runs(self._text, [cell]) for cell in found)

    def _listing(self) -> Listing:
        """The items from here on, with the lines that go on with them."""
        first = self._marker()
        entries: list[_Entry] = []
        apart = False  # a blank line stands before
        while self._at < len(self._lines):
            kind = self._kind()
            line = self._lines[self._at]
            if kind == "blank":
                apart = True
            elif kind == "item":
                marker = self._marker()
                inside = bool(entries) and len(marker[1]) >= len(first[1]) + NESTED
                if not inside and bool(marker[2]) != bool(first[2]):
                    break
                number = int(marker[2]) if marker[2] else None
                entries.append(_Entry(number, inside, [Span(marker.end(), line.end)]))
            elif kind == "text" and (not apart or self._text[line.start].isspace()):
                entries[-1].lines.append(line)
            else:
                break
            apart = kind == "blank"
            self._at += 1
        return self._put_together(entries)

    def _marker(self) -> re.Match[str]:
        line = self._lines[self._at]
        marker = _ITEM.match(self._text, line.start, line.end)
        assert marker, "the line is an item"
        return marker

    def _put_together(self, entries: Sequence[_Entry]) -> Listing:
        items: list[Item] = []
        for inside, group in groupby(entries, lambda entry: entry.inside):
            found = list(group)
            own = tuple(Item(_runs(self._text, entry.lines)) for entry in found)
            if inside:
                items[-1] = Item(items[-1].runs, Listing(found[0].number, own))
            else:
                items += own
        return Listing(entries[0].number, tuple(items))


# Within a block


@dataclass(slots=True)
class _Mark:
    """Marks of emphasis in a row that are not used yet, ``[start, end)``."""

    start: int
    end: int
    opens: bool
    closes: bool

    def __len__(self) -> int:
        return self.end - self.start


def _runs(text: str, lines: Sequence[Span]) -> Runs:
    """What is shown of the lines of a block: the text between its marks, and line ends."""
    inline = _Inline(text)
    for line in lines:
        inline.read(line)
    for line, following in pairwise(lines):
        inline.hidden.append(Span(line.end + 1, following.start))
    inline.match()
    return tuple(inline.cut(Span(lines[0].start, lines[-1].end)))


class _Inline:
    """What is found in the lines of a block: marks, which are hidden, and styles."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._marks: list[_Mark] = []
        self.hidden: list[Span] = []
        self._styled: list[tuple[Span, Style]] = []

    def read(self, line: Span) -> None:
        """Finds code and what a backslash hides; marks of emphasis are matched later."""
        ticks: dict[int, list[int]] = {}
        for run in _TICKS.finditer(self._text, line.start, line.end):
            ticks.setdefault(run.end() - run.start(), []).append(run.start())
        at = line.start
        while token := _TOKEN.search(self._text, at, line.end):
            start, at = token.span()
            if self._text[start] == "\\":
                self.hidden.append(Span(start, start + 1))
            elif self._text[start] != "`":
                self._marks.append(self._mark(line, start, at))
            else:
                same = ticks.get(at - start, [])
                later = bisect_right(same, start)
                if later < len(same):
                    self._style(
                        Span(start, at), Span(same[later], same[later] + at - start), "code"
                    )
                    at += same[later] - start

    def _mark(self, line: Span, start: int, end: int) -> _Mark:
        before = self._text[start - 1] if start > line.start else " "
        after = self._text[end] if end < line.end else " "
        in_word = self._text[start] == "_" and before.isalnum() and after.isalnum()
        opens, closes = not (in_word or after.isspace()), not (in_word or before.isspace())
        return _Mark(start, end, opens, closes)

    def _style(self, opening: Span, closing: Span, style: Style) -> None:
        self.hidden += [opening, closing]
        self._styled.append((Span(opening.end, closing.start), style))

    def match(self) -> None:
        """Each mark that closes with the nearest before it that opens: CommonMark's rules."""
        stack: list[_Mark] = []
        for mark in self._marks:
            while mark.closes and len(mark) and (at := self._opening(stack, mark)) is not None:
                opening = stack[at]
                del stack[at + 1 :]
                width = 2 if min(len(opening), len(mark)) >= 2 else 1
                opening.end -= width
                mark.start += width
                used = Span(opening.end, opening.end + width), Span(mark.start - width, mark.start)
                self._style(*used, "strong" if width == 2 else "em")
                if not len(opening):
                    stack.pop()
            if mark.opens and len(mark):
                stack.append(mark)

    def _opening(self, stack: Sequence[_Mark], mark: _Mark) -> int | None:
        for at in range(len(stack) - 1, max(-1, len(stack) - 1 - REMEMBERED), -1):
            opening = stack[at]
            either = opening.closes or mark.opens
            odd = either and (len(opening) + len(mark)) % 3 == 0 and len(mark) % 3
            if self._text[opening.start] == self._text[mark.start] and not odd:
                return at
        return None

    def cut(self, whole: Span) -> Iterator[Run]:
        """The span without what is hidden, in pieces of one style each."""
        hidden: list[tuple[Span, Style | Literal[""]]] = [(span, "") for span in self.hidden]
        edges = [
            edge
            for span, style in [*hidden, *self._styled]
            if span.start < span.end
            for edge in ((span.start, style, 1), (span.end, style, -1))
        ]
        now: Counter[Style | Literal[""]] = Counter()
        start = whole.start
        for at, style, step in [*sorted(edges), (whole.end, "", 0)]:
            if start < at and not now[""]:
                styles = frozenset(name for name, count in now.items() if name and count)
                yield Run(start, at, styles)
            now[style] += step
            start = max(start, at)
