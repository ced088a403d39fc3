"""What of a sentence can be checked: its words, numbers, dates and names. Pure functions of text.

Vietnamese and English notation are read alike: "1.250", "1,250"; "15,5%", "15.5 percent";
"1,2 triệu", "1.2 million"; "hai", "two", "2"; "5-8", "ngày 5 tháng 8", "August 5".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import regex

from assistant.claims.dates import Date, dates_in, readings_of
from assistant.text import TERM

Kind = Literal["number", "date", "name"]


@dataclass(frozen=True, slots=True)
class Word:
    """A term of the text. ``clause`` counts the clauses before it: they end at , ; : . ( ) “ ”."""

    start: int
    end: int
    term: str
    stem: str
    clause: int
    capital: bool


@dataclass(frozen=True, slots=True)
class Number:
    """``values``: what the digits may stand for ("1.250" is 1250, or 1.25 in English).

    ``exact``: a sentence must bear it out; "một", "năm", "one" and "second" are often no numbers.
    """

    values: tuple[float, ...]
    percent: bool = False
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Fact:
    """A number, date or name: the words ``[first, last)`` of its reading.

    Where a text may be read as either ("5-8", "2025"), both ``numbers`` and ``dates`` are set.
    """

    kind: Kind
    first: int
    last: int
    numbers: tuple[Number, ...] = ()
    dates: tuple[Date, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A text with its words and facts, both in order. Equal is only the same reading."""

    text: str
    words: tuple[Word, ...]
    facts: tuple[Fact, ...]

    def stems(self, first: int, last: int) -> tuple[str, ...]:
        return tuple(word.stem for word in self.words[max(0, first) : max(0, last)])

    def quote(self, fact: Fact) -> str:
        """The fact's own words."""
        return self.text[self.words[fact.first].start : self.words[fact.last - 1].end]


_CLAUSE = regex.compile(r"[,;:.!?…()\[\]—–]|\s-|-\s")
_CLITIC = regex.compile(r"(?:n['’]t|['’](?:s|re|ve|ll|d|m))\b", regex.IGNORECASE)
# One spelling of the tone mark ("hoà" → "hòa") and of i/y ("kì" → "kỳ", "qui" → "quy").
_TONES = {"oà": "òa", "oá": "óa", "oả": "ỏa", "oã": "õa", "oạ": "ọa", "oè": "òe", "oé": "óe",
          "oẻ": "ỏe", "oẽ": "õe", "oẹ": "ọe", "uỳ": "ùy", "uý": "úy", "uỷ": "ủy", "uỹ": "ũy",
          "uỵ": "ụy"}  # fmt: skip
_OPEN_I = regex.compile(r"^(h|k|l|m|s|t|qu)([iìíỉĩị])$")
_I_TO_Y = str.maketrans("iìíỉĩị", "yỳýỷỹỵ")


def stem(term: str) -> str:
    """What forms of a word share: "increased" → "increas", "hoà" → "hòa", "kì" → "kỳ".

    Suffixes are those of English; no Vietnamese syllable ends in them.
    """
    if term.isascii():
        for suffix, rest in _SUFFIXES:
            if term.endswith(suffix) and len(term) - len(suffix) >= 3:
                term = term[: -len(suffix)] + rest
                break
        if len(term) > 4 and term[-1] == term[-2] and term[-1] not in "sl":
            term = term[:-1]
    if len(term) >= 2 and term[-2:] in _TONES and not term.startswith("qu"):
        term = term[:-2] + _TONES[term[-2:]]
    match = _OPEN_I.match(term)
    return match[1] + match[2].translate(_I_TO_Y) if match else term


_SUFFIXES = (("ies", "y"), ("ied", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", ""),
             ("ly", ""), ("ss", "ss"), ("us", "us"), ("s", ""), ("e", ""))  # fmt: skip


@lru_cache(maxsize=4096)
def read(text: str, day: str = "") -> Reading:
    """The words and facts of ``text``; ``day``, the article's ISO date, resolves "hôm qua"."""
    words = tuple(_words(text))
    taken = [False] * len(words)
    facts: list[Fact] = []
    for start, end, dates in dates_in(text, day):
        first, last = _between(words, start, end)
        if first < last and not any(taken[first:last]):
            numbers = tuple(_plain_numbers(text[start:end]))
            facts.append(Fact("date", first, last, numbers, dates))
            taken[first:last] = [True] * (last - first)
    for start, end, number in _numbers(text):
        first, last = _between(words, start, end)
        if first < last and not any(taken[first:last]):
            kind: Kind = "number"
            facts.append(Fact(kind, first, last, (number,), _as_year(text[start:end])))
            taken[first:last] = [True] * (last - first)
    facts += _names(text, words, taken)
    return Reading(text, words, tuple(sorted(facts, key=lambda fact: fact.first)))


def _words(text: str) -> Iterator[Word]:
    clause = position = 0
    for match in TERM.finditer(text):
        between = text[position : match.start()]
        if position and _CLAUSE.search(between):
            clause += 1
        position = match.end()
        written = match.group()
        term = written.lower()
        if term == "t" and between in ("'", "’"):
            term = "not"  # n't
        yield Word(match.start(), match.end(), term, stem(term), clause, written[0].isupper())


def _between(words: Sequence[Word], start: int, end: int) -> tuple[int, int]:
    """The words that touch ``[start, end)``, as a half-open range."""
    inside = [i for i, word in enumerate(words) if word.start < end and word.end > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


# Numbers

_UNITS_VI = dict(zip("một hai ba bốn sáu bảy tám chín mười".split(), (1, 2, 3, 4, 6, 7, 8, 9, 10),
                     strict=True))  # fmt: skip
_AFTER_TEN = {"mốt": 1, "tư": 4, "lăm": 5, "nhăm": 5, "bẩy": 7}
_SCALES = {
    "trăm": 1e2, "nghìn": 1e3, "ngàn": 1e3, "triệu": 1e6, "tỷ": 1e9, "tỉ": 1e9,
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12,
    "dozen": 12.0, "bn": 1e9, "chục": 10.0,
}  # fmt: skip
_UNITS_EN = {
    word: value
    for value, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen".split()
    )
}
_TENS_EN = {
    word: value * 10
    for value, word in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
_ORDINALS = {
    word: value
    for value, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(),
        start=1,
    )
}
_NTH_VI = {"nhất": 1, "nhì": 2, "hai": 2, "ba": 3, "tư": 4, "năm": 5, "sáu": 6, "bảy": 7,
           "tám": 8, "chín": 9, "mười": 10}  # fmt: skip
_INEXACT = {"một", "one", "năm", "second", "first", "zero"}

_SCALE = "|".join(sorted(_SCALES, key=len, reverse=True))
_PERCENT = r"(?:\s*(?:%|percent\b|per\s+cent\b|phần\s+trăm\b))"
_DIGITS = regex.compile(
    r"(?<![\p{L}\p{Nd}])(?P<digits>\p{Nd}+(?:[.,]\p{Nd}+)*)(?:st|nd|rd|th|s)?"
    rf"(?P<scale>(?:[\s-]+(?:{_SCALE})s?(?!\p{{L}}))*)(?P<percent>{_PERCENT}?)",
    regex.IGNORECASE,
)
_WORD_NUMBERS = "|".join(
    sorted({*_UNITS_VI, *_UNITS_EN, *_TENS_EN, *_SCALES}, key=len, reverse=True)
)
_INSIDE = "|".join(
    sorted({*_UNITS_VI, *_AFTER_TEN, *_UNITS_EN, *_TENS_EN, *_SCALES, "mươi", "linh", "lẻ"},
           key=len, reverse=True)
)  # fmt: skip
_SPELT = regex.compile(
    rf"(?<![\p{{L}}\p{{Nd}}])(?P<spelt>(?:{_WORD_NUMBERS})s?(?:(?:\s+(?:and\s+)?|-)(?:{_INSIDE})s?)*)"
    rf"(?![\p{{L}}\p{{Nd}}])(?P<percent>{_PERCENT}?)",
    regex.IGNORECASE,
)
_NTH = regex.compile(
    rf"(?<!\p{{L}})thứ\s+({'|'.join(_NTH_VI)})(?!\p{{L}})"
    rf"|(?<![\p{{L}}\p{{Nd}}])({'|'.join(_ORDINALS)})(?!\p{{L}})",
    regex.IGNORECASE,
)
_FIVE = regex.compile(
    r"(?<![\p{L}\p{Nd}])(?<!(?:\p{Nd}|mươi|mười|trăm|mỗi|hàng|trong|một|hai|ba|bốn|nhiều|những|các|cả"
    r"|từng|đầu|cuối|giữa|từ|vào|đến|qua|theo|của|mấy|vài) )năm(?=\s+\p{Ll})"
    r"(?!\s+(?:nay|qua|trước|sau|tới|ngoái|học|đầu|cuối|vừa|nào|đó|này|kể|liền|gần|tháng))"
)
_ROMAN = regex.compile(r"(?<=(?:thế kỷ|thế kỉ|quý|khóa|khoá|lần thứ|chương)\s+)[IVX]{1,5}\b")
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}
# Fixed phrases that hold a word for a number and count nothing.
_NO_NUMBER = regex.compile(
    r"(?<!\p{L})(?:một số|một vài|một cách|một phần|một khi|một chút|một trong|một mình|ba mẹ"
    r"|hàng (?:trăm|nghìn|ngàn|triệu|tỷ|tỉ|chục)"
    r"|(?:no|any|every|some|each) one|one (?:another|of)|one's|trăm phần)(?!\p{L})",
    regex.IGNORECASE,
)


def _numbers(text: str) -> Iterator[tuple[int, int, Number]]:
    for match in _DIGITS.finditer(text):
        values = _with_scale(readings_of(match["digits"]), match["scale"])
        yield match.start(), match.end(), Number(values, bool(match["percent"]))
    skipped = [match.span() for match in _NO_NUMBER.finditer(text)]
    for match in _NTH.finditer(text):
        word = (match[1] or match[2]).lower()
        nth = _NTH_VI[word] if match[1] else _ORDINALS[word]
        exact = bool(match[1] and word not in {"hai", "ba", "tư", "năm", "sáu", "bảy"})
        exact = exact or (bool(match[2]) and word not in _INEXACT)
        yield match.start(), match.end(), Number((float(nth),), exact=exact)
    for match in _SPELT.finditer(text):
        if any(start <= match.start() < end for start, end in skipped):
            continue
        words = regex.split(r"[\s-]+", match["spelt"].lower())
        exact = words[0] not in _INEXACT or len(words) > 1
        value = _spelt_value(words)
        exact = exact and not (words[0].rstrip("s") in _SCALES and len(words) == 1)
        yield match.start(), match.end(), Number((value,), bool(match["percent"]), exact)
    for match in _FIVE.finditer(text):
        yield match.start(), match.end(), Number((5.0,), exact=False)
    for match in _ROMAN.finditer(text):
        yield match.start(), match.end(), Number((float(_roman(match.group())),))


def _plain_numbers(text: str) -> Iterator[Number]:
    """What a date may be besides: the range of "5-8", the score of "2-1", the number 2025."""
    if regex.search(r"\p{L}", text) and not regex.fullmatch(r"\p{L}+\s+\p{Nd}{4}", text):
        return
    for match in regex.finditer(r"\p{Nd}+", text):
        yield Number((float(match.group()),), exact=False)


def _with_scale(values: tuple[float, ...], scale: str) -> tuple[float, ...]:
    factor = 1.0
    for word in regex.findall(r"\p{L}+", scale.lower()):
        factor *= _SCALES.get(word) or _SCALES[word.rstrip("s")]
    return tuple(value * factor for value in values)


def _spelt_value(words: Sequence[str]) -> float:
    """ "hai mươi lăm" → 25, "one hundred and five" → 105, "ba nghìn hai trăm" → 3200."""
    total = group = 0.0
    for word in words:
        known = word if word in _SCALES else word.removesuffix("s")
        if word in ("mươi",):
            group *= 10
        elif known in _SCALES:
            factor = _SCALES[known]
            group = max(group, 1.0) * factor
            if factor >= 1e3:
                total, group = total + group, 0.0
        else:
            values = (_UNITS_VI, _AFTER_TEN, _UNITS_EN, _TENS_EN)
            group += next((float(table[word]) for table in values if word in table), 0.0)
    return total + group


def _roman(numeral: str) -> int:
    values = [_ROMAN_VALUES[letter] for letter in numeral]
    return sum(
        -value if value < after else value
        for value, after in zip(values, [*values[1:], 0], strict=True)
    )


def _as_year(digits: str) -> tuple[Date, ...]:
    match = regex.fullmatch(r"(1\d{3}|20\d{2})s?", digits)
    return (Date(year=int(match[1])),) if match else ()


def same_number(claimed: Number, told: Number) -> bool:
    """Whether they may be the same amount; a share must be one on both sides."""
    if claimed.percent != told.percent:
        return False
    return any(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a in claimed.values for b in told.values)


# Names

_HONORIFICS = frozenset(
    "ông bà anh chị em cô chú bác ngài cụ mr mrs ms dr sir lady prof professor ths ts pgs gs bs "
    "president king queen prince captain general".split()
)
# Words that a sentence begins with and that are no name.
_OPENERS = frozenset(
    """
    the a an in on at by for from with of to as and but or if when while where after before since
    during although though because however this that these those it its he she his her they their
    there here we our you i some many most all both each every no not one two such other another
    what which who how why under over between through until according also then thus so more
    despite unlike like only even once following within upon against among around yet instead
    theo trong tại vào từ khi nếu sau trước với về cùng các những một mỗi nhiều để do vì nhưng và
    tuy mặc dù ngoài bên hiện đây đó đến ở trên dưới giữa qua bằng nhờ cả có không là họ nó chúng
    ông bà anh chị thứ đồng ngày tháng năm sáng chiều tối hai ba bốn sáu bảy tám chín mười số việc
    người cũng đã được bị còn như hơn lúc nhất phần khoảng ít mọi toàn rất ngay nay
    """.split()
)
_JOINER = regex.compile(r"[ \u00a0]+|[.'’&-]|[.] ")
_PARTICLES = frozenset("of de von van der la le du el al bin da".split())


def _names(text: str, words: Sequence[Word], taken: Sequence[bool]) -> Iterator[Fact]:
    """Runs of capitalised words; honorifics and what merely opens a sentence are left out."""
    i = 0
    while i < len(words):
        if not words[i].capital or taken[i]:
            i += 1
            continue
        first, last = i, i + 1
        while last < len(words) and not taken[last] and _joined(text, words[last - 1], words[last]):
            if words[last].capital:
                last += 1
            elif (
                words[last].term in _PARTICLES
                and last + 1 < len(words)
                and words[last + 1].capital
                and _joined(text, words[last], words[last + 1])
            ):
                last += 2
            else:
                break
        i = last
        while first < last and _opens(text, words, first):
            first += 1
        while first < last and words[first].term in _HONORIFICS:
            first += 1
        if first < last and (last - first > 1 or len(words[first].term) > 1):
            yield Fact("name", first, last)


def _opens(text: str, words: Sequence[Word], i: int) -> bool:
    """Whether the word is capitalised because a sentence or a quotation begins with it."""
    if words[i].term not in _OPENERS:
        return False
    return i == 0 or bool(regex.search(r"[.!?…:\"“]\s*$", text[: words[i].start]))


def _joined(text: str, a: Word, b: Word) -> bool:
    between = text[a.end : b.start]
    return bool(_JOINER.fullmatch(between)) and not between.startswith(". ")


def begins(reading: Reading, fact: Fact) -> bool:
    """Whether a name of one word may have its capital from beginning the sentence."""
    return fact.first == 0 and fact.last == 1
