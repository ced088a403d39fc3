"""What is known of the pages that an index follows: how each was, and in which file it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from assistant.records.sqlite_file import Database
from assistant.types import AssistantError
from assistant.web.feeds import Entry, Listing

LAYOUT: Final = 1
SCHEMA: Final = """
CREATE TABLE listings (address TEXT PRIMARY KEY, etag TEXT, modified TEXT, listed TEXT);
CREATE TABLE pages (
    address TEXT PRIMARY KEY, -- as it is listed
    listing TEXT NOT NULL, -- that names it now, '' when none does
    changed TEXT NOT NULL, -- as the listing told it
    etag TEXT NOT NULL,
    modified TEXT NOT NULL,
    digest TEXT NOT NULL, -- of its bytes
    file TEXT NOT NULL, -- in the folder, '' where it was taken away
    articles TEXT NOT NULL -- their ids, with spaces
);
CREATE INDEX pages_of_listing ON pages (listing)
"""


class SyncError(AssistantError):
    """Nothing could be followed: one line that says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A page as it was when it was last had."""

    address: str
    listing: str
    changed: str = ""
    etag: str = ""
    modified: str = ""
    digest: str = ""
    file: str = ""
    articles: str = ""


class State:
    """The pages and listings in a file."""

    def __init__(self, path: Path) -> None:
        self._file = Database.open(path, SCHEMA, LAYOUT, SyncError)

    def close(self) -> None:
        self._file.close()

    def pages(self) -> dict[str, Kept]:
        """By address."""
        return {row[0]: Kept(*row) for row in self._file.rows("SELECT * FROM pages")}

    def keep(self, pages: Iterable[Kept]) -> None:
        with self._file.write() as db:
            rows = [astuple(page) for page in pages]
            db.executemany("INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def listing(self, address: str) -> tuple[str, str, Listing | None]:
        """Etag, time and content of a listing as it was; empty for one that is new."""
        query = "SELECT etag, modified, listed FROM listings WHERE address = ?"
        for etag, modified, listed in self._file.rows(query, (address,)):
            pages, further = ([Entry(*pair) for pair in each] for each in json.loads(listed))
            return etag, modified, Listing(tuple(pages), tuple(further))
        return "", "", None

    def keep_listing(self, address: str, etag: str, modified: str, found: Listing) -> None:
        listed = json.dumps(
            [[astuple(entry) for entry in each] for each in (found.entries, found.listings)]
        )
        with self._file.write() as db:
            db.execute(
                "INSERT OR REPLACE INTO listings VALUES (?, ?, ?, ?)",
                (address, etag, modified, listed),
            )
