"""Making an index anew beside itself: in a folder of it, where a run that was cut short goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from assistant import private_files
from assistant.index._catalog_editions import without
from assistant.index._catalog_rows import edition_of
from assistant.index._locks import UPDATING, locked
from assistant.index._planning import Progress
from assistant.index._publishing import publish
from assistant.index._replacing import replacements
from assistant.index._restoring import RESTORING
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.errands import UPLOADS
from assistant.index.errands import finish as finish_errands
from assistant.index.files import SCRATCH, discarded, writable
from assistant.index.folder import REBUILDING
from assistant.index.index import PATIENCE, Index, Update
from assistant.settings import Settings
from assistant.types import Article, Edition, IndexFault


def rebuild(
    settings: Settings,
    progress: Progress = lambda done, total: None,
    waiting: Callable[[], None] = lambda: None,
    articles: Sequence[Article] | None = None,
    editions: Sequence[Edition] | None = None,
) -> Update:
    """Makes the index again with these settings from ``articles``, or from those it holds.

    ``editions``: None: those it holds, and what ``articles`` take the place of.
    The old index answers until the new one is whole. Raises IndexFault.
    """
    folder, began = settings.index, time.perf_counter()
    if articles is None:
        Catalog.open(folder / CATALOG).close()  # there is something to make it from
    with writable(folder):
        private_files.make_folder(folder)
    with locked(folder, UPDATING, PATIENCE, waiting):
        held = _held(folder, must=articles is None)
        beside = settings.model_copy(update={"index": folder / REBUILDING})
        became = held.articles if articles is None else _resolved(articles)
        kept = _carried(held, became) if editions is None else editions
        done = _make(beside, became, kept, progress)
        publish(folder / REBUILDING, folder)
        discarded(folder / REBUILDING)
    return replace(
        done, new=done.passages, kept=0, removed=held.passages, seconds=time.perf_counter() - began
    )


@dataclass(frozen=True, slots=True)
class _Held:
    """What an index holds: ``passages`` is how many; nothing of one that is damaged."""

    articles: Sequence[Article] = ()
    editions: Sequence[Edition] = ()
    passages: int = 0
    generation: int = 0


def _held(folder: Path, must: bool) -> _Held:
    try:
        with closing(Catalog.open(folder / CATALOG)) as catalog, writable(folder):
            finish_errands(folder, catalog)
            counts = catalog.counts()
            return _Held(
                catalog.articles(), catalog.editions(), counts["passages"], catalog.generation
            )
    except IndexFault:
        if must:
            raise
        return _Held()


def _resolved(articles: Sequence[Article]) -> list[Article]:
    return [replace(a, path=str(Path(a.path).resolve())) for a in articles]


def _carried(held: _Held, articles: Sequence[Article]) -> list[Edition]:
    """The editions after the articles of an index became ``articles``."""
    there = {article.id for article in articles}
    gone = [article for article in held.articles if article.id not in there]
    before = {article.id: article.path for article in held.articles}
    today = datetime.now(UTC).date().isoformat()
    new = replacements(gone, articles, before)
    return [
        *without(held.editions, there),
        *(
            edition_of(article, new[article.id], today, held.generation + 1)
            for article in gone
            if article.id in new
        ),
    ]


def _make(
    settings: Settings,
    articles: Sequence[Article],
    editions: Sequence[Edition],
    progress: Progress,
) -> Update:
    """An index of these articles beside; what another run has embedded for it is used."""
    try:
        index = Index.create(settings)
    except IndexFault:  # made with other settings, or damaged
        discarded(settings.index)
        index = Index.create(settings)
    with closing(index):
        return index.become(articles, editions, settings, progress)


def leftovers(folder: Path) -> list[Path]:
    """What a run that was cut short has left beside a whole catalog."""
    names = (f"{CATALOG}{SCRATCH}*", REBUILDING, RESTORING)
    return [path for name in names for path in folder.glob(name)]


def uploads_of(folder: Path) -> list[Path]:
    """The folder of what people sent, where there is one with something in it."""
    path = folder / UPLOADS
    return [path] if path.is_dir() and any(path.iterdir()) else []
