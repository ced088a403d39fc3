"""Question sets: what is asked, and what a right answer would be.

Read from JSONL here; from the formats of the field in ``_squad.py`` and ``_beir.py``. A set with a
fault is refused with file, line and field; nothing is skipped.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

from assistant.articles.text_files import normalized
from assistant.text.language import language_of
from assistant.types import QuestionSetError

Where = tuple[str | int, ...]  # ("data", 0, "title"): the value's place in a document
T = TypeVar("T")

FIELDS = ("id", "question", "answers", "evidence", "unanswerable", "language", "article_id")
MISSPELT = 0.8  # likeness, as of difflib, from which a field is taken for a known one misspelt
_KINDS: Mapping[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "an object",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what is needed to score an answer to it.

    ``answers`` are alternatives: one of them is enough. ``evidence`` is the slice of an article
    that holds the answer. ``article_id``: the gold article. ``grades``: article id → relevance,
    0 = not relevant; where it is empty, relevant is what overlaps the evidence. ``language``
    is an ISO 639-1 code.
    """

    id: str
    question: str
    answers: tuple[str, ...] = ()
    evidence: str = ""
    unanswerable: bool = False
    language: str = "und"
    article_id: str | None = None
    grades: Mapping[str, int] = field(default_factory=dict)


class Fault(Exception):
    """A value that is not what the format wants: where it stands, and why."""

    def __init__(self, where: Where, why: str) -> None:
        super().__init__(why)
        self.where = where
        self.why = why

    def at(self, path: Path, line: int) -> QuestionSetError:
        """The error that the user sees."""
        return refusal(path, line, field_name(self.where), self.why)


def refusal(path: Path, line: int, field: str, why: str) -> QuestionSetError:
    """The error for a fault in a question set, in one form for all formats."""
    named = f", field {field!r}" if field else ""
    return QuestionSetError(f"{path}, line {line}{named}: {why}")


def field_name(where: Where) -> str:
    """("data", 0, "title") → "data[0].title"."""
    parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return "".join(parts).removeprefix(".")


def value_of(
    holder: object, key: str, kind: type[T], where: Where = (), default: T | None = None
) -> T:
    """``holder[key]``, which must be of ``kind``. Raises Fault; a missing one gives ``default``."""
    if not isinstance(holder, dict):
        raise Fault(where, "is not an object")
    place = (*where, key)
    if key not in holder:
        if default is None:
            raise Fault(place, "is missing")
        return default
    value = holder[key]
    # For Python true is a number, for a question set it is not.
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise Fault(place, f"is not {_KINDS[kind]}")
    return value


def text_of(holder: object, key: str, where: Where = ()) -> str:
    """The text at ``key`` as articles keep theirs. Raises Fault where there is nothing in it."""
    text = normalized(value_of(holder, key, str, where))
    if not text.strip():
        raise Fault((*where, key), "is empty")
    return text


def texts_of(holder: object, key: str, where: Where = ()) -> tuple[str, ...]:
    """The list of texts at ``key``, or the one text; () when it is missing."""
    found = holder.get(key, []) if isinstance(holder, dict) else []
    found = [found] if isinstance(found, str) else value_of(holder, key, list, where, [])
    for i, text in enumerate(found):
        if not isinstance(text, str) or not text.strip():
            raise Fault(
                (*where, key, i), "is not text" if not isinstance(text, str) else "is empty"
            )
    return tuple(normalized(text) for text in found)


def read_text(path: Path) -> str:
    """A file of a question set. Raises QuestionSetError naming it."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise QuestionSetError(f"{path} cannot be read, {error.strerror}; check the path") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise refusal(path, line, "", f"is not UTF-8 at byte {error.start}; save it so") from None


def parsed(path: Path, text: str, line: int = 1) -> Any:
    """The JSON document in ``text``, which starts on ``line`` of its file."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise refusal(path, line + error.lineno - 1, "", f"is not JSON: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise refusal(path, line, "", f"is not JSON: {error}") from None


def lines_of(path: Path) -> list[tuple[int, str]]:
    """The lines of a file that are not blank, each with its number from 1.

    Only newlines end a line: JSON allows others, such as U+2028, within a text.
    """
    lines = enumerate(read_text(path).split("\n"), 1)
    return [(number, line.rstrip("\r")) for number, line in lines if line.strip()]


def read_jsonl(path: Path) -> tuple[Question, ...]:
    """A question a line: {"id", "question", "answers", "evidence", "unanswerable", "language"}.

    "article_id" may name the gold article. "answers" may be one text, may be empty where there is
    evidence, and is empty for an unanswerable question. Without an id it goes by its line; a
    missing language is read off the question. Fields of one's own are left alone. Raises
    QuestionSetError.
    """
    found: dict[str, Question] = {}
    lines: dict[str, int] = {}
    for line, text in lines_of(path):
        document = parsed(path, text, line)
        try:
            question = _question(document, line)
            if question.id in lines:
                raise Fault(("id",), f"{question.id!r} is the id of line {lines[question.id]} too")
        except Fault as fault:
            raise fault.at(path, line) from None
        found[question.id], lines[question.id] = question, line
    if not found:
        raise refusal(path, 1, "", "the file holds no questions")
    return tuple(found.values())


def _question(document: object, line: int) -> Question:
    asked = text_of(document, "question")
    assert isinstance(document, dict)  # text_of has seen to it
    _refuse_misspelt(document, FIELDS)
    name = document.get("id", f"line {line}")
    if "id" in document and not isinstance(name, int):
        name = text_of(document, "id")
    question = Question(
        str(name),
        asked,
        texts_of(document, "answers"),
        normalized(value_of(document, "evidence", str, (), "")),
        value_of(document, "unanswerable", bool, (), False),
        value_of(document, "language", str, (), "") or language_of(asked),
        value_of(document, "article_id", str, (), "") or None,
    )
    return _graded(_checked(question))


def _refuse_misspelt(document: Mapping[str, object], known: Collection[str]) -> None:
    """A misspelt field would be a field left out: "answer" for "answers"."""
    for key in document:
        meant = get_close_matches(key, known, 1, MISSPELT)
        if key not in known and meant:
            raise Fault((key,), f"is unknown; write {meant[0]!r}, or give your own another name")


def _checked(question: Question) -> Question:
    if question.unanswerable and question.answers:
        raise Fault(("answers",), "holds answers, though the question is marked unanswerable")
    if question.unanswerable and question.evidence:
        raise Fault(("evidence",), "is given, though the question is marked unanswerable")
    if not (question.unanswerable or question.answers or question.evidence or question.article_id):
        raise Fault(("answers",), "is empty; give answers or evidence, or mark it unanswerable")
    if not _is_language(question.language):
        raise Fault(("language",), f"{question.language!r} is not a code such as 'vi'")
    return question


def _is_language(code: str) -> bool:
    return code.isascii() and code.isalpha() and code.islower() and len(code) in (2, 3)


def _graded(question: Question) -> Question:
    """Without evidence, what is relevant is the gold article as a whole."""
    if question.evidence or not question.article_id:
        return question
    return replace(question, grades={question.article_id: 1})


def one_language(questions: Sequence[str]) -> list[str]:
    """The language of each question of a set whose format does not say.

    Where one language is that of four questions in five it is that of all: the others are too
    short to tell. A set that mixes languages keeps what each question looks like.
    """
    found = [language_of(unicodedata.normalize("NFC", text)) for text in questions]
    most = max(sorted(set(found)), key=found.count, default="und")
    return [most] * len(found) if found.count(most) >= 0.8 * len(found) else found
