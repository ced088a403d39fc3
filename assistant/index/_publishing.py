"""Putting an index that was made beside in the place of another.

Its catalog's content replaces the old one's within one transaction of the old file: whoever has
that open reads the state before until the commit, and the new one after it, and a log beside the
file never meets a catalog that it is none of. Only where the old file cannot be written, since it
is damaged or not there, the new one takes its place by name.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from assistant.erasure import UNREADABLE
from assistant.index import _stamps as stamps
from assistant.index._locks import locked
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.files import placed, writable
from assistant.types import IndexFault


def publish(made: Path, folder: Path) -> None:
    """Puts the index in ``made``, a folder of ``folder``, in its place.

    The caller holds the lock of who updates. Raises IndexFault where that is not possible: the
    old index is as it was.
    """
    with locked(folder), writable(folder):
        with closing(Catalog.open(made / CATALOG)) as catalog:
            with catalog.change() as changes:
                changes.raise_generation(_generation(folder) + 1)
                old = stamps.read(changes)
                if old is not None:
                    changes.derive(stamps.written(_renumbered(old, changes.generation)))
            found = stamps.read(catalog)
        if found is not None:
            for name in (found.dense.name, found.lexical.name):
                if (made / name).exists():
                    os.rename(made / name, folder / name)
        put(made / CATALOG, folder / CATALOG)
        stamps.clear(folder, found)


def put(made: Path, path: Path) -> None:
    """The content of a sound SQLite file in the place of what another holds. Raises OSError.

    After it ``made`` may be gone.
    """
    try:
        _write_into(made, path)
    except sqlite3.OperationalError as error:  # busy or full
        raise OSError(str(error)) from error
    except UNREADABLE:
        _take_the_place(made, path)


def _renumbered(found: stamps.Stamps, generation: int) -> stamps.Stamps:
    return stamps.Stamps(
        replace(found.dense, generation=generation), replace(found.lexical, generation=generation)
    )


def _generation(folder: Path) -> int:
    with suppress(IndexFault), closing(Catalog.open(folder / CATALOG)) as catalog:
        return catalog.generation
    return 0


def _write_into(made: Path, path: Path) -> None:
    """The content of a file that can be written, replaced within one transaction."""
    if not path.exists():
        raise sqlite3.DatabaseError("it is not there")
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as target:
        target.execute("PRAGMA synchronous = FULL")
        if target.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("it is damaged")
        source.backup(target)
        # Who reads the state before may do so for long; who opens it next empties the log.
        target.execute("PRAGMA busy_timeout = 0")
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _take_the_place(made: Path, path: Path) -> None:
    with closing(sqlite3.connect(made)) as source:
        source.execute("PRAGMA journal_mode = DELETE").fetchall()  # all of it in one file
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    placed(made, path)
