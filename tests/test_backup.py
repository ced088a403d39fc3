"""Backups: one file, verified whole before anything is replaced."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.articles.files import read_articles
from assistant.index import backup as module
from assistant.index.backup import MANIFEST, backup, restore
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.records.feedback import Feedback
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import IndexFault
from assistant.web._sync_state import Kept, State
from tests.fixtures import FakeEncoder
from tests.reliability.stub import StubEncoder

SEED = "Bài đầu tiên nói về mưa ở Huế."
SENT = "Bài thứ hai nói về nắng ở Vinh."


@pytest.fixture
def served(
    tmp_path: Path, fake_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Uploads]:
    """An open index with an article, one that was sent, and a file of opinions."""
    monkeypatch.setattr(module, "SentenceEncoder", FakeEncoder)
    settings = Settings(index=tmp_path / "index")
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "one.txt").write_text(SEED, "utf-8")
    index = Index.create(settings)
    index.update(read_articles([tmp_path / "news"]), [tmp_path / "news"], settings)
    uploads = Uploads(index, settings)
    uploads.add("hai.txt", SENT.encode())
    Feedback.open(settings.index).close()
    yield uploads
    index.close()


def texts(index: Index) -> set[str]:
    return {article.text for article in index.catalog.articles()}


def test_an_open_index_is_restored_under_who_asks(served: Uploads, tmp_path: Path) -> None:
    kept = backup(served.settings, tmp_path / "b.tar")
    assert (kept.articles, kept.uploads) == (2, 1)
    (sent,) = [a for a in served.index.catalog.articles() if a.text == SENT]
    served.remove(sent.id)
    served.add("ba.txt", b"A third one, about Vinh.")
    before = served.index.refresh()
    assert restore(served.settings, tmp_path / "b.tar", instead=True) == kept
    assert served.index.refresh().state != before.state
    assert texts(served.index) == {SEED, SENT}
    assert before.dense.stamp.count == len(before.catalog.passage_numbers())  # as it was
    assert [path.name for path in served.folder.iterdir()] == ["hai.txt"]
    assert not served.remove(sent.id)  # and it goes on
    assert texts(served.index) == {SEED}


def test_a_backup_is_at_home_in_another_folder(served: Uploads, tmp_path: Path) -> None:
    backup(served.settings, tmp_path / "b.tar")
    other = served.settings.model_copy(update={"index": tmp_path / "other"})
    restore(other, tmp_path / "b.tar")
    with closing(Index.open(other)) as index:
        assert texts(index) == {SEED, SENT}
        (path,) = [a.path for a in index.catalog.articles() if a.text == SENT]
        assert path == str(tmp_path / "other" / "uploads" / "hai.txt")
    Feedback.open(other.index, create=False).close()


def test_what_is_there_is_not_replaced_unasked(served: Uploads, tmp_path: Path) -> None:
    backup(served.settings, tmp_path / "b.tar")
    with pytest.raises(IndexFault, match="--replace"):
        restore(served.settings, tmp_path / "b.tar")
    with pytest.raises(IndexFault, match="there already"):
        backup(served.settings, tmp_path / "b.tar")
    with pytest.raises(IndexFault, match="No index"):
        backup(Settings(index=tmp_path / "none"), tmp_path / "c.tar")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("at", [0.01, 0.2, 0.4, 0.6, 0.8, 0.97])
@pytest.mark.parametrize("harm", ["flip", "cut"])
def test_a_damaged_backup_changes_nothing(
    served: Uploads, tmp_path: Path, at: float, harm: str
) -> None:
    file = tmp_path / "b.tar"
    backup(served.settings, file)
    content = bytearray(file.read_bytes())
    where = int(len(content) * at)
    if harm == "cut":
        del content[where:]
    else:
        content[where : where + 40] = b"\xa5" * 40
    file.write_bytes(content)
    state = served.index.catalog.state
    try:
        restore(served.settings, file, instead=True)
    except IndexFault as fault:
        assert "\n" not in str(fault)
        assert served.index.catalog.state == state
    assert texts(served.index) == {SEED, SENT}  # what follows the last file is nothing
    assert not (served.settings.index / "restoring").exists()


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt", "uploads/../x", "keys.txt", "lock"])
def test_a_backup_writes_nowhere_else(served: Uploads, tmp_path: Path, name: str) -> None:
    backup(served.settings, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        entries = [(entry, tar.extractfile(entry).read()) for entry in tar]  # type: ignore[union-attr]
    manifest = json.loads(entries[0][1])
    manifest["files"][name] = manifest["files"].pop("uploads/hai.txt")
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        for entry, data in [(entries[0][0], json.dumps(manifest).encode()), *entries[1:]]:
            entry.name = name if entry.name == "uploads/hai.txt" else entry.name
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    with pytest.raises(IndexFault, match="no sound backup"):
        restore(Settings(index=tmp_path / "new"), tmp_path / "evil.tar")
    assert not (tmp_path / "evil.txt").exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [({"format": 2}, "has format 2"), ({"made": 3}, "manifest"), ({"files": []}, "manifest")],
)
def test_another_format_is_refused(tmp_path: Path, changed: dict[str, object], told: str) -> None:
    manifest = {"format": 1, "made": "", "folder": "", "articles": 1, "files": {CATALOG: {}}}
    data = json.dumps(manifest | changed).encode()
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        entry = tarfile.TarInfo(MANIFEST)
        entry.size = len(data)
        tar.addfile(entry, io.BytesIO(data))
    with pytest.raises(IndexFault, match=told):
        restore(Settings(index=tmp_path / "new"), tmp_path / "b.tar")


def test_a_damaged_index_is_not_kept(served: Uploads, tmp_path: Path) -> None:
    served.index.close()
    db = sqlite3.connect(served.settings.index / CATALOG)
    db.execute("UPDATE articles SET title = 'khác'")
    db.commit()
    db.close()
    with pytest.raises(IndexFault, match="is damaged"):
        backup(served.settings, tmp_path / "b.tar")
    assert not (tmp_path / "b.tar").exists()


# The layout of every version opens for ever: an index as it was made then.


def test_an_index_of_layout_2_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.index.index.SentenceEncoder", StubEncoder)
    shutil.unpack_archive(Path(__file__).parent / "indexes" / "layout-2.tar.gz", tmp_path)
    settings = Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)
    with closing(Index.open(settings)) as index:
        told = {article.title: article for article in index.catalog.articles()}
        assert len(told) == 4
        port = told["Cảng biển"]
        assert (port.source, port.date, port.author) == ("Báo Mới", "2025-08-05", "An")
        assert index.catalog.integrity() == "ok"
        assert index.catalog.counts() == {
            "articles": 4, "passages": 6, "sentences": 9, "vectors": 12,
        }  # fmt: skip
        assert index.dense.stamp.count == index.lexical.stamp.count == 6
    names = {path.name.split("-")[0] for path in settings.index.iterdir()}
    assert names <= {"catalog.sqlite", "dense", "lexical", "lock", "updating.lock", "uploads"}
    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        assert catalog.meta()["layout"] == "4"


def test_pages_that_are_followed_come_along(served: Uploads, tmp_path: Path) -> None:
    """A server and a run of `assistant sync` may have them open meanwhile."""
    folder = served.folder / "web"
    folder.mkdir()
    (folder / "trang-1.txt").write_text("Trang một nói về gió ở Huế.", "utf-8")
    (folder / "sync.lock").touch()
    state = State(folder / "sync.sqlite")
    page = Kept("https://bao.example/1", "https://bao.example/feed", file="trang-1.txt")
    state.keep([page])
    served.index.update(read_articles([folder]), [folder], served.settings)
    kept = backup(served.settings, tmp_path / "b.tar")
    assert (kept.articles, kept.uploads) == (3, 2)
    state.keep([replace(page, digest="of later")])
    (folder / "trang-1.txt").unlink()
    (folder / "trang-2.txt").write_text("Trang hai.", "utf-8")
    restore(served.settings, tmp_path / "b.tar", instead=True)
    assert state.pages() == {page.address: page}
    state.close()
    assert {p.name for p in folder.iterdir()} >= {"trang-1.txt", "sync.sqlite"}
    assert not (folder / "trang-2.txt").exists()
    other = served.settings.model_copy(update={"index": tmp_path / "other"})
    restore(other, tmp_path / "b.tar")
    again = State(other.index / "uploads" / "web" / "sync.sqlite")
    assert again.pages() == {page.address: page}
    again.close()
    with closing(Index.open(other)) as index:
        paths = {a.path for a in index.catalog.articles()}
    assert str(other.index / "uploads" / "web" / "trang-1.txt") in paths
