"""Articles that are added to an open index, and removed from it, while it answers.

A file that is sent is kept in the index's own folder ``uploads/``: `assistant index` of other
folders leaves its articles alone, and `assistant index INDEX/uploads` reads them again. What came
from a web address has a file beside it that names the address.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import threading
import unicodedata
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePath
from typing import Final

from assistant import private_files
from assistant.articles.files import file_of, read_articles
from assistant.articles.suffixes import ARTICLE_SUFFIXES
from assistant.index.errands import INCOMING, UPLOADS, noted
from assistant.index.files import discarded, written
from assistant.index.index import Index
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
        with self._lock, self.index.changing():
            self._running = (mark, 0, 0)
            path = self._free(_safe(name))
            waiting = self.folder / f"{INCOMING}{secrets.token_hex(4)}"
            try:
                _write(waiting / path.name, data)
                if source:
                    known = f"source: {json.dumps(source, ensure_ascii=False)}\n"  # JSON is YAML
                    _write(_beside(waiting / path.name), known.encode())
                return self._index(waiting / path.name, path, mark)
            finally:
                self._running = ("", 0, 0)
                if not self.index.catalog.errands():  # else it waits for the next run
                    discarded(waiting)

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
        with self._lock, self.index.changing():
            catalog = self.index.catalog
            path = file_of(Path(catalog.article(article_id).path))
            others = (p for i, p in catalog.article_paths().items() if i != article_id)
            is_sent = path.is_relative_to(self.folder.resolve())
            goes = is_sent and not any(Path(one).is_relative_to(path) for one in others)
            errands = {path: None, _beside(path): None} if goes else {}
            self.index.remove([article_id], noted(self.index.folder, errands))
            return path.exists()

    def _index(self, waiting: Path, path: Path, mark: str) -> Added:
        """What is in the file that waits, indexed as what is at ``path``, where it goes then."""
        corpus = read_articles([waiting])
        # A path of the server's is nobody's business.
        if corpus.faults:
            raise UploadError(str(corpus.faults[0]).replace(str(waiting), path.name))
        notes = tuple(note.replace(str(waiting), path.name) for note in corpus.notes)
        known = self.index.catalog.article_paths()
        new = tuple(
            replace(article, path=str(path) + article.path.removeprefix(str(waiting)))
            for article in corpus.articles
            if article.id not in known
        )
        if new:  # else all of it is there, from another file
            self.index.update(
                type(corpus)(new, ()),
                [path],
                self.settings,
                embedding=partial(self._tell, mark),
                errands=noted(self.index.folder, {waiting: path, _beside(waiting): _beside(path)}),
            )
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


def _write(path: Path, data: bytes) -> None:
    try:
        private_files.make_folder(path.parent)
        written(path, data)
    except OSError as error:
        raise UploadError(f"{path.name} cannot be kept, {error.strerror}: try again") from None
