"""A process that loads what readers need and makes readers: copies of itself, in milliseconds.

It never sees a file's content, so that each reader begins clean. ``main`` is started with a socket
by which it is asked, strictly one after the other: START with a socket on which the reader will be
asked, and a kind of file that it should know; END with a reader's number, to which it answers why
that had ended, if it had.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from importlib import import_module
from typing import Final

from assistant.articles import _worker
from assistant.articles._messages import ANSWER, END, NO_MEMORY, QUESTION

IDLE: Final = 300  # seconds without a question, after which it ends

_LIBRARIES: Final = {
    ".html": ("trafilatura", "htmldate", "trafilatura.metadata", "assistant.articles.html"),
    ".pdf": ("assistant.articles.pdf",), ".docx": ("docx", "assistant.articles.word"),
    ".odt": ("assistant.articles.open_document",), ".md": ("assistant.articles.markdown",),
    ".csv": ("assistant.articles.tables",), ".xlsx": ("assistant.articles.tables",),
    ".zip": ("assistant.articles.packed",), ".epub": ("assistant.articles.packed",),
    ".eml": ("assistant.articles.mails",), ".rtf": ("striprtf.striprtf",),
}  # fmt: skip


def main(number: int) -> None:
    """Answer on the socket with this file descriptor until nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for who asks, who then closes
    with socket.socket(fileno=number) as asker:
        asker.settimeout(IDLE)
        with contextlib.suppress(OSError):
            while _answer(asker):
                pass


def _answer(asker: socket.socket) -> bool:
    question, descriptors, *_ = socket.recv_fds(asker, QUESTION.size, 1)
    if len(question) < QUESTION.size:
        return False
    what, kind, reader = QUESTION.unpack(question)
    if what == END:
        asker.sendall(_ended(reader))
        return True
    for name in _LIBRARIES.get(kind.rstrip(b"\0").decode(), ()):
        import_module(name)
    with socket.socket(fileno=descriptors[0]) as own:
        reader = os.fork()
        if reader == 0:
            asker.detach()
            _read(own)
    asker.sendall(ANSWER.pack(reader, 0, 0, 0.0))
    return True


def _read(asker: socket.socket) -> None:
    """The life of a reader."""
    try:
        own = asker.fileno()
        os.closerange(3, own)
        os.closerange(own + 1, 1024)
        asker.settimeout(None)
        _worker.serve(asker)
    except MemoryError:  # there was not even enough to say so
        os._exit(NO_MEMORY)
    finally:
        os._exit(0)


def _ended(reader: int) -> bytes:
    """Ends a reader. One that had ended by itself keeps its own status."""
    os.kill(reader, signal.SIGKILL)
    _, status, used = os.wait4(reader, 0)
    ended, seconds = os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime
    return ANSWER.pack(reader, ended, used.ru_maxrss, seconds)


if __name__ == "__main__":
    main(int(sys.argv[1]))
