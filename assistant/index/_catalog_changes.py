"""Changing a catalog: within one transaction, which others see as a whole or not at all."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from assistant.index._catalog_editions import surplus
from assistant.index._catalog_reading import Reading
from assistant.index._catalog_rows import (
    TOTALS,
    add_syllables,
    edition_of,
    insert_article,
    insert_edition,
    insert_passage,
    insert_vectors,
    seal_of,
    seal_of_meta,
    total_of,
)
from assistant.types import Article, Edition, IndexFault, Passage, Vectors


class Changes(Reading):
    """What a transaction has made of the catalog so far: reads what is not committed yet."""

    removed = False  # whether it takes away what must be in no byte of the file then

    def begin(self) -> None:
        """Raises IndexFault where the catalog is damaged: what is written would bear it out."""
        self._require(self._rows("PRAGMA quick_check(1)") == [("ok",)], "SQLite finds faults")
        self.check_totals()
        self._tell(generation=str(self.generation + 1))

    def end(self) -> None:
        self._tell(totals=json.dumps(self.totals()), state=secrets.token_hex(8))

    def add(
        self,
        articles: Sequence[tuple[Article, Sequence[Passage]]],
        vectors: Mapping[bytes, Vectors] | None = None,
    ) -> None:
        """Adds articles with their passages, and vectors that are not there yet."""
        insert_vectors(self._db, vectors or {})
        number = int(self.meta()["numbered"])
        for article, passages in articles:
            insert_article(self._db, article)
            for passage in passages:
                number += 1
                insert_passage(self._db, number, article, passage)
        self._tell(numbered=str(number))
        add_syllables(self._db, [a.text for a, _ in articles if a.language == "vi"], +1)

    def remove(self, article_ids: Sequence[str]) -> int:
        """Removes articles with all that hangs on them; returns how many passages went.

        Their editions go with them; one that is named itself goes alone.
        """
        gone = self.take_out(article_ids)
        self.settle_editions(None)
        return gone

    def take_out(self, article_ids: Sequence[str]) -> int:
        """As ``remove``, but leaves editions without their article to ``settle_editions``."""
        found = [self.article(article_id) for article_id in article_ids]
        self.drop_editions([one.id for one in found if isinstance(one, Edition)])
        old = [one for one in found if not isinstance(one, Edition)]
        numbers = sorted(self.passages_of(one.id for one in old))
        self.removed |= bool(old)
        for number in numbers:
            self._db.execute("DELETE FROM sentences WHERE passage_id = ?", (number,))
            self._db.execute("DELETE FROM passages WHERE id = ?", (number,))
        for article in old:
            self._db.execute("DELETE FROM articles WHERE id = ?", (article.id,))
        add_syllables(self._db, [a.text for a in old if a.language == "vi"], -1)
        return len(numbers)

    def update_facts(self, article: Article) -> None:
        """Renews what is known of an article whose text and title are the same."""
        renewed = replace(
            self._held(article.id),
            path=article.path,
            source=article.source,
            date=article.date,
            author=article.author,
        )
        self.removed = True
        self._db.execute("DELETE FROM articles WHERE id = ?", (article.id,))
        insert_article(self._db, renewed)

    def keep_as_editions(self, replaced: Mapping[str, str]) -> None:
        """Keeps articles (id → id of what takes the place, which is there at the end) as editions
        of today; ``take_out`` takes them out."""
        today = datetime.now(UTC).date().isoformat()
        for old, new in replaced.items():
            insert_edition(self._db, edition_of(self._held(old), new, today, self.generation))

    def drop_editions(self, ids: Sequence[str]) -> None:
        """Those of ``ids`` that are editions; what they took the place of leads to what took
        theirs."""
        for one in ids:
            for edition in self._rows("SELECT replaced_by FROM editions WHERE id = ?", (one,)):
                self.removed = True
                self._db.execute("DELETE FROM editions WHERE id = ?", (one,))
                for before in self._editions_before(one):
                    self.renew_edition(replace(before, replaced_by=edition[0]))

    def settle_editions(self, keep: int | None) -> None:
        """Drops editions of articles that are not there, and of each article those of the first
        edits, until it has ``keep``; None: all."""
        links = self.links()
        gone = surplus(links, self.article_paths(), keep) if links else []
        self.removed |= bool(gone)
        self._db.executemany("DELETE FROM editions WHERE id = ?", [(one,) for one in gone])

    def set_editions(self, editions: Sequence[Edition]) -> None:
        """These and no others."""
        self._db.execute("DELETE FROM editions")
        for edition in editions:
            insert_edition(self._db, edition)

    def keep_vectors(self, vectors: Mapping[bytes, Vectors]) -> None:
        """Vectors of texts that are not in the catalog yet: nothing is found by them."""
        digests = [(key,) for key in vectors]
        self._db.executemany("DELETE FROM vectors WHERE digest = ?", digests)  # damaged ones
        insert_vectors(self._db, vectors)

    def drop_unused_vectors(self) -> int:
        """Deletes vectors no passage or sentence needs any more; returns how many."""
        count = self._db.execute(
            """DELETE FROM vectors WHERE digest NOT IN
               (SELECT digest FROM passages UNION SELECT digest FROM sentences)"""
        ).rowcount
        self.removed |= count > 0
        return count

    def derive(self, stamps: str) -> None:
        """Names the derived indexes of this state: see ``_stamps``."""
        self._tell(derived=stamps)

    def raise_generation(self, least: int) -> None:
        """At least ``least``."""
        self._tell(generation=str(max(self.generation, least)))

    def leave_errand(self, path: str, becomes: str = "") -> None:
        """A file to be renamed, or deleted where it becomes nothing, once this is committed."""
        self._db.execute(
            "INSERT OR REPLACE INTO errands VALUES (?, ?, ?)",
            (path, becomes, seal_of(path, becomes)),
        )

    def drop_errands(self, paths: Sequence[str]) -> None:
        there = self.errands()
        self.removed |= any(path in there and not there[path] for path in paths)
        self._db.executemany("DELETE FROM errands WHERE path = ?", [(path,) for path in paths])
        self.count_again("errands")

    def count_again(self, table: str) -> None:
        """Renews the total of a table, where the change is not the kind that ``end`` closes."""
        totals = json.loads(self.meta()["totals"])
        totals[table] = total_of(self._rows(TOTALS[table]))
        self._tell(totals=json.dumps(totals))

    def _held(self, article_id: str) -> Article:
        article = self.held_article(article_id)
        if article is None:
            raise IndexFault(f"No article {article_id!r} in this index; see: assistant doctor")
        return article

    def _editions_before(self, replaced_by: str) -> list[Edition]:
        query = "SELECT id FROM editions WHERE replaced_by = ?"
        found = (self.edition(row[0]) for row in self._rows(query, (replaced_by,)))
        return [edition for edition in found if edition]

    def renew_edition(self, edition: Edition) -> None:
        """Renews what is known beside the text of an edition."""
        self._db.execute("DELETE FROM editions WHERE id = ?", (edition.id,))
        insert_edition(self._db, edition)

    def _tell(self, **values: str) -> None:
        """Renews rows of ``meta``, and its seal."""
        rows = self.meta() | values
        write_meta(self._db, rows)


def write_meta(db: sqlite3.Connection, rows: Mapping[str, str]) -> None:
    sealed = {**rows, "seal": seal_of_meta(rows)}
    db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(sealed.items()))
