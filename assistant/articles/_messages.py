"""What is said between the process that asks and the one that reads, in JSON.

JSON since what comes from a reader may come from whoever wrote the file: it is parsed as texts and
nothing else. Each message is its length (4 bytes) and its content.
"""

from __future__ import annotations

import json
import socket
import struct
import time
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any, Final

from assistant.articles.document import Document, Metadata

LONGEST: Final = 256_000_000  # bytes of a message
# To the nursery and back, by their size: what, the kind of file, the reader.
START, END = 0, 1
NO_MEMORY: Final = 3  # exit status of a reader that ran out of it
QUESTION: Final = struct.Struct("=i8si")
# The reader, its exit status, its most memory in KiB, the seconds that it computed.
ANSWER: Final = struct.Struct("=iiqd")
_CHUNK: Final = 1 << 20
_LENGTH = struct.Struct("=I")
_FACTS: Final = ("title", "source", "date", "language", "author")


class NoMessage(Exception):
    """The other side is gone, or what it said is none of ours."""


def send(to: socket.socket, content: bytes) -> None:
    """Raises OSError where the other side is gone or too slow."""
    to.sendall(_LENGTH.pack(len(content)))
    to.sendall(content)


def receive(source: socket.socket, deadline: float | None = None) -> bytes:
    """The next message; ``deadline``: by ``time.monotonic``. Raises NoMessage, TimeoutError."""
    (length,) = _LENGTH.unpack(_exactly(source, _LENGTH.size, deadline))
    if length > LONGEST:
        raise NoMessage
    return _exactly(source, length, deadline)


def _exactly(source: socket.socket, length: int, deadline: float | None) -> bytes:
    parts, missing = [], length
    while missing:
        if deadline is not None:
            source.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            part = source.recv(min(missing, _CHUNK))
        except ConnectionError:
            part = b""
        if not part:
            raise NoMessage
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def packed(message: object) -> bytes:
    # Half surrogate pairs pass: names of files that are not UTF-8 have some.
    return json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass")


def unpacked(content: bytes) -> dict[str, Any]:
    """Raises NoMessage where it is no object in JSON."""
    try:
        message = json.loads(content.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        raise NoMessage from None
    if not isinstance(message, dict):
        raise NoMessage
    return message


def of_document(document: Document) -> dict[str, Any]:
    return asdict(document)


def document_in(told: object) -> Document:
    """Raises NoMessage where it is anything but what ``of_document`` gives."""
    if not isinstance(told, dict) or {type(told.get(flag)) for flag in _FLAGS} != {bool}:
        raise NoMessage
    return Document(
        text=_text(told.get("text")), metadata=_metadata(told.get("metadata")),
        marked=told["marked"], member=_member(told.get("member")),
        notes=_texts(told.get("notes")), around=_metadata(told.get("around")),
        byline=_texts(told.get("byline")), edges=_texts(told.get("edges")),
        collected=told["collected"],
    )  # fmt: skip


_FLAGS: Final = ("marked", "collected")


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise NoMessage
    return told


def _member(told: object) -> str:
    """The name of a file in an archive, which leads nowhere else."""
    name = _text(told)
    try:
        name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise NoMessage from None
    if "\0" in name or {"/", ".."}.intersection(PurePosixPath(name).parts):
        raise NoMessage
    return name


def _texts(told: object) -> tuple[str, ...]:
    if not isinstance(told, list):
        raise NoMessage
    return tuple(map(_text, told))


def _metadata(told: object) -> Metadata:
    if not isinstance(told, dict):
        raise NoMessage
    return Metadata(**{fact: _text(told.get(fact)) for fact in _FACTS})
