"""The conversations in ``tests/questions``, for tests and for measuring.

``conversations.jsonl`` made the rules for follow-up questions; ``follow_ups.jsonl``, about articles
of the own reading set's dev part, was written by an author who had not seen them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILE = ROOT / "tests" / "questions" / "conversations.jsonl"
HELD = FILE.with_name("follow_ups.jsonl")
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

    ``held``: written after the first rules were fixed.
    """

    id: str
    article: str
    language: str
    kind: str
    held: bool
    turns: tuple[Asked, ...]


def conversations(file: Path = FILE) -> list[Conversation]:
    found = []
    for line in file.read_text("utf-8").splitlines():
        row = {"held": True, **json.loads(line)}
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
