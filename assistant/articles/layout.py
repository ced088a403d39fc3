"""Pages whose layout is made of tables: the article out of menus, side boxes and footers.

Ward offices, ASP.NET portals and newspapers of 2003 have no <article> and few classes; where a cell
stands and whether it holds sentences is all that tells. Only what holds no sentence is left out, so
that no paragraph of the article is lost; a sentence of a side box may stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

import regex
from lxml import etree

from assistant.articles.document import joined
from assistant.articles.html_blocks import (
    Block,
    Kind,
    blocks,
    cells_of,
    ends_sentence,
    has_header,
    is_links,
    is_prose,
    letters,
    rows_of,
    tag_of,
    text_of,
)
from assistant.articles.text_files import line_of
from assistant.text.names import FULL_NAME

LONG_CELL: Final = 400  # letters of prose in a cell: no cell of figures has as many
DEEPEST: Final = 20  # tables in tables: no page that people read has more
SIDE_SHARE: Final = 0.25  # of its row's prose: a column with less stands beside the text
BOX_SHARE: Final = 0.5  # of a box's letters that are links, under its own heading
OTHER_NEWS: Final = 40  # letters of links in a row: more than "print" and "send" have
LABEL: Final = 60  # characters of the line above a list of links
HEADLINE_WORDS: Final = 5  # of a bold line: fewer are the name of a section
OPENING: Final = 20  # letters of the piece of text that tells where the first sentence stands
LARGE_FONT: Final = 4  # of the sizes 1 to 7 of <font>, of which 3 is the text's

_IMPRINT = re.compile(
    r"©|copyright|all rights reserved|bản quyền (?:thuộc|của|©)|cơ quan chủ quản|ghi rõ nguồn"
    r"|giấy phép (?:số|thiết lập|xuất bản|hoạt động)|chịu trách nhiệm (?:nội dung|chính)",
    re.IGNORECASE,
)
_SIGNED = regex.compile(rf"^(?:{FULL_NAME})$|^\(|:.")
_HEADLINE_NAME = re.compile(r"headline|(?<!sub)title|tieu_?-?de(?!khac)", re.IGNORECASE)
_IMPRINT_LENGTH: Final = 400  # characters


@dataclass(frozen=True, slots=True)
class Layout:
    """A page with blocks in the place of its tables, and the cells of their rows."""

    page: etree._Element
    rows: tuple[list[etree._Element], ...]


def layout_of(tree: etree._Element) -> Layout | None:
    """The layout of a page that tables lay out, in a copy; None for another page."""
    depths = [sum(1 for _ in table.iterancestors("table")) for table in tree.iter("table")]
    if max(depths, default=0) > DEEPEST or not any(map(is_layout, tree.iter("table"))):
        return None
    page = deepcopy(tree)
    tables = [table for table in page.iter("table") if is_layout(table)]
    known = set(tables)
    outer = [t for t in tables if known.isdisjoint(t.iterancestors("table"))]
    rows = tuple(cells_of(row) for table in tables for row in rows_of(table))
    for table in tables:
        _unwrap(table)
    for form in page.iter("form"):
        form.tag = "div"  # ASP.NET puts one around the page
    return Layout(page, rows) if sum(map(_prose, outer)) * 2 > _prose(page) else None


def article_in(layout: Layout, extracted: str) -> str:
    """The article of such a page, with its headline as the page's only <h1>.

    ``extracted``: what another program took for the article. A sentence that it has not is left
    out only where it stands in a side box or behind other news, since it may be one that it lost.
    """
    for cells in layout.rows:
        _mark_side_cells(cells, extracted)
    _mark_headline(layout.page)
    return joined(block.text for block in _article(list(_apart(blocks(layout.page))), extracted))


# Cells
def is_layout(table: etree._Element) -> bool:
    """Whether a table only puts parts of the page side by side."""
    if has_header(table):
        return False
    rows = [cells_of(row) for row in rows_of(table)]
    if table.find(".//table") is not None or table.get("role") == "presentation":
        return True
    if all(sum(bool(text_of(cell)) for cell in row) < 2 for row in rows):
        return True
    return any(_is_long(cell) for row in rows for cell in row)


def _is_long(cell: etree._Element) -> bool:
    told = [letters(block.text) for block in blocks(cell) if _is_prose(block)]
    return len(told) > 2 or sum(told) > LONG_CELL


def _mark_side_cells(cells: Sequence[etree._Element], extracted: str) -> None:
    """Mark the columns of menus and boxes that stand beside the text."""
    prose = [_prose(cell) for cell in cells]
    for cell, own in zip(cells, prose, strict=True):
        beside = own < SIDE_SHARE * sum(prose) and _leads_away(cell)
        if _is_box(cell) or (beside and not _is_told(cell, extracted)):
            cell.set("role", "navigation")


def _leads_away(cell: etree._Element) -> bool:
    """Whether a cell is no mere picture with its line: it has links, boxes or fields."""
    return any(cell.find(f".//{inner}") is not None for inner in ("a", "div", "input"))


def _is_told(cell: etree._Element, extracted: str) -> bool:
    return any(_is_prose(block) and _stands_in(block, extracted) for block in blocks(cell))


def _stands_in(block: Block, extracted: str) -> bool:
    """Whether its longest line is there: line breaks are set differently."""
    return max(block.text.split("\n"), key=len) in extracted


def _is_box(cell: etree._Element) -> bool:
    """Whether a cell is links under a heading."""
    several = sum(1 for _ in cell.iter("a")) > 1
    return several and is_links(cell, BOX_SHARE) and not _prose(cell)


def _unwrap(table: etree._Element) -> None:
    """A table's parts as blocks, one below the other."""
    for row in rows_of(table):
        for part in (row, *cells_of(row)):
            part.tag = "div"
    for part in (table, *table):
        if part.tag in ("table", "tbody", "thead", "tfoot"):
            part.tag = "div"


# Blocks
def _prose(element: etree._Element) -> int:
    """The letters of its sentences."""
    if not tag_of(element):
        return 0
    return sum(letters(block.text) for block in blocks(element) if _is_prose(block))


def _is_prose(block: Block) -> bool:
    return is_prose(block) and not _is_imprint(block)


def _is_imprint(block: Block) -> bool:
    return len(block.text) < _IMPRINT_LENGTH and _IMPRINT.search(block.text) is not None


def _apart(found: Iterable[Block]) -> Iterator[Block]:
    """The blocks; lines that are no prose, as the author's above "Other news", each by itself."""
    for block in found:
        if block.kind == Kind.TEXT and not _is_prose(block):
            yield from map(Block, block.text.split("\n"))
        else:
            yield block


def _article(found: Sequence[Block], extracted: str) -> Iterator[Block]:
    """The blocks from the headline to the other news, without links and what stands above them."""
    news = _other_news(found)
    first, last = _ends(found, news, extracted)
    start = max((i for i in range(first) if found[i].text.startswith("# ")), default=0)
    for i, block in enumerate(found[start:], start):
        is_label = i > first and news[i + 1] and _is_label(block)
        if i > last and (is_label or news[i] or _is_prose(block) or _is_imprint(block)):
            return
        if block.kind != Kind.LINKS and not is_label:
            yield block


def _other_news(found: Sequence[Block]) -> list[bool]:
    """For each block and the end, whether more links begin there than a bar to print and share
    has."""
    ahead = [0]  # letters of the links that follow each other, from the end on
    for block in reversed(found):
        linked = block.kind in (Kind.LINKS, Kind.LINKED_ROWS)
        ahead.append(ahead[-1] + letters(block.text) if linked else 0)
    return [told > OTHER_NEWS for told in reversed(ahead)]


def _ends(found: Sequence[Block], news: Sequence[bool], extracted: str) -> tuple[int, int]:
    """Where the first and the last sentence stand: from those extracted on, but not over other
    news."""
    prose = [i for i, block in enumerate(found) if _is_prose(block)]
    sure = [i for i in prose if _stands_in(found[i], extracted)] or prose
    if not sure:
        return 0, len(found) - 1
    first, last = sure[0], sure[-1]
    above = next((i for i in range(first, -1, -1) if news[i]), -1)
    below = next((i for i in range(last, len(found)) if news[i]), len(found))
    return min(i for i in prose if i > above), max(i for i in prose if i < below)


def _is_label(block: Block) -> bool:
    """Whether a block is short and neither a sentence, nor who wrote the article or where."""
    is_line = block.kind in (Kind.TEXT, Kind.HEADING) and len(block.text) <= LABEL
    return is_line and not ends_sentence(block.text) and not _SIGNED.search(block.text)


# The headline
def _mark_headline(page: etree._Element) -> None:
    """Make the headline the page's <h1>: above the first sentence, a heading, or named or set like
    one."""
    above = list(_above_prose(page))
    named = line_of(page.findtext(".//title") or "")
    ways = (
        [e for e in above if _has_words(e) and text_of(e) in named],
        [e for e in above if re.fullmatch("h[1-4]", tag_of(e))],
        [e for e in above if _HEADLINE_NAME.search(f"{e.get('class')} {e.get('id')}")],
        [e for e in above if _is_large(e)],
        [e for e in above if tag_of(e) in ("b", "strong") and _has_words(e)][:1],
    )
    headline = next((way[-1] for way in ways if way), None)
    for other in page.iter("h1"):
        other.tag = "h2"
    if headline is not None:
        _outermost(headline).tag = "h1"


def _above_prose(page: etree._Element) -> Iterator[etree._Element]:
    """The elements of a single line that stand above the first sentence."""
    lines = (Block(line) for block in blocks(page) for line in block.text.split("\n"))
    first = next((line.text for line in lines if _is_prose(line)), "")
    for element in (e for body in page.iter("body") for e in _seen(body)):
        before = element.getprevious()
        own = (element.text or "", before.tail or "" if before is not None else "")
        if any(letters(text) >= OPENING and text in first for text in map(line_of, own)):
            return
        if len(text_of(element).split()) > 2 and _is_line(element):
            yield element


def _seen(element: etree._Element) -> Iterator[etree._Element]:
    """The elements in order, without those of navigation."""
    if tag_of(element) and element.get("role") != "navigation":
        yield element
        for child in element:
            yield from _seen(child)


def _is_line(element: etree._Element) -> bool:
    inside = any(element.find(f".//{inner}") is not None for inner in ("div", "p", "li", "br"))
    is_heading = re.fullmatch("h[1-4]", tag_of(element)) is not None
    return not inside and (is_heading or not is_links(element))


def _outermost(element: etree._Element) -> etree._Element:
    """The element around it that has the same text."""
    told = text_of(element)
    same = [e for e in element.iterancestors() if tag_of(e) != "body" and text_of(e) == told]
    return same[-1] if same else element


def _is_large(element: etree._Element) -> bool:
    size = element.get("size", "") if element.tag == "font" else ""
    return size.isdigit() and int(size) >= LARGE_FONT


def _has_words(element: etree._Element) -> bool:
    return len(text_of(element).split()) >= HEADLINE_WORDS


def publisher_in(title: str, headline: str) -> str:
    """The part of a page's title that is not the headline and names who publishes it."""
    parts: Iterable[str] = (part.strip() for part in re.split(r"\s[-–—|»·>:]\s", title))
    return next((p for p in parts if p and p not in headline and _PUBLISHER.match(p)), "")


_PUBLISHER = re.compile(
    r"(?:báo|bản tin|tạp chí|cổng|trang (?:tin|thông tin)|đài|ubnd|ủy ban|uỷ ban|sở|hội|the)\s"
    r"|.*\b(?:gazette|times|herald|courier|news|observer|post|tribune|chronicle|journal|echo)\b",
    re.IGNORECASE,
)
