"""Files to articles.

A text's letters stay as they were written, apart from newlines and NFC; what is known about it
(title, source, date, language, author) comes from the file's own metadata, front matter or a
sidecar file, else from the text. A file that cannot be read is a fault, and never stops the others;
what of a file could not be read is a note.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.articles.apart import Reading, reading
from assistant.articles.document import Document, Metadata
from assistant.articles.facts import article_from
from assistant.articles.metadata import may_belong_to, read_sidecar
from assistant.articles.suffixes import ARTICLE_SUFFIXES, IN_FOLDERS, TEXTS
from assistant.articles.text_files import (
    corpus_error,
    printable,
    read_bytes,
    system_fault,
    without_unfit,
)
from assistant.types import Article, CorpusError


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles of some paths, in the order of the paths, what could not be read, and what of
    the articles could not. ``copies``: the ids of articles whose text is there again, and the path
    of each further one."""

    articles: tuple[Article, ...]
    faults: tuple[CorpusError, ...]
    notes: tuple[str, ...] = ()
    copies: tuple[tuple[str, str], ...] = ()


def read_articles(paths: Sequence[Path]) -> Corpus:
    """The articles of files and folders; never raises CorpusError.

    A folder is searched, in sorted order, without hidden files. Of articles with the same text the
    first is kept.
    """
    articles: dict[str, Article] = {}
    faults: list[CorpusError] = []
    notes: list[str] = []
    copies: list[tuple[str, str]] = []
    for found in _each(paths):
        if isinstance(found, CorpusError):
            faults.append(found)
        elif isinstance(found, str):
            notes.append(found)
        elif articles.setdefault(found.id, found) is not found:
            copies.append((found.id, found.path))
    if notes and not articles and not faults:  # folders of .json files that hold none
        faults += [_without_articles(path) for path in paths]
    return Corpus(tuple(articles.values()), tuple(faults), tuple(notes), tuple(copies))


def read_article(path: Path) -> Article:
    """The first article in a file. Raises CorpusError, naming the file, where there is none."""
    corpus = read_articles([path])
    if not corpus.articles:
        raise corpus.faults[0]
    return corpus.articles[0]


def file_of(path: Path) -> Path:
    """The file that an article's path leads to: for what lies in an archive, the archive."""
    return next((p for p in (path, *path.parents) if os.path.isfile(p)), path)


def _each(paths: Iterable[Path]) -> Iterator[Article | CorpusError | str]:
    named = list(paths)
    with reading() as apart:
        for file in (file for path in named for file in _files(path)):
            if isinstance(file, CorpusError):
                yield file
                continue
            try:
                yield from _articles(file, apart)
            except CorpusError as fault:
                # A .json file that nobody named may be anything.
                may_be_other = file.suffix.lower() == ".json" and file not in named
                yield str(fault) if may_be_other else fault


def _articles(path: Path, apart: Reading) -> Iterator[Article | CorpusError | str]:
    """The articles of a file, and what of them could not be read."""
    suffix = path.suffix.lower()
    if suffix not in ARTICLE_SUFFIXES:
        remedy = "name " + ", ".join(sorted(ARTICLE_SUFFIXES)) + " files"
        raise corpus_error(path, "is not an article", remedy)
    data = read_bytes(path)
    beside, notes = read_sidecar(path)
    told = 0
    for number, document in enumerate(map(_fit, apart.documents_of(path, data))):
        for note in (*(notes if number == 0 else ()), *document.notes):
            name = printable(str(path))
            yield note if name in note else f"{name}: {note}"
            told += 1
        if document.text.strip() or not document.member:
            yield article_from(path, document, beside)
            told += 1
    if not told:  # nothing is passed over in silence
        raise corpus_error(path, "holds no text", "save its text as .txt")


def _fit(document: Document) -> Document:
    """The document without what no text may hold, whatever its reader gave."""

    def fit(told: Metadata) -> Metadata:
        return Metadata(*(without_unfit(getattr(told, fact)) for fact in told.__slots__))

    return replace(
        document,
        text=without_unfit(document.text), metadata=fit(document.metadata),
        around=fit(document.around), byline=tuple(map(without_unfit, document.byline)),
        edges=tuple(map(without_unfit, document.edges)),
    )  # fmt: skip


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
        yield _without_articles(path)


def _without_articles(folder: Path) -> CorpusError:
    remedy = "put .txt, .md, .pdf or .docx files into it"
    return corpus_error(folder, "holds no articles", remedy)


def _walk(folder: Path) -> Iterator[Path | CorpusError]:
    """The articles below a folder in sorted order, and what is wrong with the others.

    Links to folders are followed, each folder once.
    """
    pending, seen = [folder], set[tuple[int, int]]()
    while pending:
        path = pending.pop()
        try:
            if not path.is_dir():
                if path.suffix.lower() in IN_FOLDERS or _may_hold_records(path):
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


def _may_hold_records(path: Path) -> bool:
    """Whether it is a .json file that stands beside no article."""
    return path.suffix.lower() == ".json" and not any(p.is_file() for p in may_belong_to(path))


def _check_folder(path: Path) -> None:
    if path.suffix.lower() in TEXTS:
        raise corpus_error(path, "is a folder, though named like an article", "rename it")
    if path.is_symlink() and path.parent.resolve().is_relative_to(path.resolve()):
        raise corpus_error(path, "is a symbolic link to a folder it lies in", "remove the link")
