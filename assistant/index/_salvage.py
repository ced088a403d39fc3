"""A damaged catalog made again from those of its articles that are sound, and from their files."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from assistant import private_files
from assistant.articles.files import file_of, read_articles
from assistant.erasure import UNREADABLE
from assistant.index._catalog_connection import is_of_the_disk, unreadable
from assistant.index._catalog_editions import Link, end_of
from assistant.index._catalog_reading import Reading
from assistant.index.index import CATALOG
from assistant.index.rebuilding import rebuild
from assistant.settings import Settings
from assistant.types import Article, Edition, Finding, IndexFault

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
            found = _editions(reading)
    except (*UNREADABLE, IndexFault) as error:
        cause = error.__cause__ or error
        if is_of_the_disk(cause):
            raise unreadable(path, cause) from error
        raise _beyond_repair(path, cause) from error
    read = _read_again(others)
    saved = [*sound, *read.values()]
    lost = list(_lost(others, read, expected - len(sound) - len(others), settings.index))
    editions = _leading_to(saved, found.sound)
    lost += _lost_editions(found, len(editions), settings.index)
    if not saved:
        raise _beyond_repair(path, "no article in it is sound")
    if lost:
        private_files.make_file(path.with_name(KEPT_AS))
        shutil.copyfile(path, path.with_name(KEPT_AS))
    rebuild(settings, articles=saved, editions=editions)
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


@dataclass(frozen=True, slots=True)
class _Editions:
    """Those that are sound, and how many there were; None where nothing tells that."""

    sound: Sequence[Edition]
    expected: int | None


def _editions(reading: Reading) -> _Editions:
    expected: int | None = None
    with suppress(IndexFault, KeyError):
        expected = int(json.loads(reading.meta()["totals"]).get("editions", [0])[0])
    try:
        sound, damaged = reading.sound_editions()
    except IndexFault:  # of an earlier layout, or none of it can be read
        return _Editions((), expected)
    return _Editions(sound, max(expected or 0, len(sound) + damaged))


def _leading_to(articles: Sequence[Article], editions: Sequence[Edition]) -> list[Edition]:
    """The editions of these articles. Where the next of a chain was lost, the only article of the
    same file is what it led to."""
    there = {article.id for article in articles}
    links = {one.id: Link(one.replaced_by, one.generation) for one in editions}
    paths = Counter(article.path for article in articles)
    of_file = {article.path: article.id for article in articles if paths[article.path] == 1}
    links |= {
        one.id: Link(of_file[one.path], one.generation)
        for one in editions
        if one.replaced_by not in links and one.replaced_by not in there and one.path in of_file
    }
    return [
        replace(one, replaced_by=links[one.id].replaced_by)
        for one in editions
        if end_of(links, one.id) in there
    ]


def _lost_editions(found: _Editions, saved: int, folder: Path) -> Iterator[Finding]:
    remedy = f"assistant restore BACKUP --index {folder} --replace  (a copy: {KEPT_AS})"
    if found.expected is None:
        yield Finding(False, "The earlier texts of edited articles are lost, if any were", remedy)
    elif found.expected > saved:
        text = f"{found.expected - saved} earlier texts of edited articles are lost"
        yield Finding(False, text, remedy)


def _read_again(others: Sequence[tuple[str, str]]) -> Mapping[str, Article]:
    """Articles that are damaged, from the files they came from: id → article."""
    wanted = dict(others)
    files = {file for path in wanted.values() for file in _files_of(path)}
    corpus = read_articles(sorted(files))
    found = [replace(a, path=str(Path(a.path).resolve())) for a in corpus.articles]
    return {article.id: article for article in found if article.id in wanted}


def _files_of(path: str) -> Iterator[Path]:
    """The file that a path leads to, where there is one: a damaged path may be anything."""
    with suppress(OSError, ValueError):
        file = file_of(Path(path))
        if file.is_file():
            yield file


def _lost(
    others: Iterable[tuple[str, str]], read: Mapping[str, Article], missing: int, folder: Path
) -> Iterator[Finding]:
    remedy = f"assistant index PATHS --index {folder}  (a copy of what was: {KEPT_AS})"
    for article_id, path in others:
        if article_id not in read:
            yield Finding(False, f"Article {article_id} is lost, with its file {path}", remedy)
    if missing > 0:
        yield Finding(False, f"{missing} articles are lost, and what they were", remedy)
