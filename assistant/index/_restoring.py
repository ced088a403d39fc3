"""The last part of a restore, which whoever comes next does where it was cut short.

What a backup holds was unpacked, verified and made ready in a folder of the index before. The
marker in it is the point of no return: from there on each step may be done twice.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from assistant.index._locks import UPDATING, locked
from assistant.index._publishing import publish
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
        if name in names:  # else nobody had written when it was made, and what is there stays
            _copy_into(stage / name, folder / name)
    (folder / UPLOADS).mkdir(exist_ok=True)
    for name in names:
        if name.startswith(f"{UPLOADS}/") and (stage / name).exists():
            os.replace(stage / name, folder / name)
    for path in (folder / UPLOADS).iterdir():
        if f"{UPLOADS}/{path.name}" not in names:
            discarded(path)
    synced(folder / UPLOADS)
    if (stage / CATALOG).exists():
        publish(stage, folder)
    (stage / READY).unlink()
    synced(stage)
    discarded(stage)


def _copy_into(source: Path, path: Path) -> None:
    """Within one transaction of a file that a server may have open."""
    with closing(sqlite3.connect(source)) as found, closing(sqlite3.connect(path)) as target:
        target.execute("PRAGMA synchronous = FULL")
        found.backup(target)
