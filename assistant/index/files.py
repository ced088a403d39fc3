"""Files that are there whole or not at all, also after the power has failed."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assistant import private_files
from assistant.types import IndexFault

SCRATCH = ".new-"  # between a file's name and what makes it another one's


def scratch_beside(path: Path) -> Path:
    """Where the file that is to be at ``path`` is made."""
    return path.with_name(f"{path.name}{SCRATCH}{secrets.token_hex(4)}")


def synced(path: Path) -> None:
    """The content of a file, or the names in a folder, are on the disk after it."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def placed(scratch: Path, path: Path) -> None:
    """Puts a file that was made beside in its place, in one step."""
    synced(scratch)
    os.replace(scratch, path)
    synced(path.parent)


def written(path: Path, data: bytes) -> None:
    """A new file with this content. Raises OSError, leaving none."""
    try:
        with private_files.writing(), path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError:
        raise
    except OSError:
        path.unlink(missing_ok=True)
        raise
    synced(path.parent)


def discarded(path: Path) -> None:
    """Deletes a file or a folder with all that is in it; a link is only taken away."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


class Unwritable(IndexFault):
    """An index cannot be written now; nothing was changed."""


@contextmanager
def writable(folder: Path) -> Iterator[None]:
    """Raises Unwritable for an OSError within, and for what SQLite says of a disk that is full or
    cannot be written: the fact and what to do."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        fact = getattr(error, "strerror", None) or error
        raise Unwritable(
            f"The index {folder} cannot be written ({fact}); nothing was changed: make room or "
            "check the permissions, then try again"
        ) from error
