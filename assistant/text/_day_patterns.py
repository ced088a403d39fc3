"""How Vietnamese and English tell a day by another one: the patterns, and what each means."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import regex

from assistant.text.dates import ENGLISH_MONTH

Kind = Literal[
    "shifted", "unit", "counted", "weekday", "day of month", "day of unit", "month of year"
]


@dataclass(frozen=True, slots=True)
class Rule:
    """Words, and what they mean: ``shift`` days or ``unit``s from the article's day."""

    kind: Kind
    pattern: regex.Pattern[str]
    shift: int = 0
    unit: str = ""


NUMBERS: Final = {
    **{n: i for i, n in enumerate("một hai ba bốn năm sáu bảy tám chín mười".split(), 1)},
    **{n: i for i, n in enumerate("one two three four five six seven eight nine ten".split(), 1)},
    "a": 1,
    "an": 1,
}
_VI_DAYS: Final = "hai ba tư năm sáu bảy".split()
WEEKDAYS: Final = {
    **{n: i for i, n in enumerate("monday tuesday wednesday thursday friday saturday".split())},
    **{n: i for i, n in enumerate(_VI_DAYS)},
    **{str(i + 2): i for i in range(6)},
    "sunday": 6,
    "nhật": 6,
}

_PART: Final = r"(?:rạng sáng|sáng sớm|sáng|trưa|chiều tối|chiều|tối|đêm|khuya)"
_LEAD: Final = rf"(?:(?:vào\s+)?{_PART}\s+ngày|{_PART}|ngày|hôm|mùng|mồng)\s+(?:mùng\s+|mồng\s+)?"
_D: Final = r"(?P<d>0?[1-9]|[12]\d|3[01])"
# From one day to another: "1-5/9", "ngày 1 đến hết ngày 5/9", which tells the month of both.
_TO: Final = r"\s+(?:đến|tới)\s+(?:hết\s+)?(?:ngày\s+)?"
_UNTIL: Final = r"(?P<until>0?[1-9]|[12]\d|3[01])"
_M: Final = r"(?P<m>0?[1-9]|1[0-2])"
_B, _E = r"(?<![\p{L}\p{Nd}])", r"(?![\p{L}\p{Nd}])"
_NOT_MORE: Final = r"(?![\p{L}\p{Nd}/]|[.,-]\p{Nd})(?!\s*(?:giờ|h\b|-\s*\d))"
# A day of the sun, in no other year and not in all of them.
_THAT_YEAR: Final = (
    r"(?!\s*\(?\s*(?:âm\s+lịch|âl)\b|\s+năm\s+(?:\d|(?-i:\p{Lu}))|\s+(?:hằng|hàng|mỗi)\s+năm)"
)
# Without "giêng" and "chạp", which are months of the moon.
_SUN_MONTH: Final = r"(?P<name>mười một|mười hai|một|hai|ba|tư|bốn|năm|sáu|bảy|tám|chín|mười)"
_VI_N: Final = r"(?P<n>\d{1,2}|một|hai|ba|bốn|năm|sáu|bảy|tám|chín|mười)"
_EN_N: Final = r"(?P<n>\d{1,2}|an?|one|two|three|four|five|six|seven|eight|nine|ten)"
_VI_YEAR: Final = r"năm\s+(?:ngoái|sau|tới)"
_VI_WHEN: Final = (
    rf"(?:\s+(?:(?P<when>{_VI_YEAR})|(?P<thisyear>năm\s+nay)|(?P<coming>(?:sắp\s+)?tới)"
    r"|(?P<gone>vừa\s+(?:qua|rồi))))?"
)
_EN_WHEN: Final = r"(?:,?\s+(?:(?P<when>(?:last|next)\s+year)|(?P<thisyear>this\s+year)))?"
_VI_BOUND: Final = r"(?:(?:đầu|giữa|cuối|nửa đầu|nửa cuối)\s+)?"
_EN_BOUND: Final = r"(?:(?:early|earlier|late|later)\s+(?:in\s+)?)?"
_OF_MANY: Final = r"(?<!\b(?:the|over|past|every|each|in the)\s)"  # "over the last week"
_EN_DAY: Final = r"(?P<weekday>(?-i:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
_FEAST: Final = r"(?<!\b(?:Good|Black|Ash|Easter|Holy|Palm|the|every|each|last|next|this|coming)\s)"
_VI_MANY: Final = r"(?<!\b(?:lần|mỗi|hằng|hàng|các|những|hạng|ngôi|người|nghỉ)\s)"
_NOT_WEEKLY: Final = r"(?![^.!?\n]{0,30}\b(?:hằng|hàng|mỗi)\s+tuần)"
_VI_ANY_DAY: Final = r"(?:thứ\s+(?P<weekday>hai|ba|tư|năm|sáu|bảy|[2-7])|chủ\s+(?P<weekday>nhật))"
# Alone, "thứ hai" is "secondly"; a capital or the part of the day before it tells the weekday.
_VI_SURE_DAY: Final = (
    r"(?:thứ\s+(?P<weekday>(?-i:Hai|Ba|Tư|Năm|Sáu|Bảy))|chủ\s+(?P<weekday>nhật)"
    rf"|{_PART}\s+thứ\s+(?P<weekday>hai|ba|tư|năm|sáu|bảy|[2-7]))"
)
_VI_PART_BEFORE: Final = rf"(?:{_PART}\s+)?"
# Before "(6/8)", which else is a score or a fraction.
_DAY_WORD: Final = r"(?:nay|qua|mai|kia|tới|hai|ba|tư|năm|sáu|bảy|nhật|chạp|giêng)"
_PAUSE: Final = r"(?=\s*(?:[,.;:!?)]|$))"  # "ba ngày trước lễ" is counted from the feast


def _rules() -> Iterator[tuple[Kind, str, int, str]]:
    yield "shifted", rf"(?:{_PART}\s+|ngày\s+)?hôm\s+qua", -1, ""
    yield "shifted", rf"{_PART}\s+qua", -1, ""
    yield "shifted", rf"(?:{_PART}\s+)?hôm\s+kia", -2, ""
    yield "shifted", rf"(?:{_PART}\s+|ngày\s+)?hôm\s+nay|{_PART}\s+nay", 0, ""
    yield "shifted", rf"(?:{_PART}\s+)?(?:ngày\s+(?-i:mai))|{_PART}\s+(?-i:mai)", 1, ""
    yield "shifted", r"ngày\s+(?:kia|mốt)", 2, ""
    yield "shifted", r"(?:the\s+)?day\s+before\s+yesterday", -2, ""
    yield "shifted", r"(?:the\s+)?day\s+after\s+tomorrow", 2, ""
    yield "shifted", r"yesterday|last\s+night", -1, ""
    yield "shifted", r"today|tonight|this\s+(?:morning|afternoon|evening)", 0, ""
    yield "shifted", r"tomorrow", 1, ""
    for words, shift in (("trước|qua|rồi|vừa\\s+(?:qua|rồi)", -1), ("này", 0), ("tới|sau", 1)):
        yield "unit", rf"cuối\s+tuần\s+(?:{words})", shift, "weekend"
    for words, shift in (("trước|rồi", -1), ("này|nay", 0), ("tới|sau", 1)):
        yield "unit", rf"{_VI_BOUND}tuần\s+(?:{words})", shift, "week"
        yield "unit", rf"{_VI_BOUND}tháng\s+(?:{words})", shift, "month"
        yield "weekday", rf"{_VI_PART_BEFORE}{_VI_ANY_DAY}\s+tuần\s+(?:{words})", shift, "week"
        yield "day of unit", rf"{_LEAD}{_D}\s+tháng\s+(?:{words})", shift, ""
    for words, shift in (("ngoái", -1), ("nay", 0), ("tới|sau", 1)):
        yield "unit", rf"(?<!\b(?:chạp|giêng)\s){_VI_BOUND}năm\s+(?:{words})", shift, "year"
        month = rf"tháng\s+(?:{_M}|{_SUN_MONTH})"
        yield "month of year", rf"{month}\s+năm\s+(?:{words})", shift, ""
    for word, shift in (("last", -1), ("this", 0), ("next", 1)):
        for unit in ("week", "month", "year"):
            yield "unit", rf"{_OF_MANY}{_EN_BOUND}{word}\s+{unit}", shift, unit
        yield "weekday", rf"{_EN_DAY}\s+(?:of\s+)?{word}\s+week", shift, "week"
        yield "month of year", rf"{ENGLISH_MONTH}\s+(?:of\s+)?{word}\s+year", shift, ""
    yield "unit", rf"{_OF_MANY}last\s+weekend", -1, "weekend"
    yield "unit", r"this\s+(?:coming\s+)?weekend", 0, "weekend"
    units = zip("ngày tuần tháng năm".split(), "day week month year".split(), strict=True)
    for vietnamese, unit in units:
        yield "counted", rf"{_VI_N}\s+{vietnamese}\s+trước{_PAUSE}", -1, unit
        yield "counted", rf"cách\s+đây\s+{_VI_N}\s+{vietnamese}", -1, unit
        yield "counted", rf"{_EN_N}\s+{unit}s?\s+ago", -1, unit
    yield "weekday", rf"{_VI_PART_BEFORE}{_VI_ANY_DAY}\s+này", 0, "week"
    yield "weekday", rf"{_VI_PART_BEFORE}{_VI_ANY_DAY}\s+vừa\s+(?:qua|rồi)", -1, "nearest"
    yield "weekday", rf"{_VI_PART_BEFORE}{_VI_ANY_DAY}\s+(?:sắp\s+)?tới", 1, "nearest"
    yield "weekday", rf"this\s+coming\s+{_EN_DAY}|(?<!this\s)coming\s+{_EN_DAY}", 1, "nearest"
    yield "weekday", rf"this\s+past\s+{_EN_DAY}", -1, "nearest"
    yield "weekday", rf"{_OF_MANY}last\s+{_EN_DAY}{_PAUSE}", -1, "agreed"
    yield "weekday", rf"{_OF_MANY}next\s+{_EN_DAY}", 1, "agreed"
    yield "weekday", rf"{_VI_MANY}(?:{_PART}\s+)?{_VI_SURE_DAY}{_NOT_WEEKLY}", 0, ""
    before = r"(?<=\b(?:on|by|since|until|from|late|early|before|after)\s)"
    behind = r"(?=\s+(?:morning|afternoon|evening|night)\b|\s*[,.;)]|\s*$)"
    yield "weekday", rf"{_FEAST}(?:{before}{_EN_DAY}|{_EN_DAY}{behind})", 0, ""
    day = rf"{_D}(?:(?:\s?[-–]\s?|{_TO}){_UNTIL})?\s?/\s?{_M}|{_D}(?:{_TO}{_UNTIL})?-{_M}"
    yield "day of month", rf"{_LEAD}(?:{day}){_NOT_MORE}{_THAT_YEAR}{_VI_WHEN}", 0, ""
    yield "day of month", rf"(?<={_DAY_WORD}\s?\(){_D}[/-]{_M}(?=\))", 0, ""
    month = rf"tháng\s+(?:{_M}|{_SUN_MONTH})"
    day = rf"{_LEAD}{_D}(?:\s?[-–]\s?|{_TO}){_UNTIL}|(?:{_LEAD})?{_D}"
    yield "day of month", rf"(?:{day})\s+{month}{_THAT_YEAR}{_VI_WHEN}", 0, ""
    ordinal = r"(?:st|nd|rd|th)?"
    no_year = r"(?!,?\s+\d{4})"
    yield (
        "day of month",
        rf"{ENGLISH_MONTH}\.?\s+{_D}{ordinal}{_NOT_MORE}{no_year}{_EN_WHEN}",
        0,
        "",
    )
    english = rf"{_D}{ordinal}\s+(?:of\s+)?{ENGLISH_MONTH}(?!\.?,?\s+\d{{4}}){_EN_WHEN}"
    yield "day of month", english, 0, ""


# What may stand before a day that is told in full: "sáng ngày", "ngày 1 đến ngày".
LEAD: Final = regex.compile(f"{_B}{_LEAD}(?:{_D}{_TO})?$", regex.IGNORECASE)
RULES: Final = tuple(
    Rule(kind, regex.compile(f"{_B}(?:{pattern}){_E}", regex.IGNORECASE), shift, unit)
    for kind, pattern, shift, unit in _rules()
)
