"""Any HTML, whole → blocks: chapters of books, mails, and pages that their layout is cut off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import takewhile
from typing import Final

import lxml.html
from lxml import etree

from assistant.articles.document import (
    MOST_COLUMNS,
    Cell,
    heading,
    item,
    joined,
    merged,
    table,
)
from assistant.articles.text_files import line_of

MOSTLY: Final = 0.8  # of a block's letters
SENTENCE: Final = 40  # letters of the shortest block that is prose

_SKIPPED: Final = frozenset(
    "head script style noscript template svg nav header footer aside form iframe button select "
    "textarea rt rp amp-sidebar amp-consent amp-ad".split()
)
_XML_HEAD = re.compile(r"\A\s*<\?xml[^>]*\?>")
_BLOCKS: Final = frozenset(
    "p div section article main blockquote figure figcaption pre dl dt dd ul ol address td th "
    "center details summary body html".split()
)
_HELD: Final = ("p", "div", "table", "li", "h1", "h2")  # by a <font> or <a> that is no line's part
_ENDS = re.compile(r"[.!?…][\"'”’»)\]]*(?:\s|$)|[。！？]")
_BLANK_LINES = re.compile(r"\n{3,}")


class Kind(Enum):
    """What a block is. LINKS lead away from the text and are none of it; LINKED_ROWS may be the
    documents that it lists, or other news."""

    TEXT = auto()
    HEADING = auto()
    ROWS = auto()
    LINKED_ROWS = auto()
    LINKS = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """A block as light text."""

    text: str
    kind: Kind = Kind.TEXT


def ends_sentence(text: str) -> bool:
    return _ENDS.search(text) is not None


def is_prose(block: Block) -> bool:
    """Whether it is as long as a sentence and has the end of one."""
    long = block.kind == Kind.TEXT and letters(block.text) >= SENTENCE
    return long and ends_sentence(block.text)


def parsed(page: bytes | str) -> etree._Element | None:
    """The tree of a page; None where it holds nothing."""
    try:
        tree: etree._Element = lxml.html.document_fromstring(_decoded(page))
    except (etree.LxmlError, ValueError):
        return None
    # How characters are read aloud stands above them, not among them.
    etree.strip_elements(tree, "rt", "rp", with_tail=False)
    return tree


def _decoded(page: bytes | str) -> bytes | str:
    """A page in UTF-8 as text; one in the encoding that it names as its bytes."""
    if isinstance(page, str):
        return page
    try:
        return _XML_HEAD.sub("", page.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return page


def light_text(tree: etree._Element) -> str:
    """Everything a reader sees of the tree, apart from blocks of links."""
    return text_in(blocks(tree))


def text_in(found: Iterable[Block]) -> str:
    return joined(block.text for block in found if block.kind != Kind.LINKS)


def blocks(element: etree._Element) -> Iterator[Block]:
    """The blocks below an element, in order; none is empty."""
    run, links = _spaced(element.text), list[str]()
    for child in element:
        inner = _block(child, tag_of(child))
        if inner is None:
            run += _inline(child)
            links += map(text_of, child.iter("a"))
        else:
            yield from _lines(run, links)
            run, links = "", []
            yield from inner
        run += _spaced(child.tail)
    yield from _lines(run, links)


def _block(element: etree._Element, tag: str) -> Iterator[Block] | None:
    """The blocks of a block element, None where it is part of a line."""
    is_navigation = element.get("role") == "navigation"
    if is_navigation or (tag in ("p", "li", "div", "td") and is_links(element)):
        return iter([Block(text_of(element), Kind.LINKS)])
    if re.fullmatch("h[1-6]", tag):
        return _told(heading(text_of(element), int(tag[1])), Kind.HEADING)
    if tag == "table" and (element.find(".//table") is None or has_header(element)):
        told = table(*grid_of(element))
        return _told(told, Kind.LINKED_ROWS if is_links(element) else Kind.ROWS)
    if tag == "li":
        return _told(item(text_of(element)), Kind.TEXT)
    holds_blocks = any(element.find(f".//{inner}") is not None for inner in _HELD)
    if tag in _BLOCKS or (tag and tag not in _SKIPPED and holds_blocks):
        return blocks(element)
    return None


def _told(text: str, kind: Kind) -> Iterator[Block]:
    return iter([Block(text, kind)] if text else [])


def _lines(run: str, links: Sequence[str]) -> Iterator[Block]:
    """The paragraphs of a run: two line breaks stand between them. A bar of several links is
    none of the text."""
    text = "\n".join(" ".join(line.split()) for line in run.split("\n")).strip()
    is_bar = len(links) > 1 and letters("".join(links)) >= MOSTLY * letters(text)
    kind = Kind.LINKS if is_bar else Kind.TEXT
    return (Block(one, kind) for one in _BLANK_LINES.sub("\n\n", text).split("\n\n") if one)


def _inline(element: etree._Element) -> str:
    """The text of a part of a line, with a newline for each <br>."""
    tag = tag_of(element)
    if tag == "br":
        return "\n"
    if not tag or tag in _SKIPPED:
        return ""
    return _spaced(element.text) + "".join(_inline(c) + _spaced(c.tail) for c in element)


def _spaced(text: str | None) -> str:
    """Newlines of the source are spaces to a reader."""
    return re.sub(r"\s+", " ", text or "")


def tag_of(element: etree._Element) -> str:
    """The name of an element, "" for comments and the like."""
    return element.tag if isinstance(element.tag, str) else ""


def rows_of(table: etree._Element) -> Iterator[etree._Element]:
    """The rows of a table, without those of tables in its cells."""
    for part in table:
        if part.tag == "tr":
            yield part
        elif part.tag in ("tbody", "thead", "tfoot"):
            yield from part.iterchildren("tr")


def cells_of(row: etree._Element) -> list[etree._Element]:
    return [cell for cell in row if cell.tag in ("td", "th")]


def grid_of(table: etree._Element) -> tuple[list[list[str]], int]:
    """The texts of a table's cells, and how many rows its header has. A bar of links across the
    table is no row of it."""
    wide = max((len(cells_of(row)) for row in rows_of(table)), default=0)
    rows: list[list[Cell]] = []
    hanging: dict[int, tuple[int, int]] = {}  # column → rows that its cell still covers, columns
    for row in rows_of(table):
        if wide == 1 or len(cells_of(row)) > 1 or not is_links(row):
            told, hanging = _cells(row, hanging)
            rows.append(told)
    several = (cells for row in rows_of(table) if len(cells := cells_of(row)) > 1)
    named = [all(cell.tag == "th" for cell in cells) for cells in several]
    heads = sum(1 for _ in takewhile(bool, named))
    return merged(rows, heads if 0 < heads < len(named) else 1)


def _cells(
    row: etree._Element, hanging: dict[int, tuple[int, int]]
) -> tuple[list[Cell], dict[int, tuple[int, int]]]:
    """The cells of a row, those that hang into it from above too, and what hangs below it."""
    told, left, column = list[Cell](), dict[int, tuple[int, int]](), 0
    own = iter(cells_of(row))
    while True:
        if column in hanging:
            tall, wide = hanging[column]
            told.append(Cell("", wide, above=True))
        elif (cell := next(own, None)) is not None:
            tall, wide = _span(cell, "rowspan"), _span(cell, "colspan")
            told.append(Cell(text_of(cell), wide))
        elif any(other > column for other in hanging):
            tall, wide = 1, 1
            told.append(Cell(""))
        else:
            return told, left
        if tall > 1:
            left[column] = tall - 1, wide
        column += wide


def _span(cell: etree._Element, name: str) -> int:
    told = cell.get(name, "1").strip()
    return max(1, min(int(told), MOST_COLUMNS)) if told.isdecimal() else 1


def has_header(table: etree._Element) -> bool:
    """Whether its cells are named, as those of figures are."""
    return any(cell.tag == "th" for row in rows_of(table) for cell in cells_of(row))


def is_links(element: etree._Element, share: float = MOSTLY) -> bool:
    """Whether links hold most of the letters, and the others are no sentence: days and numbers
    behind them do not count."""
    links = list(element.iter("a"))
    if not links:
        return False
    linked = sum(letters(str(link.xpath("string()"))) for link in links)
    every = letters(str(element.xpath("string()")))
    return linked > 0 and linked >= share * every and every - linked < 2 * SENTENCE


def letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def text_of(element: etree._Element) -> str:
    """Its text on one line."""
    return line_of(_inline(element) if tag_of(element) not in _SKIPPED else "")
