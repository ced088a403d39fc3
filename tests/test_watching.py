"""What `assistant index --watch` does with changes; test_watching_live has the processes."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from assistant.cli import main
from assistant.index import watching
from assistant.index._locks import UPDATING, locked
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.watching import Follower, Pending, is_being_written, is_remote
from assistant.settings import Settings

pytestmark = pytest.mark.usefixtures("fake_encoder")


class Watched:
    """A folder that is followed in a thread."""

    def __init__(self, folder: Path) -> None:
        self.news, self.index = folder / "news", folder / "index"
        self.said: list[str] = []
        self.complaints: list[str] = []
        settings = Settings(index=self.index)
        self.follower = Follower(settings, [self.news], self.said.append, self.complaints.append)

    def texts(self) -> list[str]:
        if not (self.index / CATALOG).is_file():
            return []
        catalog = Catalog.open(self.index / CATALOG)
        try:
            return sorted(article.text for article in catalog.articles())
        finally:
            catalog.close()

    def put(self, name: str, text: str) -> Path:
        path = self.news / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def until(self, seen: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not seen():
            assert time.monotonic() < end, (self.texts(), self.said, self.complaints)
            time.sleep(0.02)

    def becomes(self, *texts: str) -> None:
        self.until(lambda: self.texts() == sorted(texts))


@contextmanager
def following(watched: Watched) -> Iterator[None]:
    def run() -> None:
        with suppress(watching._Stopped):
            watched.follower.run()
        watched.follower.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        watched.until(lambda: any(line.startswith("watching") for line in watched.said))
        yield
    finally:
        watched.follower.stop.set()
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(watching, "QUIET", 0.1)
    monkeypatch.setattr(watching, "RETRY", 0.2)
    made = Watched(tmp_path)
    made.put("first.txt", "Bài một.")
    with following(made):
        yield made


def test_what_is_added_edited_renamed_and_deleted_is_followed(watched: Watched) -> None:
    watched.becomes("Bài một.")
    watched.put("deep/er/second.txt", "Bài hai.")
    watched.becomes("Bài một.", "Bài hai.")
    draft = watched.put("draft.part", "Bài hai, sửa.")
    os.replace(draft, watched.news / "deep/er/second.txt")  # as editors save
    watched.becomes("Bài một.", "Bài hai, sửa.")
    (watched.news / "deep").rename(watched.news / "moved")
    watched.until(lambda: any("moved" in path for path in paths_of(watched)))
    watched.becomes("Bài một.", "Bài hai, sửa.")
    shutil.rmtree(watched.news / "moved")
    watched.becomes("Bài một.")
    assert watched.complaints == []
    assert all(" articles, " in line for line in watched.said if not line.startswith("watching"))


def paths_of(watched: Watched) -> list[str]:
    catalog = Catalog.open(watched.index / CATALOG)
    try:
        return list(catalog.article_paths().values())
    finally:
        catalog.close()


def test_a_faulty_file_is_one_line_and_the_next_is_read(watched: Watched) -> None:
    watched.put("bad.pdf", "no PDF")
    watched.until(lambda: bool(watched.complaints))
    (line,) = watched.complaints
    assert "bad.pdf" in line and "\n" not in line
    watched.put("good.txt", "Bài tốt.")
    watched.becomes("Bài một.", "Bài tốt.")


def test_what_changes_nothing_is_not_told(watched: Watched) -> None:
    before = len(watched.said)
    (watched.news / "first.txt").touch()
    watched.put(".hidden.txt", "Không ai đọc.")
    watched.put("photo.bin", "?")
    watched.put("last.txt", "Bài cuối.")
    watched.until(lambda: len(watched.said) > before)
    assert watched.texts() == ["Bài cuối.", "Bài một."]
    assert len(watched.said) == before + 1


def test_facts_beside_a_file_are_followed(watched: Watched) -> None:
    watched.put("first.txt.yaml", "title: Chợ nổi\n")
    watched.until(lambda: titles(watched) == ["Chợ nổi"])
    (watched.news / "first.txt.yaml").unlink()
    watched.until(lambda: titles(watched) != ["Chợ nổi"])


def titles(watched: Watched) -> list[str]:
    catalog = Catalog.open(watched.index / CATALOG)
    try:
        return [article.title for article in catalog.articles()]
    finally:
        catalog.close()


def test_a_text_that_is_there_twice_stays_when_one_file_goes(watched: Watched) -> None:
    watched.put("copy.txt", "Bài một.")
    watched.until(lambda: paths_of(watched)[0].endswith("copy.txt"))  # it comes first, by name
    (watched.news / "copy.txt").unlink()
    watched.until(lambda: [Path(p).name for p in paths_of(watched)] == ["first.txt"])


def test_the_whole_folder_may_go_and_come_back(watched: Watched, tmp_path: Path) -> None:
    watched.news.rename(tmp_path / "away")
    watched.until(lambda: bool(watched.complaints))
    assert str(watched.news) in watched.complaints[0]
    assert watched.texts() == ["Bài một."]
    watched.news.mkdir()  # such as where a disk is mounted
    watched.until(lambda: "holds no articles" in watched.complaints[-1])
    assert watched.texts() == ["Bài một."]
    watched.news.rmdir()
    (tmp_path / "away" / "first.txt").write_text("Bài mới.", "utf-8")
    (tmp_path / "away").rename(watched.news)
    watched.becomes("Bài mới.")


def test_another_run_is_waited_for_and_told(watched: Watched) -> None:
    with locked(watched.index, UPDATING):
        watched.put("second.txt", "Bài hai.")
        watched.until(lambda: bool(watched.complaints))
        assert watched.complaints == ["another run updates this index; waiting for it"]
        assert watched.texts() == ["Bài một."]
    watched.becomes("Bài một.", "Bài hai.")


def test_an_update_that_fails_is_told_once_and_tried_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = threading.Event()
    failing.set()
    update = watching.Index.update

    def full(*given: object, **named: object) -> object:
        if failing.is_set():
            raise OSError(28, "No space left on device")
        return update(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(watching.Index, "update", full)
    watched.put("second.txt", "Bài hai.")
    watched.until(lambda: bool(watched.complaints))
    time.sleep(0.6)
    failing.clear()
    watched.becomes("Bài một.", "Bài hai.")
    assert len(watched.complaints) == 1


def test_an_empty_folder_makes_no_index_and_is_followed(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.news.mkdir()
    with following(watched):
        assert not watched.index.exists()
        assert "holds no articles" in watched.complaints[0]
        watched.put("first.txt", "Bài một.")
        watched.becomes("Bài một.")


def test_a_folder_is_looked_at_where_the_system_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "is_remote", lambda folder: True)
    watched = Watched(tmp_path)
    watched.put("first.txt", "Bài một.")
    with following(watched):
        watched.put("second.txt", "Bài hai.")
        watched.becomes("Bài một.", "Bài hai.")


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
40 22 0:40 / /srv/news rw,relatime - nfs4 host:/news rw
41 40 0:41 / /srv/news/local rw - tmpfs tmpfs rw
42 22 0:42 / /mnt/báo\\040chí rw - cifs //host/bao rw
43 22 0:43 / /home/u/drive rw - fuse.sshfs u@host: rw
"""


@pytest.mark.parametrize(
    ("folder", "remote"),
    [
        ("/srv/news", True),
        ("/srv/news/2025/08", True),
        ("/srv/news/local/x", False),
        ("/srv/newsletter", False),
        ("/mnt/báo chí/x", True),
        ("/home/u/drive", True),
        ("/home/u", False),
    ],
)
def test_folders_of_other_machines_are_told(folder: str, remote: bool) -> None:
    assert is_remote(Path(folder), MOUNTS) is remote


def test_a_path_is_due_once_it_is_quiet_and_what_vanishes_all_at_once(tmp_path: Path) -> None:
    there, gone, other = tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "c.txt"
    there.write_text("a")
    pending = Pending()
    pending.add([there, gone], 0.0)
    assert pending.due(0.1) == []
    pending.add([other], 0.3)  # more goes
    assert pending.due(0.5) == [there]
    assert sorted(pending.due(0.8)) == [gone, other]
    assert pending.due(9.0) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who writes")
def test_a_file_that_is_open_for_writing_waits_but_not_for_ever(tmp_path: Path) -> None:
    path, pending = tmp_path / "a.txt", Pending()
    with path.open("w") as file:
        file.write("half")
        file.flush()
        assert is_being_written(path)
        pending.add([path], 0.0)
        assert pending.due(5.0) == []
        assert pending.due(watching.WRITING + 1) == [path]
    assert not is_being_written(path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--watch", "--rebuild"], "--rebuild"), (["--watch", "seeds/01.txt"], "is a file")],
)
def test_what_cannot_be_watched_is_refused(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("Bài.")
    given = [str(file) if one.endswith(".txt") else one for one in arguments]
    assert main(["index", *given, "--index", str(tmp_path / "index")]) == 2
    err = capsys.readouterr().err
    assert told in err and err.count("\n") == 1
