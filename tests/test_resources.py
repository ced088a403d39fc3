"""``/api/v1`` beside asking: articles in and out, opinions, cards, conversations, choices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.testclient import TestClient

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.records import cards
from assistant.records.feedback import Feedback
from assistant.server import application
from assistant.server.credentials import Keys
from assistant.settings import Settings

LINES = "Ông Lê Văn Mười là chủ tịch xã Bình Lợi.\nBà Trần Thị Bảy dạy học ở Bến Tre.\n"
QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"


@pytest.fixture
def folder(tmp_path: Path, fake_encoder: None) -> Path:
    settings = Settings(index=tmp_path / "index")
    (tmp_path / "one.txt").write_text(LINES, "utf-8")
    index = Index.create(settings)
    index.update(read_articles([tmp_path / "one.txt"]), [tmp_path / "one.txt"], settings)
    index.close()
    return tmp_path


@pytest.fixture
def client(folder: Path) -> Iterator[TestClient]:
    with opened(folder) as found:
        yield found


def opened(folder: Path, **changes: Any) -> TestClient:
    settings = Settings(index=folder / "index", **changes)
    assistant = Assistant(Index.open(settings), settings)
    return TestClient(application.app(assistant, settings), base_url="http://127.0.0.1")


def answer(client: TestClient, **more: Any) -> dict[str, Any]:
    reply = client.post("/api/v1/answer", json={"question": QUESTION} | more)
    assert reply.status_code == 200, reply.text
    return dict(reply.json())


@pytest.fixture
def asked(seed_assistant: Assistant, tmp_path: Path) -> Iterator[TestClient]:
    """A server with the real model, which keeps what is written in a folder of its own."""
    settings = seed_assistant.settings.model_copy(update={"index": tmp_path})
    with TestClient(
        application.app(seed_assistant, settings), base_url="http://127.0.0.1"
    ) as found:
        yield found


def test_a_question_may_bring_its_own_settings(asked: TestClient) -> None:
    assert len(answer(asked)["hits"]) == 5
    assert len(answer(asked, top_k=1)["hits"]) == 1
    strict = Settings(strictness="strict").least_confidence
    for question in ("Phường nào làm đô thị thông minh?", QUESTION):
        sure = answer(asked, question=question)["confidence"] >= strict
        told = answer(asked, question=question, strictness="strict")
        assert told["grounding"] == ("grounded" if sure else "refused")
    reply = asked.post("/api/v1/answer", json={"question": QUESTION, "llm": "openai:gpt-x"})
    assert reply.status_code == 422
    assert "'openai:gpt-x' cannot be used here; use none" in reply.json()["detail"]


def test_the_models_are_those_that_can_be_used(folder: Path) -> None:
    with opened(folder, model_choice=False) as client:
        assert client.get("/api/v1/models").json() == {"models": ["none"], "default": "none"}


def test_articles_come_and_go(client: TestClient) -> None:
    text = "Ông Phan Văn Chín nuôi tôm ở Cà Mau."
    reply = client.post("/api/v1/articles?name=tôm.txt", content=text.encode())
    assert reply.status_code == 201
    (head,) = reply.json()["articles"]
    assert client.get(f"/api/v1/articles/{head['id']}").json()["text"] == text
    found = client.get("/api/v1/articles", params={"search": "phan van chin"}).json()
    assert [one["id"] for one in found["articles"]] == [head["id"]]
    gone = client.delete(f"/api/v1/articles/{head['id']}")
    assert (gone.status_code, gone.json()) == (200, {"file_stays": False})
    assert client.delete(f"/api/v1/articles/{head['id']}").status_code == 404
    assert client.get("/api/v1/articles").json()["total"] == 1


def test_a_file_that_is_no_article_is_a_problem_of_one_line(client: TestClient) -> None:
    reply = client.post("/api/v1/articles?name=a.txt", content=b"\x00")
    assert reply.status_code == 422
    assert reply.json()["detail"] == "a.txt is a binary file: save its text as UTF-8"


def test_articles_stay_where_the_settings_say_so(folder: Path) -> None:
    with opened(folder, corpus_changes=False) as client:
        head = client.get("/api/v1/articles").json()["articles"][0]
        assert client.post("/api/v1/articles?name=a.txt", content=b"x").status_code == 403
        assert client.delete(f"/api/v1/articles/{head['id']}").status_code == 403
        assert client.get("/api/v1/articles").json()["total"] == 1


def test_a_page_of_another_site_changes_nothing(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}
    reply = client.post("/api/v1/articles?name=a.txt", content=b"x", headers=headers)
    assert reply.status_code == 403


def test_an_answer_becomes_an_opinion_and_a_card(asked: TestClient, tmp_path: Path) -> None:
    given = answer(asked)
    reply = asked.post("/api/v1/feedback", json={"answer": given, "opinion": "good"})
    assert (reply.status_code, reply.json()) == (201, {"id": 1})
    wrong = {"answer": given, "opinion": "good", "reason": "other"}
    reply = asked.post("/api/v1/feedback", json=wrong)
    assert reply.status_code == 422 and "A good answer has no reason" in reply.json()["detail"]
    reply = asked.post("/api/v1/feedback", json={"answer": {"x": 1}, "opinion": "good"})
    assert reply.status_code == 422
    for suffix in (".md", ".html", ".json"):
        reply = asked.post("/api/v1/cards", json={"answers": [given], "suffix": suffix})
        assert f'filename="assistant{suffix}"' in reply.headers["content-disposition"]
        path = tmp_path / f"card{suffix}"
        path.write_bytes(reply.content)
        assert cards.load_card(path).exchanges[0].answer == given["answer"]


def test_a_card_has_the_name_it_is_given(asked: TestClient) -> None:
    body = {"answers": [answer(asked)], "suffix": ".html", "title": "Phường: hai/ba?"}
    reply = asked.post("/api/v1/cards", json=body)
    (_, named) = reply.headers["content-disposition"].split("filename*=UTF-8''")
    assert unquote(named) == "Phường hai ba.html"
    assert "<h1>Phường: hai/ba?</h1>" in reply.text


def test_an_opinion_is_changed_not_added(asked: TestClient, tmp_path: Path) -> None:
    given = answer(asked)

    def judge(opinion: str, **more: Any) -> int:
        reply = asked.post("/api/v1/feedback", json={"answer": given, "opinion": opinion} | more)
        assert reply.status_code == 201, reply.text
        return int(reply.json()["id"])

    number = judge("good")
    number = judge("bad", replaces=number, comment="sai")
    number = judge("bad", replaces=number, comment="vẫn sai")
    assert judge("good", replaces=10**6) != number  # there is none: it is added
    store = Feedback.open(tmp_path)
    assert [(r.opinion, r.comment) for r in store.records()] == [("bad", "vẫn sai"), ("good", "")]
    store.close()


def test_a_card_is_verified(asked: TestClient) -> None:
    given = answer(asked)
    for suffix in (".md", ".html", ".json"):
        card = asked.post("/api/v1/cards", json={"answers": [given], "suffix": suffix}).text

        def verified(text: str, name: str = f"thẻ{suffix}") -> Any:
            address = "/api/v1/cards/verify"
            return asked.post(address, params={"name": name}, content=text.encode())

        found = verified(card).json()
        assert (found["sound"], found["intact"], found["sealed"]) == (True, True, True)
        assert found["file"] == f"thẻ{suffix}"
        assert {one["standing"] for one in found["citations"]} == {"holds"}
        found = verified(card.replace("Nguyễn Thanh Tâm", "Lê Văn A")).json()
        assert (found["sound"], found["intact"]) == (False, False)
        for text, name in ((card, "/etc/passwd"), ("xin chào", f"a{suffix}"), ("\udcff", "a.pdf")):
            reply = verified(text.encode("utf-8", "ignore").decode(), name)
            assert (reply.status_code, reply.json()["status"]) == (422, 422)
            assert "/etc" not in reply.json()["detail"]


def test_a_card_that_is_too_large_is_not_read(folder: Path) -> None:
    with opened(folder, max_body=2000) as client:
        reply = client.post("/api/v1/cards/verify?name=a.md", content=b"x" * 3000)
    assert reply.status_code == 413


def test_conversations_belong_to_who_has_signed_in(folder: Path) -> None:
    an, binh = (Keys(folder / "keys").add(name) for name in ("an", "binh"))
    with opened(folder, keys=folder / "keys") as client:

        def call(key: str, method: str, path: str = "", **more: Any) -> Any:
            headers = {"Authorization": f"Bearer {key}"}
            address = f"/api/v1/conversations{path}"
            return client.request(method, address, headers=headers, **more)

        exchange = {"question": QUESTION, "answer": "Ông Lê Văn Mười."}
        number = call(an, "POST", json={"exchanges": [exchange]}).json()["id"]
        call(an, "POST", f"/{number}/exchanges", json=exchange)
        assert call(an, "PATCH", f"/{number}", json={"title": "Xã"}).status_code == 200
        (summary,) = call(an, "GET", "?search=le+van+muoi").json()["conversations"]
        assert (summary["title"], summary["exchanges"]) == ("Xã", 2)
        assert call(an, "GET", f"/{number}").json()["exchanges"] == [exchange, exchange]
        told = exchange | {"opinion": {"id": 1, "value": "good"}}
        assert call(an, "PUT", f"/{number}/exchanges/2", json=told).status_code == 200
        assert call(an, "GET", f"/{number}").json()["exchanges"] == [exchange, told]
        assert call(an, "PUT", f"/{number}/exchanges/3", json=told).status_code == 404
        assert call(an, "PUT", f"/{number}/exchanges/1", json={}).status_code == 422
        assert call(an, "PATCH", "/none", json={"title": "Một"}).status_code == 404
        assert call(an, "POST", "/none/exchanges", json=told).status_code == 404
        assert call(binh, "PUT", f"/{number}/exchanges/1", json=told).status_code == 404
        assert call(binh, "GET").json() == {"conversations": []}
        assert call(binh, "GET", f"/{number}").status_code == 404
        assert call(binh, "DELETE", f"/{number}").status_code == 404
        assert call(an, "DELETE", f"/{number}").status_code == 200
        assert call(an, "GET").json() == {"conversations": []}


def test_nobody_in_particular_has_no_conversations(client: TestClient) -> None:
    reply = client.get("/api/v1/conversations")
    assert reply.status_code == 403
    assert json.loads(reply.text)["detail"] == (
        "Conversations are kept for people who have signed in"
    )
