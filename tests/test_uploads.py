"""Articles that are added to an open index and removed from it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from assistant.articles.files import read_articles
from assistant.index.index import Index, clear
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import CorpusError, IndexFault

SEED = "Bài đầu tiên nói về mưa ở Huế."
SENT = "Bài thứ hai nói về nắng ở Vinh."


@pytest.fixture
def uploads(tmp_path: Path, fake_encoder: None) -> Uploads:
    settings = Settings(index=tmp_path / "index")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "one.txt").write_text(SEED, "utf-8")
    index = Index.create(settings)
    index.update(read_articles([seeds]), [seeds], settings)
    return Uploads(index, settings)


def texts(uploads: Uploads) -> list[str]:
    """Shortest first: the seed, what was sent, others."""
    found = [article.text for article in uploads.index.catalog.articles()]
    return sorted(found, key=lambda text: (len(text), text))


def files(uploads: Uploads) -> list[str]:
    return sorted(path.name for path in uploads.folder.iterdir())


def test_a_file_is_added_and_found_and_kept_beside_the_index(uploads: Uploads) -> None:
    added = uploads.add("hai.txt", SENT.encode())
    assert [article.text for article in added.articles] == [SENT]
    assert texts(uploads) == [SEED, SENT]
    assert (uploads.folder / "hai.txt").read_text("utf-8") == SENT
    assert uploads.index.lexical.stamp.generation == uploads.index.catalog.generation


def test_indexing_the_seeds_again_leaves_what_was_sent(uploads: Uploads, tmp_path: Path) -> None:
    uploads.add("hai.txt", SENT.encode())
    seeds = tmp_path / "seeds"
    (seeds / "one.txt").unlink()
    (seeds / "three.txt").write_text("Bài thứ ba nói về gió ở Lào Cai.", "utf-8")
    uploads.index.update(read_articles([seeds]), [seeds], uploads.settings)
    assert texts(uploads) == [SENT, "Bài thứ ba nói về gió ở Lào Cai."]
    clear(uploads.index.folder)  # what a rebuild begins with
    assert files(uploads) == ["hai.txt"]


def test_removing_an_article_removes_its_file_unless_it_was_not_sent(uploads: Uploads) -> None:
    sent = uploads.add("hai.txt", SENT.encode()).articles[0]
    assert not uploads.remove(sent.id)
    assert (texts(uploads), files(uploads)) == ([SEED], [])
    seed = uploads.index.catalog.articles()[0]
    assert uploads.remove(seed.id)  # its file stays where it is
    assert Path(seed.path).is_file()
    assert texts(uploads) == []
    with pytest.raises(IndexFault):
        uploads.remove(seed.id)


def test_an_article_that_is_there_already_is_not_kept_twice(uploads: Uploads) -> None:
    added = uploads.add("same.txt", SEED.encode())
    assert (added.articles, added.known) == ((), 1)
    assert (texts(uploads), files(uploads)) == ([SEED], [])


def test_files_of_the_same_name_stand_side_by_side(uploads: Uploads) -> None:
    uploads.add("bài.txt", SENT.encode())
    uploads.add("Bài.txt", b"Another article, about Vinh.")
    assert files(uploads) == ["Bài-2.txt", "bài.txt"]
    assert len(texts(uploads)) == 3


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\an\\bài.MD", "bài.md"),
        ("..txt", "article.txt"),
        ("a\x00b\n<c>.txt", "a_b_c_.txt"),
        ("x" * 300 + ".txt", "x" * 50 + ".txt"),
    ],
)
def test_a_name_leads_nowhere_but_into_the_folder(uploads: Uploads, name: str, kept: str) -> None:
    uploads.add(name, SENT.encode())
    assert files(uploads) == [kept]


@pytest.mark.parametrize(
    ("name", "data", "fault"),
    [
        ("a.jpg", b"x", r"^a\.jpg is not taken: name \.csv, \.docx, "),
        ("a.pdf", b"x", r"^a\.pdf is no sound \.pdf file \(PdfiumError\): open it"),
        ("a.txt", b"\x00\x01", r"^a\.txt is a binary file: save its text as UTF-8$"),
        ("a.txt", b"  \n", r"^a\.txt cannot be used, it is empty"),
        ("a.json", b"{", r"^a\.json is not valid JSON on line 1"),
    ],
)
def test_a_file_that_is_no_article_is_one_line_and_nothing_is_kept(
    uploads: Uploads, name: str, data: bytes, fault: str
) -> None:
    with pytest.raises(CorpusError, match=fault) as raised:
        uploads.add(name, data)
    assert "\n" not in str(raised.value)
    assert texts(uploads) == [SEED]
    assert not uploads.folder.exists() or files(uploads) == []


def test_what_cannot_be_embedded_leaves_no_file(uploads: Uploads) -> None:
    with pytest.raises(RuntimeError):
        uploads.add("a.txt", b"UNEMBEDDABLE words.")
    assert files(uploads) == []
    assert texts(uploads) == [SEED]


def test_an_archive_goes_with_its_last_article(uploads: Uploads) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("a.txt", "Chợ họp sớm.")
        archive.writestr("in/b.txt", "Cầu dài 90 m.")
    one, other = uploads.add("tin.zip", data.getvalue()).articles
    assert uploads.remove(one.id)
    assert not uploads.remove(other.id)
    assert list(uploads.folder.iterdir()) == []


def test_what_is_not_read_of_a_file_is_said_without_the_servers_path(uploads: Uploads) -> None:
    added = uploads.add(
        "a.txt", "---\ntitle: Chợ\nlanguage: tiếng Việt\n---\nChợ họp sớm.".encode()
    )
    assert added.notes == ("a.txt: its language 'tiếng Việt' is not read",)
