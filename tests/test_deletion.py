"""What is deleted is in no byte of any file any more."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.articles.files import Corpus
from assistant.index._catalog_rows import digest_of
from assistant.index.catalog import Catalog
from assistant.index.index import Index
from assistant.records.conversations import History
from assistant.records.feedback import Feedback
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import Answer, Article
from tests.fixtures import FakeEncoder, make_article
from tests.served import HIT, QUOTE

pytestmark = pytest.mark.usefixtures("fake_encoder")


def canary(number: int) -> str:
    return f"chimhoàngyến{number:04d}"


def readable(folder: Path, *words: str | bytes) -> list[tuple[str, str | bytes]]:
    """(file, word): each of the words that stands in a file's name or bytes, in any encoding."""
    found = []
    for path in folder.rglob("*"):
        data = path.name.encode() + (path.read_bytes() if path.is_file() else b"")
        for word in words:
            forms = [word] if isinstance(word, bytes) else [
                word.encode(), word.encode("utf-16-le"), _folded(word),
            ]  # fmt: skip
            if any(form in data for form in forms):
                found.append((path.name, word))
    return found


def _folded(word: str) -> bytes:
    from assistant.text.terms import fold

    return fold(word).encode()


def article(number: int, size: int = 30, path: str = "") -> Article:
    word = canary(number)
    filler = " ".join(f"lời{i % 97}" for i in range(size))
    return make_article(f"Bài {word}.\n{filler} {word}.\n", path or f"/a/{number}.txt")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index=tmp_path / "index")


@pytest.fixture
def index(settings: Settings) -> Iterator[Index]:
    index = Index.create(settings)
    yield index
    index.close()


def update(index: Index, settings: Settings, *articles: Article) -> None:
    place = settings.index.parent / "a"  # without these files: so an article not given is gone
    place.mkdir(exist_ok=True)
    there = tuple(replace(one, path=str(place / Path(one.path).name)) for one in articles)
    index.update(Corpus(there, ()), [place], settings)


def remove(index: Index, settings: Settings, gone: list[Article], kept: list[Article]) -> None:
    index.remove([article.id for article in gone])


def let_vanish(index: Index, settings: Settings, gone: list[Article], kept: list[Article]) -> None:
    update(index, settings, *kept)


def edit(index: Index, settings: Settings, gone: list[Article], kept: list[Article]) -> None:
    """Where no editions are kept."""
    edited = [make_article(f"Bài khác {i}.", article.path) for i, article in enumerate(gone)]
    update(index, settings.model_copy(update={"editions": 0}), *kept, *edited)


def edit_and_remove(
    index: Index, settings: Settings, gone: list[Article], kept: list[Article]
) -> None:
    """An edit keeps what was, until the article is removed."""
    edited = [make_article(f"Bài khác {i}.", article.path) for i, article in enumerate(gone)]
    update(index, settings, *kept, *edited)
    assert index.catalog.edition_count() == len(gone)
    index.remove([article.id for article in edited])


@pytest.mark.parametrize("other", ["alone", "another is open"])
@pytest.mark.parametrize("change", [remove, let_vanish, edit, edit_and_remove])
@pytest.mark.parametrize("size", [5, 3000])  # in one page of SQLite; over many
def test_a_removed_article_is_gone(
    index: Index, settings: Settings, change: Callable[..., None], size: int, other: str
) -> None:
    articles = [article(number, size) for number in range(6)]
    update(index, settings, *articles)
    reader = Catalog.open(index.catalog.path) if other != "alone" else None
    if reader:
        reader.articles()  # as a server beside that has read it
    gone, kept = articles[::2], articles[1::2]
    words = [canary(number) for number in range(6)]
    assert {word for _, word in readable(index.folder, *words)} == set(words)
    vectors = index.catalog.vectors_of([f"Bài {word}." for word in words])
    axes = [vector.astype(np.float16).tobytes() for vector in vectors.values()]
    change(index, settings, gone, kept)
    assert readable(index.folder, *words[::2]) == []
    assert {word for _, word in readable(index.folder, *words[1::2])} == set(words[1::2])
    assert readable(index.folder, *axes[::2]) == []
    assert index.lexical._searcher.doc_freq("terms", words[0]) == 0
    assert all(index.lexical._searcher.doc_freq("terms", word) for word in words[1::2])
    if reader:
        assert len(reader.articles()) == index.catalog.counts()["articles"]
        reader.close()


def test_a_title_that_is_no_more_is_gone(index: Index, settings: Settings) -> None:
    before = article(1)
    update(index, settings, before)
    old = Article(before.id, canary(77), before.text, "vi", canary(78), path=before.path)
    update(index, settings, old)
    assert readable(index.folder, canary(77), canary(78))
    update(index, settings, before)
    assert readable(index.folder, canary(77), canary(78)) == []


def test_an_upload_is_gone_with_its_name_and_address(index: Index, settings: Settings) -> None:
    uploads = Uploads(index, settings)
    name, source = f"{canary(2)}.txt", f"https://bao.example/{canary(3)}"
    text = f"Bài {canary(1)}.\n\nNội dung {canary(1)}.\n".encode()
    added = uploads.add(name, text, source)
    words = (canary(1), canary(2), canary(3))
    assert {word for _, word in readable(index.folder, *words)} == set(words)
    assert not uploads.remove(added.articles[0].id)
    assert readable(index.folder, *words) == []


def test_removed_vectors_are_gone(index: Index, settings: Settings) -> None:
    """A vector tells much of its text: it goes from catalog and dense index."""
    text = f"Bài {canary(5)}."
    one = make_article(text, "/a/5.txt")
    update(index, settings, one, article(6))
    vector = FakeEncoder(settings).embed_passages([text])[0]
    (stored,) = index.catalog.vectors_of([text]).values()
    assert np.allclose(stored, vector, atol=1e-3)
    index.remove([one.id])
    assert readable(index.folder, digest_of(text), stored.astype(np.float16).tobytes()) == []


def exchange(number: int, size: int) -> dict[str, str]:
    return {"question": f"{canary(number)}?", "answer": f"{'x' * size} {canary(number)}"}


@pytest.mark.parametrize("seed", range(3))
def test_deleted_conversations_are_gone(tmp_path: Path, seed: int) -> None:
    """Of all sizes, in any order, with a second connection as another process has it."""
    chance = random.Random(seed)
    history, other = History.open(tmp_path), History.open(tmp_path)
    made = {}
    for number in range(60):
        parts = [exchange(number, chance.choice((0, 50, 900, 5000, 30_000)))]
        made[number] = history.create("linh", exchanges=parts * chance.randint(1, 3))
    gone = chance.sample(sorted(made), 30)
    for number in gone:
        other.list("linh")
        history.delete("linh", made[number])
        assert readable(tmp_path, canary(number)) == []
    kept = {canary(number) for number in made if number not in gone}
    assert {word for _, word in readable(tmp_path, *kept)} == kept
    assert readable(tmp_path, *map(canary, gone)) == []
    assert len(other.list("linh", 100)) == 30
    history.close()
    other.close()


def test_an_old_title_is_gone_and_what_a_deleted_conversation_once_held(tmp_path: Path) -> None:
    history = History.open(tmp_path)
    one = history.create("linh", canary(1), [exchange(2, 9000)])
    history.rename("linh", one, "Tên")
    assert readable(tmp_path, canary(1)) == []
    history.replace("linh", one, 1, exchange(3, 5))
    history.delete("linh", one)
    assert readable(tmp_path, canary(2), canary(3)) == []
    history.close()


@pytest.mark.parametrize("how", ["removed", "replaced"])
def test_feedback_that_is_taken_back_is_gone(tmp_path: Path, how: str) -> None:
    feedback = Feedback.open(tmp_path)
    answer = Answer("Cầu nào?", "Ba Son [1]", "vi", 0.9, (QUOTE,), (HIT,))
    number = feedback.add(answer, "bad", correction=canary(1), comment=canary(2))
    assert readable(tmp_path, canary(1), canary(2))
    if how == "removed":
        feedback.remove(number)
    else:
        feedback.add(answer, "good", replaces=number)
    assert readable(tmp_path, canary(1), canary(2)) == []
    feedback.close()


def test_what_a_reader_holds_back_is_owed(tmp_path: Path) -> None:
    """A reader in the middle of reading keeps SQLite's log; the next change empties it."""
    history, other = History.open(tmp_path), History.open(tmp_path)
    one = history.create("linh", exchanges=[exchange(1, 50)])
    history._db._wait = 0.05
    other._db._db.execute("BEGIN")
    other.list("linh")
    history.delete("linh", one)
    other._db._db.execute("COMMIT")
    history.create("linh", "Khác")
    assert readable(tmp_path, canary(1)) == []
    history.close()
    other.close()
