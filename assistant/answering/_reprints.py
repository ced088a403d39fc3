"""Which passages are one text printed twice: an agency's, with another headline and small cuts.

Two passages share runs of words, and no sentence of one says of the same thing what its counterpart
in the other does not: a figure, a name, a "not". So a look-alike (the same form filled in for
another ward, an update with a new figure) is no reprint, nor is a reprint with a corrected figure.
Where it cannot be told, passages are two: that only shows twice what could be shown once.

The shares and the lists of words were chosen on ``tests/reprints`` and the families of look-alikes
in ``tests/questions/reading/train``; ``python -m tests.benchmarks.reprints`` shows the counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import regex

from assistant.text.letters import mended, spelt
from assistant.text.terms import terms
from assistant.types import Passage

RUN: Final = 3  # words of a run; shares of them are Broder's containment (1997)
COVERED: Final = 0.6  # share of a passage's runs in another, from which it need not be read too
BAG: Final = 0.5  # of its words, without which no such share of its runs can be there
SHARED: Final = 0.25  # share from which a passage whose answer the other has too is no further one
PAIRED: Final = 0.5  # share of the words of the shorter of two sentences that tell of the same
FEW: Final = 6  # words of a sentence under which a longer one is not about the same
SAME: Final = 0.75  # share of a quote's words that another place of it has, and the reverse

_ANY_WORD: Final = re.compile(r"\w+")
_WORD: Final = regex.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
_FIGURE: Final = regex.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS: Final = regex.compile(r"\d{1,3}(?:[.,]\d{3})+")
_LONG: Final = 14  # mean letters of a "word" from which a text is written without spaces
# "(TTXVN) - ", "HÀ NỘI, 4/8 (Reuters) – ", "Vạn Lý, 4/8. ": where a text was sent from.
_DATELINE: Final = regex.compile(
    r"\s*(?:\([^()\n]{1,40}\)\s*[-–—:]?\s+"
    r"|(?:[\p{Lu}\d][\p{L}\p{M}\d./-]*,?\s+){1,7}(?:\([^()\n]{1,40}\)\s*)?[-–—]\s+"
    r"|(?:[\p{Lu}\d][\p{L}\p{M}\d/-]*,?\s+){0,6}[\p{Lu}\d][\p{L}\p{M}\d/-]*\.\s+)"
)
_NUMBERS: Final = frozenset(
    "một hai ba bốn tư năm lăm sáu bảy bẩy tám chín mười mươi chục trăm nghìn ngàn triệu tỉ nửa "
    "one two three four five six seven eight nine ten eleven twelve dozen twenty thirty forty "
    "fifty sixty seventy eighty ninety hundred thousand million billion half twice "
    "first second third fourth fifth".split()
)
_TURNS: Final = frozenset(
    "không chưa chẳng hủy hoãn bác tăng giảm thắng thua lãi lỗ "
    "not no never t nor cancelled postponed denied rejected rose fell rise fall "
    "increase decrease increased decreased won lost".split()
)
_LISTED: Final = ("vi", "en")  # languages whose words are in both


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as it is compared: its words in order, and those of them that are names.

    ``opening``: its first word where it begins with a capital, which may be a name; else "".
    """

    words: tuple[str, ...]
    names: frozenset[str] = frozenset()
    opening: str = ""

    def without(self, other: Said) -> Counter[str]:
        """Its words that ``other`` has less often."""
        return Counter(self.words) - Counter(other.words)


class Text:
    """Passages of an article as they are compared with others. ``language``: ISO 639-1."""

    def __init__(self, passages: Sequence[Passage], language: str) -> None:
        self._passages, self.language = passages, language

    @cached_property
    def ordinary(self) -> frozenset[str]:
        """Words that stand somewhere without a capital."""
        words = (word for passage in self._passages for word in _WORD.findall(mended(passage.text)))
        return frozenset(word for word in words if word.islower())

    @cached_property
    def bag(self) -> frozenset[str]:
        """What stands between its blanks: quickly made, to leave out what has little in common."""
        return frozenset(word for passage in self._passages for word in passage.text.split())

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Its runs of words."""
        found: set[tuple[str, ...]] = set()
        for passage in self._passages:
            words = _ANY_WORD.findall(passage.text.casefold())
            told = terms(passage.text) if _is_unspaced(words) else words
            found.update(zip(*(told[i:] for i in range(RUN)), strict=False))
        return frozenset(found)

    @cached_property
    def sentences(self) -> tuple[Said, ...]:
        """The sentences, each once, without headings, which every paper writes anew."""
        found: dict[Said, None] = {}
        for passage in self._passages:
            prose = [s for s in passage.sentences if s.kind == "prose"]
            for number, s in enumerate(prose):
                text = passage.text[s.start - passage.start : s.end - passage.start]
                found[as_said(text, first=number == 0)] = None
        return tuple(one for one in found if one.words)

    def share_in(self, other: Text) -> float:
        """The share of its runs of words that ``other`` has, in [0, 1]."""
        return len(self.runs & other.runs) / len(self.runs) if self.runs else 0.0

    def is_covered_by(self, other: Text) -> bool:
        """Whether ``other`` says what this passage says, in the same words."""
        return self.share_in(other) >= COVERED and not contradict(self, other)

    def overlaps(self, other: Text) -> bool:
        """Whether both are parts of one text."""
        share = max(self.share_in(other), other.share_in(self))
        return share >= SHARED and not contradict(self, other)


def contradict(one: Text, other: Text) -> bool:
    """Whether a sentence of ``one`` and its counterpart in ``other`` say different things."""
    listed, ordinary = one.language in _LISTED, one.ordinary | other.ordinary
    ours, theirs = set(one.sentences), set(other.sentences)
    left = [sentence for sentence in one.sentences if sentence not in theirs]
    for sentence in other.sentences:
        if sentence not in ours and left:
            counterpart = max(left, key=lambda s: _alike(sentence, s))
            alike = _alike(sentence, counterpart) >= PAIRED
            if alike and differ(counterpart, sentence, ordinary, listed):
                return True
    return False


def differ(one: Said, other: Said, ordinary: Collection[str] = (), listed: bool = True) -> bool:
    """Whether two sentences about the same differ in what they say, and not only in how, or how
    much.

    ``ordinary``: words that are no names though a sentence begins with them. ``listed``: what turns
    a sentence round is known in their language; in another any word in the place of another one may
    do that.
    """
    ours, theirs = one.without(other), other.without(one)
    if any(word in _TURNS for word in (*ours, *theirs)):
        return True
    if not (ours and theirs):
        return False
    return (
        not listed
        or (any(map(_is_figure, ours)) and any(map(_is_figure, theirs)))
        or (_has_name(one, ours, ordinary) and _has_name(other, theirs, ordinary))
    )


def headlines_contradict(one: str, other: str, language: str) -> bool:
    """Whether two headlines tell of the same thing, and not the same of it."""
    ours, theirs = as_said(one), as_said(other)
    if not (ours.words and theirs.words) or _alike(ours, theirs) < PAIRED:
        return False
    return differ(ours, theirs, (), language in _LISTED)


def same_words(quote: str, other: str, language: str) -> bool:
    """Whether ``other`` is the same quote: nearly all of its words, and nothing else said."""
    one, two = as_said(quote, first=True), as_said(other, first=True)
    common = (Counter(one.words) & Counter(two.words)).total()
    enough = common >= SAME * max(len(one.words), len(two.words), 1)
    return enough and not differ(one, two, (), language in _LISTED)


def as_said(text: str, first: bool = False) -> Said:
    """A sentence as it is compared; ``first``: it may begin with a dateline, of which only the
    figures count."""
    dateline = _DATELINE.match(text) if first else None
    before = _FIGURE.findall(dateline[0]) if dateline else []
    found = _WORD.findall(mended(text[dateline.end() :] if dateline else text))
    if _is_unspaced(found):
        return Said(tuple(terms(text)))
    keys = tuple(map(_key, (*before, *found)))
    names = frozenset(_key(word) for word in found[1:] if word[0].isupper())
    return Said(keys, names, _key(found[0]) if found and found[0][0].isupper() else "")


def _has_name(said: Said, words: Collection[str], ordinary: Collection[str]) -> bool:
    """Whether a name is among ``words``, some of the sentence's."""
    opens = said.opening in words and said.opening not in ordinary
    return opens or not said.names.isdisjoint(words)


def _alike(one: Said, other: Said) -> float:
    """The share of the words of the shorter sentence that the other has too; of a few words, of
    the longer one."""
    few, many = sorted((len(one.words), len(other.words)))
    common = (Counter(one.words) & Counter(other.words)).total()
    return common / (few if few >= FEW else many)


def _is_figure(word: str) -> bool:
    return word[0].isdigit() or word in _NUMBERS


def _is_unspaced(words: Collection[str]) -> bool:
    return bool(words) and sum(map(len, words)) >= _LONG * len(words)


def _key(word: str) -> str:
    """What the ways to write a word have in common: "tỷ" and "tỉ", "2.400" and "2,400", "06" and
    "6"."""
    if _THOUSANDS.fullmatch(word):
        return word.replace(".", "").replace(",", "")
    if word.isdecimal():
        return word.lstrip("0") or "0"
    if word[0].isdigit():
        return word.replace(",", ".")
    return spelt(word.casefold())
