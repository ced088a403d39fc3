"""An index follows a feed, a sitemap or a list of addresses (`assistant sync`).

Pages that are new or edited are fetched, one at a time and with a pause, and kept as files in the
folder ``uploads/web`` of the index, from which they become articles like any file. A page that its
server says is gone (404, 410) goes. One that is no longer listed is asked for once more, since
that is how most deletions show, and stays unless it is gone.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import anyio
from filelock import FileLock, Timeout

from assistant import private_files
from assistant.articles.files import Corpus, read_articles
from assistant.index.catalog import Catalog
from assistant.index.errands import UPLOADS
from assistant.index.folder import discard_empty
from assistant.index.index import CATALOG, Index
from assistant.settings import Settings
from assistant.text.interface_texts import interface_texts
from assistant.types import Article
from assistant.web._sync_state import Kept, State, SyncError
from assistant.web.feeds import Entry, FeedError, Listing, listing_in
from assistant.web.fetch import PUBLIC, Fetcher, Page, Rules, WebError

FOLDER: Final = "web"
PAUSE: Final = 1.0  # seconds between two requests to a host
MOST_PAGES: Final = 1000  # asked for in one run; the next goes on
MOST_LISTINGS: Final = 50  # sitemaps that a sitemap index names
BATCH: Final = 32  # pages that are indexed together
MOST_FAILURES: Final = 3  # in a row, before a host is left alone

_UNFIT: Final = re.compile(r"[^\w.-]+")
_BUSY: Final = (429, 503)
_GONE: Final = (404, 410)


@dataclass(frozen=True, slots=True)
class Synced:
    """What a run did, in pages, and in a line for each that was not had."""

    new: int = 0
    edited: int = 0
    removed: int = 0
    unchanged: int = 0
    left: int = 0
    faults: tuple[str, ...] = ()

    def __str__(self) -> str:
        told = f"{self.new} new, {self.edited} edited, {self.removed} removed, "
        told += f"{self.unchanged} unchanged, {len(self.faults)} not read"
        return f"{told}; {self.left} are left for the next run" if self.left else told


def sync(
    settings: Settings,
    listing: str,
    rules: Rules = PUBLIC,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Synced:
    """Brings the index to what ``listing``, an address or a file, names.

    ``progress`` is told pages done, and in all. Raises SyncError, FeedError or what the index
    raises; what was indexed until then stays.
    """
    there = (settings.index / CATALOG).exists()
    folder = settings.index / UPLOADS / FOLDER
    try:
        private_files.make_folder(folder)
    except OSError as error:
        raise SyncError(f"{folder} cannot be made: {error}; check its permissions") from None
    with _alone(folder):
        state = State(folder / "sync.sqlite")
        follower = _Follower(settings, state, folder.resolve(), rules)
        try:
            return anyio.run(follower.run, listing, progress)
        finally:
            follower.close()
            if not there and (settings.index / CATALOG).exists():
                discard_empty(settings.index)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        with FileLock(folder / "sync.lock", timeout=0):
            yield
    except Timeout:
        raise SyncError(f"Another run follows pages into {folder}; wait for its end") from None


@dataclass
class _Changes:
    """What a batch of pages brings."""

    kept: list[Kept] = field(default_factory=list)  # to be written down as they are
    files: list[tuple[Kept, Kept | None]] = field(default_factory=list)  # new state, and the old
    gone: list[Kept] = field(default_factory=list)


class _Follower:
    """One run."""

    def __init__(self, settings: Settings, state: State, folder: Path, rules: Rules) -> None:
        self.settings = settings
        self.state = state
        self.folder = folder
        rules = rules if rules.pause else replace(rules, pause=PAUSE)
        self.fetcher = Fetcher(rules)
        self.pages = state.pages()
        self.done = Synced()
        self._failures: dict[str, int] = {}  # in a row, by host
        self._index: Index | None = None

    def close(self) -> None:
        self.state.close()
        if self._index:
            self._index.close()

    async def run(self, listing: str, progress: Callable[[int, int], None]) -> Synced:
        found, whole, key = await self._listed(listing)
        self._restore()
        listed = {entry.address for entry in found}
        dropped = [
            Entry(kept.address)
            for kept in self.pages.values()
            if whole and kept.listing == key and kept.address not in listed
        ]
        asked = [e for e in found if not self._is_as_listed(e)]
        self._count(unchanged=len(found) - len(asked))
        asked.sort(key=lambda entry: entry.address in self.pages)  # new ones first
        asked += dropped
        due = asked[:MOST_PAGES]
        self._count(left=len(asked) - len(due))
        for start in range(0, len(due), BATCH):
            changes = _Changes()
            for number, entry in enumerate(due[start : start + BATCH], start + 1):
                await self._visit(entry, key if entry.address in listed else "", changes)
                progress(number, len(due))
            self._apply(changes)
        return self.done

    # -- what is listed ------------------------------------------------------------------

    async def _listed(self, listing: str) -> tuple[list[Entry], bool, str]:
        """The pages, whether all are had, and what the listing goes by."""
        if not listing.startswith(("http://", "https://")):
            path = Path(listing)
            try:
                return (
                    list(listing_in(path.read_bytes(), listing).entries),
                    True,
                    str(path.resolve()),
                )
            except OSError as error:
                raise SyncError(f"{listing} cannot be read: {error.strerror}; check it") from None
        try:
            found = await self._listing(listing)
        except WebError as fault:
            raise SyncError(f"{listing}: {_words(fault)}") from None
        entries, whole = list(found.entries), len(found.listings) <= MOST_LISTINGS
        for further in found.listings[:MOST_LISTINGS]:
            try:
                entries += (await self._listing(further.address)).entries
            except (WebError, FeedError) as fault:
                self._fault(f"{further.address}: {_words(fault)}")
                whole = False
        return list({entry.address: entry for entry in entries}.values()), whole, listing

    async def _listing(self, address: str) -> Listing:
        etag, modified, before = self.state.listing(address)
        page = await self.fetcher.get(address, etag, modified, kinds=None)
        if page is None:
            if before is None:
                raise WebError("status", status=304)
            return before
        found = listing_in(page.data, page.address)
        self.state.keep_listing(address, page.etag, page.modified, found)
        return found

    def _is_as_listed(self, entry: Entry) -> bool:
        """Whether the listing itself says that the page is as it was."""
        kept = self.pages.get(entry.address)
        return bool(kept and kept.file and entry.changed and entry.changed == kept.changed)

    # -- pages ---------------------------------------------------------------------------

    async def _visit(self, entry: Entry, listing: str, changes: _Changes) -> None:
        address, host = entry.address, urlsplit(entry.address).netloc
        kept = self.pages.get(address)
        if self._failures.get(host, 0) >= MOST_FAILURES:
            self._count(left=1)
            return
        try:
            known = (kept.etag, kept.modified) if kept else ("", "")
            page = await self.fetcher.get(address, *known)
        except WebError as fault:
            self._fail(entry, host, fault, listing, changes)
            return
        self._failures[host] = 0
        now = replace(kept or Kept(address, ""), listing=listing, changed=entry.changed)
        digest = hashlib.sha256(page.data).hexdigest() if page else now.digest
        if page:
            now = replace(now, etag=page.etag, modified=page.modified, digest=digest)
        if page is None or (kept and kept.digest == digest):
            changes.kept.append(now)
            self._count(unchanged=1)
            return
        file = self._write(address, page)
        changes.files.append((replace(now, file=file), kept))

    def _fail(
        self, entry: Entry, host: str, fault: WebError, listing: str, changes: _Changes
    ) -> None:
        status, kept = fault.named.get("status"), self.pages.get(entry.address)
        if status in _GONE and kept:
            if kept.file:
                changes.gone.append(kept)
            changes.kept.append(Kept(entry.address, listing))
            if not kept.file:
                self._count(unchanged=1)
            return
        if status in _BUSY or fault.kind in ("unreachable", "slow"):
            most = MOST_FAILURES if status in _BUSY else 1
            self._failures[host] = self._failures.get(host, 0) + most
        self._fault(f"{entry.address}: {_words(fault)}")

    def _write(self, address: str, page: Page) -> str:
        """Keeps the page's bytes, and its address beside them; returns the file's name."""
        stem, dot, suffix = page.name.rpartition(".")
        mark = hashlib.sha256(address.encode()).hexdigest()[:12]
        name = f"{_UNFIT.sub('_', stem).strip('._')[:40] or 'page'}-{mark}{dot}{suffix}"
        try:
            (self.folder / name).write_bytes(page.data)
            source = f"source: {json.dumps(page.address, ensure_ascii=False)}\n"  # JSON is YAML
            (self.folder / f"{name}.yaml").write_text(source, "utf-8")
        except OSError as error:
            raise SyncError(f"{self.folder / name} cannot be written: {error.strerror}") from None
        return name

    def _unlink(self, name: str) -> None:
        for each in (name, f"{name}.yaml"):
            (self.folder / each).unlink(missing_ok=True)

    # -- articles ------------------------------------------------------------------------

    def _known(self) -> dict[str, str]:
        """The paths of the index's articles, by id."""
        path = self.settings.index / CATALOG
        if self._index:
            return self._index.catalog.article_paths()
        if not path.exists():
            return {}
        catalog = Catalog.open(path)
        try:
            return catalog.article_paths()
        finally:
            catalog.close()

    def _restore(self) -> None:
        """Takes in again what the index has lost, as when it was made anew, from the files that
        are kept. What a person removed has no file any more."""
        known = self._known()
        lost = [
            page
            for page in self.pages.values()
            if page.articles and page.file and (self.folder / page.file).exists()
            if not any(one in known for one in page.articles.split())
        ]
        self._index_files({page.file: page.address for page in lost}, known)

    def _apply(self, changes: _Changes) -> None:
        """Indexes a batch, and only then writes down what is known of it."""
        known = self._known()
        for now, old in changes.files:
            if old and old.file and old.file != now.file:
                self._unlink(old.file)
        for page in changes.gone:
            self._unlink(page.file)
        before = {a for _, old in changes.files if old for a in old.articles.split()}
        before |= {a for page in changes.gone for a in page.articles.split()}
        touched = {page.address for page in (*changes.gone, *(now for now, _ in changes.files))}
        # Another page may have had the same text: its article has one place only.
        shared = {
            page.file: page.address
            for page in self.pages.values()
            if page.address not in touched and before & set(page.articles.split())
            if page.file and (self.folder / page.file).exists()
        }
        files = {now.file: now.address for now, _ in changes.files}
        renamed = {
            str(self.folder / old.file): str(self.folder / now.file)
            for now, old in changes.files
            if old and old.file and old.file != now.file
        }
        read = self._index_files(files | shared, known, bool(changes.gone), renamed)
        kept = list(changes.kept)
        for now, old in changes.files:
            articles = " ".join(read.get(now.file, ()))
            if not articles and old:
                articles = old.articles  # it could not be read now: what it was stays
            kept.append(replace(now, articles=articles))
            if not read.get(now.file):
                continue
            if old is None or not old.file:
                self._count(new=1)
            elif old.articles == articles:
                self._count(unchanged=1)
            else:
                self._count(edited=1)
        self._count(removed=len(changes.gone))
        self.state.keep(kept)
        self.pages |= {page.address: page for page in kept}
        self._drop(before)

    def _index_files(
        self,
        files: Mapping[str, str],
        known: Mapping[str, str],
        some_are_gone: bool = False,
        renamed: Mapping[str, str] | None = None,
    ) -> dict[str, list[str]]:
        """File → ids of its articles, which the index has now. ``files``: with addresses;
        ``renamed``: file of an edited page → the one it has now."""
        read: dict[str, list[str]] = {}
        articles: dict[str, Article] = {}
        for file, address in files.items():
            path = self.folder / file
            corpus = read_articles([path])
            read[file] = [article.id for article in corpus.articles]
            for fault in corpus.faults:
                self._fault(str(fault).replace(str(path), address))
            for article in corpus.articles:
                # One that came from elsewhere stays where it is.
                elsewhere = article.id in known and not self._is_ours(known[article.id])
                if not elsewhere:
                    articles.setdefault(article.id, article)
        if articles or some_are_gone:
            self._index = self._index or Index.create(self.settings)
            corpus = Corpus(tuple(articles.values()), ())
            self._index.update(corpus, [self.folder], self.settings, renamed=renamed)
        return read

    def _is_ours(self, path: str) -> bool:
        return Path(path).is_relative_to(self.folder)

    def _drop(self, ids: set[str]) -> None:
        """Takes out what no page says any more and the index still has of them."""
        said = {one for page in self.pages.values() for one in page.articles.split()}
        known = self._known()
        left = [one for one in ids - said if one in known and self._is_ours(known[one])]
        if left and self._index:
            self._index.remove(left)

    # -- what is told --------------------------------------------------------------------

    def _count(self, **more: int) -> None:
        counted = {name: getattr(self.done, name) + number for name, number in more.items()}
        self.done = replace(self.done, **counted)

    def _fault(self, line: str) -> None:
        line = " ".join(line.split())
        self.done = replace(self.done, faults=(*self.done.faults, line))


def _words(fault: WebError | FeedError) -> str:
    if isinstance(fault, FeedError):
        return str(fault)
    words: str = interface_texts("page")["en"]["web_faults"][fault.kind]
    return words.format(**fault.named)
