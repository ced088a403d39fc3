"""Editions in a catalog: the texts of articles before they were edited, kept for what cites them.

Each names what took its place, which may have been edited as well: the last one of that chain is
an article of the catalog. The generation grows along a chain, so that none leads back to itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant.index._catalog_connection import Connection
from assistant.index._catalog_rows import FACTS, LINK, edition_of_row, seal_of
from assistant.types import Edition

_ROW = f"{FACTS}, replaced_by, replaced_on, generation, bound, text"


@dataclass(frozen=True, slots=True)
class Link:
    """What became of an edition."""

    replaced_by: str
    generation: int


class Editions(Connection):
    """The editions of a catalog as one connection sees it."""

    def editions(self) -> list[Edition]:
        """All of them, those of the first edits first."""
        links = self.links()
        rows = self._rows(f"SELECT {_ROW} FROM editions ORDER BY generation, id")
        return [self._edition(row, end_of(links, row[0])) for row in rows]

    def edition(self, article_id: str) -> Edition | None:
        """The edition with this id; None where there is none."""
        rows = self._rows(f"SELECT {_ROW} FROM editions WHERE id = ?", (article_id,))
        return self._edition(rows[0], self._current(article_id)) if rows else None

    def edition_count(self) -> int:
        return int(self._rows("SELECT count(*) FROM editions")[0][0])

    def links(self) -> dict[str, Link]:
        """Edition → what became of it, of all of them."""
        return dict(map(self._link, self._rows(f"SELECT {LINK} FROM editions")))

    def sound_editions(self) -> tuple[list[Edition], int]:
        """Every edition that is as it was written, and how many are not."""
        rows = self._rows(f"SELECT {_ROW} FROM editions ORDER BY generation, id")
        sound = [found for found in map(edition_of_row, rows) if found]
        return sound, len(rows) - len(sound)

    def _current(self, article_id: str) -> str:
        """The end of a chain, link by link: there may be many editions of other articles."""
        query, least = f"SELECT {LINK} FROM editions WHERE id = ?", -1
        while rows := self._rows(query, (article_id,)):
            _, link = self._link(rows[0])
            self._require(link.generation > least, "editions replace one another")
            article_id, least = link.replaced_by, link.generation
        return article_id

    def _link(self, row: Sequence[Any]) -> tuple[str, Link]:
        edition, *became, bound = row
        self._require(bound == seal_of(*became), f"what became of edition {edition!r} was changed")
        return edition, Link(became[1], became[3])

    def _edition(self, row: Sequence[Any], current: str) -> Edition:
        found = edition_of_row(row)
        if found is None:
            raise self.damaged(f"edition {row[0]!r} was changed")
        return replace(found, current=current)


def end_of(links: Mapping[str, Link], article_id: str) -> str:
    """The id at the end of a chain; an edition's own where the chain leads back, as none does."""
    seen: set[str] = set()
    while article_id in links and article_id not in seen:
        seen.add(article_id)
        article_id = links[article_id].replaced_by
    return article_id


def surplus(links: Mapping[str, Link], articles: Iterable[str], keep: int | None) -> list[str]:
    """Editions that are to go: those of no article, and of each article all but the ``keep`` last
    ones; None: all of its editions stay."""
    there = set(articles)
    of: dict[str, list[str]] = {}
    for edition in links:
        of.setdefault(end_of(links, edition), []).append(edition)
    gone = []
    for article, editions in of.items():
        editions.sort(key=lambda one: (links[one].generation, one), reverse=True)
        gone += editions if article not in there else editions[keep:] if keep is not None else []
    return gone


def without(editions: Sequence[Edition], ids: set[str]) -> list[Edition]:
    """Editions less those with these ids; what these took the place of leads to what took
    theirs."""
    links = {one.id: Link(one.replaced_by, one.generation) for one in editions if one.id in ids}
    left = [one for one in editions if one.id not in ids]
    return [replace(one, replaced_by=end_of(links, one.replaced_by)) for one in left]
