"""Question sets in the format of SQuAD, XQuAD and MLQA, and of SQuAD 2 with ``is_impossible``.

Formats: Rajpurkar et al. 2016 and 2018; Artetxe et al. 2020 (XQuAD); Lewis et al. 2020 (MLQA).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.articles.facts import article_of
from assistant.evaluation._questions import (
    Fault,
    Question,
    Where,
    one_language,
    parsed,
    read_text,
    text_of,
    value_of,
)
from assistant.text.sentences import sentences
from assistant.types import Article, CorpusError, Sentence

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """A paragraph as the article that it becomes in an index."""

    article: Article
    sentences: tuple[Sentence, ...]

    def evidence(self, answer: str, near: int) -> str | None:
        """The sentences that hold the occurrence of ``answer`` that starts nearest to ``near``.

        The offset a file gives is not always exact (spaces, normalization): the text decides.
        None where the paragraph does not hold the answer.
        """
        text = self.article.text
        starts = [m.start() for m in re.finditer(f"(?={re.escape(answer)})", text)]
        if not starts:
            return None
        start = min(starts, key=lambda s: abs(s - near))
        end = start + len(answer)
        held = [s for s in self.sentences if s.start < end and start < s.end]
        first, last = min(s.start for s in held), max(s.end for s in held)
        return text[min(first, start) : max(last, end)]


def read_squad(path: Path) -> tuple[Question, ...]:
    """The questions of a SQuAD-format file; the gold article of each is its paragraph.

    The format names no language: it is read off the questions, unless an entry has "language".
    Raises QuestionSetError.
    """
    text = read_text(path)
    document = parsed(path, text)
    try:
        found = list(_questions(path, document))
        if not found:
            raise Fault(("data",), "holds no questions")
        _refuse_twins(found)
    except Fault as fault:
        raise fault.at(path, line_of(text, fault.where)) from None
    return _with_languages([question for question, _ in found])


def _questions(path: Path, document: object) -> Iterator[tuple[Question, Where]]:
    for i, entry in enumerate(value_of(document, "data", list)):
        for j, item in enumerate(value_of(entry, "paragraphs", list, ("data", i))):
            where: Where = ("data", i, "paragraphs", j)
            paragraph = _paragraph(path, item, where)
            for k, qa in enumerate(value_of(item, "qas", list, where)):
                yield _question(paragraph, qa, (*where, "qas", k)), (*where, "qas", k)


def _paragraph(path: Path, item: object, where: Where) -> _Paragraph:
    context = value_of(item, "context", str, where)
    try:
        article = article_of(path, context)
    except CorpusError:
        raise Fault((*where, "context"), "is empty or holds control characters") from None
    return _Paragraph(article, tuple(sentences(article.text)))


def _question(paragraph: _Paragraph, qa: object, where: Where) -> Question:
    name, asked = text_of(qa, "id", where), text_of(qa, "question", where)
    language = value_of(qa, "language", str, where, "")
    article_id = paragraph.article.id
    if value_of(qa, "is_impossible", bool, where, False):
        # SQuAD 2 lists "plausible_answers" there: the wrong ones it lures with.
        return Question(name, asked, (), "", True, language, article_id)
    answers = value_of(qa, "answers", list, where)
    if not answers:
        raise Fault((*where, "answers"), "is empty, and is_impossible is not true")
    texts, evidence = [], ""
    for n, answer in enumerate(answers):
        place = (*where, "answers", n)
        text = text_of(answer, "text", place)
        found = paragraph.evidence(text, value_of(answer, "answer_start", int, place, 0))
        if found is None:
            raise Fault((*place, "text"), "is not in the paragraph")
        texts.append(text)
        evidence = evidence or found
    alternatives = tuple(dict.fromkeys(texts))
    grades = {article_id: 1}
    return Question(name, asked, alternatives, evidence, False, language, article_id, grades)


def _refuse_twins(found: Sequence[tuple[Question, Where]]) -> None:
    """Ids must differ: reports pair questions by them."""
    seen: set[str] = set()
    for question, where in found:
        if question.id in seen:
            raise Fault((*where, "id"), f"{question.id!r} is the id of an earlier question too")
        seen.add(question.id)


def _with_languages(questions: Sequence[Question]) -> tuple[Question, ...]:
    languages = one_language([question.question for question in questions])
    return tuple(
        replace(question, language=question.language or language)
        for question, language in zip(questions, languages, strict=True)
    )


def line_of(text: str, where: Where) -> int:
    """The line, from 1, on which the value at ``where`` starts in the JSON document ``text``.

    A step that is not there gives the line of what should hold it.
    """
    at = _skip(text, 0)
    for step in where:
        inner = next((start for key, start in _members(text, at) if key == step), None)
        if inner is None:
            break
        at = inner
    return text.count("\n", 0, at) + 1


def _members(text: str, at: int) -> Iterator[tuple[str | int, int]]:
    """The keys (or indices) of the object (or list) at ``at``, each with its value's start."""
    opening = text[at]
    if opening not in "{[":
        return
    at, index = _skip(text, at + 1), 0
    while text[at] not in "}]":
        key: Any = index
        if opening == "{":
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _skip(text, at) + 1)  # past the colon
        yield key, at
        _, at = _DECODER.raw_decode(text, at)
        at, index = _skip(text, at), index + 1
        if text[at] == ",":
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at
