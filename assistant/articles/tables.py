"""Rows of tables and records → articles: .csv, .xlsx and their like, .json and .jsonl."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from assistant.articles.document import Document
from assistant.articles.metadata import NAMES, facts_of, name_of, parsed_json
from assistant.articles.text_files import corpus_error, text_of, without_unfit

LONGEST_CELL: Final = 2_000_000  # characters; csv's own limit is an article too short
_DELIMITERS: Final = ",;\t|"
_NO_TEXT = "has no column of texts"
_NAME_ONE = "name one text, content or nội dung in its first row"


# Tables
def comma_separated(path: Path, data: bytes) -> list[Document]:
    """An article for each row of a .csv or .tsv file whose first row names the columns."""
    text = text_of(path, data)
    csv.field_size_limit(LONGEST_CELL)
    head = text[:4096].partition("\n")[0]
    delimiter = max(_DELIMITERS, key=head.count)
    return _documents(path, list(csv.reader(io.StringIO(text), delimiter=delimiter)))


def workbook(path: Path, data: bytes) -> list[Document]:
    """An article for each row of the sheets of a spreadsheet that have a column of texts."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    found: list[Document] = []
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=True)
        if rows and "text" in map(name_of, rows[0]):
            found += _documents(path, rows)
    if not found:
        raise corpus_error(path, _NO_TEXT, _NAME_ONE)
    return found


def _documents(path: Path, rows: Sequence[Sequence[Any]]) -> list[Document]:
    header = [str(cell) for cell in rows[0]] if rows else []
    if "text" not in map(name_of, header):
        raise corpus_error(path, _NO_TEXT, _NAME_ONE)
    records = (dict(zip(header, row, strict=False)) for row in rows[1:])
    found = [_of_record(record, f"row {n}") for n, record in enumerate(records, 2)]
    return [document for document in found if document]


def _of_record(record: Mapping[str, Any], where: str) -> Document | None:
    """The article of a row or an object, None where it has no text."""
    texts = [v for k, v in record.items() if name_of(k) == "text" and isinstance(v, str)]
    text = max(texts, key=len, default="")
    if not text.strip():
        return None
    metadata, notes = facts_of({k: _shown(v) for k, v in record.items()})
    return Document(
        without_unfit(text), metadata, notes=tuple(f"{where}: {note}" for note in notes)
    )


def _shown(value: object) -> object:
    return value.date() if isinstance(value, dt.datetime) else value


# Records
def records(path: Path, data: bytes) -> list[Document] | None:
    """An article for each object with a text in a .json file; None where it is in SQuAD's form."""
    document = parsed_json(path, text_of(path, data))
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        document = document["data"]
        if any(isinstance(one, dict) and "paragraphs" in one for one in document):
            return None
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
    faulty: list[str] = []
    for number, line in enumerate(text_of(path, data).split("\n"), 1):
        if not line.strip():
            continue
        try:
            made = [_of_record(record, f"line {number}") for record in _objects(json.loads(line))]
        except (ValueError, RecursionError):
            faulty.append(str(number))
            continue
        found += [document for document in made if document]
    if not found:
        raise corpus_error(path, "has no line with a text", 'write an object a line: {"text": …}')
    if faulty:
        shown = ", ".join(faulty[:5]) + (", …" if len(faulty) > 5 else "")
        note = f"line {shown} is not valid JSON and is not read"
        found[0] = Document(found[0].text, found[0].metadata, notes=(*found[0].notes, note))
    return found


def _objects(document: object) -> Iterator[Mapping[str, Any]]:
    """The objects of a list, of a single one, or of the lists that it holds."""
    if isinstance(document, list):
        yield from (one for one in document if isinstance(one, dict))
    elif isinstance(document, dict):
        if "text" in map(name_of, document):
            yield document
        else:
            for value in document.values():
                if isinstance(value, list):
                    yield from (one for one in value if isinstance(one, dict))
