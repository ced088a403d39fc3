"""Making an index anew beside itself, and putting it in place at once.

A new index is made in a folder of the old one, where a run that was cut short goes on. Its
catalog's content then replaces the old one's within one transaction of the old file: whoever has
that open reads the state before until the commit, and the new one after it, and a log beside the
file never meets a catalog that it is none of. Only where the old file cannot be written, since it
is damaged or not there, the new one takes its place by name.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

from assistant.index import _stamps as stamps
from assistant.index._locks import UPDATING, locked
from assistant.index._planning import Progress
from assistant.index.catalog import Catalog
from assistant.index.errands import UPLOADS
from assistant.index.errands import finish as finish_errands
from assistant.index.files import SCRATCH, discarded, placed, writable
from assistant.index.index import CATALOG, PATIENCE, REBUILDING, Index, Update
from assistant.settings import Settings
from assistant.types import Article, IndexFault


def rebuild(
    settings: Settings,
    progress: Progress = lambda done, total: None,
    waiting: Callable[[], None] = lambda: None,
    articles: Sequence[Article] | None = None,
) -> Update:
    """Makes the index again with these settings from ``articles``, or from those it holds.

    The old index answers until the new one is whole. Raises IndexFault.
    """
    folder, began = settings.index, time.perf_counter()
    if articles is None:
        Catalog.open(folder / CATALOG).close()  # there is something to make it from
    with writable(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, UPDATING, PATIENCE, waiting):
        held, passages = _held(folder, must=articles is None)
        beside = settings.model_copy(update={"index": folder / REBUILDING})
        done = _make(beside, held if articles is None else articles, progress)
        publish(folder / REBUILDING, folder)
    return replace(
        done, new=done.passages, kept=0, removed=passages, seconds=time.perf_counter() - began
    )


def _held(folder: Path, must: bool) -> tuple[list[Article], int]:
    """The articles of an index and how many passages they have; none of one that is damaged."""
    try:
        with closing(Catalog.open(folder / CATALOG)) as catalog:
            finish_errands(folder, catalog)
            return catalog.articles(), catalog.counts()["passages"]
    except IndexFault:
        if must:
            raise
        return [], 0


def _make(settings: Settings, articles: Sequence[Article], progress: Progress) -> Update:
    """An index of these articles beside; what another run has embedded for it is used."""
    try:
        index = Index.create(settings)
    except IndexFault:  # made with other settings, or damaged
        discarded(settings.index)
        index = Index.create(settings)
    with closing(index):
        return index.become(articles, settings, progress)


def publish(made: Path, folder: Path) -> None:
    """Puts the index in ``made``, a folder of ``folder``, in its place, and takes ``made`` away.

    The caller holds the lock of who updates. Raises IndexFault where that is not possible: the
    old index is as it was.
    """
    with locked(folder), writable(folder):
        with closing(Catalog.open(made / CATALOG)) as catalog:
            with catalog.change() as changes:
                changes.raise_generation(_generation(folder) + 1)
                old = stamps.read(changes)
                if old is not None:
                    changes.derive(stamps.written(_renumbered(old, changes.generation)))
            found = stamps.read(catalog)
        if found is not None:
            for name in (found.dense.name, found.lexical.name):
                if (made / name).exists():
                    os.rename(made / name, folder / name)
        try:
            _write_into(made / CATALOG, folder / CATALOG)
        except sqlite3.DatabaseError:
            _take_the_place(made / CATALOG, folder / CATALOG)
        stamps.clear(folder, found)
        discarded(made)


def _renumbered(found: stamps.Stamps, generation: int) -> stamps.Stamps:
    return stamps.Stamps(
        replace(found.dense, generation=generation), replace(found.lexical, generation=generation)
    )


def _generation(folder: Path) -> int:
    with suppress(IndexFault), closing(Catalog.open(folder / CATALOG)) as catalog:
        return catalog.generation
    return 0


def _write_into(made: Path, path: Path) -> None:
    """The content of a catalog that can be written, replaced within one transaction."""
    if not path.exists():
        raise sqlite3.DatabaseError("it is not there")
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(path)) as target:
        target.execute("PRAGMA synchronous = FULL")
        if target.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("it is damaged")
        source.backup(target)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _take_the_place(made: Path, path: Path) -> None:
    with closing(sqlite3.connect(made)) as source:
        source.execute("PRAGMA journal_mode = DELETE").fetchall()  # all of it in one file
    for end in ("-wal", "-shm", "-journal"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    placed(made, path)


def leftovers(folder: Path) -> list[Path]:
    """What a run that was cut short has left beside a whole catalog."""
    return [*folder.glob(f"{CATALOG}{SCRATCH}*"), *folder.glob(REBUILDING)]


def uploads_of(folder: Path) -> list[Path]:
    """The folder of what people sent, where there is one with something in it."""
    path = folder / UPLOADS
    return [path] if path.is_dir() and any(path.iterdir()) else []
