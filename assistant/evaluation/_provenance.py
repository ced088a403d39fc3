"""Where a report comes from: what has to be the same for figures to be the same."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from assistant.answering.prompt_texts import digests
from assistant.evaluation._questions import Question
from assistant.evaluation._scoring import System
from assistant.llm.models import redacted
from assistant.types import Article

_CHECKOUT = Path(__file__).resolve().parents[2]
_PACKAGES = ("article-assistant", "torch", "transformers", "sentence-transformers", "faiss-cpu")


def provenance(
    system: System, questions: Iterable[Question], articles: Iterable[Article]
) -> dict[str, Any]:
    """Code, settings, model, prompts, articles, questions and machine of a run."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "code": checkout(_CHECKOUT),
        "settings": system.settings.model_dump(mode="json")
        | {"llm": redacted(system.settings.llm)},
        "model": dict(system.index.encoder.fingerprint),
        "prompts": digests(),
        "corpus": corpus_digest(article.id for article in articles),
        "questions": question_digest(questions),
        "machine": machine(),
    }


def checkout(folder: Path) -> dict[str, Any] | None:
    """Commit and dirtiness of the git checkout at ``folder``; None where it is not one.

    The checkout must start there: a package that is installed inside another project's
    repository is not of that repository's commit.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None or Path(top).resolve() != folder.resolve():
        return None
    changes = _git(folder, "status", "--porcelain")
    return {
        "commit": _git(folder, "rev-parse", "--verify", "--quiet", "HEAD"),
        "dirty": None if changes is None else bool(changes),
    }


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says, None when it cannot."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def corpus_digest(article_ids: Iterable[str]) -> dict[str, Any]:
    """Number and digest of the articles, whatever their order."""
    ids = sorted(article_ids)
    return {"articles": len(ids), "digest": _digest("\n".join(ids))}


def question_digest(questions: Iterable[Question]) -> dict[str, Any]:
    """Number and digest of the questions with their gold."""
    rows = sorted(
        repr((q.id, q.question, q.answers, q.evidence, q.unanswerable, sorted(q.grades.items())))
        for q in questions
    )
    return {"questions": len(rows), "digest": _digest("\n".join(rows))}


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def machine() -> dict[str, Any]:
    """Processor, cores this process may use, system and versions; nothing that names the host."""
    return {
        "processor": _processor(),
        "cores": _cores(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
