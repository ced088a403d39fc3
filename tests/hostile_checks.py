"""What holds of every hostile file."""

from __future__ import annotations

import time
from pathlib import Path

from assistant.articles import files
from assistant.articles._readers import documents_of
from assistant.articles.apart import Reading, reading
from assistant.articles.document import Document
from assistant.types import Article, CorpusError
from tests.hostile import SECRET, SLOW, Case

MOST_SECONDS = 30.0  # of computing: the machine may be busy
MOST_MEMORY = 1 << 20  # KiB
DOCUMENTS = sorted(
    path for path in (Path(__file__).parent / "documents").iterdir() if path.name[:2].isdigit()
)


class InProcess(Reading):
    """Reads here what is otherwise read apart."""

    def documents_of(self, path: Path, data: bytes) -> list[Document]:
        return documents_of(path, data)


def results(paths: list[Path], read: Reading | type[InProcess]) -> list[object]:
    """The articles and notes of files, and what is wrong with them."""
    found: list[object] = []
    reader = read() if isinstance(read, type) else read
    for path in paths:
        try:
            found += files._articles(path, reader)
        except CorpusError as fault:
            found.append(str(fault))
    return found


def check(case: Case, folder: Path) -> tuple[float, int]:
    """Read it; returns the seconds and the KiB of memory that it took."""
    path = folder / case.name
    path.write_bytes(case.make())
    articles: list[Article] = []
    said: list[str] = []
    begun = time.process_time()
    with reading() as read:
        try:
            for found in files._articles(path, read):
                if isinstance(found, Article):
                    articles.append(found)
                else:
                    said.append(str(found))
        except CorpusError as fault:
            said.append(str(fault))
    seconds = time.process_time() - begun + read.seconds
    was_read = case.read is not None and any(case.read in one.text for one in articles)
    refused = (*case.refused, SLOW) if case.heavy else case.refused
    was_refused = not articles and any(why in line for why in refused for line in said)
    assert was_read or was_refused, (said, [one.text[:80] for one in articles[:2]])
    assert all(SECRET not in one.text and SECRET not in one.title for one in articles)
    assert all("\n" not in line for line in said)
    assert seconds < MOST_SECONDS and read.most_memory < MOST_MEMORY
    return seconds, read.most_memory
