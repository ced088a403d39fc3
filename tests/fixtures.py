"""Fixtures that several tests share."""

from __future__ import annotations

import hashlib
import os
import resource
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index._catalog_rows import digest_of
from assistant.index.catalog import Catalog
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.text.terms import terms
from assistant.types import Article, Passage, Sentence, Vectors


@pytest.fixture(scope="session")
def seed_assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the project's own article, with the real model; indexed once."""
    settings = Settings(index=tmp_path_factory.mktemp("seed") / "index")
    paths = [Path(__file__).parents[1] / "seeds"]
    index = Index.create(settings)
    index.update(read_articles(paths), paths, settings)
    assistant = Assistant(index, settings)
    yield assistant
    assistant.close()


@pytest.fixture(scope="session")
def seed_index(seed_assistant: Assistant) -> Index:
    """The index of ``seed_assistant``: for reading only."""
    return seed_assistant.index


class FakeEncoder:
    """Vectors that can be computed in the head: one axis for each term, in unit length.

    So the cosine of two texts without repeated terms is the number of terms they share, divided
    by the root of the product of their lengths. ``embedded`` are the passages it was given.
    """

    dimension = 2048  # more terms than that share axes
    digest = "none"
    _axes: ClassVar[dict[str, int]] = {}

    def __init__(self, settings: Settings) -> None:
        self.embedded: list[str] = []
        self.fingerprint = {
            "model": settings.model,
            "weights": "none",
            "query prefix": settings.query_prefix or "",
            "passage prefix": settings.passage_prefix or "",
        }

    def fits(self, passage: str) -> bool:
        return True

    def embed_questions(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in zip(vectors, texts, strict=True):
            for term in terms(text):
                row[self._axes.setdefault(term, len(self._axes) % self.dimension)] += 1
            row /= np.linalg.norm(row) or 1
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if any("UNEMBEDDABLE" in text for text in texts):
            raise RuntimeError("the encoder broke")
        self.embedded += texts
        return self.embed_questions(texts)


def make_article(
    text: str, path: str = "", language: str = "vi", title: str | None = None
) -> Article:
    """An article whose id comes from its text, and its title where it is given none."""
    number = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Article(number, text[:20] if title is None else title, text, language, path=path)


def lines_of(article: Article) -> list[Passage]:
    """A passage of one sentence for each line of the article."""
    found, start = [], 0
    for line in article.text.splitlines(keepends=True):
        end = start + len(line.rstrip("\n"))
        if end > start:
            text = article.text[start:end]
            found.append(Passage(article.id, start, end, text, (Sentence(start, end),)))
        start += len(line)
    return found


def add_articles(
    catalog: Catalog, *texts: str, language: str = "vi", title: str | None = None
) -> list[Article]:
    """Adds an article for each text, a passage for each of its lines, with the fake's vectors."""
    articles = [make_article(text, language=language, title=title) for text in texts]
    pairs = [(article, lines_of(article)) for article in articles]
    lines = [passage.text for _, passages in pairs for passage in passages]
    vectors = FakeEncoder(Settings()).embed_passages(lines)
    catalog.add(pairs, dict(zip(map(digest_of, lines), vectors, strict=True)))
    return articles


def replace_content(path: Path, content: bytes) -> None:
    """Damage, as a test does it to an index file that may still be open somewhere.

    A new file in its place: an open index has the old one mapped, and the process ends by SIGBUS
    when a mapped file is cut, if only for a moment.
    """
    scratch = path.with_name(f"{path.name}.scratch")
    scratch.write_bytes(content)
    os.replace(scratch, path)


def flipping(name: str) -> Callable[[Path], None]:
    """Damage of one bit in the middle of the file of that name (a glob) in a folder."""

    def harm(folder: Path) -> None:
        file = next(folder.glob(name))
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        replace_content(file, bytes(content))

    return harm


@pytest.fixture
def fake_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every index that is opened has the fake encoder."""
    for module in ("index", "backup", "doctor"):
        monkeypatch.setattr(f"assistant.index.{module}.SentenceEncoder", FakeEncoder)


@pytest.fixture
def small_index(tmp_path: Path, fake_encoder: None) -> Settings:
    """An index of the two articles in ``tmp_path/news``, each of two sentences and one passage."""
    folder = tmp_path / "news"
    folder.mkdir()
    (folder / "one.txt").write_text("Ông Tâm là bí thư.\n\nPhường Lái Thiêu họp.", "utf-8")
    (folder / "two.txt").write_text("Ông Châu ở Tân Phước.\n\nPhường có cảng biển.", "utf-8")
    settings = Settings(index=tmp_path / "index", passage_tokens=24, overlap=0)
    update_index(settings, folder)
    return settings


def update_index(settings: Settings, folder: Path) -> None:
    with closing(Index.create(settings)) as index:
        index.update(read_articles([folder]), [folder], settings)


def texts_in(settings: Settings) -> list[str]:
    """The articles of an index that opens, with derived indexes of the same state."""
    with closing(Index.open(settings)) as index:
        count = index.catalog.counts()["passages"]
        assert index.dense.stamp.count == index.lexical.stamp.count == count
        assert index.catalog.integrity() == "ok"
        return sorted(article.text for article in index.catalog.articles())


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process grows beyond ``size`` bytes: SQLite, tantivy and Python all get an
    error of the system where they write on."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """An empty catalog in ``tmp_path``."""
    catalog = Catalog.create(tmp_path / "catalog.sqlite", {"model": "fake"})
    yield catalog
    catalog.close()
