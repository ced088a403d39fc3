"""Tables drawn with "|" in plain text → rows told with their header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from assistant.articles.document import table

_PIPE = re.compile(r"(?<!\\)\|")


def with_told_rows(text: str) -> str:
    """``text`` with the rows of such tables as those of other formats are told."""
    found = []
    for is_row, some in groupby(text.split("\n"), key=lambda line: "|" in line or _is_rule(line)):
        lines = list(some)
        found += [table(rows)] if is_row and (rows := _rows(lines)) else lines
    return "\n".join(found)


def _rows(lines: Sequence[str]) -> list[list[str]]:
    """The cells of a table; none where a "|" is only written between words."""
    bare = [line.strip() for line in lines if not _is_rule(line)]
    framed = all(line.startswith("|") and line.endswith("|") for line in bare)
    rows = [_PIPE.split(line.strip("|")) for line in bare]
    is_table = len(rows) > 1 and len(rows[0]) > 1 and (framed or len(bare) < len(lines))
    return rows if is_table else []


def _is_rule(line: str) -> bool:
    """Whether a line is drawn: "|---|:--:|", "+---+---+"."""
    return set(line.strip()) <= set("|+-:= ") and "-" in line and ("|" in line or "+" in line)
