"""What is extracted from documents: ``python -m tests.benchmarks.documents [--files] [--wrong]``.

The documents of ``tests/documents`` were made by programs and by hand; ``expected.json`` names,
article by article, what must be in the text, what must not, and the facts. Prints a table: of each
kind of file the shares that are right; ``--files`` of each file, ``--wrong`` also what is wrong.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.articles.files import read_articles
from assistant.types import Article

FOLDER = Path(__file__).parents[1] / "documents"
FACTS = ("title", "date", "source", "author", "language")
REFUSED = "Refused, and told why"
COLUMNS = {
    "headline": "title", "date": "date", "newspaper": "source", "author": "author",
    "language": "language", "text whole": "text", "furniture left out": "furniture",
    "refused": "refused",
}  # fmt: skip
KINDS = {
    ".pdf": "PDF", ".docx": "Word", ".odt": "OpenDocument", ".rtf": "RTF", ".epub": "EPUB",
    ".html": "Web page", ".mhtml": "Web page", ".csv": "CSV", ".xlsx": "Excel",
    ".json": "JSON", ".jsonl": "JSON", ".eml": "Mail", ".zip": "Archive", ".md": "Text",
    ".txt": "Text",
}  # fmt: skip


@dataclass
class Found:
    """Of one file: how many of the wanted pieces, the unwanted ones and the facts are right; the
    keys are those of COLUMNS."""

    file: str
    kind: str
    right: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def note(self, key: str, right: bool, what: object) -> None:
        self.wanted[key] += 1
        self.right[key] += right
        if not right:
            self.wrong.append(str(what))


def plain(text: str) -> str:
    return " ".join(text.split())


def holds(text: str, piece: str | dict[str, list[str]]) -> bool:
    """Whether the text has the sentence, or a line that has all of the row's cells."""
    if isinstance(piece, str):
        return plain(piece) in plain(text)
    cells = [plain(cell.rpartition(": ")[2]) for cell in piece["row"]]
    return any(all(cell in plain(line) for cell in cells) for line in text.split("\n"))


def nearest(articles: list[Article], wanted: dict[str, Any]) -> Article | None:
    """The article that holds most of what is wanted."""
    return max(
        articles, key=lambda a: sum(holds(a.text, p) for p in wanted["contains"]), default=None
    )


def compared(entry: dict[str, Any]) -> Found:
    corpus = read_articles([FOLDER / entry["file"]])
    if entry.get("refused"):
        found = Found(entry["file"], REFUSED)
        said = " ".join(map(str, corpus.faults))
        found.note("refused", entry["says"] in said and not corpus.articles, f"says: {said!r}")
        return found
    found = Found(entry["file"], entry.get("kind") or KINDS[Path(entry["file"]).suffix])
    for wanted in entry["articles"]:
        _compare(found, nearest(list(corpus.articles), wanted), wanted)
    return found


def _compare(found: Found, article: Article | None, wanted: dict[str, Any]) -> None:
    text = article.text if article else ""
    for piece in wanted["contains"]:
        found.note("text", holds(text, piece), piece)
    for piece in wanted["without"]:
        found.note("furniture", plain(piece) not in plain(text), f"unwanted: {piece}")
    for fact in FACTS:
        if wanted.get(fact):
            told = getattr(article, fact, "")
            same = plain(wanted[fact]) == plain(told)
            found.note(fact, same, f"{fact}: {told!r}, not {wanted[fact]!r}")


def measured() -> Iterator[Found]:
    for entry in json.loads((FOLDER / "expected.json").read_text("utf-8")):
        yield compared(entry)


def shares(found: Iterable[Found], *keys: str) -> tuple[int, int]:
    """How many are right and how many there are of these keys of COLUMNS."""
    several = list(found)
    right = sum(one.right[key] for one in several for key in keys)
    return right, sum(one.wanted[key] for one in several for key in keys)


def table(groups: dict[str, list[Found]]) -> Iterator[str]:
    yield f"| kind | files | {' | '.join(COLUMNS)} |"
    yield "|---" * (len(COLUMNS) + 2) + "|"
    for name, found in groups.items():
        told = (shares(found, key) for key in COLUMNS.values())
        cells = (f"{right}/{wanted}" if wanted else "" for right, wanted in told)
        yield f"| {name} | {len(found)} | {' | '.join(cells)} |"
        if "--wrong" in sys.argv:
            yield from (f"    {one.file}: {what}" for one in found for what in one.wrong)


def main() -> None:
    every = list(measured())
    by_file = "--files" in sys.argv
    groups: dict[str, list[Found]] = {}
    for found in every:
        groups.setdefault(found.file if by_file else found.kind, []).append(found)
    ordered = groups if by_file else dict(sorted(groups.items()))
    print("\n".join(table({**ordered, **({} if "--wrong" in sys.argv else {"all": every})})))


if __name__ == "__main__":
    main()
