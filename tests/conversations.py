"""The conversations in ``tests/questions/conversations.jsonl``, for tests and for measuring."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "questions" / "conversations.jsonl"
FOLDERS = (ROOT / "seeds", ROOT / "tests" / "questions" / "articles")


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn: what is asked, and the sentence that answers it ("" when none does).

    ``standalone``: the question written out, where it needs the turns before it.
    """

    question: str
    answers: tuple[str, ...]
    evidence: str
    unanswerable: bool
    standalone: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """``kind``: how its last turn goes on; "fresh" when it does not.

    ``held``: written after the rules were fixed, and never used to change them.
    """

    id: str
    article: str
    language: str
    kind: str
    held: bool
    turns: tuple[Asked, ...]


def conversations() -> list[Conversation]:
    found = []
    for line in FILE.read_text("utf-8").splitlines():
        row = json.loads(line)
        turns = tuple(
            Asked(
                turn["question"],
                tuple(turn["answers"]),
                turn["evidence"],
                turn["unanswerable"],
                turn.get("standalone", turn["question"]),
            )
            for turn in row.pop("turns")
        )
        found.append(Conversation(**row, turns=turns))
    return found


def path_of(article: str) -> Path:
    """The file of a conversation's article."""
    return next(folder / article for folder in FOLDERS if (folder / article).is_file())
