"""What goes wrong around an index: it is told with what to do, and the state is one that was."""

from __future__ import annotations

import errno
import json
import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.articles.files import read_articles
from assistant.index import _planning as planning
from assistant.index import catalog as catalog_module
from assistant.index import errands
from assistant.index import index as index_module
from assistant.index._locks import DERIVED, UPDATING, locked
from assistant.index._stamps import checksums
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.files import Unwritable, placed, scratch_beside, written
from assistant.index.folder import clear, discard_empty, is_there
from assistant.index.index import Index, matching
from assistant.index.lexical import Lexical
from assistant.index.rebuilding import rebuild, uploads_of
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import IndexFault
from tests.fixtures import (
    FakeEncoder,
    add_articles,
    full_disk,
    make_article,
    replace_content,
    texts_in,
    update_index,
)

MORE = "Bài thứ ba nói về nắng ở Vinh."


def line_of(raised: pytest.ExceptionInfo[BaseException]) -> str:
    assert "\n" not in str(raised.value)
    return str(raised.value)


def found(index: Index, words: str) -> set[str]:
    """The passages of which a question has something in common with."""
    ranked = rank(index.refresh(), make_query(index.view, words))
    return {candidate.stored.passage.text for candidate in ranked}


def broken(*args: object, **named: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


# Full disks


@pytest.mark.parametrize("builder", ["build", "catch_up"])
@pytest.mark.parametrize("size", [0, 100, 1000])
def test_a_disk_that_is_full_while_terms_are_written_changes_nothing(
    small_index: Settings, tmp_path: Path, builder: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = texts_in(small_index)
    (tmp_path / "news" / "three.txt").write_text(MORE, "utf-8")
    make = getattr(Lexical, builder)

    def full(*args: object) -> Lexical:
        with full_disk(size):
            return make(*args)

    with monkeypatch.context() as patch:
        patch.setattr(Lexical, builder, full)
        if builder == "build":  # what was there cannot be caught up with
            patch.setattr("assistant.index.lexical._copied", lambda *_: False)
        with pytest.raises(IndexFault, match=r"nothing was changed: make room") as raised:
            update_index(small_index, tmp_path / "news")
    line_of(raised)
    assert texts_in(small_index) == before
    update_index(small_index, tmp_path / "news")
    assert texts_in(small_index) == sorted([*before, MORE])
    assert len(list(small_index.index.glob("lexical-*"))) == 1


def test_an_index_that_cannot_be_made_leaves_no_catalog(tmp_path: Path, fake_encoder: None) -> None:
    settings = Settings(index=tmp_path / "index")
    with full_disk(0), pytest.raises(IndexFault, match=r"nothing was changed: make room") as raised:
        Index.create(settings)
    line_of(raised)
    assert not is_there(settings.index)
    assert list(settings.index.glob(f"{CATALOG}*")) == []
    Index.create(settings).close()
    assert is_there(settings.index)


def test_a_full_disk_is_no_damage_to_who_reads(small_index: Settings) -> None:
    """SQLite makes a file beside the catalog also for who reads."""
    with full_disk(100), pytest.raises(IndexFault, match=r"make room .*then try again") as raised:
        Index.open(small_index)
    line_of(raised)
    assert len(texts_in(small_index)) == 2


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with full_disk(10), pytest.raises(OSError, match="too large"):
        written(path, b"x" * 100)
    assert not path.exists()
    written(path, b"one")
    with pytest.raises(FileExistsError):
        written(path, b"another")
    assert path.read_bytes() == b"one"


def test_a_catalog_that_may_not_be_written_is_not_told_as_busy(
    small_index: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Index.open(small_index)) as index:

        def read_only(path: Path) -> sqlite3.Connection:
            return sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)

        monkeypatch.setattr(catalog_module, "_connect", read_only)
        index.catalog._writer = None
        with pytest.raises(Unwritable, match=r"cannot be written \(.*permissions") as raised:
            index.add([make_article(MORE)], small_index)
        assert "in use" not in line_of(raised)


# Damage under an open index


def test_damage_is_met_by_who_writes_and_by_who_asks(small_index: Settings) -> None:
    with closing(Index.open(small_index)) as index:
        other = Catalog.open(small_index.index / CATALOG)
        content = (small_index.index / CATALOG).read_bytes()
        with open(small_index.index / CATALOG, "r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (len(content) - 4096))
        for met in (
            lambda: index.add([make_article(MORE)], small_index),
            lambda: index.remove([make_article(MORE).id]),
            index.catalog.drop_unused_vectors,
            index.catalog.snapshot,
            lambda: Index.open(small_index),
        ):
            with pytest.raises(IndexFault, match=r"assistant doctor --repair") as raised:
                met()
            line_of(raised)
        other.close()


@pytest.mark.parametrize("content", [b"garbage" * 999, b""])
def test_what_has_taken_the_catalogs_place_is_told(small_index: Settings, content: bytes) -> None:
    with closing(Index.open(small_index)) as index:
        for path in small_index.index.glob(f"{CATALOG}-*"):
            path.unlink()
        replace_content(small_index.index / CATALOG, content)
        for met in (index.refresh, index.catalog.snapshot):
            with pytest.raises(IndexFault) as raised:
                met()
            assert "assistant doctor --repair" in line_of(raised)
        index.catalog._writer = None
        with pytest.raises(IndexFault):
            index.catalog.drop_unused_vectors()


def test_who_answers_goes_on_where_the_catalog_was_taken_away(small_index: Settings) -> None:
    with closing(Index.open(small_index)) as index:
        before = found(index, "phường")
        (small_index.index / CATALOG).rename(small_index.index / "elsewhere")
        assert found(index, "phường") == before != set()


@pytest.mark.parametrize("wrote", [False, True])
def test_who_answers_follows_a_catalog_that_takes_the_place_of_a_damaged_one(
    small_index: Settings, wrote: bool
) -> None:
    with closing(Index.open(small_index)) as index:
        if wrote:
            index.add([make_article(MORE)], small_index)
        articles = index.catalog.articles()
        for path in small_index.index.glob(f"{CATALOG}*"):
            path.unlink()
        (small_index.index / CATALOG).write_bytes(b"garbage" * 999)
        done = rebuild(small_index, articles=articles[:1])
        assert (done.articles, done.removed) == (1, 0)  # of what is damaged, nothing is known
        assert {article.id for article in index.refresh().catalog.articles()} == {articles[0].id}
        index.add([make_article(MORE + " Và ở Huế.")], small_index)  # and it can be written
    assert len(texts_in(small_index)) == 2


def test_indexes_that_go_on_vanishing_are_told(
    small_index: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []

    def vanished(*args: object) -> str:
        tries.append(args)
        return "dense-1.faiss is missing"

    monkeypatch.setattr(index_module, "opened", vanished)
    with pytest.raises(IndexFault, match=r"is missing; run: assistant doctor") as raised:
        Index.open(small_index)
    line_of(raised)
    assert 1 < len(tries) < 20


def _restamped(change: Callable[[dict[str, object], Path], None]) -> Callable[[Path], None]:
    """A stamp that is of another index, or seals what cannot be opened."""

    def harm(folder: Path) -> None:
        with closing(Catalog.open(folder / CATALOG)) as catalog, catalog.renewal() as changes:
            stamps = json.loads(changes.meta()["derived"])
            change(stamps["lexical"], folder)
            changes.derive(json.dumps(stamps))

    return harm


def _counted(stamp: dict[str, object], folder: Path) -> None:
    stamp["count"] = 99


def _sealed_garbage(stamp: dict[str, object], folder: Path) -> None:
    path = folder / str(stamp["name"]) / "meta.json"
    path.write_bytes(b"garbage")
    stamp["files"] = {**stamp["files"], **checksums([path])}  # type: ignore[dict-item]


@pytest.mark.parametrize("change", [_counted, _sealed_garbage])
def test_what_cannot_be_opened_is_built_again(
    small_index: Settings, change: Callable[[dict[str, object], Path], None]
) -> None:
    _restamped(change)(small_index.index)
    assert len(texts_in(small_index)) == 2


def test_a_file_system_without_links_has_copies(
    small_index: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", broken)
    (tmp_path / "news" / "three.txt").write_text(MORE, "utf-8")
    update_index(small_index, tmp_path / "news")
    assert MORE in texts_in(small_index)


def test_what_is_damaged_is_not_rebuilt_from(small_index: Settings) -> None:
    """Its rows are held against their seals when they are read, which opening it does not."""
    with closing(sqlite3.connect(small_index.index / CATALOG)) as db:
        db.execute("UPDATE articles SET title = 'khác'")
        db.commit()
    with pytest.raises(IndexFault, match=r"assistant doctor --repair") as raised:
        rebuild(small_index)
    line_of(raised)
    with locked(small_index.index, UPDATING, 0):
        assert not (small_index.index / "rebuilding").exists()


def test_a_catalog_that_cannot_be_made_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Catalog.create(tmp_path / CATALOG, {"model": object()})  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []


def test_a_catalog_alone_follows_what_takes_its_place(tmp_path: Path) -> None:
    catalog = Catalog.create(tmp_path / CATALOG, {"model": "one"})
    Catalog.create(tmp_path / "other.sqlite", {"model": "two"}).close()
    placed(tmp_path / "other.sqlite", tmp_path / CATALOG)
    assert catalog.identity == {"model": "one"}
    catalog.follow()
    assert catalog.identity == {"model": "two"}
    catalog.close()


def test_texts_have_their_vectors(catalog: Catalog) -> None:
    add_articles(catalog, "một câu\nhai câu")
    vectors = catalog.vectors_of(["hai câu", "một câu", "ba câu"])
    encoder = FakeEncoder(Settings())
    assert set(vectors) == {"một câu", "hai câu"}
    for text, vector in vectors.items():
        assert vector == pytest.approx(encoder.embed_questions([text])[0], abs=1e-3)
    assert catalog.vectors_of([]) == {}


# Locks


def test_who_waits_longer_than_one_waits_is_told(
    small_index: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "PATIENCE", 0.1)
    waited = []
    with closing(Index.open(small_index)) as index, locked(small_index.index, UPDATING):
        with pytest.raises(IndexFault, match=r"try again when it is done") as raised:
            index.update(read_articles([]), [], small_index, waiting=lambda: waited.append(1))
        line_of(raised)
        assert waited == [1]
        assert len(texts_in(small_index)) == 2  # who only reads does not wait
    with closing(Index.open(small_index)) as index:
        assert index.add([make_article(MORE)], small_index).new == 1


@pytest.mark.parametrize("name", [UPDATING, DERIVED])
def test_a_lock_that_cannot_be_made_is_told(
    small_index: Settings, tmp_path: Path, name: str
) -> None:
    (small_index.index / name).unlink(missing_ok=True)
    (small_index.index / name).mkdir()
    (tmp_path / "news" / "three.txt").write_text(MORE, "utf-8")
    with pytest.raises(Unwritable, match=r"permissions, then try again") as raised:
        update_index(small_index, tmp_path / "news")
    line_of(raised)
    (small_index.index / name).rmdir()
    assert len(texts_in(small_index)) == 2


def test_what_a_lock_does_not_know_of_passes_as_it_is(
    small_index: Settings, tmp_path: Path
) -> None:
    """Who reads the progress has gone: no fault of the index, and the lock is free again."""

    def gone(done: int, total: int) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    (tmp_path / "news" / "three.txt").write_text(MORE, "utf-8")
    corpus = read_articles([tmp_path / "news"])
    with closing(Index.open(small_index)) as index:
        with pytest.raises(BrokenPipeError):
            index.update(corpus, [tmp_path / "news"], small_index, gone)
        with locked(small_index.index, UPDATING, 0), locked(small_index.index, DERIVED, 0):
            pass
        assert index.update(corpus, [tmp_path / "news"], small_index).new == 1


def test_two_that_make_an_index_make_one(
    tmp_path: Path, fake_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, arrived = Settings(index=tmp_path / "index"), threading.Event()
    made: list[str] = []
    make_folder = index_module.private_files.make_folder
    settings.index.mkdir()
    with closing(Index.create(settings.model_copy(update={"index": tmp_path / "b"}))):
        pass

    def arriving(path: Path) -> None:
        make_folder(path)
        arrived.set()

    def second() -> None:
        with closing(Index.create(settings)) as index:
            made.append(index.catalog.state)

    monkeypatch.setattr(index_module.private_files, "make_folder", arriving)
    thread = threading.Thread(target=second)
    with locked(settings.index):
        thread.start()
        assert arrived.wait(20)
        os.rename(tmp_path / "b" / CATALOG, settings.index / CATALOG)
    thread.join(20)
    with closing(Index.create(settings)) as index:
        assert made == [index.catalog.state]


def test_half_of_a_catalog_is_no_index(tmp_path: Path, fake_encoder: None) -> None:
    settings = Settings(index=tmp_path / "index")
    settings.index.mkdir()
    for name in (CATALOG, f"{CATALOG}-wal"):
        (settings.index / name).touch()
    assert not is_there(settings.index)
    with closing(Index.create(settings)) as index:
        assert index.add([make_article(MORE)], settings).articles == 1


def test_what_is_no_catalog_is_not_replaced_unasked(tmp_path: Path, fake_encoder: None) -> None:
    settings = Settings(index=tmp_path / "index")
    settings.index.mkdir()
    (settings.index / CATALOG).write_bytes(b"garbage" * 999)
    assert is_there(settings.index)
    with pytest.raises(IndexFault, match=r"cannot be read"):
        Index.create(settings)
    assert (settings.index / CATALOG).read_bytes() == b"garbage" * 999


# Files that people sent


def test_a_file_that_cannot_be_put_in_place_is_in_the_index_and_follows(
    small_index: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(Index.open(small_index)) as index:
        uploads = Uploads(index, small_index)
        with monkeypatch.context() as patch:
            patch.setattr(errands.os, "replace", broken)
            (sent,) = uploads.add("ba.txt", MORE.encode()).articles
            assert MORE in found(index, "nắng")
            with pytest.raises(Unwritable, match=r"Input/output error"):
                uploads.add("bon.txt", b"A fourth one.")  # that much is to be done first
            assert len(texts_in(small_index)) == 3  # and who only asks is answered
        assert not (uploads.folder / "ba.txt").exists()
    with locked(small_index.index, UPDATING):
        assert len(texts_in(small_index)) == 3
        assert not (uploads.folder / "ba.txt").exists()
    assert len(texts_in(small_index)) == 3
    assert (uploads.folder / "ba.txt").read_text("utf-8") == MORE
    assert [path.name for path in uploads.folder.iterdir()] == ["ba.txt"]
    assert Path(sent.path) == uploads.folder / "ba.txt"


def test_errands_that_were_changed_are_refused(small_index: Settings) -> None:
    with closing(Catalog.open(small_index.index / CATALOG)) as catalog:
        with catalog.change() as changes:
            changes.leave_errand("uploads/a.txt")
        with catalog._transaction() as db:
            db.execute("UPDATE errands SET path = '../../etc/passwd'")
    with pytest.raises(IndexFault, match=r"errands were changed"):
        Index.open(small_index)


def test_a_file_in_a_closed_folder_keeps_its_article(
    small_index: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not certain that it is gone; for root no folder is closed."""
    exists, closed = Path.exists, tmp_path / "news" / "one.txt"

    def looked_at(path: Path) -> bool:
        if path == closed:
            raise PermissionError(errno.EACCES, "Permission denied")
        return exists(path)

    (tmp_path / "news" / "one.txt").unlink()
    monkeypatch.setattr(planning.Path, "exists", looked_at)
    update_index(small_index, tmp_path / "news")
    assert len(texts_in(small_index)) == 2
    monkeypatch.undo()


# Who asks, and who changes


def test_who_asks_with_the_model_of_before_keeps_the_state_of_before(small_index: Settings) -> None:
    with closing(Index.open(small_index)) as index:
        before = found(index, "phường")
        rebuild(small_index.model_copy(update={"model": "another"}))
        assert found(index, "phường") == before != set()
        with pytest.raises(IndexFault, match=r"was made with model 'another'"):
            index.update(read_articles([]), [], small_index)
    with pytest.raises(IndexFault, match=r"--rebuild"):
        Index.open(small_index)


def test_what_an_answer_still_reads_is_forgotten_when_it_is_done(small_index: Settings) -> None:
    words = "Tân Phước".encode()
    with closing(Index.open(small_index)) as index:
        answering = index.view
        (gone,) = [a for a in index.catalog.articles() if "Tân Phước" in a.text]
        index.remove([gone.id])
        assert index.catalog.owes
        assert answering.catalog.article(gone.id) == gone
        del answering
        index.refresh()
        assert not index.catalog.owes
        files = [p for p in small_index.index.rglob("*") if p.is_file()]
        assert [p.name for p in files if words in p.read_bytes()] == []


def test_adding_lets_no_other_article_go(small_index: Settings, tmp_path: Path) -> None:
    (tmp_path / "news" / "one.txt").unlink()
    with closing(Index.open(small_index)) as index:
        done = index.add([make_article(MORE, str(tmp_path / "news" / "three.txt"))], small_index)
        assert (done.articles, done.new, done.kept, done.removed) == (3, 1, 2, 0)


def test_a_scratch_file_of_a_run_that_was_cut_short_goes_with_the_next_change(
    small_index: Settings,
) -> None:
    scratch = scratch_beside(small_index.index / CATALOG)
    scratch.write_text("half of one")
    with closing(Index.open(small_index)) as index:
        index.add([make_article(MORE)], small_index)
    assert not scratch.exists()


def test_languages_are_shares_of_the_articles(small_index: Settings) -> None:
    with closing(Index.open(small_index)) as index:
        index.add([make_article("An English text.", language="en")], small_index)
        for _ in range(2):  # a view counts once
            assert index.view.catalog.languages() == pytest.approx({"vi": 2 / 3, "en": 1 / 3})


# Taking an index away


def test_only_an_empty_index_is_discarded(small_index: Settings, tmp_path: Path) -> None:
    discard_empty(small_index.index)
    assert len(texts_in(small_index)) == 2
    empty = small_index.model_copy(update={"index": tmp_path / "empty"})
    Index.create(empty).close()
    (empty.index / "feedback.sqlite").write_text("an opinion")
    discard_empty(empty.index)
    assert [path.name for path in empty.index.iterdir()] == ["feedback.sqlite"]
    (empty.index / "feedback.sqlite").unlink()
    discard_empty(empty.index)
    assert not empty.index.exists()
    discard_empty(empty.index)  # there is none


def test_clearing_takes_the_index_and_nothing_else(small_index: Settings) -> None:
    (small_index.index / "uploads").mkdir(exist_ok=True)
    (small_index.index / "uploads" / "a.txt").write_text("sent")
    (small_index.index / "notes.txt").write_text("somebody's")
    assert uploads_of(small_index.index) == [small_index.index / "uploads"]
    clear(small_index.index)
    assert {path.name for path in small_index.index.iterdir()} == {"uploads", "notes.txt"}
    (small_index.index / "uploads" / "a.txt").unlink()
    assert uploads_of(small_index.index) == []


@pytest.mark.parametrize(
    ("words", "count"), [("", 2), ("  ", 2), ("ong tam", 1), ("TÂM", 1), ("tâm châu", 0)]
)
def test_articles_are_matched_by_all_words_without_accents(
    small_index: Settings, words: str, count: int
) -> None:
    with closing(Index.open(small_index)) as index:
        assert len(matching(index.catalog.articles(), words)) == count
