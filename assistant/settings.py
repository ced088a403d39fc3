"""Settings: one frozen object; a flag beats the environment, which beats the file.

Order: keyword (a command-line flag) > ``ASSISTANT_<NAME>`` > ``assistant.toml`` > default.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from assistant.types import SettingsError

PREFIX = "ASSISTANT_"
FILE = Path("assistant.toml")
_PLAIN = re.compile(r"[\w.+-]{0,16}", re.ASCII)
_ROOT_PATH = re.compile(r"(?:/(?!\.+(?:/|$))[\w.~-]+)+", re.ASCII)
SECRETS = {"ASSISTANT_LLM_KEY"}  # read where it is used, and never a setting


class Settings(BaseModel):
    """Everything that can be set. Unknown names are refused and numbers are bounded."""

    # Nor does pydantic's own error, which a caller in Python may see, print a value.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    index: Path = Field(Path("indexes/default"), description="folder of the index")
    model: str = Field(
        "bundled",
        description="'bundled', a sentence-transformers id or folder, or "
        "openai-compatible:http://HOST:PORT/v1#MODEL",
    )
    query_prefix: str | None = Field(None, description="text put before a question for the model")
    passage_prefix: str | None = Field(None, description="text put before a passage for the model")
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="of the models; auto: bf16 where the processor has it"
    )
    runtime: Literal["auto", "openvino", "torch"] = Field(
        "auto",
        description="what calculates the bundled model and the reader; auto: OpenVINO where it is "
        "installed, torch otherwise",
    )
    reader: Path | None = Field(
        None, description="folder of a reader made by 'assistant train'; unset: the shipped one"
    )
    passage_tokens: int = Field(320, ge=16, le=400, description="token budget of a passage")
    overlap: int = Field(1, ge=0, le=3, description="sentences two neighbouring passages share")
    editions: int = Field(
        10, ge=0, le=1000, description="earlier texts of an edited article that are kept; 0: none"
    )
    top_k: int = Field(5, ge=1, le=100, description="hits returned")
    refuse_below: float = Field(
        0.2, ge=0, le=1, description="confidence under which a question is refused"
    )
    strictness: Literal["strict", "balanced", "open"] = Field(
        "balanced",
        description="how sure to be before answering: refuse_below is for balanced; open lets a "
        "language model read whatever was found",
    )
    unsupported: Literal["flag", "drop", "replace"] = Field(
        "flag", description="what becomes of a model's sentence that no passage supports"
    )
    max_question: int = Field(2000, ge=50, le=100_000, description="characters of a question read")
    llm: str = Field(
        "none", description="'none' (quotes only), provider:model, or gguf:FILE; see README"
    )
    llm_timeout: float = Field(
        60, gt=0, le=3600, description="seconds to the model's first words, and between words"
    )
    llm_total_timeout: float = Field(
        300, gt=0, le=86_400, description="seconds to the end of the model's answer"
    )
    llm_max_tokens: int = Field(800, ge=16, le=32_768, description="tokens of the model's answer")
    llm_context: int = Field(
        8192, ge=1024, le=2_000_000, description="tokens the model reads and writes in one request"
    )
    llm_temperature: float = Field(0, ge=0, le=2, description="randomness of the model's words")
    group_files: bool = Field(
        False, description="the group may read and write the files too: 0660 and 0770"
    )
    llm_tracing: bool = Field(
        False,
        description="heed LangSmith's variables of the environment, which send it every prompt and "
        "answer",
    )
    llm_folder: Path = Field(Path("models"), description="folder searched for .gguf files")
    host: str = Field("127.0.0.1", description="address the chat listens on")
    port: int = Field(7860, ge=1, le=65535, description="port the chat listens on")

    # The server: its limits, and who may come in.
    page: bool = Field(True, description="serve the chat page; false: only the interfaces")
    max_body: int = Field(
        1_048_576, ge=1024, le=1 << 30, description="bytes of a request's body the server reads"
    )
    max_upload: int = Field(
        20_000_000, ge=1024, le=20_000_000, description="bytes of a file that is added over HTTP"
    )
    longest_question: int = Field(
        20_000, ge=50, le=1_000_000, description="characters of a question the server takes"
    )
    requests_a_minute: int = Field(
        120, ge=0, le=1_000_000, description="questions and searches of one client; 0: no limit"
    )
    answers_at_once: int = Field(
        8, ge=1, le=1000, description="answers the server works on at the same time"
    )
    users: Path | None = Field(None, description="file of the users who may sign in")
    keys: Path | None = Field(None, description="file of the keys that open the API")
    session_hours: int = Field(168, ge=1, le=8760, description="hours until one signs in again")
    root_path: str = Field(
        "", description="path under which a reverse proxy serves it, such as /news"
    )
    proxy_address: str | None = Field(None, description="address of a reverse proxy to trust")
    proxy_header: str | None = Field(
        None, description="header in which that proxy names the user who has signed in"
    )
    hosts: str = Field("", description="host names the server is reached under, with commas")
    open_to_all: bool = Field(False, description="other machines may ask without signing in")
    corpus_changes: bool | None = Field(
        None,
        description="articles may be added and removed in the page; if not set: unless open_to_all",
    )
    web_addresses: bool = Field(
        False, description="who may add articles may name web addresses, which the server fetches"
    )
    metrics: bool = Field(
        False, description="GET /metrics, for Prometheus: from this machine, or with a key"
    )
    grace_seconds: float = Field(
        30, ge=0, le=3600, description="seconds that running answers have to end after SIGTERM"
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="of the log on standard error; json: with a line for each request"
    )
    model_choice: bool = Field(True, description="people may choose among the usable models")

    @field_validator("root_path")
    @classmethod
    def _is_path(cls, value: str) -> str:
        value = value.rstrip("/")
        if not is_root_path(value):
            raise ValueError("should be a path such as /news")
        return value

    @property
    def may_change_corpus(self) -> bool:
        """Whether visitors may add and remove articles."""
        return not self.open_to_all if self.corpus_changes is None else self.corpus_changes

    @property
    def least_confidence(self) -> float:
        """The confidence under which a question is refused, at the chosen strictness.

        strict: twice ``refuse_below``. open: half of it, or nothing at all where a language model
        reads the passages and every sentence of it is checked.
        """
        if self.strictness == "strict":
            return min(1.0, 2 * self.refuse_below)
        if self.strictness == "open":
            return 0.0 if self.llm != "none" else self.refuse_below / 2
        return self.refuse_below

    @classmethod
    def load(
        cls,
        environment: Mapping[str, str] | None = None,
        file: Path | None = None,
        **flags: Any,
    ) -> Settings:
        """Settings from flags (None = not given), environment and file.

        Raises SettingsError, which names the key that is wrong; its value only where that can be
        no password.
        """
        environment = os.environ if environment is None else environment
        values = _from_file(file or FILE, required=file is not None)
        values |= _from_environment(environment)
        values |= {k: v for k, v in flags.items() if v is not None}
        try:
            return cls(**values)
        except ValidationError as error:
            raise SettingsError(_first_fault(error)) from None


def is_root_path(path: str) -> bool:
    """Whether a server can be under this path: "", or segments of plain characters."""
    return not path or bool(_ROOT_PATH.fullmatch(path))


def _from_file(path: Path, required: bool) -> dict[str, Any]:
    if not path.is_file():
        if required:
            raise SettingsError(f"Settings file {path} does not exist; check the path")
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"Settings file {path} cannot be read: {error}") from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """``ASSISTANT_TOP_K=3`` → ``{"top_k": "3"}``; an empty value counts as not set."""
    return {
        key.removeprefix(PREFIX).lower(): value
        for key, value in environment.items()
        if key.startswith(PREFIX) and value and key not in SECRETS
    }


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    key = ".".join(map(str, fault["loc"]))
    if fault["type"] == "extra_forbidden":
        if "key" in key.lower():  # not quoted
            return f"Setting {key!r} is refused: keys are given in the environment only"
        known = ", ".join(sorted(Settings.model_fields))
        return f"Unknown setting {key!r}; known are: {known}"
    return f"Setting {key!r}{_shown(key, fault['input'])} is refused: {fault['msg'].lower()}"


def _shown(key: str, value: object) -> str:
    """`` = value`` of a number or of one word among several; "" of what may hold a password: of
    texts and paths, and of anything that does not look like such a value."""
    field = Settings.model_fields.get(key)
    free = field is None or any(
        kind in (str, Path) for kind in (field.annotation, *get_args(field.annotation))
    )
    plain = isinstance(value, int | float) or (isinstance(value, str) and _PLAIN.fullmatch(value))
    return f" = {value!r}" if plain and not free else ""
