"""What front matter and sidecar files say about an article."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml

from assistant.index.text_files import (
    check_characters,
    corpus_error,
    decoded_text,
    line_of,
    printable,
)
from assistant.text.dates import first_day_in

MAX_METADATA = 64_000  # code points of front matter or a sidecar file: YAML is slow to parse
SIDECAR_SUFFIXES = (".yaml", ".yml", ".json")

_LANGUAGE = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*", re.IGNORECASE)
_FENCE = re.compile(r"---[ \t]*\n")
_FENCE_END = re.compile(r"^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What front matter or a sidecar file says; "" where it says nothing."""

    title: str = ""
    source: str = ""
    date: str = ""
    language: str = ""


# Front matter and sidecar files
def read_front_matter(path: Path, text: str) -> tuple[Metadata, str]:
    """What a block between two lines '---' at the top says, and the text below it."""
    opening = _FENCE.match(text)
    if not opening:
        return Metadata(), text
    closing = _FENCE_END.search(text, opening.end())
    if not closing:
        raise corpus_error(
            path, "opens front matter on line 1 and never closes it", "add a line ---"
        )
    block = text[opening.end() : closing.start()]
    return _metadata(path, _parsed_yaml(path, block, 2)), text[closing.end() :]


def read_sidecar(path: Path) -> Metadata:
    for suffix in SIDECAR_SUFFIXES:
        beside = path.with_name(path.name + suffix)
        if os.path.lexists(beside):
            text = decoded_text(beside)
            parse = parsed_json if suffix == ".json" else _parsed_yaml
            return _metadata(beside, parse(beside, text))
    return Metadata()


def _parsed_yaml(path: Path, block: str, first: int = 1) -> Any:
    """``block`` parsed; it starts on line ``first`` of its file."""
    _check_metadata_length(path, block)
    try:
        return yaml.safe_load(block)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line = first + (mark.line if mark else 0)
        why = getattr(error, "problem", None) or "it cannot be parsed"
    except (ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        line, why = first, f"{error}" or type(error).__name__  # what yaml lets through
    raise corpus_error(
        path, f"is not valid YAML from line {line} on, {printable(why)}", "correct it"
    )


def parsed_json(path: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line, why = error.lineno, error.msg
    except (ValueError, RecursionError) as error:
        line, why = 1, str(error)
    raise corpus_error(path, f"is not valid JSON on line {line}, {printable(why)}", "correct it")


def _check_metadata_length(path: Path, block: str) -> None:
    if len(block) > MAX_METADATA:
        raise corpus_error(
            path, f"has more than {MAX_METADATA} characters of metadata", "shorten it"
        )


def _metadata(path: Path, values: object) -> Metadata:
    """The keys we know; the others are the user's own."""
    if values is None:
        return Metadata()
    if not isinstance(values, Mapping):
        raise corpus_error(path, "has metadata without keys", "write lines such as title: …")
    return Metadata(
        title=_string(path, values, "title"),
        source=_string(path, values, "source"),
        date=_day(path, values),
        language=_language(path, values),
    )


def _string(path: Path, values: Mapping[Any, Any], key: str) -> str:
    value = values.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        # The value itself is not shown: aliases can make it too large to print.
        why = f"has a {key} that is not text but {type(value).__name__}"
        raise corpus_error(path, why, "put it in quotes")
    check_characters(path, value, f"the {key}")
    return line_of(value)


def _day(path: Path, values: Mapping[Any, Any]) -> str:
    value = values.get("date")
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    text = _string(path, values, "date")
    day = first_day_in(text)
    if text and not day:
        raise corpus_error(path, f"has the date {_quoted(text)}", "write a day as YYYY-MM-DD")
    return day


def _language(path: Path, values: Mapping[Any, Any]) -> str:
    text = _string(path, values, "language")
    match = _LANGUAGE.fullmatch(text)
    if text and not match:
        raise corpus_error(
            path, f"has the language {_quoted(text)}", "write two letters such as vi"
        )
    return match[1].lower() if match else ""


def _quoted(value: str) -> str:
    shown = printable(repr(value))
    return shown if len(shown) <= 60 else shown[:59] + "…"


def merged_metadata(own: Metadata, beside: Metadata) -> Metadata:
    """Front matter counts before a sidecar file."""
    return Metadata(
        title=own.title or beside.title,
        source=own.source or beside.source,
        date=own.date or beside.date,
        language=own.language or beside.language,
    )
