"""The catalog: articles, passages, sentences and vectors in SQLite. The one truth.

What belongs together commits together; each committed change raises the generation by one, and
names the derived indexes (dense, lexical) that were made from it: who reads sees one state of all
three. Nothing is told that is not as it was written: see ``_catalog_rows``.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from assistant import private_files
from assistant.erasure import UNREADABLE
from assistant.index._catalog_changes import Changes
from assistant.index._catalog_connection import is_of_the_disk, unreadable
from assistant.index._catalog_editions import surplus
from assistant.index._catalog_layouts import EARLIER, bring_up, create_tables
from assistant.index._catalog_reading import Facts, Reading, Stored
from assistant.index._catalog_rows import LAYOUT, SCHEMA, TABLES
from assistant.index.files import Unwritable, placed, scratch_beside
from assistant.types import Article, IndexFault, Passage, Vectors

__all__ = ["Catalog", "Facts", "Reading", "Stored"]

CATALOG = "catalog.sqlite"  # its name in the folder of an index
WAIT = 120  # seconds for another writer


class Catalog(Reading):
    """One open catalog: reads what is committed now. Changes go over a connection of their own, so
    that nobody who reads waits for them."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        super().__init__(connection, path)
        self._writing = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._file = _identity_of_file(path)
        self._removed = False  # something whose bytes are still in the file
        self._logged = False  # or only in the log beside it

    @classmethod
    def create(cls, path: Path, identity: Mapping[str, str]) -> Catalog:
        """A new, empty catalog: whole or not there at all. ``identity``: what its vectors and
        passages were made with. Raises OSError."""
        private_files.make_folder(path.parent)
        scratch = scratch_beside(path)
        private_files.make_file(scratch)  # SQLite gives its other files the mode of this one
        try:
            with closing(sqlite3.connect(scratch, isolation_level=None)) as db:
                db.execute("BEGIN")
                create_tables(db, {"generation": "0", "identity": json.dumps(dict(identity))})
                db.execute("COMMIT")
            placed(scratch, path)
        except BaseException as error:
            scratch.unlink(missing_ok=True)
            if isinstance(error, sqlite3.OperationalError):  # a full disk
                raise OSError(str(error)) from error
            raise
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> Catalog:
        """An existing catalog, brought to this version's layout where it is of an earlier one.

        Raises IndexFault when it is missing, damaged or of a layout that is not known.
        """
        if not path.is_file():
            raise IndexFault(
                f"No index at {path.parent}; run: assistant index --index {path.parent}"
            )
        try:
            catalog = cls(_connect(path), path)
        except UNREADABLE as error:
            raise unreadable(path, error) from None
        try:
            catalog._require_layout()
            catalog._require_schema()
            with closing(catalog.snapshot()) as one_state:  # another process may commit meanwhile
                one_state.check_totals()
        except BaseException:
            catalog.close()
            raise
        return catalog

    def _require_layout(self) -> None:
        if self._layout() in EARLIER:
            with self._transaction() as db:
                bring_up(db, self.path)
        layout = self._layout()
        self._require(layout not in EARLIER, "its layout was changed")
        if layout != LAYOUT:
            folder = self.path.parent
            raise IndexFault(
                f"{self.path} has layout {layout}, this version needs {LAYOUT}; index "
                f"your articles again: assistant index PATHS --rebuild --index {folder}"
            )

    def _layout(self) -> str:
        rows = self._rows("SELECT value FROM meta WHERE key = 'layout'")
        self._require(bool(rows), "it has no layout")
        return str(rows[0][0])

    def _require_schema(self) -> None:
        rows = self._rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        written = {s.strip() for s in SCHEMA.split(";")} - {""}
        found = {sql for name, sql in rows if name in TABLES}
        self._require(found == written, "its tables were changed")

    def close(self) -> None:
        with self._writing, self._lock:
            if self._writer:
                self.tidy()
                self._writer.close()
            super().close()

    def follow(self) -> None:
        """Opens the file again where another has been put in its place."""
        there = _identity_of_file(self.path)
        if there is None or there == self._file:
            return
        with self._writing, self._lock:
            other = Catalog.open(self.path)
            self._db.close()
            if self._writer:
                self._writer.close()
            self._db, self._writer, self._file = other._db, None, other._file

    def snapshot(self) -> Reading:
        """The state that is committed now, for as long as it is open."""
        try:
            db = _connect(self.path)
            db.execute("BEGIN")
        except UNREADABLE as error:
            raise unreadable(self.path, error) from error
        reading = Reading(db, self.path, whole=True)
        # When nobody refers to it: a connection does itself, and would stay.
        weakref.finalize(reading, db.close).atexit = False
        try:
            reading.meta()  # a transaction begins with the first thing it reads
        except BaseException:
            reading.close()
            raise
        return reading

    # -- writing -------------------------------------------------------------------------

    @contextmanager
    def change(self) -> Iterator[Changes]:
        """One change: all of it is committed at the end, or nothing where something is raised.

        Raises IndexFault where the catalog is damaged, cannot be written, or is being written by
        another process for longer than one waits for it.
        """
        with self._transaction() as db:
            changes = Changes(db, self.path)
            changes.begin()
            yield changes
            changes.end()
        self._removed |= changes.removed
        self.tidy()

    @contextmanager
    def renewal(self) -> Iterator[Changes]:
        """A change of what is kept beside the articles: it raises no generation."""
        with self._transaction() as db:
            changes = Changes(db, self.path)
            yield changes
        self._removed |= changes.removed

    def add(
        self,
        articles: Sequence[tuple[Article, Sequence[Passage]]],
        vectors: Mapping[bytes, Vectors],
    ) -> None:
        """Adds articles with their passages and new vectors: all of it or nothing."""
        with self.change() as changes:
            changes.drop_editions([article.id for article, _ in articles])
            changes.add(articles, vectors)

    def remove(self, article_ids: Sequence[str]) -> int:
        """Removes articles with all that hangs on them; returns how many passages went."""
        if not article_ids:
            return 0
        with self.change() as changes:
            return changes.remove(article_ids)

    def update_facts(self, article: Article) -> None:
        """Renews what is known beside the text of an article whose text is the same."""
        with self.change() as changes:
            changes.update_facts(article)

    def drop_unused_vectors(self) -> int:
        """Deletes vectors no passage or sentence needs any more; returns how many."""
        with self.renewal() as changes:
            return changes.drop_unused_vectors()

    def settle_editions(self, keep: int) -> None:
        """Lets go of the oldest editions of each article where it has more than ``keep``."""
        if surplus(self.links(), self.article_paths(), keep):
            with self.renewal() as changes:
                changes.settle_editions(keep)
                changes.count_again("editions")

    # -- plumbing ------------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One transaction; another writer is waited for, then named."""
        with self._writing:
            db = self._begun()
            try:
                yield db
                db.execute("COMMIT")
            except BaseException as error:
                if db.in_transaction:  # a full disk has ended it already
                    with suppress(sqlite3.Error):
                        db.execute("ROLLBACK")
                if type(error) in (sqlite3.OperationalError, sqlite3.DatabaseError):
                    raise self._refusal(error) from error
                raise

    def _begun(self) -> sqlite3.Connection:
        try:
            if self._writer is None:
                self._writer = _connect(self.path)
            self._writer.execute("BEGIN IMMEDIATE")
        except UNREADABLE as error:
            raise self._refusal(error) from error
        return self._writer

    def _refusal(self, error: BaseException) -> IndexFault:
        """The fault of a change that SQLite refused: nothing of it is in the catalog."""
        if not is_of_the_disk(error):
            return unreadable(self.path, error)
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            told = f"is in use by another process ({error}); try again when it is done"
        else:
            told = (
                f"cannot be written ({error}); nothing was changed: make room or check its "
                "permissions, then try again"
            )
        return Unwritable(f"{self.path} {told}")

    def tidy(self) -> bool:
        """Brings what was committed into the file itself, unless somebody still reads what was
        before: what stays in the log beside it is sealed by nothing. Whether the log is empty."""
        with self._writing, suppress(sqlite3.Error):
            self._writer = self._writer or _connect(self.path)
            self._writer.execute("PRAGMA busy_timeout = 0")
            busy, *_ = self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._writer.execute(f"PRAGMA busy_timeout = {1000 * WAIT}")
            self._logged &= bool(busy)
            return not busy
        return False

    @property
    def owes(self) -> bool:
        """Whether bytes of what was removed may be in its log, which could not be emptied."""
        return self._logged

    def forget(self) -> None:
        """Leaves no byte of what was removed in the file, once its log is empty: see ``tidy``.
        Where that fails, the next call does it."""
        with self._writing, suppress(sqlite3.Error):
            self._writer = self._writer or _connect(self.path)
            if self._removed or self._writer.execute("PRAGMA freelist_count").fetchone()[0]:
                self._writer.execute("VACUUM")
                self._removed, self._logged = False, True


def _identity_of_file(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=WAIT, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # at once; erasure.py does the rest
    except UNREADABLE:
        db.close()
        raise
    return db
