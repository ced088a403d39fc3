"""Where a claim turns round what some sentences say: negation, direction, and who says it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from assistant.reading.claims._missing_facts import AHEAD, Source
from assistant.reading.claims._name_matching import places_of
from assistant.reading.claims._polarity import (
    Saying,
    act_fits,
    denials,
    directions,
    lacking,
    sayings,
)
from assistant.reading.claims._word_context import Place, best, likeness
from assistant.text.parsed_sentence import Fact, ParsedSentence
from assistant.types import UnsupportedReason

SAME_PLACE = 1.0  # likeness from which a word of direction stands where its opposite does


# Negation


def negation(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
    told = [(reading, denial) for reading in source.window for denial in denials(reading)]
    implied = any(lacking(reading) for reading in source.window)
    for denial in denials(claim):
        if (not told and not implied) or not _denied(claim, denial.heads, source):
            yield "negation", _quote(claim, denial.first, denial.last)
    own = {i for denial in denials(claim) for i in denial.heads}
    if not lacking(claim) - {stem for reading in source.window for stem in lacking(reading)}:
        for reading, denial in told:
            yield from _left_out(claim, own, reading, denial.heads)


def _denied(claim: ParsedSentence, heads: Sequence[int], source: Source) -> bool:
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


def _positions(stem: str, window: Sequence[ParsedSentence]) -> list[Place]:
    return [
        Place(reading, i, i + 1)
        for reading in window
        for i, word in enumerate(reading.words)
        if word.stem == stem
    ]


def _left_out(
    claim: ParsedSentence,
    own: set[int],
    reading: ParsedSentence,
    heads: Sequence[int],
) -> Iterator[tuple[UnsupportedReason, str]]:
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


def direction(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
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
        if not same:
            if best(here, opposite) >= SAME_PLACE:
                yield "direction", _quote(claim, first, last)
        elif best(here, opposite) >= best(here, same) + AHEAD:
            yield "direction", _quote(claim, first, last)


# Attribution


def attribution(claim: ParsedSentence, source: Source) -> Iterator[tuple[UnsupportedReason, str]]:
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


_BINDING = ("deny", "ask", "promise")  # acts that no report of another kind supports


def _in_common(claim: ParsedSentence, reading: ParsedSentence) -> int:
    return len({word.stem for word in claim.words} & {word.stem for word in reading.words})


def _other_speaker(claim: ParsedSentence, own: Saying, main: ParsedSentence, source: Source) -> str:
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


def _speakers(reading: ParsedSentence, saying: Saying) -> list[Fact]:
    return [f for f in reading.facts if f.kind == "name" and saying.begin <= f.first < saying.end]


def _speaks(claim: ParsedSentence, speaker: Fact, reading: ParsedSentence, saying: Saying) -> bool:
    return any(
        saying.begin <= first and last <= saying.end
        for first, last in places_of(claim, speaker.last - 1, speaker.last, reading)
    )


def _quote(reading: ParsedSentence, first: int, last: int) -> str:
    return reading.text[reading.words[first].start : reading.words[last - 1].end]
