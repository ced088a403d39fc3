"""A file's name and content → what it says: a reader for each kind of file.

What reads strangers' files runs apart, in a process that may do nothing else (``apart``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from assistant.articles.damage import MOST_UNPACKED, check_unpacked, fault_of, is_marked
from assistant.articles.document import Document
from assistant.articles.metadata import read_front_matter
from assistant.articles.pipe_tables import with_told_rows
from assistant.articles.suffixes import ARTICLE_SUFFIXES, RECORDS, TABLES, TEXTS
from assistant.articles.text_files import corpus_error, text_of
from assistant.text.legacy_encodings import FEW_KINDS, may_be_salad, recovered, recovered_parts
from assistant.types import CorpusError

_PACKS: Final = frozenset({".docx", ".docm", ".odt", ".ods", ".xlsx", ".xlsm", ".epub"})
# Their readers make something of any bytes, or say only that they are no text.
_LENIENT: Final = frozenset(
    {".html", ".htm", ".mhtml", ".mht", ".rtf", ".eml", ".csv", ".tsv", *RECORDS, *TEXTS}
)
_INSIDE: Final = ARTICLE_SUFFIXES - {".zip"}  # of an archive or mail


@dataclass(frozen=True, slots=True)
class Members:
    """The files in an archive or mail, as they are read one after the other.

    ``faults``: path → what is wrong with a file that is left out; ``begin`` is told the path of
    each that is read.
    """

    faults: Mapping[str, str] = field(default_factory=dict)
    begin: Callable[[str], None] = lambda path: None

    def read(self, path: Path, data: bytes) -> list[Document]:
        """What a file in an archive or mail says. An archive there may hold less, and none itself.
        Raises CorpusError."""
        if fault := self.faults.get(str(path)):
            raise CorpusError(fault)
        self.begin(str(path))
        if path.suffix.lower() == ".zip":
            from assistant.articles.packed import archive

            return archive(path, data, _INSIDE, self.read, MOST_UNPACKED // 10)
        return _documents_of(path, data, self)


def documents_of(path: Path, data: bytes, members: Members | None = None) -> list[Document]:
    """What a file with this name and content says, in Unicode.

    Raises CorpusError where it is damaged, protected or holds no text.
    """
    found = _documents_of(path, data, members or Members())
    return [_in_unicode(document) for document in found]


def _in_unicode(document: Document) -> Document:
    """The document; what of it is in letters of an old Vietnamese font, or was encoded twice, is
    converted. Its facts are looked at where the article is made."""
    whole = recovered(document.text)
    mended = whole or recovered_parts(document.text)
    if mended is None:
        return document
    text, encoding = mended
    metadata = document.metadata
    if whole and may_be_salad(metadata.title) and not recovered(metadata.title, FEW_KINDS):
        metadata = replace(metadata, title="")
    if whole:
        note = f"was written in {encoding} and is converted"
    else:
        note = f"some of it was written in {encoding} and is converted"
    return replace(document, text=text, metadata=metadata, notes=(*document.notes, note))


def _documents_of(path: Path, data: bytes, members: Members) -> list[Document]:
    suffix = path.suffix.lower()
    try:
        if suffix in _PACKS:
            check_unpacked(path, data)
        elif suffix in _LENIENT and is_marked(data) and (told := fault_of(path, data)):
            raise told
        if holder := _HOLDERS.get(suffix):
            return holder(path, data, members)
        return _READERS[suffix](path, data)
    except CorpusError:
        raise
    except (MemoryError, KeyboardInterrupt):
        raise
    except RecursionError as error:
        remedy = "open it in its program and save it again"
        raise corpus_error(path, "is nested too deeply", remedy) from error
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
    return [Document(with_told_rows(text), metadata, notes=notes)]


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


def _records(path: Path, data: bytes) -> list[Document]:
    from assistant.articles import tables

    lines = path.suffix.lower() == ".jsonl"
    return (tables.lines_of_records if lines else tables.records)(path, data)


def _mail(path: Path, data: bytes, members: Members) -> list[Document]:
    from assistant.articles.mails import mail

    return mail(path, data, _INSIDE, members.read)


def _saved_page(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.mails import saved_page

    document = saved_page(data)
    if document is None:
        raise corpus_error(path, "holds no text", "save the page as .html, or its text as .txt")
    return [document]


def _book(path: Path, data: bytes) -> list[Document]:
    from assistant.articles.packed import book

    return book(data)


def _archive(path: Path, data: bytes, members: Members) -> list[Document]:
    from assistant.articles.packed import archive

    return archive(path, data, _INSIDE | {".zip"}, members.read)


_READERS: Final = {
    ".txt": _text, ".md": _markdown, ".markdown": _markdown, ".html": _page, ".htm": _page,
    ".mhtml": _saved_page, ".mht": _saved_page,
    ".pdf": _pdf, ".docx": _word, ".docm": _word, ".odt": _open_document, ".rtf": _rich_text,
    **dict.fromkeys(sorted(TABLES), _table), **dict.fromkeys(sorted(RECORDS), _records),
    ".epub": _book,
}  # fmt: skip
_HOLDERS: Final = {".eml": _mail, ".zip": _archive}
