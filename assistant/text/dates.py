"""Days, months and years as news write them: "5-8", "ngày 5 tháng 8", "August 5", "hôm qua"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

import regex


@dataclass(frozen=True, slots=True)
class Date:
    """The parts that are told; 0 where one is not. ``weekday``: 1 is Monday.

    ``relative`` is a number of days, months or years from the day of writing ("-1 day").
    """

    day: int = 0
    month: int = 0
    year: int = 0
    weekday: int = 0
    relative: str = ""


_MONTHS_EN = (
    "january february march april may june july august september october november december"
).split()
_MONTHS_VI = ("một giêng", "hai", "ba", "tư bốn", "năm", "sáu", "bảy", "tám", "chín", "mười",
              "mười một", "mười hai")  # fmt: skip
_MONTH_OF: dict[str, int] = {
    **{name: i for i, name in enumerate(_MONTHS_EN, 1)},
    **{name[:3]: i for i, name in enumerate(_MONTHS_EN, 1)},
    "sept": 9,
}
_MONTH_OF_VI = {
    name: i
    for i, names in enumerate(_MONTHS_VI, 1)
    for name in (names.split() if i < 11 else [names])
}
_WEEKDAYS = {
    "monday": 1, "tuesday": 2, "wednesday": 3, "thursday": 4, "friday": 5, "saturday": 6,
    "sunday": 7, "thứ hai": 1, "thứ ba": 2, "thứ tư": 3, "thứ năm": 4, "thứ sáu": 5,
    "thứ bảy": 6, "chủ nhật": 7,
}  # fmt: skip
_RELATIVE = {
    "hôm nay": "0 day", "sáng nay": "0 day", "trưa nay": "0 day", "chiều nay": "0 day",
    "tối nay": "0 day", "đêm nay": "0 day", "today": "0 day", "this morning": "0 day",
    "this afternoon": "0 day", "this evening": "0 day", "tonight": "0 day",
    "hôm qua": "-1 day", "sáng qua": "-1 day", "chiều qua": "-1 day", "tối qua": "-1 day",
    "đêm qua": "-1 day", "yesterday": "-1 day", "last night": "-1 day",
    "hôm kia": "-2 day", "hôm trước": "", "ngày mai": "1 day", "sáng mai": "1 day",
    "tomorrow": "1 day", "ngày kia": "2 day",
    "tháng này": "0 month", "this month": "0 month", "tháng trước": "-1 month",
    "tháng qua": "", "last month": "-1 month", "tháng tới": "1 month", "tháng sau": "1 month",
    "next month": "1 month",
    "năm nay": "0 year", "this year": "0 year", "năm ngoái": "-1 year", "last year": "-1 year",
    "năm tới": "1 year", "sang năm": "1 year", "next year": "1 year",
}  # fmt: skip

_D, _M, _Y = r"(?P<d>0?[1-9]|[12]\d|3[01])", r"(?P<m>0?[1-9]|1[0-2])", r"(?P<y>1\d{3}|20\d{2})"
_B, _E = r"(?<![\p{L}\p{Nd}.,/])", r"(?![\p{L}\p{Nd}/]|[.,-]\p{Nd})"
_EN = rf"(?P<en>{'|'.join(_MONTHS_EN)}|(?:jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?)"
_VI = rf"(?P<vi>{'|'.join(sorted(_MONTH_OF_VI, key=len, reverse=True))})"
_DAY_VI = r"(?:ngày|mùng|mồng)\s+"

# In the order of trust: the first that reads a place keeps it.
_PATTERNS = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        rf"{_B}{_Y}-{_M}-{_D}(?:{_E}|(?=T\d))",
        rf"{_B}{_D}\s?(?P<sep>[/.-])\s?{_M}\s?(?P=sep)\s?{_Y}{_E}",
        rf"{_B}(?:{_DAY_VI})?{_D}\s+tháng\s+{_M}(?:(?:\s*,)?\s+năm\s+{_Y}|[/-]{_Y})?{_E}",
        rf"{_B}{_EN}\s+{_D}(?:st|nd|rd|th)?(?:,?\s+{_Y})?{_E}",
        rf"{_B}{_D}(?:st|nd|rd|th)?\s+(?:of\s+)?{_EN}(?:,?\s+{_Y})?{_E}",
        rf"{_B}{_EN}(?:,|\s+of)?\s+{_Y}{_E}",
        rf"{_B}tháng\s+{_M}(?:(?:\s*,)?\s+năm\s+|[/-]|\s+){_Y}{_E}",
        rf"{_B}tháng\s+{_M}{_E}",
        rf"{_B}tháng\s+{_VI}(?:\s+năm\s+{_Y})?{_E}(?!\s+(?:nay|này|trước|sau|qua|tới)\b)",
        rf"{_B}{_M}/{_Y}{_E}",
        rf"{_B}(?:{_DAY_VI})?{_D}[/-]{_M}{_E}",
        rf"{_B}{_DAY_VI}{_D}{_E}",
        rf"{_B}(?:năm|year)\s+{_Y}{_E}",
    )
)
_NAMED = regex.compile(
    rf"{_B}(?:(?P<relative>{'|'.join(k for k, v in _RELATIVE.items() if v)})"
    rf"|(?P<weekday>{'|'.join(_WEEKDAYS)})s?"
    rf"|(?P<month>(?-i:{'|'.join(m.title() for m in _MONTHS_EN if m not in ('march', 'may'))})"
    rf"|(?<=(?:in|of|since|until|by|early|late|mid|last|this)[\s-]+)(?-i:March|May)))(?!\p{{L}})",
    regex.IGNORECASE,
)
# "thứ hai" is "the second" where it follows what is counted; a weekday stands by itself.
_COUNTED = regex.compile(r"(?:lần|người|đứng|hạng|ngôi|bộ|cuốn|đợt|kỳ|năm|vòng|trận)\s+$")


def dates_in(text: str, day: str = "") -> Iterator[tuple[int, int, tuple[Date, ...]]]:
    """(start, end, what it may mean) of every date; ``day`` (ISO) resolves relative ones."""
    taken: list[tuple[int, int]] = []
    written = _iso(day)
    for pattern in _PATTERNS:
        for match in pattern.finditer(text):
            if all(match.end() <= a or match.start() >= b for a, b in taken):
                taken.append(match.span())
                yield match.start(), match.end(), _options(match, written)
    for match in _NAMED.finditer(text):
        if any(match.start() < b and match.end() > a for a, b in taken):
            continue
        if match["weekday"] and _COUNTED.search(text[: match.start()]):
            continue
        yield match.start(), match.end(), (_named(match, written),)


def first_day_in(text: str) -> str:
    """ISO 8601 of the first day of ``text`` that is told with its month and year; "" without."""
    for _, _, (date, *_) in sorted(dates_in(text), key=lambda found: found[0]):
        try:
            return dt.date(date.year, date.month, date.day).isoformat()
        except ValueError:
            continue
    return ""


def _options(match: regex.Match[str], written: dt.date | None) -> tuple[Date, ...]:
    parts = match.groupdict()
    named = (parts.get("en") or "").lower().rstrip(".")
    month = int(parts.get("m") or 0) or _MONTH_OF.get(named, 0)
    month = month or _MONTH_OF_VI.get((parts.get("vi") or "").lower(), 0)
    date = Date(int(parts.get("d") or 0), month, int(parts.get("y") or 0))
    options = [date]
    american = parts.get("d") and parts.get("m") and "/" in match.group()
    if american and date.day <= 12:  # "8/5" may be May 8 or August 5
        options.append(replace(date, day=date.month, month=date.day))
    return tuple(_with_year(option, written) for option in options)


def _with_year(date: Date, written: dt.date | None) -> Date:
    """A day without a year is the one nearest to the day of writing."""
    if written is None or date.year or not (date.day and date.month):
        return date
    near = []
    for year in (written.year - 1, written.year, written.year + 1):
        try:
            near.append(dt.date(year, date.month, date.day))
        except ValueError:
            continue
    if not near:
        return date
    return replace(date, year=min(near, key=lambda d: abs((d - written).days)).year)


def _named(match: regex.Match[str], written: dt.date | None) -> Date:
    if match["month"]:
        return Date(month=_MONTH_OF[match["month"].lower()])
    if match["weekday"]:
        weekday = _WEEKDAYS[match["weekday"].lower()]
        if written is None:
            return Date(weekday=weekday)
        back = written - dt.timedelta((written.isoweekday() - weekday) % 7)
        return Date(back.day, back.month, back.year, weekday)
    relative = _RELATIVE[match["relative"].lower()]
    if written is None:
        return Date(relative=relative)
    return _shifted(relative, written)


def _shifted(relative: str, written: dt.date) -> Date:
    amount, unit = int(relative.split()[0]), relative.split()[1]
    shift: dict[str, Callable[[], Date]] = {
        "day": lambda: _of(written + dt.timedelta(amount)),
        "month": lambda: Date(
            month=(written.month - 1 + amount) % 12 + 1,
            year=written.year + (written.month - 1 + amount) // 12,
        ),
        "year": lambda: Date(year=written.year + amount),
    }
    return replace(shift[unit](), relative=relative)


def _of(day: dt.date) -> Date:
    return Date(day.day, day.month, day.year, day.isoweekday())


@lru_cache(maxsize=256)
def _iso(day: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(day[:10])
    except ValueError:
        return None
