"""Whatever is written is for its owner alone, whatever the umask says."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant import private_files
from assistant.articles.files import Corpus
from assistant.index.backup import backup, restore
from assistant.index.index import Index
from assistant.index.rebuilding import rebuild
from assistant.records import card_rendering, cards, feedback
from assistant.records.conversations import History
from assistant.records.feedback import Export, Feedback
from assistant.server._uploads import Uploads
from assistant.server.credentials import Access, Keys, Users
from assistant.settings import Settings
from assistant.types import Answer
from tests.fixtures import make_article
from tests.served import BRIDGE, HIT, QUOTE

ROOT = Path(__file__).parents[1]
ANSWER = Answer("Cầu nào?", "Cầu Ba Son [1]", "vi", 0.9, (QUOTE,), (HIT,))
pytestmark = pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")


@pytest.fixture(autouse=True)
def loose() -> Iterator[None]:
    """Umask 0, as the loosest of machines has it."""
    before = os.umask(0)
    yield
    private_files._masks[:] = [private_files._PRIVATE]
    os.umask(before)


def loose_ones(folder: Path, mask: int = 0o077) -> list[Path]:
    """What is in ``folder``, itself included, with a right of others."""
    return [path for path in (folder, *folder.rglob("*")) if path.lstat().st_mode & mask]


def do_everything(folder: Path) -> Index:
    """All that writes a file, from Python; the index stays open, with its files of the moment."""
    settings = Settings(index=folder / "deep" / "index", users=folder / "u", keys=folder / "k")
    Index.create(settings).close()
    index = Index.create(settings)
    articles = tuple(make_article(f"Bài số {n} về cầu.", f"/a/{n}.txt") for n in range(3))
    index.update(Corpus(articles, ()), [Path("/a")], settings)
    index.remove([articles[0].id])
    index.close()
    rebuild(settings)
    backup(settings, folder / "b.tar")
    other = settings.model_copy(update={"index": folder / "other"})
    restore(other, folder / "b.tar")
    for path in settings.index.glob("dense-*"):  # it is derived anew
        path.unlink()
    index = Index.open(settings)
    uploads = Uploads(index, settings)
    added = uploads.add(
        "cầu.txt",
        b"Ph\xc3\xa0 qua s\xc3\xb4ng.\n\nB\xe1\xba\xbfn ph\xc3\xa0.",
        "https://bao.example/x",
    )
    uploads.add("hai.txt", "Hầm qua sông.\n\nHầm dài.".encode())
    uploads.remove(added.articles[0].id)
    History.open(settings.index).create("linh", exchanges=[{"question": "a", "answer": "b"}])
    Feedback.open(settings.index).add(ANSWER, "good")
    Users(folder / "u").add("linh", "password1")
    Keys(folder / "k").add("program")
    Access.of(settings)
    card = cards.make([ANSWER], lambda _: BRIDGE)
    for suffix in ("json", "md", "html"):
        card_rendering.save(card, folder / f"card.{suffix}")
    line = {"question": "a"}
    feedback.write(Export((line,), (line,), 0, ()), folder / "q.jsonl", folder / "todo.jsonl")
    return index


@pytest.mark.usefixtures("fake_encoder")
def test_everything_from_python(tmp_path: Path) -> None:
    folder = tmp_path / "all"
    folder.mkdir(mode=0o700)
    index = do_everything(folder)
    names = {path.name for path in folder.rglob("*")}
    assert {
        "catalog.sqlite-wal",
        "catalog.sqlite-shm",
        "lock",
        "updating.lock",
        "u.secret",
    } <= names
    assert len(names) > 30
    assert loose_ones(folder) == []
    assert os.umask(0) == 0  # the caller's own is as it was
    index.close()


@pytest.mark.usefixtures("fake_encoder")
def test_a_group_may_share_them(tmp_path: Path) -> None:
    private_files.for_this_process(group=True)
    folder = tmp_path / "all"
    folder.mkdir(mode=0o700)
    index = do_everything(folder)
    assert loose_ones(folder, 0o007) == []
    catalog = index.folder / "catalog.sqlite"
    assert stat.S_IMODE(catalog.stat().st_mode) == 0o660
    assert stat.S_IMODE(index.folder.stat().st_mode) == 0o770
    locks = [index.folder / name for name in ("lock", "updating.lock")]
    assert {stat.S_IMODE(lock.stat().st_mode) for lock in locks} == {0o660}
    index.close()


@pytest.mark.usefixtures("fake_encoder")
def test_an_index_of_earlier_versions_is_tightened(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("x")
    (tmp_path / "all").mkdir(mode=0o700)
    do_everything(tmp_path / "all").close()
    index = tmp_path / "all" / "deep" / "index"
    (index / "link").symlink_to(outside)
    for path in (index, *index.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o777 if path.is_dir() else 0o666)
    Index.open(Settings(index=index)).close()
    assert [path for path in loose_ones(index) if not path.is_symlink()] == []
    assert outside.stat().st_mode & 0o777 == 0o666  # nothing that a link leads to


def test_a_common_place_stays_common(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    private_files.tighten(tmp_path)
    assert tmp_path.stat().st_mode & 0o1777 == 0o1777


def test_many_writers_leave_the_umask_as_it_was(tmp_path: Path) -> None:
    def write(number: int) -> None:
        for turn in range(50):
            private_files.write(tmp_path / f"{number}-{turn}", b"x")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert os.umask(0) == 0
    assert [path for path in tmp_path.iterdir() if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("line", ["user add linh --users {0}/u", "key add p --keys {0}/k"])
def test_a_command_leaves_nothing_loose(tmp_path: Path, line: str) -> None:
    words = line.format(tmp_path).split()
    program = f"import sys; from assistant.cli import main; sys.exit(main({words!r}))"
    command = [sys.executable, "-c", program]
    subprocess.run(command, cwd=ROOT, input="password1\n", text=True, umask=0, check=True)
    made = list(tmp_path.iterdir())
    assert made
    assert [path for path in made if path.stat().st_mode & 0o077] == []
