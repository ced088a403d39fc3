"""Files that hold articles: books and archives."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote

from lxml import etree

from assistant.articles._xml import xml_parser
from assistant.articles.damage import MOST_UNPACKED, fault_of
from assistant.articles.document import Document, Metadata
from assistant.articles.html_blocks import Block, Kind, blocks, ends_sentence, parsed, text_in
from assistant.articles.metadata import MOST_SIDECAR, day_of, may_belong_to, sidecar_of
from assistant.articles.text_files import corpus_error, line_of, printable, without_unfit
from assistant.types import CorpusError

MOST_MEMBERS: Final = 10_000
MOST_ARCHIVES: Final = 100  # in an archive
LEAST_CHAPTER: Final = 200  # characters: covers and title pages of a book have fewer

Read = Callable[[Path, bytes], list[Document]]


# Books
_EPUB: Final = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def book(data: bytes) -> list[Document]:
    """An article for each chapter of an .epub file."""
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        container = etree.fromstring(files.read("META-INF/container.xml"), xml_parser())
        place = str(container.xpath("string(//c:rootfile/@full-path)", namespaces=_EPUB))
        package = etree.fromstring(files.read(place), xml_parser())
        hrefs = {
            str(entry.get("id")): str(entry.get("href"))
            for entry in package.iterfind(".//o:manifest/o:item", _EPUB)
        }
        spine = package.iterfind(".//o:spine/o:itemref", _EPUB)
        order = dict.fromkeys(str(ref.get("idref")) for ref in spine)  # each chapter once
        folder, names = posixpath.dirname(place), set(files.namelist())
        chapters = [
            files.read(name)
            for one in order
            if one in hrefs and (name := _place(folder, hrefs[one])) in names
        ]

    def told(name: str) -> str:
        return line_of(package.findtext(f".//dc:{name}", "", _EPUB))

    known = Metadata(
        source=told("publisher") or told("title"), date=day_of(told("date")),
        language=told("language")[:2].lower(), author=told("creator"),
    )  # fmt: skip
    found = [list(blocks(tree)) for tree in map(parsed, chapters) if tree is not None]
    texts = map(text_in, list(filter(_is_chapter, found)) or found)
    return [
        Document(without_unfit(text), marked=True, around=known) for text in texts if text.strip()
    ]


def _is_chapter(found: Sequence[Block]) -> bool:
    """Whether it is more than a cover or an imprint."""
    told = sum(block.kind == Kind.TEXT and ends_sentence(block.text) for block in found)
    return told > 1 or len(text_in(found)) >= LEAST_CHAPTER


def _place(folder: str, href: str) -> str:
    """Where a chapter lies in the archive: its address is escaped, and may lead to a part of it."""
    return posixpath.normpath(posixpath.join(folder, unquote(href.partition("#")[0])))


# Archives
def archive(
    path: Path, data: bytes, suffixes: frozenset[str], read: Read, most: int = MOST_UNPACKED
) -> list[Document]:
    """The articles of the files in a .zip; ``read`` reads a file by its name and content.

    ``most``: bytes that its files may have in all.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        every = {_name(info): info for info in files.infolist()}
        members = {
            name: i
            for name, i in every.items()
            if _is_article(name, suffixes)
            and not (name.lower().endswith(".json") and _stands_beside(name, every))
        }
        if any(info.flag_bits & 1 for info in members.values()):
            raise corpus_error(path, "opens with a password only", "unpack it and add its files")
        archives = sum(name.lower().endswith(".zip") for name in members)
        unpacked = sum(info.file_size for info in members.values())
        if len(members) > MOST_MEMBERS or archives > MOST_ARCHIVES or unpacked > most:
            raise corpus_error(path, "holds too much for one archive", "split it")

        def beside(place: Path) -> bytes | None:
            info = every.get(str(place))
            if info is None or info.flag_bits & 1:  # it opens with a password only
                return None
            return files.open(info).read(MOST_SIDECAR + 1)

        found: list[Document] = []
        for name, info in members.items():
            made = documents_in(path, name, files.read(info), read)
            found += _with_facts(path, made, *sidecar_of(Path(name), beside))
    if not found:
        remedy = "put .txt, .md, .pdf or .docx files into it"
        raise fault_of(path, data) or corpus_error(path, "holds no articles", remedy)
    return found


def _with_facts(
    path: Path, made: Iterable[Document], beside: Metadata, notes: Sequence[str]
) -> Iterator[Document]:
    """The articles of a file in an archive, with what a file beside it there says."""
    for number, one in enumerate(made):
        named = (f"{printable(str(path / one.member))}: {note}" for note in notes if not number)
        known = one.metadata.or_else(beside)
        yield replace(one, metadata=known, notes=(*one.notes, *named))


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a file in it. Many programs write UTF-8 and do not say so; then it is read in the
    code page of DOS."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _stands_beside(name: str, every: Container[str]) -> bool:
    """Whether a .json file says something of an article that lies beside it."""
    return any(path.as_posix() in every for path in may_belong_to(Path(name)))


def _is_article(name: str, suffixes: frozenset[str]) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__")) for part in parts)
    return not hidden and PurePosixPath(name).suffix.lower() in suffixes


def documents_in(path: Path, name: str, content: bytes, read: Read) -> Iterator[Document]:
    """The articles of a file in an archive or mail, with its name in it."""
    name = "/".join(p for p in PurePosixPath(name).parts if p not in ("/", ".."))
    try:
        documents = read(path / name, content)
    except CorpusError as fault:
        # A file of an archive that cannot be read stops the others as little as one of a folder.
        yield Document("", member=name, notes=(str(fault),))
        return
    for one in documents:
        yield replace(one, member=f"{name}/{one.member}" if one.member else name)
