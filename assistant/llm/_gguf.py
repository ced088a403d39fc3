"""A GGUF file as a model server inside this process, on a free port of the loopback address."""

from __future__ import annotations

import atexit
import os
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.types import LLMError

MAGIC = b"GGUF"
_CORES = Path("/sys/devices/system/cpu")

_running: dict[tuple[Path, int], Endpoint] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """Where a running model is reached, in OpenAI's protocol. ``server`` lives as long as it."""

    url: str
    key: str
    server: Any


def endpoint(path: Path, context: int) -> Endpoint:
    """The server of the model in ``path``: one a file and window size (tokens) in this process.

    Started by the first call, stopped when the process ends. Raises LLMError for a file that is
    no whole model, ImportError without the package.
    """
    with _lock:
        key = (path.resolve(), context)
        if key not in _running:
            _running[key] = _start(path, context)
        return _running[key]


def check(path: Path) -> None:
    """Raises LLMError when ``path`` is no GGUF file. Reads four bytes."""
    try:
        with path.open("rb") as stream:
            magic = stream.read(len(MAGIC))
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise LLMError(f"Model file {path}: {reason}; check the path", "missing") from None
    if magic != MAGIC:
        raise LLMError(f"{path} is not a GGUF file; give the path of one", "missing")


def cores() -> int:
    """Physical cores this process may run on: a second thread on one only slows the first."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    logical = os.sched_getaffinity(0)
    return len({_siblings(number) for number in logical}) or 1


def _siblings(number: int) -> str:
    """The threads of the core that thread ``number`` is on, as Linux lists them: "0,4"."""
    try:
        return (_CORES / f"cpu{number}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(number)


def _start(path: Path, context: int) -> Endpoint:
    import xllamacpp

    check(path)
    key = secrets.token_urlsafe(24)  # other users of the machine can reach the port as well
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {path.name}
    params.n_ctx = context
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = cores()
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [key]
    params.ui = False
    params.endpoint_slots = False  # it would tell anyone what is being asked
    params.cors_origins = ""
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        raise LLMError(
            f"Model file {path} cannot be loaded; fetch it again, or lower llm_context "
            f"({context}) if the memory is short",
            "missing",
        ) from None
    return Endpoint(f"{server.listening_address}/v1", key, server)


@atexit.register
def stop() -> None:
    """Stops every server. A model opened on one no longer answers."""
    with _lock:
        _running.clear()
