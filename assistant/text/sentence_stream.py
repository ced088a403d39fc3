"""Where the sentences of a text end, while the text still comes in pieces.

Whether a sentence has ended is asked of ``sentences.py`` at the first character that can begin
the next one, so both know the same abbreviations. Two things a stream cannot know: a line
end always ends a sentence here, though the next line may go on with it; and a quotation mark that
is open counts as a quotation until it is longer than one. Headings and rows of tables, as Markdown
marks them, are one sentence each, whatever stands in them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import regex

from assistant.text.sentences import QUOTATION_LENGTH, sentences
from assistant.types import Span

_MARKS = frozenset(".!?…‼⁇⁈⁉。！？｡؟।॥۔")
_NEEDS_SPACE = frozenset(".…")  # without one behind them they never end a sentence
_CLOSING = frozenset("\"'”’»›)]}」』）】》〉*_")
_DASHES = frozenset("–—-")
_QUOTES = (("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"))
_WINDOW = 2 * QUOTATION_LENGTH  # code points: enough to see a quotation and what it is part of

HEADING = regex.compile(r"[ \t]{0,8}#{1,6}(?:[ \t]+|$)")  # the marks at its beginning
ROW = regex.compile(
    r"[ \t]{0,8}\|"
)  # one that begins with no "|" cannot be told from prose in time
RULE = regex.compile(r"[ \t]{0,8}\|(?=[^-]*-)[ \t|:-]*")  # between a table's header and its rows
_WHOLE_LINE = regex.compile(r"[ \t]{0,8}(?:\||#{1,6}[ \t])")
_BAR = regex.compile(r"\\.|(\|)")  # "\\|" is no border


@dataclass(frozen=True, slots=True)
class End:
    """The sentence before has ended."""


class SentenceStream:
    """Text in pieces → the same text, with an :class:`End` behind every sentence.

    An ``End`` comes before the first character of the next sentence, at a line end, or when the
    text is finished. Text is held back only where a dash follows the mark of an end.
    """

    def __init__(self) -> None:
        self._sentence = ""  # the end of the sentence so far, at most a window
        self._held = ""  # dashes behind what may be an end, and the blanks between them
        self._mark = ""  # the mark that may have ended the sentence
        self._spaced = False  # a blank stands behind it
        self._lead: str | None = ""  # the line, as long as it can become a heading or a row
        self._is_whole = False  # it is one

    def feed(self, text: str) -> list[str | End]:
        """The next piece of the text → it and the ends that are now certain, in order."""
        found: list[str | End] = []
        for character in text:
            self._read(character, found)
        return found

    def finish(self) -> list[str | End]:
        """What was held back, and the last sentence's end."""
        found: list[str | End] = []
        self._end_line(found)
        return found

    def _read(self, character: str, found: list[str | End]) -> None:
        if self._lead is not None:
            self._begin(self._lead + character)
        if character == "\n":
            self._end_line(found)
            _say(character, found)
        elif self._is_whole:
            self._add(character, found)
        elif self._mark and self._spaced and (character in _DASHES or self._held):
            self._held += character
            if character not in _DASHES and not character.isspace():
                self._decide(found)
        elif self._mark and not character.isspace() and not self._goes_on(character):
            self._held = character
            self._decide(found)
        else:
            self._spaced = self._spaced or bool(self._mark and character.isspace())
            if character in _MARKS and not (self._mark and self._spaced):
                self._mark = character
            self._add(character, found)

    def _begin(self, line: str) -> None:
        """What kind of line begins like this."""
        match = _WHOLE_LINE.fullmatch(line, partial=True)
        self._is_whole = bool(match and not match.partial)
        self._lead = line if match and match.partial else None

    def _goes_on(self, character: str) -> bool:
        """Whether ``character`` belongs to the mark before it: "?!", "….”"."""
        return not self._spaced and (character in _MARKS or character in _CLOSING)

    def _decide(self, found: list[str | End]) -> None:
        """Ends the sentence before what is held, or goes on with it."""
        held, self._held = self._held, ""
        if (self._spaced or self._mark not in _NEEDS_SPACE) and _ends(self._sentence, held):
            found.append(End())
            self._sentence = ""
        self._mark, self._spaced = "", False
        if held[-1] in _MARKS:
            self._mark = held[-1]
        self._add(held, found)

    def _end_line(self, found: list[str | End]) -> None:
        self._add(self._held, found)
        if self._sentence.strip():
            found.append(End())
        self._sentence, self._held, self._mark, self._spaced = "", "", "", False
        self._lead, self._is_whole = "", False

    def _add(self, text: str, found: list[str | End]) -> None:
        _say(text, found)
        self._sentence += text
        if len(self._sentence) > 2 * _WINDOW:
            self._sentence = self._sentence[-_WINDOW:]


def cells(row: str, start: int = 0) -> list[Span]:
    """The cells of a table's row, without the blanks around them; ``row`` begins at ``start``."""
    bars = [m.start() for m in _BAR.finditer(row) if m[1]]
    edges = [*bars, *([len(row)] if bars and row[bars[-1] + 1 :].strip() else [])]
    found = []
    for a, b in pairwise(edges):
        cell = row[a + 1 : b]
        first = a + 1 + len(cell) - len(cell.lstrip())
        found.append(Span(start + first, start + max(first, a + 1 + len(cell.rstrip()))))
    return found


def _say(text: str, found: list[str | End]) -> None:
    if found and isinstance(found[-1], str):
        found[-1] += text
    elif text:
        found.append(text)


def _ends(sentence: str, following: str) -> bool:
    """Whether ``sentence`` ends where ``following`` begins."""
    text = sentence[-_WINDOW:] + following
    closers = [b for a, b in _QUOTES if _is_open(sentence, a, b)]
    if sentence.count('"') % 2:
        closers.append('"')
    start = len(text) - len(following)
    # A quotation that is open is closed behind the text, so that no sentence ends inside it.
    return any(s.start == start for s in sentences(text + "".join("x" + c for c in closers)))


def _is_open(sentence: str, mark: str, closing: str) -> bool:
    """Whether a quotation is open. The last mark of „…“ and »…« closes, so it opens none."""
    at = sentence.rfind(mark)
    if at <= sentence.rfind(closing):
        return False
    before = sentence[at - 1 : at]
    return not (before.isalnum() or before in _MARKS) or mark in "「『"
