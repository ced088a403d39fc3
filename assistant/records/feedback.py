"""What people say of answers: kept beside the index, and turned into a question set.

A good answer, or a bad one that was corrected, becomes a line for ``assistant eval``; whatever
needs a person becomes a line of a second file, to be completed by hand.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter

from assistant import private_files
from assistant.answering.citation_markers import MARKER
from assistant.answering.prompt_texts import digests
from assistant.records.card_verification import TELLING
from assistant.records.cards import fit
from assistant.records.sqlite_file import Database
from assistant.settings import Settings
from assistant.text.likeness import find_words
from assistant.text.terms import fold, terms
from assistant.types import Answer, Article, AssistantError, Citation, Grounding

FILE: Final = "feedback.sqlite"
LAYOUT: Final = 1
LONGEST: Final = 5000  # characters of a question, a correction or a comment
LONGEST_ANSWER: Final = 200_000  # characters of an answer with its citations, as JSON
SCHEMA: Final = """
CREATE TABLE feedback (
    id INTEGER PRIMARY KEY AUTOINCREMENT, time TEXT NOT NULL, opinion TEXT NOT NULL,
    reason TEXT NOT NULL, correction TEXT NOT NULL, comment TEXT NOT NULL, who TEXT NOT NULL,
    question TEXT NOT NULL, query TEXT NOT NULL, language TEXT NOT NULL, answer TEXT NOT NULL,
    grounding TEXT NOT NULL, confidence REAL NOT NULL, citations TEXT NOT NULL,
    llm TEXT NOT NULL, fingerprint TEXT NOT NULL
)"""

Opinion = Literal["good", "bad"]
# Why an answer is bad. "should refuse": the articles do not hold the answer. "should answer":
# they do. "wrong sentence": another one answers; ``correction`` may say which.
Reason = Literal["", "should refuse", "should answer", "wrong sentence", "other"]

_DELETE: Final = "DELETE FROM feedback WHERE id = ? AND who = ? AND question = ? AND answer = ?"
_CITATIONS: Final = TypeAdapter(tuple[Citation, ...])
_LANGUAGE: Final = re.compile("[a-z]{2,3}")
# Settings that change no answer.
_SERVING: Final = {"index", "host", "port", "log_format", "llm_tracing", "metrics", "group_files"}


class FeedbackError(AssistantError):
    """Feedback cannot be kept, read or exported: the message says why."""


@dataclass(frozen=True, slots=True)
class Record:
    """One opinion of one answer. ``time``: ISO 8601 in UTC; ``who``: "" for nobody in particular.

    ``fingerprint`` is of the settings, model and prompts that gave the answer.
    """

    id: int
    time: str
    opinion: Opinion
    reason: Reason
    correction: str
    comment: str
    who: str
    question: str
    query: str
    language: str
    answer: str
    grounding: Grounding
    confidence: float
    citations: tuple[Citation, ...]
    llm: str
    fingerprint: str


class Feedback:
    """The opinions about the answers of one index. Safe between threads and processes."""

    def __init__(self, database: Database) -> None:
        self._db = database

    @classmethod
    def open(cls, folder: Path, create: bool = True) -> Feedback:
        """The feedback in an index's folder, made when there is none and ``create``.

        Raises FeedbackError.
        """
        path = folder / FILE
        if not create and not path.is_file():
            raise FeedbackError(
                f"No feedback at {folder}; it is given in the chat: assistant serve"
            )
        return cls(Database.open(path, SCHEMA, LAYOUT, FeedbackError))

    def close(self) -> None:
        self._db.close()

    def add(
        self,
        answer: Answer,
        opinion: Opinion,
        reason: Reason = "",
        correction: str = "",
        comment: str = "",
        who: str = "",
        fingerprint: str = "",
        replaces: int | None = None,
    ) -> int:
        """Keeps an opinion and returns its number.

        ``correction``: the words of an article that would have answered. ``replaces``: the number
        of the opinion that the same person had of the same answer; no other is replaced, whoever
        names it. Raises FeedbackError for an opinion or reason that is not known, and for texts
        that are too long.
        """
        _check(answer, opinion, reason, correction, comment, who)
        quotes = _CITATIONS.dump_python(answer.citations, mode="json")
        citations = json.dumps(quotes, ensure_ascii=False)
        if len(answer.text) + len(citations) > LONGEST_ANSWER:
            raise FeedbackError(f"The answer has more than {LONGEST_ANSWER} characters")
        values = (
            datetime.now(UTC).isoformat(timespec="seconds"),
            *map(fit, (opinion, reason, correction.strip(), comment.strip(), who)),
            *map(_normal, (answer.question, answer.query)),
            *map(fit, (answer.language, answer.text)),
            answer.grounding,
            answer.confidence,
            *map(fit, (citations, answer.llm, fingerprint)),
        )
        with self._db.write(deletes=replaces is not None) as db:
            if replaces is not None:
                own = (replaces, fit(who), _normal(answer.question), fit(answer.text))
                db.execute(_DELETE, own)
            marks = ",".join("?" * len(values))
            done = db.execute(f"INSERT INTO feedback VALUES (NULL,{marks})", values)
            return done.lastrowid or 0

    def remove(self, number: int, who: str = "") -> None:
        """Takes an opinion back; only that of the same person. Raises FeedbackError."""
        with self._db.write(deletes=True) as db:
            query = "DELETE FROM feedback WHERE id = ? AND who = ?"
            if not db.execute(query, (number, who)).rowcount:
                raise FeedbackError(f"There is no feedback {number} of yours to take back")

    def records(self) -> list[Record]:
        """Every opinion, in the order they were given."""
        rows = self._db.rows("SELECT * FROM feedback ORDER BY id")
        return [_record(row) for row in rows]


def _check(
    answer: Answer, opinion: str, reason: str, correction: str, comment: str, who: str
) -> None:
    if opinion not in get_args(Opinion):
        raise FeedbackError(f"The opinion {opinion[:40]!r} is not known; say good or bad")
    if reason not in get_args(Reason):
        known = ", ".join(filter(None, get_args(Reason)))
        raise FeedbackError(f"The reason {reason[:40]!r} is not known; known are: {known}")
    if opinion == "good" and (reason or correction.strip()):
        raise FeedbackError("A good answer has no reason and no correction; say bad, or leave out")
    if not answer.question.strip():
        raise FeedbackError("Feedback needs the question that was answered")
    for name, text in {
        "question": answer.question,
        "correction": correction,
        "comment": comment,
        "name": who,
    }.items():
        if len(text) > LONGEST:
            raise FeedbackError(f"The {name} has {len(text)} characters; {LONGEST} are kept")


def _record(row: Sequence[Any]) -> Record:
    values = dict(zip((field.name for field in fields(Record)), row, strict=True))
    values["citations"] = _CITATIONS.validate_json(values["citations"])
    return Record(**values)


def fingerprint(settings: Settings, model: Mapping[str, str], llm: str = "") -> str:
    """16 hex digits of a SHA-256 that differ when settings, model or prompts differ.

    ``model``: the encoder's fingerprint.
    """
    facts = [settings.model_dump(mode="json", exclude=_SERVING), dict(model), digests(), llm]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def table(records: Sequence[Record]) -> str:
    """A line for each opinion, and how many there are."""
    lines = [
        f"{r.id:>5}  {r.time[:16]}  {r.opinion:<4}  {r.reason or '-':<14}  {_shown(r.question)}"
        for r in records
    ]
    good = sum(record.opinion == "good" for record in records)
    return "\n".join([*lines, f"{len(records)} opinions: {good} good, {len(records) - good} bad"])


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)[:80]


# -- to a question set -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a right answer is held to be: ``evidence``, "" for a refusal; or ``why`` it is open."""

    evidence: str = ""
    answers: tuple[str, ...] = ()
    unanswerable: bool = False
    why: str = ""

    @property
    def key(self) -> str:
        """Equal for outcomes that agree."""
        return " ".join(self.evidence.split())


@dataclass(frozen=True, slots=True)
class Export:
    """Lines of the question set, lines for a person, and what was merged or contradicts."""

    questions: tuple[dict[str, Any], ...]
    todo: tuple[dict[str, Any], ...]
    merged: int
    conflicts: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{len(self.questions)} questions ({self.merged} duplicates merged), "
            f"{len(self.todo)} to be completed by a person, {len(self.conflicts)} conflicts"
        )


def export(records: Sequence[Record], articles: Sequence[Article]) -> Export:
    """The question set that the opinions make, all its evidence standing in ``articles``."""
    questions, todo, conflicts, merged = [], [], [], 0
    for group in _by_question(_latest(records)).values():
        outcomes = [_outcome(record, articles) for record in group]
        closed = [outcome for outcome in outcomes if not outcome.why]
        if why := _conflict(group, outcomes):
            conflicts.append(f"{_shown(group[0].question)}: {why}")
            todo += [_todo(record, f"conflict: {why}") for record in group]
            continue
        todo += [_todo(r, o.why) for r, o in zip(group, outcomes, strict=True) if o.why]
        if closed:
            questions.append(_question(group[0], closed))
            merged += len(closed) - 1
    return Export(tuple(questions), tuple(_distinct(todo)), merged, tuple(conflicts))


def write(export: Export, file: Path, todo: Path | None = None) -> None:
    """Writes both files. Raises FeedbackError when no opinion gave a question."""
    if todo:
        _write_lines(todo, export.todo)
    if not export.questions:
        where = f"see {todo}" if todo else "name a file for them with --todo"
        raise FeedbackError(
            f"No feedback makes a question by itself; {len(export.todo)} need a person: {where}"
        )
    _write_lines(file, export.questions)


def _write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    private_files.write(path, text.encode())


def _latest(records: Sequence[Record]) -> list[Record]:
    """Without what a named person has said again of the same question."""
    last = {(r.who, _key(r)): r.id for r in records if r.who}
    return [r for r in records if not r.who or last[r.who, _key(r)] == r.id]


def _by_question(records: Sequence[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(_key(record), []).append(record)
    return groups


def _key(record: Record) -> str:
    """Accents count: a question typed without them is another test."""
    return " ".join(terms(record.question)) or record.question


def _outcome(record: Record, articles: Sequence[Article]) -> Outcome:
    """What the opinion says a right answer is."""
    if record.query and fold(record.query) != fold(record.question):
        return Outcome(why="a follow-up: write the question so that it stands alone")
    if record.reason == "should refuse":
        return Outcome(unanswerable=True)
    if record.opinion == "good":
        return _as_given(record, articles)
    if not record.correction:
        return Outcome(why="bad, and no correction was given")
    return _corrected(record, articles)


def _as_given(record: Record, articles: Sequence[Article]) -> Outcome:
    """The answer that was given, taken to be right."""
    if record.grounding == "refused":
        return Outcome(unanswerable=True)
    quotes = [citation for citation in record.citations if citation.verified]
    if not quotes:
        return Outcome(why="good, but without a verified quote")
    evidence = _found(quotes[0].quote, articles, [quotes[0].article_id])
    if not evidence:
        return Outcome(why="good, but its quote is in no indexed article any more")
    bare = MARKER.sub("", record.answer).strip()
    said = [bare] if record.llm and bare else [quote.quote for quote in quotes]
    return Outcome(evidence, tuple(said))


def _corrected(record: Record, articles: Sequence[Article]) -> Outcome:
    words = unicodedata.normalize("NFC", record.correction).strip(" \t\n\"'“”‘’«»")
    if len(terms(words)) < TELLING:
        return Outcome(why="the correction is too short to be found: give the whole sentence")
    evidence = _found(words, articles, [citation.article_id for citation in record.citations])
    if not evidence:
        return Outcome(why="the correction is in no indexed article: copy it word for word")
    return Outcome(evidence)


def _found(words: str, articles: Sequence[Article], first: Sequence[str]) -> str:
    """The slice of an article that is ``words``, "" when there is none."""
    for article in sorted(articles, key=lambda article: article.id not in first):
        if span := find_words(words, article.text):
            return article.text[span.start : span.end]
    return ""


def _conflict(group: Sequence[Record], outcomes: Sequence[Outcome]) -> str:
    """Why the opinions of one question cannot all be right, "" when they can."""
    right = {outcome.key for outcome in outcomes if not outcome.why}
    if len(right) > 1 and "" in right:
        return "it is called answerable and unanswerable"
    if len(right) > 1:
        return f"{len(right)} different sentences are called right"
    wrong = {_given(record) for record in group if record.opinion == "bad"}
    return "the same answer is called good and bad" if right & wrong else ""


def _given(record: Record) -> str:
    """The key of what was answered."""
    quotes = [citation.quote for citation in record.citations]
    return " ".join(quotes[0].split()) if quotes else ""


def _question(record: Record, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A line of the question set; its id stays when the feedback is exported again."""
    answers = dict.fromkeys(answer for outcome in outcomes for answer in outcome.answers)
    first = outcomes[0]
    return _line(record, list(answers), first.evidence, first.unanswerable)


def _todo(record: Record, why: str) -> dict[str, Any]:
    """A line to complete: fill in answers and evidence, or unanswerable; then drop "todo"."""
    known = {
        "why": why,
        "opinion": record.opinion,
        "reason": record.reason,
        "correction": record.correction,
        "comment": record.comment,
        "query": record.query,
        "answer": record.answer,
        "quotes": [citation.quote for citation in record.citations],
    }
    return {**_line(record, [], "", False), "todo": known}


def _line(record: Record, answers: list[str], evidence: str, unanswerable: bool) -> dict[str, Any]:
    number = hashlib.sha256(_key(record).encode()).hexdigest()[:12]
    return {
        "id": f"feedback-{number}",
        "question": record.question,
        "answers": answers,
        "evidence": evidence,
        "unanswerable": unanswerable,
        "language": record.language if _LANGUAGE.fullmatch(record.language) else "",
    }


def _distinct(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({json.dumps(line, sort_keys=True): line for line in lines}.values())


def _normal(text: str) -> str:
    return fit(" ".join(unicodedata.normalize("NFC", text).split()))
