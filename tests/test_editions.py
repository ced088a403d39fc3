"""Editions: what an article said before it was edited is kept for what cites it alone."""

from __future__ import annotations

import re
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from assistant.articles.files import read_articles
from assistant.index import _replacing, backup, doctor
from assistant.index._replacing import replacements
from assistant.index.catalog import Catalog
from assistant.index.index import CATALOG, Index
from assistant.index.rebuilding import rebuild
from assistant.retrieval.hybrid_search import make_query, rank
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import Article, Edition, IndexFault
from tests.fixtures import FakeEncoder, make_article

pytestmark = pytest.mark.usefixtures("fake_encoder")

A = "Ông Tâm là bí thư phường Lái Thiêu.\n\nPhường họp hôm qua."
B = "Ông Tâm từng là bí thư phường Lái Thiêu.\n\nPhường họp hôm qua."
C = "Bà Châu là bí thư phường Lái Thiêu.\n\nPhường họp hôm nay."


@pytest.fixture(autouse=True)
def fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (backup, doctor):
        monkeypatch.setattr(module, "SentenceEncoder", FakeEncoder)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """One sentence to a passage."""
    return Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)


def write(settings: Settings, files: Mapping[str, str | None]) -> Path:
    news = settings.index.parent / "news"
    news.mkdir(exist_ok=True)
    for name, text in files.items():
        if text is None:
            (news / name).unlink(missing_ok=True)
        else:
            (news / name).write_text(text, "utf-8")
    return news


def update(settings: Settings, **files: str | None) -> list[str]:
    """Writes the files and updates the index; returns what was embedded."""
    news = write(settings, {f"{name}.txt": text for name, text in files.items()})
    with closing(Index.create(settings)) as index:
        index.update(read_articles([news]), [news], settings)
        return list(index.encoder.embedded)  # type: ignore[attr-defined]


def told(settings: Settings) -> list[tuple[str, str]]:
    """(text, text of today) of each edition, as a fresh process finds them."""
    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        assert catalog.integrity() == "ok"
        return [(e.text, catalog.article(e.current).text) for e in catalog.editions()]


def id_of(text: str) -> str:
    return make_article(text).id


def test_an_edited_article_opens_by_its_old_id(settings: Settings) -> None:
    update(settings, one=A)
    update(settings, one=B)
    with closing(Index.open(settings)) as index:
        old = index.catalog.article(id_of(A))
        assert isinstance(old, Edition)
        assert (old.text, old.replaced_by, old.current) == (A, id_of(B), id_of(B))
        assert old.replaced_on == datetime.now(UTC).date().isoformat()
        assert not isinstance(index.catalog.article(id_of(B)), Edition)
        assert [article.text for article in index.catalog.articles()] == [B]


def test_a_chain_of_edits_leads_to_today_and_an_edit_back_is_no_edition(settings: Settings) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    assert told(settings) == [(A, C), (B, C)]
    update(settings, one=A)
    assert told(settings) == [(B, A), (C, A)]
    update(settings, one=C)
    assert told(settings) == [(B, C), (A, C)]


def test_nothing_of_an_edition_is_found(settings: Settings) -> None:
    update(settings, one=A, other="Giá vàng tăng mạnh ở nhiều nơi.")
    update(settings, one=B)
    with closing(Index.open(settings)) as index:
        for question in ("bí thư phường Lái Thiêu", A):
            found = rank(index.view, make_query(index.view, question))
            assert id_of(A) not in {one.stored.passage.article_id for one in found}
        # Its title is searched with each of its two passages; of A there is none.
        assert index.lexical._searcher.doc_freq("terms", "thiêu") == 2
        assert index.catalog.syllables(["ong"]).forms == {"ong": {"ông": 1}}


def test_an_edited_sentence_is_embedded_and_no_other(settings: Settings) -> None:
    """With a sentence to a passage, each text is embedded once for both."""
    sentences = [f"Câu số {i} nói về chuyện {i} ở phường." for i in range(30)]
    assert len(update(settings, one="\n\n".join(sentences))) == 30
    sentences[14] = "Câu số 14 nay nói khác."
    assert update(settings, one="\n\n".join(sentences)) == [sentences[14]]
    assert update(settings, one="\n\n".join([*sentences, "Thêm câu."])) == ["Thêm câu."]
    assert update(settings, one="\n\n".join(sentences)) == []


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_only_the_last_ones_are_kept(settings: Settings, keep: int) -> None:
    few = settings.model_copy(update={"editions": keep})
    for text in (A, B, C, "Bài cuối."):
        update(few, one=text)
    assert [text for text, _ in told(few)] == [B, C][2 - keep :]


def test_fewer_are_kept_from_the_next_run_on(settings: Settings) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    update(settings.model_copy(update={"editions": 0}))
    assert told(settings) == []


def remove(settings: Settings) -> None:
    with closing(Index.open(settings)) as index:
        index.remove([id_of(C)])


def remove_upload(settings: Settings) -> None:
    with closing(Index.open(settings)) as index:
        assert Uploads(index, settings).remove(id_of(C))


@pytest.mark.parametrize("way", [remove, remove_upload, lambda s: update(s, one=None)])
def test_editions_go_with_their_article(
    settings: Settings, way: Callable[[Settings], object]
) -> None:
    other = ["Giá vàng tăng.", "Giá vàng giảm."]
    for text, gold in ((A, other[0]), (B, other[1]), (C, other[1])):
        update(settings, one=text, two=gold)
    way(settings)
    assert told(settings) == [(other[0], other[1])]
    held = b"".join(p.read_bytes() for p in settings.index.rglob("*") if p.is_file())
    assert not any(words.encode() in held for words in ("Ông Tâm", "Tâm từng", "Bà Châu"))


def test_one_edition_can_be_removed(settings: Settings) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    with closing(Index.open(settings)) as index:
        assert not Uploads(index, settings).remove(id_of(B))
        with pytest.raises(IndexFault):
            index.catalog.article(id_of(B))
    assert told(settings) == [(A, C)]
    assert b"T\xc3\xa2m t\xe1\xbb\xabng" not in (settings.index / CATALOG).read_bytes()


def test_a_text_that_comes_back_elsewhere_leaves_the_others_in_their_chain(
    settings: Settings,
) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    update(settings, two=B)
    assert told(settings) == [(A, C)]


# Which took the place of which, in files of several articles.

TABLE = "/news/table.csv"


def row(text: str, title: str = "") -> Article:
    found = make_article(text, TABLE)
    return Article(found.id, title or text, text, "vi", path=TABLE)


@pytest.mark.parametrize(
    ("before", "after", "pairs"),
    [
        ([row(A, "x")], [row(C, "y")], {A: C}),  # the only article of a file
        ([row(A, "x"), row("Vàng.", "v")], [row(C, "x"), row("Vàng.", "v")], {A: C}),
        ([row(A), row("Vàng tăng.")], [row(B), row("Trời mưa.")], {A: B}),
        ([row(A), row("Vàng.")], [row("Trời mưa to."), row("Vàng.")], {}),
        ([row(A), row("Vàng.")], [row("Vàng.")], {}),
        ([row(A, "t"), row("Vàng.", "t")], [row(B, "t"), row("Trời.", "t")], {A: B}),
    ],
)
def test_rows_of_a_table_are_known_by_title_and_likeness(
    before: Sequence[Article], after: Sequence[Article], pairs: dict[str, str]
) -> None:
    there = {article.id for article in after}
    gone = [article for article in before if article.id not in there]
    found = replacements(gone, after, {a.id: a.path for a in before})
    assert found == {id_of(old): id_of(new) for old, new in pairs.items()}


def test_of_more_texts_than_are_compared_titles_alone_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_replacing, "MOST_PAIRS", 3)
    before = [row(A), row("Giá vàng tăng."), row("Trời mưa to ở Huế.", "mưa")]
    after = [row(B), row("Giá vàng tăng cao."), row("Trời nắng to ở Huế.", "mưa")]
    found = replacements(before, after, {a.id: a.path for a in before})
    assert found == {before[2].id: after[2].id}


def test_an_article_that_is_moved_over_another_is_no_edit_of_it(settings: Settings) -> None:
    gold = "Giá vàng tăng mạnh ở nhiều nơi."
    update(settings, one=A, two=gold)
    update(settings, one=gold, two=None)
    assert told(settings) == []


# Whatever becomes of the index.


def again(settings: Settings) -> None:
    rebuild(settings)


def from_paths(settings: Settings) -> None:
    rebuild(settings, articles=read_articles([settings.index.parent / "news"]).articles)


def restored(settings: Settings) -> None:
    file = settings.index.parent / "kept.tar"
    backup.backup(settings, file)
    shutil.rmtree(settings.index)
    backup.restore(settings, file)


def salvaged(settings: Settings) -> None:
    with closing(sqlite3.connect(settings.index / CATALOG)) as db, db:
        db.execute("UPDATE pairs SET n = n + 1 WHERE folded > 'p'")
    assert all(f.sound or "LLM" in f.text for f in doctor.repair(settings))


@pytest.mark.parametrize("way", [again, from_paths, restored, salvaged])
def test_editions_stay(settings: Settings, way: Callable[[Settings], None]) -> None:
    for text in (A, B, C):
        update(settings, one=text, two="Giá vàng tăng.")
    way(settings)
    assert told(settings) == [(A, C), (B, C)]
    update(settings, one=A)
    assert told(settings) == [(B, A), (C, A)]


def test_a_rebuild_from_edited_files_makes_editions(settings: Settings) -> None:
    for text in (A, B):
        update(settings, one=text, two="Giá vàng tăng.")
    write(settings, {"one.txt": A, "two.txt": "Giá vàng giảm."})
    from_paths(settings)
    assert set(told(settings)) == {(B, A), ("Giá vàng tăng.", "Giá vàng giảm.")}
    write(settings, {"one.txt": None})
    from_paths(settings)
    assert told(settings) == [("Giá vàng tăng.", "Giá vàng giảm.")]


def test_a_sent_file_that_is_restored_elsewhere_has_its_editions_there(settings: Settings) -> None:
    update(settings, two="Giá vàng tăng.")
    sent = settings.index / "uploads" / "hai.txt"
    with closing(Index.open(settings)) as index:
        Uploads(index, settings).add("hai.txt", A.encode())
        sent.write_text(B, "utf-8")
        index.update(read_articles([sent]), [sent], settings)
    backup.backup(settings, settings.index.parent / "kept.tar")
    other = settings.model_copy(update={"index": settings.index.parent / "other"})
    backup.restore(other, settings.index.parent / "kept.tar")
    assert told(other) == [(A, B)]
    with closing(Catalog.open(other.index / CATALOG)) as catalog:
        (edition,) = catalog.editions()
        assert edition.path == str(other.index.resolve() / "uploads" / "hai.txt")


DAMAGES = {
    "text": "UPDATE editions SET text = 'khác' WHERE id = (SELECT min(id) FROM editions)",
    "fact": "UPDATE editions SET title = 'khác' WHERE id = (SELECT min(id) FROM editions)",
    "what became of it": "UPDATE editions SET replaced_by = id",
    "day": "UPDATE editions SET replaced_on = '2001-01-01'",
    "a row": "DELETE FROM editions WHERE id = (SELECT min(id) FROM editions)",
    "all": "DELETE FROM editions",
}


QUICK = ("text", "what became of it", "a row")


@pytest.mark.parametrize(
    "damage",
    [pytest.param(d, marks=() if d in QUICK else pytest.mark.slow) for d in DAMAGES],
)
def test_damage_is_met_and_what_is_lost_is_told(settings: Settings, damage: str) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    with closing(sqlite3.connect(settings.index / CATALOG)) as db, db:
        db.execute(DAMAGES[damage])
    assert not all(finding.sound or "LLM" in finding.text for finding in doctor.examine(settings))
    findings = [finding.text for finding in doctor.repair(settings) if not finding.sound]
    lost = {"a row": 1, "text": 1, "fact": 1}.get(damage, 2)
    assert f"{lost} earlier texts of edited articles are lost" in findings
    assert len(told(settings)) == 2 - lost


def test_where_nothing_tells_how_many_there_were_that_is_said(settings: Settings) -> None:
    for text in (A, B):
        update(settings, one=text)
    with closing(sqlite3.connect(settings.index / CATALOG)) as db, db:
        db.execute("DROP TABLE editions")
        db.execute("DELETE FROM meta WHERE key = 'totals'")
    findings = [finding.text for finding in doctor.repair(settings) if not finding.sound]
    assert "The earlier texts of edited articles are lost, if any were" in findings
    with closing(Index.open(settings)) as index:
        assert [article.text for article in index.catalog.articles()] == [B]


@pytest.mark.parametrize(
    "path",
    ["x" * 5000, *(pytest.param(p, marks=pytest.mark.slow) for p in ("a/" * 3000, "\0", ""))],
)
def test_a_damaged_path_that_no_file_can_have_ends_no_repair(settings: Settings, path: str) -> None:
    update(settings, one=A, two="Giá vàng tăng.")
    with closing(sqlite3.connect(settings.index / CATALOG)) as db, db:
        db.execute("UPDATE articles SET path = ? WHERE id = ?", (path, id_of(A)))
    findings = [finding.text for finding in doctor.repair(settings) if not finding.sound]
    assert any(text.startswith(f"Article {id_of(A)} is lost") for text in findings)


def test_the_doctor_counts_them(settings: Settings) -> None:
    for text in (A, B, C):
        update(settings, one=text)
    lines = [finding.text for finding in doctor.examine(settings)]
    assert "Catalog: 1 articles, 2 passages, 2 earlier texts" in lines


# Any edits at all, against a list of what each file held.

EDITS = st.lists(
    st.dictionaries(st.sampled_from("ab"), st.sampled_from([None, 0, 1, 2, 3]), min_size=1),
    max_size=7,
)


@pytest.mark.slow
@given(edits=EDITS, keep=st.sampled_from([0, 1, 2, 10]))
@tried(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_edits_leave_what_each_file_held_last(
    edits: list[dict[str, int | None]], keep: int
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index", editions=keep)
        update(settings, z="Một bài còn mãi.")
        now: dict[str, str | None] = {}
        held: dict[str, list[str]] = {"a": [], "b": []}
        for edit in edits:
            for name, number in edit.items():
                text = None if number is None else f"Tập {name}: bài số {number} ở Huế."
                before = now.get(name)
                if text is None:
                    held[name].clear()
                elif before not in (None, text):
                    held[name].append(str(before))
                left = [one for one in held[name] if one != text]
                held[name] = left[-keep:] if keep else []
                now[name] = text
            update(settings, **{name: now[name] for name in edit})
        expected = {(one, now[name]) for name, texts in held.items() for one in texts}
        assert set(told(settings)) == expected


@pytest.mark.slow
@given(edits=EDITS)
@tried(max_examples=25, deadline=None)
def test_texts_that_go_from_file_to_file_leave_a_sound_index(
    edits: list[dict[str, int | None]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index", editions=2)
        update(settings, z="Một bài còn mãi.")
        for edit in edits:
            texts = {n: None if i is None else f"Bài số {i} ở Huế." for n, i in edit.items()}
            update(settings, **texts)
            found = told(settings)  # each leads to an article
            with closing(Catalog.open(settings.index / CATALOG)) as catalog:
                texts_now = {article.text for article in catalog.articles()}
            assert not texts_now & {text for text, _ in found}
            assert len(found) <= 2 * len(texts_now)
            assert all(re.match(r"Bài số \d|Một", text) for _, text in found)


# The layout of every version opens for ever: an index as it was made then.


def test_an_index_of_layout_3_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.reliability.stub import StubEncoder

    for module in ("assistant.index.index", "assistant.index.doctor"):
        monkeypatch.setattr(f"{module}.SentenceEncoder", StubEncoder)
    shutil.unpack_archive(Path(__file__).parent / "indexes" / "layout-3.tar.gz", tmp_path)
    settings = Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)
    derived = sorted(path.name for path in settings.index.iterdir())
    with closing(Index.open(settings)) as index:
        articles = {article.title: article for article in index.catalog.articles()}
        port = articles["Cảng biển"]
        assert (port.source, port.date, port.author) == ("Báo Mới", "2025-08-05", "An")
        assert len(articles) == 4
        assert index.catalog.meta()["layout"] == "4"
        assert index.catalog.integrity() == "ok"
        assert index.catalog.editions() == []
        assert index.dense.stamp.count == index.lexical.stamp.count == 8
    left = {path.name for path in settings.index.iterdir()}
    # What was derived is used as it is, but for the terms, which are made otherwise now.
    assert {name for name in derived if not name.startswith("lexical-")} <= left


def test_a_damaged_index_of_layout_3_is_refused_and_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.reliability.stub import StubEncoder

    for module in ("assistant.index.index", "assistant.index.doctor"):
        monkeypatch.setattr(f"{module}.SentenceEncoder", StubEncoder)
    shutil.unpack_archive(Path(__file__).parent / "indexes" / "layout-3.tar.gz", tmp_path)
    settings = Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)
    with closing(sqlite3.connect(settings.index / CATALOG)) as db, db:
        db.execute("DELETE FROM pairs WHERE folded > 'p'")
    with pytest.raises(IndexFault, match="--repair"):
        Catalog.open(settings.index / CATALOG)
    doctor.repair(settings)
    with closing(Catalog.open(settings.index / CATALOG)) as catalog:
        assert catalog.integrity() == "ok"
        assert catalog.counts()["articles"] == 4
