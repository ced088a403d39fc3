"""A model's text as it streams: its thoughts are left out, and going round in circles is seen."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

OPENING = ("<think>", "<thinking>")
CLOSING = ("</think>", "</thinking>")
LONGEST = max(map(len, OPENING + CLOSING))

# Bounds of what no answer has: this long a tail made of one piece four times or more over, or
# the same ten words (about a sentence) ten times. Lists and tables stay far below them.
TAIL = 160  # characters
TIMES = 4
PERIOD = 400  # characters of the longest piece looked for
GRAM = 10  # words
GRAMS = 10
STRIDE = 64  # characters between two looks

_WORD = re.compile(r"\w+")  # numbers too: the rows of a table differ in them


@dataclass(frozen=True, slots=True)
class Thought:
    """All of the model's text before this was a thought, and no part of the answer."""


class WithoutThoughts:
    """Drops ``<think>…</think>`` and the white space before the answer, across any cuts.

    The output of ``feed`` and ``end`` does not depend on how the text was cut. A thought that is
    never closed lasts to the end. Where a closing tag comes first, the model's template had opened
    the thought: ``Thought`` stands in its place and says what all the text before it was.
    """

    def __init__(self) -> None:
        self._held = ""  # what may be the beginning of a tag
        self._thinking = False
        self._begun = False
        self._tagged = False

    def feed(self, text: str) -> list[str | Thought]:
        """The part of the answer that is certain now."""
        held, kept = self._held + text, list[str | Thought]()
        while held:
            at = held.find("<")
            if at < 0:
                at = len(held)
            if not self._thinking:
                self._keep(held[:at], kept)
            held = held[at:]
            tag = self._tag(held)
            if tag:
                self._pass(tag, kept)
                held = held[len(tag) :]
            elif self._may_become_tag(held):
                break
            elif held:
                self._keep("" if self._thinking else "<", kept)
                held = held[1:]
        self._held = held
        return kept

    def end(self) -> list[str | Thought]:
        """What was held back and is not a tag after all."""
        held, self._held = self._held, ""
        kept = list[str | Thought]()
        self._keep("" if self._thinking else held, kept)
        return kept

    def _pass(self, tag: str, kept: list[str | Thought]) -> None:
        if tag in CLOSING and not self._tagged:
            kept.append(Thought())
            self._begun = False
        self._thinking, self._tagged = tag in OPENING, True

    def _keep(self, text: str, kept: list[str | Thought]) -> None:
        """Adds text from the first word on."""
        text = text if self._begun else text.lstrip()
        if not text:
            return
        self._begun = True
        if kept and isinstance(kept[-1], str):
            kept[-1] += text
        else:
            kept.append(text)

    def _tags(self) -> tuple[str, ...]:
        """Inside a thought only its end counts."""
        return CLOSING if self._thinking else OPENING + CLOSING

    def _tag(self, held: str) -> str:
        start = held[:LONGEST].lower()
        return next((tag for tag in self._tags() if start.startswith(tag)), "")

    def _may_become_tag(self, held: str) -> bool:
        start = held.lower()
        return bool(start) and any(tag.startswith(start) for tag in self._tags())


class Circles:
    """Whether a text goes round in circles: the same piece, or the same sentence, over and over."""

    def __init__(self) -> None:
        self._tail = ""
        self._unread = 0  # characters of the tail not looked at
        self._word = ""  # what may go on as a longer word
        self._words: list[str] = []  # the last GRAM - 1
        self._grams: Counter[tuple[str, ...]] = Counter()

    def feed(self, text: str) -> bool:
        """Whether the text, with this added, repeats itself beyond what an answer does."""
        self._tail = (self._tail + text)[-PERIOD * TIMES :]
        self._unread += len(text)
        return self._same_words(text) or self._same_piece()

    def _same_piece(self) -> bool:
        if self._unread < STRIDE or len(self._tail) < TAIL:
            return False
        self._unread = 0
        for period in range(1, len(self._tail) // TIMES + 1):
            end = self._tail[-max(TAIL, period * TIMES) :]
            if end[period:] == end[:-period]:
                return bool(end.strip())
        return False

    def _same_words(self, text: str) -> bool:
        found = _WORD.findall((self._word + text).lower())
        # The last word may go on in the next part.
        open_ended = bool(found) and (self._word + text)[-1:].isalnum()
        self._word = found.pop() if open_ended else ""
        words = self._words + found
        for at in range(len(words) - GRAM + 1):
            gram = tuple(words[at : at + GRAM])
            if len(set(gram)) < GRAM // 2:
                continue  # one word again and again is the business of `_same_piece`
            self._grams[gram] += 1
            if self._grams[gram] >= GRAMS:
                return True
        self._words = words[-GRAM + 1 :]
        return False
