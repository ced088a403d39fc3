"""Catalogs of earlier versions, brought to this version's layout."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from assistant.index._catalog_changes import write_meta
from assistant.index._catalog_connection import unreadable
from assistant.index._catalog_reading import Reading
from assistant.index._catalog_rows import (
    EDITIONS,
    LAYOUT,
    SCHEMA,
    TOTALS,
    digest_of,
    seal_of,
    seal_of_passage,
    seal_of_vector,
    total_of,
)

# Layout → what makes it the next one; any other layout is refused.
_STATEMENTS: Final = {
    "1": """
ALTER TABLE articles ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET marked = 1 WHERE lower(path) LIKE '%.md';
"""
}
EARLIER: Final = ("1", "2", "3")
SEALED: Final = ("3",)  # of these: what was written is known, and stays as it is

_COPY: Final = (
    "INSERT INTO articles SELECT id, path, title, language, source, date, furniture, author,"
    " marked, digest_of(text), seal_of(id, path, title, language, source, date, furniture, author,"
    " marked, digest_of(text)), text FROM old_articles",
    "INSERT INTO sentences SELECT passage_id, start, stop, kind, digest FROM old_sentences",
    "INSERT INTO passages SELECT id, article_id, start, stop, digest, 0 FROM old_passages",
    "INSERT INTO vectors SELECT digest, seal_of_vector(digest, vector), vector FROM old_vectors",
    "INSERT INTO forms SELECT folded, form, n FROM old_forms",
    "INSERT INTO pairs SELECT folded, a, b, n FROM old_pairs",
)


def create_tables(db: sqlite3.Connection, rows: dict[str, str]) -> None:
    """The tables, and ``rows`` of what is known of the catalog as a whole."""
    for statement in SCHEMA.split(";"):
        db.execute(statement)
    totals = {table: total_of(db.execute(query).fetchall()) for table, query in TOTALS.items()}
    told = {"layout": LAYOUT, "numbered": "0", "derived": "", "totals": json.dumps(totals)}
    write_meta(db, told | {"state": secrets.token_hex(8)} | rows)


def bring_up(db: sqlite3.Connection, path: Path) -> None:
    """Within a transaction of ``db``: the catalog is of this layout after it.

    Raises IndexFault where something cannot be understood, or a passage is not what its digest
    says: seals would bear it out.
    """
    known = dict(db.execute("SELECT key, value FROM meta").fetchall())
    layout = known.get("layout", "")
    if layout in SEALED:
        _add_editions(db, path)
        return
    if layout not in EARLIER or "seal" in known:
        return  # another process was faster, or it is damaged
    if not {"generation", "identity"} <= known.keys():
        raise unreadable(path, sqlite3.DatabaseError("what it says of itself is missing"))
    try:
        _renew(db, path, known)
    except (ValueError, TypeError, sqlite3.IntegrityError) as error:
        raise unreadable(path, error) from error


def _renew(db: sqlite3.Connection, path: Path, known: Mapping[str, str]) -> None:
    layout = known["layout"]
    if layout in _STATEMENTS:
        for statement in _STATEMENTS[layout].split(";"):
            db.execute(statement)
    _set_aside(db)
    numbered = _numbered(db)
    told = {
        "generation": str(int(known["generation"])),
        "identity": json.dumps(dict(json.loads(known["identity"]))),
    }
    create_tables(db, told | {"numbered": str(numbered)})
    _copy(db)
    _seal_passages(db, path)
    for table in _old_tables(db):
        db.execute(f"DROP TABLE {table}")
    totals = {table: total_of(db.execute(query).fetchall()) for table, query in TOTALS.items()}
    rows = dict(db.execute("SELECT key, value FROM meta").fetchall())
    write_meta(db, rows | {"totals": json.dumps(totals)})
    Reading(db, path).articles()  # all that is told of them can be understood


def _add_editions(db: sqlite3.Connection, path: Path) -> None:
    """Layout 3 has all but the table of editions. Raises IndexFault where it is damaged: the new
    totals would bear it out."""
    reading = Reading(db, path)
    rows = reading.meta()
    reading.check_totals()
    db.execute(EDITIONS.strip().rstrip(";"))
    write_meta(db, rows | {"layout": LAYOUT, "totals": json.dumps(reading.totals())})


def _set_aside(db: sqlite3.Connection) -> None:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    for (table,) in db.execute(query).fetchall():
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")


def _old_tables(db: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'old!_%' ESCAPE '!'"
    return [row[0] for row in db.execute(query).fetchall()]


def _numbered(db: sqlite3.Connection) -> int:
    """The highest number that a passage ever had."""
    there = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    queries = [
        ("sqlite_sequence", "SELECT coalesce(max(seq), 0) FROM sqlite_sequence"),
        ("old_passages", "SELECT coalesce(max(id), 0) FROM old_passages"),
    ]
    return max([int(db.execute(q).fetchone()[0]) for t, q in queries if t in there], default=0)


def _copy(db: sqlite3.Connection) -> None:
    db.create_function("digest_of", 1, digest_of, deterministic=True)
    db.create_function("seal_of", -1, seal_of, deterministic=True)
    db.create_function("seal_of_vector", 2, seal_of_vector, deterministic=True)
    there = _old_tables(db)
    for statement in _COPY:
        if statement.split()[-1] in there:
            db.execute(statement)


def _seal_passages(db: sqlite3.Connection, path: Path) -> None:
    reading = Reading(db, path)
    numbers = [row[0] for row in db.execute("SELECT id FROM passages").fetchall()]
    for number in numbers:
        row = db.execute(
            "SELECT id, article_id, start, stop, digest FROM passages WHERE id = ?", (number,)
        ).fetchone()
        sentences = db.execute(
            "SELECT start, stop, kind, digest FROM sentences WHERE passage_id = ? ORDER BY start",
            (number,),
        ).fetchall()
        seal = seal_of_passage(row, sentences)
        db.execute("UPDATE passages SET seal = ? WHERE id = ?", (seal, number))
    for _ in reading.passage_texts(numbers):
        pass
