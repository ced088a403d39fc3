"""Whether there is an index in a folder, and taking it away."""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from assistant.erasure import UNREADABLE
from assistant.index import _restoring as restoring
from assistant.index import _stamps as stamps
from assistant.index._locks import DERIVED, UPDATING
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.files import discarded
from assistant.types import IndexFault

REBUILDING: Final = "rebuilding"  # folder in it of an index that is made anew


def is_there(folder: Path) -> bool:
    """Whether there is a catalog, and not only the beginning of one."""
    path = folder / CATALOG
    if not path.is_file():
        return False
    with suppress(*UNREADABLE), closing(sqlite3.connect(path)) as db:
        return bool(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    return True


def discard_empty(folder: Path) -> None:
    """Takes away an index that holds no article, and its folder where nothing else is in it."""
    with suppress(IndexFault), closing(Catalog.open(folder / CATALOG)) as catalog:
        if catalog.counts()["articles"]:
            return
    if folder.is_dir():
        clear(folder)
        with suppress(OSError):  # what people wrote is in it
            folder.rmdir()


def clear(folder: Path) -> None:
    """Deletes all of the index in ``folder``, and nothing that is none of its files.

    The catalog goes first: what is left of a deletion that was interrupted is not an index.
    """
    for path in sorted(folder.glob(f"{CATALOG}*")):
        path.unlink()
    stamps.clear(folder, None)
    for name in (REBUILDING, restoring.RESTORING, UPDATING, DERIVED):
        discarded(folder / name)
