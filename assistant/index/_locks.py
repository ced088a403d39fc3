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

    Raises Busy after that, and Unwritable where the folder cannot be written.
    """
    lock = FileLock(folder / name, mode=0o600)
    with writable(folder):
        private_files.tighten(folder)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            waiting()
            _wait(lock, folder, patience)
        try:
            with private_files.writing():
                yield
        finally:
            lock.release()


def _wait(lock: FileLock, folder: Path, patience: float) -> None:
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise Busy(
            f"The index {folder} is being changed by another process; try again when it is done"
        ) from None
