"""Files in SQuAD's format → articles: a paragraph each; their questions are not read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assistant.articles.document import Document, Metadata
from assistant.articles.text_files import check_characters, check_content, corpus_error, line_of
from assistant.types import CorpusError


def paragraphs_of(path: Path, document: object) -> list[Document]:
    """A document for each paragraph. Raises CorpusError, naming the place that is faulty."""
    found = []
    for i, entry in enumerate(_items(path, document, "data", "")):
        title = _optional_title(path, entry, f"data[{i}]")
        for j, paragraph in enumerate(_items(path, entry, "paragraphs", f"data[{i}]")):
            found.append(_paragraph(path, paragraph, f"data[{i}].paragraphs[{j}]", title))
    if not found:
        raise corpus_error(path, "holds no paragraphs", "name a file in SQuAD's format")
    return found


def _items(path: Path, holder: object, key: str, where: str) -> list[Any]:
    value = _member(path, holder, key, where)
    if not isinstance(value, list):
        raise _fault(path, f"{where}.{key}".lstrip("."), "is not a list")
    return value


def _member(path: Path, holder: object, key: str, where: str) -> Any:
    if not isinstance(holder, Mapping):
        raise _fault(path, where or "the document", "is not an object")
    if key not in holder:
        raise _fault(path, f"{where}.{key}".lstrip("."), "is missing")
    return holder[key]


def _fault(path: Path, where: str, why: str) -> CorpusError:
    return corpus_error(path, f"is not in SQuAD's format, {where} {why}", "correct it")


def _optional_title(path: Path, entry: object, where: str) -> str:
    title = entry.get("title") if isinstance(entry, Mapping) else None
    if title is not None and not isinstance(title, str):
        raise _fault(path, f"{where}.title", "is not text")
    check_characters(path, title or "", f"{where}.title")
    return line_of(title or "")


def _paragraph(path: Path, paragraph: object, where: str, title: str) -> Document:
    context = _member(path, paragraph, "context", where)
    if not isinstance(context, str):
        raise _fault(path, f"{where}.context", "is not text")
    check_characters(path, context, f"{where}.context")
    check_content(path, context, f"{where}.context")
    return Document(context, Metadata(title=title), collected=True)
