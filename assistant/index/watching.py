"""The index follows folders (`assistant index --watch`): what is added, edited and deleted there.

What a change names is read as any run reads it, and only that: the rest of the folders is as it
was. A file is read when nothing has changed it for a moment and no program has it open for writing.
Watching is left to watchfiles, which asks the system, and looks by itself where the system does not
tell: on folders of other machines, and where it watches no more of them.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from watchfiles import watch as changes_in
from watchfiles._rust_notify import WatchfilesRustInternalError

from assistant.articles.files import Corpus, file_of, read_articles
from assistant.articles.metadata import SIDECAR_SUFFIXES, may_belong_to
from assistant.articles.suffixes import IN_FOLDERS
from assistant.index.folder import discard_empty, is_there
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import AssistantError, SettingsError

QUIET: Final = 0.4  # seconds without a further change after which a file is read
WRITING: Final = 60.0  # seconds that one waits for a program that has a file open for writing
RETRY: Final = 5.0  # seconds after which an update that failed is tried again
LOOK: Final = 0.2  # seconds between two looks at what is due
RETURNED: Final = 1.0  # seconds between two looks at whether the folders are there
POLL: Final = 0.5  # seconds between two looks at every file, where the system does not tell
# File systems of other machines, whose changes there the system here does not tell.
_REMOTE: Final = (
    "nfs cifs smb 9p afs ceph gfs glusterfs lustre virtiofs vboxsf prl_fs drvfs fuse".split()
)

_OCTAL: Final = re.compile(r"\\([0-7]{3})")  # a blank in a mount's name

Say = Callable[[str], None]


def watch(
    settings: Settings,
    folders: Sequence[Path],
    say: Say,
    complain: Say,
) -> None:
    """Brings the index to what the folders hold, and keeps it there until SIGINT or SIGTERM, which
    let an update that has begun come to its end.

    ``say`` is told each update, ``complain`` what went wrong. Raises SettingsError for a path that
    is a file, and what keeps the index from being opened.
    """
    for folder in folders:
        if folder.is_file():
            raise SettingsError(f"--watch follows folders and {folder} is a file; name its folder")
    follower = Follower(settings, folders, say, complain)
    with _told_to_stop(follower), closing(follower), suppress(_Stopped):
        follower.run()


class _Stopped(Exception):
    """It was told to stop while it waited for another run."""


class Follower:
    """Keeps an index in step with folders. ``stop``: set, it ends."""

    def __init__(
        self,
        settings: Settings,
        folders: Sequence[Path],
        say: Say,
        complain: Say,
    ) -> None:
        self.settings = settings
        self.folders = [folder.resolve() for folder in folders]
        self.stop = threading.Event()
        self.is_waiting = False  # for another run that updates the index
        self._say, self._complain = say, complain
        self._index: Index | None = None
        self._pending = Pending()
        self._copies: dict[str, set[Path]] = {}  # article → other files that have its text
        self._failed = ""  # what was told last of an update that failed
        self._again = 0.0  # when it is tried again

    def close(self) -> None:
        if self._index:
            self._index.close()

    def run(self) -> None:
        """Until ``stop`` is set. Raises what keeps the index from being opened."""
        there, began, polls = _present(self.folders), False, False
        while not self.stop.is_set():
            before = there
            try:
                for paths in _changes(list(before), self.stop, polls):
                    if not began:  # by now nothing that changes is missed
                        began = True
                        self._begin()
                    self._pending.add(paths, time.monotonic())
                    self._apply()
                    if (there := _present(self.folders)) != before:
                        break
            except FileNotFoundError:
                there = _present(self.folders)
            except (OSError, WatchfilesRustInternalError) as error:
                if polls:
                    raise
                self._complain(f"the system does not tell what changes, {error}; looking at it")
                polls = True
            self._tell_missing([folder for folder in before if folder not in there])
            back = [folder for folder in there if there[folder] != before.get(folder)]
            self._pending.add(back, time.monotonic())

    # -- updates -------------------------------------------------------------------------

    def _begin(self) -> None:
        """The whole of the folders, as every run does."""
        corpus = read_articles(self.folders)
        if is_there(self.settings.index) or corpus.articles:
            self._update(corpus, self.folders, always_say=True)
        else:
            self._tell(corpus)
        named = ", ".join(map(str, self.folders))
        self._say(f"watching {named} (Ctrl-C ends it)")

    def _apply(self) -> None:
        """Takes in what is due."""
        now = time.monotonic()
        if now < self._again or not (due := self._pending.due(now)):
            return
        try:
            self._take_in(due)
            self._failed = ""
        except (AssistantError, OSError) as error:
            if str(error) != self._failed:
                self._complain(str(error))
            self._failed, self._again = str(error), now + RETRY
            self._pending.add(due, now)

    def _take_in(self, due: Sequence[Path]) -> None:
        known = self._known()
        gone = [path for path in due if not path.exists()]
        files = {file for path in due if (file := self._article_file(path))}
        lost = [
            (key, path)
            for key, path in known.items()
            if any(path.is_relative_to(other) for other in (*gone, *files))
        ]
        vanished = any(path.is_relative_to(other) for _, path in lost for other in gone)
        # Another file may have the same text: an article has one place only.
        files |= {copy for key, _ in lost for copy in self._copies.pop(key, ()) if copy.exists()}
        if not files and not vanished:
            return
        corpus = read_articles(self._in_order(files))
        elsewhere = {file_of(known[a.id]) for a in corpus.articles if a.id in known}
        elsewhere = {f for f in elsewhere if f.is_file() and self._is_below(f)} - files
        elsewhere = {f for f in elsewhere if not any(f.is_relative_to(one) for one in files)}
        if elsewhere:
            corpus = read_articles(self._in_order(files | elsewhere))
        # A folder that has come back empty may be a disk that is not mounted.
        whole = vanished or (bool(corpus.articles) and any(path in self.folders for path in due))
        if corpus.articles or vanished:
            self._update(corpus, self.folders if whole else [*files, *elsewhere])
        else:
            self._tell(corpus)

    def _update(self, corpus: Corpus, paths: Sequence[Path], always_say: bool = False) -> None:
        self._tell(corpus)
        there = is_there(self.settings.index)
        try:
            index = self._index = self._index or Index.create(self.settings)
            before = index.refresh().state
            done = index.update(corpus, paths, self.settings, waiting=self._wait)
        except Exception:
            if not there:
                self.close()
                self._index = None
                discard_empty(self.settings.index)
            raise
        finally:
            self.is_waiting = False
        if always_say or index.view.state != before:
            self._say(f"{self.settings.index}: {done}")

    def _tell(self, corpus: Corpus) -> None:
        for line in (*corpus.notes, *corpus.faults):
            self._complain(str(line))
        for key, path in corpus.copies:
            self._copies.setdefault(key, set()).add(file_of(Path(path).resolve()))

    def _wait(self) -> None:
        self.is_waiting = True
        self._complain("another run updates this index; waiting for it")
        if self.stop.is_set():
            raise _Stopped

    # -- what a change is about ----------------------------------------------------------

    def _known(self) -> dict[str, Path]:
        """The paths of the index's articles, by id."""
        if self._index is None:
            return {}
        self._index.refresh()
        return {key: Path(path) for key, path in self._index.catalog.article_paths().items()}

    def _article_file(self, path: Path) -> Path | None:
        """What is read for a path that has changed: itself, the article that it stands beside, or
        nothing."""
        if path.suffix.lower() in SIDECAR_SUFFIXES:
            beside = next((p for p in may_belong_to(path) if p.is_file()), None)
            if beside or path.suffix.lower() != ".json":
                return beside
        if path.is_dir():
            return path
        return path if path.suffix.lower() in IN_FOLDERS | {".json"} and path.exists() else None

    def _is_below(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self.folders)

    def _in_order(self, files: Iterable[Path]) -> list[Path]:
        """In the order in which a run that reads the whole of the folders comes to them."""

        def place(path: Path) -> tuple[int, tuple[str, ...]]:
            own = (n for n, f in enumerate(self.folders) if path.is_relative_to(f))
            return next(own, len(self.folders)), path.parts

        return sorted(files, key=place)

    def _tell_missing(self, folders: Sequence[Path]) -> None:
        """In the words of any run; their articles stay."""
        for fault in read_articles(folders).faults:
            self._complain(f"{fault}; its articles stay, and it is followed when it is back")


class Pending:
    """Paths that have changed and are not taken in yet."""

    def __init__(self) -> None:
        self._since: dict[Path, float] = {}
        self._last: dict[Path, float] = {}

    def add(self, paths: Iterable[Path], now: float) -> None:
        for path in paths:
            self._since.setdefault(path, now)
            self._last[path] = now

    def due(self, now: float) -> list[Path]:
        """Those that nothing has changed for a moment, which it forgets.

        What has vanished waits until nothing else vanishes: where it is a whole folder, that is
        seen then.
        """
        found = [path for path in self._last if self._is_quiet(path, now)]
        if any(not path.exists() for path in self._last.keys() - set(found)):
            found = [path for path in found if path.exists()]
        for path in found:
            del self._last[path], self._since[path]
        return found

    def _is_quiet(self, path: Path, now: float) -> bool:
        if now - self._last[path] < QUIET:
            return False
        return now - self._since[path] > WRITING or not is_being_written(path)


def is_being_written(path: Path) -> bool:
    """Whether a program has the file open for writing, as far as the system tells: Linux gives no
    lease for reading then."""
    try:
        import fcntl

        lease, share, release = fcntl.F_SETLEASE, fcntl.F_RDLCK, fcntl.F_UNLCK
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (ImportError, AttributeError, OSError):
        return False
    try:
        fcntl.fcntl(handle, lease, share)
        fcntl.fcntl(handle, lease, release)
    except BlockingIOError:
        return True
    except OSError:  # a file of somebody else, or a file system without leases
        return False
    finally:
        os.close(handle)
    return False


def is_remote(folder: Path, mounts: str | None = None) -> bool:
    """Whether a folder lies on a file system of another machine. ``mounts``: the text of
    /proc/self/mountinfo, which only Linux has."""
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text("utf-8", "replace")
        except OSError:
            return False
    found = ("", "")
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields = before.split()
        if len(fields) > 4 and after:
            at = _OCTAL.sub(lambda found: chr(int(found[1], 8)), fields[4])
            if folder.is_relative_to(at):
                found = max(found, (at, after.split()[0]), key=lambda one: len(one[0]))
    return found[1].startswith(tuple(_REMOTE))


def _present(folders: Sequence[Path]) -> dict[Path, object]:
    """The folders that are there, each with what tells it from another of its name."""
    found: dict[Path, object] = {}
    for folder in folders:
        with suppress(OSError):
            status = folder.stat()
            found[folder] = (status.st_dev, status.st_ino)
    return found


def _changes(folders: Sequence[Path], stop: threading.Event, polls: bool) -> Iterator[list[Path]]:
    """The paths that change below ``folders``; an empty list now and then."""
    if not folders:  # none is there
        yield []
        stop.wait(RETURNED)
        return

    def is_shown(change: object, path: str) -> bool:
        inside = next(Path(path).relative_to(f) for f in folders if Path(path).is_relative_to(f))
        return not any(part.startswith(".") for part in inside.parts)

    polls = polls or any(map(is_remote, folders))
    with closing(
        changes_in(
            *folders,
            watch_filter=is_shown,
            debounce=int(LOOK * 1000),
            step=50,
            stop_event=stop,
            rust_timeout=int(LOOK * 1000),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=polls or None,  # None: as watchfiles' own variables say
            poll_delay_ms=int(POLL * 1000),
            ignore_permission_denied=True,
        )
    ) as found:
        for some in found:
            yield [Path(path) for _, path in some]


@contextmanager
def _told_to_stop(follower: Follower) -> Iterator[None]:
    """SIGINT and SIGTERM end it once what is in hand is done; again, at once."""

    def handle(number: int, frame: Any) -> None:
        if follower.stop.is_set():
            raise KeyboardInterrupt
        follower.stop.set()
        if follower.is_waiting:
            raise _Stopped

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    if hasattr(signal, "SIGIO"):  # of a lease that a writer breaks; it would end the process
        before[signal.SIGIO] = signal.signal(signal.SIGIO, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
