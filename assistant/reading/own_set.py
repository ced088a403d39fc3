"""The project's own reading set: articles with questions and claims, in a plain form.

=== ID | LANGUAGE | DATE | SOURCE
TITLE: …
TEXT:
paragraphs
---
Q LANGUAGE KIND | question | words of the text with each [[answer]] marked
U LANGUAGE TYPE | question that the text does not answer | words that tempt, or nothing
C LABEL LANGUAGE | claim | words of the text that decide it, or nothing
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assistant.reading.readings import Span

LABELS = {"supported": 0, "contradicted": 1, "notstated": 2}

_HEAD = re.compile(r"=== *([^|\n]+?) *\| *([a-z]{2}) *\|")
_BODY = re.compile(r"TITLE: *(.*)\nTEXT:\n(.*?)\n---\n(.*)", re.S)
_MARK = re.compile(r"\[\[(.+?)\]\]")


@dataclass(frozen=True, slots=True)
class OwnQuestion:
    """``spans``: the characters of the text that answer, each item of a list; or none, and then
    ``tempting``: those that a careless reader would take for the answer, where there are any."""

    asked: str
    language: str
    kind: str
    spans: tuple[Span, ...]
    tempting: Span | None = None


@dataclass(frozen=True, slots=True)
class OwnClaim:
    """``verdict``: 0 supported, 1 contradicted, 2 not stated; ``decisive``: the characters of the
    text that decide it, None where none do."""

    asked: str
    language: str
    verdict: int
    decisive: Span | None = None


@dataclass(frozen=True, slots=True)
class OwnArticle:
    """An article in form NFC, with what is asked about it."""

    id: str
    language: str
    title: str
    text: str
    questions: tuple[OwnQuestion, ...]
    claims: tuple[OwnClaim, ...]


def read_own(path: Path) -> list[OwnArticle]:
    """The articles of a file. Raises ValueError, with the file and the line, at a fault."""
    text = unicodedata.normalize("NFC", path.read_text("utf-8").replace("\r\n", "\n"))
    blocks = re.split(r"(?m)^(?==== )", text)
    return [_article(block, path) for block in blocks if block.strip()]


def _article(block: str, path: Path) -> OwnArticle:
    head, _, rest = block.partition("\n")
    named, body = _HEAD.match(head), _BODY.match(rest)
    if not named or not body:
        raise ValueError(f"{path}: not an article: {head!r}")
    title, text, lines = body.group(1).strip(), body.group(2).strip("\n"), body.group(3)
    questions: list[OwnQuestion] = []
    claims: list[OwnClaim] = []
    for line in filter(str.strip, lines.split("\n")):
        try:
            letter, a, b, asked, words = _fields(line)
            if letter == "C":
                claims.append(OwnClaim(asked, b, LABELS[a], _found(text, words)))
            elif letter == "Q":
                questions.append(OwnQuestion(asked, a, b, tuple(_marked(text, words))))
            else:
                questions.append(OwnQuestion(asked, a, b, (), _found(text, words)))
        except (ValueError, KeyError) as fault:
            raise ValueError(f"{path} {named.group(1)}: {line!r}: {fault}") from fault
    return OwnArticle(named[1], named[2], title, text, tuple(questions), tuple(claims))


def _fields(line: str) -> tuple[str, str, str, str, str]:
    """Letter, the two words after it, the question or claim, and the words of the text."""
    kind, asked, words = [part.strip() for part in f"{line.rstrip(' |')} |  | ".split(" | ")][:3]
    letter, a, b = kind.split()
    if letter not in "QUC" or not asked:
        raise ValueError("not a question or a claim")
    return letter, a, b, asked, words.replace("\\n", "\n")


def _found(text: str, words: str) -> Span | None:
    """Where the words stand first, None where there are none. Raises ValueError."""
    if not words:
        return None
    start = text.find(words)
    if start < 0:
        raise ValueError("words that do not stand in the text")
    return start, start + len(words)


def _marked(text: str, words: str) -> Iterator[Span]:
    """The spans of the marked answers, whose words stand once in the text."""
    plain = _MARK.sub(r"\1", words)
    if plain == words or text.count(plain) != 1:
        raise ValueError("no marked answer, or words that do not stand once in the text")
    start = text.index(plain)
    for number, mark in enumerate(_MARK.finditer(words)):
        first = start + mark.start() - 4 * number
        yield first, first + len(mark[1])
