"""Mails, what they forward and what hangs on them; web pages saved as mails are (.mhtml)."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage, MIMEPart
from itertools import groupby
from pathlib import Path
from typing import Final, cast

from assistant.articles.document import Document, Metadata
from assistant.articles.html import document_of
from assistant.articles.metadata import day_of
from assistant.articles.packed import LEAST_CHAPTER, Read, documents_in
from assistant.articles.text_files import corpus_error, line_of, text_of, without_unfit

DEEPEST: Final = 3  # mails in mails
MOST_PARTS: Final = 100_000  # of a mail

# "-- " alone on a line begins the signature (RFC 3676, §4.3); newsletters draw longer rules.
_SIGNATURE = re.compile(r"\n(?:-- |[-_=]{10,})\n")
# What its header says parts a mail (RFC 2046, §5.1.1), and the lines that may.
_BOUNDARY = re.compile(rb"""boundary\s*=\s*(?:"([^"\n]{1,200})"|([^\s;"]{1,200}))""", re.IGNORECASE)
_PARTING = re.compile(rb"^--(\S.{0,200}?)[ \t]*\r?$", re.MULTILINE)
_ANSWER = re.compile(r"(?:(?:fwd?|re|tr|chuyển tiếp|trả lời)\s*:\s*)+", re.IGNORECASE)
_QUOTED = re.compile(r"^(?:> ?)+")
# "On Mon, 8 Sep 2025 at 9:00 Lê Bình <binh@…> wrote:", also over two lines.
_WROTE = re.compile(
    r"^(?:on|vào|ngày|le|am|el)\b(?=[^\n]*(?:\n[^\n]*)?(?:@|\d:\d\d))[^\n]{5,200}"
    r"(?:\n[^\n]{0,120})?\b(?:wrote|đã viết|a écrit|schrieb[^\n:]{0,80}|escribió) ?:[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
_FORWARDED = re.compile(
    r"(?:^|\n)(?P<mark>(?:-{5,} ?(?:forwarded message|original message"
    r"|(?:tin nhắn|thư) đã (?:được )?chuyển tiếp|thư gốc) ?-{5,}|begin forwarded message:)\n+)?"
    r"(?:_{10,}\n+)?(?P<head>\*?(?:from|từ|người gửi|de|von):.*\n(?:[^\n:]{1,20}:.*\n)+)",
    re.IGNORECASE,
)
_HEAD = re.compile(r"^([^\n:]{1,20}): *(.*)$", re.MULTILINE)
_HEADS: Final = {
    "from": "source", "từ": "source", "người gửi": "source", "date": "date", "ngày": "date",
    "sent": "date", "đã gửi": "date", "subject": "title", "chủ đề": "title", "tiêu đề": "title",
}  # fmt: skip


def mail(path: Path, data: bytes, suffixes: frozenset[str], read: Read) -> list[Document]:
    """The articles that hang on a mail, and its own text where it is more than their cover.

    Raises CorpusError where it has more parts than are read.
    """
    # Before all of them are objects in memory; few mails have so many lines that may part them.
    if data.count(b"\n--") > MOST_PARTS and _parts(data) > MOST_PARTS:
        raise corpus_error(path, "holds too much text for one file", "split it")
    return list(_articles(path, _message(data), suffixes, read, DEEPEST))


def _parts(data: bytes) -> int:
    """How many parts a mail has, those of the mails in it too."""
    boundaries = {quoted or bare for quoted, bare in _BOUNDARY.findall(data)}
    return sum(line[1] in boundaries for line in _PARTING.finditer(data))


def _message(data: bytes) -> EmailMessage:
    return email.message_from_bytes(data, policy=email.policy.default)


def _articles(
    path: Path, message: EmailMessage, suffixes: frozenset[str], read: Read, deepest: int
) -> Iterator[Document]:
    attached = []
    for number, part in enumerate(message.iter_attachments(), 1):
        name = line_of(part.get_filename() or f"{number}.eml").replace("/", "_")
        if part.get_content_type() == "message/rfc822" and deepest:
            inner = cast(EmailMessage, part.get_content())
            found = list(_articles(path / name, inner, suffixes, read, deepest - 1))
            attached += [replace(one, member=one.member or name) for one in found]
        elif Path(name).suffix.lower() in suffixes:
            content = part.get_payload(decode=True)  # None where it has parts of its own
            attached += documents_in(path, name, cast(bytes | None, content) or b"", read)
    own = _own(path, message)
    if not attached or len(own.text) >= LEAST_CHAPTER:
        yield own
    yield from attached


def _own(path: Path, message: EmailMessage) -> Document:
    """The text of a mail, its subject as the headline and its sender as the newspaper."""
    body = message.get_body(("plain", "html"))
    is_html = body is not None and body.get_content_subtype() == "html"
    if body is None:
        text = ""
    elif is_html:
        page = document_of(_page_in(body))
        text = page.text if page else ""
    else:
        text = _text_in(path, body)
    sender = message["from"].addresses[0] if message["from"] and message["from"].addresses else None
    told = Metadata(
        title=_ANSWER.sub("", line_of(str(message["subject"] or "")), count=1),
        source=line_of(sender.display_name or sender.domain) if sender else "",
        date=day_of(str(message["date"] or "")),
    )
    text = text.replace("\r\n", "\n")
    forwarded, text = _forwarded(_WROTE.sub("", text if is_html else _unquoted(text)))
    text = text if is_html else _SIGNATURE.split(text)[0]
    return Document(without_unfit(text), forwarded.or_else(told), marked=is_html)


def _unquoted(text: str) -> str:
    """What a mail quotes as paragraphs of its own, without the marks, and without the signature
    above it."""
    groups = (lines for _, lines in groupby(text.split("\n"), key=lambda line: line[:1] == ">"))
    parts = ["\n".join(_QUOTED.sub("", line) for line in lines) for lines in groups]
    above = [_SIGNATURE.split(part)[0] for part in parts[:-1]]
    return "\n\n".join(part.strip("\n") for part in [*above, *parts[-1:]])


def _page_in(part: MIMEPart) -> bytes | str:
    """A part that is a page: its bytes where it says itself in which letters it is written."""
    data = cast(bytes, part.get_payload(decode=True) or b"")
    return data if _is_utf_8(data) else _as_declared(part, data) or data


def _text_in(path: Path, part: MIMEPart) -> str:
    """A part that is text, in the letters that it has, or names, or that are certain. Raises
    CorpusError."""
    data = cast(bytes, part.get_payload(decode=True) or b"")
    return data.decode() if _is_utf_8(data) else _as_declared(part, data) or text_of(path, data)


def _is_utf_8(data: bytes) -> bool:
    """Whether its letters beyond ASCII are all UTF-8, which many mails are that say otherwise."""
    try:
        return not data.isascii() and bool(data.decode())
    except UnicodeDecodeError:
        return False


def _as_declared(part: MIMEPart, data: bytes) -> str:
    """In the letters that the part names; "" where it names none, or others."""
    try:
        return data.decode(part.get_content_charset() or "ascii")
    except (LookupError, UnicodeDecodeError):
        return ""


def _forwarded(text: str) -> tuple[Metadata, str]:
    """What the head of a forwarded mail says, and its text, without a short note above it."""
    found = _FORWARDED.search(text)
    if not found:
        return Metadata(), text
    heads = ((name.strip(" *").lower(), value) for name, value in _HEAD.findall(found["head"]))
    told = {_HEADS[name]: value.strip(" *") for name, value in heads if name in _HEADS}
    if not found["mark"] and not {"source", "title"} <= told.keys():
        return Metadata(), text  # a timetable has "Từ: …" too
    if found.start() > LEAST_CHAPTER:
        return Metadata(), f"{text[: found.start()]}\n\n{text[found.end() :]}"
    return Metadata(
        title=_ANSWER.sub("", line_of(told.get("title", "")), count=1),
        source=line_of(told.get("source", "").partition("<")[0].strip(' "*')),
        date=day_of(told.get("date", "")),
    ), text[found.end() :]


def saved_page(data: bytes) -> Document | None:
    """A page that a browser saved as a single file (RFC 2557); None where it holds none."""
    message = _message(data)
    pages = (part for part in message.walk() if part.get_content_type() == "text/html")
    page = next(pages, None)
    address = line_of(str(message["snapshot-content-location"] or ""))
    return document_of(_page_in(page), address) if page is not None else None
