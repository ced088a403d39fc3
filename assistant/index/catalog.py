"""The catalog: articles, passages, sentences and vectors in SQLite. The one truth.

What belongs together commits together; each committed change raises the generation by one,
and the derived indexes (dense, lexical) say which generation they have seen.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path

import numpy as np

from assistant import private_files
from assistant.erasure import erase_deleted
from assistant.index._catalog_rows import (
    LAYOUT,
    MIGRATIONS,
    SCHEMA,
    add_syllables,
    article_of_row,
    digest_of,
    insert_article,
    insert_passage,
    vectors_of_blobs,
)
from assistant.text.accents import Statistics
from assistant.types import Article, IndexFault, Passage, Sentence, Vectors

_MANY = 500  # parameters in one statement; SQLite's oldest limit is 999


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage as the catalog keeps it: with its number and its article's facts."""

    id: int
    passage: Passage
    title: str
    language: str
    date: str = ""  # ISO 8601 day of the article


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters go by of an article, as its article has it."""

    source: str
    author: str
    date: str


class Catalog:
    """One open catalog. Safe to share between threads: each call holds a lock."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._db = connection
        self._lock = threading.RLock()
        self.path = path
        self._removed = False  # something that is not erased yet

    @classmethod
    def create(cls, path: Path, identity: Mapping[str, str]) -> Catalog:
        """A new, empty catalog. ``identity``: what its vectors and passages were made with."""
        private_files.make_folder(path.parent)
        private_files.make_file(path)  # SQLite gives its other files the mode of this one
        catalog = cls(_connect(path), path)
        rows = {"layout": LAYOUT, "generation": "0", "identity": json.dumps(dict(identity))}
        with catalog._write() as db:
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.executemany("INSERT INTO meta VALUES (?, ?)", rows.items())
        return catalog

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
        except sqlite3.DatabaseError as error:
            raise _unreadable(path, error) from None
        try:
            catalog._require_layout()
        except IndexFault:
            catalog.close()
            raise
        return catalog

    def _require_layout(self) -> None:
        if self._meta("layout") in MIGRATIONS:
            self._migrate()
        layout = self._meta("layout")
        if layout != LAYOUT:
            folder = self.path.parent
            raise IndexFault(
                f"{self.path} has layout {layout}, this version needs {LAYOUT}; index "
                f"your articles again: assistant index PATHS --rebuild --index {folder}"
            )

    def _migrate(self) -> None:
        """One transaction: whoever opens the catalog meanwhile finds it in one layout."""
        with self._write() as db:
            (layout,) = db.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()
            while layout in MIGRATIONS:
                for statement in MIGRATIONS[layout].split(";"):
                    db.execute(statement)
                layout = str(int(layout) + 1)
            db.execute("UPDATE meta SET value = ? WHERE key = 'layout'", (layout,))

    def close(self) -> None:
        with self._lock:
            self._db.close()

    # -- facts ---------------------------------------------------------------------------

    @property
    def identity(self) -> dict[str, str]:
        """What the vectors and passages were made with: field → value."""
        return dict(json.loads(self._meta("identity")))

    @property
    def generation(self) -> int:
        """Counts committed changes."""
        return int(self._meta("generation"))

    def counts(self) -> dict[str, int]:
        """Rows of articles, passages, sentences and vectors."""
        tables = ("articles", "passages", "sentences", "vectors")
        return {t: self._rows(f"SELECT count(*) FROM {t}")[0][0] for t in tables}

    def languages(self) -> dict[str, float]:
        """Language → its share of the articles; they sum to 1."""
        rows = self._rows("SELECT language, count(*) FROM articles GROUP BY language")
        total = sum(n for _, n in rows)
        return {language: n / total for language, n in rows}

    def integrity(self) -> str:
        """ "ok", or SQLite's first complaint."""
        try:
            return str(self._rows("PRAGMA quick_check(1)")[0][0])
        except IndexFault as fault:
            return str(fault.__cause__)

    def missing_vectors(self) -> int:
        """Passages and sentences whose vector is not there; 0 in a sound catalog."""
        return sum(
            self._rows(
                f"SELECT count(*) FROM {table} WHERE digest NOT IN (SELECT digest FROM vectors)"
            )[0][0]
            for table in ("passages", "sentences")
        )

    # -- reading -------------------------------------------------------------------------

    def articles(self) -> list[Article]:
        """Every article, by path."""
        return [
            article_of_row(row) for row in self._rows("SELECT * FROM articles ORDER BY path, id")
        ]

    def article(self, article_id: str) -> Article:
        """The article. Raises IndexFault when there is none with this id."""
        rows = self._rows("SELECT * FROM articles WHERE id = ?", (article_id,))
        if not rows:
            raise IndexFault(f"No article {article_id!r} in this index; see: assistant doctor")
        return article_of_row(rows[0])

    def article_paths(self) -> dict[str, str]:
        """Article id → the file it was read from."""
        return dict(self._rows("SELECT id, path FROM articles"))

    def facts(self) -> dict[str, Facts]:
        """Article id → what filters go by."""
        rows = self._rows("SELECT id, source, author, date FROM articles")
        return {row[0]: Facts(*row[1:]) for row in rows}

    def passage_articles(self) -> list[tuple[int, str]]:
        """The number of every passage, and the id of its article."""
        return self._rows("SELECT id, article_id FROM passages")

    def passages(self, ids: Sequence[int]) -> dict[int, Stored]:
        """The passages with these numbers; unknown numbers are left out."""
        sentences = self._sentences(ids)
        query = """
            SELECT p.id, p.article_id, p.start, p.stop, a.title, a.language, a.date,
                   substr(a.text, p.start + 1, p.stop - p.start)
            FROM passages p JOIN articles a ON a.id = p.article_id WHERE p.id IN ({})"""
        return {
            row[0]: Stored(
                row[0],
                Passage(row[1], row[2], row[3], row[7], tuple(s for s, _ in sentences[row[0]])),
                *row[4:7],
            )
            for row in self._rows_in(query, ids)
        }

    def sentence_vectors(self, ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """Vectors of the passages' sentences, in order: (passage of each row, rows)."""
        rows = self._rows_in(
            """SELECT s.passage_id, v.vector FROM sentences s JOIN vectors v USING (digest)
               WHERE s.passage_id IN ({}) ORDER BY s.passage_id, s.start""",
            ids,
        )
        return [row[0] for row in rows], vectors_of_blobs([row[1] for row in rows])

    def vectors_of(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Text → its vector (d,), of those texts that are passages or sentences here."""
        keys = {digest_of(text): text for text in texts}
        query = "SELECT digest, vector FROM vectors WHERE digest IN ({})"
        rows = self._rows_in(query, list(keys))
        vectors = vectors_of_blobs([row[1] for row in rows])
        return {keys[row[0]]: vector for row, vector in zip(rows, vectors, strict=True)}

    def passage_vectors(self) -> tuple[list[int], list[str], Vectors]:
        """Every passage: (numbers, languages, vectors)."""
        rows = self._rows(
            """SELECT p.id, a.language, v.vector FROM passages p
               JOIN articles a ON a.id = p.article_id JOIN vectors v USING (digest) ORDER BY p.id"""
        )
        return [r[0] for r in rows], [r[1] for r in rows], vectors_of_blobs([r[2] for r in rows])

    def passage_texts(self, since: int, until: int) -> Iterator[tuple[int, str]]:
        """(number, text) of the passages added after generation ``since``, up to ``until``.

        Without the bound, what another process adds meanwhile would be read once more later.
        """
        query = "SELECT id FROM passages WHERE generation > ? AND generation <= ? ORDER BY id"
        rows = self._rows(query, (since, until))
        numbers = [row[0] for row in rows]
        for i in range(0, len(numbers), _MANY):
            for number, stored in self.passages(numbers[i : i + _MANY]).items():
                yield number, stored.passage.text

    def removed_since(self, generation: int) -> list[int]:
        """Numbers of the passages removed after ``generation``; numbers are never used again."""
        rows = self._rows("SELECT passage_id FROM removals WHERE generation > ?", (generation,))
        return [row[0] for row in rows]

    def passages_of(self, article_ids: Iterable[str]) -> set[int]:
        """Numbers of these articles' passages."""
        query = "SELECT id FROM passages WHERE article_id IN ({})"
        return {row[0] for row in self._rows_in(query, list(article_ids))}

    def without_vector(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of ``digests`` that have no vector yet."""
        wanted = set(digests)
        rows = self._rows_in("SELECT digest FROM vectors WHERE digest IN ({})", list(wanted))
        return wanted - {row[0] for row in rows}

    def syllables(self, folded: Sequence[str]) -> Statistics:
        """Counts over the Vietnamese articles for these folded syllables and neighbours."""
        forms: dict[str, dict[str, int]] = {}
        query = "SELECT folded, form, n FROM forms WHERE folded IN ({})"
        for key, form, n in self._rows_in(query, list(set(folded))):
            forms.setdefault(key, {})[form] = n
        keys = list({f"{a} {b}" for a, b in pairwise(["", *folded])})
        query = "SELECT a, b, n FROM pairs WHERE folded IN ({})"
        pairs = {(a, b): n for a, b, n in self._rows_in(query, keys)}
        total = self._rows("SELECT coalesce(sum(n), 0) FROM forms")[0][0]
        lines = "SELECT coalesce(sum(n), 0) FROM pairs WHERE folded BETWEEN ' ' AND '!'"
        return Statistics(forms, pairs, total, self._rows(lines)[0][0])

    # -- writing -------------------------------------------------------------------------

    def add(
        self,
        articles: Sequence[tuple[Article, Sequence[Passage]]],
        vectors: Mapping[bytes, Vectors],
    ) -> None:
        """Adds articles with their passages and new vectors: all of it or nothing."""
        with self._write() as db:
            generation = self._raise_generation(db)
            rows = [(key, value.astype(np.float16).tobytes()) for key, value in vectors.items()]
            db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
            for article, passages in articles:
                insert_article(db, article)
                for passage in passages:
                    insert_passage(db, article, passage, generation)
                if article.language == "vi":
                    add_syllables(db, article.text, +1)

    def remove(self, article_ids: Sequence[str]) -> int:
        """Removes articles with all that hangs on them; returns how many passages went."""
        if not article_ids:
            return 0
        numbers = sorted(self.passages_of(article_ids))
        old = [self.article(article_id) for article_id in article_ids]
        with self._write() as db:
            generation = self._raise_generation(db)
            for number in numbers:
                db.execute("DELETE FROM sentences WHERE passage_id = ?", (number,))
                db.execute("DELETE FROM passages WHERE id = ?", (number,))
                db.execute("INSERT INTO removals VALUES (?, ?)", (number, generation))
            for article in old:
                db.execute("DELETE FROM articles WHERE id = ?", (article.id,))
                if article.language == "vi":
                    add_syllables(db, article.text, -1)
        self._removed = True
        return len(numbers)

    def update_facts(self, article: Article) -> None:
        """Renews what is known beside the text of an article whose text is the same."""
        with self._write() as db:
            self._raise_generation(db)
            db.execute(
                "UPDATE articles SET path = ?, title = ?, source = ?, date = ?, author = ?"
                " WHERE id = ?",
                (
                    *(article.path, article.title, article.source, article.date),
                    *(article.author, article.id),
                ),
            )
        self._removed = True

    def drop_unused_vectors(self) -> int:
        """Deletes vectors no passage or sentence needs any more; returns how many."""
        with self._write() as db:
            return db.execute(
                """DELETE FROM vectors WHERE digest NOT IN
                   (SELECT digest FROM passages UNION SELECT digest FROM sentences)"""
            ).rowcount

    def forget(self) -> None:
        """Leaves no byte of what was removed; where others are long in the way, the next call."""
        if self._removed or self._rows("PRAGMA freelist_count")[0][0]:
            self._removed = not erase_deleted(self.path)

    # -- plumbing ------------------------------------------------------------------------

    def _sentences(self, ids: Sequence[int]) -> dict[int, list[tuple[Sentence, bytes]]]:
        rows = self._rows_in(
            """SELECT passage_id, start, stop, kind, digest FROM sentences
               WHERE passage_id IN ({}) ORDER BY passage_id, start""",
            ids,
        )
        found: dict[int, list[tuple[Sentence, bytes]]] = {number: [] for number in ids}
        for number, group in groupby(rows, key=itemgetter(0)):
            found[number] = [(Sentence(r[1], r[2], r[3]), r[4]) for r in group]
        return found

    def _meta(self, key: str) -> str:
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        if not rows:
            raise _unreadable(self.path, sqlite3.DatabaseError(f"it has no {key}"))
        return str(rows[0][0])

    def _raise_generation(self, db: sqlite3.Connection) -> int:
        generation = self.generation + 1
        db.execute("UPDATE meta SET value = ? WHERE key = 'generation'", (str(generation),))
        return generation

    def _rows(self, query: str, values: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
        with self._lock:
            try:
                return self._db.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise _unreadable(self.path, error) from error

    def _rows_in(self, query: str, values: Sequence[object]) -> list[tuple]:  # type: ignore[type-arg]
        """Rows of a query with ``IN ({})``, asked in parts that SQLite takes."""
        rows = []
        for i in range(0, len(values), _MANY):
            part = values[i : i + _MANY]
            rows += self._rows(query.format(",".join("?" * len(part))), part)
        return rows

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; another writer is waited for, then named."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise IndexFault(
                    f"{self.path} is in use by another process ({error}); try again when it is done"
                ) from None
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException as error:
                if self._db.in_transaction:  # a full disk has ended it already
                    self._db.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError):
                    raise IndexFault(
                        f"{self.path} cannot be written ({error}); nothing was changed"
                    ) from error
                raise


def _unreadable(path: Path, error: sqlite3.DatabaseError) -> IndexFault:
    return IndexFault(
        f"{path} cannot be read ({error}); if it is damaged, index your articles again: "
        f"assistant index PATHS --rebuild --index {path.parent}"
    )


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # at once; erasure.py does the rest
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db
