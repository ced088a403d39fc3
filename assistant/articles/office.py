"""Word processors' files → light text: .docx, .odt and .rtf."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from lxml import etree

from assistant.articles.document import Document, Metadata, heading, item, joined, table
from assistant.articles.metadata import day_of
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
MOST_COLUMNS: Final = 100  # of a cell that says it is wider
_NO_TITLE: Final = "Word Document"  # what python-docx gives where the file has none
_NOBODY: Final = re.compile(
    r"(?i)python-docx|openpyxl|admin(istrator)?|((windows|microsoft office) )?user|pc|acer|dell|hp"
)
_LEVEL = re.compile(r"(\d)$")


# Word
def word_document(data: bytes) -> Document:
    """A .docx file. Raises whatever zipfile, lxml or docx do where it is damaged."""
    import docx

    word = docx.Document(io.BytesIO(data))
    core = word.core_properties
    title, blocks = _word_blocks(word, word.element.body)
    named = "" if core.title == _NO_TITLE else core.title
    day = core.created.date().isoformat() if core.created and named else ""
    known = Metadata(line_of(named or title), date=day, author=_author(core.author or ""))
    text = joined([*blocks, *_notes(word)])
    return Document(text, known, marked=True)


def _word_blocks(word: WordDocument, holder: etree._Element) -> tuple[str, list[str]]:
    """The text of a paragraph in the style of titles, and all blocks of a body, cell or box."""
    from docx.text.paragraph import Paragraph

    title, blocks, items = "", [], list[str]()
    for element in _content(holder):
        if element.tag == f"{_W}tbl":
            blocks += ["\n".join(items), *_word_table(word, element)]
            items = []
            continue
        one = Paragraph(element, word._body)  # type: ignore[arg-type]
        text, style = _word_text(element), (one.style.name if one.style else "") or ""
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
            blocks += _word_blocks(word, box)[1]
    return title, [*blocks, "\n".join(items)]


def _content(holder: etree._Element) -> Iterator[etree._Element]:
    """The paragraphs and tables, also those of forms and other controls."""
    for child in holder:
        if child.tag in (f"{_W}p", f"{_W}tbl"):
            yield child
        elif child.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}customXml", f"{_W}ins"):
            yield from _content(child)


def _word_text(element: etree._Element) -> str:
    """The text as it reads once all changes are accepted; that of boxes stands apart."""
    if element.tag == f"{_W}t":
        return element.text or ""
    if element.tag in _SPACES:
        return _SPACES[element.tag]
    children = (child for child in element if child.tag not in _UNREAD)
    return "".join(map(_word_text, children))


def _boxes(paragraph: etree._Element) -> Iterator[etree._Element]:
    """The text boxes; what stands in a fallback is told again for older programs."""
    for box in paragraph.iter(f"{_W}txbxContent"):
        if not any(around.tag == _FALLBACK for around in box.iterancestors()):
            yield box


def _word_table(word: WordDocument, table_of: etree._Element) -> list[str]:
    """Its rows; the blocks of its cells where it only puts parts of the text side by side."""
    rows = [
        [c for c in row.iter(f"{_W}tc") if next(c.iterancestors(f"{_W}tbl")) is table_of]
        for row in table_of.iterchildren(f"{_W}tr")
    ]
    every = [cell for row in rows for cell in row]
    if len(rows) < 2 or any(cell.find(f".//{_W}tbl") is not None for cell in every):
        return [block for cell in every for block in _word_blocks(word, cell)[1]]
    grid: list[list[str]] = []
    for row in rows:
        told: list[str] = []
        for cell in row:
            text = " ".join(map(_word_text, cell.iter(f"{_W}p")))
            if _goes_on(cell) and grid:
                text = grid[-1][len(told)] if len(told) < len(grid[-1]) else ""
            # A header names each column below it; what a cell says is told once.
            rest = text if not grid else ""
            told += [text, *[rest] * (_span(cell) - 1)]
        grid.append(told)
    return [table(grid)]


def _goes_on(cell: etree._Element) -> bool:
    """Whether a cell is part of the one above it."""
    merge = cell.find(f"{_W}tcPr/{_W}vMerge")
    return merge is not None and merge.get(f"{_W}val") != "restart"


def _span(cell: etree._Element) -> int:
    """How many columns a cell is wide."""
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    told = span.get(f"{_W}val", "1") if span is not None else "1"
    return min(int(told), MOST_COLUMNS) if told.isdigit() else 1


def _author(told: str) -> str:
    """Who wrote it, where that is not a program or the name that a computer came with."""
    return "" if _NOBODY.fullmatch(told.strip()) else line_of(told)


def _is_item(paragraph: Paragraph, style: str, text: str) -> bool:
    numbered = paragraph._p.find(f"{_W}pPr/{_W}numPr") is not None
    return bool(text.strip()) and (numbered or style.startswith("List"))


def _notes(word: WordDocument) -> Iterator[str]:
    """The footnotes, behind the text."""
    for part in word.part.package.iter_parts():
        if str(part.partname) in ("/word/footnotes.xml", "/word/endnotes.xml"):
            for note in etree.fromstring(part.blob, _parser()):
                yield line_of("".join(t.text or "" for t in note.iter(f"{_W}t")))


def _parser() -> etree.XMLParser:
    """A parser that opens nothing and resolves no entity."""
    return etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


# OpenDocument
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
        content = etree.fromstring(files.read("content.xml"), _parser())
        meta = etree.fromstring(files.read("meta.xml"), _parser())
    body = content.find("office:body/office:text", _O)
    notes = (_open_text(note) for note in content.iterfind(".//text:note-body", _O))
    text = joined([*_open_blocks(body), *notes]) if body is not None else ""

    def told(path: str) -> str:
        return line_of(meta.findtext(f".//{path}", "", _O))

    title = told("dc:title")
    day = day_of(told("meta:creation-date")) if title else ""
    author = told("meta:initial-creator") or told("dc:creator")
    return Document(text, Metadata(title, date=day, author=_author(author)), marked=True)


def _open_blocks(body: etree._Element) -> Iterator[str]:
    for element in body:
        match _local(element):
            case "h":
                level = element.get(f"{{{_O['text']}}}outline-level") or "2"
                yield heading(_open_text(element), int(level))
            case "p":
                yield _open_text(element)
                for box in element.iterfind(".//draw:text-box", _O):
                    yield from _open_blocks(box)
            case "list":
                yield "\n".join(map(item, _open_items(element)))
            case "table":
                yield table(_open_rows(element))
            case "section" | "text-box" | "numbered-paragraph" | "frame":
                yield from _open_blocks(element)


def _open_items(holder: etree._Element) -> Iterator[str]:
    """The lines of a list and of the lists in it."""
    for element in holder:
        if _local(element) in ("p", "h"):
            yield _open_text(element)
        elif _local(element) in ("list", "list-item", "list-header"):
            yield from _open_items(element)


def _open_rows(element: etree._Element) -> list[list[str]]:
    """The rows of a table. A cell over several rows is told in each of them."""
    rows: list[list[str]] = []
    for row in element.iter(f"{{{_O['table']}}}table-row"):
        told: list[str] = []
        wide = 0  # columns that the last cell still covers
        for cell in row:
            above = rows[-1][len(told)] if rows and len(told) < len(rows[-1]) else ""
            covered = _local(cell) == "covered-table-cell"
            told.append(above if covered and not wide else _open_text(cell))
            span = cell.get(f"{{{_O['table']}}}number-columns-spanned", "1")
            wide = max(wide - 1, 0) if covered else int(span) - 1
        rows.append(told)
    return rows


def _open_text(element: etree._Element) -> str:
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
                parts += [" ", _open_text(child), " "]
            case _:
                parts.append(_open_text(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


# RTF
_INFO = re.compile(r"\{\\info\b(?:[^{}]|\{[^{}]*\})*\}")


_CODE_PAGE = re.compile(r"\\ansicpg\d+")
_NOTE = re.compile(r"\{(?:\\\*)?\\footnote(?![a-z])")
_BRACE = re.compile(r"\\.|[{}]", re.S)


def rich_text(data: bytes) -> Document:
    """An .rtf file."""
    from striprtf.striprtf import rtf_to_text

    source = data.decode("latin-1")
    head = "{\\rtf1" + "".join(_CODE_PAGE.findall(source)[:1])
    text: str = rtf_to_text(source, errors="ignore")  # type: ignore[no-untyped-call]
    notes = [rtf_to_text(head + note + "}", errors="ignore") for note in _rich_notes(source)]
    paragraphs = [*_rich_blocks(text.split("\n")), *map(line_of, notes)]
    info = _INFO.search(source)
    return Document(joined(paragraphs), _info(info[0], rtf_to_text) if info else Metadata())


def _rich_notes(source: str) -> Iterator[str]:
    """The groups of footnotes, which stand where they are called."""
    for found in _NOTE.finditer(source):
        depth, end = 1, found.end()
        while depth and (brace := _BRACE.search(source, end)):
            depth += 1 if brace[0] == "{" else -1 if brace[0] == "}" else 0
            end = brace.end()
        yield "{" + source[found.end() : end]


def _rich_blocks(lines: Sequence[str]) -> Iterator[str]:
    """A row of a table comes as a line with "|" behind each cell."""
    for is_row, some in groupby(lines, key=lambda line: line.count("|") > 1):
        if is_row:
            yield table([line.split("|")[:-1] for line in some])
        else:
            yield from some


def _info(block: str, plain: Any) -> Metadata:
    def told(name: str) -> str:
        found = re.search(rf"\{{\\{name}\b ?([^{{}}]*)\}}", block)
        return line_of(plain("{\\rtf1 " + found[1] + "}")) if found else ""

    return Metadata(told("title"), author=_author(told("author")))
