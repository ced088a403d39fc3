"""Days as newspapers print them: "9-9-2025", "ngày 9 tháng 9 năm 2025", "September 9, 2025"."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import regex

from assistant.types import Span

_MONTH_OF = {
    **{n: i for i, n in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)},
    **{n: i for i, n in enumerate("một hai ba bốn năm sáu bảy tám chín mười".split(), 1)},
    "giêng": 1, "tư": 4, "mười một": 11, "mười hai": 12, "chạp": 12,
}  # fmt: skip

_NAMES = ["", *"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()]
_NUMBER = r"0?[1-9]|[12]\d|3[01]"
_D, _M, _Y = rf"(?P<d>{_NUMBER})", rf"(?P<m>{_NUMBER})", r"(?P<y>1\d{3}|20\d{2})"
_B, _E = r"(?<![\p{L}\p{Nd}.,/-])", r"(?![\p{L}\p{Nd}/]|[.,-]\p{Nd})"
# Three numbers are a day with a year of two digits only where one is told: "lớp 10/11/12" is none.
_DAY_TOLD = (
    r"(?:(?<=^\s*|[(|•·,:;]\s*|[–-]\s|\b(?:ngày|hôm|sáng|trưa|chiều|tối|đêm|mùng|mồng|on)\s+)"
    r"|(?<=\d[:h]\d\d\s+))"
)
_EN = r"(?P<name>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_VI = r"(?P<name>mười một|mười hai|chạp|giêng|một|hai|ba|tư|bốn|năm|sáu|bảy|tám|chín|mười)"

_PATTERNS = tuple(
    regex.compile(pattern, regex.IGNORECASE | regex.MULTILINE)
    for pattern in (
        rf"{_B}{_Y}(?P<sep>[-/.]){_M}(?P=sep){_D}(?:{_E}|(?=T\d))",
        rf"{_B}{_D}\s?(?P<sep>[/.-])\s?{_M}\s?(?P=sep)\s?{_Y}{_E}",
        rf"{_DAY_TOLD}{_D}/{_M}/(?P<yy>\d\d){_E}",
        rf"{_B}{_D}\s+(?:tháng|thg)\s+(?:{_M}|{_VI})(?:\s*,)?(?:\s+năm\s+|\s*[/-]\s*|\s+){_Y}{_E}",
        rf"{_B}{_EN}\.?\s+{_D}(?:st|nd|rd|th)?,?\s+{_Y}{_E}",
        rf"{_B}{_D}(?:st|nd|rd|th)?\s+(?:of\s+)?{_EN}\.?,?\s+{_Y}{_E}",
        rf"{_Y}\s?[年년]\s?{_M}\s?[月월]\s?{_D}\s?[日일号號]",
    )
)

_MONTHS = tuple(
    regex.compile(pattern, regex.IGNORECASE)
    for pattern in (
        rf"{_B}(?:tháng|thg)\s+(?:{_M}|{_VI})(?:\s+năm\s+|\s*[/-]\s*){_Y}{_E}",
        rf"{_B}{_EN}\.?,?\s+{_Y}{_E}",
    )
)

LAST_COMING = 40  # two digits of the last year that is of this century
ENGLISH_MONTH = _EN  # as a group ``name``


def first_day_in(text: str) -> str:
    """ISO 8601 of the first day of ``text`` that is told with its month and year; "" without."""
    return next((day for _, day in stated_days(text)), "")


def stated_days(text: str) -> Iterator[tuple[Span, str]]:
    """The days of ``text`` that are told with month and year, in its order: where, and ISO 8601."""
    matches = [match for pattern in _PATTERNS for match in pattern.finditer(text)]
    for match in sorted(matches, key=lambda match: match.start()):
        if day := _day(match):
            yield Span(*match.span()), day


@dataclass(frozen=True, slots=True)
class StatedPeriod:
    """The days from ``first`` to ``last`` (ISO 8601) that a text tells; ``rest``: the text without
    them."""

    first: str
    last: str
    rest: str


def stated_period(text: str) -> StatedPeriod | None:
    """The days, from the first to the last, or else the month that a text tells in full."""
    days = list(stated_days(text))
    if days:
        rest = text
        for span, _ in reversed(days):
            rest = rest[: span.start] + rest[span.end :]
        return StatedPeriod(min(day for _, day in days), max(day for _, day in days), rest)
    for match in filter(None, (pattern.search(text) for pattern in _MONTHS)):
        month, year = month_of(match.groupdict()), int(match["y"])
        if 1 <= month <= 12:
            last = calendar.monthrange(year, month)[1]
            rest = text[: match.start()] + text[match.end() :]
            return StatedPeriod(f"{year}-{month:02}-01", f"{year}-{month:02}-{last:02}", rest)
    return None


def day_of(text: str) -> str:
    """ISO 8601 of a text that is one day and nothing else ("5/8/2025", "ngày 5 tháng 8 năm 2025",
    "August 5, 2025"); "" where it is none."""
    told = regex.sub(r"^ngày\s+", "", text.strip(), flags=regex.IGNORECASE)
    found = (_day(match) for pattern in _PATTERNS if (match := pattern.fullmatch(told)))
    return next(filter(None, found), "")


def shown_days(first: str, last: str, language: str) -> str:
    """The days from ``first`` to ``last`` (ISO 8601) as they are written in Vietnamese ("vi") or
    English: "5/8/2025", "28/7 – 3/8/2025"; a whole month or year by its name, "8/2025", "2025"."""
    try:
        one, other = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    except ValueError:  # an article's file may have had anything for its day
        return first
    if one == other:
        return _shown(one, language, year=True)
    whole = one.day == 1 and (other + dt.timedelta(1)).day == 1
    if whole and (one.month, other.month, one.year) == (1, 12, other.year):
        return str(one.year)
    if whole and (one.year, one.month) == (other.year, other.month):
        return f"{one.month}/{one.year}" if language == "vi" else f"{_NAMES[one.month]} {one.year}"
    begins = _shown(one, language, year=one.year != other.year)
    return f"{begins} – {_shown(other, language, year=True)}"


def _shown(day: dt.date, language: str, year: bool) -> str:
    if language == "vi":
        return f"{day.day}/{day.month}" + (f"/{day.year}" if year else "")
    return f"{day.day} {_NAMES[day.month]}" + (f" {day.year}" if year else "")


def month_of(parts: Mapping[str, str | None]) -> int:
    """The month of a match's groups ``m`` or ``name``; 0 where there is none."""
    name = (parts.get("name") or "").lower()
    return int(parts.get("m") or 0) or _MONTH_OF.get(name) or _MONTH_OF.get(name[:3], 0)


def _day(match: regex.Match[str]) -> str:
    """ISO 8601, "" where there is no such day. Where the second number can be no month, the first
    is it: "9/25/2025"."""
    parts = match.groupdict()
    day, month = int(parts["d"]), month_of(parts)
    year = int(parts["y"]) if "y" in parts else _year_of(int(parts["yy"]))
    if month > 12 >= day:
        day, month = month, day
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError:
        return ""


def _year_of(two_digits: int) -> int:
    """ "25" is 2025, "75" is 1975."""
    return two_digits + (2000 if two_digits <= LAST_COMING else 1900)
