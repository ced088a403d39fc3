"""What an answer was limited to, why that was not possible, and the days that were computed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Final

from assistant.page.labels import Labels, inert, shorten
from assistant.records.exchange import Exchange
from assistant.retrieval import filtering
from assistant.text.dates import day_of, shown_days
from assistant.types import Answer, Filter

LONGEST: Final = 120  # characters of the chip


def limits_line(filter: Filter, labels: Labels) -> str:
    """What a question is limited to, in one line; "" where it is not."""
    days = {name: day_of(day) or day for name, day in asdict(filter).items()}
    shown = [
        labels.limited_since.format(day=_day(days["since"], labels)) if filter.since else "",
        labels.limited_until.format(day=_day(days["until"], labels)) if filter.until else "",
        filter.source,
        filter.author,
    ]
    return shorten(" · ".join(part for part in shown if part), LONGEST)


def filter_chip(filter: Filter, labels: Labels) -> str:
    """What an answer was limited to, and what was asked for as it was typed; "" where nothing."""
    if not filter:
        return ""
    line = limits_line(filter, labels)
    kept = inert(json.dumps(asdict(filter), ensure_ascii=False))
    return (
        f'<p class="limited"><span class="unseen">{inert(labels.limit)}: </span>{inert(line)}'
        f'<button type="button" class="unseen" name="limits" value="{kept}" disabled></button></p>'
    )


def _day(day: str, labels: Labels) -> str:
    return shown_days(day, day, labels.language)


def fault_line(exchange: Exchange, labels: Labels) -> str:
    """Why there is no answer."""
    if exchange.wrong:
        return filtering.told(exchange.wrong, labels.language)
    return labels.failed if exchange.fault == "failed" else labels.stopped


def with_computed_days(markup: str, answer: Answer, labels: Labels) -> str:
    """The short answer's markup, in which the days that no article wrote are set apart."""
    days = {shown_days(one.first, one.last, answer.language) for one in answer.dates}
    for day in sorted(days):
        for told in (f"({day})", f": {day})"):
            said = f'<span class="computed" title="{inert(labels.computed)}">{inert(told)}</span>'
            markup = markup.replace(inert(told), said)
    return markup
