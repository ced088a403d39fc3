"""Conversations on the server: kept, found again, and never shown to another."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.index.index import KEPT
from assistant.records import conversations as history_module
from assistant.records.conversations import History, HistoryError


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History.open(tmp_path)
    yield history
    history.close()


def said(question: str, answer: str = "Ông Tâm [1].") -> dict[str, object]:
    return {"question": question, "answer": answer, "citations": [{"number": 1, "quote": "“é”"}]}


def titles(found: tuple[history_module.Summary, ...]) -> list[str]:
    return [summary.title for summary in found]


def test_a_conversation_comes_back_as_it_was(history: History, tmp_path: Path) -> None:
    number = history.create("an", "Phường", [said("Ai là bí thư?")])
    history.append("an", number, said("Từ khi nào?", "Từ <b>2025</b>\n😀 [1]."))
    again = History.open(tmp_path)
    found = again.get("an", number)
    again.close()
    assert found.exchanges == (
        said("Ai là bí thư?"),
        said("Từ khi nào?", "Từ <b>2025</b>\n😀 [1]."),
    )
    assert (found.summary.title, found.summary.exchanges) == ("Phường", 2)
    assert found.summary.created < found.summary.updated


def test_the_first_question_is_the_title_until_it_is_renamed(history: History) -> None:
    number = history.create("an")
    assert history.get("an", number).summary.title == ""
    history.append("an", number, said("Ai là\n bí thư?"))
    history.append("an", number, said("Còn chủ tịch?"))
    assert titles(history.list("an")) == ["Ai là bí thư?"]
    history.rename("an", number, unicodedata.normalize("NFD", " Bí  thư "))
    assert titles(history.list("an")) == ["Bí thư"]
    with pytest.raises(HistoryError, match="at least one character"):
        history.rename("an", number, " \n")


def test_the_last_changed_comes_first(history: History) -> None:
    one, two, three = (history.create("an", title) for title in ("một", "hai", "ba"))
    history.append("an", one, said("Ai?"))
    assert titles(history.list("an")) == ["một", "ba", "hai"]
    assert titles(history.list("an", limit=1, offset=1)) == ["ba"]
    history.delete("an", three)
    assert titles(history.list("an")) == ["một", "hai"]
    assert two


def test_deleting_leaves_no_exchange_behind(history: History, tmp_path: Path) -> None:
    number = history.create("an", "", [said("Câu hỏi riêng tư")])
    history.delete("an", number)
    with pytest.raises(HistoryError, match="no conversation"):
        history.get("an", number)
    assert history.search("an", "riêng tư") == ()
    history.close()
    data = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert "riêng tư".encode() not in data


# Owners


@pytest.mark.parametrize(
    "attempt",
    [
        lambda history, number: history.get("binh", number),
        lambda history, number: history.append("binh", number, said("?x")),
        lambda history, number: history.rename("binh", number, "của tôi"),
        lambda history, number: history.delete("binh", number),
        lambda history, number: history.get("AN", number),
        lambda history, number: history.get("an ", number),
        lambda history, number: history.get("an' OR '1'='1", number),
        lambda history, number: history.get("%", number),
        lambda history, number: history.get("", number),
    ],
)
def test_anothers_conversation_is_as_if_it_were_not_there(
    history: History, attempt: Callable[[History, str], object]
) -> None:
    number = history.create("an", "Riêng", [said("Ai?")])
    messages = []
    for wanted in (number, "0" * 16):
        with pytest.raises(HistoryError) as error:
            attempt(history, wanted)
        messages.append(str(error.value).replace(wanted, "…"))
    assert messages[0] == messages[1]
    assert history.get("an", number).exchanges == (said("Ai?"),)
    assert history.get("an", number).summary.title == "Riêng"


def test_lists_and_searches_show_only_the_owners(history: History) -> None:
    history.create("an", "Phường Lái Thiêu", [said("Ai là bí thư?")])
    history.create("binh", "Phường Tân Phước", [said("Ai là chủ tịch?")])
    for owner, title in (("an", "Phường Lái Thiêu"), ("binh", "Phường Tân Phước")):
        assert titles(history.list(owner)) == [title]
        assert titles(history.search(owner, "phuong")) == [title]
        assert titles(history.search(owner, "ai la")) == [title]
        assert titles(history.search(owner, "")) == [title]
    assert history.list("chi") == ()
    assert history.search("chi", "phuong") == ()


@pytest.mark.parametrize("owner", ["", "  ", "x" * 201, "an\x00", "an\ud800"])
def test_nobody_owns_nothing(history: History, owner: str) -> None:
    with pytest.raises(HistoryError, match="owner"):
        history.create(owner, "x")


# Searching


@pytest.mark.parametrize(
    "words",
    ["lai thieu", "LÁI THIÊU", unicodedata.normalize("NFD", "Lái Thiêu"), "thieu  dang", "đảng uy"],
)
def test_case_and_accents_do_not_count(history: History, words: str) -> None:
    history.create("an", "Một", [said("Ai là bí thư Đảng ủy phường Lái Thiêu?")])
    history.create("an", "Hai", [said("Giá vàng?")])
    assert titles(history.search("an", words)) == ["Một"]


def test_titles_and_answers_are_searched(history: History) -> None:
    history.create("an", "Chuyện phường", [said("Ai?", "Ông Nguyễn Thanh Tâm [1].")])
    assert titles(history.search("an", "chuyen")) == ["Chuyện phường"]
    assert titles(history.search("an", "thanh tam")) == ["Chuyện phường"]
    assert history.search("an", "chuyen vang") == ()


@pytest.mark.parametrize("words", ["%", "_", "' OR 1=1 --", '"', "*", "a* OR b", "\x00"])
def test_signs_of_query_languages_are_plain_text(history: History, words: str) -> None:
    history.create("an", "Một", [said("Ai?", "Tâm")])
    assert history.search("an", words) == ()


# Limits


def test_sizes_are_limited(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_CONVERSATIONS", 2)
    monkeypatch.setattr(history_module, "MOST_EXCHANGES", 2)
    one = history.create("an", "x" * 1000, [said("Ai?"), said("Ai?")])
    assert len(history.get("an", one).summary.title) == 120
    with pytest.raises(HistoryError, match="begin a new one"):
        history.append("an", one, said("Ai?"))
    with pytest.raises(HistoryError, match="begin a new one"):
        history.create("an", "", [said("Ai?")] * 3)
    assert len(history.list("an")) == 1  # all of it or nothing
    two = history.create("an")
    with pytest.raises(HistoryError, match="2 conversations are kept"):
        history.create("an")
    history.create("binh")  # another's do not count
    with pytest.raises(HistoryError, match="too long"):
        history.append("an", two, said("Ai?", "x" * 200_000))
    assert history.get("an", two).exchanges == ()


@pytest.mark.parametrize(
    "exchange",
    [{}, {"question": 5}, {"question": "x", "answer": None}, {"question": "x", "more": {1, 2}}],
)
def test_what_is_no_exchange_is_refused(history: History, exchange: dict[str, object]) -> None:
    number = history.create("an")
    with pytest.raises(HistoryError, match="exchange") as error:
        history.append("an", number, exchange)
    assert "\n" not in str(error.value)


def test_an_exchange_is_replaced_where_it_stands(history: History) -> None:
    number = history.create("an", exchanges=[said("Ai?"), said("Ở đâu?")])
    history.replace("an", number, 2, said("Ở đâu?", "Ở Huế."))
    first, second = history.get("an", number).exchanges
    assert (first["question"], second["answer"]) == ("Ai?", "Ở Huế.")
    assert [one.id for one in history.search("an", "hue")] == [number]
    for owner, place in (("an", 0), ("an", 3), ("binh", 1)):
        with pytest.raises(HistoryError, match=r"There is no|has no exchange"):
            history.replace(owner, number, place, said("Khác?"))


def test_threads_lose_no_exchange(history: History) -> None:
    number = history.create("an")

    def many(name: str) -> None:
        for i in range(20):
            history.append("an", number, said(f"{name}{i}"))

    threads = [threading.Thread(target=many, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = [exchange["question"] for exchange in history.get("an", number).exchanges]
    assert sorted(asked) == sorted(f"{name}{i}" for name in "abcd" for i in range(20))
    assert [q for q in asked if q[0] == "a"] == [f"a{i}" for i in range(20)]


def test_no_rebuild_takes_it_away() -> None:
    assert history_module.FILE in KEPT
