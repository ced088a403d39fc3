"""Articles that an editor keeps as a list of blocks → light text.

Editor.js, ProseMirror, Slate, Portable Text, Contentful and Arc all nest objects that have a kind,
and a text or further blocks under one of a few names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from assistant.articles.document import heading, item, joined, table
from assistant.articles.html_blocks import light_text, parsed
from assistant.articles.metadata import name_of

_INNER: Final = ("text", "value", "content", "children", "data", "blocks", "items", "html")
_KINDS: Final = ("type", "_type", "nodeType")
_RUNS: Final = ("", "text", "span")
_HEADING = re.compile(r"head|h[1-6]$")
_LIST = re.compile(r"(?:\w*[-_])?list$|(?:bullet|ordered|unordered)_?list|[ou]l$")
_MARKUP = re.compile(r"</?[a-zA-Z][^>]{0,300}>|&#?\w+;")


def text_of_blocks(value: object) -> str:
    """The paragraphs, headings, items and rows of blocks; "" for anything else, as for a list of
    articles: these have titles or days of their own."""
    blocks = value
    if isinstance(value, Mapping) and not _is_article(value):
        blocks = next(_inner(value), None)
    if not isinstance(blocks, list) or any(map(_is_article, blocks)):
        return ""
    return joined(text for block in blocks for text in _paragraphs(block))


def _is_article(value: object) -> bool:
    if not isinstance(value, Mapping) or not next(_inner(value), None):
        return False
    return any(v and k != "time" and name_of(k) in ("title", "date") for k, v in value.items())


def _inner(block: Mapping[str, Any]) -> Iterator[Any]:
    """What it holds: a text, or blocks."""
    held = (block[name] for name in _INNER if block.get(name))
    return (one for one in held if isinstance(one, str | list | Mapping))


def _kind(block: object) -> str:
    told = block if isinstance(block, Mapping) else {}
    return next((str(told[name]).lower() for name in _KINDS if name in told), "")


def _paragraphs(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield _plain(value)
    elif isinstance(value, list):
        told = [list(_paragraphs(one)) for one in value]
        if any(map(_is_run, value)):
            yield "".join(map(" ".join, told))
        else:
            yield from (text for texts in told for text in texts)
    elif isinstance(value, Mapping):
        yield from _block(value, next(_inner(value), ""))


def _is_run(value: object) -> bool:
    """Whether it is a piece of a paragraph: its own words, set in one way."""
    is_leaf = isinstance(value, Mapping) and isinstance(next(_inner(value), None), str)
    return is_leaf and _kind(value) in _RUNS


def _block(block: Mapping[str, Any], inner: Any) -> Iterator[str]:
    kind = _kind(block)
    if isinstance(inner, list) and all(isinstance(row, list) for row in inner):
        yield table([[" ".join(_paragraphs(cell)) for cell in row] for row in inner])
    elif _HEADING.match(kind):
        level = {**block, **inner} if isinstance(inner, Mapping) else block
        number = level.get("level")
        yield heading(" ".join(_paragraphs(inner)), number if isinstance(number, int) else 2)
    elif _LIST.fullmatch(kind):
        yield "\n".join(map(item, _paragraphs(inner)))
    else:
        yield from _paragraphs(inner)


def _plain(text: str) -> str:
    """A text without marks of HTML."""
    tree = parsed(text) if _MARKUP.search(text) else None
    return text if tree is None else light_text(tree)
