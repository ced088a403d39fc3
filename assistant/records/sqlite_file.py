"""A SQLite file of what is kept beside an index: shared by threads and processes, outliving it."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from assistant import private_files
from assistant.erasure import UNREADABLE, erase_deleted
from assistant.types import AssistantError

WAIT = 30  # seconds for another writer


class Database:
    """One open file. Safe to share between threads: each call holds a lock.

    What goes wrong is raised as ``error``, one line that names the file.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: Path, error: type[AssistantError]
    ) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self._error = error
        self._owed = False  # something deleted is not erased yet: others are in the way
        self._wait: float = WAIT
        self.path = path

    @classmethod
    def open(cls, path: Path, schema: str, layout: int, error: type[AssistantError]) -> Database:
        """The file at ``path``, made when it is not there; its folder must be.

        ``layout`` > 0 counts the changes of ``schema``; a file of another layout is refused.
        Only the user whom the program runs as may read the file.
        """
        try:
            private_files.make_file(path)
            connection = sqlite3.connect(
                path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as fault:
            raise error(
                f"{path} cannot be opened ({fault}); check the folder and its permissions"
            ) from None
        database = cls(connection, path, error)
        try:
            database._prepare(schema, layout)
        except BaseException:
            connection.close()
            raise
        return database

    def _prepare(self, schema: str, layout: int) -> None:
        with self._translated():
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA secure_delete = ON")  # at once; erasure.py does the rest
        with self.write() as db:  # the lock: another process may be making the same file
            found = db.execute("PRAGMA user_version").fetchone()[0]
            if found == 0:
                for statement in schema.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version = {layout}")
        if found not in (0, layout):
            raise self._error(
                f"{self.path} has layout {found}, this version reads {layout}; use the version "
                "that made it, or move the file away"
            )

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock, self._translated():
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def write(self, deletes: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. Another writer is waited for.

        ``deletes``: it takes something away, of which then no byte is left in any file.
        """
        with self._lock, self._translated():
            self._owed |= deletes
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                raise
            if self._owed:
                self._owed = not erase_deleted(self.path, self._wait)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as fault:
            raise self._error(
                f"{self.path} cannot be used now ({fault}); nothing was changed, try again"
            ) from fault
        except UNREADABLE as fault:
            raise self._error(
                f"{self.path} is damaged ({fault}); move it away, and a new one is made"
            ) from fault
