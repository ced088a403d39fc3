"""The server as clients meet it: real requests to a real port of the loopback."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from assistant import cli
from assistant.answering.assistant import Assistant
from assistant.commands import asking
from assistant.server import application, serve
from assistant.server._openai_api import sources
from assistant.server._rate_limits import Rates
from assistant.settings import Settings
from assistant.types import Citation, ModelError
from tests.served import BRIDGE, QUOTE, Scripted, served

QUESTIONS = Path(__file__).parent / "questions" / "seed.jsonl"


@pytest.fixture(scope="module")
def scripted() -> Scripted:
    return Scripted()


@pytest.fixture(scope="module")
def client(scripted: Scripted) -> Iterator[httpx.Client]:
    with served(scripted, Settings(requests_a_minute=0)) as found:
        yield found


@pytest.fixture(scope="module")
def seed(seed_assistant: Assistant) -> Iterator[httpx.Client]:
    with served(seed_assistant, Settings(requests_a_minute=0)) as found:
        yield found


def ask(client: httpx.Client, question: str, **more: Any) -> dict[str, Any]:
    found = client.post("/api/v1/answer", json={"question": question, **more})
    assert found.status_code == 200, found.text
    return dict(found.json())


def events_of(text: str) -> list[tuple[str, Any]]:
    """Server-sent events as the standard reads them; comments are skipped."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if lines:
            found.append((lines.get("event", "message"), json.loads(lines["data"])))
    return found


def openai_of(client: httpx.Client, key: str = "none") -> openai.OpenAI:
    """OpenAI's client over the connections of ``client``, which are closed with it."""
    return openai.OpenAI(
        base_url=f"{client.base_url}/v1", api_key=key, max_retries=0, http_client=client
    )


# The same everywhere


def seed_questions() -> list[str]:
    lines = QUESTIONS.read_text("utf-8").splitlines()
    return [json.loads(line)["question"] for line in lines][:12]


@pytest.mark.slow
def test_an_answer_is_the_same_by_every_way_in(
    seed: httpx.Client,
    seed_assistant: Assistant,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "opened", lambda options: seed_assistant)  # loads the model once
    kinds = set()
    for question in seed_questions():
        answer = seed_assistant.answer(question)
        proof = json.dumps(_proof(answer.citations), ensure_ascii=False)
        kinds.add(answer.grounding)
        assert cli.main(["ask", question, "--json"]) == 0
        printed = json.loads(capsys.readouterr().out)
        body = ask(seed, question)
        parts = seed.post("/api/v1/answer", json={"question": question, "stream": True}).text
        events = events_of(parts)
        streamed = "".join(data["text"] for name, data in events if name == "delta")
        cited = [data["citation"] for name, data in events if name == "cited"]
        chat: Any = openai_of(seed).chat.completions.create(
            model="assistant", messages=[{"role": "user", "content": question}]
        )
        chunks: list[Any] = list(
            openai_of(seed).chat.completions.create(
                model="assistant", messages=[{"role": "user", "content": question}], stream=True
            )
        )
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        ways = {
            "cli": (printed["answer"], printed["citations"]),
            "json": (body["answer"], body["citations"]),
            "stream": (streamed, cited),
            "finished": (events[-1][1]["answer"], events[-1][1]["citations"]),
            "openai": (chat.choices[0].message.content, chat.choices[0].message.citations),
            "openai stream": (said, chunks[-1].choices[0].delta.citations),
        }
        for way, (text, citations) in ways.items():
            assert text == answer.text, way
            assert json.dumps(citations, ensure_ascii=False) == proof, way
        assert events[-1] == ("finished", body)
        assert body.items() >= printed.items()
    assert kinds == {"grounded", "refused"}


def _proof(citations: tuple[Citation, ...]) -> list[dict[str, Any]]:
    names = ("number", "article_id", "title", "start", "end", "quote", "verified")
    return [
        {name: getattr(citation, name) for name in names}
        | {"answer": [[span.start, span.end] for span in citation.answer]}
        for citation in citations
    ]


def test_a_search_is_that_of_the_assistant(seed: httpx.Client, seed_assistant: Assistant) -> None:
    found = seed.post("/api/v1/search", json={"question": "nhà ở xã hội", "top_k": 3}).json()
    hits = seed_assistant.retrieve("nhà ở xã hội", 3)
    assert [hit["text"] for hit in found["hits"]] == [hit.text for hit in hits]
    assert [hit["dense"] for hit in found["hits"]] == [hit.dense for hit in hits]
    assert found["question"] == "nhà ở xã hội"


@pytest.mark.slow
def test_fifty_people_at_once_each_get_their_answer(
    seed: httpx.Client, seed_assistant: Assistant
) -> None:
    questions = seed_questions()
    expected = {question: seed_assistant.answer(question).text for question in questions}
    asked = [questions[n % len(questions)] for n in range(50)]
    with ThreadPoolExecutor(50) as crowd:
        found = list(crowd.map(lambda question: ask(seed, question)["answer"], asked))
    assert found == [expected[question] for question in asked]


# /api/v1


def test_the_events_of_an_answer(client: httpx.Client) -> None:
    headers = {"accept": "text/event-stream"}
    found = client.post("/api/v1/answer", json={"question": "Cầu?"}, headers=headers)
    assert found.headers["content-type"].startswith("text/event-stream")
    events = events_of(found.text)
    assert [name for name, _ in events] == ["retrieved", "delta", "cited", "delta", "finished"]
    assert "".join(data["text"] for name, data in events if name == "delta") == "() Cầu? [1]"


def test_the_history_reaches_the_assistant(client: httpx.Client) -> None:
    history = [{"question": "Q1", "answer": "A1"}, {"question": "Q2", "answer": "A2"}]
    assert ask(client, "Và?", history=history)["answer"] == "(Q1 → A1 | Q2 → A2) Và? [1]"


def test_articles(client: httpx.Client) -> None:
    listed = client.get("/api/v1/articles").json()
    assert listed["total"] == 1
    assert "text" not in listed["articles"][0]
    one = client.get(f"/api/v1/articles/{listed['articles'][0]['id']}").json()
    assert one["text"][QUOTE.start : QUOTE.end] == QUOTE.quote


def test_signs_of_life(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_server_whose_model_is_loading_is_not_ready() -> None:
    loaded = threading.Event()

    class Loading(Scripted):
        def warm(self) -> None:
            loaded.wait(20)

    served_app = application.app(Loading(), Settings())
    with serve.running(served_app, "127.0.0.1", 0) as address, httpx.Client() as client:
        found = client.get(f"{address}/readyz")
        assert found.status_code == 503
        assert int(found.headers["retry-after"]) > 0
        assert "being loaded" in found.json()["detail"]
        assert client.get(f"{address}/healthz").status_code == 200
        loaded.set()
        for _ in range(200):
            if client.get(f"{address}/readyz").status_code == 200:
                break
            time.sleep(0.05)
        assert client.get(f"{address}/readyz").json() == {"status": "ready"}


@pytest.mark.parametrize(
    ("fault", "told"),
    [(ModelError("No model x; see --model"), "No model x"), (OSError("/secret/path"), "log")],
)
def test_a_model_that_cannot_be_had_is_told_by_readyz(fault: Exception, told: str) -> None:
    class Unready(Scripted):
        def warm(self) -> None:
            raise fault

    served_app = application.app(Unready(), Settings())
    with serve.running(served_app, "127.0.0.1", 0) as address:
        assert httpx.get(f"{address}/healthz").status_code == 200
        time.sleep(0.5)
        found = httpx.get(f"{address}/readyz")
    assert found.status_code == 503
    assert told in found.json()["detail"]
    assert "secret" not in found.text


class _Addresses(HTMLParser):
    found: list[str]

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in ("src", "href", "action")]


def test_the_page_about_the_api_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    found = client.get("/docs")
    assert "/api/v1/answer" in found.text
    addresses = _Addresses(found.text).found
    assert addresses == ["login.css", "openapi.json"]  # relative: it may stand under a path
    assert all(client.get(f"/{address}").status_code == 200 for address in addresses)
    assert "default-src 'none'" in found.headers["content-security-policy"]
    schema = client.get("/openapi.json").json()
    paths = {"/api/v1/search", "/api/v1/answer", "/api/v1/articles", "/v1/chat/completions"}
    assert paths <= schema["paths"].keys()


def test_the_page_is_told_to_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    found = client.get("/")
    assert "<gradio-app" in found.text
    policy = found.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "http" not in policy and "*" not in policy


@pytest.mark.parametrize("path", ["/monitoring", "/gradio_api/monitoring/x", "/gradio_api/mcp"])
def test_gradios_extras_are_off(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in (403, 404)


def test_no_file_of_the_machine_is_served(client: httpx.Client) -> None:
    own = Path(__file__).resolve()
    for path in (own, own.parents[1] / "pyproject.toml", Path("/etc/passwd")):
        for route in ("file=", "gradio_api/file="):
            assert client.get(f"/{route}{path}").status_code in (403, 404)


def test_nothing_is_uploaded_to_gradio(client: httpx.Client) -> None:
    for size in (0, 10, 5000):
        files = {"files": ("x.txt", b"x" * size)}
        assert client.post("/gradio_api/upload", files=files).status_code == 404


# Failures


@pytest.mark.parametrize(
    ("method", "path", "given", "status", "words"),
    [
        ("GET", "/api/v1/nothing", {}, 404, "openapi.json"),
        ("GET", "/api/v1/articles/none", {}, 404, "/api/v1/articles"),
        ("GET", "/api/v1/answer", {}, 405, "Allow"),
        ("POST", "/healthz", {}, 405, "Allow"),
        ("POST", "/api/v1/answer", {"content": b"{"}, 422, "not JSON"),
        ("POST", "/api/v1/answer", {"json": {}}, 422, "question: "),
        ("POST", "/api/v1/answer", {"json": {"question": 7}}, 422, "question: "),
        ("POST", "/api/v1/answer", {"json": {"question": "?", "lang": "vi"}}, 422, "lang: "),
        ("POST", "/api/v1/answer", {"content": b'{"question": "\\ud800"}'}, 422, "surrogate"),
        ("POST", "/api/v1/answer", {"json": {"question": "x" * 20_001}}, 422, "20000"),
        ("POST", "/api/v1/search", {"json": {"question": "?", "top_k": 0}}, 422, "top_k: "),
        ("GET", "/api/v1/articles?limit=9999", {}, 422, "limit: "),
        ("POST", "/api/v1/answer", {"json": {"question": "hỏng"}}, 500, "log"),
        ("POST", "/api/v1/answer", {"json": {"question": "quá tải"}}, 503, "busy"),
        ("POST", "/api/v1/answer", {"json": {"question": "mất"}}, 503, "doctor"),
        ("POST", "/api/v1/answer", {"json": {"question": "hỏng", "stream": True}}, 500, "log"),
        ("GET", "/healthz", {"headers": {"host": "evil.example"}}, 421, "host"),
    ],
)
def test_failures_are_problem_documents(
    client: httpx.Client, method: str, path: str, given: dict[str, Any], status: int, words: str
) -> None:
    if "content" in given:
        given = given | {"headers": {"content-type": "application/json"}}
    found = client.request(method, path, **given)
    assert found.status_code == status
    assert found.headers["content-type"] == "application/problem+json"
    problem = found.json()
    assert set(problem) == {"type", "title", "status", "detail", "request_id"}
    assert problem["status"] == status
    assert words in problem["detail"]
    assert "\n" not in problem["detail"]
    for secret in ("Traceback", "secret", "site-packages"):
        assert secret not in found.text


def test_what_failed_is_in_the_log(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    client.post("/api/v1/answer", json={"question": "hỏng"})
    logged = caplog.text
    assert "a request failed" in logged
    assert "served.py" in logged  # where it failed
    assert logged.count("builtins.RuntimeError") == 1
    assert "secret detail" not in logged  # a failure's words may quote the question


def test_a_failure_half_way_is_the_last_event(client: httpx.Client) -> None:
    found = client.post("/api/v1/answer", json={"question": "vỡ", "stream": True})
    assert found.status_code == 200
    name, problem = events_of(found.text)[-1]
    assert (name, problem["status"]) == ("error", 500)
    assert "secret" not in found.text


def _endless(size: int) -> Iterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(size // 1000):
        yield b"x" * 1000


@pytest.mark.parametrize("announced", [True, False])
@pytest.mark.parametrize("path", ["/api/v1/answer", "/v1/chat/completions", "/mcp"])
def test_a_body_that_is_too_large(client: httpx.Client, announced: bool, path: str) -> None:
    size = 1_500_000
    body = b"x" * size if announced else _endless(size)
    headers = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
    found = client.post(path, content=body, headers=headers)
    assert found.status_code == 413
    assert "1048576" in found.text
    assert client.get("/healthz").status_code == 200


def test_requests_a_minute(scripted: Scripted) -> None:
    with served(scripted, Settings(requests_a_minute=3)) as limited:
        body = {"question": "?"}
        answers = [limited.post("/api/v1/search", json=body) for _ in range(4)]
        assert [found.status_code for found in answers] == [200, 200, 200, 429]
        assert answers[-1].headers["content-type"] == "application/problem+json"
        # The first of the three is a minute old at most so long from now.
        assert 57 <= int(answers[-1].headers["retry-after"]) <= 60
        assert limited.get("/healthz").status_code == 200
        with pytest.raises(openai.RateLimitError):
            openai_of(limited).models.list()


def test_a_minute_goes_by(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    rates = Rates(2)
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 60]
    assert rates.wait("b") == 0  # each client its own
    now[0] += 59
    assert rates.wait("a") == 1
    rates.forget("b")
    assert [rates.wait("b") for _ in range(2)] == [0, 0]
    now[0] += 2
    assert [rates.wait("a") for _ in range(3)] == [0, 0, 60]


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_pages_of_other_sites_cannot_ask(client: httpx.Client, headers: dict[str, str]) -> None:
    for path in ("/api/v1/search", "/v1/chat/completions", "/mcp", "/gradio_api/queue/join"):
        assert client.post(path, json={"question": "?"}, headers=headers).status_code == 403


def test_our_own_page_can_ask(client: httpx.Client) -> None:
    own = {"sec-fetch-site": "same-origin", "origin": str(client.base_url)}
    assert client.post("/api/v1/search", json={"question": "?"}, headers=own).status_code == 200
    old = {"origin": str(client.base_url)}
    assert client.post("/api/v1/search", json={"question": "?"}, headers=old).status_code == 200


# Hanging up


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/answer", {"question": "mãi", "stream": True}),
        ("/api/v1/answer", {"question": "mãi"}),
        (
            "/v1/chat/completions",
            {
                "model": "assistant",
                "stream": True,
                "messages": [{"role": "user", "content": "mãi"}],
            },
        ),
    ],
)
def test_hanging_up_closes_the_answer(path: str, body: dict[str, Any]) -> None:
    scripted = Scripted()
    with served(scripted) as found:
        with contextlib.suppress(httpx.ReadTimeout):
            _leave_early(found, path, body)
        left = time.monotonic()
        assert scripted.closed.wait(2), "not closed within two seconds"
        assert time.monotonic() - left < 2
        assert len(scripted.threads) == 1  # closed in the thread that it ran in
        assert ask(found, "Còn đó?")["answer"] == "() Còn đó? [1]"


def _leave_early(client: httpx.Client, path: str, body: dict[str, Any]) -> None:
    timeout = httpx.Timeout(5, read=0.5)
    with (
        httpx.Client(base_url=client.base_url, timeout=timeout) as visitor,
        visitor.stream("POST", path, json=body) as reply,
    ):
        for part in reply.iter_text():
            if "và" in part:
                return


def test_those_who_have_left_leave_their_places() -> None:
    scripted = Scripted()
    with served(scripted, Settings(answers_at_once=1)) as found:
        for _ in range(3):
            with contextlib.suppress(httpx.ReadTimeout):
                _leave_early(found, "/api/v1/answer", {"question": "mãi", "stream": True})
        assert ask(found, "?")["answer"] == "() ? [1]"


def test_a_stopped_server_ends_answers_that_never_end() -> None:
    scripted = Scripted()
    with contextlib.ExitStack() as visitors:
        with served(scripted) as found:
            body = json.dumps({"question": "mãi", "stream": True}).encode()
            host, port = found.base_url.host, found.base_url.port
            visitor = visitors.enter_context(socket.create_connection((host, port or 80)))
            head = f"POST /api/v1/answer HTTP/1.1\r\nHost: {host}\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            visitor.sendall(head.encode() + body)
            assert visitor.recv(100)
        assert scripted.closed.wait(5)


# /v1


def complete(client: httpx.Client, messages: list[Any], **more: Any) -> Any:
    body = {"model": "assistant"} | more
    return openai_of(client).chat.completions.create(messages=messages, **body)


def test_the_models(client: httpx.Client) -> None:
    found = openai_of(client).models.list()
    assert [model.id for model in found] == ["assistant", "assistant-with-sources"]
    assert openai_of(client).models.retrieve("assistant").id == "assistant"


def test_messages_become_question_and_history(client: httpx.Client) -> None:
    messages = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "user", "content": "Q0, never answered"},
        {"role": "user", "content": "Q1"},
        {"role": "assistant", "content": "A1"},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Và"}, {"type": "text", "text": "?"}],
        },
    ]
    found = complete(client, messages, temperature=0.3, max_tokens=9, user="u")
    assert found.choices[0].message.content == "(Q1 → A1) Và\n? [1]"
    assert found.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ('A title.\n### Output:\nJSON format: { "title": "your own" }', {"title": "Chợ ở đâu?"}),
        ('Write tags.\n### Output:\nJSON format: { "tags": ["tag1"] }', {"tags": []}),
        ('Suggest.\n{ "follow_ups": ["Question 1?"] }', {"follow_ups": []}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [None, True])
def test_chores_of_clients_are_no_questions(
    client: httpx.Client, asked: str, given: dict[str, object], stream: bool | None
) -> None:
    history = "<chat_history>\nUSER: Chợ ở đâu?\nASSISTANT: Ở Vinh [1]\n</chat_history>"
    content = f"### Task:\n{asked}\n### Chat History:\n{history}"
    body = {"model": "assistant", "messages": [{"role": "user", "content": content}]}
    response = client.post("/v1/chat/completions", json=body | {"stream": stream})
    if not stream:
        message = response.json()["choices"][0]["message"]
        assert json.loads(message["content"]) == given
        assert message["grounding"] == "refused"
        return
    chunks = [
        json.loads(line.removeprefix("data: "))
        for line in response.text.splitlines()
        if line.startswith("data: {")
    ]
    said = (c["choices"][0]["delta"].get("content") or "" for c in chunks if c.get("choices"))
    assert json.loads("".join(said)) == given


def test_sources_are_listed_for_those_who_ask(client: httpx.Client) -> None:
    messages = [{"role": "user", "content": "?"}]
    listed = f"() ? [1]\n\nNguồn:\n\n[1] Cầu: “{BRIDGE.text}”"
    named = complete(client, messages, model="assistant-with-sources")
    asked = complete(client, messages, extra_body={"include_sources": True})
    assert named.choices[0].message.content == asked.choices[0].message.content == listed
    chunks = list(complete(client, messages, model="assistant-with-sources", stream=True))
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == listed
    turns = [{"role": "assistant", "content": listed}, {"role": "user", "content": "Và?"}]
    following = complete(client, [*messages, *turns], model="assistant")
    assert following.choices[0].message.content == "(? → () ? [1]) Và? [1]"


def test_a_quote_of_two_lines_is_listed_on_one() -> None:
    quote = Citation(1, "a", "T", 0, 5, "a\n\nb c", verified=True)
    assert sources([quote], "en") == "\n\nSources:\n\n[1] T: “a b c”"
    assert sources([], "en") == ""


def test_usage_counts_the_texts(client: httpx.Client) -> None:
    # cl100k_base: "hello" and " world" are one token each, as are "(", ")", "[", "1", "]".
    messages = [{"role": "user", "content": "hello world"}]
    found = complete(client, messages).usage
    assert found.prompt_tokens == 2
    assert found.total_tokens == found.prompt_tokens + found.completion_tokens
    assert found.counted_with == "cl100k_base"
    chunks = list(complete(client, messages, stream=True, stream_options={"include_usage": True}))
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens == found.completion_tokens
    assert all(chunk.usage is None for chunk in chunks[:-1])


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"logprobs": True}, "logprobs"),
        ({"stop": ["x"]}, "stop"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages.0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
            "messages.0.content",
        ),
    ],
)
def test_what_cannot_be_met_is_refused_as_openai_does(
    client: httpx.Client, given: dict[str, Any], parameter: str
) -> None:
    messages = given.get("messages", [{"role": "user", "content": "?"}])
    more = {k: v for k, v in given.items() if k != "messages"}
    with pytest.raises(openai.BadRequestError) as caught:
        complete(client, messages, **more)
    assert caught.value.param == parameter
    assert caught.value.type == "invalid_request_error"


def test_other_failures_have_openais_shape(client: httpx.Client) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        complete(client, [{"role": "user", "content": "?"}], model="gpt-5")
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.InternalServerError) as broken:
        complete(client, [{"role": "user", "content": "hỏng"}])
    assert "secret" not in str(broken.value)
    with pytest.raises(openai.APIError, match="this side"):
        list(complete(client, [{"role": "user", "content": "vỡ"}], stream=True))
    assert "error" in client.get("/v1/nothing").json()
    assert client.post("/v1/chat/completions", json={}).json()["error"]["param"]


# The command


def test_the_command_line_says_the_same_hits(
    seed_assistant: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(seed_assistant.settings.index)
    assert cli.main(["search", "nhà ở xã hội", "--index", folder, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["hits"][0]) == [
        "rank", "score", "article_id", "title", "start", "end", "text",
    ]  # fmt: skip
