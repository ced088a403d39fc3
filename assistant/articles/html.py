"""Web pages and other HTML → light text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import lxml.html
from lxml import etree

from assistant.articles.document import (
    Document,
    Metadata,
    heading,
    headline,
    item,
    joined,
    table,
)
from assistant.articles.metadata import day_of
from assistant.articles.text_files import line_of

MOSTLY = 0.8  # of a block's letters
SHORTEST = 80  # characters: an extraction with fewer is not trusted to be the article

_SKIPPED: Final = frozenset(
    "script style noscript template svg nav header footer aside form iframe button select".split()
)
_XML_HEAD = re.compile(r"\A\s*<\?xml[^>]*\?>")
_BLOCKS: Final = frozenset(
    "p div section article main blockquote figure figcaption pre dl dt dd ul ol address td th "
    "center details summary body".split()
)


def document_of(page: bytes | str, url: str = "") -> Document | None:
    """The article of a saved web page, without what stands around it; None where it has none."""
    import trafilatura

    tree = parsed(page)
    if tree is None:
        return None
    found: Any = trafilatura.bare_extraction(
        tree, url=url or None, include_comments=False, include_tables=True, with_metadata=True,

    )  # fmt: skip
    text = joined(_light(found.body)) if found is not None and found.body is not None else ""
    if len(text) < SHORTEST:
        text = max(text, light_text(tree), key=len)
    if not text.strip():
        return None
    return Document(text, _metadata(found, tree), marked=True)


def _metadata(found: Any, tree: etree._Element) -> Metadata:
    """What the page says of itself."""
    told = {
        key: str(getattr(found, key, None) or "")
        for key in ("title", "url", "sitename", "date", "author", "language")
    }
    return Metadata(
        title=headline(told["title"], map(_text, tree.iter("h1"))),
        source=told["url"] or told["sitename"],
        date=day_of(told["date"]),
        language=told["language"][:2].lower(),
        author=told["author"].replace("; ", ", "),
    )


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


def decoded(page: bytes | str) -> bytes | str:
    """A page in UTF-8 as text; one in the encoding that it names as its bytes."""
    if isinstance(page, str):
        return page
    try:
        return _XML_HEAD.sub("", page.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return page


# Any HTML, whole: chapters of books and mails.
def light_text(tree: etree._Element) -> str:
    """Everything a reader sees of the tree."""
    body = tree.find("body")
    return joined(_seen(tree if body is None else body))


def parsed(page: bytes | str) -> etree._Element | None:
    """The tree of a page; None where it holds nothing."""
    try:
        tree: etree._Element = lxml.html.document_fromstring(decoded(page))
    except (etree.LxmlError, ValueError):
        return None
    # How characters are read aloud stands above them, not among them.
    etree.strip_elements(tree, "rt", "rp", with_tail=False)
    return tree


def _seen(element: etree._Element) -> Iterator[str]:
    """The blocks below an element, in order."""
    run: list[str] = [element.text or ""]
    for child in element:
        tag = child.tag if isinstance(child.tag, str) else ""
        block = _block(child, tag)
        if block is not None:
            yield " ".join("".join(run).split())
            run = []
            yield from block
        elif tag == "br":
            run.append("\n")
        elif tag and tag not in _SKIPPED:
            run.append("".join(map(str, child.itertext())))
        run.append(child.tail or "")
    yield " ".join("".join(run).split())


def _block(element: etree._Element, tag: str) -> Iterator[str] | None:
    """The blocks of a block element, None where it is part of a line. One that is nothing but links
    leads away from the text and is none of it."""
    if tag in ("p", "li", "div", "td") and _is_links(element):
        return iter(())
    if re.fullmatch("h[1-6]", tag):
        return iter([heading("".join(map(str, element.itertext())), int(tag[1]))])
    if tag == "table" and element.find(".//table") is None:
        cells = ([c for c in row if c.tag in ("td", "th")] for row in element.iter("tr"))
        return iter([table([[_text(cell) for cell in row] for row in cells])])
    if tag == "li":
        return iter([item(_text(element))])
    holds_blocks = any(element.find(inner) is not None for inner in ("p", "div", "table", "li"))
    if tag in _BLOCKS or (tag and tag not in _SKIPPED and holds_blocks):
        return _seen(element)
    return None


def _is_links(element: etree._Element) -> bool:
    linked = sum(len(_text(link)) for link in element.iter("a"))
    return linked > 0 and linked >= MOSTLY * len(_text(element))


def _text(element: etree._Element) -> str:
    return line_of("".join(map(str, element.itertext())))
