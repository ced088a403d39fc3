"""Making an index anew beside itself: in a folder of it, where a run that was cut short goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from assistant import private_files
from assistant.index._locks import UPDATING, locked
from assistant.index._planning import Progress
from assistant.index._publishing import publish
from assistant.index._restoring import RESTORING
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.errands import UPLOADS
from assistant.index.errands import finish as finish_errands
from assistant.index.files import SCRATCH, discarded, writable
from assistant.index.index import PATIENCE, REBUILDING, Index, Update
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
        private_files.make_folder(folder)
    with locked(folder, UPDATING, PATIENCE, waiting):
        held, passages = _held(folder, must=articles is None)
        beside = settings.model_copy(update={"index": folder / REBUILDING})
        done = _make(beside, held if articles is None else articles, progress)
        publish(folder / REBUILDING, folder)
        discarded(folder / REBUILDING)
    return replace(
        done, new=done.passages, kept=0, removed=passages, seconds=time.perf_counter() - began
    )


def _held(folder: Path, must: bool) -> tuple[list[Article], int]:
    """The articles of an index and how many passages they have; none of one that is damaged."""
    try:
        with closing(Catalog.open(folder / CATALOG)) as catalog, writable(folder):
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


def leftovers(folder: Path) -> list[Path]:
    """What a run that was cut short has left beside a whole catalog."""
    names = (f"{CATALOG}{SCRATCH}*", REBUILDING, RESTORING)
    return [path for name in names for path in folder.glob(name)]


def uploads_of(folder: Path) -> list[Path]:
    """The folder of what people sent, where there is one with something in it."""
    path = folder / UPLOADS
    return [path] if path.is_dir() and any(path.iterdir()) else []
