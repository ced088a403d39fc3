"""What the page shows, as text: labels in two languages, and HTML in which every text is inert.

Pure functions of the product's types. Offsets are code points, so all slicing happens here;
the browser, which counts UTF-16 units, is only given finished markup.

A place in an article is an address, ``#article=<id>&start=<s>&end=<e>``: the same string is the
link of a citation, what the address bar holds, and what :func:`parse_address` reads.
"""

from __future__ import annotations

import datetime
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from urllib.parse import parse_qs, quote

from assistant.text.interface_texts import interface_texts
from assistant.types import Certainty, FaultKind, Span, UnsupportedReason

Language = Literal["vi", "en"]

STATIC: Final = Path(__file__).with_name("static")

ALL_ARTICLES: Final = "#articles"  # the address of the list

# strftime's names of months follow the machine's locale.
_MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


@dataclass(frozen=True, slots=True)
class Labels:
    """Every word of ours on the page, in one language."""

    language: Language
    title: str
    tagline: str
    switch: str
    fresh: str
    question: str
    hint: str
    ask: str
    stop: str
    welcome: str
    searching: str
    reading: str
    sources: str
    searched: str
    unverified: str
    refused: str
    closest: str
    failed: str
    stopped: str
    articles: str
    no_articles: str
    more: str
    back: str
    to_conversation: str
    gone: str
    edited: Mapping[str, str]  # what is said of an edition
    conversations: str
    settings: str
    theme: str
    close: str
    loaded: str
    loaded_one: str
    certainty: Mapping[Certainty, str]
    place: str
    also_in: str
    verified: str
    read: str
    score: str
    by_meaning: str
    by_words: str
    by_both: str
    by_neither: str
    took: str
    worded: str
    used: str
    fault: str
    partial: str
    unchecked: str
    unsupported: str
    unsupported_mark: str
    confirmed: str
    none_confirmed: str
    not_checked: str
    nearest: str
    says_instead: str
    copy: str
    share: str
    again: str
    edit: str
    version_before: str
    version_after: str
    good: str
    bad: str
    instead: str
    model: str
    model_none: str
    sources_read: str
    strictness: str
    strict: str
    balanced: str
    open: str
    unsupported_choice: str
    flag: str
    drop: str
    replace: str
    settings_hint: str
    limit: str
    limit_hint: str
    since: str
    until: str
    day_hint: str
    newspaper: str
    author: str
    limited_since: str
    limited_until: str
    ask_unlimited: str
    computed: str
    find_article: str
    find_inside: str
    in_the_text: str
    quote_of: str
    quote_before: str
    quote_after: str
    nothing_found: str
    add_articles: str
    drop_here: str
    paste_text: str
    add_address: str
    remove: str
    remove_title: str
    find_conversation: str
    kept_here: str
    kept_there: str
    export: str
    check_card: str
    check_card_hint: str
    shared: str
    shared_bare: str
    shared_unfit: str
    sign_out: str
    needs_scripts: str
    lacks: Mapping[UnsupportedReason, str]  # what of a sentence the articles do not support
    faults: Mapping[FaultKind, str]
    web_faults: Mapping[str, str]  # why a page of the web was not had: the server says it
    script: Mapping[str, str]  # the words that static/panels.js shows


def _read_labels() -> dict[Language, Labels]:
    """A label that is missing or not known fails at once, in either language."""
    words = interface_texts("page")
    return {"vi": Labels("vi", **words["vi"]), "en": Labels("en", **words["en"])}


LABELS: Final[Mapping[Language, Labels]] = _read_labels()


def preferred_language(accept_language: str) -> Language:
    """The page's language for an ``Accept-Language`` header: "vi-VN,en;q=0.8" → "vi"."""
    return "vi" if accept_language.strip().lower().startswith("vi") else "en"


def address_of(article_id: str, span: Span | None = None) -> str:
    """The address of an article, or of a span of it."""
    address = f"#article={quote(article_id, safe='')}"
    return f"{address}&start={span.start}&end={span.end}" if span else address


def parse_address(address: str) -> tuple[str, Span | None] | None:
    """The article id and span of an address; None if it names no article.

    Never raises: anyone can type an address. A span that is none is left out.
    """
    fields = parse_qs(address.removeprefix("#"))
    article_id = fields.get("article", [""])[0]
    if not article_id:
        return None
    start, end = (fields.get(name, [""])[0] for name in ("start", "end"))
    if not all(re.fullmatch(r"[0-9]{1,9}", offset) for offset in (start, end)):
        return article_id, None
    return article_id, Span(int(start), int(end))


# Text that stays text, and small parts of markup.

_MARKDOWN = re.compile(r"[!-/:-@\[-`{-~]")  # all ASCII punctuation
_LINE_END = re.compile(r"\r\n|\r|\n")


def inert(text: str) -> str:
    """``text`` such that Markdown and HTML both read it as nothing but that text.

    html.escape alone would leave ``![](…)``, ``**`` and bare addresses to Markdown. As numeric
    entities no punctuation is left for either to act on. Line ends become ``<br>``.
    """
    lines = _LINE_END.split(text)
    return "<br>".join(_MARKDOWN.sub(lambda m: f"&#{ord(m[0])};", line) for line in lines)


def shown_day(day: str, language: Language) -> str:
    if not day:
        return ""
    try:
        date = datetime.date.fromisoformat(day)
    except ValueError:
        return f'<span class="day">{inert(day)}</span>'
    english = f"{date.day} {_MONTHS[date.month - 1]} {date.year}"
    shown = f"{date:%d/%m/%Y}" if language == "vi" else english
    return f'<time class="day" datetime="{day}">{shown}</time>'


def joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def lang(code: str) -> str:
    return f' lang="{html.escape(code)}"' if code else ""


def shorten(text: str, longest: int) -> str:
    """``text`` on one line in at most ``longest`` characters, cut between words."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    cut = line[: longest - 1]
    return f"{cut[: cut.rfind(' ')] if ' ' in cut else cut}…"
