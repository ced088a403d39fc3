"""What a filter lets through: from what a person typed to the passages that are searched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Final

import numpy as np
import regex
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Names:
    """Newspapers or authors. ``of``: name by what an article has; ``count``: articles by name."""

    of: Mapping[str, str]
    count: Counter[str]

    @classmethod
    def among(cls, values: Iterable[str]) -> Names:
        counted = Counter(filter(None, values))
        of = {value: publisher(value) for value in counted}
        totals: Counter[str] = Counter()
        for value, count in counted.items():
            totals[of[value]] += count
        return cls(of, totals)


@dataclass(frozen=True, slots=True)
class Known:
    """What filters go by, of one state of a catalog.

    ``facts``: by article id. ``passages``: every passage's number (n,); ``places``: which of
    ``facts``, in their order, each is of (n,).
    """

    facts: Mapping[str, Facts]
    sources: Names
    authors: Names
    passages: NDArray[np.int64]
    places: NDArray[np.int64]

    @classmethod
    def of(cls, catalog: Reading) -> Known:
        facts = catalog.facts()
        order = {key: place for place, key in enumerate(facts)}
        rows = catalog.passage_articles()
        return cls(
            facts,
            Names.among(one.source for one in facts.values()),
            Names.among(one.author for one in facts.values()),
            np.fromiter((number for number, _ in rows), np.int64, len(rows)),
            np.fromiter((order[key] for _, key in rows), np.int64, len(rows)),
        )


def checked(filter: Filter, known: Known) -> Filter:
    """The filter with ISO days, and newspaper and author as the articles have them.

    Raises FilterError for what is no day, since after until, and names that no article has.
    """
    return _resolved(filter, known)[0] if filter else NO_FILTER


def among(filter: Filter, leave_out: Collection[str], known: Known) -> Among:
    """What a question under ``filter`` is searched among. ``leave_out``: ids of articles. Raises
    FilterError."""
    _, passes = _resolved(filter, known)
    through = [passes(one) and key not in leave_out for key, one in known.facts.items()]
    articles = frozenset(key for key, inside in zip(known.facts, through, strict=True) if inside)
    inside = np.array(through, bool)[known.places]
    if 2 * np.count_nonzero(inside) <= len(inside):
        return Among(only=frozenset(known.passages[inside].tolist()), articles=articles)
    return Among(exclude=frozenset(known.passages[~inside].tolist()), articles=articles)


def told(error: FilterError, language: str) -> str:
    """What is wrong with a filter, in one line of that language (else English)."""
    texts = interface_texts("filter")
    line = texts.get(language, texts["en"])[error.kind].format(**error.named)
    return " ".join(str(line).split())


def newspapers(facts: Mapping[str, Facts]) -> list[str]:
    """What a question can be limited to, the most frequent first."""
    return [name for name, _ in Names.among(f.source for f in facts.values()).count.most_common()]


def _resolved(filter: Filter, known: Known) -> tuple[Filter, Callable[[Facts], bool]]:
    """The checked filter, and whether it lets an article through."""
    since, until = _day(filter.since), _day(filter.until)
    if since and until and since > until:
        raise _wrong("order", since=since, until=until)
    source, sources = _chosen("source", filter.source, known.sources)
    author, authors = _chosen("author", filter.author, known.authors)

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


def _chosen(kind: str, wanted: str, there: Names) -> tuple[str, set[str]]:
    """The name as the articles have it and the values that are it: those equal but for accents and
    signs, else those that have its words in a row. An author is one of several."""
    words = _words(publisher(wanted.strip()))
    if not wanted.strip():
        return "", set()
    each = {name: _words(name) for name in there.count}
    equal = {name for name in each if each[name] == words}
    within = {name for name in each if words and words in each[name]}
    names = within if kind == "author" else equal or within
    if not names:
        raise _unknown(kind, wanted.strip(), there)
    found = {value for value, name in there.of.items() if name in names}
    return (names.pop() if len(names) == 1 else wanted.strip()), found


def _words(name: str) -> str:
    """ "Tuổi Trẻ" → " tuoi tre ": one name's words are in a row in another's where it is in it."""
    return f" {' '.join(_WORD.findall(fold(name)))} " if _WORD.search(name) else ""


def _unknown(kind: str, wanted: str, there: Names) -> FilterError:
    if not there.count:
        return _wrong(f"no_{kind}")
    key = _words(wanted)
    like = {name: SequenceMatcher(None, key, _words(name)).ratio() for name in there.count}
    nearest = sorted(like, key=lambda name: (-like[name], -there.count[name], name))[:NAMED]
    known = ", ".join(name[:LONGEST] for name in nearest)
    return _wrong(kind, value=wanted[:LONGEST], known=known)


def _wrong(kind: str, **named: str) -> FilterError:
    error = FilterError("", kind, **named)
    return FilterError(told(error, "en"), kind, **named)
