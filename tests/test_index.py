"""The index over a corpus: embeds what is new, drops what vanished, and survives interruptions."""

from __future__ import annotations

import json
import os
import shutil
import threading
import unicodedata
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from assistant.articles.files import read_articles
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index, Update
from assistant.index.lexical import identity_of
from assistant.index.rebuilding import rebuild
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.settings import Settings
from assistant.types import IndexFault
from tests.fixtures import FakeEncoder, flipping

pytestmark = pytest.mark.usefixtures("fake_encoder")

NEWS = {
    "lai-thieu.txt": "Ông Tâm là bí thư phường Lái Thiêu.\n\nPhường Lái Thiêu họp hôm qua.",
    "tan-phuoc.txt": "Ông Châu là bí thư phường Tân Phước.\n\nPhường Tân Phước có cảng biển.",
}


@pytest.fixture
def news(tmp_path: Path) -> Path:
    """A folder with two articles of two sentences."""
    folder = tmp_path / "news"
    folder.mkdir()
    for name, text in NEWS.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One sentence to a passage."""
    return Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)


def update(settings: Settings, *paths: Path) -> tuple[Update, list[str]]:
    """What an update of the index did, and the texts it embedded."""
    index = Index.create(settings)
    try:
        return index.update(read_articles(paths), paths, settings), index.encoder.embedded
    finally:
        index.close()


def texts_of(index: Index) -> list[str]:
    """The passages that a search for a word of all of them finds."""
    found = rank(index, make_query(index, "phường"))
    return sorted(candidate.stored.passage.text for candidate in found)


def held(settings: Settings) -> list[str]:
    index = Index.open(settings)
    try:
        dense, lexical = index.dense.stamp, index.lexical.stamp
        assert dense.count == lexical.count == index.catalog.counts()["passages"]
        assert dense.generation == lexical.generation == index.catalog.generation
        assert index.catalog.missing_vectors() == 0
        return texts_of(index)
    finally:
        index.close()


def figures(update: Update) -> tuple[int, int, int, int, int, int]:
    return (
        update.articles,
        update.passages,
        update.new,
        update.kept,
        update.removed,
        update.embedded,
    )


SENTENCES = sorted(line for text in NEWS.values() for line in text.split("\n\n"))


# Incremental


def test_a_second_run_embeds_nothing(settings: Settings, news: Path) -> None:
    first, embedded = update(settings, news)
    assert sorted(set(embedded)) == SENTENCES
    assert figures(first) == (2, 4, 4, 0, 0, 4)  # a passage and its only sentence: one text
    assert held(settings) == SENTENCES
    second, embedded = update(settings, news)
    assert embedded == []
    assert figures(second) == (2, 4, 0, 4, 0, 0)
    assert held(settings) == SENTENCES


def test_a_changed_file_embeds_only_its_new_sentences(settings: Settings, news: Path) -> None:
    update(settings, news)
    file = news / "lai-thieu.txt"
    file.write_text(NEWS[file.name].replace("họp hôm qua", "họp hôm nay"), "utf-8")
    done, embedded = update(settings, news)
    assert embedded == ["Phường Lái Thiêu họp hôm nay."]
    assert figures(done) == (2, 4, 2, 2, 2, 1)
    changed = [text.replace("họp hôm qua", "họp hôm nay") for text in SENTENCES]
    assert held(settings) == sorted(changed)


def test_an_article_that_vanished_is_dropped(settings: Settings, news: Path) -> None:
    update(settings, news)
    (news / "tan-phuoc.txt").unlink()
    done, embedded = update(settings, news)
    assert figures(done) == (1, 2, 0, 2, 2, 0)
    assert embedded == []
    assert held(settings) == [text for text in SENTENCES if "Lái Thiêu" in text]


def test_the_last_article_may_vanish_and_return(settings: Settings, news: Path) -> None:
    update(settings, news)
    away = news.rename(news.with_name("away"))
    news.mkdir()
    update(settings, news)
    assert held(settings) == []
    news.rmdir()
    away.rename(news)
    assert figures(update(settings, news)[0]) == (2, 4, 4, 0, 0, 4)
    assert held(settings) == SENTENCES


def test_articles_of_another_folder_stay(settings: Settings, news: Path, tmp_path: Path) -> None:
    other = tmp_path / "news-of-others"  # begins like the first
    other.mkdir()
    (other / "c.txt").write_text("Phường Phú Mỹ có khu công nghiệp.", "utf-8")
    update(settings, news)
    done, _ = update(settings, other)
    assert figures(done) == (3, 5, 1, 4, 0, 1)
    (news / "tan-phuoc.txt").unlink()
    (other / "c.txt").unlink()
    assert figures(update(settings, news)[0]) == (2, 3, 0, 3, 2, 0)
    assert "Phường Phú Mỹ có khu công nghiệp." in held(settings)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02" * 100, b"Ph\xff\xfe\xfa\x81"])
def test_a_file_that_cannot_be_read_keeps_its_last_version(
    settings: Settings, news: Path, content: bytes
) -> None:
    update(settings, news)
    (news / "tan-phuoc.txt").write_bytes(content)
    done, _ = update(settings, news)
    assert figures(done) == (2, 4, 0, 4, 0, 0)
    assert ["tan-phuoc.txt" in str(fault) for fault in done.faults] == [True]
    assert held(settings) == SENTENCES


def test_a_renamed_file_is_the_same_article(settings: Settings, news: Path) -> None:
    update(settings, news)
    (news / "tan-phuoc.txt").rename(news / "renamed.txt")
    done, embedded = update(settings, news)
    assert (figures(done), embedded) == ((2, 4, 0, 4, 0, 0), [])
    index = Index.open(settings)
    names = {Path(path).name for path in index.catalog.article_paths().values()}
    assert names == {"lai-thieu.txt", "renamed.txt"}
    index.close()


def test_new_facts_of_an_old_text_are_taken(settings: Settings, news: Path) -> None:
    update(settings, news)
    (news / "tan-phuoc.txt.yaml").write_text("title: Bến tàu sâu\ndate: 2025-08-05", "utf-8")
    assert update(settings, news)[1] == []
    index = Index.open(settings)
    facts = {article.title: article.date for article in index.catalog.articles()}
    assert facts["Bến tàu sâu"] == "2025-08-05"
    (first, *_) = rank(index, make_query(index, "bến tàu"))  # words of the title alone
    assert (first.stored.title, first.bm25 > 0) == ("Bến tàu sâu", True)
    index.close()


def test_the_composition_of_letters_makes_no_other_article(settings: Settings, news: Path) -> None:
    update(settings, news)
    file = news / "tan-phuoc.txt"
    file.write_text(unicodedata.normalize("NFD", NEWS[file.name]), "utf-8")
    assert figures(update(settings, news)[0]) == (2, 4, 0, 4, 0, 0)


def test_a_relative_path_is_the_same_path(
    settings: Settings, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(settings, news)
    monkeypatch.chdir(news.parent)
    (news / "tan-phuoc.txt").unlink()
    assert figures(update(settings, Path("news"))[0]) == (1, 2, 0, 2, 2, 0)


def test_progress_counts_batches(settings: Settings, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for i in range(70):
        (many / f"{i}.txt").write_text(f"Bài số {i} nói về phường.", "utf-8")
    index = Index.create(settings)
    seen: list[tuple[int, int]] = []
    index.update(read_articles([many]), [many], settings, lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]  # 64 articles, then 6
    index.close()


def test_an_update_says_what_it_did() -> None:
    done = Update(3, 12, new=4, kept=8, removed=2, embedded=20, seconds=1.26)
    assert str(done) == "3 articles, 12 passages (4 new, 8 kept, 2 removed) in 1.3 s"


# Interruptions


def test_a_failure_of_the_encoder_leaves_the_old_state_usable(
    settings: Settings, news: Path
) -> None:
    update(settings, news)
    (news / "broken.txt").write_text("Phường này UNEMBEDDABLE ở đây.", "utf-8")
    (news / "tan-phuoc.txt").unlink()
    with pytest.raises(RuntimeError, match="the encoder broke"):
        update(settings, news)
    assert held(settings) == SENTENCES
    (news / "broken.txt").unlink()
    assert figures(update(settings, news)[0]) == (1, 2, 0, 2, 2, 0)


def test_an_interrupted_update_goes_on_where_it_stopped(settings: Settings, tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for i in range(70):
        broken = "UNEMBEDDABLE" if i == 69 else ""
        (many / f"{i:02}.txt").write_text(f"Bài số {i} nói về phường {broken}.", "utf-8")
    with pytest.raises(RuntimeError):
        update(settings, many)
    with pytest.raises(IndexFault, match="did not finish"):
        Index.open(settings)  # what is not whole is not there
    (many / "69.txt").write_text("Bài số 69 nói về phường.", "utf-8")
    done, embedded = update(settings, many)
    assert len(embedded) == 6  # all but the last batch were kept
    assert figures(done) == (70, 70, 70, 0, 0, 6)


def test_a_reader_sees_an_update_after_refresh(settings: Settings, news: Path) -> None:
    update(settings, news)
    reader = Index.open(settings)
    (news / "new.txt").write_text("Phường Phú Mỹ có khu công nghiệp.", "utf-8")
    (news / "tan-phuoc.txt").unlink()
    update(settings, news)
    reader.refresh()
    assert texts_of(reader) == sorted(
        [text for text in SENTENCES if "Lái Thiêu" in text] + ["Phường Phú Mỹ có khu công nghiệp."]
    )
    reader.close()


def test_a_reader_that_lags_finds_no_removed_passage(settings: Settings, news: Path) -> None:
    update(settings, news)
    reader = Index.open(settings)
    (news / "tan-phuoc.txt").unlink()
    update(settings, news)
    assert texts_of(reader) == [text for text in SENTENCES if "Lái Thiêu" in text]
    reader.close()


# Derived indexes are made again from the catalog


def _lose_folder(folder: Path) -> None:
    shutil.rmtree(next(folder.glob("lexical-*")))


def _unlink(name: str) -> Callable[[Path], None]:
    return lambda folder: os.unlink(next(folder.glob(name)))


def _stamped(stamps: str) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        with closing(Catalog.open(folder / CATALOG)) as catalog, catalog.renewal() as changes:
            changes.derive(stamps)

    return harm


def _old(kind: str, named: bool = True) -> Callable[[Path], None]:
    """Puts derived indexes with one article in place: sound, but behind. Not ``named``: as if they
    were those of now."""

    def harm(folder: Path) -> None:
        with closing(Catalog.open(folder / "old" / CATALOG)) as catalog:
            old = json.loads(catalog.meta()["derived"])
        with closing(Catalog.open(folder / CATALOG)) as catalog, catalog.renewal() as changes:
            now = json.loads(changes.meta()["derived"])
            for one in ("dense", "lexical") if kind == "both" else (kind,):
                name = old[one]["name"]
                target = folder / (name if named else now[one]["name"])
                copy = shutil.copytree if (folder / "old" / name).is_dir() else shutil.copy
                copy(folder / "old" / name, target)
                now[one] = old[one] if named else now[one]
            changes.derive(json.dumps(now))

    return harm


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(flipping("dense-*"), id="dense damaged"),
        pytest.param(_unlink("dense-*"), id="dense lost"),
        pytest.param(_stamped(""), id="unstamped"),
        pytest.param(flipping("lexical-*/*.store"), id="lexical damaged"),
        pytest.param(_unlink("lexical-*/*.idx"), id="lexical file lost"),
        pytest.param(flipping("lexical-*/.managed.json"), id="lexical list of files damaged"),
        pytest.param(_lose_folder, id="lexical lost"),
        pytest.param(_old("dense", named=False), id="dense files of another stamp"),
        pytest.param(_old("dense"), id="dense behind"),
        pytest.param(_old("lexical"), id="lexical behind"),
        pytest.param(_old("both"), id="both behind"),
    ],
)
def test_what_is_damaged_or_stale_is_built_again(
    settings: Settings, news: Path, harm: Callable[[Path], None], tmp_path: Path
) -> None:
    update(settings, news / "lai-thieu.txt")
    shutil.copytree(settings.index, tmp_path / "old")
    update(settings, news)
    before = _ranked(settings)
    (tmp_path / "old").rename(settings.index / "old")
    harm(settings.index)
    assert _ranked(settings) == before
    assert held(settings) == SENTENCES


def _ranked(settings: Settings) -> list[tuple[str, float]]:
    index = Index.open(settings)
    ranked = rank(index, make_query(index, "bí thư phường Tân Phước"))
    index.close()
    return [(c.stored.passage.text, round(c.score, 4)) for c in ranked]


def test_a_derived_index_of_another_catalog_is_not_used(
    settings: Settings, news: Path, tmp_path: Path
) -> None:
    other = settings.model_copy(update={"index": tmp_path / "other", "model": "another"})
    update(settings, news)
    update(other, news)
    with closing(Catalog.open(other.index / CATALOG)) as catalog:
        theirs = catalog.meta()["derived"]
    with closing(Catalog.open(settings.index / CATALOG)) as catalog, catalog.renewal() as changes:
        changes.derive(theirs)
    for path in other.index.glob("[dl][ei][nx]*"):
        copy = shutil.copytree if path.is_dir() else shutil.copy
        copy(path, settings.index / path.name)
    assert held(settings) == SENTENCES
    index = Index.open(settings)
    assert index.dense.stamp.identity == index.catalog.identity
    assert index.lexical.stamp.identity == identity_of(index.catalog)
    index.close()


# Identity


@pytest.mark.parametrize(
    ("change", "field", "old", "new"),
    [
        ({"model": "other"}, "model", "'bundled'", "'other'"),
        ({"query_prefix": "q: "}, "query prefix", "''", "'q: '"),
        ({"passage_prefix": "p: "}, "passage prefix", "''", "'p: '"),
        ({"passage_tokens": 20}, "passage tokens", "'24'", "'20'"),
        ({"overlap": 2}, "overlap", "'0'", "'2'"),
    ],
)
def test_an_index_made_otherwise_is_refused(
    settings: Settings, news: Path, change: dict[str, object], field: str, old: str, new: str
) -> None:
    update(settings, news)
    other = settings.model_copy(update=change)
    for opened in (Index.open, Index.create):
        with pytest.raises(IndexFault) as caught:
            opened(other)
        message = str(caught.value)
        assert f"{field} {old}" in message
        assert new in message
        assert f"assistant index --index {settings.index} --rebuild" in message
    assert held(settings) == SENTENCES


def test_other_weights_under_the_same_name_are_refused(
    settings: Settings, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(settings, news)

    class Retrained(FakeEncoder):
        def __init__(self, settings: Settings) -> None:
            super().__init__(settings)
            self.fingerprint |= {"weights": "retrained"}

    monkeypatch.setattr("assistant.index.index.SentenceEncoder", Retrained)
    with pytest.raises(IndexFault, match="weights 'none'"):
        Index.open(settings)


def test_settings_of_the_search_are_no_identity(settings: Settings, news: Path) -> None:
    update(settings, news)
    assert held(settings.model_copy(update={"top_k": 9, "refuse_below": 0.1})) == SENTENCES


def test_a_missing_index_is_refused_with_the_command_that_makes_it(settings: Settings) -> None:
    with pytest.raises(IndexFault, match=f"assistant index --index {settings.index}"):
        Index.open(settings)
    assert not settings.index.exists()


# Rebuilding


def test_rebuilding_needs_no_files(settings: Settings, news: Path) -> None:
    update(settings, news)
    shutil.rmtree(news)
    other = settings.model_copy(update={"passage_prefix": "p: ", "passage_tokens": 64})
    done = rebuild(other)
    assert (done.articles, done.passages, done.new, done.kept, done.removed) == (2, 2, 2, 0, 4)
    assert held(other) == sorted(NEWS.values())  # of 64 tokens, both sentences are a passage
    with pytest.raises(IndexFault, match="passage prefix"):
        Index.open(settings)


def test_rebuilding_keeps_the_articles_as_they_are(settings: Settings, news: Path) -> None:
    (news / "tan-phuoc.txt.yaml").write_text("title: Cảng biển\ndate: 2025-08-05", "utf-8")
    update(settings, news)
    index = Index.open(settings)
    before = index.catalog.articles()
    index.close()
    rebuild(settings)
    index = Index.open(settings)
    assert index.catalog.articles() == before
    index.close()
    assert held(settings) == SENTENCES


def test_a_failed_rebuild_leaves_the_old_index(
    settings: Settings, news: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    update(settings, news)

    def broken(self: FakeEncoder, texts: list[str]) -> None:
        raise RuntimeError("the encoder broke")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr(FakeEncoder, "embed_passages", broken)
        rebuild(settings.model_copy(update={"model": "other"}))
    assert held(settings) == SENTENCES
    rebuild(settings)  # what the failed one left behind is in no way
    assert held(settings) == SENTENCES
    assert [path.name for path in settings.index.parent.glob("index*")] == ["index"]


def test_rebuilding_what_is_not_there_is_refused(settings: Settings) -> None:
    with pytest.raises(IndexFault, match="No index"):
        rebuild(settings)


def test_the_catalog_alone_is_an_index(settings: Settings, news: Path, tmp_path: Path) -> None:
    update(settings, news)
    copy = settings.model_copy(update={"index": tmp_path / "copy"})
    copy.index.mkdir()
    shutil.copy(settings.index / CATALOG, copy.index / CATALOG)
    assert held(copy) == SENTENCES


def test_two_runs_at_once_end_with_the_same_index(settings: Settings, news: Path) -> None:
    corpus, waited = read_articles([news]), threading.Event()
    first, second = Index.create(settings), Index.create(settings)
    embed, updates = first.encoder.embed_passages, []

    def slow(texts: list[str]) -> object:  # the second comes while the first is embedding
        other.start()
        assert waited.wait(20)
        return embed(texts)

    def again() -> None:
        updates.append(second.update(corpus, [news], settings, waiting=waited.set))

    other = threading.Thread(target=again)
    first.encoder.embed_passages = slow
    assert first.update(corpus, [news], settings).new == 4
    other.join(20)
    assert [(update.new, update.kept) for update in updates] == [(0, 4)]
    first.close()
    second.close()
    assert len(held(settings)) == 4
