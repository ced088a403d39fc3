"""Backups and restores that go wrong: told in one line, and what was there stays or is finished."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from assistant.index import _publishing as publishing
from assistant.index import _restoring as restoring
from assistant.index import backup as backup_module
from assistant.index.backup import MANIFEST, backup, restore
from assistant.index.catalog import CATALOG
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import IndexFault
from tests.fixtures import full_disk, texts_in

WEB = "uploads/web/sync.sqlite"


def put_value(path: Path, value: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE IF NOT EXISTS t (x)")
        db.execute("INSERT INTO t VALUES (?)", (value,))
        db.commit()


def values_in(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT x FROM t")]


@pytest.fixture
def kept(small_index: Settings, tmp_path: Path) -> Path:
    """A backup of an index with opinions, and with pages that it follows."""
    for name in ("feedback.sqlite", WEB):
        put_value(small_index.index / name, "then")
    made = backup(small_index, tmp_path / "kept.tar")
    assert str(made) == f"2 articles, 0 files that were sent, as of {made.made}"
    for name in ("feedback.sqlite", WEB):
        put_value(small_index.index / name, "later")
    return tmp_path / "kept.tar"


def line_of(raised: pytest.ExceptionInfo[IndexFault]) -> str:
    assert "\n" not in str(raised.value)
    return str(raised.value)


# Making one


@pytest.mark.parametrize("name", ["feedback.sqlite", "history.sqlite", WEB])
@pytest.mark.parametrize("harm", ["garbage", "page"])
def test_what_is_damaged_is_not_kept(
    small_index: Settings, tmp_path: Path, name: str, harm: str
) -> None:
    path = small_index.index / name
    put_value(path, "x" * 9000)
    content = path.read_bytes()
    path.write_bytes(b"garbage" * 999 if harm == "garbage" else content[:4096] + bytes(12288))
    with pytest.raises(IndexFault) as raised:
        backup(small_index, tmp_path / "b.tar")
    assert f"{path} is damaged (" in line_of(raised)
    assert "move it away, then try again" in line_of(raised)
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("news", "index")] == []


@pytest.mark.parametrize(
    ("name", "told"),
    [("a\nb.txt", "rename it"), ("pipe", "move it away"), (b"\xe1.txt", "rename it")],
)
def test_a_file_that_no_restore_would_take_is_named(
    small_index: Settings, tmp_path: Path, name: str | bytes, told: str
) -> None:
    folder = small_index.index / "uploads"
    folder.mkdir(exist_ok=True)
    path = os.path.join(os.fsencode(folder), os.fsencode(name))
    os.mkfifo(path) if name == "pipe" else Path(os.fsdecode(path)).write_text("x")
    with pytest.raises(IndexFault, match=told) as raised:
        backup(small_index, tmp_path / "b.tar")
    line_of(raised).encode()  # it can be printed
    assert not (tmp_path / "b.tar").exists()


def test_what_a_backup_keeps_a_restore_takes(small_index: Settings, tmp_path: Path) -> None:
    deep = small_index.index / "uploads" / "a" / "b" / "c.txt"
    deep.parent.mkdir(parents=True)
    deep.write_text("x")
    (deep.parent / "to nothing").symlink_to("nowhere")  # a link that leads nowhere holds nothing
    assert backup(small_index, tmp_path / "b.tar").uploads == 1
    other = small_index.model_copy(update={"index": tmp_path / "other"})
    restore(other, tmp_path / "b.tar")
    assert (other.index / "uploads" / "a" / "b" / "c.txt").read_text() == "x"
    assert texts_in(other) == texts_in(small_index)


@pytest.mark.parametrize("share", [0.6, 1.05])
def test_a_full_disk_leaves_no_backup(small_index: Settings, tmp_path: Path, share: float) -> None:
    """Full while the catalog is copied; full while all is packed."""
    put_value(small_index.index / "feedback.sqlite", "x" * 20_000)
    Index.open(small_index).close()
    size = int((small_index.index / CATALOG).stat().st_size * share)
    assert size > 32768  # what SQLite needs to read
    with full_disk(size), pytest.raises(IndexFault) as raised:
        backup(small_index, tmp_path / "b.tar")
    assert "b.tar cannot be written" in line_of(raised)
    assert "make room" in line_of(raised)
    assert [p.name for p in tmp_path.iterdir() if p.name not in ("news", "index")] == []
    assert len(texts_in(small_index)) == 2


# Reading one

Entries = list[tuple[str, bytes]]


def packed(path: Path, entries: Entries, kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, data in entries:
            entry = tarfile.TarInfo(name)
            entry.size, entry.type, entry.linkname = len(data), kind, "nowhere"
            tar.addfile(entry, io.BytesIO(data))
    return path


def entries_of(path: Path) -> Entries:
    with tarfile.open(path) as tar:
        return [(entry.name, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]


def told_of(entries: Entries, named: str | None = None) -> Entries:
    """The entries with a manifest that is true of them."""
    files = {n: {"sha256": hashlib.sha256(d).hexdigest(), "size": len(d)} for n, d in entries}
    if named is not None:
        files[named] = {"sha256": "", "size": 0}
    told = {"format": 1, "made": "", "folder": "", "articles": 2, "files": files}
    return [(MANIFEST, json.dumps(told).encode()), *entries]


def changed(entries: Entries, name: str, harm: Callable[[bytes], bytes]) -> Entries:
    return [(n, harm(d) if n == name else d) for n, d in entries]


def sql(statement: str, folder: Path) -> Callable[[bytes], bytes]:
    def harm(content: bytes) -> bytes:
        path = folder / "harmed.sqlite"
        path.write_bytes(content)
        with closing(sqlite3.connect(path)) as db:
            db.execute(statement)
            db.commit()
        return path.read_bytes()

    return harm


def hostile(kept: Path, tmp_path: Path) -> Iterator[tuple[str, Entries]]:
    """What is wrong, and a backup that has this wrong."""
    manifest, *entries = entries_of(kept)
    deep = b"[" * 200_000
    yield "no manifest", entries
    yield "manifest", [(MANIFEST, deep)]
    yield "manifest", [(MANIFEST, b"{}")]
    for name in ("uploads", "", ".", "uploads/", "uploads/a\0b", "uploads/\ud800", "uploads/a\nb"):
        yield "manifest", told_of(entries, name)
    yield "is missing", told_of(entries, "uploads/more.txt")
    yield "was changed", [*told_of(entries), ("more.txt", b"")]
    yield "was changed", [manifest, *changed(entries, CATALOG, lambda d: d + b"x")]
    yield "was changed", [manifest, *changed(entries, CATALOG, lambda d: d[:-1] + b"x")]
    for name in (CATALOG, "feedback.sqlite", WEB):
        yield "is damaged", told_of(changed(entries, name, lambda d: b"garbage" * 999))
        yield "is damaged", told_of(changed(entries, name, lambda d: d[:4096] + bytes(8192)))
    for statement, why in (
        ("UPDATE meta SET value = '99' WHERE key = 'layout'", "another version"),
        ("UPDATE articles SET title = 'x'", "was changed"),
        ("DELETE FROM sentences", "was changed"),
        ("DELETE FROM articles", "missing or were changed"),
    ):
        yield why, told_of(changed(entries, CATALOG, sql(statement, tmp_path)))


def test_what_is_no_sound_backup_is_refused_and_changes_nothing(
    small_index: Settings, kept: Path, tmp_path: Path
) -> None:
    before = texts_in(small_index)
    cases = list(hostile(kept, tmp_path))
    cases.append(("no manifest", [(MANIFEST, b"")]))
    for number, (why, entries) in enumerate(cases):
        kind = tarfile.SYMTYPE if number == len(cases) - 1 else tarfile.REGTYPE
        file = packed(tmp_path / "x.tar", entries, kind)
        try:
            restore(small_index, file, instead=True)
        except IndexFault as fault:
            line = str(fault)
        else:
            pytest.fail(f"case {number}, {why}, was taken")
        assert "\n" not in line
        assert line.startswith(f"{file} is no sound backup ("), (number, line)
        assert why in line, (number, line)
        assert line.endswith("take another one")
        assert "doctor" not in line, "the index is sound"
        assert not (small_index.index / restoring.RESTORING).exists()
    assert texts_in(small_index) == before
    assert values_in(small_index.index / "feedback.sqlite") == ["then", "later"]


def test_a_file_that_cannot_be_read_is_told(small_index: Settings, tmp_path: Path) -> None:
    for path in (tmp_path / "none.tar", tmp_path):
        with pytest.raises(IndexFault, match=r"cannot be read .*; check the path") as raised:
            restore(small_index, path, instead=True)
        line_of(raised)


# Putting it in place


@pytest.mark.parametrize("name", ["feedback.sqlite", WEB, CATALOG])
@pytest.mark.parametrize("harm", ["garbage", "empty", "page", "gone", "sound"])
def test_what_is_damaged_is_restored_too(
    small_index: Settings, kept: Path, name: str, harm: str
) -> None:
    """A restore is what one does when a file is damaged."""
    path = small_index.index / name
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    content = path.read_bytes()
    if harm == "gone":
        path.unlink()
    else:
        page = content[:4096] + b"\xff" * 4096 + content[8192:]
        path.write_bytes(
            {"garbage": b"garbage" * 999, "empty": b"", "page": page, "sound": content}[harm]
        )
    restore(small_index, kept, instead=True)
    assert len(texts_in(small_index)) == 2
    for other in ("feedback.sqlite", WEB):
        assert values_in(small_index.index / other) == ["then"]
    assert not (small_index.index / restoring.RESTORING).exists()


@pytest.mark.parametrize(
    ("module", "step"),
    [(restoring, "publish"), (publishing, "put"), (publishing, "stamps"), (restoring, "synced")],
)
@pytest.mark.parametrize("harm", ["garbage", "gone", "sound"])
def test_a_restore_that_breaks_off_is_finished_by_who_comes_next(
    small_index: Settings, kept: Path, module: object, step: str, harm: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """After its marker, at each of its larger steps, also where files went by name."""
    for name in (CATALOG, "feedback.sqlite"):
        if harm != "sound":
            for path in small_index.index.glob(f"{name}*"):
                path.unlink()
        if harm == "garbage":
            (small_index.index / name).write_bytes(b"garbage" * 999)

    def broken(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    class Stamps:
        def __getattr__(self, name: str) -> object:
            return broken if name == "clear" else getattr(stamps, name)

    stamps = publishing.stamps
    with monkeypatch.context() as patch:
        patch.setattr(module, step, Stamps() if step == "stamps" else broken)
        with pytest.raises(IndexFault, match=r"No space left on device.*make room") as raised:
            restore(small_index, kept, instead=True)
    line_of(raised)
    assert (small_index.index / restoring.RESTORING / restoring.READY).exists()
    assert len(texts_in(small_index)) == 2
    assert values_in(small_index.index / "feedback.sqlite") == ["then"]
    assert not (small_index.index / restoring.RESTORING).exists()


def test_a_marker_that_is_not_whole_is_none(
    small_index: Settings, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A restore ends while it writes which files it has made ready: all is as before."""
    before = texts_in(small_index)
    (small_index.index / "uploads" / "later.txt").write_text("sent later")

    def half(path: Path, data: bytes) -> None:
        path.write_bytes(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(backup_module, "written", half)
        with pytest.raises(IndexFault, match=r"nothing was changed: make room") as raised:
            restore(small_index, kept, instead=True)
    line_of(raised)
    assert texts_in(small_index) == before
    assert values_in(small_index.index / "feedback.sqlite") == ["then", "later"]
    assert (small_index.index / "uploads" / "later.txt").exists()
    restore(small_index, kept, instead=True)
    assert not (small_index.index / "uploads" / "later.txt").exists()


def test_a_full_disk_at_the_last_step_is_told_and_the_restore_finished_later(
    small_index: Settings, kept: Path
) -> None:
    put_value(small_index.index / "feedback.sqlite", "y" * 5000)
    restore(small_index, kept, instead=True)  # and once more, half
    stage = small_index.index / restoring.RESTORING
    stage.mkdir()
    put_value(stage / "feedback.sqlite", "z" * 200_000)
    (stage / restoring.READY).write_text("feedback.sqlite")
    with full_disk(100_000), pytest.raises(IndexFault, match="make room") as raised:
        Index.open(small_index)
    line_of(raised)
    assert values_in(small_index.index / "feedback.sqlite") == ["then"]
    assert len(texts_in(small_index)) == 2
    assert values_in(small_index.index / "feedback.sqlite") == ["z" * 200_000]


def test_a_full_disk_while_an_earlier_layout_is_brought_up_is_told_as_that(
    small_index: Settings, tmp_path: Path
) -> None:
    """The backup is sound, so it is not another one that one needs."""
    shutil.unpack_archive(Path(__file__).parent / "indexes" / "layout-2.tar.gz", tmp_path / "old")
    entries = [(CATALOG, (tmp_path / "old" / "index" / CATALOG).read_bytes())]
    file = packed(tmp_path / "x.tar", told_of(entries))
    other = small_index.model_copy(update={"index": tmp_path / "other"})
    with full_disk(60_000), pytest.raises(IndexFault, match=r"make room") as raised:
        restore(other, file)
    assert "take another one" not in line_of(raised)
    assert not (other.index / restoring.RESTORING).exists()
    assert restore(other, file).articles == 2


def test_a_backup_of_another_model_is_restored_and_then_told(
    small_index: Settings, kept: Path
) -> None:
    other = small_index.model_copy(update={"model": "another"})
    restore(other, kept, instead=True)
    with pytest.raises(IndexFault, match=r"was made with model 'bundled'.*--rebuild"):
        Index.open(other)
    assert len(texts_in(small_index)) == 2
