"""Days that a text tells, read against the day of its article: in one of 6-8-2025, "hôm qua" is
5-8-2025, "tuần trước" is 28-7 to 3-8-2025, "thứ Sáu tuần trước" is 1-8-2025.

What may be read in two ways is not read: "next Friday" on a Wednesday, "hôm sau" (after what?).
A day without its year is of the article's year, unless the turn of the year is near.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import regex

from assistant.text._day_patterns import LEAD, NUMBERS, RULES, WEEKDAYS, Rule
from assistant.text.dates import month_of, stated_days
from assistant.types import Span

NEAR_TURN: Final = 60  # days around new year in which a day without its year is of the other year
LONGEST_LEAD: Final = 40  # characters
_WILL: Final = regex.compile(
    r"\b(?:sẽ|dự kiến|sắp|will|(?:is|are) (?:due|set)|due to|scheduled|expected to|plans? to)\b"
    r"|['’]ll\b",
    regex.IGNORECASE,
)
_DATE_FOLLOWS: Final = regex.compile(
    r"[\s,(]*(?:ngày\s+)?(?:\d|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d)",
    regex.IGNORECASE,
)
_YEARS: Final = {"ngoái": -1, "last": -1, "nay": 0, "this": 0, "sau": 1, "tới": 1, "next": 1}


@dataclass(frozen=True, slots=True)
class ToldDays:
    """Words of a text (``span``) and the days they mean, from ``first`` to ``last``, ISO 8601.

    ``computed``: the words do not say it all; the article's day was needed.
    """

    span: Span
    first: str
    last: str
    computed: bool


Period = tuple[dt.date, dt.date]


def told_days(text: str, day: str) -> tuple[ToldDays, ...]:
    """The days that ``text`` tells, in its order; ``day``: ISO 8601 of its article, "" where that
    is not known: then only those told in full."""
    found = [_stated(text, span, iso) for span, iso in stated_days(text)]
    try:
        today = dt.date.fromisoformat(day)
    except ValueError:
        today = None
    if today:
        found += _computed(text, today)
    found.sort(key=lambda one: (one.span.start, -one.span.end))
    kept: list[ToldDays] = []
    for one in found:
        if not kept or one.span.start >= kept[-1].span.end:
            kept.append(one)
    return tuple(kept)


def _stated(text: str, span: Span, iso: str) -> ToldDays:
    """A day told in full, with the "ngày" or "sáng ngày" before it; or the days that end with it:
    "ngày 1 đến ngày" before "5/9/2025"."""
    before = LEAD.search(text, max(0, span.start - LONGEST_LEAD), span.start)
    if not before:
        return ToldDays(span, iso, iso, False)
    last = dt.date.fromisoformat(iso)
    try:
        first = _day_before(last, int(before["d"] or last.day))
    except ValueError:
        return ToldDays(span, iso, iso, False)
    return ToldDays(Span(before.start(), span.end), first.isoformat(), iso, False)


def _day_before(last: dt.date, day: int) -> dt.date:
    """The first day of "từ ngày 1 đến ngày 5/9": of the same month, in "từ ngày 28 đến ngày 5/9" of
    the one before. Raises ValueError where there is none."""
    month = last if day <= last.day else last.replace(day=1) - dt.timedelta(1)
    return month.replace(day=day)


def _computed(text: str, today: dt.date) -> Iterator[ToldDays]:
    for rule in RULES:
        for match in rule.pattern.finditer(text):
            period = _period(rule, match, today)
            if period:
                first, last = period
                yield ToldDays(Span(*match.span()), first.isoformat(), last.isoformat(), True)


def _period(rule: Rule, match: regex.Match[str], today: dt.date) -> Period | None:
    try:
        return _READ[rule.kind](rule, match, today)
    except (ValueError, OverflowError):  # there is no such day
        return None


def _shifted(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    day = today + dt.timedelta(rule.shift)
    return day, day


def _unit(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    return _around(rule.unit, today, rule.shift)


def _counted(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    """ "three days ago", "hai tháng trước": as exact as its unit."""
    word = match["n"].lower()
    count = int(word) if word.isdigit() else NUMBERS[word]
    return _around(rule.unit, today, rule.shift * count)


def _around(unit: str, today: dt.date, shift: int) -> Period:
    """The day, week (from Monday), weekend, month or year that is ``shift`` of them away."""
    if unit == "day":
        day = today + dt.timedelta(shift)
        return day, day
    if unit in ("week", "weekend"):
        monday = _monday(today) + dt.timedelta(weeks=shift)
        sunday = monday + dt.timedelta(6)
        return (monday if unit == "week" else sunday - dt.timedelta(1)), sunday
    if unit == "month":
        months = today.year * 12 + today.month - 1 + shift
        return _month(months // 12, months % 12 + 1)
    return _year(today.year + shift)


def _weekday(rule: Rule, match: regex.Match[str], today: dt.date) -> Period | None:
    """ "thứ Sáu tuần trước", "last Friday", and the day alone: the last one, or the next where the
    sentence tells of what will be."""
    if _DATE_FOLLOWS.match(match.string, match.end()) and not rule.unit:
        return None  # the words behind it say which
    number = WEEKDAYS[match["weekday"].lower()]
    of_week = _monday(today) + dt.timedelta(number)
    before = today - dt.timedelta((today.weekday() - number - 1) % 7 + 1)
    after = today + dt.timedelta((number - today.weekday() - 1) % 7 + 1)
    if rule.unit == "week":
        day = of_week + dt.timedelta(weeks=rule.shift)
    elif rule.unit == "nearest":
        day = after if rule.shift > 0 else before
    elif rule.unit == "agreed":  # of the week beside this one, or the nearest: if they are the same
        day = of_week + dt.timedelta(weeks=rule.shift)
        if day != (after if rule.shift > 0 else before):
            return None
    elif today.weekday() == number:
        day = today
    else:
        day = after if _WILL.search(_sentence(match)) else before
    return day, day


def _sentence(match: regex.Match[str]) -> str:
    """The text around the match, from one full stop to the next."""
    text = match.string
    first = max(text.rfind(mark, 0, match.start()) for mark in ".!?\n") + 1
    ends = [at for mark in ".!?\n" if (at := text.find(mark, match.end())) >= 0]
    return text[first : min(ends, default=len(text))]


def _day_of_month(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    """ "ngày 5/8", "ngày 1-5/8", "từ ngày 1 đến ngày 5/8", "August 5", with or without what
    says of which year."""
    parts = match.groupdict()
    month, day = month_of(parts), int(parts.get("until") or parts["d"])
    when = (parts.get("when") or "").lower()
    if year := next((shift for word, shift in _YEARS.items() if word in when.split()), None):
        found = dt.date(today.year + year, month, day)
    elif parts.get("thisyear"):
        found = dt.date(today.year, month, day)
    elif parts.get("coming"):
        found = _first(today, month, day, lambda one: one >= today, 1)
    elif parts.get("gone"):
        found = _first(today, month, day, lambda one: one <= today, -1)
    else:
        found = _nearest(today, month, day)
    return _day_before(found, int(parts["d"])), found


def _first(
    today: dt.date, month: int, day: int, fits: Callable[[dt.date], bool], step: int
) -> dt.date:
    """The day of this year if it ``fits``, else of the year ``step`` away."""
    found = dt.date(today.year, month, day)
    return found if fits(found) else dt.date(today.year + step, month, day)


def _nearest(today: dt.date, month: int, day: int) -> dt.date:
    for year in (today.year - 1, today.year + 1):
        if (month, day) != (2, 29):
            other = dt.date(year, month, day)
            if abs((other - today).days) <= NEAR_TURN:
                return other
    return dt.date(today.year, month, day)


def _day_of_unit(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    """ "ngày 15 tháng này"."""
    first, _ = _around("month", today, rule.shift)
    day = first.replace(day=int(match["d"]))
    return day, day


def _month_of_year(rule: Rule, match: regex.Match[str], today: dt.date) -> Period:
    return _month(today.year + rule.shift, month_of(match.groupdict()))


def _monday(day: dt.date) -> dt.date:
    return day - dt.timedelta(day.weekday())


def _month(year: int, month: int) -> Period:
    first = dt.date(year, month, 1)
    after = dt.date(year + month // 12, month % 12 + 1, 1)
    return first, after - dt.timedelta(1)


def _year(year: int) -> Period:
    return dt.date(year, 1, 1), dt.date(year, 12, 31)


_READ: Final[dict[str, Callable[[Rule, regex.Match[str], dt.date], Period | None]]] = {
    "shifted": _shifted,
    "unit": _unit,
    "counted": _counted,
    "weekday": _weekday,
    "day of month": _day_of_month,
    "day of unit": _day_of_unit,
    "month of year": _month_of_year,
}
