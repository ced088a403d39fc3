"""Question sets of every format: loaded, joined across languages, checked against an index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assistant.evaluation._beir import QRELS, read_beir
from assistant.evaluation._questions import Question, read_jsonl
from assistant.evaluation._squad import read_squad
from assistant.types import Article, Hit, QuestionSetError, Span

_SHOWN = 80  # characters of a text in a message


def load(path: Path) -> tuple[Question, ...]:
    """The questions of a .jsonl file, a SQuAD-format .json file, a BEIR folder or qrels file.

    Raises QuestionSetError, which names file, line and field.
    """
    if path.is_dir():
        return read_beir(path)
    if path.suffix == ".tsv" and path.parent.name == QRELS:
        return read_beir(path.parent.parent, path)
    readers = {".jsonl": read_jsonl, ".json": read_squad}
    if reader := readers.get(path.suffix.lower()):
        return reader(path)
    raise QuestionSetError(
        f"{path} is not a question set; name a .jsonl file, a SQuAD-format .json file or a "
        "BEIR folder"
    )


def with_gold(questions: Sequence[Question], gold: Sequence[Question]) -> tuple[Question, ...]:
    """``questions`` with the answers, evidence and relevant articles of a parallel set.

    For questions in one language over articles in another, as in XQuAD, whose files have the
    same ids: ``with_gold(load("xquad.en.json"), load("xquad.vi.json"))``. Raises QuestionSetError
    for a question that the other set does not have.
    """
    by_id = {question.id: question for question in gold}
    joined = []
    for question in questions:
        if question.id not in by_id:
            raise QuestionSetError(
                f"The gold set has no question with the id {question.id!r}; give the file that is "
                f"parallel to the questions"
            )
        twin = by_id[question.id]
        joined.append(replace(twin, question=question.question, language=question.language))
    return tuple(joined)


@dataclass(frozen=True, slots=True)
class Gold:
    """What is relevant to a question in one index.

    ``grades``: item → relevance > 0, where an item is an article id, or EVIDENCE for whatever
    passage overlaps ``spans``, the places of the evidence. ``missing`` counts relevant items
    that the index does not have: no search can find them.
    """

    grades: Mapping[str, int]
    spans: Mapping[str, tuple[Span, ...]]
    missing: int

    @property
    def articles(self) -> frozenset[str]:
        """The articles that hold what is relevant."""
        return frozenset(self.grades.keys() - {EVIDENCE}) | frozenset(self.spans)

    def overlaps(self, article_id: str, start: int, end: int) -> bool:
        """Whether the span shares a character with a place of the evidence."""
        return any(s.start < end and start < s.end for s in self.spans.get(article_id, ()))

    def ranking(self, hits: Sequence[Hit]) -> list[str]:
        """Hits, best first → distinct items, best first.

        Articles where articles are relevant, at the rank of their best passage; else passages,
        with all those that overlap the evidence as the one item EVIDENCE.
        """
        if EVIDENCE not in self.grades:
            return list(dict.fromkeys(hit.article_id for hit in hits))
        return list(
            dict.fromkeys(
                EVIDENCE
                if self.overlaps(hit.article_id, hit.start, hit.end)
                else f"{hit.article_id}:{hit.start}"
                for hit in hits
            )
        )


EVIDENCE = "evidence"


def golds(questions: Sequence[Question], articles: Sequence[Article]) -> list[Gold]:
    """What is relevant to each question among ``articles``."""
    by_id = {article.id: article for article in articles}
    return [_gold(question, by_id) for question in questions]


def _gold(question: Question, articles: Mapping[str, Article]) -> Gold:
    spans = _places(question, articles)
    grades = {item: grade for item, grade in question.grades.items() if grade > 0}
    if question.grades:
        return Gold(grades, spans, sum(item not in articles for item in grades))
    if question.evidence:
        return Gold({EVIDENCE: 1}, spans, int(not spans))
    return Gold({}, spans, 0)


def _places(question: Question, articles: Mapping[str, Article]) -> dict[str, tuple[Span, ...]]:
    """Article id → where the evidence stands in it; only in the gold article where one is given."""
    if not question.evidence:
        return {}
    gold = articles.get(question.article_id or "")
    where = articles.values() if question.article_id is None else [gold] if gold else []
    found = {article.id: _occurrences(question.evidence, article.text) for article in where}
    return {article_id: spans for article_id, spans in found.items() if spans}


def _occurrences(part: str, text: str) -> tuple[Span, ...]:
    spans = []
    start = text.find(part)
    while start >= 0:
        spans.append(Span(start, start + len(part)))
        start = text.find(part, start + 1)
    return tuple(spans)


def check(questions: Sequence[Question], articles: Sequence[Article]) -> list[str]:
    """What of the questions' gold is not among ``articles``, a line each; [] when all of it is."""
    findings = []
    for question, gold in zip(questions, golds(questions, articles), strict=True):
        if question.evidence and not gold.spans:
            findings.append(
                f"{question.id}: the evidence is in no indexed article: {_short(question.evidence)}"
            )
        elif gold.missing and question.article_id:
            findings.append(f"{question.id}: the gold article is not indexed")
        elif gold.missing:
            findings.append(f"{question.id}: {gold.missing} relevant articles are not indexed")
    return findings


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"“{line if len(line) <= _SHOWN else line[: _SHOWN - 1] + '…'}”"
