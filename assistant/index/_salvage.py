"""A damaged catalog made again from those of its articles that are sound, and from their files."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from assistant import private_files
from assistant.articles.files import file_of, read_articles
from assistant.index._catalog_reading import Reading, is_of_the_disk, unreadable
from assistant.index.index import CATALOG
from assistant.index.rebuilding import rebuild
from assistant.settings import Settings
from assistant.types import Article, Finding, IndexFault

KEPT_AS = "catalog.damaged.sqlite"  # a copy of one of which something could not be saved


def salvage(settings: Settings) -> list[Finding]:
    """Makes the index again; returns what could not be saved.

    Raises IndexFault where no article can be saved.
    """
    path = settings.index / CATALOG
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            # Letters that are none make their row damaged, not the whole table unreadable.
            db.text_factory = partial(str, encoding="utf-8", errors="replace")
            reading = Reading(db, path)
            sound, others = reading.sound_articles()
            expected = _expected(reading)
    except (sqlite3.DatabaseError, IndexFault) as error:
        cause = error.__cause__ or error
        if is_of_the_disk(cause):
            raise unreadable(path, cause) from error
        raise _beyond_repair(path, cause) from error
    read = _read_again(others)
    saved = [*sound, *read.values()]
    lost = list(_lost(others, read, expected - len(sound) - len(others), settings.index))
    if not saved:
        raise _beyond_repair(path, "no article in it is sound")
    if lost:
        private_files.make_file(path.with_name(KEPT_AS))
        shutil.copyfile(path, path.with_name(KEPT_AS))
    rebuild(settings, articles=saved)
    return lost


def _beyond_repair(path: Path, why: object) -> IndexFault:
    folder = path.parent
    return IndexFault(
        f"{path} cannot be repaired ({why}); put a backup in its place: assistant restore FILE "
        f"--replace --index {folder}  (or index your articles again: assistant index PATHS "
        f"--rebuild --index {folder})"
    )


def _expected(reading: Reading) -> int:
    """How many articles it held; 0 where that is not known."""
    with suppress(IndexFault, KeyError):
        return reading.held()
    return 0


def _read_again(others: Sequence[tuple[str, str]]) -> Mapping[str, Article]:
    """Articles that are damaged, from the files they came from: id → article."""
    wanted = dict(others)
    files = sorted({file_of(Path(path)) for path in wanted.values()})
    corpus = read_articles([file for file in files if os.path.isfile(file)])
    found = [replace(a, path=str(Path(a.path).resolve())) for a in corpus.articles]
    return {article.id: article for article in found if article.id in wanted}


def _lost(
    others: Iterable[tuple[str, str]], read: Mapping[str, Article], missing: int, folder: Path
) -> Iterator[Finding]:
    remedy = f"assistant index PATHS --index {folder}  (a copy of what was: {KEPT_AS})"
    for article_id, path in others:
        if article_id not in read:
            yield Finding(False, f"Article {article_id} is lost, with its file {path}", remedy)
    if missing > 0:
        yield Finding(False, f"{missing} articles are lost, and what they were", remedy)
