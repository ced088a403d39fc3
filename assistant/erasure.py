"""What was deleted from a SQLite file, deleted from its bytes.

``secure_delete`` alone is not enough: when SQLite moves rows between pages, it leaves copies in
the unused middle of a page (of 60 conversations in ``tests/test_deletion.py``, one in some runs).
So the file is written anew from what is still there, and the log of changes is emptied.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

WAIT = 30  # seconds for those who read or write at the moment
# What SQLite's module raises at a file that is damaged: its message may hold damaged letters, and
# a number more than 64 bits.
UNREADABLE: Final = (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError)


def erase_deleted(path: Path, wait: float = WAIT) -> bool:
    """Leaves no byte of deleted rows in the file or its log; whether that could be done now.

    On a connection of its own, so that who reads on another need not wait. Takes time and disk
    space in proportion to the file.
    """
    try:
        with closing(sqlite3.connect(path, timeout=wait, isolation_level=None)) as db:
            db.execute("VACUUM")
            busy, *_ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except UNREADABLE:  # busy, a full disk, damage: told by who uses the file
        return False
    return not busy
