"""Which numbers, dates and names of a claim some sentences do not support."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assistant.reading.claims._name_matching import initials_of, places_of, whole_in
from assistant.reading.claims._word_context import Place, best, sides
from assistant.text.dates import date_of, same_date
from assistant.text.numbers import same_number
from assistant.text.parsed_sentence import Fact, ParsedSentence, begins
from assistant.types import UnsupportedReason

# A fact stands in another one's place where the words around are that much more alike there.
ANOTHER = 1.0  # of the words beside the other's place, at least: one neighbour in common
AHEAD = 0.8  # likeness by which it is ahead of the fact's own place


@dataclass(frozen=True, slots=True)
class Source:
    """The sentences that are to support a claim, and what may help to read them.

    ``before``: the sentences of the passage up to the last of them; ``passage``: all of it.
    """

    window: tuple[ParsedSentence, ...]
    before: tuple[ParsedSentence, ...]
    passage: tuple[ParsedSentence, ...]
    title: ParsedSentence
    date: str


# Numbers and dates


def amounts(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
    for fact in claim.facts:
        if fact.kind == "name":
            continue
        places = list(_amount_places(fact, source.window))
        detail = claim.quote(fact)
        lack: UnsupportedReason = "date" if fact.kind == "date" else "number"
        exact = fact.kind == "date" or any(number.exact for number in fact.numbers)
        unmet = exact and not places and not _elsewhere(fact, claim, source)
        moved = exact and _displaced(claim, fact, places, source)
        if unmet or moved:
            yield lack, detail


def _amount_places(fact: Fact, window: Sequence[ParsedSentence]) -> Iterator[Place]:
    for reading in window:
        for other in reading.facts:
            if other.kind != "name" and _same_amount(fact, other):
                yield Place(reading, other.first, other.last)


def _same_amount(claimed: Fact, told: Fact) -> bool:
    if any(same_date(a, b) for a in claimed.dates for b in told.dates):
        return True
    if claimed.kind == "date" and told.kind == "date" and len(told.numbers) == len(claimed.numbers):
        return False
    return any(same_number(a, b) for a in claimed.numbers for b in told.numbers)


def _elsewhere(fact: Fact, claim: ParsedSentence, source: Source) -> bool:
    """Whether the article's day or title has a date, or a number counts names that are listed."""
    day = date_of(source.date)
    if day and any(same_date(date, day) for date in fact.dates):
        return True
    if fact.kind == "date" and any(True for _ in _amount_places(fact, [source.title])):
        return True
    amounts = {value for number in fact.numbers for value in number.values}
    return any(float(n) in amounts for reading in source.window for n in _listed(reading))


_AND = frozenset("và and với cùng hay hoặc or".split())


def _listed(reading: ParsedSentence) -> Iterator[int]:
    """How many names stand in a row: "phường Lái Thiêu và Tân Phước" → 2."""
    listed = [fact for fact in reading.facts if fact.kind == "name"]
    n = 1
    for a, b in pairwise(listed):
        if _coordinated(reading, a.last, b.first):
            n += 1
            yield n
        else:
            n = 1


def _coordinated(reading: ParsedSentence, first: int, last: int) -> bool:
    """Whether only "và", commas and a common noun stand in the words ``[first, last)``."""
    between = [word.term for word in reading.words[first:last]]
    joined = not between or any(term in _AND for term in between)
    return joined and len(between) <= 3 and (bool(between) or _comma(reading, first))


def _comma(reading: ParsedSentence, i: int) -> bool:
    words = reading.words
    return 0 < i < len(words) and "," in reading.text[words[i - 1].end : words[i].start]


def _displaced(claim: ParsedSentence, fact: Fact, own: Sequence[Place], source: Source) -> bool:
    """Whether another fact of the kind stands where the claim has this one."""
    here = Place(claim, fact.first, fact.last)
    most = max(Counter(id(place.reading) for place in own).values(), default=0)
    repeated = _times(claim, fact) > most  # "A and A" where the text lists "A and B"
    others = [
        Place(reading, other.first, other.last)
        for reading in source.window
        for other in reading.facts
        if _same_kind(fact, other)
        and not (begins(reading, other) and not _is_name(reading, other, source))
        and not any(_overlap(reading, other, place) for place in own)
        and (repeated or not any(_in_one_list(reading, other, place) for place in own))
    ]
    others = [other for other in others if sides(here, other) >= ANOTHER]
    return bool(others) and best(here, others) >= best(here, own) + AHEAD


def _times(claim: ParsedSentence, fact: Fact) -> int:
    """How often the claim has a name; numbers may be told in other ways, and count once."""
    if fact.kind != "name":
        return 1
    own = claim.stems(fact.first, fact.last)
    return sum(
        other.kind == "name" and claim.stems(other.first, other.last) == own
        for other in claim.facts
    )


def _is_name(reading: ParsedSentence, fact: Fact, source: Source) -> bool:
    """Whether a word that begins a sentence has a capital inside another one, too."""
    word = reading.words[fact.first].term
    return any(
        other.capital and other.term == word for told in source.passage for other in told.words[1:]
    )


def _same_kind(a: Fact, b: Fact) -> bool:
    return (a.kind == "name") == (b.kind == "name")


def _overlap(reading: ParsedSentence, fact: Fact, place: Place) -> bool:
    return place.reading is reading and place.first < fact.last and fact.first < place.last


def _in_one_list(reading: ParsedSentence, fact: Fact, place: Place) -> bool:
    if place.reading is not reading:
        return False
    if fact.last <= place.first:
        return _coordinated(reading, fact.last, place.first)
    return _coordinated(reading, place.last, fact.first)


# Names


def names(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
    for fact in claim.facts:
        if fact.kind != "name":
            continue
        missing = _missing_part(claim, fact, source)
        if missing:
            yield "name", missing
            continue
        own = _name_places(claim, fact, source.window)
        if _displaced(claim, fact, own, source):
            yield "name", claim.quote(fact)
    if len(source.window) > 1:
        yield from _scattered(claim, source)


def _name_places(
    claim: ParsedSentence, fact: Fact, window: Sequence[ParsedSentence]
) -> list[Place]:
    """Where the window has the name, or at least its last word ("ông Tâm")."""
    found = [
        Place(reading, *place)
        for reading in window
        for place in places_of(claim, fact.first, fact.last, reading)
    ]
    return found or [
        Place(reading, *place)
        for reading in window
        for place in places_of(claim, fact.last - 1, fact.last, reading)
    ]


def _scattered(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
    """Names of one clause of the claim that no single sentence brings together."""
    clauses: dict[int, list[Fact]] = {}
    for fact in claim.facts:
        if fact.kind == "name":
            clauses.setdefault(claim.words[fact.first].clause, []).append(fact)
    for facts in clauses.values():
        missing = [
            [fact for fact in facts if not _within(claim, fact, reading, source)]
            for reading in source.window
        ]
        fewest = min(missing, key=len)
        if fewest:
            yield "name", claim.quote(fewest[0])


def _within(claim: ParsedSentence, fact: Fact, reading: ParsedSentence, source: Source) -> bool:
    """Whether one sentence has the name, or points to it."""
    before = source.passage[: source.passage.index(reading)] if reading in source.passage else ()
    alone = Source((reading,), before, source.passage, source.title, source.date)
    return not _missing_part(claim, fact, alone)


def _missing_part(claim: ParsedSentence, fact: Fact, source: Source) -> str:
    """The part of a name that nothing supports; the longest known beginnings are cut off first."""
    first = fact.first
    while first < fact.last:
        for last in range(fact.last, first, -1):
            if _known(claim, first, last, last == fact.last and first == fact.first, source):
                first = last
                break
        else:
            word = claim.words[first]
            if begins(claim, fact) and _is_common(word.stem, source):
                return ""
            return claim.quote(fact)
    return ""


def _is_common(stem: str, source: Source) -> bool:
    return any(word.stem == stem for reading in source.passage for word in reading.words)


def _known(claim: ParsedSentence, first: int, last: int, whole: bool, source: Source) -> bool:
    if any(_found(claim, first, last, whole, reading) for reading in source.window):
        return True
    if _found(claim, first, last, whole, source.title):
        return True
    return whole and _resolved(claim, first, last, source)


def _found(
    claim: ParsedSentence, first: int, last: int, whole: bool, reading: ParsedSentence
) -> bool:
    if any(whole or whole_in(reading, place) for place in places_of(claim, first, last, reading)):
        return True
    return any(True for _ in initials_of(claim, first, last, reading))


_PRONOUNS = frozenset(
    "ông bà anh chị cô họ nó he she they him her his their it its them this these who".split()
)


def _resolved(claim: ParsedSentence, first: int, last: int, source: Source) -> bool:
    """Whether the window speaks of the name that a sentence before it in the passage has.

    By its last word ("ông Tâm") anywhere in the passage, by a pronoun within two sentences, or by
    the common noun in front of it ("phường").
    """
    given = claim.words[last - 1].term
    for reading in source.window:
        for fact in reading.facts:
            alone = fact.kind == "name" and fact.last - fact.first == 1
            if alone and reading.words[fact.first].term == given:
                return _said_in(claim, first, last, source.passage)
    near = source.before[-len(source.window) - 1 :]
    if not _said_in(claim, first, last, near):
        return False
    nouns = {claim.words[max(0, first - 1)].term, claim.words[first].term}
    return any(
        word.term in _PRONOUNS or word.term in nouns
        for reading in source.window
        for i, word in enumerate(reading.words)
        if i + 1 == len(reading.words) or not reading.words[i + 1].capital
    )


def _said_in(
    claim: ParsedSentence, first: int, last: int, readings: Sequence[ParsedSentence]
) -> bool:
    return any(_found(claim, first, last, True, reading) for reading in readings)
