"""Question sets and claims → examples. Offsets count code points of the text in form NFC.

Public sets give one answer a question (several are alternatives, of which the first is taken); the
project's own set marks every item of a list.
"""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.index.passages import split
from assistant.reading.own_set import LABELS, OwnArticle, read_own
from assistant.reading.readings import Span
from assistant.settings import Settings
from assistant.text.terms import fold, terms
from assistant.types import Article, Passage

# As in VERDICTS; a question has no verdict.
QUESTION = -1
NLI_LABELS = {"entailment": 0, "contradiction": 1, "neutral": 2}
HELD_OUT_EVERY = 40  # contexts of a public set
HELD_OUT_CLAIMS = 500  # the last rows of the parallel pairs
PARALLEL = "mnli15k_mt"
HELD_OUT_FILE = "indonli.val"


@dataclass(frozen=True, slots=True)
class Example:
    """A question (``verdict`` is QUESTION) or a claim (0 to 2) beside passage number ``passage``.

    ``spans``: the characters that answer; without any, the passage does not answer.
    """

    asked: str
    passage: int
    spans: tuple[Span, ...] = ()
    verdict: int = QUESTION


@dataclass(slots=True)
class ExampleSet:
    """A set: passages with their articles' titles, examples, and for each passage the ``group`` of
    those it is taken for.

    A question may be put beside another passage of its group, which then does not answer it; a
    claim's group are translations of its passage, and its verdict stays. ``skipped``: examples
    whose answer does not stand where the set says.
    """

    name: str
    passages: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    skipped: int = 0

    def add_passage(self, text: str, group: int, title: str = "") -> int:
        self.passages.append(text)
        self.titles.append(title)
        self.groups.append(group)
        return len(self.passages) - 1

    @property
    def answerable(self) -> float:
        """Share of the questions that their passages answer."""
        asked = [example for example in self.examples if example.verdict == QUESTION]
        return sum(bool(example.spans) for example in asked) / max(1, len(asked))


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a gzipped file, one a line."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def held_out_contexts(paths: Sequence[Path]) -> frozenset[str]:
    """Contexts that no set is trained on: every 40th of each file, wherever else they stand."""
    return frozenset(
        row["context"]
        for path in paths
        for number, row in enumerate(rows(path))
        if number % HELD_OUT_EVERY == 0
    )


def public_set(path: Path, held_out: frozenset[str], training: bool = True) -> ExampleSet:
    """A SQuAD-like set without the held-out contexts, or its own held-out contexts alone."""
    found = ExampleSet(path.name.split(".")[0])
    titles: dict[str, int] = {}
    languages: list[str] = []
    for number, row in enumerate(rows(path)):
        if row["context"] in held_out if training else number % HELD_OUT_EVERY:
            continue
        title = unicodedata.normalize("NFC", row["title"] or "")
        group = titles.setdefault(title, len(titles))
        passage = found.add_passage(unicodedata.normalize("NFC", row["context"]), group, title)
        languages.append(row["lang"])
        for qa in row["qas"]:
            spans = _spans(row["context"], found.passages[passage], qa)
            if spans is None:
                found.skipped += 1
            else:
                asked = unicodedata.normalize("NFC", qa["question"])
                found.examples.append(Example(asked, passage, spans))
    found.groups = _regrouped(found.groups, languages)
    return found


def _spans(context: str, passage: str, qa: dict[str, Any]) -> tuple[Span, ...] | None:
    """Where the answer stands in the passage, which is the context composed; None: nowhere."""
    if not qa["answerable"]:
        return ()
    answer = qa["answers"][0]
    start = len(unicodedata.normalize("NFC", context[: answer["start"]]))
    text = unicodedata.normalize("NFC", answer["text"])
    if not text.strip() or passage[start : start + len(text)] != text:
        return None
    return ((start, start + len(text)),)


def _regrouped(groups: Sequence[int], languages: Sequence[str]) -> list[int]:
    """Passages that are alone under their title are one group, by language."""
    size = Counter(groups)
    others: dict[str, int] = {}
    return [
        group if size[group] > 1 else len(size) + others.setdefault(language, len(others))
        for group, language in zip(groups, languages, strict=True)
    ]


def claim_set(path: Path) -> ExampleSet:
    """Pairs of a natural language inference set."""
    found = ExampleSet(".".join(path.name.split(".")[:2]))
    for row in rows(path):
        _add_claims(found, [row])
    return found


def parallel_claims(paths: Sequence[Path], training: bool = True) -> ExampleSet:
    """Pairs that stand in several languages: a hypothesis in one, its premise in any."""
    found = ExampleSet(PARALLEL)
    together = list(zip(*aligned([list(rows(path)) for path in paths]), strict=True))
    for row in together[:-HELD_OUT_CLAIMS] if training else together[-HELD_OUT_CLAIMS:]:
        _add_claims(found, row)
    return found


def _add_claims(found: ExampleSet, parallel: Sequence[dict[str, Any]]) -> None:
    group = len(found.passages)
    for row in parallel:
        passage = found.add_passage(unicodedata.normalize("NFC", row["premise"]), group)
        asked = unicodedata.normalize("NFC", row["hypothesis"])
        found.examples.append(Example(asked, passage, verdict=NLI_LABELS[row["label"]]))


def aligned(files: Sequence[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    """Files of parallel rows without the rows that the shortest lacks, which are where labels stop
    agreeing. Raises ValueError where the labels remain unlike."""
    shortest = min(files, key=len)
    kept = [_without_surplus(file, shortest) for file in files]
    if any(len({row["label"] for row in parallel}) > 1 for parallel in zip(*kept, strict=True)):
        raise ValueError("the parallel files do not have the same rows")
    return kept


def _without_surplus(
    file: list[dict[str, Any]], shortest: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    while len(file) > len(shortest):
        unlike = (i for i, row in enumerate(shortest) if row["label"] != file[i]["label"])
        gap = next(unlike, len(shortest))
        file = file[:gap] + file[gap + 1 :]
    return file


def own_sets(paths: Sequence[Path]) -> list[ExampleSet]:
    """The project's own set: its questions and its claims. A file's articles are look-alikes."""
    questions, claims = ExampleSet("own"), ExampleSet("own claims")
    for family, path in enumerate(paths):
        for article in read_own(path):
            _add_questions(questions, article, family)
            _add_claims_of(claims, article)
    return [questions, claims]


def _add_questions(found: ExampleSet, article: OwnArticle, family: int) -> None:
    """Every question beside the whole article, and beside each passage that answers it, or the one
    that tempts to think so."""
    passages = passages_of(article)
    whole = found.add_passage(article.text, family, article.title)
    numbers = [found.add_passage(p.text, family, article.title) for p in passages]
    for question in article.questions:
        found.examples.append(Example(question.asked, whole, question.spans))
        inside = [_inside(passage, question.spans) for passage in passages]
        if not question.spans:
            tempting = _most_alike(passages, question.asked, question.tempting)
            found.examples.append(Example(question.asked, numbers[tempting]))
        for number, spans in zip(numbers, inside, strict=True):
            if spans:
                found.examples.append(Example(question.asked, number, spans))


def _add_claims_of(found: ExampleSet, article: OwnArticle) -> None:
    """Every claim beside the passage that decides it; every third also beside another one, which
    does not state it."""
    passages = passages_of(article)
    numbers = [  # each is a group of its own: a claim stays at its passage
        found.add_passage(p.text, len(found.passages), article.title) for p in passages
    ]
    for i, claim in enumerate(article.claims):
        best = _most_alike(passages, claim.asked, claim.decisive)
        found.examples.append(Example(claim.asked, numbers[best], verdict=claim.verdict))
        if i % 3 == 0 and len(passages) > 1 and claim.decisive:
            others = [p for p in passages if not _inside(p, [claim.decisive])]
            if others:
                other = passages.index(others[_most_alike(others, claim.asked, None)])
                verdict = LABELS["notstated"]
                found.examples.append(Example(claim.asked, numbers[other], verdict=verdict))


def passages_of(article: OwnArticle) -> list[Passage]:
    """The article's passages as an index has them by default."""
    whole = Article(article.id, article.title, article.text, article.language)
    return split(whole, Settings.model_fields["passage_tokens"].default)


def _inside(passage: Passage, spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans that lie in the passage, from its start."""
    first = passage.start
    return tuple((a - first, b - first) for a, b in spans if first <= a and b <= passage.end)


def _most_alike(passages: Sequence[Passage], asked: str, words: Span | None) -> int:
    """The passage that holds ``words``, else the one that shares the most terms with ``asked``."""
    for i, passage in enumerate(passages):
        if words and _inside(passage, [words]):
            return i
    wanted = set(terms(fold(asked)))
    shared = [len(wanted & set(terms(fold(passage.text)))) for passage in passages]
    return shared.index(max(shared))
