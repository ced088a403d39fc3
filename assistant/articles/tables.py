"""Rows of tables and records → articles: .csv, .xlsx and their like, .json and .jsonl."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from assistant.articles.content_blocks import text_of_blocks
from assistant.articles.document import Document
from assistant.articles.html_blocks import light_text, parsed
from assistant.articles.metadata import NAMES, facts_of, name_of, parsed_json
from assistant.articles.separated import filled, rows_of
from assistant.articles.squad import paragraphs_of
from assistant.articles.text_files import corpus_error, text_of, without_unfit

TOP_ROWS: Final = 20  # in one of which the columns are named
LONGEST_CELL: Final = 2_000_000  # characters; csv's own limit is an article too short
_DELIMITERS: Final = ",;\t|"
_SEPARATOR_LINE = re.compile(r"\Asep=.\n")  # Excel's
_MARKUP = re.compile(r"</(?:p|div|table|ul|ol|h[1-6])>|<br\s*/?>", re.IGNORECASE)
_NO_TEXT = "has no column of texts"
_NAME_ONE = "name one text, content or nội dung in the row above the texts"


# Tables
def comma_separated(path: Path, data: bytes) -> list[Document]:
    """An article for each row of a .csv or .tsv file below the row that names the columns."""
    text = _SEPARATOR_LINE.sub("", text_of(path, data))
    csv.field_size_limit(LONGEST_CELL)
    for delimiter in sorted(_DELIMITERS, key=text[:4096].count, reverse=True):
        top = list(islice(csv.reader(io.StringIO(text), delimiter=delimiter), TOP_ROWS))
        if (header := _header(top)) is not None:
            return _separated(text, delimiter, header, filled(top[header]))
    raise corpus_error(path, _NO_TEXT, _NAME_ONE)


def _separated(text: str, delimiter: str, header: int, names: Sequence[str]) -> list[Document]:
    """A text in the last column may have delimiters; other rows wider than the header are told."""
    wide = len(names)
    ends_in_text = list(map(name_of, names)).index("text") == wide - 1
    rows, opened, wider = [], list[int](), list[int]()
    for number, row in enumerate(rows_of(text, delimiter, wide), 1):
        rest = filled(row.cells[wide:]) if number > header + 1 else []
        if rest and ends_in_text:
            row.cells[wide - 1] = delimiter.join([row.cells[wide - 1], *rest])
        elif rest:
            wider.append(number)
        if row.is_open:
            opened.append(number)
        rows.append(row.cells[:wide])
    found = _documents(rows, header)
    if opened:
        note = f"row {_listed(opened)} has a quotation mark that is not closed"
        _note(found, note)
    if wider:
        note = f"row {_listed(wider)} has more cells than columns are named"
        _note(found, note)
    return found


def _listed(places: Sequence[int]) -> str:
    return ", ".join(map(str, places[:5])) + (", …" if len(places) > 5 else "")


def _note(found: list[Document], note: str) -> None:
    """The first document tells what is wrong with rows or lines."""
    found[:1] = [replace(one, notes=(*one.notes, note)) for one in found[:1]]


def workbook(path: Path, data: bytes) -> list[Document]:
    """An article for each row of the sheets of a spreadsheet that have a column of texts."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    found: list[Document] = []
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        if (header := _header(rows)) is not None:
            found += _documents(rows, header)
    if not found:
        raise corpus_error(path, _NO_TEXT, _NAME_ONE)
    return found


def _header(rows: Sequence[Sequence[Any]]) -> int | None:
    """The row that names a column of texts, and most others: a table may have its title above
    it."""
    named = [set(map(name_of, row)) for row in rows[:TOP_ROWS]]
    found = (n for n, facts in enumerate(named) if "text" in facts)
    return max(found, key=lambda n: len(named[n] - {""}), default=None)


def _documents(rows: Iterable[Sequence[Any]], header: int) -> list[Document]:
    below = enumerate(rows, 1)
    names = [str(cell) for _, row in islice(below, header, header + 1) for cell in row]
    records = ((n, dict(zip(names, row, strict=False))) for n, row in below)
    found = [_of_record(record, f"row {n}") for n, record in records]
    return [document for document in found if document]


def _of_record(record: Mapping[str, Any], where: str) -> Document | None:
    """The article of a row or an object, None where it has no text."""
    text, has_marks = _text_in(record)
    if not text.strip():
        return None
    is_html = not has_marks and _MARKUP.search(text) is not None
    if is_html and (tree := parsed(text)) is not None:
        text = light_text(tree)
    metadata, notes = facts_of({k: _shown(v) for k, v in record.items()})
    told = tuple(f"{where}: {note}" for note in notes)
    return Document(without_unfit(text), metadata, marked=is_html or has_marks, notes=told)


def _text_in(record: Mapping[str, Any]) -> tuple[str, bool]:
    """The longest of its texts, and whether its headings are marked, as those of blocks are."""
    values = [value for key, value in record.items() if name_of(key) == "text"]
    texts = [(text, False) if (text := _text_of(v)) else (text_of_blocks(v), True) for v in values]
    return max(texts, key=lambda told: len(told[0]), default=("", False))


def _text_of(value: object) -> str:
    """A text, paragraphs, or what WordPress calls rendered; "" for anything else."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return "\n\n".join(value)
    if isinstance(value, Mapping):
        value = value.get("rendered")
    return value if isinstance(value, str) else ""


def _shown(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value


# Records
def records(path: Path, data: bytes) -> list[Document]:
    """An article for each object with a text in a .json file, for each paragraph of SQuAD's."""
    document = parsed_json(path, text_of(path, data))
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        if any(isinstance(one, dict) and "paragraphs" in one for one in document["data"]):
            return paragraphs_of(path, document)
        document = document["data"]
    found = [
        made
        for n, record in enumerate(_objects(document), 1)
        if (made := _of_record(record, f"object {n}"))
    ]
    if not found:
        names = ", ".join(NAMES["text"][:3])
        raise corpus_error(path, "has no object with a text", f"name its key one of {names}")
    return found


def lines_of_records(path: Path, data: bytes) -> list[Document]:
    """An article for each line of a .jsonl file; the first names the lines that are faulty."""
    found: list[Document] = []
    faulty: list[int] = []
    for number, line in enumerate(text_of(path, data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            made = [_of_record(record, f"line {number}") for record in _objects(json.loads(line))]
        except (ValueError, RecursionError):
            faulty.append(number)
            continue
        found += [document for document in made if document]
    if not found:
        raise corpus_error(path, "has no line with a text", 'write an object a line: {"text": …}')
    if faulty:
        note = f"line {_listed(faulty)} is not valid JSON and is not read"
        _note(found, note)
    return found


def _objects(document: object) -> Iterator[Mapping[str, Any]]:
    """The objects with a text, however deep; one that keeps it in an object of its own ("fields",
    "node") with what it says itself."""
    if isinstance(document, list):
        for one in document:
            yield from _objects(one)
    elif isinstance(document, dict):
        if _text_in(document)[0]:
            yield document
            return
        plain = {k: v for k, v in document.items() if not isinstance(v, list | dict)}
        for value in document.values():
            if isinstance(value, dict) and _text_in(value)[0]:
                yield {**plain, **value}
            else:
                yield from _objects(value)
