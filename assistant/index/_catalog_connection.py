"""One connection to a catalog: what it is asked, and the fault where the file is damaged."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from assistant.erasure import UNREADABLE
from assistant.types import IndexFault

_MANY = 500  # parameters in one statement; SQLite's oldest limit is 999


class Connection:
    """Safe to share between threads: each call holds a lock."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self.path = path

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def damaged(self, how: str) -> IndexFault:
        """The fault to raise where the catalog is not as it was written."""
        return unreadable(self.path, sqlite3.DatabaseError(how))

    def _require(self, condition: bool, otherwise: str) -> None:
        if not condition:
            raise self.damaged(otherwise)

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except UNREADABLE as error:
                raise unreadable(self.path, error) from error

    def _rows_in(self, query: str, values: Sequence[object]) -> list[tuple]:  # type: ignore[type-arg]
        """Rows of a query with ``IN ({})``, asked in parts that SQLite takes."""
        rows = []
        for part in parts(values):
            rows += self._rows(query.format(",".join("?" * len(part))), part)
        return rows


def parts(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for i in range(0, len(values), _MANY):
        yield values[i : i + _MANY]


def is_of_the_disk(error: BaseException) -> TypeGuard[sqlite3.OperationalError]:
    """Whether SQLite lacks room, rights or its turn; else the file is not as it was written."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)  # none: text that is no UTF-8
    return isinstance(error, sqlite3.OperationalError) and code & 0xFF != sqlite3.SQLITE_ERROR


def unreadable(path: Path, error: BaseException) -> IndexFault:
    """The fault of a catalog that cannot be read, and its cause: it names what helps."""
    folder = path.parent
    first = "make room or check its permissions, then try again; " if is_of_the_disk(error) else ""
    # SQLite's own words tell the damaged text, which is an article's.
    why = "a text in it is damaged" if "decode" in str(error) else error
    fault = IndexFault(
        f"{path} cannot be read ({why}); {first}if it is damaged, run: assistant doctor --repair "
        f"--index {folder}  (or index your articles again: assistant index PATHS --rebuild "
        f"--index {folder})"
    )
    fault.__cause__ = error
    return fault
