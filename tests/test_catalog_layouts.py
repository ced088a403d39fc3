"""Catalogs of earlier layouts: brought up whole, or refused as they are."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from assistant.index._catalog_layouts import bring_up
from assistant.index._catalog_rows import LAYOUT
from assistant.index.catalog import CATALOG, Catalog
from assistant.types import IndexFault
from tests.fixtures import full_disk


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A catalog of layout 2, as it was made then."""
    shutil.unpack_archive(Path(__file__).parent / "indexes" / "layout-2.tar.gz", tmp_path)
    return tmp_path / "index" / CATALOG


def value(path: Path, query: str) -> object:
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query).fetchone()[0]


def layout_of(path: Path) -> object:
    return value(path, "SELECT value FROM meta WHERE key = 'layout'")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE articles SET text = x'ff'",
        "UPDATE articles SET text = CAST(x'ff' AS TEXT)",
        "UPDATE articles SET furniture = 'x'",
        "UPDATE articles SET furniture = '7'",
        "ALTER TABLE articles DROP COLUMN author",
        "UPDATE passages SET article_id = 'x'",
        "UPDATE passages SET start = 'x'",
        "UPDATE passages SET digest = x'00'",
        "UPDATE vectors SET vector = 3",
        "DELETE FROM meta WHERE key = 'generation'",
        "DELETE FROM meta WHERE key = 'identity'",
        "UPDATE meta SET value = 'x' WHERE key = 'generation'",
        "UPDATE meta SET value = 'x' WHERE key = 'identity'",
        "UPDATE meta SET value = '7' WHERE key = 'identity'",
        "CREATE TABLE old_articles (x)",
    ],
)
def test_what_is_damaged_is_refused_and_left_as_it_is(old: Path, statement: str) -> None:
    with closing(sqlite3.connect(old)) as db:
        db.execute(statement)
        db.commit()
    for _ in range(2):
        with pytest.raises(IndexFault) as raised:
            Catalog.open(old)
        line = str(raised.value)
        assert "\n" not in line
        assert f"{old} cannot be read (" in line
        assert f"assistant index PATHS --rebuild --index {old.parent}" in line
        assert "make room" not in line
    assert layout_of(old) == "2"


def test_a_layout_that_was_changed_is_damage_that_can_be_repaired(old: Path) -> None:
    """One wrong byte makes a later layout an earlier one, of which nothing is to be brought up."""
    Catalog.open(old).close()
    with closing(sqlite3.connect(old)) as db:
        db.execute("UPDATE meta SET value = '2' WHERE key = 'layout'")
        db.commit()
    with pytest.raises(IndexFault, match=r"layout was changed.*assistant doctor --repair"):
        Catalog.open(old)


def test_a_full_disk_leaves_the_old_layout(old: Path) -> None:
    with full_disk(40_000), pytest.raises(IndexFault, match=r"nothing was changed: make room"):
        Catalog.open(old)
    assert layout_of(old) == "2"
    Catalog.open(old).close()
    assert layout_of(old) == LAYOUT


def test_two_programs_bring_a_catalog_up_once(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has seen the old layout, and waits while the first writes the new one."""
    arrived, faults = threading.Event(), list[BaseException]()
    begin = Catalog._begun

    def arriving(catalog: Catalog) -> sqlite3.Connection:
        arrived.set()
        return begin(catalog)

    def open_() -> None:
        try:
            Catalog.open(old).close()
        except BaseException as fault:
            faults.append(fault)

    monkeypatch.setattr(Catalog, "_begun", arriving)
    second = threading.Thread(target=open_)
    with closing(sqlite3.connect(old, isolation_level=None)) as first:
        first.execute("PRAGMA journal_mode = WAL")
        first.execute("BEGIN IMMEDIATE")
        bring_up(first, old)
        second.start()
        assert arrived.wait(20)
        first.execute("COMMIT")
    second.join(20)
    assert faults == []
    with closing(Catalog.open(old)) as catalog:
        assert catalog.integrity() == "ok"
        assert catalog.counts()["articles"] == 4
