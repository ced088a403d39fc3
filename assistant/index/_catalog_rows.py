"""The catalog's tables; articles, editions, passages and vectors as rows, and the rows' seals.

SQLite does not see a byte that changed in a cell. So each row has a seal, a CRC-32 of all it
holds, which is held against the row whenever it is read: it misses one damage in 2³², and none
within 32 neighbouring bits. An article's text and a passage's are held against their digests.
That no row is missing is told by totals in ``meta``, and ``meta`` is sealed as a whole.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from assistant.text.accents import count_syllables
from assistant.text.terms import fold
from assistant.types import Article, Edition, Passage, Sentence, Span, Vectors

# An article as it was before an edit; ``bound`` seals what became of it, ``seal`` what it was.
EDITIONS: Final = """
CREATE TABLE editions (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, date TEXT NOT NULL, furniture TEXT NOT NULL, author TEXT NOT NULL,
    marked INTEGER NOT NULL, digest BLOB NOT NULL, seal INTEGER NOT NULL,
    replaced_by TEXT NOT NULL, replaced_on TEXT NOT NULL, generation INTEGER NOT NULL,
    bound INTEGER NOT NULL, text TEXT NOT NULL
) WITHOUT ROWID;
"""
# ``text`` stands last, so that the facts are read without it. There is no index beside the tables:
# what is asked by another key than theirs is asked seldom, and an index can be damaged too.
SCHEMA: Final = f"""{EDITIONS}
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, date TEXT NOT NULL, furniture TEXT NOT NULL, author TEXT NOT NULL,
    marked INTEGER NOT NULL, digest BLOB NOT NULL, seal INTEGER NOT NULL, text TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE passages (
    id INTEGER PRIMARY KEY, article_id TEXT NOT NULL, start INTEGER NOT NULL,
    stop INTEGER NOT NULL, digest BLOB NOT NULL, seal INTEGER NOT NULL
);
CREATE TABLE sentences (
    passage_id INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
    kind TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (passage_id, start)
) WITHOUT ROWID;
CREATE TABLE vectors (
    digest BLOB PRIMARY KEY, seal INTEGER NOT NULL, vector BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE forms (
    folded TEXT NOT NULL, form TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (folded, form)
) WITHOUT ROWID;
CREATE TABLE pairs (
    folded TEXT NOT NULL, a TEXT NOT NULL, b TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (folded, a, b)
) WITHOUT ROWID;
CREATE TABLE errands (
    path TEXT PRIMARY KEY, becomes TEXT NOT NULL, seal INTEGER NOT NULL
) WITHOUT ROWID;
"""
LAYOUT: Final = "4"  # of the tables above
TABLES: Final = (
    "meta",
    "articles",
    "passages",
    "sentences",
    "vectors",
    "forms",
    "pairs",
    "errands",
    "editions",
)

FACTS: Final = "id, path, title, language, source, date, furniture, author, marked, digest, seal"
LINK: Final = "id, seal, replaced_by, replaced_on, generation, bound"  # of an edition to the next

# What tells that a table has all its rows, unchanged: the sum of their seals, or where a row has
# none since it is asked for by its key and may well not be there, everything in it.
TOTALS: Final = {
    "articles": "SELECT count(*), coalesce(sum(seal), 0) FROM articles",
    "passages": "SELECT count(*), coalesce(sum(seal), 0) FROM passages",
    "errands": "SELECT count(*), coalesce(sum(seal), 0) FROM errands",
    "editions": "SELECT count(*), coalesce(sum(seal + bound), 0) FROM editions",
    "forms": "SELECT count(*), group_concat(row, char(10)) FROM"
    " (SELECT folded || char(31) || form || char(31) || n AS row FROM forms)",
    "pairs": "SELECT count(*), group_concat(row, char(10)) FROM"
    " (SELECT folded || char(31) || a || char(31) || b || char(31) || n AS row FROM pairs)",
}


def digest_of(text: str) -> bytes:
    """The key of a text's vector: equal texts are embedded once."""
    return hashlib.sha256(text.encode()).digest()[:16]


def seal_of(*values: object) -> int:
    """A CRC-32 of the values and their types."""
    return zlib.crc32(repr(values).encode())


def seal_of_vector(digest: bytes, vector: bytes) -> int:
    return zlib.crc32(vector, zlib.crc32(digest))


def seal_of_passage(row: Sequence[object], sentences: Iterable[Sequence[object]]) -> int:
    """Of (id, article, start, stop, digest) and its sentences' (start, stop, kind, digest)."""
    return seal_of(*row, *(tuple(sentence) for sentence in sentences))


def seal_of_meta(rows: Mapping[str, str]) -> str:
    """By their text, since a damaged key need not be one."""
    told = ((key, value) for key, value in rows.items() if key != "seal")
    return str(seal_of(*sorted(told, key=repr)))


def facts_row(article: Article) -> tuple[object, ...]:
    """The article's row, but for its text; :data:`FACTS` names the columns."""
    a = article
    furniture = json.dumps([[span.start, span.end] for span in a.furniture])
    facts = (
        *(a.id, a.path, a.title, a.language, a.source, a.date, furniture, a.author),
        *(int(a.marked), digest_of(a.text)),
    )
    return (*facts, seal_of(*facts))


def article_of_row(row: Sequence[Any]) -> Article | None:
    """The article of :data:`FACTS` and text; None where it is not as it was written."""
    *facts, seal, text = row
    if seal != seal_of(*facts) or not isinstance(text, str) or facts[9] != digest_of(text):
        return None
    article_id, path, title, language, source, date, furniture, author, marked, _ = facts
    spans = tuple(Span(a, b) for a, b in json.loads(furniture))
    return Article(
        article_id, title, text, language, source, date, path, spans, author, bool(marked)
    )


def edition_of_row(row: Sequence[Any]) -> Edition | None:
    """The edition of :data:`FACTS`, what became of it, and text; None where it was changed."""
    *facts, replaced_by, replaced_on, generation, bound, text = row
    article = article_of_row((*facts, text))
    if article is None or bound != seal_of(facts[-1], replaced_by, replaced_on, generation):
        return None
    return edition_of(article, replaced_by, replaced_on, generation)


def edition_of(article: Article, replaced_by: str, replaced_on: str, generation: int) -> Edition:
    """An article as the edition that it becomes."""
    facts = {name: getattr(article, name) for name in Article.__slots__}
    return Edition(**facts, replaced_by=replaced_by, replaced_on=replaced_on, generation=generation)


def vectors_of_rows(rows: Sequence[tuple[Any, Any, Any]]) -> Vectors | None:
    """(digest, seal, vector) rows as an array; None where one is missing or was changed."""
    if not rows:
        return np.zeros((0, 0), np.float32)
    for digest, seal, vector in rows:
        if not isinstance(vector, bytes) or seal != seal_of_vector(digest, vector):
            return None
    joined = b"".join(row[2] for row in rows)
    return np.frombuffer(joined, np.float16).reshape(len(rows), -1).astype(np.float32)


def insert_vectors(db: sqlite3.Connection, vectors: Mapping[bytes, Vectors]) -> None:
    blobs = ((key, value.astype(np.float16).tobytes()) for key, value in vectors.items())
    db.executemany(
        "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)",
        [(key, seal_of_vector(key, blob), blob) for key, blob in blobs],
    )


def insert_article(db: sqlite3.Connection, article: Article) -> None:
    db.execute(
        f"INSERT INTO articles ({FACTS}, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*facts_row(article), article.text),
    )


def insert_edition(db: sqlite3.Connection, edition: Edition) -> None:
    e, facts = edition, facts_row(edition)
    became = (e.replaced_by, e.replaced_on, e.generation)
    db.execute(
        f"INSERT INTO editions ({FACTS}, replaced_by, replaced_on, generation, bound, text)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*facts, *became, seal_of(facts[-1], *became), e.text),
    )


def sentence_rows(article: Article, passage: Passage) -> list[tuple[int, int, str, bytes]]:
    """(start, stop, kind, digest) of the passage's sentences, in order."""

    def row(s: Sentence) -> tuple[int, int, str, bytes]:
        return s.start, s.end, s.kind, digest_of(article.text[s.start : s.end])

    return sorted(map(row, passage.sentences), key=lambda found: found[0])


def insert_passage(db: sqlite3.Connection, number: int, article: Article, passage: Passage) -> None:
    row = (number, article.id, passage.start, passage.end, digest_of(passage.text))
    sentences = sentence_rows(article, passage)
    db.execute(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?)", (*row, seal_of_passage(row, sentences))
    )
    db.executemany(
        "INSERT INTO sentences VALUES (?, ?, ?, ?, ?)", [(number, *found) for found in sentences]
    )


def add_syllables(db: sqlite3.Connection, texts: Iterable[str], sign: int) -> None:
    """Adds (or takes back) the syllables and pairs of Vietnamese texts, line by line."""
    forms: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    for text in texts:
        some_forms, some_pairs = count_syllables(text.splitlines())
        forms.update(some_forms)
        pairs.update(some_pairs)
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


def total_of(rows: Sequence[tuple[Any, Any]]) -> list[int]:
    """A row of :data:`TOTALS` as two numbers."""
    count, content = rows[0]
    # What is damaged may be of any type.
    return [count, content if isinstance(content, int) else zlib.crc32(str(content or "").encode())]
