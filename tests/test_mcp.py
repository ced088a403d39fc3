"""The tools, with the client of the mcp package: in process of its own, and over HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from assistant.answering.assistant import Assistant
from assistant.server._http_api import TurnBody
from assistant.server.credentials import COOKIE, Keys, Users
from assistant.settings import Settings
from assistant.types import Turn
from tests.served import Scripted, served
from tests.test_server import seed_questions

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def seed(seed_assistant: Assistant) -> Iterator[httpx.Client]:
    with served(seed_assistant, Settings(requests_a_minute=0)) as found:
        yield found


@pytest.fixture(scope="module")
def scripted() -> Iterator[httpx.Client]:
    with served(Scripted(), Settings()) as found:
        yield found


def over_http(client: httpx.Client) -> Client:
    return Client(f"{client.base_url}/mcp")


def by_stdio(index: Path) -> Client:
    arguments = ["-m", "assistant.cli", "mcp", "--index", str(index)]
    return Client(StdioServerParameters(command=sys.executable, args=arguments, cwd=ROOT))


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    found = await client.call_tool(tool, arguments)
    assert not found.is_error, found.content
    assert json.loads(found.content[0].text) == found.structured_content
    return found.structured_content


async def agree(client: Client, assistant: Assistant) -> None:
    """Every answer through ``client`` is the assistant's own."""
    for question in seed_questions():
        answer = assistant.answer(question)
        found = await call(client, "answer", question=question)
        assert found["answer"] == answer.text
        assert found["grounding"] == answer.grounding
        spans = [(c["number"], c["article_id"], c["start"], c["end"], c["quote"], c["verified"])
                 for c in found["citations"]]  # fmt: skip
        assert spans == [
            (c.number, c.article_id, c.start, c.end, c.quote, c.verified) for c in answer.citations
        ]
        for citation in found["citations"]:
            start, end = citation["start"], citation["end"]
            opened = await call(
                client,
                "open_article",
                article_id=citation["article_id"],
                start=start,
                length=end - start,
            )
            assert opened["text"] == citation["quote"]


async def test_over_http_the_answers_are_the_same(
    seed: httpx.Client, seed_assistant: Assistant
) -> None:
    async with over_http(seed) as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert tools == {"search", "answer", "open_article"}
        await agree(client, seed_assistant)


@pytest.mark.slow
async def test_by_stdio_the_answers_are_the_same(seed_assistant: Assistant) -> None:
    async with by_stdio(seed_assistant.settings.index) as client:
        await agree(client, seed_assistant)
        hits = await call(client, "search", question="nhà ở xã hội", top_k=2)
        own = seed_assistant.retrieve("nhà ở xã hội", 2)
        assert [hit["text"] for hit in hits["hits"]] == [hit.text for hit in own]


async def test_the_history_reaches_the_assistant(scripted: httpx.Client) -> None:
    async with over_http(scripted) as client:
        turns = [{"question": "Q", "answer": "A"}]
        found = await call(client, "answer", question="Và?", history=turns)
        assert found["answer"] == "(Q → A) Và? [1]"
        assert TurnBody(**turns[0], query="S").turn() == Turn("Q", "A", "S")


@pytest.mark.parametrize("way", ["key", "cookie", "wrong key", "nothing", "page"])
async def test_a_key_opens_it_and_strangers_stay_out(tmp_path: Path, way: str) -> None:
    users, keys = Users(tmp_path / "users"), Keys(tmp_path / "keys")
    users.add("linh", "một mật khẩu dài")
    key = keys.add("reports")
    settings = Settings(users=users.path, keys=keys.path, page=False)
    with served(Scripted(), settings) as found:
        found.post("/login", data={"name": "linh", "password": "một mật khẩu dài"})
        headers = {
            "key": {"authorization": f"Bearer {key}"},
            "cookie": {"cookie": f"{COOKIE}={found.cookies[COOKIE]}"},
            "wrong key": {"authorization": f"Bearer {key}x"},
            "nothing": {},
            "page": {"authorization": f"Bearer {key}", "origin": "https://evil.example"},
        }[way]
        async with httpx2.AsyncClient(headers=headers) as web:
            transport = streamable_http_client(f"{found.base_url}/mcp", http_client=web)
            try:
                async with Client(transport) as client:
                    told = await call(client, "answer", question="Cầu nào?")
            except Exception:  # what the client raises for a refusal differs by version
                told = {}
    assert told.get("answer") == ("() Cầu nào? [1]" if way in ("key", "cookie") else None)


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("open_article", {"article_id": "none"}, "No article has this id"),
        ("answer", {"question": "quá tải"}, "The model is busy"),
        ("answer", {"question": "x" * 20_001}, "20000 are the most"),
        ("answer", {"question": "hỏng"}, "answer"),
        ("search", {"question": "?", "top_k": 0}, "top_k"),
    ],
)
async def test_failures_are_told_in_a_line(
    scripted: httpx.Client, tool: str, arguments: dict[str, Any], words: str
) -> None:
    async with over_http(scripted) as client:
        found: Any = await client.call_tool(tool, arguments)
        assert found.is_error
        assert words in found.content[0].text
        assert "secret" not in found.content[0].text
        assert "Traceback" not in found.content[0].text


WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "mcp":
            raise ModuleNotFoundError("No module named 'mcp'", name="mcp")
sys.meta_path.insert(0, Missing())
from assistant import cli
from tests.served import Scripted, served
with served(Scripted()) as client:
    print(client.post("/mcp", json={}).status_code)
print(cli.main(["mcp"]))
"""


def test_without_the_extra_the_rest_works_and_the_command_says_what_to_install() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.split() == ["404", "2"]
    assert "pip install 'article-assistant[mcp]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
