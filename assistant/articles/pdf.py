"""PDF → light text: lines by where they stand on the page, put together to paragraphs.

PDFium gives runs of characters in the order in which the program that made the file wrote them,
which for word processors, browsers and TeX is the order of reading, columns included. What belongs
together has to be told from the places of the lines.
"""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import pi
from statistics import median
from typing import Final

from pypdfium2 import PdfDocument, PdfiumError, PdfTextPage, raw

from assistant.articles.document import Document, Metadata, joined, table
from assistant.articles.metadata import day_of
from assistant.articles.text_files import line_of, without_unfit

MOST_PAGES: Final = 2000
FAR: Final = 1.5  # line pitches: a wider gap begins a paragraph
LARGER: Final = 1.15  # of the text's letters: a line of larger ones is a heading
SMALL: Final = 0.95  # of the text's letters: lines of smaller ones may be a footnote
FULL: Final = 0.85  # of its column: a shorter line that ends a sentence ends a paragraph
ROOM: Final = 2.0  # widths of the next word: a line with more left ends a paragraph
CELL_GAP: Final = 1.2  # letter heights between two cells of a row
BOLD: Final = 600  # weight of a font
EDGE_LINES: Final = 3  # at the top and the bottom of a page, that may be its header and footer
HEADING_LENGTH: Final = 160  # characters

_HYPHEN = re.compile(r"[\u00ad\ufffe\x02]$|(?<=[^\W\d_])[-\u2010]$")
_SENTENCE_END = re.compile(r"[.!?…:;。！？]['\"”’»)\]]*$")
_PAGE_NUMBER = re.compile(r"(?i)\W*(?:trang|page|seite|p\.)?\W*#(?:\W*(?:/|of|von|trên)\W*#)?\W*")
_NOTE = re.compile(r"(?:\(?\d{1,2}(?!\d)[.)\]]?|\[\d{1,2}\]|[*†‡]+)\s*[^\W\d]")
_DIGITS = re.compile(r"\d+")
_PRODUCERS_TITLE = re.compile(r"(?i)^(untitled|microsoft word -.*|.*\.(docx?|odt|indd|tex|html?))$")


class NoText(ValueError):
    """The pages are pictures."""


class Encrypted(ValueError):
    """The file opens with a password only."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a page, in points from the bottom left; ``cells`` are its parts that stand far
    apart, ``bottom`` is where its letters stand, ``height`` the size of its font."""

    cells: tuple[str, ...]
    left: float
    right: float
    bottom: float
    top: float
    height: float
    bold: bool

    @property
    def text(self) -> str:
        return " ".join(self.cells)


def document_of(data: bytes) -> Document:
    """Raises NoText, Encrypted, or PdfiumError for what is no PDF."""
    try:
        pdf = PdfDocument(data)
    except PdfiumError as error:
        if "password" in str(error).lower():
            raise Encrypted from None
        raise
    try:
        pages = [_lines(pdf[i].get_textpage()) for i in range(min(len(pdf), MOST_PAGES))]
        told = pdf.get_metadata_dict()
        notes = (f"only its first {MOST_PAGES} pages are read",) if len(pdf) > MOST_PAGES else ()
    finally:
        pdf.close()
    if not any(pages):
        raise NoText
    inside = _without_edges(pages)
    body, footnotes = _without_footnotes(inside) if any(inside) else ([], [])
    every = [body, *([note] for note in footnotes)]
    text = without_unfit(joined(block for some in every for block in _paragraphs(some)))
    edges = [
        line.text
        for all_, kept in zip(pages, inside, strict=True)
        for line in all_
        if line not in kept
    ]
    return Document(
        text, _metadata(told), marked=True, notes=notes, edges=tuple(edges[:EDGE_LINES])
    )


def _metadata(told: dict[str, str]) -> Metadata:
    """What the file says of itself. Its day is that of printing, and no article's."""
    title = line_of(told.get("Title", ""))
    return Metadata(
        title="" if _PRODUCERS_TITLE.match(title) else title,
        author=line_of(told.get("Author", "")),
        date=day_of(told.get("Subject", "")),
    )


# Characters to lines
def _lines(page: PdfTextPage) -> list[_Line]:
    lines: list[_Line] = []
    for run in _runs(page):
        if lines and _same_line(lines[-1], run):
            lines[-1] = _with_run(lines[-1], run)
        else:
            lines.append(run)
    return lines


def _runs(page: PdfTextPage) -> Iterator[_Line]:
    """The lines as PDFium breaks them: a line of the page, or a part that stands apart in it. It
    joins lines at a hyphen, for which it gives U+FFFE."""
    text = page.get_text_range()
    for found in re.finditer(r"[^\r\n\ufffe]+\ufffe?|\ufffe", text):
        seen = [i for i in range(*found.span()) if not text[i].isspace()]
        if seen:
            turn = round(raw.FPDFText_GetCharAngle(page, seen[0]) / (pi / 2)) % 4
            boxes = [_box(page, i, turn) for i in seen]
            left, _, right, top = zip(*boxes, strict=True)
            words = (text[seen[0] : seen[-1] + 1],)
            size = median(raw.FPDFText_GetFontSize(page, i) for i in seen)
            weight = median(raw.FPDFText_GetFontWeight(page, i) for i in seen)
            stands = median(_origin(page, i, turn) for i in seen)
            yield _Line(words, min(left), max(right), stands, max(top), size, weight >= BOLD)


def _turned(x: float, y: float, turn: int) -> tuple[float, float]:
    """A point of text that runs in another direction, so many quarter turns from left to right."""
    return ((x, y), (y, -x), (-x, -y), (-y, x))[turn]


def _box(page: PdfTextPage, i: int, turn: int) -> tuple[float, float, float, float]:
    left, bottom, right, top = page.get_charbox(i, loose=True)
    xs, ys = zip(_turned(left, bottom, turn), _turned(right, top, turn), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _origin(page: PdfTextPage, i: int, turn: int) -> float:
    """How high on the page the letter stands."""
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(page, i, x, y)
    return _turned(x.value, y.value, turn)[1]


def _same_line(line: _Line, run: _Line) -> bool:
    middle = (run.bottom + run.top) / 2
    height = max(line.height, run.height)
    return line.bottom < middle < line.top and run.left > line.right - height


def _with_run(line: _Line, run: _Line) -> _Line:
    gap = run.left - line.right
    space = "" if gap < 0.1 * line.height else " "
    cells = (
        (*line.cells, run.cells[0])
        if gap > CELL_GAP * line.height
        else (*line.cells[:-1], line.cells[-1] + space + run.cells[0])
    )
    return _Line(
        cells, line.left, run.right, min(line.bottom, run.bottom), max(line.top, run.top),
        max(line.height, run.height), line.bold and run.bold,
    )  # fmt: skip


# Headers, footers, page numbers
def _without_edges(pages: Sequence[Sequence[_Line]]) -> list[list[_Line]]:
    """The pages without lines that stand at the edge of several of them, numbers aside."""
    counts: Counter[str] = Counter()
    for lines in pages:
        counts.update({_edge_key(line) for line in _edges(lines)})
    often = max(2, len(pages) // 3)

    def is_edge(line: _Line, edges: Sequence[_Line]) -> bool:
        key = _edge_key(line)
        return line in edges and (counts[key] >= often or _PAGE_NUMBER.fullmatch(key) is not None)

    return [[line for line in lines if not is_edge(line, _edges(lines))] for lines in pages]


def _edges(lines: Sequence[_Line]) -> list[_Line]:
    by_height = sorted(lines, key=lambda line: -line.top)
    return [*by_height[:EDGE_LINES], *by_height[-EDGE_LINES:]]


def _edge_key(line: _Line) -> str:
    return _DIGITS.sub("#", line.text)


def _without_footnotes(
    pages: Sequence[Sequence[_Line]],
) -> tuple[list[list[_Line]], list[list[_Line]]]:
    """The pages without footnotes, over which a sentence may go on, and the lines of each: smaller
    ones below the text, from a mark on to the foot of the page or column."""
    size = median(line.height for lines in pages for line in lines)
    kept, notes = [], list[list[_Line]]()
    for lines in pages:
        body: list[_Line] = []
        groups = [list(some) for _, some in groupby(lines, lambda one: one.height < SMALL * size)]
        for some, below in zip(groups, [*groups[1:], []], strict=True):
            ends = not below or below[0].bottom > some[0].top
            is_small = bool(body) and ends and some[0].height < SMALL * size
            marks = (i for i, line in enumerate(some) if is_small and _NOTE.match(line.text))
            start = next(marks, len(some))
            body += some[:start]
            for line in some[start:]:
                if _NOTE.match(line.text):
                    notes.append([])
                notes[-1].append(line)
        kept.append(body)
    return kept, notes


# Lines to paragraphs
def _paragraphs(pages: Sequence[Sequence[_Line]]) -> Iterator[str]:
    every = [line for page in pages for line in page]
    size = median(line.height for line in every) if every else 0.0
    block: list[_Line] = []
    for lines in pages:
        pitch = _pitch(lines)
        for line in lines:
            if block and _begins(block, line, pitch, size):
                yield _block(block, size)
                block = []
            block.append(line)
    if block:
        yield _block(block, size)


def _is_large(line: _Line, size: float) -> bool:
    """Whether its letters are larger than the text's, whose height is ``size``."""
    return line.height > LARGER * size


def _pitch(lines: Sequence[_Line]) -> float:
    steps = [a.bottom - b.bottom for a, b in pairwise(lines)]
    down = [step for step in steps if step > 0]
    return median(down) if down else 0.0


def _begins(block: Sequence[_Line], line: _Line, pitch: float, size: float) -> bool:
    """Whether ``line`` begins a paragraph behind the block's."""
    last = block[-1]
    if (len(last.cells) > 1) != (len(line.cells) > 1):
        return True
    if len(line.cells) > 1:
        return False
    if abs(last.height - line.height) > (LARGER - 1) * max(last.height, line.height):
        return True
    step = last.bottom - line.bottom
    ended = _SENTENCE_END.search(last.text) is not None
    if _is_large(last, size) and 0 < step < FAR * last.height:
        return False  # a headline goes on
    if last.bold != line.bold and (last.bold or ended):
        return True
    if step > 0 and _had_room(last, line, block):
        return True
    if step <= 0 or step > 4 * max(pitch, size):  # another column or page
        return ended
    if step > FAR * max(pitch, 0.1):
        return True
    width = max(one.right for one in block) - min(one.left for one in block)
    short = last.right - last.left < FULL * max(width, line.right - line.left)
    indented = line.left - min(one.left for one in block) > 0.8 * size and len(block) > 1
    return ended and (short or indented)


def _had_room(last: _Line, line: _Line, block: Sequence[_Line]) -> bool:
    """Whether the line's first word, one that begins a sentence, would have stood on the last."""
    word = line.text.partition(" ")[0]
    wide = (line.right - line.left) * (len(word) + 1) / max(len(line.text), 1)
    right = max(one.right for one in (*block, line))
    return right - last.right > ROOM * wide and not word[:1].islower()


def _block(lines: Sequence[_Line], size: float) -> str:
    if len(lines) > 1 and len(lines[0].cells) > 1:
        return table([line.cells for line in lines])
    text = ""
    for line in lines:
        if _HYPHEN.search(text) and line.text[:1].islower():
            text = _HYPHEN.sub("", text) + line.text
        else:
            text = f"{_HYPHEN.sub('-', text)} {line.text}" if text else line.text
    text = line_of(text.replace("\ufffe", ""))
    if len(text) > HEADING_LENGTH:
        return text
    if all(_is_large(line, size) for line in lines):
        return f"# {text}"
    apart = all(line.bold for line in lines) and not _SENTENCE_END.search(text)
    return f"## {text}" if apart else text
