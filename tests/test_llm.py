"""Specs open the right model or say in one line what to type; keys are never told."""

from __future__ import annotations

import builtins
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from assistant.index.doctor import examine
from assistant.llm import available, models
from assistant.llm.available import usable
from assistant.llm.models import PROVIDERS, name_of, one_line, open_llm, redacted
from assistant.settings import Settings
from assistant.types import Finding, LLMError, SettingsError
from tests.limits import limited

KEY = "zq-planted-0123456789-abcdef"  # in no provider's form: found by its value alone
VARIABLES = {name for provider in PROVIDERS.values() for name in provider.variables}
needs_openai = pytest.mark.skipif(
    find_spec("langchain_openai") is None, reason="needs the extra openai"
)


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No keys of the developer's, no Ollama of theirs, and a time limit."""
    for name in (*VARIABLES, models.OWN_KEY):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with limited(60):
        yield


def refusal(spec: str, settings: Settings | None = None) -> LLMError:
    with pytest.raises(LLMError) as caught:
        open_llm(spec, settings or Settings())
    assert "\n" not in str(caught.value)
    return caught.value


def hide(monkeypatch: pytest.MonkeyPatch, *modules: str) -> None:
    """As if these were not installed."""
    real = builtins.__import__

    def importing(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".")[0] in modules:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    monkeypatch.setattr(
        models, "find_spec", lambda name: None if name in modules else find_spec(name)
    )


# Opening


def test_none_is_no_model() -> None:
    assert open_llm("none", Settings()) is None
    assert Settings().llm == "none"


@needs_openai
def test_a_model_gets_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    model = open_llm("openai:gpt-4.1-mini", Settings(llm_max_tokens=77, llm_temperature=0.25))
    assert type(model).__name__ == "ChatOpenAI"
    assert (model.model_name, model.max_tokens, model.temperature) == ("gpt-4.1-mini", 77, 0.25)
    assert model.max_retries == 0


@needs_openai
def test_a_model_that_refuses_a_temperature_is_given_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    assert open_llm("openai:gpt-5-mini", Settings()).temperature is None


@needs_openai
def test_a_server_is_named_by_address_and_model() -> None:
    model = open_llm("openai-compatible:http://127.0.0.1:8000/v1#Qwen/Qwen3-8B", Settings())
    assert str(model.openai_api_base) == "http://127.0.0.1:8000/v1"
    assert model.model_name == "Qwen/Qwen3-8B"


@needs_openai
@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({}, "none"),
        ({"OPENAI_API_KEY": "first-key"}, "first-key"),
        ({"OPENAI_API_KEY": "first-key", "ASSISTANT_LLM_KEY": "own-key"}, "own-key"),
    ],
)
def test_a_servers_key_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], key: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    model = open_llm("openai-compatible:http://127.0.0.1:8000/v1#m", Settings())
    assert model.openai_api_key.get_secret_value() == key


# Refusals


@pytest.mark.parametrize(
    "spec",
    [
        "gpt-4.1-mini",
        "",
        "openai:",
        "openai-compatible:http://127.0.0.1:8000/v1",
        "openai-compatible:127.0.0.1:8000#m",
        "openai-compatible:http://#m",
        "openai-compatible:http://host:99999/v1#m",
        "openai-compatible:ftp://host/v1#m",
    ],
)
def test_a_bad_spec_says_how_one_is_written(spec: str) -> None:
    fault = refusal(spec)
    assert fault.kind == "missing"
    assert "openai:gpt" in str(fault) or "openai-compatible:http://127" in str(fault)


def test_an_unknown_provider_is_named() -> None:
    fault = refusal("nobody:model")
    assert fault.kind == "missing"
    assert "'nobody'" in str(fault)
    assert "anthropic" in str(fault)


@pytest.mark.parametrize(
    ("spec", "module", "extra"),
    [
        ("openai:gpt-4.1-mini", "langchain_openai", "openai"),
        ("anthropic:claude-haiku-4-5", "langchain_anthropic", "anthropic"),
        ("google_genai:gemini-2.5-flash", "langchain_google_genai", "google"),
        ("mistralai:mistral-small-latest", "langchain_mistralai", "mistral"),
        ("ollama:qwen3:4b", "langchain_ollama", "ollama"),
        ("openai-compatible:http://127.0.0.1:8000/v1#m", "langchain_openai", "openai"),
    ],
)
def test_a_missing_package_is_a_command(
    monkeypatch: pytest.MonkeyPatch, spec: str, module: str, extra: str
) -> None:
    hide(monkeypatch, module)
    fault = refusal(spec)
    assert fault.kind == "missing"
    assert str(fault).endswith(f"run: pip install 'article-assistant[{extra}]'")


def test_a_package_found_missing_while_opening_is_a_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setattr(models, "find_spec", lambda name: True)
    monkeypatch.setitem(sys.modules, "langchain_anthropic", None)  # importing it fails
    fault = refusal("anthropic:claude-haiku-4-5")
    assert (fault.kind, "'article-assistant[anthropic]'" in str(fault)) == ("missing", True)


def test_a_provider_without_an_extra_names_its_package() -> None:
    if find_spec("langchain_cohere"):
        pytest.skip("langchain-cohere is installed")
    assert str(refusal("cohere:command-a")).endswith("run: pip install langchain-cohere")


@pytest.mark.parametrize(
    ("spec", "variable"),
    [
        ("openai:gpt-4.1-mini", "OPENAI_API_KEY"),
        ("anthropic:claude-haiku-4-5", "ANTHROPIC_API_KEY"),
        ("google_genai:gemini-2.5-flash", "GOOGLE_API_KEY or GEMINI_API_KEY"),
        ("mistralai:mistral-small-latest", "MISTRAL_API_KEY"),
    ],
)
def test_a_missing_key_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, spec: str, variable: str
) -> None:
    monkeypatch.setattr(models, "find_spec", lambda name: True)
    fault = refusal(spec)
    assert fault.kind == "key"
    assert f"set {variable} in the environment" in str(fault)


@pytest.fixture
def _packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the extra gguf were installed; nothing is loaded."""
    monkeypatch.setattr(models, "find_spec", lambda name: True)


@pytest.mark.usefixtures("_packages")
def test_a_file_that_is_not_there_or_no_gguf_is_named(tmp_path: Path) -> None:
    gone, other = tmp_path / "gone.gguf", tmp_path / "other.gguf"
    other.write_bytes(b"PK\x03\x04 a zip")
    for path in (gone, other, tmp_path):
        fault = refusal(f"gguf:{path}")
        assert (fault.kind, str(path) in str(fault)) == ("missing", True)


def test_nothing_of_a_provider_is_imported_before_a_model_is_opened() -> None:
    script = (
        "import sys, assistant.llm.streaming, assistant.index.doctor\n"
        "from assistant.llm.available import usable\n"
        "from assistant.llm.models import open_llm\n"
        "from assistant.settings import Settings\n"
        "usable(Settings()); open_llm('none', Settings())\n"
        "print(*[m for m in ('langchain', 'langchain_openai', 'openai', 'xllamacpp',"
        " 'langchain_anthropic', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.returncode) == ("", 0), done.stderr


# Keys


@pytest.mark.parametrize(
    "text",
    [
        f"Incorrect API key provided: {KEY}. You can find yours at …",
        "Incorrect API key provided: sk-proj-abc***************wxyz.",
        "bad header Authorization: Bearer abcdefghijkl",
        "https://host/v1beta/models?key=AIzaSyA-1234567890abcdef&alt=sse failed",
        "cannot reach https://user:password@host/v1",
        "gsk_abcdefghijklmnop was revoked",
    ],
)
def test_a_key_that_a_provider_echoes_is_blotted_out(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_API_KEY", KEY)
    shown = one_line(RuntimeError(text))
    for secret in (KEY, "abc*", "wxyz", "abcdefgh", "AIza", "password", "user:"):
        assert secret not in shown
    assert "…" in shown


def test_what_is_no_key_stays() -> None:
    for text in ("The model `task-force-one` does not exist", "mask-and-risk-averse", "a keyboard"):
        assert redacted(text) == text


@needs_openai
def test_a_key_is_in_no_repr_message_or_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in (*VARIABLES, models.OWN_KEY):
        monkeypatch.setenv(name, KEY)
    settings = Settings.load()
    told = [repr(settings), settings.model_dump_json(), repr(usable(settings))]
    for spec in ("openai:gpt-4.1-mini", "openai-compatible:http://127.0.0.1:9/v1#m"):
        model = open_llm(spec, settings)
        told += [repr(model), str(model)]
    told.append(str(refusal(f"openai-compatible:http://user:{KEY}@host/v1#m")))
    told.append(str(refusal(f"openai-compatible:http://host/v1?key={KEY}#m")))
    told.append(str(refusal(f"{KEY}")))
    told.append(str(refusal(f"nobody:{KEY}")))
    told.append(caplog.text)
    assert KEY not in "\n".join(told)


def test_a_key_is_no_setting_and_not_quoted(tmp_path: Path) -> None:
    assert Settings.load({"ASSISTANT_LLM_KEY": KEY}) == Settings()
    file = tmp_path / "assistant.toml"
    file.write_text(f'openai_api_key = "{KEY}"')
    with pytest.raises(SettingsError) as caught:
        Settings.load({}, file)
    assert KEY not in str(caught.value)
    assert "openai_api_key" in str(caught.value)


def test_names_show_no_folders_and_no_addresses() -> None:
    assert name_of("gguf:/home/me/secret/model-Q4.gguf") == "model-Q4.gguf"
    assert name_of("openai-compatible:http://me:pw@host:1/v1#org/model") == "org/model"
    assert name_of("openai:gpt-4.1-mini") == "openai:gpt-4.1-mini"


# What is usable


def offer(provider: str, settings: Settings | None = None) -> available.Offer:
    return next(o for o in usable(settings or Settings()) if o.provider == provider)


def test_every_provider_is_offered_with_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    hide(monkeypatch, "langchain_anthropic")
    assert {o.provider for o in usable(Settings())} == set(PROVIDERS)
    assert not offer("anthropic").usable
    assert "pip install 'article-assistant[anthropic]'" in offer("anthropic").note
    monkeypatch.setattr(models, "find_spec", lambda name: True)
    assert not offer("anthropic").usable
    assert "set ANTHROPIC_API_KEY" in offer("anthropic").note
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    assert offer("anthropic").usable


@pytest.mark.usefixtures("_packages")
def test_the_files_in_the_folder_are_offered(tmp_path: Path) -> None:
    settings = Settings(llm_folder=tmp_path)
    assert not offer("gguf", settings).usable
    assert str(tmp_path) in offer("gguf", settings).note
    (tmp_path / "b.gguf").write_bytes(b"GGUF")
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    specs = [o.example for o in usable(settings) if o.provider == "gguf" and o.usable]
    assert specs == [f"gguf:{tmp_path / name}" for name in ("a.gguf", "b.gguf")]


class Ollama(BaseHTTPRequestHandler):
    """Lists two models, or misbehaves as ``behaviour`` says."""

    behaviour = ""

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        assert self.path == "/api/tags"
        if self.behaviour == "slow":
            threading.Event().wait(3)
        self.send_response(302 if self.behaviour == "elsewhere" else 200)
        self.send_header("Location", "http://example.com/")
        self.end_headers()
        models = {"models": [{"name": "qwen3:4b"}, {"name": "llama3.2:1b"}]}
        answer = b"<html>" if self.behaviour == "garbage" else json.dumps(models).encode()
        if self.behaviour != "elsewhere":
            self.wfile.write(answer)


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize(
    ("behaviour", "specs"),
    [
        ("", ["ollama:qwen3:4b", "ollama:llama3.2:1b"]),
        ("garbage", []),
        ("slow", []),
        ("elsewhere", []),
    ],
)
def test_the_models_of_a_local_ollama_are_offered(
    monkeypatch: pytest.MonkeyPatch, behaviour: str, specs: list[str]
) -> None:
    monkeypatch.setattr(Ollama, "behaviour", behaviour)
    with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("OLLAMA_HOST", f"http://0.0.0.0:{server.server_address[1]}")
        with limited(2):
            found = usable(Settings())
        server.shutdown()
    assert [o.example for o in found if o.provider == "ollama" and o.usable] == specs


@pytest.mark.usefixtures("_packages")
@pytest.mark.parametrize("host", ["gpu.example.com", "10.0.0.7:11434", "http://[2001:db8::1]:1"])
def test_an_ollama_elsewhere_is_not_asked(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert not offer("ollama").usable  # the fuse of conftest.py would raise


# The doctor


def told(settings: Settings) -> list[Finding]:
    return examine(settings)


def test_the_doctor_shows_models_and_finds_only_the_chosen_ones_fault(
    seed_assistant: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "langchain_anthropic")
    settings: Settings = seed_assistant.settings
    sound = told(settings)
    assert all(finding.sound for finding in sound)
    text = "\n".join(finding.text for finding in sound)
    assert "No language model is set" in text
    assert "anthropic:claude-haiku-4-5: not usable yet: not installed" in text
    chosen = settings.model_copy(update={"llm": "anthropic:claude-haiku-4-5"})
    (fault,) = [finding for finding in told(chosen) if not finding.sound]
    assert fault.remedy == "run: pip install 'article-assistant[anthropic]'"


@pytest.mark.parametrize(
    ("spec", "small"),
    [
        ("ollama:qwen3:4b", True),
        ("ollama:qwen2.5:1.5b-instruct", True),
        ("gguf:SmolLM2-135M-Instruct.gguf", True),
        ("ollama:llama3.1:8b", False),
        ("openai-compatible:http://127.0.0.1:8000/v1#Qwen2.5-72B-Instruct", False),
        ("openai:gpt-4.1-mini", False),
        ("anthropic:claude-haiku-4-5", False),
        ("none", False),
    ],
)
def test_small_models_are_known_by_their_names(spec: str, small: bool) -> None:
    assert models.is_small(spec, Settings()) is small


@pytest.mark.parametrize(("size", "small"), [(100_000_000, True), (4_500_000_000, False)])
def test_a_file_without_a_number_is_known_by_its_size(
    tmp_path: Path, size: int, small: bool
) -> None:
    with (tmp_path / "model.gguf").open("wb") as file:
        file.truncate(size)
    assert models.is_small(f"gguf:{tmp_path / 'model.gguf'}", Settings()) is small
