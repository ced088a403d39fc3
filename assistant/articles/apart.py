"""Strangers' files are read apart: in a process of little memory and time that reaches nothing.

A file that upsets its reader costs that reader. The process that asks gets texts, or one line that
says what was wrong, and is never touched by what the file holds.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from assistant.articles._confinement import ARCHIVE_WAITED, WAITED
from assistant.articles._messages import (
    ANSWER,
    END,
    NO_MEMORY,
    QUESTION,
    START,
    NoMessage,
    document_in,
    packed,
    receive,
    send,
    unpacked,
)
from assistant.articles.document import Document
from assistant.articles.text_files import corpus_error, printable
from assistant.types import CorpusError

MOST_SECONDS: Final = float(WAITED)
MOST_ARCHIVE_SECONDS: Final = float(ARCHIVE_WAITED)
MOST_BROKEN: Final = 5  # files of an archive that are left out, each after reading it anew
MOST_FILES: Final = 1000  # of one reader
LONGEST_FAULT: Final = 2000  # characters

_START: Final = (
    "import sys; sys.path[:] = {}; from assistant.articles._nursery import main; main({})"
)
# No key and no password of the environment.
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH", "TMPDIR")
_REMEDY: Final = "split it, or save its text as .txt"
_TOO_LONG, _TOO_LARGE = "takes too long to read", "needs too much memory to read"
_BROKEN: Final = "makes its reader break off"


class _Ended(Exception):
    """The reader ended, or was ended: ``why``, with the way out; ``at``: the file of an archive
    that it was reading."""

    def __init__(self, why: str, remedy: str, at: str) -> None:
        super().__init__(why)
        self.why, self.remedy, self.at = why, remedy, at


@dataclass(frozen=True, slots=True)
class _Reader:
    """A reader that was started: its number, and where it is asked."""

    number: int
    asked: socket.socket
    held: tuple[str, ...]


class _Nursery:
    """The process that makes readers; started when the first is needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner = 0  # the process that may ask it: a copy of this process makes its own
        self._process: subprocess.Popen[bytes] | None = None
        self._asked: socket.socket | None = None

    def start(self, kind: str) -> _Reader:
        """A reader for files of this kind and others. Raises OSError."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                number, *_ = self._ask(START, kind, 0, [theirs.fileno()])
                theirs.close()
                told = unpacked(receive(ours, time.monotonic() + MOST_SECONDS))
                return _Reader(number, ours, tuple(told.get("held", ())))
            except (NoMessage, TimeoutError) as error:
                ours.close()
                raise OSError("its reader does not start") from error
            except BaseException:
                ours.close()
                raise

    def end(self, reader: _Reader) -> tuple[int, int, float]:
        """(exit status, most memory in KiB, seconds computed) of a reader, which is ended if it
        lives."""
        reader.asked.close()
        try:
            _, status, memory, seconds = self._ask(END, "", reader.number, [], again=False)
            return status, memory, seconds
        except OSError:
            return 0, 0, 0.0

    def _ask(
        self, what: int, kind: str, reader: int, descriptors: list[int], again: bool = True
    ) -> tuple[int, int, int, float]:
        question = QUESTION.pack(what, kind.encode()[:8], reader)
        with self._lock:
            asked = self._opened()
            try:
                socket.send_fds(asked, [question], descriptors)
                answer = asked.recv(ANSWER.size)
                return ANSWER.unpack(answer)
            except (OSError, struct.error) as error:
                self._close()
                if not again:
                    raise OSError("its reader is gone") from error
        # It ends when it has long not been asked.
        return self._ask(what, kind, reader, descriptors, again=False)

    def _opened(self) -> socket.socket:
        if self._owner != os.getpid():
            self._forget()
        if self._asked is None:
            ours, theirs = socket.socketpair()
            with theirs:
                code = _START.format(repr(sys.path), theirs.fileno())
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", code], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    pass_fds=[theirs.fileno()], start_new_session=True, env=_environment(),
                )  # fmt: skip
            ours.settimeout(MOST_SECONDS)
            self._asked, self._owner = ours, os.getpid()
        return self._asked

    def _forget(self) -> None:
        """The nursery of the process that this one is a copy of is left to that."""
        if self._asked is not None:
            self._asked.close()
        if self._process is not None:
            self._process.returncode = 0  # else its being dropped is warned of
        self._asked = self._process = None

    def _close(self) -> None:
        if self._asked is not None:
            self._asked.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._asked = self._process = None

    def close(self) -> None:
        with self._lock:
            if self._owner == os.getpid():
                self._close()


_nursery = _Nursery()
atexit.register(_nursery.close)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # A process with threads of its own cannot be copied safely.
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}


class Reading:
    """Files read apart, one after the other.

    ``most_memory``: KiB, and ``seconds``: of computing, of the readers that have ended.
    """

    def __init__(self) -> None:
        self._reader: _Reader | None = None
        self._files = 0  # that it has been given
        self.most_memory = 0
        self.seconds = 0.0

    def documents_of(self, path: Path, data: bytes) -> list[Document]:
        """What the file says. Raises CorpusError where it is faulty, or asks too much.

        A file in an archive that ends its reader is left out, with a line that says why.
        """
        deadline = time.monotonic() + MOST_ARCHIVE_SECONDS
        faults: dict[str, str] = {}
        while True:
            used = self._files > 0
            try:
                return self._asked(path, data, faults, deadline)
            except _Ended as ended:
                # What other files left in a reader is not this one's fault.
                if used and ended.why == _BROKEN:
                    continue
                if not ended.at or ended.at in faults or len(faults) == MOST_BROKEN:
                    raise corpus_error(path, ended.why, ended.remedy) from None
                faults[ended.at] = str(corpus_error(Path(ended.at), ended.why, ended.remedy))

    def _asked(
        self, path: Path, data: bytes, faults: Mapping[str, str], deadline: float
    ) -> list[Document]:
        """Raises CorpusError; _Ended where the reader ended at it."""
        reader = self._started(path)
        self._files += 1
        answers = _Answers(reader.asked, path, deadline)
        try:
            reader.asked.settimeout(MOST_SECONDS)
            send(reader.asked, packed({"path": str(path), "faults": faults}))
            send(reader.asked, data)
            return list(answers.documents())
        except TimeoutError:
            self.close()
            raise _Ended(_TOO_LONG, _REMEDY, answers.at) from None
        except (NoMessage, OSError):
            status = self.close()
            if status == -signal.SIGXCPU:
                raise _Ended(_TOO_LONG, _REMEDY, answers.at) from None
            if status == NO_MEMORY:
                raise _Ended(_TOO_LARGE, _REMEDY, answers.at) from None
            remedy = "open it in its program and save it again"
            raise _Ended(_BROKEN, remedy, answers.at) from None
        except MemoryError:
            self.close()
            raise _Ended(_TOO_LARGE, _REMEDY, answers.at) from None

    def _started(self, path: Path) -> _Reader:
        if self._files >= MOST_FILES:
            self.close()
        if self._reader is None:
            try:
                self._reader = _nursery.start(path.suffix.lower())
            except OSError:
                raise corpus_error(path, "cannot be read, no reader starts", "try again") from None
        return self._reader

    def close(self) -> int:
        """End the reader; returns its exit status."""
        if self._reader is None:
            return 0
        status, memory, seconds = _nursery.end(self._reader)
        self._reader, self._files = None, 0
        self.most_memory = max(self.most_memory, memory)
        self.seconds += seconds
        return status


@contextmanager
def reading() -> Iterator[Reading]:
    """Readers for a while: the next one to read begins with clean ones."""
    made = Reading()
    try:
        yield made
    finally:
        made.close()


class _Answers:
    """What a reader says of a file; ``at``: the file of an archive that it has begun last."""

    def __init__(self, asked: socket.socket, path: Path, deadline: float) -> None:
        self.asked, self.path, self.deadline = asked, path, deadline
        self.at = ""

    def documents(self) -> Iterator[Document]:
        """The documents, as they come. Raises what is said instead of them."""
        while True:
            until = min(self.deadline, time.monotonic() + MOST_SECONDS)
            told = unpacked(receive(self.asked, until))
            if "document" in told:
                yield document_in(told["document"])
            elif "at" in told:
                self.at = str(told["at"])
            elif told.get("end") is True:
                return
            elif told.get("over") == "memory":
                raise MemoryError
            elif told.get("over") == "text":
                raise corpus_error(self.path, "holds too much text for one file", "split it")
            else:
                raise CorpusError(printable(str(told.get("fault")))[:LONGEST_FAULT])
