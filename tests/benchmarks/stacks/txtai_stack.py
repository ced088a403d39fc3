"""txtai: Embeddings, saved to a folder; hybrid=True adds its own BM25."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from txtai import Embeddings


def index(
    articles: list[tuple[str, str]], folder: Path, model: str, hybrid: bool
) -> tuple[int, float]:
    embeddings = Embeddings(
        path=model,
        instructions={"query": "query: ", "data": "passage: "},
        **({"hybrid": True} if hybrid else {}),
    )
    began = time.perf_counter()
    embeddings.index([(id_, text, None) for id_, text in articles])
    embeddings.save(str(folder))
    return embeddings.count(), time.perf_counter() - began


def open(folder: Path, model: str, hybrid: bool) -> Any:
    embeddings = Embeddings()
    embeddings.load(str(folder))
    return embeddings


def search(opened: Any, question: str, depth: int) -> list[str]:
    return [id_ for id_, _ in opened.search(question, depth)]
