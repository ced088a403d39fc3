"""Articles that are added to an open index and removed from it, while it answers."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from starlette.testclient import TestClient

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index import encoder
from assistant.index._locks import locked
from assistant.index.encoder import SentenceEncoder
from assistant.index.folder import clear
from assistant.index.index import SLICE, Index
from assistant.server import application
from assistant.server._uploads import Uploads
from assistant.settings import Settings
from assistant.types import CorpusError, IndexFault, Vectors

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


def test_a_file_may_be_larger_than_other_requests(uploads: Uploads) -> None:
    settings = uploads.settings.model_copy(update={"max_body": 2000, "max_upload": 5000})
    app = application.app(Assistant(uploads.index, settings), settings)
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def sent(size: int) -> int:
            data = f"Tin {size}. {SENT} ".encode().ljust(size)
            return client.post("/api/v1/articles?name=tin.txt", content=data).status_code

        assert client.get("/api/v1/uploads").json()["largest"] == 5000
        assert (sent(4000), sent(5001)) == (201, 413)
        asked = client.post("/api/v1/answer", json={"question": "?" * 3000})
        assert asked.status_code == 413


def texts(uploads: Uploads) -> list[str]:
    """Shortest first: the seed, what was sent, others."""
    found = [article.text for article in uploads.index.catalog.articles()]
    return sorted(found, key=lambda text: (len(text), text))


def files(uploads: Uploads) -> list[str]:
    return sorted(path.name for path in uploads.folder.iterdir())


def test_a_refusal_says_which_language_it_is_in(uploads: Uploads) -> None:
    app = application.app(Assistant(uploads.index, uploads.settings), uploads.settings)
    client = TestClient(app, base_url="http://127.0.0.1")
    gone = client.delete("/api/v1/articles/0000000000000000", headers={"Accept-Language": "vi"})
    assert gone.status_code == 404
    assert gone.headers["content-language"] == "en"
    wrong = {"name": "a.exe", "mark": "m"}
    for language in ("vi", "en"):
        spoken = {"Accept-Language": language}
        found = client.post("/api/v1/articles", params=wrong, content=b"x", headers=spoken)
        assert found.status_code == 422
        assert found.headers["content-language"] == language
        assert ("không được nhận" in found.json()["detail"]) == (language == "vi")


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
        ("a.jpg", b"x", r"^a\.jpg is not taken: name \.csv, \.docm, \.docx, "),
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


def test_what_came_from_the_web_names_its_address_for_good(uploads: Uploads) -> None:
    address = 'https://bao.example/nắng?a="b"&c'
    (added,) = uploads.add("hai.txt", SENT.encode(), address).articles
    assert added.source == address
    (again,) = read_articles([uploads.folder]).articles
    assert (again.id, again.source) == (added.id, address)
    assert not uploads.remove(added.id)
    assert files(uploads) == []
    with pytest.raises(CorpusError):
        uploads.add("a.txt", b" ", address)
    assert uploads.add("same.txt", SEED.encode(), address).known == 1
    assert files(uploads) == []


# What is pasted is a file with front matter; static/panels.js writes it so.


@pytest.mark.parametrize(
    ("front", "title"),
    [
        (r'"Giá: 5.000 đ \"tăng\" — #1"', 'Giá: 5.000 đ "tăng" — #1'),
        (r'"--- {a: [b]} & *c \\ %"', "--- {a: [b]} & *c \\ %"),
        (r'"\ud83d 😀"', "😀"),  # half a character is none
        ('"yes"', "yes"),
    ],
)
def test_facts_in_front_of_a_text_are_read_as_they_were_typed(
    uploads: Uploads, front: str, title: str
) -> None:
    text = f'---\ntitle: {front}\nsource: "Báo: Mới"\ndate: "2025-08-05"\n---\n---\n{SENT}'
    (added,) = uploads.add("a.txt", text.encode()).articles
    assert (added.title, added.source, added.date) == (title, "Báo: Mới", "2025-08-05")
    assert added.text.endswith(SENT)


# While articles are added


@contextmanager
def stuck(uploads: Uploads, data: bytes, after: int) -> Iterator[threading.Thread]:
    """Adds tin.zip in a thread, whose encoder stands still before slice number ``after``."""
    embed, slices = uploads.index.encoder.embed_passages, []
    reached, go_on = threading.Event(), threading.Event()

    def slow(texts: Sequence[str]) -> Vectors:
        slices.append(texts)
        if len(slices) == after + 1:
            reached.set()
            assert go_on.wait(20)
        return embed(texts)

    uploads.index.encoder.embed_passages = slow  # type: ignore[method-assign]
    thread = threading.Thread(target=uploads.add, args=("tin.zip", data, "", "mark"))
    thread.start()
    try:
        assert reached.wait(20)
        yield thread
    finally:
        go_on.set()
        thread.join(20)


def packed(count: int) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for i in range(count):
            archive.writestr(f"{i}.txt", f"Bài số {i} nói về nắng ở Vinh.")
    return data.getvalue()


def test_a_question_is_answered_while_articles_are_added(uploads: Uploads) -> None:
    assistant = Assistant(uploads.index, uploads.settings)
    client = TestClient(
        application.app(assistant, uploads.settings.model_copy(update={"page": False})),
        base_url="http://127.0.0.1",
    )

    def found() -> list[str]:
        reply = client.post("/api/v1/search", json={"question": "nắng ở Vinh", "top_k": 100})
        return [hit["text"] for hit in reply.json()["hits"]]

    with stuck(uploads, packed(70), after=2):  # 64 articles are embedded, 6 are not
        began = time.perf_counter()
        assert found() == [SEED]
        assert time.perf_counter() - began < 5
        assert client.get("/api/v1/articles").json()["total"] == 1  # all come at once
    assert len(found()) == 71


def test_an_index_that_another_is_writing_answers_as_it_is(uploads: Uploads) -> None:
    reader = Index.open(uploads.settings)
    generation = reader.lexical.stamp.generation
    with uploads.index.catalog.change() as changes:  # as a version before did: without indexes
        changes.raise_generation(generation + 1)
    with locked(uploads.index.folder):  # another makes them
        reader.refresh()
    assert reader.lexical.stamp.generation == reader.dense.stamp.generation == generation
    reader.refresh()
    assert reader.lexical.stamp.generation == reader.catalog.generation == generation + 1
    reader.close()


def test_what_another_has_committed_is_answered_from_while_it_goes_on(uploads: Uploads) -> None:
    reader = Index.open(uploads.settings)
    uploads.add("hai.txt", SENT.encode())
    with locked(uploads.index.folder):
        reader.refresh()
    assert reader.lexical.stamp.generation == reader.dense.stamp.generation == 2
    reader.close()


def test_progress_is_told_in_characters_of_what_is_added(uploads: Uploads) -> None:
    assert uploads.progress("mark") == (0, 0)
    with stuck(uploads, packed(SLICE * 2), after=1):
        done, total = uploads.progress("mark")
        assert total == sum(len(f"Bài số {i} nói về nắng ở Vinh.") for i in range(SLICE * 2))
        assert abs(done - total / 2) < 20  # the longer half
        assert uploads.progress("another") == uploads.progress("") == (0, 0)
    assert uploads.progress("mark") == (0, 0)


class _SlowModel:
    """Takes 20 ms for whatever it is given at once; ``given`` is what that was."""

    is_local, dimension, longest = True, 2, 512

    def __init__(self) -> None:
        self.given: list[list[str]] = []

    def tokens(self, text: str) -> int:
        return len(text)

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.given.append(list(texts))
        time.sleep(0.02)
        return np.array([[len(text), 1] for text in texts], np.float32)


def slow_encoder() -> tuple[SentenceEncoder, _SlowModel]:
    found, model = SentenceEncoder(Settings()), _SlowModel()
    found.__dict__["_models"] = SimpleNamespace(passages=model, questions=model)
    return found, model


def test_a_question_waits_for_one_slice_of_the_texts_that_are_embedded() -> None:
    slow, model = slow_encoder()
    texts = ["x" * encoder.SLICE] * 50  # a second
    adding = threading.Thread(target=slow.embed_passages, args=(texts,))
    adding.start()
    waited = []
    for _ in range(10):
        time.sleep(0.03)
        before = len(model.given)
        slow.embed_questions(["Ai?"])
        waited.append(model.given.index(["query: Ai?"], before) - before)
    assert adding.is_alive()
    assert sum(waited) <= 3  # slices that began after the question came: now and then, just then
    adding.join(20)
    assert len(model.given) == 60


def test_slices_give_every_text_its_own_vector() -> None:
    slow, model = slow_encoder()
    texts = [chr(97 + i % 26) * (i * 37 % 2000) for i in range(100)]
    vectors = slow.embed_passages(texts)
    lengths = [len("passage: ") + len(text) for text in texts]
    assert np.allclose(vectors[:, 0] / vectors[:, 1], lengths)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1)
    for given in model.given:
        assert len(given) * max(map(len, given)) <= encoder.SLICE or len(given) == 1
    assert slow.embed_passages([]).shape == (0, 2)
