"""The catalog's tables, and articles, passages and vectors as their rows."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import numpy as np

from assistant.text.accents import count_syllables
from assistant.text.terms import fold
from assistant.types import Article, Passage, Span, Vectors

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, date TEXT NOT NULL, text TEXT NOT NULL, furniture TEXT NOT NULL,
    author TEXT NOT NULL DEFAULT '', marked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article_id TEXT NOT NULL REFERENCES articles (id),
    start INTEGER NOT NULL, stop INTEGER NOT NULL, digest BLOB NOT NULL,
    generation INTEGER NOT NULL
);
CREATE INDEX passages_of_article ON passages (article_id, start);
CREATE INDEX passages_since ON passages (generation);
CREATE TABLE sentences (
    passage_id INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    kind TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (passage_id, start)
) WITHOUT ROWID;
CREATE TABLE vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE removals (passage_id INTEGER PRIMARY KEY, generation INTEGER NOT NULL);
CREATE TABLE forms (
    folded TEXT NOT NULL, form TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (folded, form)
) WITHOUT ROWID;
CREATE TABLE pairs (
    folded TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (folded, a, b)
) WITHOUT ROWID;
"""
LAYOUT = "2"  # of the tables above
# Layout → what makes it the next one; any other layout is refused.
MIGRATIONS = {
    "1": """
ALTER TABLE articles ADD COLUMN author TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN marked INTEGER NOT NULL DEFAULT 0;
UPDATE articles SET marked = 1 WHERE lower(path) LIKE '%.md';
"""
}


def digest_of(text: str) -> bytes:
    """The key of a text's vector: equal texts are embedded once."""
    return hashlib.sha256(text.encode()).digest()[:16]


def article_of_row(row: Sequence[Any]) -> Article:
    article_id, path, title, language, source, date, text, furniture, author, marked = row
    spans = tuple(Span(a, b) for a, b in json.loads(furniture))
    return Article(
        article_id, title, text, language, source, date, path, spans, author, bool(marked)
    )


def vectors_of_blobs(blobs: Sequence[bytes]) -> Vectors:
    if not blobs:
        return np.zeros((0, 0), np.float32)
    return np.frombuffer(b"".join(blobs), np.float16).reshape(len(blobs), -1).astype(np.float32)


def insert_article(db: sqlite3.Connection, article: Article) -> None:
    furniture = json.dumps([[span.start, span.end] for span in article.furniture])
    a = article
    db.execute(
        "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(a.id, a.path, a.title, a.language, a.source, a.date, a.text, furniture),
            *(a.author, a.marked),
        ),
    )


def insert_passage(
    db: sqlite3.Connection, article: Article, passage: Passage, generation: int
) -> None:
    number = db.execute(
        "INSERT INTO passages (article_id, start, stop, digest, generation) VALUES (?, ?, ?, ?, ?)",
        (article.id, passage.start, passage.end, digest_of(passage.text), generation),
    ).lastrowid
    db.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?)",
        [
            (number, s.start, s.end, s.kind, digest_of(article.text[s.start : s.end]))
            for s in passage.sentences
        ],
    )


def add_syllables(db: sqlite3.Connection, text: str, sign: int) -> None:
    """Adds (or takes back) a Vietnamese text's syllables and pairs, line by line."""
    forms, pairs = count_syllables(text.splitlines())
    keep = "ON CONFLICT DO UPDATE SET n = n + excluded.n"
    db.executemany(
        f"INSERT INTO forms VALUES (?, ?, ?) {keep}",
        [(fold(form), form, sign * n) for form, n in forms.items()],
    )
    db.executemany(
        f"INSERT INTO pairs VALUES (?, ?, ?, ?) {keep}",
        [(f"{fold(a)} {fold(b)}", a, b, sign * n) for (a, b), n in pairs.items()],
    )
    if sign < 0:
        db.execute("DELETE FROM forms WHERE n <= 0")
        db.execute("DELETE FROM pairs WHERE n <= 0")
