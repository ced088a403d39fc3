"""What may be a password is in no message: of settings, of what was typed, of providers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from assistant.cli import main
from assistant.llm.failures import translated
from assistant.settings import Settings
from assistant.types import SettingsError

SECRET = "hunter2-Trần-s3cr3t"
ADDRESS = f"postgres://reporter:{SECRET}@db.example/news"
UNKNOWN = (
    "DB_PASSWORD",
    "DATABASE_URL",
    "TOKEN",
    "LLM_KEYS",
    "OPENAI_API_KEY",
    "TOPK",
    "LLM_KEY_2",
)
# One of each kind of field: what is refused there may be a secret in the wrong place.
KNOWN = ("PORT", "TOP_K", "REFUSE_BELOW", "PAGE", "STRICTNESS", "ROOT_PATH", "CORPUS_CHANGES")
TYPED = (
    "serve --password {}",
    "serve --password={}",
    "serve --llm-key={} --port 1",
    "user add linh {}",
    "ask question {}",
    "doctor {}",
    "serve -p{}",
    "serve -- {}",
)


def refusal(environment: dict[str, str], file: Path | None = None, **flags: object) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environment, file, **flags)
    assert caught.value.__cause__ is None
    return str(caught.value)


@pytest.mark.parametrize("value", [SECRET, ADDRESS])
@pytest.mark.parametrize("name", [*UNKNOWN, *KNOWN])
@pytest.mark.parametrize("source", ["variable", "file", "flag", "table"])
def test_no_refused_value_is_told(source: str, name: str, value: str, tmp_path: Path) -> None:
    key = name.lower()
    path = tmp_path / "own.toml"
    quoted = json.dumps(value, ensure_ascii=False)
    path.write_text(f"[{key}]\na = {quoted}\n" if source == "table" else f"{key} = {quoted}\n")
    if source == "variable":
        message = refusal({f"ASSISTANT_{name}": value})
    elif source == "flag":
        message = refusal({}, **{key: value})
    else:
        message = refusal({}, path)
    assert repr(key) in message
    assert SECRET not in message
    assert "postgres" not in message


@pytest.mark.parametrize("line", ["port = {}", "port = '{}", "port = {{a = {}}}", "{} = 3", "[{}"])
def test_a_broken_file_is_not_quoted(line: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(line.format(SECRET))
    assert SECRET not in refusal({}, path)


@pytest.mark.parametrize("name", ["llm", "index", "users", "port"])
def test_python_s_own_error_tells_no_value(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({name: {"password": SECRET}})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("typed", TYPED)
def test_what_was_typed_and_not_understood_is_not_repeated(
    typed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(typed.format(SECRET).split())
    assert stopped.value.code == 2
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err
    assert "not understood" in told.err


def test_the_options_that_are_not_known_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["doctor", "--password=x", "y", "z", "--llmm"])
    assert "--password, --llmm, 2 more words" in capsys.readouterr().err


@pytest.mark.parametrize(
    "name", ["OPENAI_API_KEY", "ASSISTANT_LLM_KEY", "DB_PASS", "DB_PWD", "MY_TOKEN", "DATABASE_URL"]
)
def test_a_provider_s_error_tells_no_secret_of_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, ADDRESS if name == "DATABASE_URL" else SECRET)
    fault = translated(RuntimeError(f"refused: {SECRET} ({ADDRESS})"), "model")
    assert SECRET not in str(fault)
