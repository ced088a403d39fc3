"""Which language models could be used here."""

from __future__ import annotations

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from assistant.llm.models import (
    COMPATIBLE,
    GGUF,
    NONE,
    OWN_KEY,
    PROVIDERS,
    check,
    is_installed,
    is_loopback,
    name_of,
    not_installed,
)
from assistant.settings import Settings
from assistant.types import AssistantError, Finding


def examine_language_models(settings: Settings) -> Iterator[Finding]:
    """The one that is set can be a fault; of the others it is only said what they would need."""
    if settings.llm == NONE:
        yield Finding(True, "No language model is set: answers are quotes")
    else:
        try:
            check(settings.llm, settings)
        except AssistantError as error:
            fact, _, remedy = str(error).partition("; ")
            yield Finding(False, fact, remedy)
        else:
            yield Finding(True, f"Language model {name_of(settings.llm)} can be opened")
    for offer in usable(settings):
        can = "can be used" if offer.usable else "not usable yet"
        yield Finding(True, f"{offer.example}: {can}: {offer.note}")


OLLAMA_PORT = 11434
OLLAMA_WAIT = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Offer:
    """A provider with a spec to type: ``usable`` now, or ``note`` says what to do first."""

    provider: str
    example: str
    usable: bool
    note: str


def usable(settings: Settings) -> list[Offer]:
    """Every provider of ours, and what it would take to use it. Contacts loopback only."""
    listed: dict[str, Callable[[], list[str]]] = {
        "ollama": lambda: [f"ollama:{name}" for name in ollama_models()],
        GGUF: lambda: [f"{GGUF}:{path}" for path in gguf_files(settings)],
    }
    return [
        offer
        for provider in PROVIDERS
        for offer in _offers(provider, listed.get(provider, list), settings)
    ]


def _offers(provider: str, listed: Callable[[], list[str]], settings: Settings) -> list[Offer]:
    known = PROVIDERS[provider]
    absent = next((name for name in known.modules if not is_installed(name)), None)
    if absent:
        note = str(not_installed(known.example, provider, absent)).partition("; run: ")[2]
        return [Offer(provider, known.example, False, f"not installed; run: {note}")]
    if known.variables:
        there = next((name for name in known.variables if os.environ.get(name)), None)
        note = f"{there} is set" if there else f"no key; set {known.variables[0]}"
        return [Offer(provider, known.example, bool(there), note)]
    specs = listed()
    if specs:
        return [Offer(provider, spec, True, "on this machine") for spec in specs]
    nothing = {
        "ollama": "no Ollama with a model answers here; run: ollama pull qwen3:4b",
        GGUF: f"no .gguf file in {settings.llm_folder}; put one there, or give its path",
        COMPATIBLE: f"give the address of a server; a key, if it wants one, in {OWN_KEY}",
    }
    return [Offer(provider, known.example, provider == COMPATIBLE, nothing[provider])]


def gguf_files(settings: Settings) -> list[Path]:
    """The GGUF files in the folder of models."""
    return sorted(path for path in settings.llm_folder.glob("*.gguf") if path.is_file())


def ollama_models() -> list[str]:
    """Names of the models of an Ollama on this machine, [] where none answers in half a second.

    An OLLAMA_HOST elsewhere is not asked.
    """
    given = os.environ.get("OLLAMA_HOST") or "127.0.0.1"
    parts = urlsplit(given if "//" in given else f"//{given}")
    host = "127.0.0.1" if parts.hostname == "0.0.0.0" else parts.hostname or ""
    if not is_loopback(host):
        return []
    # No redirect is followed and no proxy used, which would lead elsewhere.
    connection = http.client.HTTPConnection(host, parts.port or OLLAMA_PORT, timeout=OLLAMA_WAIT)
    try:
        connection.request("GET", "/api/tags")
        answer = json.loads(_read(connection.getresponse(), time.monotonic() + OLLAMA_WAIT))
        return [str(model["name"]) for model in answer["models"]]
    except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError):
        return []
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    parts = []
    while time.monotonic() < deadline and (part := response.read1(1 << 16)):
        parts.append(part)
    return b"".join(parts)
