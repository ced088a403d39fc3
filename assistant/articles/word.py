"""Word's .docx → light text."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, cast

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
from assistant.articles.metadata import author_of
from assistant.articles.text_files import line_of

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
# What was deleted or moved away, and what stands apart.
_UNREAD: Final = frozenset(
    {*(f"{_W}{name}" for name in ("del", "moveFrom", "pict", "txbxContent", "pPr")), _FALLBACK}
)
_SPACES: Final = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_WITH_MACROS: Final = "application/vnd.ms-word.document.macroEnabled.main+xml"
_NO_TITLE: Final = "Word Document"  # what python-docx gives where the file has none
_LEVEL = re.compile(r"(\d)$")


def word_document(data: bytes) -> Document:
    """A .docx or .docm file. Raises whatever zipfile, lxml or docx do where it is damaged."""
    word = _opened(data)
    core = word.core_properties
    title, blocks = _blocks(word, word.element.body)
    named = "" if core.title == _NO_TITLE else core.title
    day = core.created.date().isoformat() if core.created and named else ""
    known = Metadata(line_of(named or title), author=author_of(core.author or ""))
    text = joined([*blocks, *_notes(word)])
    # A file may be made from another, old one: a day that is printed in it counts first.
    return Document(text, known, marked=True, around=Metadata(date=day))


def _opened(data: bytes) -> WordDocument:
    """The document; one with macros too, of which nothing is run. Raises ValueError for others."""
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    PartFactory.part_type_for[_WITH_MACROS] = DocumentPart
    part = Package.open(io.BytesIO(data)).main_document_part
    if not isinstance(part, DocumentPart):
        raise ValueError(f"no document: {part.content_type}")
    return cast("WordDocument", part.document)


def _blocks(word: WordDocument, holder: etree._Element) -> tuple[str, list[str]]:
    """The text of a paragraph in the style of titles, and all blocks of a body, cell or box."""
    from docx.text.paragraph import Paragraph

    title, blocks, items = "", [], list[str]()
    for element in _content(holder):
        if element.tag == f"{_W}tbl":
            blocks += ["\n".join(items), *_rows(word, element)]
            items = []
            continue
        one = Paragraph(element, word._body)  # type: ignore[arg-type]
        text, style = _text(element), (one.style.name if one.style else "") or ""
        if _is_item(one, style, text):
            items.append(item(text))
            continue
        blocks.append("\n".join(items))
        items = []
        if style == "Title":
            title = title or text
            blocks.append(heading(text, 1))
        elif style.startswith("Heading"):
            level = _LEVEL.search(style)
            blocks.append(heading(text, int(level[1]) if level else 2))
        else:
            blocks.append(text)
        for box in _boxes(element):
            blocks += _blocks(word, box)[1]
    return title, [*blocks, "\n".join(items)]


def _content(holder: etree._Element) -> Iterator[etree._Element]:
    """The paragraphs and tables, also those of forms and other controls."""
    for child in holder:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins"):
            yield from _content(child)


def _text(element: etree._Element) -> str:
    """The text as it reads once all changes are accepted; that of boxes stands apart."""
    if element.tag == f"{_W}t":
        return element.text or ""
    if element.tag in _SPACES:
        return _SPACES[element.tag]
    children = (child for child in element if child.tag not in _UNREAD)
    return "".join(map(_text, children))


def _boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """The text boxes; what stands in a fallback is told again for older programs."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        if not any(around.tag == _FALLBACK for around in box.iterancestors()):
            yield box


def _rows(word: WordDocument, table_of: etree._Element) -> list[str]:
    """Its rows; the blocks of its cells where it only puts parts of the text side by side."""
    rows = [
        [c for c in row.iter(f"{_W}tc") if next(c.iterancestors(f"{_W}tbl")) is table_of]
        for row in table_of.iterchildren(f"{_W}tr")
    ]
    every = [cell for row in rows for cell in row]
    if len(rows) < 2 or any(cell.find(f".//{_W}tbl") is not None for cell in every):
        return [block for cell in every for block in _blocks(word, cell)[1]]
    told = [
        [Cell(" ".join(map(_text, c.iter(f"{_W}p"))), _span(c), _goes_on(c)) for c in row]
        for row in rows
    ]
    return [table(*merged(told))]


def _goes_on(cell: etree._Element) -> bool:
    """Whether a cell is part of the one above it."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and merge.get(f"{_W}val") != "restart"


def _span(cell: etree._Element) -> int:
    """How many columns a cell is wide."""
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    told = span.get(f"{_W}val", "1") if span is not None else "1"
    return min(int(told), MOST_COLUMNS) if told.isdigit() else 1


def _is_item(paragraph: Paragraph, style: str, text: str) -> bool:
    numbered = paragraph._p.find(f"{_W}pPr/{_W}numPr") is not None
    return bool(text.strip()) and (numbered or style.startswith("List"))


def _notes(word: WordDocument) -> Iterator[str]:
    """The footnotes, behind the text."""
    for part in word.part.package.iter_parts():
        if str(part.partname) in ("/word/footnotes.xml", "/word/endnotes.xml"):
            for note in etree.fromstring(part.blob, xml_parser()):
                yield line_of(" ".join(map(_text, note.iter(f"{_W}p"))))
