"""Whether two names are the same: accents left out, shortened, abbreviated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from assistant.text.parsed_sentence import ParsedSentence
from assistant.text.terms import fold

# Abbreviations of news and what they stand for, without accents.
_SAME = """
tp hcm|tphcm|hcm|hcmc|tp ho chi minh|thanh pho ho chi minh|ho chi minh city|ho chi minh|saigon
tp|thanh pho
ubnd|uy ban nhan dan
hdnd|hoi dong nhan dan
csgt|canh sat giao thong
kcn|khu cong nghiep
ttcp|thanh tra chinh phu
mttq|mat tran to quoc
thpt|trung hoc pho thong
dbscl|dong bang song cuu long
lhq|lien hop quoc|lien hiep quoc
eu|lien minh chau au|european union
who|to chuc y te the gioi|world health organization
usa|us|u s|united states|america
uk|united kingdom|britain
"""


@lru_cache(maxsize=1)
def _groups() -> dict[tuple[str, ...], int]:
    return {
        tuple(form.split()): number
        for number, line in enumerate(_SAME.strip().splitlines())
        for form in line.split("|")
    }


_LONGEST_FORM = 5


@lru_cache(maxsize=8192)
def _folded(reading: ParsedSentence) -> tuple[str, ...]:
    return tuple(fold(word.term) for word in reading.words)


@lru_cache(maxsize=65536)
def places_of(
    claim: ParsedSentence, first: int, last: int, source: ParsedSentence
) -> tuple[tuple[int, int], ...]:
    """Where ``source`` has the claim's words ``[first, last)`` as a name: (first, last) there.

    Accents count where both sides have any: "Nghi" typed without them is "Nghị", but "Thanh
    Nghi" in a name that has others is not.
    """
    return tuple(dict.fromkeys(_places_of(claim, first, last, source)))


def _places_of(
    claim: ParsedSentence, first: int, last: int, source: ParsedSentence
) -> Iterator[tuple[int, int]]:
    own = [word.term for word in claim.words[first:last]]
    exact = claim.stems(first, last)
    stems = source.stems(0, len(source.words))
    n = last - first
    bare = all(term.isascii() for term in own)
    flat = _folded(claim)[first:last]
    told = _folded(source)
    for i in range(len(stems) - n + 1):
        if stems[i : i + n] == exact or (
            told[i : i + n] == flat
            and (bare or all(word.term.isascii() for word in source.words[i : i + n]))
        ):
            yield i, i + n
    if bare or n == 1:
        yield from _run_together("".join(flat), source)
    yield from _same_group(flat, source)


@lru_cache(maxsize=8192)
def _joined(source: ParsedSentence) -> dict[str, list[tuple[int, int]]]:
    """Up to four neighbouring words run together → where they are."""
    told = _folded(source)
    found: dict[str, list[tuple[int, int]]] = {}
    for i in range(len(told)):
        for j in range(i + 1, min(i + 4, len(told)) + 1):
            found.setdefault("".join(told[i:j]), []).append((i, j))
    return found


def _run_together(joined: str, source: ParsedSentence) -> Sequence[tuple[int, int]]:
    """ "Hanoi" where the source has "Hà Nội", and the other way round."""
    return _joined(source).get(joined, ()) if len(joined) >= 5 else ()


@lru_cache(maxsize=8192)
def _grouped(source: ParsedSentence) -> dict[int, list[tuple[int, int]]]:
    """Number of a group of equal names → where the source has one of them."""
    told, groups = _folded(source), _groups()
    found: dict[int, list[tuple[int, int]]] = {}
    for i in range(len(told)):
        for j in range(i + 1, min(i + _LONGEST_FORM, len(told)) + 1):
            if (group := groups.get(told[i:j])) is not None:
                found.setdefault(group, []).append((i, j))
    return found


def _same_group(flat: tuple[str, ...], source: ParsedSentence) -> Sequence[tuple[int, int]]:
    group = _groups().get(flat)
    return () if group is None else _grouped(source).get(group, ())


def initials_of(
    claim: ParsedSentence, first: int, last: int, source: ParsedSentence
) -> Iterator[tuple[int, int]]:
    """Where ``source`` spells out the claim's abbreviation, or abbreviates the claim's name."""
    told = _folded(source)
    own = _folded(claim)[first:last]
    written = claim.text[claim.words[first].start : claim.words[last - 1].end]
    if last - first == 1 and written.isupper() and 2 <= len(written) <= 6:
        n = len(written)
        for i in range(len(told) - n + 1):
            if "".join(term[0] for term in told[i : i + n]) == own[0]:
                yield i, i + n
    elif last - first >= 2:
        short = "".join(term[0] for term in own)
        for i, word in enumerate(source.words):
            if told[i] == short and source.text[word.start : word.end].isupper():
                yield i, i + 1


def whole_in(source: ParsedSentence, place: tuple[int, int]) -> bool:
    """Whether a place is not a mere beginning of another name: "Nguyễn Thanh" of "… Thanh Nghị"."""
    first, last = place
    return not any(
        fact.kind == "name" and fact.first <= first < fact.last and last < fact.last
        for fact in source.facts
    )
