"""What of a claim's facts and stance some sentences do not bear out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assistant.binding import Place, best, likeness, sides
from assistant.dates import date_of, same_date
from assistant.facts import Fact, Reading, begins, same_number
from assistant.names import initials_of, is_generic, places_of, whole_in
from assistant.stance import (
    Saying,
    act_fits,
    denials,
    directions,
    lacking,
    sayings,
)
from assistant.types import Lack

# A fact stands in another one's place where the words around are that much more alike there.
ANOTHER = 1.0  # of the words beside the other's place, at least: one neighbour in common
AHEAD = 0.8  # likeness by which it is ahead of the fact's own place
SAME_PLACE = 1.0  # likeness from which a word of direction stands where its opposite does


@dataclass(frozen=True, slots=True)
class Source:
    """The sentences that are to bear a claim out, and what may help to read them.

    ``before``: the sentences of the passage up to the last of them; ``passage``: all of it.
    ``across``: the claim is in another language.
    """

    window: tuple[Reading, ...]
    before: tuple[Reading, ...]
    passage: tuple[Reading, ...]
    title: Reading
    date: str
    across: bool


def lack_of(claim: Reading, source: Source) -> tuple[Lack, str]:
    """The first thing missing and the claim's words for it; ("", "") where nothing is."""
    for check in (_amounts, _names, _negation, _direction, _attribution):
        for lack, detail in check(claim, source):
            return lack, detail
    return "", ""


def facts_in(claim: Reading, reading: Reading) -> int:
    """How many of the claim's facts a sentence has."""
    return sum(
        any(True for _ in _amount_places(fact, [reading]))
        if fact.kind != "name"
        else bool(places_of(claim, fact.first, fact.last, reading))
        for fact in claim.facts
    )


# Numbers and dates


def _amounts(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
    for fact in claim.facts:
        if fact.kind == "name":
            continue
        places = list(_amount_places(fact, source.window))
        detail = claim.quote(fact)
        lack: Lack = "date" if fact.kind == "date" else "number"
        exact = fact.kind == "date" or any(number.exact for number in fact.numbers)
        unmet = exact and not places and not _elsewhere(fact, claim, source)
        moved = exact and not source.across and _displaced(claim, fact, places, source)
        if unmet or moved:
            yield lack, detail


def _amount_places(fact: Fact, window: Sequence[Reading]) -> Iterator[Place]:
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


def _elsewhere(fact: Fact, claim: Reading, source: Source) -> bool:
    """Whether the article's day or title has a date, or a number counts names that are listed."""
    day = date_of(source.date)
    if day and any(same_date(date, day) for date in fact.dates):
        return True
    if fact.kind == "date" and any(True for _ in _amount_places(fact, [source.title])):
        return True
    amounts = {value for number in fact.numbers for value in number.values}
    return any(float(n) in amounts for reading in source.window for n in _listed(reading))


_AND = frozenset("và and với cùng hay hoặc or".split())


def _listed(reading: Reading) -> Iterator[int]:
    """How many names stand in a row: "phường Lái Thiêu và Tân Phước" → 2."""
    names = [fact for fact in reading.facts if fact.kind == "name"]
    n = 1
    for a, b in zip(names, names[1:], strict=False):
        if _coordinated(reading, a.last, b.first):
            n += 1
            yield n
        else:
            n = 1


def _coordinated(reading: Reading, first: int, last: int) -> bool:
    """Whether only "và", commas and a common noun stand in the words ``[first, last)``."""
    between = [word.term for word in reading.words[first:last]]
    joined = not between or any(term in _AND for term in between)
    return joined and len(between) <= 3 and (bool(between) or _comma(reading, first))


def _comma(reading: Reading, i: int) -> bool:
    words = reading.words
    return 0 < i < len(words) and "," in reading.text[words[i - 1].end : words[i].start]


def _displaced(claim: Reading, fact: Fact, own: Sequence[Place], source: Source) -> bool:
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


def _times(claim: Reading, fact: Fact) -> int:
    """How often the claim has a name; numbers may be told in other ways, and count once."""
    if fact.kind != "name":
        return 1
    own = claim.stems(fact.first, fact.last)
    return sum(
        other.kind == "name" and claim.stems(other.first, other.last) == own
        for other in claim.facts
    )


def _is_name(reading: Reading, fact: Fact, source: Source) -> bool:
    """Whether a word that begins a sentence has a capital inside another one, too."""
    word = reading.words[fact.first].term
    return any(
        other.capital and other.term == word for told in source.passage for other in told.words[1:]
    )


def _same_kind(a: Fact, b: Fact) -> bool:
    return (a.kind == "name") == (b.kind == "name")


def _overlap(reading: Reading, fact: Fact, place: Place) -> bool:
    return place.reading is reading and place.first < fact.last and fact.first < place.last


def _in_one_list(reading: Reading, fact: Fact, place: Place) -> bool:
    if place.reading is not reading:
        return False
    if fact.last <= place.first:
        return _coordinated(reading, fact.last, place.first)
    return _coordinated(reading, place.last, fact.first)


# Names


def _names(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
    for fact in claim.facts:
        if fact.kind != "name":
            continue
        missing = _missing_part(claim, fact, source)
        if missing:
            yield "name", missing
            continue
        own = _name_places(claim, fact, source.window)
        if not source.across and _displaced(claim, fact, own, source):
            yield "name", claim.quote(fact)
    if len(source.window) > 1:
        yield from _scattered(claim, source)


def _name_places(claim: Reading, fact: Fact, window: Sequence[Reading]) -> list[Place]:
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


def _scattered(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
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


def _within(claim: Reading, fact: Fact, reading: Reading, source: Source) -> bool:
    """Whether one sentence has the name, or points to it."""
    before = source.passage[: source.passage.index(reading)] if reading in source.passage else ()
    alone = Source((reading,), before, source.passage, source.title, source.date, True)
    return not _missing_part(claim, fact, alone)


def _missing_part(claim: Reading, fact: Fact, source: Source) -> str:
    """The part of a name that nothing bears out; the longest known beginnings are cut off first."""
    first = fact.first
    while first < fact.last:
        for last in range(fact.last, first, -1):
            if _known(claim, first, last, last == fact.last and first == fact.first, source):
                first = last
                break
        else:
            word = claim.words[first]
            if source.across and is_generic(word.term):
                first += 1
                continue
            if begins(claim, fact) and _is_common(word.stem, source):
                return ""
            return claim.quote(fact)
    return ""


def _is_common(stem: str, source: Source) -> bool:
    return any(word.stem == stem for reading in source.passage for word in reading.words)


def _known(claim: Reading, first: int, last: int, whole: bool, source: Source) -> bool:
    if any(_found(claim, first, last, whole, reading) for reading in source.window):
        return True
    if _found(claim, first, last, whole, source.title):
        return True
    return whole and _resolved(claim, first, last, source)


def _found(claim: Reading, first: int, last: int, whole: bool, reading: Reading) -> bool:
    if any(whole or whole_in(reading, place) for place in places_of(claim, first, last, reading)):
        return True
    return any(True for _ in initials_of(claim, first, last, reading))


_PRONOUNS = frozenset(
    "ông bà anh chị cô họ nó he she they him her his their it its them this these who".split()
)


def _resolved(claim: Reading, first: int, last: int, source: Source) -> bool:
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


def _said_in(claim: Reading, first: int, last: int, readings: Sequence[Reading]) -> bool:
    return any(_found(claim, first, last, True, reading) for reading in readings)


# Negation


def _negation(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
    told = [(reading, denial) for reading in source.window for denial in denials(reading)]
    implied = any(lacking(reading) for reading in source.window)
    for denial in denials(claim):
        if (not told and not implied) or (
            not source.across and not _denied(claim, denial.heads, source)
        ):
            yield "negation", _quote(claim, denial.first, denial.last)
    if source.across:
        return
    own = {i for denial in denials(claim) for i in denial.heads}
    if not lacking(claim) - {stem for reading in source.window for stem in lacking(reading)}:
        for reading, denial in told:
            yield from _left_out(claim, own, reading, denial.heads, denial.first)


def _denied(claim: Reading, heads: Sequence[int], source: Source) -> bool:
    """Whether a word that the claim denies is denied, or is not there, in the window."""
    for i in heads[:2]:
        places = _positions(claim.words[i].stem, source.window)
        if not places:
            continue
        denied = [p for p in places if _is_denied(p)]
        plain = [p for p in places if not _is_denied(p)]
        here = Place(claim, i, i + 1)
        return bool(denied) and best(here, denied) >= best(here, plain) - 0.5
    return any(denials(reading) for reading in source.window) or any(
        lacking(reading) for reading in source.window
    )


def _is_denied(place: Place) -> bool:
    return any(place.first in denial.heads for denial in denials(place.reading))


def _positions(stem: str, window: Sequence[Reading]) -> list[Place]:
    return [
        Place(reading, i, i + 1)
        for reading in window
        for i, word in enumerate(reading.words)
        if word.stem == stem
    ]


def _left_out(
    claim: Reading, own: set[int], reading: Reading, heads: Sequence[int], negator: int
) -> Iterator[tuple[Lack, str]]:
    """The claim's words for what the source denies and the claim asserts."""
    for k in heads[:1]:
        stem = reading.words[k].stem
        denied = Place(reading, k, k + 1)
        plain = [p for p in _positions(stem, [reading]) if not _is_denied(p)]
        for i, word in enumerate(claim.words):
            if word.stem != stem or i in own:
                continue
            here = Place(claim, i, i + 1)
            alike = likeness(here, denied)
            if alike >= SAME_PLACE and alike > best(here, plain):
                yield "negation", word.term


# Direction


def _direction(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
    for first, last, turn in directions(claim):
        here = Place(claim, first, last)
        same, opposite = [], []
        for reading in source.window:
            for a, b, other in directions(reading):
                axes = dict(other.axes)
                place = Place(reading, a, b)
                if reading.stems(a, b) == claim.stems(first, last) or any(
                    axes.get(axis) == pole for axis, pole in turn.axes
                ):
                    same.append(place)
                elif any(axes.get(axis) == -pole for axis, pole in turn.axes):
                    opposite.append(place)
        if not opposite:
            continue
        if not same and source.across:
            if turn.sharp:
                yield "direction", _quote(claim, first, last)
        elif not same:
            if best(here, opposite) >= SAME_PLACE:
                yield "direction", _quote(claim, first, last)
        elif not source.across and best(here, opposite) >= best(here, same) + AHEAD:
            yield "direction", _quote(claim, first, last)


# Attribution


def _attribution(claim: Reading, source: Source) -> Iterator[tuple[Lack, str]]:
    told = [(reading, saying) for reading in source.window for saying in sayings(reading)]
    main = max(source.window, key=lambda reading: _in_common(claim, reading))
    for own in sayings(claim):
        detail = _quote(claim, own.first, own.last)
        if told and not any(act_fits(own.act, saying.act) for _, saying in told):
            if own.act in _BINDING or all(saying.act == "deny" for _, saying in told):
                yield "attribution", detail
        elif not told and own.act in ("deny", "promise"):
            yield "attribution", detail
        elif speaker := _other_speaker(claim, own, main, source):
            yield "attribution", speaker
    denied = [(reading, saying) for reading, saying in told if saying.act == "deny"]
    if denied and len(denied) == len(told) and not sayings(claim) and not denials(claim):
        reading, saying = denied[0]
        yield "attribution", _quote(reading, saying.first, saying.last)


_BINDING = ("deny", "ask", "promise")  # acts that no report of another kind bears out


def _in_common(claim: Reading, reading: Reading) -> int:
    return len({word.stem for word in claim.words} & {word.stem for word in reading.words})


def _other_speaker(claim: Reading, own: Saying, main: Reading, source: Source) -> str:
    """The claim's speaker, where the sentence with the rest of the claim has another one.

    A sentence without a speaker may go on with what the sentences before it report.
    """
    names = [f for f in claim.facts if f.kind == "name" and own.begin <= f.first < own.end]
    if not names:
        return ""
    speaker = names[-1]
    spoken = [saying for saying in sayings(main) if act_fits(own.act, saying.act)]
    named = [saying for saying in spoken if _speakers(main, saying)]
    if any(_speaks(claim, speaker, main, saying) for saying in named):
        return ""
    if named and len(named) == len(spoken):
        return claim.quote(speaker)
    in_main = places_of(claim, speaker.last - 1, speaker.last, main)
    in_claim = places_of(claim, speaker.last - 1, speaker.last, claim)
    if len(in_main) >= len(in_claim):  # who acts in the sentence may well be who says it
        return ""
    near = [*source.before[-3:], *source.window]
    goes_on = any(
        _speaks(claim, speaker, reading, saying) for reading in near for saying in sayings(reading)
    )
    return "" if goes_on else claim.quote(speaker)


def _speakers(reading: Reading, saying: Saying) -> list[Fact]:
    return [f for f in reading.facts if f.kind == "name" and saying.begin <= f.first < saying.end]


def _speaks(claim: Reading, speaker: Fact, reading: Reading, saying: Saying) -> bool:
    return any(
        saying.begin <= first and last <= saying.end
        for first, last in places_of(claim, speaker.last - 1, speaker.last, reading)
    )


def _quote(reading: Reading, first: int, last: int) -> str:
    return reading.text[reading.words[first].start : reading.words[last - 1].end]
