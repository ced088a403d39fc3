"""What the environment says of tracing sends nothing away; only our own setting does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CANARY = "CANARYchimbáobão"
WAYS = ("plain", "thread", "loop", "in a user's trace", "configured", "first tracer")

# Speaks with a model in each way; "sent" once LangSmith's own thread has had its chance.
PROGRAM = """
import asyncio, sys, threading
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, HumanMessage
from assistant.llm.streaming import said, speak
from assistant.settings import Settings

canary, way = sys.argv[1:]
settings = Settings.load()
def ask():
    model = GenericFakeChatModel(messages=iter([AIMessage(canary)] * 9))
    assert said(speak(model, [HumanMessage(canary)], settings)) == canary
def in_thread():
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
async def in_loop():
    await asyncio.to_thread(ask)
if way == "thread":
    in_thread()
elif way == "loop":
    asyncio.run(in_loop())
elif way == "in a user's trace":
    import langsmith
    from langchain_core.tracers.context import tracing_v2_enabled
    with tracing_v2_enabled() as tracer, langsmith.tracing_context(enabled=True):
        ask()
elif way == "configured":
    import langsmith
    langsmith.configure(enabled=True)
    ask()
else:
    ask()
from langchain_core.tracers.langchain import wait_for_all_tracers
wait_for_all_tracers()
"""


class Received:
    """A LangSmith on the loopback: all bytes that it is sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        received = self

        class Handler(BaseHTTPRequestHandler):
            def _take(self) -> None:
                size = int(self.headers.get("content-length") or 0)
                received.requests.append(self.requestline.encode() + self.rfile.read(size))
                self.send_response(202)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_PATCH = do_PUT = _take

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def langsmith() -> Iterator[Received]:
    received = Received()
    yield received
    received.server.shutdown()
    received.server.server_close()


def spoken(langsmith: Received, way: str, **more: str) -> None:
    environment = {k: v for k, v in os.environ.items() if "LANGSMITH" not in k} | more
    for brand in ("LANGSMITH", "LANGCHAIN"):
        environment |= {
            f"{brand}_TRACING_V2": "true",
            f"{brand}_ENDPOINT": langsmith.address,
            f"{brand}_API_KEY": "lsv2_key",
            f"{brand}_PROJECT": "news",
        }
    environment |= {"LANGSMITH_TRACING": "true", "PYTHONPATH": str(ROOT)}
    if way == "first tracer":
        environment |= {"LANGCHAIN_TRACING": "true", "LANGCHAIN_HANDLER": "langchain"}
        environment = {k: v for k, v in environment.items() if "TRACING_V2" not in k}
        environment.pop("LANGSMITH_TRACING")
    command = [sys.executable, "-c", PROGRAM, CANARY, way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=[pytest.mark.slow][: way != WAYS[3]]) for way in WAYS]
)
def test_the_environment_alone_sends_nothing(langsmith: Received, way: str) -> None:
    spoken(langsmith, way, LANGSMITH_OTEL_ENABLED="true", OTEL_EXPORTER_OTLP_ENDPOINT="x")
    # A trace of the user's own asks by itself what LangSmith can do, and that is all.
    assert [request for request in langsmith.requests if request != b"GET /info HTTP/1.1"] == []


def test_our_own_setting_lets_it(langsmith: Received) -> None:
    """Which shows that the others would have been seen."""
    spoken(langsmith, "plain", ASSISTANT_LLM_TRACING="true", LANGSMITH_DISABLE_RUN_COMPRESSION="1")
    assert any(b"runs" in request for request in langsmith.requests)


def test_one_place_alone_speaks_with_a_model() -> None:
    """So that there is one place to keep untraced."""
    calls = re.compile(r"\.(astream|ainvoke|abatch|agenerate)\w*\(|model\.(invoke|stream)\(")
    places = {
        path.name
        for path in (ROOT / "assistant").rglob("*.py")
        if calls.search(path.read_text("utf-8"))
    }
    assert places == {"streaming.py"}


@pytest.mark.slow
@pytest.mark.parametrize("first", ["assistant", "assistant.index.encoder", "assistant.page.chat"])
def test_no_library_counts_its_use(first: str) -> None:
    program = (
        f"import {first}; import huggingface_hub.constants as h; import gradio.analytics as g;"
        "print(h.HF_HUB_DISABLE_TELEMETRY, g.analytics_enabled())"
    )
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("HF_HUB_DISABLE_TELEMETRY", "GRADIO_ANALYTICS_ENABLED", "DO_NOT_TRACK")
    } | {"GRADIO_ANALYTICS_ENABLED": "True", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["True", "False"], done.stderr
