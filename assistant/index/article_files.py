"""Files to articles.

An article's text stays as it was written, apart from newlines and NFC; what is known about it
(title, source, date, language) comes from front matter or a sidecar file, else from the text.
A file that cannot be read is a fault, and never stops the others.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.index._article_metadata import (
    merged_metadata,
    parsed_json,
    read_front_matter,
    read_sidecar,
)
from assistant.index.article_facts import article_from, article_of
from assistant.index.text_files import (
    check_characters,
    check_content,
    corpus_error,
    decoded_text,
    line_of,
    system_fault,
)
from assistant.types import Article, CorpusError

ARTICLE_SUFFIXES = (".txt", ".md")


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles of some paths, in the order of the paths, and what could not be read."""

    articles: tuple[Article, ...]
    faults: tuple[CorpusError, ...]


def read_article(path: Path) -> Article:
    """The article in a .txt or .md file.

    It is in UTF-8, in UTF-16 or UTF-32 with a byte order mark, or in Windows-1258. Raises
    CorpusError, naming the file, where it cannot be read as an article.
    """
    if path.suffix.lower() not in ARTICLE_SUFFIXES:
        raise corpus_error(path, "is not an article", "name .txt, .md or SQuAD-format .json files")
    text = decoded_text(path)
    metadata, text = read_front_matter(path, text)
    sidecar = read_sidecar(path)
    check_content(path, text)
    return article_from(path, text, merged_metadata(metadata, sidecar))


def read_articles(paths: Sequence[Path]) -> Corpus:
    """The articles of files and folders; never raises CorpusError.

    A folder is searched for .txt and .md files, in sorted order, without hidden ones; a .json
    file is read in SQuAD's format, each paragraph an article. Of articles with the same text
    the first is kept.
    """
    articles: dict[str, Article] = {}
    faults: list[CorpusError] = []
    for found in _each(paths):
        if isinstance(found, CorpusError):
            faults.append(found)
        else:
            articles.setdefault(found.id, found)
    return Corpus(tuple(articles.values()), tuple(faults))


def _each(paths: Iterable[Path]) -> Iterator[Article | CorpusError]:
    for path in paths:
        for file in _files(path):
            if isinstance(file, CorpusError):
                yield file
                continue
            try:
                if file.suffix.lower() == ".json":
                    yield from _read_squad(file)
                else:
                    yield read_article(file)
            except CorpusError as fault:
                yield fault


# Folders
def _files(path: Path) -> Iterator[Path | CorpusError]:
    """The files to read for a path the user named."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError) as error:
        yield system_fault(path, error)
        return
    if not is_folder:
        yield path
        return
    found = list(_walk(path))
    yield from found
    if not found:
        yield corpus_error(path, "holds no articles", "put .txt or .md files into it")


def _walk(folder: Path) -> Iterator[Path | CorpusError]:
    """The articles below a folder in sorted order, and what is wrong with the others.

    Links to folders are followed, each folder once.
    """
    pending, seen = [folder], set[tuple[int, int]]()
    while pending:
        path = pending.pop()
        try:
            if not path.is_dir():
                if path.suffix.lower() in ARTICLE_SUFFIXES:
                    yield path
                continue
            _check_folder(path)
            status = path.stat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                inside = sorted(p for p in path.iterdir() if not p.name.startswith("."))
                pending += reversed(inside)
        except OSError as error:
            yield system_fault(path, error)
        except CorpusError as fault:
            yield fault


def _check_folder(path: Path) -> None:
    if path.suffix.lower() in ARTICLE_SUFFIXES:
        raise corpus_error(path, "is a folder, though named like an article", "rename it")
    if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
        raise corpus_error(path, "is a symbolic link to a folder it lies in", "remove the link")


# SQuAD
def _read_squad(path: Path) -> list[Article]:
    """An article for each paragraph of a file in SQuAD's format; its questions are not read."""
    document = parsed_json(path, decoded_text(path))
    found = []
    for i, entry in enumerate(_items(path, document, "data", "")):
        title = _optional_title(path, entry, f"data[{i}]")
        for j, paragraph in enumerate(_items(path, entry, "paragraphs", f"data[{i}]")):
            found.append(_squad_article(path, paragraph, f"data[{i}].paragraphs[{j}]", title))
    if not found:
        raise corpus_error(path, "holds no paragraphs", "name a file in SQuAD's format")
    return found


def _items(path: Path, holder: object, key: str, where: str) -> list[Any]:
    value = _member(path, holder, key, where)
    if not isinstance(value, list):
        raise _squad_fault(path, f"{where}.{key}".lstrip("."), "is not a list")
    return value


def _member(path: Path, holder: object, key: str, where: str) -> Any:
    if not isinstance(holder, Mapping):
        raise _squad_fault(path, where or "the document", "is not an object")
    if key not in holder:
        raise _squad_fault(path, f"{where}.{key}".lstrip("."), "is missing")
    return holder[key]


def _squad_fault(path: Path, where: str, why: str) -> CorpusError:
    return corpus_error(path, f"is not in SQuAD's format, {where} {why}", "correct it")


def _optional_title(path: Path, entry: object, where: str) -> str:
    title = entry.get("title") if isinstance(entry, Mapping) else None
    if title is not None and not isinstance(title, str):
        raise _squad_fault(path, f"{where}.title", "is not text")
    check_characters(path, title or "", f"{where}.title")
    return line_of(title or "")


def _squad_article(path: Path, paragraph: object, where: str, title: str) -> Article:
    context = _member(path, paragraph, "context", where)
    if not isinstance(context, str):
        raise _squad_fault(path, f"{where}.context", "is not text")
    return article_of(path, context, title, f"{where}.context")
