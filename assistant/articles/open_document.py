"""OpenDocument's .odt → light text."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Final

from lxml import etree

from assistant.articles._xml import xml_parser
from assistant.articles.document import (
    MOST_COLUMNS,
    Cell,
    Document,
    Metadata,
    heading,
    item,
    joined,
    merged,
    table,
)
from assistant.articles.metadata import author_of, day_of
from assistant.articles.text_files import line_of

_O: Final = {
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "draw": "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0",
    "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def open_document(data: bytes) -> Document:
    """An .odt file. Raises whatever zipfile or lxml do where it is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        content = etree.fromstring(files.read("content.xml"), xml_parser())
        meta = etree.fromstring(files.read("meta.xml"), xml_parser())
    body = content.find("office:body/office:text", _O)
    notes = (_text(note) for note in content.iterfind(".//text:note-body", _O))
    text = joined([*_blocks(body), *notes]) if body is not None else ""

    def told(path: str) -> str:
        return line_of(meta.findtext(f".//{path}", "", _O))

    title = told("dc:title")
    day = day_of(told("meta:creation-date")) if title else ""
    author = told("meta:initial-creator") or told("dc:creator")
    known = Metadata(title, author=author_of(author))
    # As of Word's files: a day that is printed counts first.
    return Document(text, known, marked=True, around=Metadata(date=day))


def _blocks(body: etree._Element) -> Iterator[str]:
    for element in body:
        match _local(element):
            case "h":
                level = element.get(f"{{{_O['text']}}}outline-level") or "2"
                yield heading(_text(element), int(level))
            case "p":
                yield _text(element)
                for box in element.iterfind(".//draw:text-box", _O):
                    yield from _blocks(box)
            case "list":
                yield "\n".join(map(item, _items(element)))
            case "table":
                yield table(*merged(list(_rows(element))))
            case "section" | "text-box" | "numbered-paragraph" | "frame":
                yield from _blocks(element)


def _items(holder: etree._Element) -> Iterator[str]:
    """The lines of a list and of the lists in it."""
    for element in holder:
        if _local(element) in ("p", "h"):
            yield _text(element)
        elif _local(element) in ("list", "list-item", "list-header"):
            yield from _items(element)


def _rows(element: etree._Element) -> Iterator[list[Cell]]:
    """The rows of a table. A cell over several columns covers those behind it, one over several
    rows those below."""
    for row in element.iter(f"{{{_O['table']}}}table-row"):
        told: list[Cell] = []
        wide = 0  # columns that the last cell still covers
        for cell in row:
            covered = _local(cell) == "covered-table-cell"
            if not (covered and wide):
                span = int(cell.get(f"{{{_O['table']}}}number-columns-spanned", "1"))
                told.append(Cell(_text(cell), min(span, MOST_COLUMNS), above=covered))
            wide = max(wide - 1, 0) if covered else span - 1
        yield told


def _text(element: etree._Element) -> str:
    """A paragraph's text: notes and boxes in it stand apart, tabs and spaces written as elements
    count."""
    parts = [element.text or ""]
    for child in element:
        match _local(child):
            case "tab" | "line-break" | "s":
                parts.append(" ")
            case "note" | "annotation" | "frame":
                pass
            case "p" | "h" | "list" | "list-item":
                parts += [" ", _text(child), " "]
            case _:
                parts.append(_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
