"""Backups: one file with the articles of an index and all that people wrote and sent.

A tar file with ``manifest.json`` (its format, what it holds, SHA-256 and size of each) first, then
copies of the SQLite files as they were at one moment, and the files that were sent. The derived
indexes are not in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final, cast

from assistant import private_files
from assistant.erasure import UNREADABLE
from assistant.index._catalog_connection import is_of_the_disk
from assistant.index._identity import identity_of
from assistant.index._locks import UPDATING, locked
from assistant.index._restoring import READY, RESTORING, WRITTEN, is_database, put_in_place
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.encoder import SentenceEncoder
from assistant.index.errands import UPLOADS
from assistant.index.errands import finish as finish_errands
from assistant.index.files import discarded, placed, scratch_beside, writable, written
from assistant.index.index import PATIENCE, Index
from assistant.settings import Settings
from assistant.types import IndexFault

FORMAT: Final = (
    1  # of the file; what is in it has layouts of its own, and older ones are brought up
)
MANIFEST: Final = "manifest.json"
LARGEST_MANIFEST: Final = 1 << 26  # bytes


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. ``made``: the moment, ISO 8601."""

    articles: int
    uploads: int
    made: str

    def __str__(self) -> str:
        return f"{self.articles} articles, {self.uploads} files that were sent, as of {self.made}"


def backup(settings: Settings, file: Path, waiting: Callable[[], None] = lambda: None) -> Backup:
    """Writes the backup, while the index answers; an update that is running is waited for.

    Raises IndexFault where there is no sound index, the file is there already, or cannot be
    written: then there is none.
    """
    if file.exists():
        raise IndexFault(f"{file} is there already; name another file, or move it away")
    folder = settings.index
    Catalog.open(folder / CATALOG).close()
    with (
        _writable(file),
        private_files.writing(),
        tempfile.TemporaryDirectory(dir=file.parent) as scratch,
    ):
        copies = Path(scratch)
        with locked(folder, UPDATING, PATIENCE, waiting):
            articles = _copy(folder, copies)
        made = datetime.now(UTC).isoformat(timespec="seconds")
        names = _names(copies)
        manifest = {
            "format": FORMAT,
            "made": made,
            "folder": str(folder.resolve()),
            "articles": articles,
            "files": {name: _digest(copies / name) for name in names},
        }
        _pack(manifest, names, copies, file)
    return Backup(articles, _sent(names), made)


def _copy(folder: Path, copies: Path) -> int:
    """The state of now; returns how many articles it has. Raises IndexFault for a damaged one."""
    with closing(Catalog.open(folder / CATALOG)) as catalog:
        finish_errands(folder, catalog)
    _copy_sent(folder / UPLOADS, copies / UPLOADS)
    followed = [p.relative_to(folder).as_posix() for p in (folder / UPLOADS).glob("*/*.sqlite")]
    for name in (CATALOG, *WRITTEN, *followed):
        if (folder / name).exists():
            _copy_database(folder / name, copies / name)
    with closing(Catalog.open(copies / CATALOG)) as catalog:
        _require_sound(catalog, folder)
        return catalog.counts()["articles"]


def _copy_sent(folder: Path, copies: Path) -> None:
    left = shutil.ignore_patterns("*.sqlite*", "*.lock")
    if folder.is_dir():
        try:
            shutil.copytree(folder, copies, ignore=left, ignore_dangling_symlinks=True)
        except shutil.Error as error:
            path, _, why = error.args[0][0]
            told = f"{path} cannot be read ({why}); move it away, then try again"
            raise IndexFault(told) from None


def _copy_database(path: Path, copy: Path) -> None:
    try:
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode = DELETE").fetchall()
        complaint = _complaint(copy)
    except sqlite3.OperationalError as error:  # busy or full
        raise OSError(str(error)) from error
    except UNREADABLE as error:
        complaint = str(error)
    if complaint:
        raise IndexFault(f"{path} is damaged ({complaint}); move it away, then try again")


def _complaint(database: Path) -> str:
    """What SQLite finds wrong with a file; "" where that is nothing."""
    with closing(sqlite3.connect(database)) as db:
        found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    return "" if found == "ok" else " ".join(found.split())


def _require_sound(catalog: Catalog, named: Path) -> None:
    complaint = catalog.integrity()
    if complaint != "ok":
        raise IndexFault(
            f"The index {named} is damaged ({complaint}); run: assistant doctor --repair "
            f"--index {named}"
        )


def _names(copies: Path) -> list[str]:
    found = [p for p in sorted(copies.rglob("*")) if p.is_file() and p.suffix not in _BESIDE]
    names = [path.relative_to(copies).as_posix() for path in found]
    for name in names:
        if not _is_known(name):
            raise IndexFault(f"The file {name!r} has a name that cannot be kept; rename it")
    return names


_BESIDE: Final = (".sqlite-wal", ".sqlite-shm", ".sqlite-journal")


def _sent(names: Iterable[str]) -> int:
    """How many of the files are such that were sent, or pages that the index follows."""
    return sum(name.startswith(f"{UPLOADS}/") and not is_database(name) for name in names)


def _digest(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size}


def _pack(manifest: dict[str, Any], names: list[str], copies: Path, file: Path) -> None:
    scratch = scratch_beside(file)
    try:
        private_files.make_file(scratch)
        with scratch.open("wb") as stream, tarfile.open(fileobj=stream, mode="w") as tar:
            content = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
            entry = tarfile.TarInfo(MANIFEST)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
            for name in names:
                tar.add(copies / name, name)
        placed(scratch, file)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise


@contextmanager
def _writable(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise IndexFault(
            f"The backup {file} cannot be written ({error.strerror or error}); make room or check "
            "the path, then try again"
        ) from error


# -- restoring -------------------------------------------------------------------------------


def restore(
    settings: Settings,
    file: Path,
    instead: bool = False,
    waiting: Callable[[], None] = lambda: None,
) -> Backup:
    """Puts what the backup holds in place of the index, which may be answering meanwhile.

    Everything is unpacked beside and verified first; from one moment on it is the new state, and
    whoever opens the index next finishes what was cut short. ``instead``: of what is there.
    Raises IndexFault where the file is no sound backup, or something is there and it is not.
    """
    folder = settings.index
    there = [name for name in (CATALOG, *WRITTEN, UPLOADS) if (folder / name).exists()]
    if there and not instead:
        raise IndexFault(
            f"{folder} holds an index ({', '.join(there)}); name another folder with --index, or "
            "say --replace to lose what it holds"
        )
    with _sound(file) as (tar, manifest), writable(folder):
        private_files.make_folder(folder)
        with locked(folder, UPDATING, PATIENCE, waiting):
            stage = folder / RESTORING
            put_in_place(folder)  # an earlier one that was cut short
            discarded(stage)
            try:
                _unpack(tar, manifest, stage, file)
                _require_whole(manifest, stage, file)
                _make_ready(settings, manifest, stage)
            except BaseException:
                discarded(stage)
                raise
            marker = scratch_beside(stage / READY)  # half of one would lose what it does not name
            written(marker, "\n".join(manifest["files"]).encode())
            placed(marker, stage / READY)
            put_in_place(folder)
    return Backup(manifest["articles"], _sent(manifest["files"]), manifest["made"])


@contextmanager
def _sound(file: Path) -> Iterator[tuple[tarfile.TarFile, dict[str, Any]]]:
    """The open backup and its manifest."""
    try:
        stream = file.open("rb")
    except OSError as error:
        raise IndexFault(f"{file} cannot be read ({error.strerror}); check the path") from None
    try:
        with stream, tarfile.open(fileobj=stream, mode="r:") as tar:
            yield tar, _manifest(tar, file)
    except (tarfile.TarError, EOFError) as error:
        raise _no_backup(file, str(error)) from None


def _manifest(tar: tarfile.TarFile, file: Path) -> dict[str, Any]:
    first = tar.next()
    is_one = first is not None and first.name == MANIFEST and first.isreg()
    if first is None or not is_one or first.size > LARGEST_MANIFEST:
        raise _no_backup(file, "it has no manifest")
    stream = cast(IO[bytes], tar.extractfile(first))
    try:
        found = json.loads(stream.read())
        version = found["format"]
        if isinstance(version, int) and version > FORMAT:
            raise IndexFault(
                f"{file} has format {version}, this version reads {FORMAT}; use a later version"
            )
        files = found["files"]
        sound = all(isinstance(found[key], str) for key in ("made", "folder"))
        sound = sound and isinstance(found["articles"], int) and CATALOG in files
        for name, told in files.items():
            sound = sound and _is_known(name) and isinstance(told["size"], int)
            sound = sound and isinstance(told["sha256"], str)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _no_backup(file, "its manifest was changed") from None
    if not sound or version != FORMAT:
        raise _no_backup(file, "its manifest was changed")
    return dict(found)


def _is_known(name: str) -> bool:
    """Whether a backup may hold a file of this name: it leads nowhere else."""
    path = PurePosixPath(name)
    if name in (CATALOG, *WRITTEN):
        return True
    plain = path.as_posix() == name and ".." not in path.parts and not _UNFIT.search(name)
    return plain and path.parts[:1] == (UPLOADS,) and len(path.parts) > 1


_UNFIT: Final = re.compile(r"[\n\0\ud800-\udfff]")  # the last: bytes that are no UTF-8


def _no_backup(file: Path, why: str) -> IndexFault:
    return IndexFault(f"{file} is no sound backup ({why}); take another one")


def _unpack(tar: tarfile.TarFile, manifest: dict[str, Any], stage: Path, file: Path) -> None:
    (stage / UPLOADS).mkdir(parents=True)
    left = dict(manifest["files"])
    while entry := tar.next():
        told = left.pop(entry.name, None)
        if told is None or not entry.isreg() or entry.size != told["size"]:
            raise _no_backup(file, f"{entry.name!r} was changed")
        stream = cast(IO[bytes], tar.extractfile(entry))
        (stage / entry.name).parent.mkdir(parents=True, exist_ok=True)
        with (stage / entry.name).open("xb") as target:
            shutil.copyfileobj(stream, target)
            target.flush()
            os.fsync(target.fileno())
        if _digest(stage / entry.name) != told:
            raise _no_backup(file, f"{entry.name!r} was changed")
    if left:
        raise _no_backup(file, f"{min(left)!r} is missing")


def _require_whole(manifest: dict[str, Any], stage: Path, file: Path) -> None:
    """What was kept was sound, and this version can read it."""
    for name in filter(is_database, manifest["files"]):
        try:
            complaint = _complaint(stage / name)
        except UNREADABLE as error:
            complaint = str(error)
        if complaint:
            raise _no_backup(file, f"{name!r} in it is damaged: {complaint}")
    try:
        with closing(Catalog.open(stage / CATALOG)) as catalog:
            complaint = catalog.integrity()
    except IndexFault as fault:
        if fault.__cause__ and is_of_the_disk(fault.__cause__):
            raise
        complaint = str(fault.__cause__ or "it is of another version")
    if complaint != "ok":
        raise _no_backup(file, f"{CATALOG!r} in it cannot be used: {complaint}")


def _make_ready(settings: Settings, manifest: dict[str, Any], stage: Path) -> None:
    """The catalog in this version's layout, at home in this folder, with its derived indexes where
    the settings are those it was made with."""
    with closing(Catalog.open(stage / CATALOG)) as catalog:
        was = Path(manifest["folder"]) / UPLOADS
        now = settings.index.resolve() / UPLOADS
        with catalog.change() as changes:
            for article in catalog.articles():
                if Path(article.path).is_relative_to(was):
                    path = str(now / Path(article.path).relative_to(was))
                    changes.update_facts(replace(article, path=path))
            for edition in catalog.editions():
                if Path(edition.path).is_relative_to(was):
                    path = str(now / Path(edition.path).relative_to(was))
                    changes.renew_edition(replace(edition, path=path))
            changes.derive("")
        identity = catalog.identity
    encoder = SentenceEncoder(settings)
    if identity == identity_of(encoder, settings):
        Index(stage, Catalog.open(stage / CATALOG), encoder).close()
