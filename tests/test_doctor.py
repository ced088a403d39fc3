"""The doctor: what is wrong is named with the command that mends it, and mended what can be."""

from __future__ import annotations

import re
import resource
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.index import doctor
from assistant.index._salvage import KEPT_AS
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.doctor import examine, repair
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import IndexFault, ModelError
from tests.fixtures import flipping, texts_in


def told(settings: Settings) -> dict[str, str]:
    """The faults, each with its remedy, but for those of language models."""
    findings = [f for f in examine(settings) if not f.sound and "LLM" not in f.text]
    assert all("\n" not in f.text + f.remedy for f in findings)
    return {f.text: f.remedy for f in findings}


def only(settings: Settings) -> tuple[str, str]:
    ((text, remedy),) = told(settings).items()
    return text, remedy


def change(settings: Settings, statement: str, *values: object) -> None:
    """Damage, as no program of ours does it."""
    with closing(sqlite3.connect(settings.index / CATALOG)) as db:
        db.execute(statement, values)
        db.commit()


def test_a_sound_index_has_no_fault(small_index: Settings) -> None:
    assert told(small_index) == {}
    texts = [finding.text for finding in examine(small_index) if finding.sound]
    assert "Catalog: 2 articles, 2 passages" in texts
    assert "2 files are as they were indexed" in texts
    assert "Dense index: 2 passages, checksums match" in texts


def test_an_index_that_is_not_there_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    settings = Settings(index=tmp_path / "none")
    (finding,) = examine(settings)
    assert f"run: assistant index --index {settings.index}" in finding.text
    with pytest.raises(IndexFault, match="No index"):
        repair(settings)
    assert not settings.index.exists()


def test_an_index_without_articles_is_told(tmp_path: Path, fake_encoder: None) -> None:
    settings = Settings(index=tmp_path / "index")
    Index.create(settings).close()
    assert only(settings) == (
        "The index holds no article",
        f"assistant index --index {settings.index} PATHS",
    )


def test_settings_that_differ_are_named(small_index: Settings) -> None:
    other = small_index.model_copy(update={"overlap": 7})
    text, remedy = only(other)
    assert text == "Made with overlap '0'; the settings say '7'"
    assert remedy == f"assistant index --index {small_index.index} --rebuild"


def test_a_model_that_cannot_be_loaded_is_a_fault_among_others(
    small_index: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(settings: Settings) -> None:
        raise ModelError("The model is not there; install it")

    monkeypatch.setattr(doctor, "SentenceEncoder", none)
    (tmp_path / "news" / "one.txt").unlink()
    assert len(told(small_index)) == 2
    assert told(small_index)["The model is not there; install it"] == ""


def _unstamp(folder: Path) -> None:
    with closing(Catalog.open(folder / CATALOG)) as catalog, catalog.renewal() as changes:
        changes.derive("")


def _leave(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text("half of it")


def _leave_errand(folder: Path) -> None:
    with closing(Catalog.open(folder / CATALOG)) as catalog, catalog.change() as changes:
        changes.leave_errand("uploads/old.txt")
        changes.derive(changes.meta()["derived"].replace('"generation": 1', '"generation": 2'))
    (folder / "uploads").mkdir()
    (folder / "uploads" / "old.txt").write_text("to be deleted")


@pytest.mark.parametrize(
    ("harm", "text"),
    [
        pytest.param(flipping("dense-*"), "Dense index: .* is damaged", id="dense damaged"),
        pytest.param(flipping("lexical-*/*.store"), "Lexical index: .* is damaged", id="lexical"),
        pytest.param(_unstamp, "The derived indexes are missing", id="unstamped"),
        pytest.param(_leave("catalog.sqlite.new-1"), "left 1 files .*new-1", id="scratch"),
        pytest.param(_leave("rebuilding"), "left 1 files .*rebuilding", id="rebuilding"),
        pytest.param(_leave("dense-1-a.faiss"), "left 1 files .*dense-1-a", id="derived"),
        pytest.param(_leave_errand, "left 1 files .*old.txt", id="errand"),
    ],
)
def test_what_is_derived_or_left_behind_is_found_and_mended(
    small_index: Settings, harm: Callable[[Path], None], text: str
) -> None:
    before = texts_in(small_index)
    harm(small_index.index)
    faults = told(small_index)
    assert set(faults.values()) == {f"assistant doctor --index {small_index.index} --repair"}
    assert any(re.search(text, fault) for fault in faults), faults
    assert [finding for finding in repair(small_index) if "cut short" in finding.text] == []
    assert told(small_index) == {}
    assert texts_in(small_index) == before
    names = {path.name.split("-")[0] for path in small_index.index.iterdir()}
    assert names <= {CATALOG, "dense", "lexical", "lock", "updating.lock", "uploads"}


def test_files_that_are_gone_or_changed_are_told(small_index: Settings, tmp_path: Path) -> None:
    (tmp_path / "news" / "one.txt").unlink()
    (tmp_path / "news" / "two.txt").write_text("Bài khác.", "utf-8")
    remedy = f"assistant index --index {small_index.index} {tmp_path / 'news'}"
    gone, changed = tmp_path / "news" / "one.txt", tmp_path / "news" / "two.txt"
    assert told(small_index) == {
        f"1 indexed files are gone since indexing, the first: {gone}": remedy,
        f"1 indexed files are changed since indexing, the first: {changed}": remedy,
    }


# A damaged catalog

FIRST = "id = (SELECT min(id) FROM articles)"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE articles SET text = text || '.' WHERE {FIRST}",
        f"UPDATE articles SET text = CAST(x'e1ff' AS TEXT) WHERE {FIRST}",  # is no UTF-8
        f"UPDATE articles SET title = CAST(x'e1ff' AS TEXT) WHERE {FIRST}",
        f"UPDATE articles SET text = x'00' WHERE {FIRST}",
        f"UPDATE articles SET furniture = 'x' WHERE {FIRST}",
        "UPDATE passages SET start = start + 1",
        "DELETE FROM vectors",
        "DROP TABLE passages",
        "DROP TABLE meta",
        "DELETE FROM meta WHERE key = 'totals'",
        "UPDATE meta SET value = '2' WHERE key = 'layout'",
        "UPDATE meta SET value = '9' WHERE key = 'layout'",
    ],
)
def test_a_damaged_article_comes_from_its_file_and_the_rest_from_the_articles(
    small_index: Settings, statement: str
) -> None:
    before = texts_in(small_index)
    change(small_index, statement)
    (fault,) = (finding for finding in examine(small_index) if not finding.sound)
    assert "--repair" in fault.text + fault.remedy or "--rebuild" in fault.text
    assert all(finding.sound or "LLM" in finding.text for finding in repair(small_index))
    assert texts_in(small_index) == before
    assert not (small_index.index / KEPT_AS).exists()


def test_what_sqlite_complains_of_is_one_line_and_mended(small_index: Settings) -> None:
    """Pages that are said to be free and are not there: no row is touched."""
    before = texts_in(small_index)
    with (small_index.index / CATALOG).open("r+b") as file:
        file.seek(36)
        file.write((7).to_bytes(4, "big"))
    (fault,) = (finding for finding in examine(small_index) if not finding.sound)
    assert "\n" not in fault.text
    assert "freelist" in fault.text
    assert fault.remedy == f"assistant doctor --index {small_index.index} --repair"
    repair(small_index)
    assert told(small_index) == {}
    assert texts_in(small_index) == before


def test_damage_is_told_once_with_one_remedy(small_index: Settings) -> None:
    change(small_index, "UPDATE passages SET digest = x'00' WHERE id = 1")
    (fault,) = (finding for finding in examine(small_index) if not finding.sound)
    assert "run:" not in fault.text
    assert fault.remedy == f"assistant doctor --index {small_index.index} --repair"


@pytest.mark.parametrize("path", [None, "/" + "x" * 300 + "/a.txt", "/a\0b.txt"])
def test_what_is_lost_is_told_and_a_copy_kept(
    small_index: Settings, tmp_path: Path, path: str | None
) -> None:
    """The file is gone, or its path is damaged too: such as no file system takes."""
    (tmp_path / "news" / "one.txt").unlink()
    wanted = [text for text in texts_in(small_index) if "Châu" in text]
    change(small_index, "UPDATE articles SET source = 'x' WHERE text LIKE '%Lái Thiêu%'")
    if path:
        change(small_index, "UPDATE articles SET path = ? WHERE source = 'x'", path)
    (lost, *_) = repair(small_index)
    assert "is lost, with its file" in lost.text
    assert f"assistant index PATHS --index {small_index.index}" in lost.remedy
    kept = small_index.index / KEPT_AS
    assert kept.name in lost.remedy
    assert kept.stat().st_mode & 0o077 == 0
    assert texts_in(small_index) == wanted


def test_rows_that_are_missing_are_told(small_index: Settings) -> None:
    change(small_index, f"DELETE FROM articles WHERE {FIRST}")
    (lost, *_) = repair(small_index)
    assert lost.text == "1 articles are lost, and what they were"
    assert len(texts_in(small_index)) == 1


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM articles", "DROP TABLE articles", "UPDATE articles SET path = x'ff', text = ''"],
)
def test_what_cannot_be_repaired_is_not_told_to_be_repaired(
    small_index: Settings, statement: str
) -> None:
    change(small_index, statement)
    before = (small_index.index / CATALOG).read_bytes()
    _refused(small_index)
    assert (small_index.index / CATALOG).read_bytes() == before


def test_what_is_no_database_cannot_be_repaired(small_index: Settings) -> None:
    for path in small_index.index.glob(f"{CATALOG}*"):
        path.unlink()
    (small_index.index / CATALOG).write_bytes(b"garbage" * 999)
    _refused(small_index)


def _refused(settings: Settings) -> None:
    with pytest.raises(IndexFault) as caught:
        repair(settings)
    line = str(caught.value)
    assert "\n" not in line
    assert "doctor" not in line
    assert f"assistant restore FILE --replace --index {settings.index}" in line
    assert f"assistant index PATHS --rebuild --index {settings.index}" in line


def test_a_catalog_that_cannot_be_opened_now_is_not_given_up(small_index: Settings) -> None:
    """No file can be opened any more; so it is where one is closed to this account."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(IndexFault, match=r"check its permissions, then try again") as caught:
            repair(small_index)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert "restore" not in str(caught.value)
    assert len(texts_in(small_index)) == 2
