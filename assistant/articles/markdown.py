"""Markdown → light text: what a reader sees of it, without its marks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assistant.articles.document import heading, item, joined, table
from assistant.articles.html_blocks import blocks, parsed

_FOOTNOTE = re.compile(r"\[\^([^\]\s]{1,40})\]:?")
_TABLE = re.compile(r"<table\b.*?</table>", re.S | re.IGNORECASE)
_TABLE_END = re.compile("</table>", re.IGNORECASE)
_LINES = re.compile(r"\s*\n\s*")
_DEEPEST = 100  # nested quotes and lists: deeper ones are read as text


def light_text(markdown: str) -> str:
    """Headings, paragraphs, items and rows; links and emphasis as their text, pictures left out."""
    parser = MarkdownIt("commonmark", {"maxNesting": _DEEPEST}).enable(["table", "strikethrough"])
    return joined(_blocks(parser.parse(_with_whole_tables(_FOOTNOTE.sub("", markdown)))))


def _with_whole_tables(markdown: str) -> str:
    """Tables in HTML without the blank lines and indents at which Markdown would cut them."""
    last = max((found.end() for found in _TABLE_END.finditer(markdown)), default=0)
    whole = _TABLE.sub(lambda it: "\n\n" + _LINES.sub("\n", it[0]) + "\n\n", markdown[:last])
    return whole + markdown[last:]


def _of_html(content: str) -> str:
    tree = parsed(content)
    return "" if tree is None else joined(block.text for block in blocks(tree))


def _blocks(tokens: Sequence[Token]) -> Iterator[str]:
    numbers: list[int | None] = []  # of the open lists: the next item's number
    lines: list[str] = []  # of the open list
    rows: list[list[str]] = []
    before = ""  # mark of the item that has begun
    for i, token in enumerate(tokens):
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                ordered = token.type == "ordered_list_open"
                numbers.append(int(token.attrs.get("start", 1)) if ordered else None)
            case "bullet_list_close" | "ordered_list_close":
                numbers.pop()
                if not numbers:
                    yield "\n".join(lines)
                    lines = []
            case "list_item_open":
                before = token.info + token.markup if numbers[-1] is not None else "-"
            case "tr_open":
                rows.append([])
            case "table_close":
                yield table(rows)
                rows = []
            case "inline":
                text = _inline(token.children or [])
                opener = tokens[i - 1].type
                if opener == "heading_open":
                    yield heading(text, int(tokens[i - 1].tag[1:]))
                elif opener in ("th_open", "td_open"):
                    rows[-1].append(text)
                elif numbers:
                    lines.append(item(text, before) if before else text)
                    before = ""
                else:
                    yield text
            case "fence" | "code_block":
                yield token.content.strip("\n")
            case "html_block":
                yield _of_html(token.content)


def _inline(tokens: Sequence[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in ("softbreak", "hardbreak"):
            parts.append(" " if token.type == "softbreak" else "\n")
        elif token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type == "html_inline" and token.content.startswith("<br"):
            parts.append("\n")
    return "".join(parts)
