"""What the index holds: made, followed, kept, looked at."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from assistant.commands._terminal import printable, progress_of, settings_of
from assistant.settings import Settings
from assistant.types import SettingsError

DEFAULT_ARTICLES = Path("seeds")


def index(options: argparse.Namespace) -> int:
    from assistant.index.rebuilding import rebuild

    if options.watch:
        return _watch(options)
    settings = settings_of(options)
    progress, done = progress_of("articles")
    if options.rebuild and not options.paths:
        update = rebuild(settings, progress, _say_waiting)
    else:
        paths = [Path(p) for p in options.paths] or [DEFAULT_ARTICLES]
        update = _updated(settings, paths, options.rebuild, progress)
    done()
    for line in (*update.notes, *update.faults):
        print(f"assistant: {line}", file=sys.stderr)
    print(f"{settings.index}: {update}")
    return 1 if update.faults else 0


def sync(options: argparse.Namespace) -> int:
    from assistant.web.sync import sync

    settings = settings_of(options)
    progress, done = progress_of("addresses")
    synced = sync(settings, options.listing, progress=progress)
    done()
    for line in synced.faults:
        print(f"assistant: {printable(line)}", file=sys.stderr)
    print(f"{settings.index}: {synced}")
    return 1 if synced.faults else 0


def backup(options: argparse.Namespace) -> int:
    from assistant.index.backup import backup

    print(f"{options.file}: {backup(settings_of(options), Path(options.file), _say_waiting)}")
    return 0


def restore(options: argparse.Namespace) -> int:
    from assistant.index.backup import restore

    settings = settings_of(options)
    found = restore(settings, Path(options.file), options.replace, _say_waiting)
    print(f"{settings.index}: {found}")
    return 0


def doctor(options: argparse.Namespace) -> int:
    from assistant.index.doctor import examine, repair

    settings = settings_of(options)
    findings = repair(settings) if options.repair else examine(settings)
    for finding in findings:
        print(f"{'ok   ' if finding.sound else 'FAULT'} {finding.text}")
        if finding.remedy:
            print(f"      → {finding.remedy}")
    return 0 if all(finding.sound for finding in findings) else 1


def _watch(options: argparse.Namespace) -> int:
    from assistant.index.watching import watch

    if options.rebuild:
        raise SettingsError(
            "--rebuild makes the index once and --watch goes on; run the one, then the other"
        )
    paths = [Path(p) for p in options.paths] or [DEFAULT_ARTICLES]

    def complain(line: str) -> None:
        print(f"assistant: {' '.join(line.split())}", file=sys.stderr, flush=True)

    watch(settings_of(options), paths, partial(print, flush=True), complain)
    return 0


def _updated(settings: Settings, paths: Sequence[Path], anew: bool, progress: Any) -> Any:
    """The index brought to what ``paths`` hold; where that fails, no empty index is left."""
    from assistant.articles.files import read_articles
    from assistant.index import rebuilding
    from assistant.index.folder import discard_empty, is_there
    from assistant.index.index import Index

    there = is_there(settings.index)
    if there and not anew:
        # First: what a run that was cut short has left to do with files is done then.
        with closing(Index.create(settings)) as index:
            return index.update(read_articles(paths), paths, settings, progress, _say_waiting)
    if anew:  # what people sent stays, though nobody names it
        paths = [*paths, *rebuilding.uploads_of(settings.index)]
    corpus = read_articles(paths)
    if not corpus.articles and not there:
        *others, last = corpus.faults
        for fault in others:
            print(f"assistant: {fault}", file=sys.stderr)
        raise last
    try:
        if anew:
            done = rebuilding.rebuild(settings, progress, _say_waiting, corpus.articles)
            return replace(done, faults=corpus.faults, notes=corpus.notes)
        with closing(Index.create(settings)) as index:
            return index.update(corpus, paths, settings, progress, _say_waiting)
    except Exception:
        if not there:
            discard_empty(settings.index)
        raise


def _say_waiting() -> None:
    print("assistant: another run updates this index; waiting for it", file=sys.stderr)
