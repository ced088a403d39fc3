"""The rows of .csv and .tsv files, also where whoever wrote them left out quotation marks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """``is_open``: it has a quotation mark that is not closed, or not doubled in a text."""

    cells: list[str]
    is_open: bool = False


def rows_of(text: str, delimiter: str, columns: int) -> Iterator[Row]:
    """The rows of a table of so many columns.

    One with an open quotation mark ends above the next line that has as many cells; a delimiter
    that a space follows is a comma of prose.
    """
    lines = io.StringIO(text).readlines()
    ends_cell = re.compile(rf"{re.escape(delimiter)}(?! )")
    start = 0
    while start < len(lines):
        below = (lines[i] for i in range(start, len(lines)))
        rows, first = csv.reader(below, delimiter=delimiter, strict=True), start
        try:
            for cells in rows:
                yield Row(cells)
                start = first + rows.line_num
            return
        except csv.Error:
            end = start + 1
            while end < len(lines) and len(ends_cell.findall(lines[end])) < columns - 1:
                end += 1
            (cells,) = csv.reader(lines[start : start + 1], delimiter=delimiter)
            yield Row([*cells[:-1], "".join([cells[-1], *lines[start + 1 : end]])], is_open=True)
            start = end


def filled(cells: Sequence[str]) -> list[str]:
    """The cells without the empty ones behind the last that is told."""
    last = max((n for n, cell in enumerate(cells, 1) if cell.strip()), default=0)
    return list(cells[:last])
