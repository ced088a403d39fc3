"""Rich Text Format, .rtf → light text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from assistant.articles.document import Document, Metadata, joined, table
from assistant.articles.metadata import author_of
from assistant.articles.text_files import line_of

LONGEST_NOTE: Final = 20_000  # characters of its source

_INFO = re.compile(r"\{\\info\b(?:[^{}]|\{[^{}]*\})*\}")


_CODE_PAGE = re.compile(r"\\ansicpg\d+")
_NOTE = re.compile(r"\{(?:\\\*)?\\footnote(?![a-z])")
_BRACE = re.compile(r"\\.|[{}]", re.S)


def rich_text(data: bytes) -> Document:
    """An .rtf file."""
    source = data.decode("latin-1")
    head = "{\\rtf1" + "".join(_CODE_PAGE.findall(source)[:1])
    notes = [_plain(head + note + "}") for note in _notes(source)]
    paragraphs = [*_blocks(_plain(source).split("\n")), *map(line_of, notes)]
    info = _INFO.search(source)
    return Document(joined(paragraphs), _info(info[0]) if info else Metadata())


def _plain(source: str) -> str:
    from striprtf.striprtf import rtf_to_text

    return str(rtf_to_text(source, errors="ignore"))  # type: ignore[no-untyped-call]


def _notes(source: str) -> Iterator[str]:
    """The groups of footnotes, which stand where they are called; none stands in another."""
    end = 0
    while found := _NOTE.search(source, end):
        depth, end = 1, found.end()
        most = end + LONGEST_NOTE
        while depth and (brace := _BRACE.search(source, end, most)):
            depth += 1 if brace[0] == "{" else -1 if brace[0] == "}" else 0
            end = brace.end()
        yield "{" + source[found.end() : end]


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    """A row of a table comes as a line with "|" behind each cell."""
    for is_row, some in groupby(lines, key=lambda line: line.endswith("|")):
        if is_row:
            yield table([line.split("|")[:-1] for line in some])
        else:
            yield from some


def _info(block: str) -> Metadata:
    def told(name: str) -> str:
        found = re.search(rf"\{{\\{name}\b ?([^{{}}]*)\}}", block)
        return line_of(_plain("{\\rtf1 " + found[1] + "}")) if found else ""

    return Metadata(told("title"), author=author_of(told("author")))
