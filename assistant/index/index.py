"""The index: opens, updates and searches catalog, dense and lexical together."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assistant import private_files
from assistant.articles.files import Corpus
from assistant.index import _restoring as restoring
from assistant.index import _stamps as stamps
from assistant.index._dense import Dense
from assistant.index._identity import OtherModel, identity_of, model_of, refuse_other_identity
from assistant.index._language_centring import Centring
from assistant.index._locks import UPDATING, Busy, locked
from assistant.index._planning import (
    SLICE,
    Change,
    Embedding,
    Pairs,
    Progress,
    planned,
    prepared,
)
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.errands import UPLOADS
from assistant.index.errands import finish as finish_errands
from assistant.index.files import SCRATCH, Unwritable, writable
from assistant.index.folder import is_there
from assistant.index.lexical import Lexical
from assistant.index.view import View, derived, opened
from assistant.settings import Settings
from assistant.text.terms import fold
from assistant.types import Article, CorpusError, Edition, IndexFault

__all__ = ["CATALOG", "SLICE", "Index", "Update", "View"]

PATIENCE = 3600.0  # seconds that another update is waited for
TRIES = 5  # of opening what others may be replacing
SETTLING = 3  # views until none needs the catalog's log: one that reads it, one that does not
# What people wrote or sent; no rebuild takes it away.
KEPT = (*restoring.WRITTEN, UPLOADS)


@dataclass(frozen=True, slots=True)
class Update:
    """What an update did. ``seconds`` is wall time; ``embedded`` counts passages and sentences."""

    articles: int
    passages: int
    new: int
    kept: int
    removed: int
    embedded: int
    seconds: float
    faults: tuple[CorpusError, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.articles} articles, {self.passages} passages "
            f"({self.new} new, {self.kept} kept, {self.removed} removed) in {self.seconds:.1f} s"
        )


class Index:
    """An open index. Its view follows the catalog: it moves on when that has changed."""

    def __init__(self, folder: Path, catalog: Catalog, encoder: SentenceEncoder) -> None:
        self.folder = folder
        self.catalog = catalog
        self.encoder = encoder
        self.centring = Centring.of(encoder)
        self._moving = threading.Lock()
        self._owner = 0  # the thread that changes it
        self._view = self._opened()
        if stamps.leftovers(folder, stamps.read(catalog)):
            with suppress(IndexFault, OSError), locked(folder, patience=0):
                self._clear()
        self._settle()

    @classmethod
    def open(cls, settings: Settings) -> Index:
        """The index at ``settings.index``. Raises IndexFault when it is missing, damaged, or was
        made with another model, prefix or splitter."""
        catalog = _whole(settings.index)
        try:
            if not catalog.generation:
                raise IndexFault(
                    f"No index at {settings.index}: the run that was to make it did not finish; "
                    f"run: assistant index PATHS --index {settings.index}"
                )
            encoder = SentenceEncoder(settings)
            refuse_other_identity(catalog, encoder, settings)
            return cls(settings.index, catalog, encoder)
        except BaseException:
            catalog.close()
            raise

    @classmethod
    def create(cls, settings: Settings) -> Index:
        """The index at ``settings.index``, made empty when there is none."""
        folder, encoder = settings.index, SentenceEncoder(settings)
        _made(folder, identity_of(encoder, settings))
        catalog = _whole(folder)
        try:
            refuse_other_identity(catalog, encoder, settings)
            return cls(folder, catalog, encoder)
        except BaseException:
            catalog.close()
            raise

    def close(self) -> None:
        """Lets go of it; a question that is being answered keeps its view."""
        with suppress(AttributeError):  # it was closed before
            del self._view
        self.catalog.close()

    # -- what is answered from -----------------------------------------------------------

    @property
    def view(self) -> View:
        """The state that was current when the index was refreshed last."""
        return self._view

    @property
    def dense(self) -> Dense:
        return self._view.dense

    @property
    def lexical(self) -> Lexical:
        return self._view.lexical

    def refresh(self, wait: bool = False) -> View:
        """The view of the catalog's state, which is made anew where another is committed.

        No question waits for an update: what it commits has its derived indexes already. Where
        these are unusable and cannot be made again now, where another thread is making the view
        (but for ``wait``), and where the index was made anew with another model, it is the last.
        """
        self.catalog.follow()
        moved = self.catalog.state != self._view.state
        if (moved or self.catalog.owes) and self._moving.acquire(blocking=wait):
            try:
                if moved:
                    with suppress(Busy, Unwritable, OtherModel):
                        self._view = self._opened(self._view.catalog.identity, patience=0)
                self._settle()
            finally:
                self._moving.release()
        return self._view

    def _settle(self) -> None:
        """Lets the catalog's log be emptied: the view reads the log as long as it began with it,
        and the file alone where all of the log was in it by then."""
        for _ in range(SETTLING):
            if self.catalog.tidy():
                return
            again = self.catalog.snapshot()
            if again.state != self._view.state:
                return
            self._view = replace(self._view, catalog=again)
            del again  # of the view before, nobody reads any more

    def _opened(self, identity: Mapping[str, str] | None = None, patience: float = 120) -> View:
        """A view of what is committed now. Raises IndexFault, and OtherModel where it was not made
        with what ``identity`` says of the model."""
        for _ in range(TRIES):  # what it names may have been replaced since
            snapshot = self.catalog.snapshot()
            if identity and model_of(snapshot.identity) != model_of(identity):
                raise OtherModel
            found = opened(self.folder, snapshot, self.encoder, self.centring)
            if isinstance(found, View):
                return found
            snapshot.close()
            with locked(self.folder, patience=patience), writable(self.folder):
                self._derive_again()
        raise IndexFault(f"{self.folder}: {found}; run: assistant doctor --index {self.folder}")

    def _clear(self) -> None:
        """Deletes what is of no state that is committed; the next run does where that fails."""
        with suppress(IndexFault, OSError):
            stamps.clear(self.folder, stamps.read(self.catalog))
            for path in self.folder.glob(f"{CATALOG}{SCRATCH}*"):
                path.unlink()

    def _derive_again(self) -> None:
        with self.catalog.renewal() as changes:
            changes.derive(stamps.written(derived(self.folder, changes, self.centring)))
        self._clear()

    # -- updating ------------------------------------------------------------------------

    def update(
        self,
        corpus: Corpus,
        paths: Sequence[Path],
        settings: Settings,
        progress: Progress = lambda done, total: None,
        waiting: Callable[[], None] = lambda: None,
        embedding: Embedding = lambda done, total: None,
        errands: Mapping[str, str] | None = None,
        renamed: Mapping[str, str] | None = None,
    ) -> Update:
        """Makes the index hold ``corpus``, which was read from ``paths``: all of it at once.

        Embeds only texts that are new; drops articles that came from ``paths`` and are there no
        more; articles from elsewhere, and those of files that could not be read now, stay. What was
        edited stays as an edition: see ``_replacing``, also for ``renamed``. What is
        embedded is kept as it comes, so that an interrupted run goes on where it stopped, but
        nobody finds it before everything is committed. Waits while another process updates the
        index; ``waiting`` is called when that begins. ``errands``: see ``errands``.
        """
        with self.changing(waiting):
            refuse_other_identity(self.catalog, self.encoder, settings)
            began = time.perf_counter()
            change = planned(self.catalog, corpus.articles, paths, renamed)
            done = self._make(change, settings, progress, embedding, errands or {})
            seconds = time.perf_counter() - began
            return replace(done, seconds=seconds, faults=corpus.faults, notes=corpus.notes)

    def become(
        self,
        articles: Sequence[Article],
        editions: Sequence[Edition],
        settings: Settings,
        progress: Progress,
    ) -> Update:
        """Makes the index hold these articles and no others, and of ``editions`` those that are of
        these articles."""
        with self.changing():
            change = replace(planned(self.catalog, articles, None), replaced={})
            done = self._make(change, settings, progress, lambda done, total: None, {})
            with self.catalog.renewal() as changes:
                changes.set_editions(editions)
                changes.settle_editions(settings.editions)
                changes.count_again("editions")
            return done

    def add(self, articles: Sequence[Article], settings: Settings) -> Update:
        """Adds articles to those it holds, at once; the caller lets no others go."""
        with self.changing():
            change = planned(self.catalog, articles, ())
            return self._make(change, settings, lambda *_: None, lambda *_: None, {})

    def remove(self, article_ids: Sequence[str], errands: Mapping[str, str] | None = None) -> int:
        """Takes articles out; returns how many passages went. Raises IndexFault for an unknown."""
        with self.changing():
            for article_id in article_ids:
                self.catalog.article(article_id)
            return self._commit(Change(gone=tuple(article_ids)), [], errands or {}, None)

    @contextmanager
    def changing(self, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
        """One thread of one process at a time; whatever a run before has left is finished first."""
        if self._owner == threading.get_ident():
            yield
            return
        with locked(self.folder, UPDATING, PATIENCE, waiting):
            self._owner = threading.get_ident()
            try:
                with writable(self.folder):
                    restoring.put_in_place(self.folder)
                    self.catalog.follow()
                    finish_errands(self.folder, self.catalog)
                with suppress(Busy), locked(self.folder, patience=0):
                    self._clear()
                yield
            finally:
                self._owner = 0

    def _make(
        self,
        change: Change,
        settings: Settings,
        progress: Progress,
        embedding: Embedding,
        errands: Mapping[str, str],
    ) -> Update:
        before = self.catalog.counts()["passages"]
        moved = len(self.catalog.passages_of(change.moved))
        pairs, embedded = prepared(
            self.catalog, self.encoder, change.fresh, settings, progress, embedding
        )
        if change.is_none and not errands and self.catalog.generation:
            removed = 0
            self.catalog.drop_unused_vectors()
            self.catalog.settle_editions(settings.editions)
            self.refresh()
            self._forget()
        else:
            removed = self._commit(change, pairs, errands, settings.editions)
        counts = self.catalog.counts()
        new = sum(len(passages) for _, passages in pairs)
        kept = before - moved - removed
        return Update(counts["articles"], counts["passages"], new, kept, removed, embedded, 0.0)

    def _commit(
        self,
        change: Change,
        pairs: Pairs,
        errands: Mapping[str, str],
        editions: int | None,
    ) -> int:
        """The change with its derived indexes, at once; returns how many passages went.

        ``editions``: how many of an article stay; None: all.
        """
        with locked(self.folder), writable(self.folder):
            try:
                with self.catalog.change() as changes:
                    changes.take_out(change.moved)
                    changes.drop_editions([article.id for article, _ in pairs])  # current again
                    changes.keep_as_editions(change.replaced)
                    removed = changes.take_out(change.gone)
                    for article in change.renewed:
                        changes.update_facts(article)
                    changes.add(pairs)
                    changes.settle_editions(editions)
                    changes.drop_unused_vectors()
                    for path, becomes in errands.items():
                        changes.leave_errand(path, becomes)
                    changes.derive(stamps.written(derived(self.folder, changes, self.centring)))
            finally:
                self._clear()
        self.refresh(wait=True)
        # It is committed: what is left to do with files, the next run does.
        with suppress(OSError, Unwritable):
            finish_errands(self.folder, self.catalog)
        self._forget()
        return removed

    def _forget(self) -> None:
        """Leaves no byte of what was removed in any file. What a view of before still reads goes
        when that is let go of: with the next question, or when the index is closed."""
        self.catalog.forget()
        if self.catalog.owes:
            with self._moving:
                self._settle()


def _whole(folder: Path) -> Catalog:
    """The catalog of an index, after what a restore or a run that was cut short has left to do."""
    private_files.tighten(folder)
    if restoring.is_unfinished(folder):
        restoring.finish(folder)
    catalog = Catalog.open(folder / CATALOG)
    try:
        if catalog.errands():
            with suppress(Busy, Unwritable), locked(folder, UPDATING, patience=0), writable(folder):
                finish_errands(folder, catalog)
    except BaseException:
        catalog.close()
        raise
    return catalog


def _made(folder: Path, identity: Mapping[str, str]) -> None:
    """There is a catalog in the folder after it, if only an empty one."""
    if is_there(folder) or restoring.is_unfinished(folder):
        return
    with writable(folder):
        private_files.make_folder(folder)
        with locked(folder):
            if not is_there(folder):  # nor has another process made it
                for path in folder.glob(f"{CATALOG}*"):  # half of one
                    path.unlink()
                Catalog.create(folder / CATALOG, identity).close()


def matching(articles: Sequence[Article], words: str) -> list[Article]:
    """The articles that have all of ``words`` in title, source or date; accents do not count."""
    wanted = fold(words).split()
    return [
        article
        for article in articles
        if not wanted
        or all(word in fold(f"{article.title} {article.source} {article.date}") for word in wanted)
    ]
