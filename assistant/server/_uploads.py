"""Articles that are added to an open index, and removed from it, while it answers.

A file that is sent is kept in the index's own folder ``uploads/``: `assistant index` of other
folders leaves its articles alone, and `assistant index INDEX/uploads` reads them again. What came
from a web address has a file beside it that names the address.
"""

from __future__ import annotations

import json
import os
import re
import threading
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from assistant import private_files
from assistant.articles.files import file_of, read_articles
from assistant.articles.suffixes import ARTICLE_SUFFIXES
from assistant.index.index import UPLOADS, Index
from assistant.settings import Settings
from assistant.types import Article, CorpusError

MOST_FILES: Final = 1000
LONGEST_NAME: Final = 100  # characters: file systems take 255 bytes
BESIDE: Final = ".yaml"  # after a file's name: what is known of it; never a file that was sent

_UNFIT = re.compile(r"[^\w .()\[\]-]+")


class UploadError(CorpusError):
    """A file that was sent is not taken: the message names it and says why."""


@dataclass(frozen=True, slots=True)
class Added:
    """What came of a file: the articles that are new, how many were there already, and what of it
    could not be read."""

    articles: tuple[Article, ...]
    known: int
    notes: tuple[str, ...] = ()


class Uploads:
    """Adds and removes articles of an open index, one at a time."""

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self.settings = settings
        self.folder = index.folder / UPLOADS
        self._lock = threading.Lock()
        self._running = ("", 0, 0)  # the mark of what is indexed, and how far that is

    def add(self, name: str, data: bytes, source: str = "", mark: str = "") -> Added:
        """The articles of a file named ``name``, indexed. Raises CorpusError, keeping nothing.

        ``source``: the web address it came from. ``mark``: what ``progress`` is asked for.
        """
        with self._lock:
            self._running = (mark, 0, 0)
            path = self._free(_safe(name))
            try:
                _write(path, data)
                if source:
                    known = f"source: {json.dumps(source, ensure_ascii=False)}\n"  # JSON is YAML
                    _write(_beside(path), known.encode())
                return self._index(path, mark)
            except BaseException:
                _unlink(path)
                raise
            finally:
                self._running = ("", 0, 0)

    def progress(self, mark: str) -> tuple[int, int]:
        """Characters indexed, and in all, of what is added under ``mark``; (0, 0) before and after:
        while it waits for another to be added, or is read."""
        running, done, total = self._running
        return (done, total) if mark and mark == running else (0, 0)

    def remove(self, article_id: str) -> bool:
        """Takes the article out; its file too where it was sent and holds no other article.

        Returns whether a file stays from which `assistant index` would add it again. Raises
        IndexFault when there is no such article.
        """
        with self._lock:
            catalog = self.index.catalog
            path = file_of(Path(catalog.article(article_id).path))
            self.index.remove([article_id])
            if not path.is_relative_to(self.folder.resolve()):
                return path.exists()
            left = map(Path, catalog.article_paths().values())
            if not any(one.is_relative_to(path) for one in left):
                _unlink(path)
            return path.exists()

    def _index(self, path: Path, mark: str) -> Added:
        corpus = read_articles([path])
        # A path of the server's is nobody's business.
        if corpus.faults:
            raise UploadError(str(corpus.faults[0]).replace(str(path), path.name))
        notes = tuple(note.replace(str(path), path.name) for note in corpus.notes)
        known = self.index.catalog.article_paths()
        new = tuple(article for article in corpus.articles if article.id not in known)
        if new:
            fresh = type(corpus)(new, ())
            self.index.update(fresh, [path], self.settings, embedding=partial(self._tell, mark))
        else:
            _unlink(path)  # all of it is there, from another file
        return Added(new, len(corpus.articles) - len(new), notes)

    def _tell(self, mark: str, done: int, total: int) -> None:
        self._running = (mark, done, total)

    def _free(self, name: str) -> Path:
        """A path in the folder that no file has."""
        try:
            private_files.make_folder(self.folder)
            taken = {entry.name.casefold() for entry in self.folder.iterdir()}
        except OSError as error:
            raise UploadError(f"{name} cannot be kept, {error.strerror}: see the server") from None
        if sum(not each.endswith(BESIDE) for each in taken) >= MOST_FILES:
            raise UploadError(f"{name} is not taken: {MOST_FILES} files were sent; remove some")
        stem, suffix = os.path.splitext(name)
        names = (name, *(f"{stem}-{number}{suffix}" for number in range(2, MOST_FILES + 2)))
        free = (n for n in names if not {n.casefold(), n.casefold() + BESIDE} & taken)
        return self.folder / next(free)


def _safe(name: str) -> str:
    """``name`` as that of a file in one folder. Raises UploadError where it is not an article's."""
    last = PurePath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    suffix = PurePath(last).suffix.lower()
    if suffix not in ARTICLE_SUFFIXES:
        shown = _UNFIT.sub("_", last)[:LONGEST_NAME] or "The file"
        raise UploadError(f"{shown} is not taken: name {', '.join(sorted(ARTICLE_SUFFIXES))} files")
    stem = _UNFIT.sub("_", last[: -len(suffix)]).strip(". ")[: LONGEST_NAME // 2] or "article"
    return f"{stem}{suffix}"


def _beside(path: Path) -> Path:
    return path.with_name(path.name + BESIDE)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    _beside(path).unlink(missing_ok=True)


def _write(path: Path, data: bytes) -> None:
    try:
        private_files.write(path, data, new=True)
    except OSError as error:
        raise UploadError(f"{path.name} cannot be kept, {error.strerror}: try again") from None
