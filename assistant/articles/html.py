"""Web pages and other HTML → light text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from itertools import dropwhile, islice, takewhile
from typing import Any, cast

import regex
from lxml import etree
from lxml.html import HtmlElement

from assistant.articles.document import (
    Document,
    Metadata,
    heading,
    headline,
    item,
    joined,
    table,
    with_one_header,
)
from assistant.articles.html_blocks import (
    Block,
    Kind,
    blocks,
    cells_of,
    ends_sentence,
    grid_of,
    is_links,
    is_prose,
    letters,
    light_text,
    parsed,
    rows_of,
    text_of,
)
from assistant.articles.layout import article_in, is_layout, layout_of, publisher_in
from assistant.articles.metadata import day_of
from assistant.articles.text_files import line_of

_POINTER = re.compile(
    r"(?:>>|»|▶|►)|(?:đọc thêm|xem thêm|đọc tiếp|mời (?:quý )?độc giả|tin liên quan"
    r"|read (?:more|also)|see also|related)\b",
    re.IGNORECASE,
)
LONGEST_LINE, MOST_LINES = 120, 6  # characters, and lines under a headline
BEGINNING, MOST_BLOCKS = 60, 30  # characters of a paragraph; blocks that may stand above it
SHORTEST_LEAD, LONGEST_LEAD = 20, 1000  # letters; characters
# A place before the lead is set apart by its style alone: "Đồng ThápCầu dài …".
_RUN_TOGETHER = regex.compile(r"(?<=^[^.,;:\d]{2,24}\p{Ll})(?=\p{Lu}\p{Ll})")
SHORTEST = 80  # characters: an extraction with fewer is not trusted to be the article


def document_of(page: bytes | str, url: str = "") -> Document | None:
    """The article of a saved web page, without what stands around it; None where it has none."""
    tree = parsed(page)
    if tree is None:
        return None
    if layout := layout_of(tree):
        extracted, _ = _extracted(deepcopy(layout.page), url)
        text = article_in(layout, extracted)
        if len(text) >= SHORTEST and 2 * len(text) > len(extracted):  # else it went wrong
            return _document(text, _metadata_in_tables(layout.page, url))
    _drop_pointers(tree)
    _put_captions_above(tree)
    _spread_merged_cells(tree)
    _name_rows(tree)
    shown = list(blocks(tree))
    text, told = _extracted(tree, url)
    title, _, rest = text.partition("\n\n") if text.startswith("# ") else ("", "", text)
    text = joined([title, *_lead(shown, text), rest])
    # Of a short page trafilatura makes a single paragraph.
    if len(text) < SHORTEST or "\n\n" not in text:
        text = max(text if len(text) < SHORTEST else "", light_text(tree), key=len)
    metadata = _metadata(told, tree)
    guess = "" if metadata.date else _guessed_day(tree)
    document = _document(text, metadata)
    return document and replace(document, byline=_byline(tree), around=Metadata(date=guess))


def _document(text: str, metadata: Metadata) -> Document | None:
    return Document(text, metadata, marked=True) if text.strip() else None


def _drop_pointers(tree: etree._Element) -> None:
    """Without the lines between paragraphs that lead to other articles."""
    lines = [e for e in tree.iter("p", "li", "div") if is_links(e) and _POINTER.match(text_of(e))]
    for line in lines:
        if len(text_of(line)) <= LONGEST_LINE and line.getparent() is not None:
            cast(HtmlElement, line).drop_tree()


def _put_captions_above(tree: etree._Element) -> None:
    """The caption of a table as the line above it: it is no row of it."""
    for caption in list(tree.iter("caption")):
        place = caption.getparent()
        if place is not None and text_of(caption):
            line = etree.Element("p")
            line.text = text_of(caption)
            place.addprevious(line)
            cast(HtmlElement, caption).drop_tree()


def _spread_merged_cells(tree: etree._Element) -> None:
    """A table with merged cells as one that has a cell for each column below one header; its title
    as the line above it."""
    for element in list(tree.iter("table")):
        cells = [cell for row in rows_of(element) for cell in cells_of(row)]
        is_merged = any(cell.get("colspan") or cell.get("rowspan") for cell in cells)
        if not is_merged or any(len(list(blocks(cell))) > 1 for cell in cells):
            continue
        titles, rows = with_one_header(*grid_of(element))
        if is_layout(element) or not any(len(row) > 1 for row in rows[1:]):
            continue
        for title in titles:
            line = etree.Element("p")
            line.text = title
            element.addprevious(line)
        for row in list(element):
            element.remove(row)
        for n, texts in enumerate(rows):
            row = etree.SubElement(element, "tr")
            for text in texts:
                etree.SubElement(row, "td" if n else "th").text = text


def _name_rows(tree: etree._Element) -> None:
    """A table whose every row is a name and what it is, as one column of both."""
    for element in list(tree.iter("table")):
        rows = [cells_of(row) for row in rows_of(element)]
        if rows and all([cell.tag for cell in row] == ["th", "td"] for row in rows):
            for name, what in rows:
                told = f"{text_of(name)}: {text_of(what)}"
                for cell in (name, what):
                    cast(HtmlElement, cell).clear()
                name.tag, name.text = "td", told if told[-1:] in ".!?…" else f"{told}."
                cast(HtmlElement, what).drop_tree()


def _lead(shown: Sequence[Block], text: str) -> Iterator[str]:
    """The prose between the headline and the first paragraph of the extracted text.

    Newspapers put the lead outside of what holds the paragraphs, and it is left out with that.
    """
    paragraphs = (one for one in text.split("\n\n") if not one.startswith("# "))
    begins = next(paragraphs, "").lstrip("# ")[:BEGINNING]
    below = list(dropwhile(lambda block: not block.text.startswith("# "), shown))[1:MOST_BLOCKS]
    place = next((n for n, b in enumerate(below) if begins and begins in b.text), 0)
    for block in below[:place]:
        line = _RUN_TOGETHER.sub(" ", block.text.lstrip("# "))
        tells = ends_sentence(line) and letters(line) >= SHORTEST_LEAD
        is_text = block.kind in (Kind.TEXT, Kind.HEADING)
        if is_text and tells and block.text not in text and len(line) <= LONGEST_LEAD:
            yield line


def _byline(tree: etree._Element) -> tuple[str, ...]:
    """The short lines between the headline and the first sentence."""
    below = dropwhile(lambda block: not block.text.startswith("# "), blocks(tree))
    under = takewhile(lambda block: not is_prose(block), islice(below, 1, 2 * MOST_LINES))
    lines = [line for block in under if block.kind == Kind.TEXT for line in block.text.split("\n")]
    return tuple(line for line in lines if len(line) <= LONGEST_LINE)[:MOST_LINES]


def _guessed_day(tree: etree._Element) -> str:
    """The day that a page may be of, by any day in it; of a year alone htmldate makes its first."""
    from htmldate import find_date

    day = day_of(find_date(deepcopy(tree), original_date=True, extensive_search=True) or "")
    return "" if day.endswith("-01-01") else day


def _extracted(tree: etree._Element, url: str) -> tuple[str, Any]:
    """The text that trafilatura finds, and what it tells of the page."""
    import trafilatura

    found: Any = trafilatura.bare_extraction(
        tree, url=url or None, include_comments=False, include_tables=True, with_metadata=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )  # fmt: skip
    has_body = found is not None and found.body is not None
    return joined(_light(found.body)) if has_body else "", found


def _metadata(found: Any, tree: etree._Element) -> Metadata:
    """What the page says of itself."""
    told = {
        key: str(getattr(found, key, None) or "")
        for key in ("title", "url", "sitename", "date", "author", "language")
    }
    return Metadata(
        title=headline(told["title"], map(text_of, tree.iter("h1"))),
        source=told["url"] or told["sitename"],
        date=day_of(told["date"]),
        language=told["language"][:2].lower(),
        author=told["author"].replace("; ", ", "),
    )


def _metadata_in_tables(tree: etree._Element, url: str) -> Metadata:
    """What the head of a page of tables says: its <title> is mostly the portal's, and the days in
    its body are those of other news."""
    from trafilatura.metadata import extract_metadata

    page_title = line_of(tree.findtext(".//title") or "")
    shown = next(map(text_of, tree.iter("h1")), "")
    for body in tree.iter("body"):
        for element in list(body):
            body.remove(element)
    told = _metadata(extract_metadata(tree, default_url=url or None), tree)
    source = told.source or publisher_in(page_title, shown)
    return replace(told, title=shown or told.title, source=source)


# Trafilatura's tree: head, p, list and item, table, row and cell, quote, lb.
def _light(body: etree._Element) -> Iterator[str]:
    for element in body:
        match element.tag:
            case "head":
                yield heading(_words(element), int(element.get("rend", "h2")[1:] or 2))
            case "list":
                yield "\n".join(filter(None, (item(_words(e)) for e in element.iter("item"))))
            case "table":
                yield table([[_words(c) for c in row.iter("cell")] for row in element.iter("row")])
            case "graphic":
                continue
            case _:
                yield _words(element)


def _words(element: etree._Element) -> str:
    parts = []
    for one in element.iter():
        if one.tag == "lb":
            parts.append("\n")
        elif one.text:
            parts.append(one.text)
        if one is not element and one.tail:
            parts.append(one.tail)
    return "\n".join(" ".join(line.split()) for line in "".join(parts).split("\n")).strip()
