"""The own reading set put to the whole product: ``python -m tests.benchmarks.reading dev``.

Every article of the named parts (``dev test``) is indexed; the questions of the first are asked.
A question counts as found where its article is cited and the quotes hold all that was marked as
its answer. Near misses are answered falsely where they are not refused. Prints one JSON object;
``--wrong N`` lists N questions that went wrong, to be looked at.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.evaluation._metrics import auroc, tpr_at_fpr
from assistant.index.index import Index
from assistant.reading.own_set import OwnArticle, OwnQuestion, read_own
from assistant.settings import Settings
from assistant.types import Answer

SET = Path(__file__).parents[1] / "questions" / "reading"
PARTS = ("train", "dev", "gaps", "everyday", "test")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of the set, what it is about and what was answered in how many seconds."""

    question: OwnQuestion
    article: OwnArticle
    answer: Answer
    seconds: float
    found: bool

    @property
    def group(self) -> str:
        same = self.question.language == self.article.language
        return f"{self.article.language}, {'same' if same else 'other'} language"


def articles_of(part: str, files: str = "*.txt") -> list[OwnArticle]:
    """The articles of one of the PARTS; ``files``: pattern of names."""
    return [article for path in sorted((SET / part).glob(files)) for article in read_own(path)]


def written(article: OwnArticle, folder: Path) -> Path:
    """The article as a file that an index reads."""
    path = folder / f"{article.id}.txt"
    title = article.title.replace('"', "'")
    path.write_text(f'---\ntitle: "{title}"\n---\n{article.text}\n', "utf-8")
    return path


def opened(
    parts: Sequence[str], folder: Path, beside: Sequence[OwnArticle] = ()
) -> tuple[Assistant, dict[str, str]]:
    """An assistant over the parts' articles and those ``beside``; the set's article id → the
    index's."""
    settings = Settings(index=folder / "index")
    articles = [article for part in parts for article in articles_of(part)]
    files = [written(article, folder) for article in (*articles, *beside)]
    read = read_articles(files)
    index = Index.create(settings)
    index.add(list(read.articles), settings)
    return Assistant(index, settings), {Path(a.path).stem: a.id for a in read.articles}


def ask(assistant: Assistant, part: str, ids: dict[str, str]) -> Iterator[Asked]:
    for article in articles_of(part):
        for question in article.questions:
            before = time.perf_counter()
            answer = assistant.answer(question.asked)
            seconds = time.perf_counter() - before
            found = covers(answer, ids[article.id], article, question)
            yield Asked(question, article, answer, seconds, found)


def covers(answer: Answer, article_id: str, article: OwnArticle, question: OwnQuestion) -> bool:
    """Whether the quotes from the article hold every marked answer."""
    quotes = [plain(c.quote) for c in answer.citations if c.article_id == article_id]
    marked = [plain(article.text[a:b]) for a, b in question.spans]
    return bool(marked) and all(any(words in quote for quote in quotes) for words in marked)


def plain(text: str) -> str:
    return " ".join(text.lower().split())


def figures(asked: Sequence[Asked]) -> dict[str, Any]:
    """The figures of some questions: near misses are those without a marked answer."""
    answered = [one for one in asked if one.question.spans]
    near = [one for one in asked if not one.question.spans]
    said = [one for one in answered if one.answer.citations]
    sure = [one.answer.confidence for one in answered]
    unsure = [one.answer.confidence for one in near]
    return {
        "answerable": len(answered),
        "near_misses": len(near),
        "found": share(one.found for one in answered),
        "found_where_answered": share(one.found for one in said),
        "false_refusals": share(not one.answer.citations for one in answered),
        "false_answers": share(bool(one.answer.citations) for one in near),
        "auroc": auroc(sure, unsure),
        "kept_at_5_percent_false": tpr_at_fpr(sure, unsure),
        "ms_p50": round(float(np.median([1000 * one.seconds for one in asked])), 1),
    }


def share(values: Iterator[bool]) -> float | None:
    known = list(values)
    return round(sum(known) / len(known), 3) if known else None


def main() -> None:
    parser = argparse.ArgumentParser(description="Asks the own reading set.")
    parser.add_argument("parts", nargs="+", choices=PARTS)
    parser.add_argument("--wrong", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        assistant, ids = opened(options.parts, Path(folder))
        assistant.warm()
        asked = list(ask(assistant, options.parts[0], ids))
        assistant.close()
    groups: dict[str, list[Asked]] = defaultdict(list)
    for one in asked:
        groups[one.group].append(one)
    found = {"all": figures(asked)} | {name: figures(group) for name, group in groups.items()}
    json.dump(found, sys.stdout, indent=1)
    print()
    wrong = [one for one in asked if one.found != bool(one.question.spans)]
    wrong += [one for one in asked if not one.question.spans and one.answer.citations]
    for one in wrong[:: max(1, len(wrong) // options.wrong)] if options.wrong else ():
        marked = [one.article.text[a:b] for a, b in one.question.spans]
        print(one.article.id, one.question, marked, "→", one.answer.text, one.answer.confidence)


if __name__ == "__main__":
    main()
