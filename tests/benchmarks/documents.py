"""What is extracted from real documents: ``python -m tests.benchmarks.documents [--wrong]``.

The documents of ``tests/documents`` were made by LibreOffice, Chromium, TeX and by hand by someone
who had not seen the readers; ``expected.json`` names, article by article, what must be in the text,
what must not, and the facts. Prints a table: of each file the shares that are right.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.articles.files import read_articles
from assistant.types import Article

FOLDER = Path(__file__).parents[1] / "documents"
FACTS = ("title", "date", "source", "author", "language")


@dataclass
class Found:
    """Of one file: how many of the wanted pieces, the unwanted ones and the facts are right."""

    file: str
    pieces: int = 0
    told: int = 0
    unwanted: int = 0
    kept_out: int = 0
    facts: int = 0
    known: int = 0
    wrong: list[str] = field(default_factory=list)


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
    found = Found(entry["file"])
    if entry.get("refused"):
        found.facts, found.known = 1, len(corpus.faults)
        return found
    for wanted in entry["articles"]:
        article = nearest(list(corpus.articles), wanted)
        for piece in wanted["contains"]:
            found.pieces += 1
            found.told += _noted(found, article is not None and holds(article.text, piece), piece)
        for piece in wanted["without"]:
            found.unwanted += 1
            out = article is None or plain(piece) not in plain(article.text)
            found.kept_out += _noted(found, out, f"unwanted: {piece}")
        for fact in FACTS:
            if wanted.get(fact):
                found.facts += 1
                told = getattr(article, fact, "")
                same = plain(wanted[fact]) == plain(told)
                found.known += _noted(found, same, f"{fact}: {told!r}, not {wanted[fact]!r}")
    return found


def _noted(found: Found, right: bool, what: object) -> bool:
    if not right:
        found.wrong.append(str(what))
    return right


def measured() -> Iterator[Found]:
    for entry in json.loads((FOLDER / "expected.json").read_text("utf-8")):
        yield compared(entry)


def main() -> None:
    lines = ["| file | text | clutter kept out | facts |", "|---|---|---|---|"]
    for found in measured():
        lines.append(
            f"| {found.file} | {found.told}/{found.pieces} | {found.kept_out}/{found.unwanted} "
            f"| {found.known}/{found.facts} |"
        )
        if "--wrong" in sys.argv:
            lines += [f"    {what}" for what in found.wrong]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
