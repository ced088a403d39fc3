"""This project: its index and its hybrid retrieval with the default settings.

``model`` is the precision, since the weights are bundled; hybrid is the only way it retrieves.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from assistant.answering.assistant import Assistant
from assistant.articles.files import Corpus
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.text.language import language_of
from assistant.types import Article


def index(
    articles: list[tuple[str, str]], folder: Path, model: str, hybrid: bool
) -> tuple[int, float]:
    settings = _settings(folder, model)
    made = Index.create(settings)
    made.encoder.embed_questions(["?"])  # loads the model
    began = time.perf_counter()
    read = tuple(Article(id_, text[:90], text, language_of(text)) for id_, text in articles)
    made.update(Corpus(read, ()), [], settings)
    seconds = time.perf_counter() - began
    passages = made.catalog.counts()["passages"]
    made.close()
    return passages, seconds


def open(folder: Path, model: str, hybrid: bool) -> Any:
    return Assistant.open(settings=_settings(folder, model))


def search(opened: Any, question: str, depth: int) -> list[str]:
    return [hit.article_id for hit in opened.retrieve(question, top_k=depth)]


def _settings(folder: Path, precision: str) -> Settings:
    return Settings(index=folder, precision=precision)  # type: ignore[arg-type]
