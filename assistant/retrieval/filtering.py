"""What a filter lets through: from what a person typed to the passages that are searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

import regex

from assistant.index.catalog import Facts, Reading
from assistant.text.dates import day_of
from assistant.text.interface_texts import interface_texts
from assistant.text.names import publisher
from assistant.text.terms import fold
from assistant.types import NO_FILTER, Filter, FilterError

NAMED: Final = 3  # names that are offered instead of one that is not known
LONGEST: Final = 80  # characters of what was typed that are said back
_WORD: Final = regex.compile(r"[\p{L}\p{Nd}]+")


@dataclass(frozen=True, slots=True)
class Among:
    """What is searched, under a filter and without the articles left out.

    ``only``: numbers of the passages, or None for all but ``exclude``; whichever set is smaller.
    ``articles``: ids of the articles that are let through, None for all but those left out.
    """

    exclude: frozenset[int] = frozenset()
    only: frozenset[int] | None = None
    articles: frozenset[str] | None = None

    def passages(self, numbers: Iterable[int]) -> set[int]:
        """Those of ``numbers`` that are searched."""
        return {
            n for n in numbers if n not in self.exclude and (self.only is None or n in self.only)
        }


def checked(filter: Filter, catalog: Reading) -> Filter:
    """The filter with ISO days, and newspaper and author as the articles have them.

    Raises FilterError for what is no day, since after until, and names that no article has.
    """
    return _resolved(filter, catalog)[0] if filter else NO_FILTER


def among(filter: Filter, leave_out: Collection[str], catalog: Reading) -> Among:
    """What a question under ``filter`` is searched among. ``leave_out``: ids of articles. Raises
    FilterError."""
    if not filter:
        return Among(frozenset(catalog.passages_of(leave_out))) if leave_out else Among()
    _, passes = _resolved(filter, catalog)
    facts = catalog.facts()
    articles = frozenset(key for key, one in facts.items() if passes(one) and key not in leave_out)
    inside, outside = set[int](), set[int]()
    for number, article_id in catalog.passage_articles():
        (inside if article_id in articles else outside).add(number)
    if len(inside) <= len(outside):
        return Among(only=frozenset(inside), articles=articles)
    return Among(exclude=frozenset(outside), articles=articles)


def told(error: FilterError, language: str) -> str:
    """What is wrong with a filter, in one line of that language (else English)."""
    texts = interface_texts("filter")
    line = texts.get(language, texts["en"])[error.kind].format(**error.named)
    return " ".join(str(line).split())


def newspapers(facts: Mapping[str, Facts]) -> list[str]:
    """What a question can be limited to, the most frequent first."""
    names = Counter(publisher(one.source) for one in facts.values() if one.source)
    return [name for name, _ in names.most_common()]


def _resolved(filter: Filter, catalog: Reading) -> tuple[Filter, Callable[[Facts], bool]]:
    """The checked filter, and whether it lets an article through."""
    since, until = _day(filter.since), _day(filter.until)
    if since and until and since > until:
        raise _wrong("order", since=since, until=until)
    facts = catalog.facts() if filter.source.strip() or filter.author.strip() else {}
    source, sources = _chosen("source", filter.source, (one.source for one in facts.values()))
    author, authors = _chosen("author", filter.author, (one.author for one in facts.values()))

    def passes(one: Facts) -> bool:
        return (
            (not since or (bool(one.date) and one.date[:10] >= since))
            and (not until or (bool(one.date) and one.date[:10] <= until))
            and (not source or one.source in sources)
            and (not author or one.author in authors)
        )

    return replace(filter, since=since, until=until, source=source, author=author), passes


def _day(written: str) -> str:
    if not written.strip():
        return ""
    day = day_of(written)
    if not day:
        raise _wrong("day", value=written.strip()[:LONGEST])
    return day


def _chosen(kind: str, wanted: str, values: Iterable[str]) -> tuple[str, set[str]]:
    """The name as the articles have it and the values that are it: those equal but for accents and
    signs, else those that have its words in a row. An author is one of several."""
    words = _words(publisher(wanted.strip()))
    if not wanted.strip():
        return "", set()
    counted = Counter(filter(None, values))
    named = {value: publisher(value) for value in counted}
    equal = {value for value, name in named.items() if _words(name) == words}
    within = {value for value, name in named.items() if words and words in _words(name)}
    found = within if kind == "author" else equal or within
    if not found:
        raise _unknown(kind, wanted.strip(), named, counted)
    names = {named[value] for value in found}
    return (names.pop() if len(names) == 1 else wanted.strip()), found


def _words(name: str) -> str:
    """ "Tuổi Trẻ" → " tuoi tre ": one name's words are in a row in another's where it is in it."""
    return f" {' '.join(_WORD.findall(fold(name)))} " if _WORD.search(name) else ""


def _unknown(
    kind: str, wanted: str, named: Mapping[str, str], counted: Counter[str]
) -> FilterError:
    if not named:
        return _wrong(f"no_{kind}")
    totals: Counter[str] = Counter()
    for value, count in counted.items():
        totals[named[value]] += count
    key = _words(wanted)
    like = {name: SequenceMatcher(None, key, _words(name)).ratio() for name in totals}
    nearest = sorted(totals, key=lambda name: (-like[name], -totals[name], name))[:NAMED]
    known = ", ".join(name[:LONGEST] for name in nearest)
    return _wrong(kind, value=wanted[:LONGEST], known=known)


def _wrong(kind: str, **named: str) -> FilterError:
    error = FilterError("", kind, **named)
    return FilterError(told(error, "en"), kind, **named)
