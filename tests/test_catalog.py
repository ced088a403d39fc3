"""The catalog: what belongs together commits together, and what is damaged is refused."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.index._catalog_rows import digest_of
from assistant.index.catalog import CATALOG, Catalog
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import IndexFault, Passage, Sentence, Span, Vectors
from tests.fixtures import add_articles, lines_of, make_article


def unit(*values: float) -> Vectors:
    return np.array(values, np.float32)


def everything(catalog: Catalog) -> list[list[tuple[object, ...]]]:
    """Every row of every table that tells what the catalog holds, but not how it came so."""
    tables = "articles passages sentences vectors forms pairs".split()
    return [sorted(catalog._rows(f"SELECT * FROM {table}")) for table in tables]


# Adding and reading


def test_what_was_added_is_read_back(catalog: Catalog) -> None:
    text = "Tiêu đề\nÔng Tâm là bí thư. Ông Châu 😀 cũng vậy.\nNguồn: báo"
    furniture = (Span(text.index("Nguồn"), len(text)),)
    article = replace(
        make_article(text, "a.txt"), source="báo", date="2025-08-05", furniture=furniture
    )
    start, end = text.index("Ông"), text.index("\nNguồn")
    middle = text.index(" Ông Châu")
    parts = (Sentence(start, middle), Sentence(middle + 1, end))
    passages = [
        Passage(article.id, 0, 7, "Tiêu đề", (Sentence(0, 7, "heading"),)),
        Passage(article.id, start, end, text[start:end], parts),
    ]
    texts = ["Tiêu đề", text[start:end], *(text[s.start : s.end] for s in parts)]
    vectors = {digest_of(t): unit(i, 1) for i, t in enumerate(texts)}
    catalog.add([(article, passages)], vectors)

    assert catalog.article(article.id) == article
    assert catalog.articles() == [article]
    assert catalog.article_paths() == {article.id: "a.txt"}
    stored = catalog.passages([1, 2, 99])
    assert {number: s.passage for number, s in stored.items()} == {1: passages[0], 2: passages[1]}
    assert (stored[2].title, stored[2].language) == (article.title, "vi")
    owners, rows = catalog.sentence_vectors([1, 2])
    assert owners == [1, 2, 2]
    assert rows.tolist() == [[0, 1], [2, 1], [3, 1]]
    numbers, languages, rows = catalog.passage_vectors()
    assert (numbers, languages, rows.tolist()) == ([1, 2], ["vi", "vi"], [[0, 1], [1, 1]])
    assert catalog.counts() == {"articles": 1, "passages": 2, "sentences": 3, "vectors": 4}
    assert catalog.missing_vectors() == 0
    assert catalog.passages_of([article.id, "none"]) == {1, 2}


def test_an_unknown_article_is_a_fault(catalog: Catalog) -> None:
    with pytest.raises(IndexFault, match="'nobody'"):
        catalog.article("nobody")


def test_more_passages_than_one_statement_takes(catalog: Catalog) -> None:
    add_articles(catalog, "\n".join(f"câu {i}" for i in range(1203)))
    numbers = list(range(1, 1204))
    assert sorted(catalog.passages(numbers)) == numbers
    assert len(catalog.sentence_vectors(numbers)[0]) == 1203
    assert [n for n, _ in catalog.passage_texts(numbers)] == numbers == catalog.passage_numbers()


def test_equal_texts_have_one_vector(catalog: Catalog) -> None:
    add_articles(catalog, "một câu\nhai câu", "ba câu\nmột câu")
    counts = catalog.counts()
    assert (counts["passages"], counts["sentences"], counts["vectors"]) == (4, 4, 3)
    wanted = [digest_of("một câu"), digest_of("bốn câu")]
    assert catalog.without_vector(wanted) == {digest_of("bốn câu")}


def test_passages_without_a_vector_are_counted(catalog: Catalog) -> None:
    article = make_article("một\nhai")
    catalog.add([(article, lines_of(article))], {digest_of("một"): unit(1)})
    assert catalog.missing_vectors() == 2  # the passage and the sentence of "hai"


# All or nothing


def test_a_failure_in_the_middle_adds_nothing(catalog: Catalog) -> None:
    add_articles(catalog, "một câu có sẵn")
    before = everything(catalog), catalog.generation
    first, second = make_article("hai câu mới"), make_article("ba câu mới")
    faulty = Passage(second.id, None, 3, "ba", ())  # type: ignore[arg-type]
    pairs = [(first, lines_of(first)), (second, [faulty])]
    with pytest.raises(sqlite3.IntegrityError):
        catalog.add(pairs, {digest_of("hai câu mới"): unit(1, 2)})
    assert (everything(catalog), catalog.generation) == before
    add_articles(catalog, "hai câu mới")  # and it is not stuck in a transaction
    assert catalog.counts()["articles"] == 2


def test_a_full_disk_is_a_fault_and_changes_nothing(catalog: Catalog) -> None:
    add_articles(catalog, "một câu có sẵn")
    before = everything(catalog), catalog.generation
    pages = catalog._rows("PRAGMA page_count")[0][0]
    with catalog._transaction() as db:
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(IndexFault, match="full"):
        add_articles(catalog, "\n".join(f"câu dài {i} " * 20 for i in range(200)))
    assert (everything(catalog), catalog.generation) == before
    with catalog._transaction() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    add_articles(catalog, "hai câu mới")


# Generations and removal


def test_each_change_raises_the_generation(catalog: Catalog) -> None:
    generations = [catalog.generation]
    (article,) = add_articles(catalog, "một câu")
    generations.append(catalog.generation)
    add_articles(catalog, "hai câu", "ba câu")
    generations.append(catalog.generation)
    catalog.update_facts(replace(article, title="khác"))
    generations.append(catalog.generation)
    catalog.remove([article.id])
    generations.append(catalog.generation)
    assert generations == [0, 1, 2, 3, 4]
    assert catalog.remove([]) == 0
    catalog.drop_unused_vectors()
    assert catalog.generation == 4  # no searcher needs to know


def test_numbers_tell_what_has_changed(catalog: Catalog) -> None:
    first, second = add_articles(catalog, "một\nhai", "ba")
    add_articles(catalog, "bốn")
    texts = list(catalog.passage_texts([4, 2]))
    assert texts == [(2, f"{first.title}\nhai"), (4, "bốn\nbốn")]
    assert catalog.passage_numbers() == [1, 2, 3, 4]
    assert catalog.remove([first.id]) == 2
    assert catalog.passage_numbers() == [3, 4]
    catalog.remove([second.id])
    assert catalog.passage_numbers() == [4]


def test_numbers_of_removed_passages_are_never_used_again(catalog: Catalog) -> None:
    (article,) = add_articles(catalog, "một\nhai")
    catalog.remove([article.id])
    add_articles(catalog, "ba")
    assert catalog.passage_vectors()[0] == [3]


def test_removal_leaves_the_catalog_as_it_was(catalog: Catalog) -> None:
    add_articles(catalog, "Bí thư đảng ủy\nông Tâm", "An English line", language="vi")
    before = everything(catalog)
    gone = add_articles(catalog, "Bí thư mới\nông Tâm", "bí mật của bà Tám")
    assert everything(catalog) != before
    assert catalog.remove([article.id for article in gone]) == 3
    assert catalog.drop_unused_vectors() == 2  # "ông Tâm" is still needed
    assert everything(catalog) == before


# Syllables


def test_syllables_of_vietnamese_articles_are_counted(catalog: Catalog) -> None:
    add_articles(catalog, "Bí thư, bí thư!\nBị thu")
    add_articles(catalog, "bi bi bi", language="en")
    found = catalog.syllables(["bi", "thu"])
    assert found.forms == {"bi": {"bí": 2, "bị": 1}, "thu": {"thư": 2, "thu": 1}}
    assert found.pairs == {
        ("", "bí"): 1,
        ("", "bị"): 1,
        ("bí", "thư"): 2,
        ("bị", "thu"): 1,
    }
    assert found.total == 6
    assert catalog.syllables(["khong"]).forms == {}


# Opening


def test_a_catalog_is_opened_with_all_it_holds(catalog: Catalog) -> None:
    (article,) = add_articles(catalog, "một câu")
    catalog.close()
    again = Catalog.open(catalog.path)
    assert again.identity == {"model": "fake"}
    assert again.article(article.id) == article
    assert again.generation == 1
    assert again.integrity() == "ok"
    again.close()


def refusal(path: Path) -> str:
    with pytest.raises(IndexFault) as caught:
        Catalog.open(path)
    message = str(caught.value)
    assert f"--index {path.parent}" in message
    assert "\n" not in message
    return message


def test_a_missing_catalog_is_refused(tmp_path: Path) -> None:
    assert "No index" in refusal(tmp_path / "catalog.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"garbage " * 1000, b"SQLite format 3\0" + bytes(9000)])
def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "catalog.sqlite"
    path.write_bytes(content)
    assert str(path) in refusal(path)


@pytest.mark.parametrize("table", ["notes (x)", "meta (key, value)"])
def test_another_program_file_is_refused(tmp_path: Path, table: str) -> None:
    path = tmp_path / "catalog.sqlite"
    other = sqlite3.connect(path)
    other.execute(f"CREATE TABLE {table}")
    other.commit()
    other.close()
    assert "cannot be read" in refusal(path)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_catalog_is_refused(catalog: Catalog, part: float) -> None:
    add_articles(catalog, "\n".join(f"câu số {i}" for i in range(300)))
    catalog.close()
    content = catalog.path.read_bytes()
    catalog.path.write_bytes(content[: int(len(content) * part)])
    assert "--rebuild" in refusal(catalog.path)


def test_damage_inside_is_found_and_is_a_fault_where_it_is_met(catalog: Catalog) -> None:
    add_articles(catalog, "\n".join(f"câu số {i} " * 20 for i in range(300)))
    catalog.close()
    content = bytearray(catalog.path.read_bytes())
    half = len(content) // 2 // 4096 * 4096
    content[half:] = b"\xff" * (len(content) - half)
    catalog.path.write_bytes(content)
    assert "malformed" in refusal(catalog.path)


# Each cell of each table, and what meets it when it was changed.
CELLS = [
    f"{table}.{column}"
    for table, columns in {
        "articles": "id path title language source date furniture author marked digest seal text",
        "passages": "id article_id start stop digest seal",
        "sentences": "passage_id start stop kind digest",
        "vectors": "digest seal vector",
        "forms": "folded form n",
        "pairs": "folded a b n",
        "errands": "path becomes seal",
        "meta": "value",
    }.items()
    for column in columns.split()
]


@pytest.mark.parametrize("cell", CELLS)
def test_a_changed_cell_is_found_before_it_is_told(catalog: Catalog, cell: str) -> None:
    add_articles(catalog, "Bí thư đảng ủy\nông Tâm họp", "ông Châu")
    with catalog.change() as changes:
        changes.leave_errand("uploads/a.txt", "uploads/b.txt")
    catalog.close()
    table, column = cell.split(".")
    db = sqlite3.connect(catalog.path)
    wrong = {"BLOB": "x'00'", "INTEGER": f"{column} + 7"}
    (kind,) = [row[2] for row in db.execute(f"PRAGMA table_info({table})") if row[1] == column]
    key = next(row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[5])
    at = f"(SELECT max({key}) FROM {table})" if table != "meta" else "'identity'"
    new = wrong.get(kind, f"{column} || 'x'")
    db.execute(f"UPDATE {table} SET {column} = {new} WHERE {key} = {at}")
    db.commit()
    db.close()
    with pytest.raises(IndexFault, match="cannot be read"):
        reading = Catalog.open(catalog.path)
        try:
            assert reading.integrity() != "ok"
            _all_that_is_told(reading)
        finally:
            reading.close()


def test_a_text_that_is_no_utf8_is_told_in_a_line_without_it(catalog: Catalog) -> None:
    add_articles(catalog, "Bí thư đảng ủy\n\nông Tâm họp")
    with sqlite3.connect(catalog.path) as db:
        db.execute("UPDATE articles SET text = CAST(x'ff' || text AS TEXT)")
    db.close()
    with pytest.raises(IndexFault, match="a text in it is damaged") as raised:
        catalog.passages(catalog.passage_numbers())
    assert "\n" not in str(raised.value) and "Tâm" not in str(raised.value)


def test_a_key_that_is_no_text_is_damage(catalog: Catalog) -> None:
    add_articles(catalog, "ông Tâm")
    with sqlite3.connect(catalog.path) as db:
        db.execute("UPDATE meta SET key = ? WHERE key = 'totals'", (b"\x00",))
    db.close()
    with pytest.raises(IndexFault, match="cannot be read"):
        catalog.meta()


def test_a_layout_that_is_no_utf8_is_damage(catalog: Catalog) -> None:
    add_articles(catalog, "ông Tâm")
    catalog.close()
    content = catalog.path.read_bytes()
    assert b"CREATE TABLE articles" in content
    catalog.path.write_bytes(content.replace(b"CREATE TABLE articles", b"CREATE \x83ABLE articles"))
    assert "cannot be read" in refusal(catalog.path)


def _all_that_is_told(catalog: Catalog) -> None:
    numbers = catalog.passage_numbers()
    catalog.articles(), catalog.article_paths(), catalog.languages(), catalog.errands()
    catalog.passages(numbers), catalog.passage_vectors(), catalog.sentence_vectors(numbers)


@pytest.mark.parametrize(
    "table", ["articles", "passages", "sentences", "vectors", "forms", "pairs"]
)
def test_a_missing_row_is_found(catalog: Catalog, table: str) -> None:
    add_articles(catalog, "Bí thư đảng ủy\nông Tâm họp", "ông Châu")
    catalog.close()
    db = sqlite3.connect(catalog.path)
    key = db.execute(f"PRAGMA table_info({table})").fetchone()[1]
    db.execute(f"DELETE FROM {table} WHERE {key} = (SELECT min({key}) FROM {table})")
    db.commit()
    db.close()
    with pytest.raises(IndexFault, match="cannot be read"):
        reading = Catalog.open(catalog.path)
        try:
            _all_that_is_told(reading)
        finally:
            reading.close()


def test_another_layout_is_refused(catalog: Catalog) -> None:
    with catalog._transaction() as db:
        db.execute("UPDATE meta SET value = '0' WHERE key = 'layout'")
    catalog.close()
    assert "layout 0" in refusal(catalog.path)


# Several at once


def test_a_second_writer_is_told_to_wait(catalog: Catalog) -> None:
    other = Catalog.open(catalog.path)
    with other._transaction() as db:
        db.execute("PRAGMA busy_timeout = 20")
    with catalog.change(), pytest.raises(IndexFault, match="in use by another process"):
        add_articles(other, "một câu")
    add_articles(other, "một câu")
    assert catalog.counts()["articles"] == 1
    other.close()


def test_a_second_writer_waits_its_turn(catalog: Catalog) -> None:
    other = Catalog.open(catalog.path)
    waiting = threading.Thread(target=add_articles, args=(other, "hai câu"))
    with catalog.change():
        waiting.start()
        waiting.join(0.2)
        assert waiting.is_alive()
    waiting.join(10)
    assert catalog.counts()["articles"] == 1
    other.close()


def test_a_reader_sees_the_state_before_until_the_writer_commits(catalog: Catalog) -> None:
    reader = Catalog.open(catalog.path)
    with catalog.change() as changes:
        changes.raise_generation(7)
        assert (changes.generation, reader.generation, catalog.generation) == (7, 0, 0)
    assert reader.generation == 7
    reader.close()


def test_threads_share_a_catalog(catalog: Catalog) -> None:
    def add(name: str) -> None:
        for i in range(5):
            add_articles(catalog, f"{name} {i}")

    threads = [threading.Thread(target=add, args=(name,)) for name in ("một", "hai", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.counts()["articles"] == 15
    assert catalog.generation == 15


# The tables of layout 1, as they were made until version 0.1.
LAYOUT_1 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    source TEXT NOT NULL, date TEXT NOT NULL, text TEXT NOT NULL, furniture TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO meta VALUES ('layout', '1'), ('generation', '3'), ('identity', '{"model": "fake"}');
INSERT INTO articles VALUES ('a', '/x/a.MD', 'A', 'vi', 'Báo', '2025-08-05', '# A', '[[0, 1]]');
INSERT INTO articles VALUES ('b', '/x/b.txt', 'B', 'vi', '', '', 'B.', '[]');
"""


def test_a_catalog_of_the_first_layout_is_brought_to_this_one(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite"
    with sqlite3.connect(path) as db:
        db.executescript(LAYOUT_1)
    db.close()
    for _ in range(2):
        catalog = Catalog.open(path)
        one, other = catalog.articles()
        catalog.close()
        assert (one.path, one.author, one.marked, one.furniture) == (
            "/x/a.MD", "", True, (Span(0, 1),),
        )  # fmt: skip
        assert (other.date, other.marked) == ("", False)


def test_facts_of_an_article_that_is_not_there_are_refused(catalog: Catalog) -> None:
    add_articles(catalog, "một")
    with (
        pytest.raises(IndexFault, match="see: assistant doctor"),
        catalog.change() as change,
    ):
        change.update_facts(make_article("hai"))
    assert len(catalog.articles()) == 1


def test_a_catalog_opens_while_another_process_commits(tmp_path: Path) -> None:
    """What is held against each other is of one state: half of two was taken for damage."""
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    ended = threading.Event()

    def write() -> None:
        for number in itertools.takewhile(lambda _: not ended.is_set(), itertools.count()):
            index.add([make_article(f"Tin số {number}: cầu dài.")], settings)

    with ThreadPoolExecutor() as threads:
        writing = threads.submit(write)
        for _ in range(1500):
            Catalog.open(tmp_path / "index" / CATALOG).close()
        ended.set()
        writing.result()
    index.close()
