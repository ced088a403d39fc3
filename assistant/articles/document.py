"""What a file says before it is an article, and how structure is written into plain text.

Every format becomes the same light text: paragraphs apart by a blank line, headings marked with
"# ", items with "- ", and a row of a table as a sentence "header: cell; header: cell.", so that a
quoted row says what its figures are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile, zip_longest
from typing import Final

import regex

from assistant.articles.text_files import line_of

MOST_COLUMNS: Final = 100  # of a cell that says it is wider

_TAIL = regex.compile(r"\s*[-–—|·•:：].{2,60}$")


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an article beside its text; "" where nothing is."""

    title: str = ""
    source: str = ""  # address or name of the publisher
    date: str = ""  # ISO 8601 day
    language: str = ""  # ISO 639-1
    author: str = ""

    def or_else(self, other: Metadata) -> Metadata:
        """These facts; where one is missing, that of ``other``."""
        return Metadata(
            self.title or other.title,
            self.source or other.source,
            self.date or other.date,
            self.language or other.language,
            self.author or other.author,
        )


@dataclass(frozen=True, slots=True)
class Document:
    """The text of one article in a file.

    ``marked``: its headings are marked with "# ". ``member``: its name in an archive. ``notes``:
    what could not be read of it, a line each. ``around``: what is known of the book or the mail
    that it is part of, or guessed, which counts last. ``byline``: the short lines that stand under
    the headline, and ``edges`` the running heads of its pages, where the text has them not.
    ``collected``: a paragraph of a collection, which is prose to its end.
    """

    text: str
    metadata: Metadata = field(default_factory=Metadata)
    marked: bool = False
    member: str = ""
    notes: tuple[str, ...] = ()
    around: Metadata = field(default_factory=Metadata)
    byline: tuple[str, ...] = ()
    edges: tuple[str, ...] = ()
    collected: bool = False


def headline(title: str, shown: Iterable[str]) -> str:
    """A title without what its page puts behind each ("… - Tin Sớm"): the headline that is
    ``shown`` and which it begins with."""
    title = line_of(title)
    starts = (line_of(h) for h in shown)
    return next(
        (h for h in starts if h and title.startswith(h) and _TAIL.match(title, len(h))), title
    )


def joined(blocks: Iterable[str]) -> str:
    """Blocks as the paragraphs of a text; empty ones are left out."""
    return "\n\n".join(block for block in (b.strip() for b in blocks) if block)


def heading(text: str, level: int = 2) -> str:
    """A heading's line; level 1 is the headline."""
    line = line_of(text)
    return f"{'#' * max(1, min(level, 6))} {line}" if line else ""


def item(text: str, number: str = "") -> str:
    """A line of a list. ``number`` as it stands before the item, "2." """
    line = line_of(text)
    return f"{number or '-'} {line}" if line else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table over so many columns. ``above``: it is part of the one above it."""

    text: str
    columns: int = 1
    above: bool = False


def table(rows: Sequence[Sequence[str]], heads: int = 1) -> str:
    """The lines of a table whose first rows, so many, are its header, below its title.

    A table of one column has no header. A cell without a header stands alone.
    """
    titles, cells = with_one_header(rows, heads)
    if not any(len(row) > 1 for row in cells[1:]):
        return joined([*titles, "\n".join("; ".join(filter(None, row)) for row in cells)])
    header = cells[0]
    body = (_row(header if len(row) > 1 else (), row) for row in cells[1:])
    return joined([*titles, "\n".join(filter(None, body))])


def with_one_header(
    rows: Sequence[Sequence[str]], heads: int = 1
) -> tuple[list[str], list[list[str]]]:
    """The title of a table, and its rows with one for its header.

    A row of one cell in a wider table is no row of it: above the header it is the title.
    """
    cells = [[line_of(cell) for cell in row] for row in rows if any(c.strip() for c in row)]
    header = next((n for n, row in enumerate(cells) if len(row) > 1), 0)
    titles, cells = [cell for (cell,) in cells[:header]], cells[header:]
    heads = max(1, min(heads, len(cells) - 1))
    named = zip_longest(*cells[:heads], fillvalue="")
    names = [", ".join(dict.fromkeys(filter(None, parts))) for parts in named]
    return titles, [names, *cells[heads:]] if cells else []


def merged(rows: Sequence[Sequence[Cell]], heads: int = 1) -> tuple[list[list[str]], int]:
    """The rows of a table with merged cells, a text for each column, and how many its header has:
    at least those over which its first cells reach. A title has a row of one cell."""
    first = next((n for n, row in enumerate(rows) if len(row) > 1), 0)
    below = takewhile(lambda row: any(cell.above for cell in row), rows[first + 1 :])
    heads = max(heads, 1 + sum(1 for _ in below))
    grid: list[list[str]] = []
    for n, row in enumerate(rows):
        told: list[str] = []
        for cell in row:
            known = cell.above and grid and len(told) < len(grid[-1])
            text = grid[-1][len(told)] if known else cell.text
            # A header names each column below it; what a cell says is told once.
            rest = text if n < first + heads else ""
            told += [text, *[rest] * (cell.columns - 1)]
        grid.append(told if len(row) > 1 else told[:1])
    return grid, heads


def _row(header: Sequence[str], row: Sequence[str]) -> str:
    named = zip([*header, *[""] * len(row)], row, strict=False)
    told = "; ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell)
    return told if told[-1:] in (*".!?…", "") else f"{told}."  # a sentence, and no heading
