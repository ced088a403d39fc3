"""A filter by every way in: HTTP, MCP, the command line, LangChain, the page's session."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from assistant.answering import schemas
from assistant.answering.answer_options import Choice
from assistant.answering.assistant import Assistant
from assistant.cli import main
from assistant.index.catalog import Facts, Reading
from assistant.langchain import ArticleRetriever
from assistant.page._answer_html import reply
from assistant.page._filter_panel import filter_from, filter_of
from assistant.page._running_answer import Run
from assistant.page._session import Session
from assistant.page.labels import LABELS
from assistant.records.card_rendering import html_page, markdown
from assistant.records.cards import make
from assistant.records.exchange import Exchange, answer_from_json
from assistant.settings import Settings
from assistant.types import (
    Answer,
    Citation,
    Filter,
    FilterError,
    Finished,
    IndexFault,
    ResolvedDate,
    Span,
)
from tests.served import BRIDGE, Scripted, served

QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"
LIMITS = Filter("2025-08-01", "2025-08-31", "Tuổi Trẻ", "Lê Hòa")
QUOTE = Citation(1, "bridge", "Cầu", 0, 6, "Cầu Ba", True, (Span(0, 3),))
ANSWER = Answer(
    "?", "hôm qua (1/1/2025) [1]\n\nTheo bài viết:\n“Cầu Ba” [1]", "vi", 0.9, (QUOTE,),
    short="hôm qua", filter=LIMITS,
    dates=(ResolvedDate(1, "hôm qua", "2025-01-01", "2025-01-01"),), as_of="2025-01-02",
)  # fmt: skip
REFUSED = Answer("?", "Không bài nào cho biết.", "vi", 0.1, (), filter=LIMITS)
FIELDS = {"since": "2025-08-01", "until": "2025-08-31", "source": "Tuổi Trẻ", "author": "Lê Hòa"}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with served(Scripted(), Settings(requests_a_minute=0)) as found:
        yield found


def test_http_asks_of_what_the_body_limits(client: httpx.Client) -> None:
    body = {"question": "Cầu?", **FIELDS}
    told = client.post("/api/v1/answer", json=body).json()
    assert told["filter"] == FIELDS
    assert "filter" not in client.post("/api/v1/answer", json={"question": "Cầu?"}).json()
    streamed = client.post("/api/v1/answer", json={**body, "stream": True}).text
    finished = streamed.rpartition("event: finished\ndata: ")[2]
    assert json.loads(finished)["filter"] == FIELDS
    assert client.post("/api/v1/search", json=body).status_code == 200


@pytest.mark.parametrize(
    ("spoken", "line"),
    [
        ("vi-VN,vi", "Không có bài nào của báo “lạ”; gần nhất: Tuổi Trẻ"),
        ("en", "No article is from “lạ”; nearest: Tuổi Trẻ"),
    ],
)
@pytest.mark.parametrize(
    ("path", "more"), [("search", {}), ("answer", {}), ("answer", {"stream": True})]
)
def test_a_wrong_filter_is_told_in_the_readers_language(
    client: httpx.Client, spoken: str, line: str, path: str, more: dict[str, bool]
) -> None:
    body = {"question": "Cầu?", "source": "lạ", **more}
    found = client.post(f"/api/v1/{path}", json=body, headers={"accept-language": spoken})
    assert (found.status_code, found.json()["detail"]) == (422, line)


def test_openapi_describes_the_filter(client: httpx.Client) -> None:
    schemas_there = client.get("/openapi.json").json()["components"]["schemas"]
    for body in ("SearchBody", "AnswerBody"):
        assert FIELDS.keys() <= schemas_there[body]["properties"].keys()
    assert "without a date" in schemas_there["AnswerBody"]["properties"]["since"]["description"]


def test_the_index_of_one_article_within_and_outside_of_limits(
    seed_assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    (article,) = seed_assistant.articles()
    known = {article.id: Facts("Báo Tuổi Trẻ", "", "2025-08-05")}
    monkeypatch.setattr(Reading, "facts", lambda self: known)
    inside = Filter(since="5/8/2025", until="5/8/2025", source="tuoi tre")
    answer = seed_assistant.answer(QUESTION, filter=inside)
    assert answer.citations == seed_assistant.answer(QUESTION).citations
    assert answer.filter == Filter("2025-08-05", "2025-08-05", "Báo Tuổi Trẻ")
    assert seed_assistant.retrieve(QUESTION, filter=inside) == seed_assistant.retrieve(QUESTION)
    outside = Filter(until="1/1/2001")
    assert seed_assistant.retrieve(QUESTION, filter=outside) == []
    for question in (QUESTION, "Tóm tắt bài báo", "Xin chào"):
        refused = seed_assistant.answer(question, filter=outside)
        assert (refused.grounding, refused.closest, refused.hits) == ("refused", None, ())
        assert "giới hạn" in refused.text
    with pytest.raises(FilterError, match="nearest: "):
        next(iter(seed_assistant.stream(QUESTION, filter=Filter(source="Báo Không Có"))))
    retriever = ArticleRetriever(assistant=seed_assistant, k=2, filter=outside)
    assert retriever.invoke(QUESTION) == []
    assert len(retriever.invoke(QUESTION, filter=inside)) == 2


def test_the_command_line(
    seed_assistant: Assistant, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assistant.commands.asking.opened", lambda options: seed_assistant)
    assert main(["search", QUESTION, "--until", "1/1/2001"]) == 0
    assert capsys.readouterr().out == "Nothing found.\n"
    assert main(["ask", QUESTION, "--since", "1/1/2001", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["filter"]["since"] == "2001-01-01"
    assert main(["ask", QUESTION, "--since", "mai"]) == 2
    error = capsys.readouterr().err
    assert error == "assistant: “mai” is no day; write it like 5/8/2025 or 2025-08-05\n"
    assert "torch" in sys.modules  # the real assistant answered


def test_mcp_names_the_limits_of_both_tools() -> None:
    import anyio
    from mcp import Client

    from assistant.server import mcp_tools
    from assistant.server._http_api import Answering

    async def tried() -> None:
        server = mcp_tools.server(Answering(Scripted(), Settings()))
        async with Client(server) as mcp:
            told = await mcp.call_tool("answer", {"question": "Cầu?", **FIELDS})
            assert told.structured_content["filter"] == FIELDS
            for tool in ("search", "answer"):
                wrong = await mcp.call_tool(tool, {"question": "Cầu?", "source": "lạ"})
                assert wrong.is_error
                assert "No article is from" in wrong.content[0].text

    anyio.run(tried)


def gone(article_id: str) -> object:
    raise IndexFault("gone")


def test_limits_and_computed_days_are_kept_with_the_answer() -> None:
    exchange = Exchange("?").after(Finished(ANSWER))
    kept = json.loads(json.dumps(exchange.to_json()))
    assert kept["filter"] == FIELDS
    assert kept["dates"] == [
        {"number": 1, "words": "hôm qua", "first": "2025-01-01", "last": "2025-01-01"}
    ]
    back = Exchange.from_json(kept, lambda _: BRIDGE)
    assert back.filter == LIMITS
    assert back.answer and (back.answer.dates, back.answer.as_of) == (ANSWER.dates, ANSWER.as_of)
    plain = schemas.full_answer_json(Answer("?", "x", "vi", 0.9, ()))
    assert not {"filter", "dates", "as_of"} & plain.keys()
    assert not answer_from_json(plain, lambda _: BRIDGE).filter


def test_a_card_tells_the_limits_and_one_without_is_as_before() -> None:
    card = make([ANSWER], lambda _: BRIDGE)
    for page in (html_page(card), markdown(card).replace("\\", "")):
        assert "Giới hạn: từ 01/08/2025, đến 31/08/2025, Tuổi Trẻ, Lê Hòa" in page
    assert not card.edited
    bare = make([replace(ANSWER, filter=Filter(), dates=(), as_of="")], lambda _: BRIDGE)
    assert not {"filter", "dates", "as_of"} & bare.to_json()["exchanges"][0].keys()


@pytest.mark.parametrize(
    ("language", "chip", "button"),
    [
        ("vi", "từ 1/8/2025 · đến 31/8/2025 · Tuổi Trẻ · Lê Hòa", "Hỏi lại, không giới hạn"),
        ("en", "since 1 Aug 2025 · until 31 Aug 2025 · Tuổi Trẻ", "Ask again, without limits"),
    ],
)
def test_the_page_shows_the_limits_and_offers_to_ask_without(
    language: str, chip: str, button: str
) -> None:
    import html

    labels = LABELS[language]  # type: ignore[index]
    told = html.unescape(reply(Exchange("?", slot="ab").after(Finished(ANSWER)), labels))
    assert chip in told
    assert f'title="{labels.computed}">(1/1/2025)</span>' in told
    refused = html.unescape(reply(Exchange("?", slot="ab").after(Finished(REFUSED)), labels))
    assert chip in refused and button in refused
    assert 'name="unlimited" value="ab"' in refused
    free = Exchange("?").after(Finished(replace(REFUSED, filter=Filter())))
    assert 'class="limited"' not in reply(free, labels)


def test_a_wrong_filter_is_said_on_the_page_in_its_language() -> None:
    wrong = FilterError("x", "source", value="lạ", known="Tuổi Trẻ")

    def stream(*_: object) -> Iterator[Finished]:
        raise wrong
        yield

    (done,) = Run(Exchange("?")).follow(stream, gone, list)  # type: ignore[arg-type]
    for language, line in (("vi", "Không có bài nào của báo"), ("en", "No article is from")):
        assert line in reply(done, LABELS[language])  # type: ignore[index]


def test_a_question_asked_again_keeps_its_limits_unless_they_are_lifted() -> None:
    session = Session()

    def asked(choice: Choice, **more: object) -> Filter:
        slot = session.slots()[-1].name if session.runs else ""
        run = session.begin("?", choice, slot, **more)  # type: ignore[arg-type]
        assert run
        assert run.exchange.filter == run.choice.filter
        run.exchange = run.exchange.after(Finished(replace(REFUSED, filter=run.choice.filter)))
        return run.choice.filter

    assert asked(Choice(filter=LIMITS)) == LIMITS
    assert asked(Choice()) == LIMITS
    assert asked(Choice(filter=Filter(source="Khác"))) == Filter(source="Khác")
    assert asked(Choice(), unlimited=True) == Filter()
    assert asked(Choice()) == Filter()


def test_what_the_fields_and_the_browser_hold() -> None:
    assert filter_of([" 5/8/2025 ", None, "", "Lê Hòa"]) == Filter("5/8/2025", "", "", "Lê Hòa")
    assert filter_from(json.dumps(FIELDS)) == LIMITS
    for nothing in (None, "", "{", "[]", "3", '{"x": 1}'):
        assert filter_from(nothing) == Filter()
