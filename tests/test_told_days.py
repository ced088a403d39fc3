"""Days told by another day: "hôm qua", "last Friday", "tối 5/8", read against the article's."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.dates import StatedPeriod, day_of, stated_period
from assistant.text.told_days import told_days

TABLE = [
    json.loads(line)
    for line in (Path(__file__).parent / "dates" / "relative.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["text"][:40])
def test_the_days_of_a_sentence(row: dict[str, Any]) -> None:
    text = row["text"]
    found = told_days(text, row["date"])
    told = [[text[one.span.start : one.span.end], one.first, one.last] for one in found]
    assert told == row["found"]


def test_without_its_day_an_article_tells_only_days_in_full() -> None:
    text = "Hôm qua, 5/8/2025, và thứ Sáu tuần trước."
    assert [(one.first, one.computed) for one in told_days(text, "")] == [("2025-08-05", False)]


@given(
    st.text(alphabet="ngày đến hôm qua tuần trước thứ 35/-().8 last Friday ago two", max_size=60)
)
def test_whatever_is_written_the_words_of_a_day_stand_in_it_in_order(text: str) -> None:
    found = told_days(text, "2024-02-29")
    ends = [0]
    for one in found:
        assert ends[-1] <= one.span.start < one.span.end <= len(text)
        assert dt.date.fromisoformat(one.first) <= dt.date.fromisoformat(one.last)
        ends.append(one.span.end)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2025-08-05", "2025-08-05"),
        ("5/8/2025", "2025-08-05"),
        (" 05-08-2025 ", "2025-08-05"),
        ("5.8.2025", "2025-08-05"),
        ("ngày 5 tháng 8 năm 2025", "2025-08-05"),
        ("5 tháng tám, 2025", "2025-08-05"),
        ("August 5, 2025", "2025-08-05"),
        ("5 Aug 2025", "2025-08-05"),
        ("31/2/2025", ""),
        ("5/8/25", "2025-08-05"),
        ("30/4/75", "1975-04-30"),
        ("31/2/25", ""),
        ("5/8", ""),
        ("hôm qua", ""),
        ("từ 5/8/2025", ""),
        ("5/8/2025 và 6/8/2025", ""),
        ("", ""),
    ],
)
def test_one_day_and_nothing_else(written: str, day: str) -> None:
    assert day_of(written) == day


@pytest.mark.parametrize(
    "text",
    [
        "Hội làng ngày 15/8 âm lịch.", "Giỗ Tổ ngày 10/3 (âm lịch).", "Mùng 1 tháng 8 âm lịch.",
        "Sáng 5-8 năm 2023 có mưa.", "Ngày 10 tháng 3 năm Ất Tỵ.", "Ngày 27/7 hằng năm.",
        "Chợ họp tối thứ Sáu, thứ Bảy và Chủ nhật hằng tuần.", "Thư viện nghỉ thứ Hai.",
    ],
)  # fmt: skip
def test_days_of_the_moon_of_other_years_and_of_every_year_are_not_of_this_one(text: str) -> None:
    assert told_days(text, "2025-09-10") == ()


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Hội mở thứ Bảy này.", "2025-09-13", "2025-09-13"),
        ("Sáng thứ Ba này trời mưa.", "2025-09-09", "2025-09-09"),
        ("Chợ họp cuối tuần này.", "2025-09-13", "2025-09-14"),
        ("Chợ họp cuối tuần tới.", "2025-09-20", "2025-09-21"),
        ("Họp tuần này.", "2025-09-08", "2025-09-14"),
    ],
)
def test_this_week_is_that_of_the_article(text: str, first: str, last: str) -> None:
    (found,) = told_days(text, "2025-09-10")
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("Tin ngày 12/3/2025", StatedPeriod("2025-03-12", "2025-03-12", "Tin ngày ")),
        ("từ 5/8/2025 đến 1/9/2025", StatedPeriod("2025-08-05", "2025-09-01", "từ  đến ")),
        ("Tin tháng 2 năm 2024?", StatedPeriod("2024-02-01", "2024-02-29", "Tin ?")),
        ("news of May 2025", StatedPeriod("2025-05-01", "2025-05-31", "news of ")),
        ("Tin tháng 13/2025", None),
        ("Tin tháng 3", None),
    ],
)
def test_a_period_that_is_told_in_full(text: str, period: StatedPeriod | None) -> None:
    assert stated_period(text) == period
