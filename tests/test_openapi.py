"""The description of the interface is true, and each request can be tried on the page about it."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Locator, expect
from starlette.testclient import TestClient

from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.server import application
from assistant.server.credentials import Keys, Users
from assistant.settings import Settings
from tests import browsing
from tests.browsing import Opened, browser_test
from tests.served import Scripted

browser, opened = browsing.browser, browsing.opened


def described(**settings: Any) -> dict[str, Any]:
    """The description of a server with these settings."""
    app = application.app(Scripted(), Settings(page=False, **settings))
    return dict(TestClient(app, base_url="http://127.0.0.1").get("/openapi.json").json())


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return described()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def fits(value: Any, shape: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What is wrong with ``value``: fields that are missing, of another type or not described."""
    components = copy.deepcopy(schema["components"])
    for one in components["schemas"].values():
        if "properties" in one:
            one["additionalProperties"] = False
    return [
        e.message
        for e in Draft202012Validator(shape | {"components": components}).iter_errors(value)
    ]


def test_every_answer_has_a_shape_and_an_example_that_fits(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        (given,) = (r for status, r in operation["responses"].items() if status < "300")
        assert given["content"]["application/json"]["schema"]["$ref"], name
        for content in given["content"].values():
            assert fits(content["example"], content["schema"], schema) == [], name


def test_every_body_has_an_example_that_fits(schema: dict[str, Any]) -> None:
    bodies = [(n, o["requestBody"]["content"]) for n, o in operations(schema) if "requestBody" in o]
    assert len(bodies) > 8
    for name, content in bodies:
        if "application/json" not in content:
            continue  # a file
        shape = content["application/json"]["schema"]
        named = schema["components"]["schemas"].get(shape.get("$ref", "").rpartition("/")[2], {})
        example = content["application/json"].get("example") or named["examples"][0]
        assert fits(example, shape, schema) == [], name


def test_every_failure_is_described_as_it_is_told(schema: dict[str, Any]) -> None:
    for name, operation in operations(schema):
        for status, response in operation["responses"].items():
            if status < "400":
                continue
            kind, shape = (
                ("application/json", "OpenAIErrorJSON")
                if " /v1/" in name
                else ("application/problem+json", "ProblemJSON")
            )
            told = {kind: {"schema": {"$ref": f"#/components/schemas/{shape}"}}}
            assert response["content"] == told, (name, status)
        if "/api/" in name:
            assert {"401", "422", "429", "503"} <= operation["responses"].keys(), name


def test_who_may_ask_is_described_where_that_is_a_question(tmp_path: Path) -> None:
    Users(tmp_path / "users").add("linh", "một mật khẩu dài")
    Keys(tmp_path / "keys").add("reports")
    free = described()
    assert "securitySchemes" not in free["components"]
    assert not any("security" in operation for _, operation in operations(free))
    held = described(users=tmp_path / "users", keys=tmp_path / "keys")
    ways = held["components"]["securitySchemes"]
    assert (ways["key"]["scheme"], ways["session"]["in"]) == ("bearer", "cookie")
    for name, operation in operations(held):
        open_to_all = name in ("GET /healthz", "GET /readyz")
        assert operation.get("security", []) == (
            [] if open_to_all else [{"key": []}, {"session": []}]
        )


# What is returned


@pytest.fixture
def client(tmp_path: Path, fake_encoder: None) -> Iterator[TestClient]:
    """A server with an index and a key, and an assistant that answers from a script."""
    settings = Settings(index=tmp_path / "index", page=False, keys=tmp_path / "keys")
    key = Keys(tmp_path / "keys").add("reports")
    (tmp_path / "one.txt").write_text("Ông Lê Văn Mười là chủ tịch xã Bình Lợi.", "utf-8")
    assistant = Scripted()
    index = Index.create(settings)
    index.update(read_articles([tmp_path / "one.txt"]), [tmp_path / "one.txt"], settings)
    assistant.index = index  # type: ignore[attr-defined]
    headers = {"Authorization": f"Bearer {key}"}
    app = application.app(assistant, settings)
    with TestClient(app, base_url="http://127.0.0.1", headers=headers) as found:
        yield found
    index.close()


def test_what_is_returned_is_what_is_described(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    left = dict(operations(schema))

    def call(name: str, path: str = "", **more: Any) -> Any:
        method, described_path = name.split()
        reply = client.request(method, path or described_path, **more)
        told = left.pop(name)["responses"][str(reply.status_code)]["content"]
        shape = told[reply.headers["content-type"].partition(";")[0]]["schema"]
        assert fits(reply.json(), shape, schema) == [], name
        return reply.json()

    answer = call("POST /api/v1/answer", json={"question": "Cầu?"})
    call("POST /api/v1/search", json={"question": "Cầu?"})
    call("GET /api/v1/articles")
    call("GET /api/v1/articles/{article_id}", "/api/v1/articles/bridge")
    call("GET /api/v1/uploads")
    call("GET /api/v1/uploads/{mark}", "/api/v1/uploads/x")
    call("POST /api/v1/articles", "/api/v1/articles?name=a.txt", content="Tôm ở Cà Mau.".encode())
    call("POST /api/v1/articles/web", json={"address": "http://127.0.0.1/"})  # is refused
    call("DELETE /api/v1/articles/{article_id}", "/api/v1/articles/none")  # there is none
    call("GET /api/v1/models")
    call("GET /api/v1/examples")
    call("POST /api/v1/feedback", json={"answer": answer, "opinion": "good"})
    card = call("POST /api/v1/cards", json={"answers": [answer]})
    file = json.dumps(card).encode()
    call("POST /api/v1/cards/verify", "/api/v1/cards/verify?name=a.json", content=file)
    exchange = {"question": "Cầu?", "answer": "Ba Son"}
    number = call("POST /api/v1/conversations", json={"exchanges": [exchange]})["id"]
    there = f"/api/v1/conversations/{number}"
    call("POST /api/v1/conversations/{number}/exchanges", f"{there}/exchanges", json=exchange)
    place = "PUT /api/v1/conversations/{number}/exchanges/{place}"
    call(place, f"{there}/exchanges/2", json=exchange)
    call("PATCH /api/v1/conversations/{number}", there, json={"title": "Cầu"})
    call("GET /api/v1/conversations")
    call("GET /api/v1/conversations/{number}", there)
    call("DELETE /api/v1/conversations/{number}", there)
    call("GET /v1/models")
    call("GET /v1/models/{name}", "/v1/models/assistant")
    message = {"role": "user", "content": "Cầu?"}
    call("POST /v1/chat/completions", json={"model": "assistant", "messages": [message]})
    call("GET /healthz")
    call("GET /readyz")
    assert left == {}


# The page


def test_the_page_has_a_form_for_each_request(client: TestClient) -> None:
    text = client.get("/docs").text
    forms = re.findall(r'<form data-method="(\w+)" data-path="([^"]+)">', text)
    schema = client.get("/openapi.json").json()
    assert [f"{method} /{path}" for method, path in forms] == [n for n, _ in operations(schema)]


def test_the_page_runs_its_own_script_and_no_other(client: TestClient) -> None:
    found = client.get("/docs")
    policy = dict(
        part.split(" ", 1) for part in found.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'" and policy["connect-src"] == "'self'"
    for name in ("script", "style"):
        (inside,) = re.findall(rf"<{name}>(.*?)</{name}>", found.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy[f"{name}-src"]
        assert "unsafe" not in policy[f"{name}-src"]
    assert not re.search(r'(?:src|href|action)="(?:/|https?:)', found.text)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture(scope="module")
def key(keys: Path) -> str:
    return Keys(keys).add("reports")


@pytest.fixture(scope="module")
def address(keys: Path, key: str) -> Iterator[str]:
    settings = Settings(root_path="/bao/chi", page=False, keys=keys)
    with browsing.serving(Scripted(), settings) as found:  # type: ignore[arg-type]
        yield found


@pytest.mark.browser
@browser_test
def test_a_request_is_tried_on_the_page_under_a_path(opened: Opened, key: str) -> None:
    tab = opened("/bao/chi/docs", wait=False)

    def form_of(method: str, path: str) -> Locator:
        form = tab.locator(f'form[data-method="{method}"][data-path="{path}"]')
        tab.locator("section", has=form).get_by_text("Try it").click()
        return form

    tab.locator("#key").fill(key)
    form = form_of("POST", "api/v1/answer")
    form.get_by_role("button").click()
    expect(form.locator("output")).to_contain_text("200")
    expect(form.locator("pre")).to_contain_text('"grounding": "grounded"')
    form.locator("textarea").fill('{"question": "Cầu?", "stream": true}')
    form.get_by_role("button").click()
    expect(form.locator("pre")).to_contain_text("event: finished")
    form.locator("textarea").fill("{")
    form.get_by_role("button").click()
    expect(form.locator("output")).to_contain_text("422")
    form = form_of("GET", "api/v1/articles/{article_id}")
    form.locator("input[name=article_id]").fill("bridge")
    form.get_by_role("button").click()
    expect(form.locator("pre")).to_contain_text("Cầu Ba Son")
