"""Files that hold articles: mails, books and archives."""

from __future__ import annotations

import email
import email.policy
import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Final

from lxml import etree

from assistant.articles.document import Document, Metadata
from assistant.articles.html import document_of
from assistant.articles.html_blocks import light_text, parsed
from assistant.articles.metadata import day_of
from assistant.articles.text_files import corpus_error, line_of, without_unfit
from assistant.types import CorpusError

MOST_MEMBERS: Final = 10_000
MOST_UNPACKED: Final = 200_000_000  # bytes of an archive in all
LEAST_CHAPTER: Final = 200  # characters: covers and title pages of a book have fewer

Read = Callable[[Path, bytes], list[Document]]


# Mails
# "-- " alone on a line begins the signature (RFC 3676, §4.3); newsletters draw longer rules.
_SIGNATURE = re.compile(r"\n(?:-- |[-_=]{10,})\n")


def mail(data: bytes) -> Document:
    """The text of a mail, its subject as the headline and its sender as the newspaper."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    text = str(body.get_content()) if body else ""
    is_html = body is not None and body.get_content_subtype() == "html"
    if is_html:
        page = document_of(text)
        text = page.text if page else ""
    else:
        text = _SIGNATURE.split(text)[0]
    sender = message["from"].addresses[0] if message["from"] and message["from"].addresses else None
    return Document(
        without_unfit(text),
        Metadata(
            title=line_of(str(message["subject"] or "")),
            source=line_of(sender.display_name or sender.domain) if sender else "",
            date=day_of(str(message["date"] or "")),
        ),
        marked=is_html,
    )


# Books
_EPUB: Final = {
    "c": "urn:oasis:names:tc:opendocument:xmlns:container",
    "o": "http://www.idpf.org/2007/opf",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def book(data: bytes) -> list[Document]:
    """An article for each chapter of an .epub file."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        container = etree.fromstring(files.read("META-INF/container.xml"), parser)
        place = str(container.xpath("string(//c:rootfile/@full-path)", namespaces=_EPUB))
        package = etree.fromstring(files.read(place), parser)
        hrefs = {
            str(entry.get("id")): str(entry.get("href"))
            for entry in package.iterfind(".//o:manifest/o:item", _EPUB)
        }
        order = [str(ref.get("idref")) for ref in package.iterfind(".//o:spine/o:itemref", _EPUB)]
        folder = posixpath.dirname(place)
        chapters = [
            files.read(posixpath.normpath(posixpath.join(folder, hrefs[one])))
            for one in order
            if one in hrefs
        ]

    def told(name: str) -> str:
        return line_of(package.findtext(f".//dc:{name}", "", _EPUB))

    known = Metadata(
        source=told("publisher") or told("title"), date=day_of(told("date")),
        language=told("language")[:2].lower(), author=told("creator"),
    )  # fmt: skip
    trees = filter(lambda tree: tree is not None, map(parsed, chapters))
    texts = [light_text(tree) for tree in trees if tree is not None]
    long = [text for text in texts if len(text) >= LEAST_CHAPTER] or texts
    return [
        Document(without_unfit(text), marked=True, around=known) for text in long if text.strip()
    ]


# Archives
def archive(path: Path, data: bytes, suffixes: frozenset[str], read: Read) -> list[Document]:
    """The articles of the files in a .zip; ``read`` reads a file by its name and content."""
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        members = [info for info in files.infolist() if _is_article(info.filename, suffixes)]
        if any(info.flag_bits & 1 for info in members):
            raise corpus_error(path, "opens with a password only", "unpack it and add its files")
        if len(members) > MOST_MEMBERS or sum(i.file_size for i in members) > MOST_UNPACKED:
            raise corpus_error(path, "holds too much for one archive", "split it")
        found = [made for info in members for made in _member(path, files, info, read)]
    if not found:
        raise corpus_error(path, "holds no articles", "put .txt, .md, .pdf or .docx files into it")
    return found


def _is_article(name: str, suffixes: frozenset[str]) -> bool:
    parts = PurePosixPath(name).parts
    hidden = any(part.startswith((".", "__")) for part in parts)
    return not hidden and PurePosixPath(name).suffix.lower() in suffixes


def _member(
    path: Path, files: zipfile.ZipFile, info: zipfile.ZipInfo, read: Read
) -> Iterator[Document]:
    name = "/".join(p for p in PurePosixPath(info.filename).parts if p not in ("/", ".."))
    try:
        documents = read(path / name, files.read(info))
    except CorpusError as fault:
        # A file of an archive that cannot be read stops the others as little as one of a folder.
        yield Document("", member=name, notes=(str(fault),))
        return
    for one in documents:
        yield replace(one, member=one.member or name)
