"""Conversations that are kept on the server, where people sign in: each belongs to its owner.

Every method takes the owner, and what belongs to another is as if it were not there.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from assistant.records.cards import fit
from assistant.records.sqlite_file import Database
from assistant.text.terms import fold
from assistant.types import AssistantError

FILE: Final = "history.sqlite"
LAYOUT: Final = 1
MOST_CONVERSATIONS: Final = 500  # of one owner
MOST_EXCHANGES: Final = 200  # of one conversation
LONGEST_EXCHANGE: Final = 200_000  # characters as JSON
LONGEST_TITLE: Final = 120
LONGEST_OWNER: Final = 200
MOST_WORDS: Final = 12  # of a search
SCHEMA: Final = """
CREATE TABLE conversations (
    owner TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL, folded TEXT NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL, PRIMARY KEY (owner, id)
) WITHOUT ROWID;
CREATE TABLE exchanges (
    owner TEXT NOT NULL, conversation TEXT NOT NULL, number INTEGER NOT NULL,
    document TEXT NOT NULL, folded TEXT NOT NULL, PRIMARY KEY (owner, conversation, number)
) WITHOUT ROWID;
CREATE INDEX conversations_by_time ON conversations (owner, updated)"""

Exchange = Mapping[str, Any]  # a JSON object with "question" and "answer", and what else is kept


class HistoryError(AssistantError):
    """A conversation cannot be kept: the message says why."""


class MissingConversation(HistoryError):
    """A conversation, or the exchange of it that is meant, is not there."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation without its exchanges. Times: ISO 8601 in UTC, with microseconds."""

    id: str
    title: str
    created: str
    updated: str
    exchanges: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation: its facts, and its exchanges in order."""

    summary: Summary
    exchanges: tuple[dict[str, Any], ...]


class History:
    """The conversations beside one index. Safe between threads and processes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    def open(cls, folder: Path) -> History:
        """The conversations in an index's folder; the file is made when there is none."""
        return cls(Database.open(folder / FILE, SCHEMA, LAYOUT, HistoryError))

    def close(self) -> None:
        self._db.close()

    # -- writing -------------------------------------------------------------------------

    def create(self, owner: str, title: str = "", exchanges: Sequence[Exchange] = ()) -> str:
        """A new conversation; returns its id. ``title``: by default its first question.

        Raises HistoryError when the owner has too many, or an exchange is too long.
        """
        _check_owner(owner)
        number, now = secrets.token_hex(8), _now()
        rows = [_row(exchange) for exchange in exchanges]
        with self._db.write() as db:
            query = "SELECT count(*) FROM conversations WHERE owner = ?"
            if db.execute(query, (owner,)).fetchone()[0] >= MOST_CONVERSATIONS:
                raise HistoryError(
                    f"{MOST_CONVERSATIONS} conversations are kept, no more; delete one first"
                )
            db.execute(
                "INSERT INTO conversations VALUES (?, ?, '', '', ?, ?)", (owner, number, now, now)
            )
            _entitle(db, owner, number, title)
            _add(db, owner, number, rows)
        return number

    def append(self, owner: str, conversation: str, exchange: Exchange) -> None:
        """Adds an exchange. Raises HistoryError when there is no such conversation of this owner,
        or it is full."""
        row, now = _row(exchange), _now()
        with self._db.write() as db:
            _require(db, owner, conversation)
            _add(db, owner, conversation, [row])
            db.execute(
                "UPDATE conversations SET updated = ? WHERE owner = ? AND id = ?",
                (now, owner, conversation),
            )

    def replace(self, owner: str, conversation: str, place: int, exchange: Exchange) -> None:
        """Keeps another exchange in the place of one, counted from 1. Raises HistoryError when
        there is no such conversation of this owner, or no such place in it."""
        _, document, folded = _row(exchange)
        query = (
            "UPDATE exchanges SET document = ?, folded = ? "
            "WHERE owner = ? AND conversation = ? AND number = ?"
        )
        with self._db.write() as db:
            _require(db, owner, conversation)
            if not db.execute(query, (document, folded, owner, conversation, place)).rowcount:
                raise MissingConversation(
                    f"The conversation has no exchange {place}; they count from 1"
                )

    def rename(self, owner: str, conversation: str, title: str) -> None:
        """Gives it another title. Raises HistoryError for a blank one."""
        if not _title(title):
            raise HistoryError("A conversation's title needs at least one character")
        with self._db.write(deletes=True) as db:
            _require(db, owner, conversation)
            _entitle(db, owner, conversation, title)

    def delete(self, owner: str, conversation: str) -> None:
        """Deletes it with its exchanges. Raises HistoryError when there is none."""
        with self._db.write(deletes=True) as db:
            _require(db, owner, conversation)
            db.execute(
                "DELETE FROM exchanges WHERE owner = ? AND conversation = ?", (owner, conversation)
            )
            db.execute(
                "DELETE FROM conversations WHERE owner = ? AND id = ?", (owner, conversation)
            )

    # -- reading -------------------------------------------------------------------------

    def get(self, owner: str, conversation: str) -> Conversation:
        """The conversation. Raises HistoryError when this owner has none with the id."""
        rows = self._db.rows(_SUMMARIES + " AND c.id = ?", (owner, conversation))
        if not rows:
            raise _missing(conversation)
        documents = self._db.rows(
            "SELECT document FROM exchanges WHERE owner = ? AND conversation = ? ORDER BY number",
            (owner, conversation),
        )
        return Conversation(Summary(*rows[0]), tuple(json.loads(row[0]) for row in documents))

    def list(self, owner: str, limit: int = 50, offset: int = 0) -> tuple[Summary, ...]:
        """The owner's conversations, the last changed first."""
        query = f"{_SUMMARIES} {_NEWEST_FIRST}"
        return tuple(Summary(*row) for row in self._db.rows(query, (owner, limit, offset)))

    def search(self, owner: str, words: str, limit: int = 50) -> tuple[Summary, ...]:
        """Those with all the words in their title, or all of them in one exchange.

        Case and accents do not count: "lai thieu" finds "Lái Thiêu". Without a word: all.
        """
        wanted = fold(fit(words)).split()[:MOST_WORDS]
        in_title = " AND ".join(["1", *("instr(c.folded, ?)" for _ in wanted)])
        in_exchange = " AND ".join(["1", *("instr(e.folded, ?)" for _ in wanted)])
        query = f"""{_SUMMARIES} AND (({in_title}) OR EXISTS (
            SELECT 1 FROM exchanges e
            WHERE e.owner = c.owner AND e.conversation = c.id AND {in_exchange}
        )) {_NEWEST_FIRST}"""
        values = (owner, *wanted, *wanted, limit, 0)
        return tuple(Summary(*row) for row in self._db.rows(query, values))


_SUMMARIES: Final = """
    SELECT c.id, c.title, c.created, c.updated,
           (SELECT count(*) FROM exchanges n WHERE n.owner = c.owner AND n.conversation = c.id)
    FROM conversations c WHERE c.owner = ?"""
_NEWEST_FIRST: Final = "ORDER BY c.updated DESC, c.id LIMIT ? OFFSET ?"


def _add(
    db: sqlite3.Connection, owner: str, conversation: str, rows: Sequence[tuple[str, str, str]]
) -> None:
    """Adds exchanges behind those there are; the first question entitles what has no title."""
    query = "SELECT count(*) FROM exchanges WHERE owner = ? AND conversation = ?"
    count = db.execute(query, (owner, conversation)).fetchone()[0]
    if count + len(rows) > MOST_EXCHANGES:
        raise HistoryError(
            f"A conversation keeps {MOST_EXCHANGES} exchanges, no more; begin a new one"
        )
    db.executemany(
        "INSERT INTO exchanges VALUES (?, ?, ?, ?, ?)",
        [(owner, conversation, n, row[1], row[2]) for n, row in enumerate(rows, count + 1)],
    )
    untitled = "SELECT 1 FROM conversations WHERE owner = ? AND id = ? AND title = ''"
    if rows and db.execute(untitled, (owner, conversation)).fetchone():
        _entitle(db, owner, conversation, rows[0][0])


def _entitle(db: sqlite3.Connection, owner: str, conversation: str, title: str) -> None:
    line = _title(title)
    db.execute(
        "UPDATE conversations SET title = ?, folded = ? WHERE owner = ? AND id = ?",
        (line, fold(line), owner, conversation),
    )


def _require(db: sqlite3.Connection, owner: str, conversation: str) -> None:
    query = "SELECT 1 FROM conversations WHERE owner = ? AND id = ?"
    if not db.execute(query, (owner, conversation)).fetchone():
        raise _missing(conversation)


def _missing(conversation: str) -> HistoryError:
    return MissingConversation(
        f"There is no conversation {conversation[:40]!r}; it may have been deleted"
    )


def _row(exchange: Exchange) -> tuple[str, str, str]:
    """(question, document, folded text) of an exchange."""
    question, answer = exchange.get("question"), exchange.get("answer", "")
    if not isinstance(question, str) or not isinstance(answer, str):
        raise HistoryError("An exchange needs the texts of its question and its answer")
    try:
        document = fit(json.dumps(dict(exchange), ensure_ascii=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise HistoryError(f"An exchange is not JSON: {error}") from None
    if len(document) > LONGEST_EXCHANGE:
        raise HistoryError(
            f"An exchange of {len(document)} characters is too long; {LONGEST_EXCHANGE} are kept"
        )
    return question, document, fold(fit(f"{question}\n{answer}"))


def _title(text: str) -> str:
    """``text`` on one line, in NFC, cut to what is shown."""
    return fit(" ".join(unicodedata.normalize("NFC", text).split()))[:LONGEST_TITLE]


def _check_owner(owner: str) -> None:
    if not owner.strip() or len(owner) > LONGEST_OWNER or owner != fit(owner):
        raise HistoryError("A conversation needs an owner whose name is plain text")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
