"""Who may write an index now: files that one process at a time holds locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from assistant import private_files
from assistant.index.files import writable
from assistant.types import IndexFault

DERIVED: Final = "lock"  # held while the derived indexes are written
UPDATING: Final = "updating.lock"  # held while articles are added and removed


class Busy(IndexFault):
    """Another thread or process holds a lock longer than one waits for it."""


@contextmanager
def locked(
    folder: Path,
    name: str = DERIVED,
    patience: float = 120,
    waiting: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """One thread or process at a time; another is waited for, ``patience`` seconds.

    Raises Busy after that, and Unwritable where the folder cannot be written. What is raised within
    is none of that: it passes as it is.
    """
    with writable(folder):
        private_files.tighten(folder)
    lock = FileLock(folder / name, mode=private_files.file_mode())
    if not _taken(lock, folder, 0):
        waiting()
        if not _taken(lock, folder, patience):
            raise Busy(f"The index {folder} is being written by another; try again when it is done")
    try:
        with private_files.writing():
            yield
    finally:
        lock.release()


def _taken(lock: FileLock, folder: Path, patience: float) -> bool:
    with writable(folder):
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            return False
    return True
