"""The process that reads strangers' files, one after the other, and can do nothing else.

It is a copy of a process that has read no file (``_nursery``); it answers each file with its
documents, a message each, or with what is wrong.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from assistant.articles._confinement import ARCHIVE_WAITED, allow_seconds, confine
from assistant.articles._messages import NoMessage, of_document, packed, receive, send, unpacked
from assistant.articles._readers import Members, documents_of
from assistant.types import CorpusError

MOST_TEXT: Final = 50_000_000  # characters of a file's documents
MOST_DOCUMENTS: Final = 100_000


def serve(asker: socket.socket) -> None:
    """Confined, read what is asked until nobody asks any more."""
    send(asker, packed({"held": confine()}))
    while True:
        try:
            asked = unpacked(receive(asker))
            data = receive(asker)
        except (NoMessage, OSError):
            return
        allow_seconds()
        signal.alarm(2 * ARCHIVE_WAITED)  # who asks has given up, if it lives
        _answer(asker, Path(str(asked["path"])), data, asked.get("faults") or {})
        signal.alarm(0)


def _answer(asker: socket.socket, path: Path, data: bytes, faults: Mapping[str, str]) -> None:
    def begin(member: str) -> None:
        _say(asker, {"at": member})
        allow_seconds()

    try:
        documents = documents_of(path, data, Members(faults, begin))
        if len(documents) > MOST_DOCUMENTS or sum(len(d.text) for d in documents) > MOST_TEXT:
            _say(asker, {"over": "text"})
            return
        for document in documents:
            _say(asker, {"document": of_document(document)})
        _say(asker, {"end": True})
    except CorpusError as fault:
        _say(asker, {"fault": str(fault)})
    except MemoryError:
        _say(asker, {"over": "memory"})


def _say(asker: socket.socket, message: dict[str, Any]) -> None:
    send(asker, packed(message))
