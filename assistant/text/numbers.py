"""Numbers of a text, in Vietnamese and English notation, in digits and in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex


@dataclass(frozen=True, slots=True)
class Number:
    """``values``: what the digits may stand for ("1.250" is 1250, or 1.25 in English).

    ``exact``: a sentence must support it; "một", "năm", "one" and "second" are often no numbers.
    """

    values: tuple[float, ...]
    percent: bool = False
    exact: bool = True


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


def readings_of(digits: str) -> tuple[float, ...]:
    """What written digits may stand for, Vietnamese notation first.

    A single mark before exactly three digits sets thousands apart or begins a fraction; either
    is written in news, whatever the language: "1.250" → (1250, 1.25).
    """
    marks = regex.findall(r"[.,]", digits)
    if not marks:
        return (float(digits),)
    if len(set(marks)) == 2 and marks.count(marks[-1]) == 1:
        whole, _, part = digits.rpartition(marks[-1])
        return (float(regex.sub(r"[.,]", "", whole) + "." + part),)
    parts = regex.split(r"[.,]", digits)
    grouped = len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])
    found = []
    if grouped and parts[0].strip("0"):
        found.append(float("".join(parts)))
    if len(parts) == 2:
        found.append(float(".".join(parts)))
    return tuple(found) or (float("".join(parts)),)


def numbers_in(text: str) -> Iterator[tuple[int, int, Number]]:
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


def plain_numbers(text: str) -> Iterator[Number]:
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


def same_number(claimed: Number, told: Number) -> bool:
    """Whether they may be the same amount; a share must be one on both sides."""
    if claimed.percent != told.percent:
        return False
    return any(abs(a - b) <= 1e-9 * max(1.0, abs(b)) for a in claimed.values for b in told.values)
