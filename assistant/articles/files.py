"""Files to articles.

A text's letters stay as they were written, apart from newlines and NFC; what is known about it
(title, source, date, language, author) comes from the file's own metadata, front matter or a
sidecar file, else from the text. A file that cannot be read is a fault, and never stops the others;
what of a file could not be read is a note.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from assistant.articles.damage import fault_of
from assistant.articles.document import Document
from assistant.articles.facts import article_from, article_of
from assistant.articles.metadata import parsed_json, read_front_matter, read_sidecar
from assistant.articles.text_files import (
    check_characters,
    corpus_error,
    decoded_text,
    line_of,
    read_bytes,
    system_fault,
    text_of,
)
from assistant.text.legacy_encodings import recovered
from assistant.types import Article, CorpusError

TEXTS: Final = frozenset({".txt", ".md", ".markdown"})
TABLES: Final = frozenset({".csv", ".tsv", ".xlsx", ".xls", ".ods"})
PACKED: Final = frozenset({".epub", ".eml", ".zip"})
PAGES: Final = frozenset({".html", ".htm", ".mhtml", ".mht", ".pdf", ".docx", ".odt", ".rtf"})
RECORDS: Final = frozenset({".json", ".jsonl"})
# A folder is searched for these; a .json file in one may be anything, and is named to be read.
IN_FOLDERS: Final = TEXTS | TABLES | PACKED | PAGES | {".jsonl"}
ARTICLE_SUFFIXES: Final = IN_FOLDERS | RECORDS
_INSIDE: Final = ARTICLE_SUFFIXES - {".zip", ".json"}  # of an archive or mail


@dataclass(frozen=True, slots=True)
class Corpus:
    """The articles of some paths, in the order of the paths, what could not be read, and what of
    the articles could not."""

    articles: tuple[Article, ...]
    faults: tuple[CorpusError, ...]
    notes: tuple[str, ...] = ()


def read_articles(paths: Sequence[Path]) -> Corpus:
    """The articles of files and folders; never raises CorpusError.

    A folder is searched, in sorted order, without hidden files. Of articles with the same text the
    first is kept.
    """
    articles: dict[str, Article] = {}
    faults: list[CorpusError] = []
    notes: list[str] = []
    for found in _each(paths):
        if isinstance(found, CorpusError):
            faults.append(found)
        elif isinstance(found, str):
            notes.append(found)
        else:
            articles.setdefault(found.id, found)
    return Corpus(tuple(articles.values()), tuple(faults), tuple(notes))


def read_article(path: Path) -> Article:
    """The first article in a file. Raises CorpusError, naming the file, where there is none."""
    corpus = read_articles([path])
    if not corpus.articles:
        raise corpus.faults[0]
    return corpus.articles[0]


def file_of(path: Path) -> Path:
    """The file that an article's path leads to: for what lies in an archive, the archive."""
    return next((p for p in (path, *path.parents) if p.is_file()), path)


def _each(paths: Iterable[Path]) -> Iterator[Article | CorpusError | str]:
    for path in paths:
        for file in _files(path):
            if isinstance(file, CorpusError):
                yield file
                continue
            try:
                yield from _articles(file)
            except CorpusError as fault:
                yield fault


def _articles(path: Path) -> Iterator[Article | CorpusError | str]:
    """The articles of a file, and what of them could not be read."""
    suffix = path.suffix.lower()
    if suffix not in ARTICLE_SUFFIXES:
        remedy = "name " + ", ".join(sorted(ARTICLE_SUFFIXES)) + " files"
        raise corpus_error(path, "is not an article", remedy)
    data = read_bytes(path)
    beside, notes = read_sidecar(path)
    documents = documents_of(path, data)
    if documents is None:
        yield from _read_squad(path)
        return
    for number, document in enumerate(map(_in_unicode, documents)):
        for note in (*(notes if number == 0 else ()), *document.notes):
            yield note if str(path) in note else f"{path}: {note}"
        if document.text.strip() or not document.member:
            yield article_from(path, document, beside)


def _in_unicode(document: Document) -> Document:
    """The document; one whose letters are those of an old Vietnamese font is converted."""
    mended = recovered(document.text)
    if mended is None:
        return document
    text, encoding = mended
    title = recovered(document.metadata.title)
    metadata = replace(document.metadata, title=title[0] if title else "")
    note = f"was written in {encoding} and is converted"
    return replace(document, text=text, metadata=metadata, notes=(*document.notes, note))


def documents_of(path: Path, data: bytes) -> list[Document] | None:
    """What a file with this name and content says, None where it is in SQuAD's format.

    Raises CorpusError where it is damaged, protected or holds no text.
    """
    suffix = path.suffix.lower()
    try:
        return _READERS[suffix](path, data)
    except CorpusError:
        raise
    except (MemoryError, KeyboardInterrupt):
        raise
    except Exception as error:  # what libraries raise at damaged files has no common base
        if told := fault_of(path, data):
            raise told from error
        kind = type(error).__name__
        why = f"is no sound {suffix} file ({kind})"
        raise corpus_error(path, why, "open it in its program and save it again") from error


def _text(path: Path, data: bytes) -> list[Document]:
    if data.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        raise corpus_error(path, "is a .html file by its content", "name it so")
    metadata, text, notes = read_front_matter(text_of(path, data))
    return [Document(text, metadata, notes=notes)]


def _markdown(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.markdown import light_text

    metadata, text, notes = read_front_matter(text_of(path, data))
    return [Document(light_text(text), metadata, marked=True, notes=notes)]


def _page(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.html import document_of

    document = document_of(data)
    if document is None:
        raise corpus_error(path, "holds no text", "save the page as a whole, or its text as .txt")
    return [document]


def _pdf(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.pdf import Encrypted, NoText, document_of

    try:
        return [document_of(data)]
    except NoText:
        remedy = "recognize its text first, as with ocrmypdf -l vie"
        raise corpus_error(path, "holds pictures and no text", remedy) from None
    except Encrypted:
        raise corpus_error(path, "opens with a password only", "save it without one") from None


def _word(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.word import word_document

    return [word_document(data)]


def _open_document(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.open_document import open_document

    return [open_document(data)]


def _rich_text(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.rich_text import rich_text

    return [rich_text(data)]


def _table(path: Path, data: bytes) -> list[Document]:
    from assistant.articles import tables

    separated = path.suffix.lower() in (".csv", ".tsv")
    return (tables.comma_separated if separated else tables.workbook)(path, data)


def _records(path: Path, data: bytes) -> list[Document] | None:
    from assistant.articles import tables

    lines = path.suffix.lower() == ".jsonl"
    return (tables.lines_of_records if lines else tables.records)(path, data)


def _mail(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.mails import mail

    return mail(path, data, _INSIDE, _inner)


def _saved_page(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.mails import saved_page

    document = saved_page(data)
    if document is None:
        raise corpus_error(path, "holds no text", "save the page as .html, or its text as .txt")
    return [document]


def _book(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.packed import book

    return book(data)


def _archive(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.packed import archive

    return archive(path, data, _INSIDE | {".zip"}, _inner)


def _inner(path: Path, data: bytes) -> list[Document]:
    """A file in an archive or mail. An archive there may hold less, and none itself."""
    from assistant.articles.packed import MOST_UNPACKED, archive

    if path.suffix.lower() == ".zip":
        return archive(path, data, _INSIDE, _inner, MOST_UNPACKED // 10)
    return documents_of(path, data) or []


_READERS: Final = {
    ".txt": _text, ".md": _markdown, ".markdown": _markdown, ".html": _page, ".htm": _page,
    ".mhtml": _saved_page, ".mht": _saved_page,
    ".pdf": _pdf, ".docx": _word, ".odt": _open_document, ".rtf": _rich_text,
    **dict.fromkeys(sorted(TABLES), _table), **dict.fromkeys(sorted(RECORDS), _records),
    ".eml": _mail, ".epub": _book, ".zip": _archive,
}  # fmt: skip


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
        yield corpus_error(path, "holds no articles", "put .txt, .md, .pdf or .docx files into it")


def _walk(folder: Path) -> Iterator[Path | CorpusError]:
    """The articles below a folder in sorted order, and what is wrong with the others.

    Links to folders are followed, each folder once.
    """
    pending, seen = [folder], set[tuple[int, int]]()
    while pending:
        path = pending.pop()
        try:
            if not path.is_dir():
                if path.suffix.lower() in IN_FOLDERS:
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
    if path.suffix.lower() in TEXTS:
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
