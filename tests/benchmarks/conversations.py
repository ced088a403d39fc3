"""Follow-up questions measured: ``python -m tests.benchmarks.conversations`` writes a page.

Every conversation is held with the assistant itself, over the articles of both sets and many
others, so its own answers are the history; the last turn counts. It takes about ten minutes.
"""

from __future__ import annotations

import platform
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.types import Answer, Turn
from tests.benchmarks.reading import articles_of, opened
from tests.conversations import HELD, Asked, Conversation, conversations, path_of

OUT: Final = Path(__file__).with_name("conversations.md")
OTHERS: Final = 500  # articles of the own set's train part beside those that are asked about
HEAD: Final = """# Follow-up questions

Made by `python -m tests.benchmarks.conversations` on {machine},
over {articles} articles. The last turns of conversations, asked after the assistant's own
answers. Right: the first words that answer
stand in the evidence; sentence: they stand in the same article, but not there. The first set made
the rules, the second one was written by an author who had not seen them.
"""
MODES: Final = {
    "alone": "without the turns before",
    "followed": "as the product does",
    "by hand": "written out by hand",
}
Outcome = Literal["right", "sentence", "another article", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = ("right", "sentence", "another article", "refused")


def ask(assistant: Assistant, conversation: Conversation, mode: str) -> Answer:
    """The answer to the last turn."""
    *before, last = conversation.turns
    if mode == "alone":
        return assistant.answer(last.question)
    if mode == "by hand":
        return assistant.answer(last.standalone)
    history: list[Turn] = []
    for turn in before:
        answer = assistant.answer(turn.question, history)
        history.append(Turn(turn.question, answer.text, answer.query))
    return assistant.answer(last.question, history)


def outcome(assistant: Assistant, last: Asked, answer: Answer) -> Outcome:
    """What became of a question; one that the articles do not answer is right where refused."""
    if answer.grounding == "refused":
        return "right" if last.unanswerable else "refused"
    first = answer.citations[0]
    start = assistant.article(first.article_id).text.find(last.evidence)
    if last.unanswerable or start < 0:
        return "another article"
    words = first.answer[0] if first.answer else first
    overlap = words.start < start + len(last.evidence) and start < words.end
    return "right" if overlap else "sentence"


def table(assistant: Assistant, asked: Sequence[Conversation]) -> list[str]:
    lines = [f"| | {' | '.join(OUTCOMES)} |", "|---" * (len(OUTCOMES) + 1) + "|"]
    for mode, told in MODES.items():
        counts = Counter(
            outcome(assistant, one.turns[-1], ask(assistant, one, mode)) for one in asked
        )
        lines.append(f"| {told} | {' | '.join(str(counts[name]) for name in OUTCOMES)} |")
    return lines


def main() -> None:
    sets = {"The set that made the rules": conversations(), "Held back": conversations(HELD)}
    with tempfile.TemporaryDirectory() as folder:
        beside = articles_of("train")[:: max(1, len(articles_of("train")) // OTHERS)]
        assistant, _ = opened(["dev"], Path(folder), beside)
        paths = sorted({path_of(one.article) for one in conversations()})
        assistant.index.add(list(read_articles(paths).articles), assistant.settings)
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        lines = [HEAD.format(machine=machine, articles=len(assistant.articles()))]
        for title, every in sets.items():
            for what, kept in (
                ("follow-ups", [c for c in every if _is_answered(c) and c.kind != "fresh"]),
                ("on another subject", [c for c in every if _is_answered(c) and c.kind == "fresh"]),
                ("that no article answers", [c for c in every if not _is_answered(c)]),
            ):
                lines += [f"## {title}: {len(kept)} {what}", "", *table(assistant, kept), ""]
        assistant.close()
    OUT.write_text("\n".join(lines), "utf-8")
    print("\n".join(lines))


def _is_answered(conversation: Conversation) -> bool:
    return not conversation.turns[-1].unanswerable


if __name__ == "__main__":
    main()
