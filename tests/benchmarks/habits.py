"""Questions as people put them, over the dev articles of the own reading set.

``python -m tests.benchmarks.habits``. ``across.jsonl``: lists and comparisons whose answers stand
in several places or articles; an item is told where a quote of its article holds its words. By
kind: the share of items that are told, of questions with all of theirs, of refusals.
``typed.jsonl``: questions of the set as other people would type them; by habit, the share that is
found as the set asks and as they do. Prints one JSON object.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

from assistant.answering.assistant import Assistant
from assistant.types import Answer
from tests.benchmarks.reading import opened, plain, share

QUESTIONS = Path(__file__).parents[1] / "questions"


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (QUESTIONS / name).read_text("utf-8").splitlines()]


def tells(answer: Answer, article_id: str, words: str) -> bool:
    """Whether a quote of the article holds the words."""
    quotes = [plain(c.quote) for c in answer.citations if c.article_id == article_id]
    return any(plain(words) in quote for quote in quotes)


def across(assistant: Assistant, ids: dict[str, str]) -> dict[str, Any]:
    told: dict[str, list[list[bool]]] = defaultdict(list)
    refused: dict[str, list[bool]] = defaultdict(list)
    for asked in lines("across.jsonl"):
        answer = assistant.answer(asked["question"])
        items = [tells(answer, ids[a["article"]], a["words"]) for a in asked["answers"]]
        told[asked["kind"]].append(items)
        refused[asked["kind"]].append(not answer.citations)
    return {
        kind: {
            "questions": len(found),
            "items_told": share(item for items in found for item in items),
            "all_told": share(all(items) for items in found),
            "refused": share(iter(refused[kind])),
        }
        for kind, found in told.items()
    }


def typed(assistant: Assistant, ids: dict[str, str]) -> dict[str, Any]:
    found: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for asked in lines("typed.jsonl"):
        original, other = (
            tells(assistant.answer(asked[form]), ids[asked["article"]], asked["words"])
            for form in ("original", "question")
        )
        found[asked["habit"]].append((original, other))
    return {
        habit: {
            "questions": len(pairs),
            "found_as_written": share(a for a, _ in pairs),
            "found_as_typed": share(b for _, b in pairs),
        }
        for habit, pairs in found.items()
    }


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        assistant, ids = opened(["dev"], Path(folder))
        figures = {"across": across(assistant, ids), "typed": typed(assistant, ids)}
        assistant.close()
    json.dump(figures, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
