"""Reading a catalog through one connection: every row is held against its seal first."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any

from assistant.index._catalog_connection import parts
from assistant.index._catalog_editions import Editions, surplus
from assistant.index._catalog_rows import (
    FACTS,
    TOTALS,
    article_of_row,
    digest_of,
    seal_of,
    seal_of_meta,
    seal_of_passage,
    total_of,
    vectors_of_rows,
)
from assistant.text.accents import Statistics
from assistant.types import Article, IndexFault, Passage, Sentence, Vectors


@dataclass(frozen=True, slots=True)
class Stored:
    """A passage as the catalog keeps it: with its number and its article's facts."""

    id: int
    passage: Passage
    title: str
    language: str
    date: str = ""  # ISO 8601 day of the article

    @property
    def searched(self) -> str:
        """The words that find it: a text often names its subject in the title alone."""
        return f"{self.title}\n{self.passage.text}"


@dataclass(frozen=True, slots=True)
class Facts:
    """What filters go by of an article, as its article has it."""

    source: str
    author: str
    date: str


class Reading(Editions):
    """A catalog as one connection sees it. Safe to share between threads: each call holds a lock.

    Every method raises IndexFault where it meets damage. ``whole``: what is asked for by number is
    there, as the connection sees one state only and the numbers come from the same; where it is
    not, that is damage as well.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path, whole: bool = False) -> None:
        super().__init__(connection, path)
        self._whole = whole
        self._languages: dict[str, float] | None = None  # of the one state

    # -- facts ---------------------------------------------------------------------------

    @property
    def identity(self) -> dict[str, str]:
        """What the vectors and passages were made with: field → value."""
        return dict(json.loads(self.meta()["identity"]))

    @property
    def generation(self) -> int:
        """Counts committed changes."""
        return int(self.meta()["generation"])

    @property
    def state(self) -> str:
        """Names what is committed now: no two states have one, nor do two catalogs."""
        return self.meta()["state"]

    def meta(self) -> dict[str, str]:
        """What is known of the catalog as a whole."""
        rows: dict[str, str] = dict(self._rows("SELECT key, value FROM meta"))
        if "seal" not in rows or rows["seal"] != seal_of_meta(rows):
            raise self.damaged("what it says of itself was changed")
        return rows

    def counts(self) -> dict[str, int]:
        """Rows of articles, passages, sentences and vectors."""
        tables = ("articles", "passages", "sentences", "vectors")
        return {t: self._rows(f"SELECT count(*) FROM {t}")[0][0] for t in tables}

    def languages(self) -> dict[str, float]:
        """Language → its share of the articles; they sum to 1."""
        if self._languages is None or not self._whole:
            counted = Counter(row[3] for row in self._facts("SELECT {} FROM articles"))
            self._languages = {name: n / counted.total() for name, n in counted.items()}
        return self._languages

    def totals(self) -> dict[str, list[int]]:
        """What tells that no row is missing, as the tables have it now."""
        return {table: total_of(self._rows(query)) for table, query in TOTALS.items()}

    def held(self) -> int:
        """How many articles there are, as was noted when they were committed."""
        return int(json.loads(self.meta()["totals"])["articles"][0])

    def check_totals(self) -> None:
        """Raises IndexFault where a table lacks a row, or has one that was not written."""
        for table, total in json.loads(self.meta()["totals"]).items():
            if total != total_of(self._rows(TOTALS[table])):
                raise self.damaged(f"rows of {table} are missing or were changed")

    def integrity(self) -> str:
        """ "ok", or the first complaint of SQLite, or of what every row is held against."""
        try:
            complaint = str(self._rows("PRAGMA integrity_check(1)")[0][0])
            if complaint != "ok":
                return " ".join(complaint.split())
            self.check_totals()
            self.articles()
            self.editions()
            self._require(
                not surplus(self.links(), self.article_paths(), None), "editions are lost"
            )
            self.errands()
            self.passage_vectors()
            for part in parts([row[0] for row in self._rows("SELECT id FROM passages")]):
                self.passages(part)
                self.sentence_vectors(part)
        except IndexFault as fault:
            return str(fault.__cause__ or fault)
        return "ok"

    # -- reading -------------------------------------------------------------------------

    def articles(self) -> list[Article]:
        """Every article, by path."""
        query = f"SELECT {FACTS}, text FROM articles ORDER BY path, id"
        return [self._article(row) for row in self._rows(query)]

    def article(self, article_id: str) -> Article:
        """The article with this id, or the Edition: the text it names was edited since.

        Raises IndexFault when there is neither.
        """
        found = self.held_article(article_id) or self.edition(article_id)
        if found is None:
            raise IndexFault(f"No article {article_id!r} in this index; see: assistant doctor")
        return found

    def held_article(self, article_id: str) -> Article | None:
        """The article with this id, as the index holds it now; None where it holds none."""
        rows = self._rows(f"SELECT {FACTS}, text FROM articles WHERE id = ?", (article_id,))
        return self._article(rows[0]) if rows else None

    def sound_articles(self) -> tuple[list[Article], list[tuple[str, str]]]:
        """Every article that is as it was written; (id, path) of those that are not."""
        sound, others = [], []
        for row in self._rows(f"SELECT {FACTS}, text FROM articles ORDER BY path, id"):
            article = article_of_row(row)
            if article:
                sound.append(article)
            else:
                others.append((str(row[0]), str(row[1])))
        return sound, others

    def article_paths(self) -> dict[str, str]:
        """Article id → the file it was read from."""
        return {row[0]: row[1] for row in self._facts("SELECT {} FROM articles")}

    def facts(self) -> dict[str, Facts]:
        """Article id → what filters go by."""
        rows = self._facts("SELECT {} FROM articles")
        return {row[0]: Facts(source=row[4], author=row[7], date=row[5]) for row in rows}

    def passage_articles(self) -> list[tuple[int, str]]:
        """The number of every passage, and the id of its article."""
        rows = self._rows(
            "SELECT p.id, p.article_id, a.id FROM passages p LEFT JOIN articles a"
            " ON a.id = p.article_id"
        )
        self._require(all(row[2] is not None for row in rows), "passages have no article")
        return [row[:2] for row in rows]

    def passages(self, ids: Sequence[int]) -> dict[int, Stored]:
        """The passages with these numbers; unknown numbers are left out."""
        query = """
            SELECT p.id, p.article_id, p.start, p.stop, p.digest, p.seal,
                   substr(a.text, p.start + 1, p.stop - p.start)
            FROM passages p LEFT JOIN articles a ON a.id = p.article_id WHERE p.id IN ({})"""
        rows = self._rows_in(query, ids)
        self._require(len(rows) == len(set(ids)) or not self._whole, "passages are missing")
        sentences = self._sentences([row[0] for row in rows])
        keys = list({row[1] for row in rows})
        facts = {
            row[0]: row for row in self._facts("SELECT {} FROM articles WHERE id IN ({{}})", keys)
        }
        return {row[0]: self._stored(row, sentences[row[0]], facts.get(row[1])) for row in rows}

    def sentence_vectors(self, ids: Sequence[int]) -> tuple[list[int], Vectors]:
        """Vectors of the passages' sentences, in order: (passage of each row, rows)."""
        rows = self._rows_in(
            """SELECT s.passage_id, s.digest, v.seal, v.vector
               FROM sentences s LEFT JOIN vectors v USING (digest)
               WHERE s.passage_id IN ({}) ORDER BY s.passage_id, s.start""",
            ids,
        )
        return [row[0] for row in rows], self._vectors([row[1:] for row in rows])

    def vectors_of(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """Text → its vector (d,), of those texts that are passages or sentences here."""
        keys = {digest_of(text): text for text in texts}
        query = "SELECT digest, seal, vector FROM vectors WHERE digest IN ({})"
        rows = self._rows_in(query, list(keys))
        return {keys[row[0]]: v for row, v in zip(rows, self._vectors(rows), strict=True)}

    def passage_vectors(self) -> tuple[list[int], list[str], Vectors]:
        """Every passage: (numbers, languages, vectors)."""
        rows = self._rows(
            """SELECT p.id, a.language, p.digest, v.seal, v.vector FROM passages p
               LEFT JOIN articles a ON a.id = p.article_id LEFT JOIN vectors v USING (digest)
               ORDER BY p.id"""
        )
        return [r[0] for r in rows], [r[1] for r in rows], self._vectors([r[2:] for r in rows])

    def passage_numbers(self) -> list[int]:
        """The number of every passage, ascending; numbers are never used again."""
        return [row[0] for row in self._rows("SELECT id FROM passages ORDER BY id")]

    def passage_texts(self, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
        """(number, text whose words are searched) of the passages with these numbers."""
        for part in parts(numbers):
            for number, stored in self.passages(part).items():
                yield number, stored.searched

    def passages_of(self, article_ids: Iterable[str]) -> set[int]:
        """Numbers of these articles' passages."""
        query = "SELECT id FROM passages WHERE article_id IN ({})"
        return {row[0] for row in self._rows_in(query, list(article_ids))}

    def missing_vectors(self) -> int:
        """Passages and sentences whose vector is not there; 0 in a sound catalog."""
        return sum(
            self._rows(
                f"SELECT count(*) FROM {table} WHERE digest NOT IN (SELECT digest FROM vectors)"
            )[0][0]
            for table in ("passages", "sentences")
        )

    def without_vector(self, digests: Iterable[bytes]) -> set[bytes]:
        """Those of ``digests`` that have no sound vector yet."""
        wanted = set(digests)
        query = "SELECT digest, seal, vector FROM vectors WHERE digest IN ({})"
        rows = self._rows_in(query, list(wanted))
        return wanted - {row[0] for row in rows if vectors_of_rows([row]) is not None}

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

    def errands(self) -> dict[str, str]:
        """What is still to be done with files beside the index: see ``errands``."""
        rows = self._rows("SELECT path, becomes, seal FROM errands")
        self._require(all(r[2] == seal_of(r[0], r[1]) for r in rows), "errands were changed")
        return {row[0]: row[1] for row in rows}

    # -- plumbing ------------------------------------------------------------------------

    def _article(self, row: Sequence[Any]) -> Article:
        article = article_of_row(row)
        if article is None:
            raise self.damaged(f"article {row[0]!r} was changed")
        return article

    def _facts(self, query: str, keys: Sequence[object] | None = None) -> list[tuple]:  # type: ignore[type-arg]
        query = query.format(FACTS)
        rows = self._rows(query) if keys is None else self._rows_in(query, keys)
        for *facts, seal in rows:
            self._require(seal == seal_of(*facts), f"facts of article {facts[0]!r} were changed")
        return rows

    def _stored(
        self, row: Sequence[Any], sentences: Sequence[Any], facts: Sequence[Any] | None
    ) -> Stored:
        number, article_id, start, stop, digest, seal, text = row
        sound = (
            facts is not None
            and seal == seal_of_passage(row[:5], sentences)
            and isinstance(text, str)
            and digest_of(text) == digest
        )
        self._require(sound, f"passage {number} was changed")
        assert facts is not None
        told = tuple(Sentence(r[0], r[1], r[2]) for r in sentences)
        passage = Passage(article_id, start, stop, text, told)
        return Stored(number, passage, facts[2], facts[3], facts[5])

    def _vectors(self, rows: Sequence[Any]) -> Vectors:
        found = vectors_of_rows(rows)
        if found is None:
            raise self.damaged("vectors are missing or were changed")
        return found

    def _sentences(self, ids: Sequence[int]) -> dict[int, list[tuple]]:  # type: ignore[type-arg]
        """Passage number → (start, stop, kind, digest) of its sentences, in order."""
        rows = self._rows_in(
            """SELECT passage_id, start, stop, kind, digest FROM sentences
               WHERE passage_id IN ({}) ORDER BY passage_id, start""",
            ids,
        )
        found: dict[int, list[tuple]] = {number: [] for number in ids}  # type: ignore[type-arg]
        for number, group in groupby(rows, key=itemgetter(0)):
            found[number] = [row[1:] for row in group]
        return found
