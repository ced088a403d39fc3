"""A flag beats the environment, which beats the file, which beats the default."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from assistant.settings import Settings
from assistant.types import SettingsError


def file(folder: Path, content: str | bytes, name: str = "own.toml") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(environment: dict[str, str] | None = None, **given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environment or {}, **given)
    message = str(caught.value)
    assert "\n" not in message
    return message


# Precedence


@pytest.mark.parametrize(
    ("flag", "variable", "line", "expected"),
    [
        (7, "8", "top_k = 9", 7),
        (None, "8", "top_k = 9", 8),
        (None, "", "top_k = 9", 9),  # an empty variable is not set
        (7, None, "top_k = 9", 7),
        (7, "8", None, 7),
        (None, None, "top_k = 9", 9),
        (None, None, None, Settings().top_k),
    ],
)
def test_the_nearest_source_counts(
    tmp_path: Path, flag: int | None, variable: str | None, line: str | None, expected: int
) -> None:
    path = file(tmp_path, line) if line else None
    environment = {} if variable is None else {"ASSISTANT_TOP_K": variable}
    assert Settings.load(environment, path, top_k=flag).top_k == expected


def test_sources_complete_each_other(tmp_path: Path) -> None:
    path = file(tmp_path, 'top_k = 9\nhost = "0.0.0.0"\nport = 1')
    found = Settings.load({"ASSISTANT_PORT": "2", "ASSISTANT_HOST": "::1"}, path, host="a")
    assert (found.top_k, found.port, found.host) == (9, 2, "a")


def test_assistant_toml_of_the_working_folder_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.load({}).index == Path("indexes/default")
    file(tmp_path, 'index = "indexes/news"', "assistant.toml")
    assert Settings.load({}).index == Path("indexes/news")


def test_the_environment_is_the_process_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_PASSAGE_TOKENS", "99")
    assert Settings.load().passage_tokens == 99


def test_other_variables_are_not_settings() -> None:
    assert Settings.load({"TOP_K": "3", "PATH": "/bin", "MY_ASSISTANT_TOP_K": "4"}) == Settings()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Settings().top_k = 3  # type: ignore[misc]


# Refusals


@pytest.mark.parametrize("source", ["flag", "variable", "file"])
def test_an_unknown_setting_is_refused_from_each_source(tmp_path: Path, source: str) -> None:
    if source == "flag":
        message = refusal(topk="3")
    elif source == "variable":
        message = refusal({"ASSISTANT_TOPK": "3"})
    else:
        message = refusal(file=file(tmp_path, 'topk = "3"'))
    assert "'topk';" in message  # without its value, which may be a password
    assert "top_k" in message.replace("topk", "")  # what it may be instead


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("top_k", 0),
        ("top_k", 101),
        ("top_k", "many"),
        ("top_k", 2.5),
        ("port", 0),
        ("port", 65536),
        ("refuse_below", -0.1),
        ("refuse_below", 1.1),
        ("refuse_below", float("nan")),
        ("passage_tokens", 15),
        ("passage_tokens", 401),
        ("overlap", -1),
        ("overlap", 4),
        ("max_question", 49),
        ("precision", "int8"),
        ("llm_timeout", 0),
        ("llm_timeout", float("nan")),
        ("llm_total_timeout", 86_401),
        ("llm_max_tokens", 15),
        ("llm_context", 1023),
        ("llm_temperature", 2.1),
    ],
)
def test_a_value_out_of_bounds_is_refused(key: str, value: object) -> None:
    assert f"{key!r} = {value!r}" in refusal(**{key: value})


@pytest.mark.parametrize(
    ("key", "lowest", "highest"),
    [
        ("top_k", 1, 100),
        ("port", 1, 65535),
        ("refuse_below", 0, 1),
        ("passage_tokens", 16, 400),
        ("overlap", 0, 3),
        ("llm_max_tokens", 16, 32_768),
        ("llm_context", 1024, 2_000_000),
        ("llm_temperature", 0, 2),
    ],
)
def test_the_bounds_themselves_are_taken(key: str, lowest: int, highest: int) -> None:
    assert getattr(Settings.load({}, **{key: lowest}), key) == lowest
    assert getattr(Settings.load({}, **{key: highest}), key) == highest


def test_a_section_is_an_unknown_setting(tmp_path: Path) -> None:
    assert "'index_options';" in refusal(file=file(tmp_path, "[index_options]\ntop_k = 3"))


@pytest.mark.parametrize("content", ["top_k = ", "top_k 3", b"host = '\xff'"])
def test_a_broken_file_is_named(tmp_path: Path, content: str | bytes) -> None:
    path = file(tmp_path, content)
    assert str(path) in refusal(file=path)


def test_a_missing_file_that_was_asked_for_is_named(tmp_path: Path) -> None:
    assert str(tmp_path / "none.toml") in refusal(file=tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("flags", "may"),
    [
        ({}, True),
        ({"open_to_all": True}, False),
        ({"open_to_all": True, "corpus_changes": True}, True),
        ({"corpus_changes": False}, False),
    ],
)
def test_strangers_change_no_articles_unless_that_is_said(
    flags: dict[str, bool], may: bool
) -> None:
    assert Settings.load({}, **flags).may_change_corpus == may
