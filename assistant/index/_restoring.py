"""The last part of a restore, which whoever comes next does where it was cut short.

What a backup holds was unpacked, verified and made ready in a folder of the index before. The
marker in it is the point of no return: from there on each step may be done twice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from assistant.index._locks import UPDATING, locked
from assistant.index._publishing import publish, put
from assistant.index.catalog import CATALOG
from assistant.index.errands import UPLOADS
from assistant.index.files import discarded, synced, writable

RESTORING: Final = "restoring"  # folder of an index
READY: Final = "ready"  # the marker in it
WRITTEN: Final = ("feedback.sqlite", "history.sqlite")  # what people wrote, beside the articles


def is_unfinished(folder: Path) -> bool:
    return (folder / RESTORING / READY).exists()


def finish(folder: Path) -> None:
    """Puts what was made ready in place. Raises IndexFault where that cannot be written."""
    with locked(folder, UPDATING), writable(folder):
        put_in_place(folder)


def put_in_place(folder: Path) -> None:
    """The same, by who holds the lock. Raises OSError, IndexFault."""
    stage = folder / RESTORING
    if not is_unfinished(folder):
        return
    names = (stage / READY).read_text("utf-8").split("\n")
    for name in WRITTEN:
        # Else nobody had written when it was made, and what is there stays; or it is done already.
        if name in names and (stage / name).exists():
            put(stage / name, folder / name)
    (folder / UPLOADS).mkdir(exist_ok=True)
    for name in names:
        if name.startswith(f"{UPLOADS}/") and (stage / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if is_database(name):
                put(stage / name, folder / name)
            else:
                os.replace(stage / name, folder / name)
    _discard_others(folder, names)
    synced(folder / UPLOADS)
    if (stage / CATALOG).exists():
        publish(stage, folder)
    (stage / READY).unlink()
    synced(stage)
    discarded(stage)


def is_database(name: str) -> bool:
    """Whether a file of ``uploads/`` is SQLite's: what is known of pages that the index follows."""
    return name.endswith(".sqlite")


def _discard_others(folder: Path, names: Sequence[str]) -> None:
    """Of what was sent, what is not in the backup; who has a database open keeps its log."""
    beside = {f"{name}{end}" for name in names if is_database(name) for end in ("-wal", "-shm")}
    for path in sorted((folder / UPLOADS).rglob("*"), reverse=True):  # what is in a folder first
        name = path.relative_to(folder).as_posix()
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # what stays is in it
                path.rmdir()
        elif name not in names and name not in beside and path.suffix != ".lock":
            discarded(path)
