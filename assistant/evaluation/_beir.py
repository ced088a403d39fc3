"""Question sets as BEIR folders: corpus.jsonl, queries.jsonl, qrels/<split>.tsv.

Format: Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of
Information Retrieval Models". It has graded relevance and no answers: retrieval alone is scored.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from assistant.articles.facts import article_of
from assistant.evaluation._questions import (
    Fault,
    Question,
    lines_of,
    one_language,
    parsed,
    refusal,
    text_of,
    value_of,
)
from assistant.types import Article, CorpusError, QuestionSetError

CORPUS, QUERIES, QRELS = "corpus.jsonl", "queries.jsonl", "qrels"
_DEFAULT_SPLIT = "test.tsv"


def read_beir(folder: Path, qrels: Path | None = None) -> tuple[Question, ...]:
    """The judged queries of a folder. Raises QuestionSetError.

    ``qrels`` defaults to qrels/test.tsv, or to the only split there is. Queries of other splits
    are no part of the set. The language of a query is read off the queries.
    """
    qrels = qrels or _split(folder)
    documents = {name: article.id for name, article in _documents(folder / CORPUS)}
    queries = dict(_queries(folder / QUERIES))
    grades: dict[str, dict[str, int]] = {}
    for line, name, document, grade in _judgements(qrels):
        for column, known, value in (
            ("query-id", queries, name),
            ("corpus-id", documents, document),
        ):
            if value not in known:
                raise refusal(qrels, line, column, f"{value!r} is not in the folder")
        judged = grades.setdefault(name, {})
        # Documents with the same text are one article: the better grade holds.
        judged[documents[document]] = max(grade, judged.get(documents[document], 0))
    if not grades:
        raise refusal(qrels, 1, "", "the file holds no judgements")
    languages = one_language([queries[name] for name in grades])
    return tuple(
        Question(name, queries[name], language=language, grades=judged)
        for (name, judged), language in zip(grades.items(), languages, strict=True)
    )


def _split(folder: Path) -> Path:
    splits = sorted((folder / QRELS).glob("*.tsv"))
    test = folder / QRELS / _DEFAULT_SPLIT
    if test in splits:
        return test
    if len(splits) != 1:
        named = ", ".join(str(split) for split in splits) or "none"
        raise QuestionSetError(
            f"{folder / QRELS} holds no {_DEFAULT_SPLIT} (found: {named}); "
            f"name one of its .tsv files"
        )
    return splits[0]


def _documents(path: Path) -> Iterator[tuple[str, Article]]:
    """(name, article) of each document: its title on a line of its own, if it has one, its text."""
    for line, text in lines_of(path):
        document = parsed(path, text, line)
        try:
            name, body = text_of(document, "_id"), value_of(document, "text", str)
            title = value_of(document, "title", str, (), "").strip()
            whole = f"{title}\n{body}" if title else body
            article = article_of(path, whole, title)
        except Fault as fault:
            raise fault.at(path, line) from None
        except CorpusError:
            raise refusal(path, line, "text", "is empty or holds control characters") from None
        yield name, article


def _queries(path: Path) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for line, text in lines_of(path):
        document = parsed(path, text, line)
        try:
            name, asked = text_of(document, "_id"), text_of(document, "text")
            if name in seen:
                raise Fault(("_id",), f"{name!r} is the id of an earlier query too")
        except Fault as fault:
            raise fault.at(path, line) from None
        seen.add(name)
        yield name, asked


def _judgements(path: Path) -> Iterator[tuple[int, str, str, int]]:
    """(line, query id, document id, grade) for each row; the first may be a header."""
    for line, text in lines_of(path):
        row = text.split("\t")
        if len(row) != 3:
            raise refusal(path, line, "", "is not: query-id, tab, corpus-id, tab, score")
        if line == 1 and row[2].strip() == "score":
            continue
        try:
            grade = int(row[2])
        except ValueError:
            raise refusal(path, line, "score", f"{row[2]!r} is not a whole number") from None
        if grade < 0:
            raise refusal(path, line, "score", f"{grade} is less than 0")
        yield line, row[0], row[1], grade
