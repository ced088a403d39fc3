"""What a text names: people, places, numbered things, counted things; each with its kind.

Two texts that name things of one kind can be compared: "phường Lái Thiêu" and "Tân Phước" are
both places, so "còn Tân Phước?" asks of one what was asked of the other.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import regex

from assistant.text.terms import fold

EntityKind = Literal["person", "place", "numbered", "counted", "name"]

# A word with a capital that does not ask: "Which ward" names no ward.
_SYLLABLE = r"(?!(?:Who|What|Which|Whose|The|Các|Những)\b)\p{Lu}\p{M}*\p{Ll}[\p{L}\p{M}]*"
_NAME = rf"{_SYLLABLE}(?:[ ]{_SYLLABLE}){{0,4}}"
PLACES = (
    "phường|xã|thị trấn|thị xã|quận|huyện|tỉnh|thành phố|tp|khu phố|đặc khu|làng|thôn"
    "|ward|district|city|province|commune|town|village"
)
_TITLES = "ông|bà|anh|chị|cô|chú|đồng chí|bác sĩ|mr|mrs|ms|dr"
# The commonest family names; together they are those of nine Vietnamese in ten.
_FAMILIES = (
    "Nguyễn|Trần|Lê|Phạm|Hoàng|Huỳnh|Phan|Vũ|Võ|Đặng|Bùi|Đỗ|Hồ|Ngô|Dương|Lý|Đinh|Đoàn|Lâm|Trịnh"
    "|Trương|Mai|Cao|Đào|Lương|Tô|Tạ|Châu|Quách|Thái|Hà|Vương"
)
_NUMBERED_HEADS = (
    "nghị quyết|quyết định|nghị định|thông tư|chỉ thị|công văn|luật|điều|khoản|tổ công tác|tổ"
    "|đội|quốc lộ|vành đai|tuyến|giai đoạn|dự án|resolution|decree|directive|article|decision"
    "|working group|group|team|line|phase|route|road"
)
_COUNTS = "hai|ba|bốn|năm|sáu|bảy|tám|chín|mười|mấy|bao nhiêu|two|three|four|five|six|seven|eight"
# Words that a counted noun phrase does not go beyond.
_STOPS = (
    "của|là|gì|trong|ở|với|do|được|nào|có|gồm|cụ thể|tại|theo|và|thì|cho|năm|tháng|ngày|người"
    "|of|in|at|are|is|does|do|did|for|that|by|has|have"
)

_PERSON = regex.compile(
    rf"\b(?P<head>(?i:{_TITLES}))\.?[ ](?P<name>{_NAME})"
    rf"|\b(?P<name>(?:{_FAMILIES}|{{bare}})(?:[ ]\p{{Lu}}[\p{{L}}\p{{M}}]+){{1,4}})".replace(
        "{bare}", "|".join(fold(name).capitalize() for name in _FAMILIES.split("|"))
    )
)
_PLACE = regex.compile(
    rf"\b(?P<head>(?i:{PLACES}))(?:[ ]|(?<=(?i:tp))\.[ ]?)(?P<name>{_NAME})"
    rf"(?:(?:,[ ]|[ ]và[ ]|[ ]and[ ])(?P<also>{_NAME}))*"
    rf"|\b(?P<name>{_NAME})[ ](?P<head>(?i:{PLACES}))\b"
)
_NUMBERED = regex.compile(
    rf"\b(?P<head>(?i:{_NUMBERED_HEADS})(?:[ ](?i:số|no\.?))?)[ ]"
    r"(?P<name>\p{Nd}[\p{Nd}/.-]*)"
    r"(?<![.])"
)
_COUNTED = regex.compile(
    rf"\b(?P<head>(?i:{_COUNTS}))[ ](?P<name>(?!(?:{_STOPS})\b)\p{{Ll}}+"
    rf"(?:[ ](?!(?:{_STOPS})\b)\p{{Ll}}+){{1,3}})"
)
_ANY = regex.compile(
    rf"(?<!^\W*)(?<![.!?…:“\"]\s*)\b(?P<name>{_NAME}|\p{{Lu}}{{2,}})"
    rf"|\b(?P<name>{_SYLLABLE}(?:[ ]{_SYLLABLE}){{1,4}})"
)
_PATTERNS: tuple[tuple[EntityKind, regex.Pattern[str]], ...] = (
    ("numbered", _NUMBERED),
    ("place", _PLACE),
    ("person", _PERSON),
    ("counted", _COUNTED),
    ("name", _ANY),
)
_WORD = r"[\p{L}\p{M}\p{N}]"


@dataclass(frozen=True, slots=True)
class Entity:
    """Something named: ``head`` is the word that says what it is, "" when none stands there."""

    kind: EntityKind
    head: str
    name: str
    start: int
    end: int

    @property
    def text(self) -> str:
        """With its head, as it may stand in a question: "phường Tân Phước"."""
        return f"{self.head} {self.name}".strip()

    @property
    def key(self) -> tuple[EntityKind, str]:
        """Two mentions with one key are the same thing, however they are typed."""
        return self.kind, fold(self.text if self.kind == "numbered" else self.name)


def bare(text: str) -> str:
    """``text`` as typed without accents, its letters keeping their case: "Đường" → "Duong"."""
    letters = (c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(letters)).replace("đ", "d").replace("Đ", "D")


def entities_in(text: str) -> list[Entity]:
    """What ``text`` names by its capitals and heads, in order; where two overlap, the surer."""
    found: list[Entity] = []
    for kind, pattern in _PATTERNS:
        for entity in _matches(text, kind, pattern):
            if not any(entity.start < e.end and e.start < entity.end for e in found):
                found.append(entity)
    return sorted(found, key=lambda e: e.start)


def mentions(text: str, known: Iterable[Entity]) -> list[Entity]:
    """What ``text`` names, with the kinds of those ``known``, which it may type anyhow.

    "con tan phuoc" mentions the place "Tân Phước" once the articles are known to name it, and
    "ông Tâm" the person whose last name that is. The spans are those of ``text``.
    """
    folded = fold(text)
    if len(folded) != len(text):  # a script whose letters fold to several, or to none
        return entities_in(text)
    found: list[Entity] = []
    for entity in sorted(known, key=lambda e: -len(e.name)):
        for start, end in _spans(folded, entity):
            if not any(start < e.end and e.start < end for e in found):
                found.append(replace(entity, start=start, end=end))
    for entity in entities_in(text):
        if not any(entity.start < e.end and e.start < entity.end for e in found):
            found.append(entity)
    return sorted(found, key=lambda e: e.start)


def distinct(found: Sequence[Entity]) -> list[Entity]:
    """Each entity once, in order; with a head where any mention has one.

    Capitals alone make a name only from three words on (the first word of a sentence and the
    half of an office have one, too), and a last name alone is not a person of its own.
    """
    kept = [e for e in found if len(e.name.split()) >= {"name": 3, "person": 2}.get(e.kind, 1)]
    heads = {e.key: e.head for e in reversed(kept) if e.head}
    return [replace(e, head=heads.get(e.key, "")) for e in {e.key: e for e in kept}.values()]


def _matches(text: str, kind: EntityKind, pattern: regex.Pattern[str]) -> Iterator[Entity]:
    for match in pattern.finditer(text):
        groups = match.groupdict()
        head, name = groups.get("head") or "", match["name"]
        yield Entity(kind, head, name, min(match.start("name"), *_head_start(match)), _end(match))
        for start, end in match.spans("also") if "also" in groups else ():
            yield Entity(kind, head, text[start:end], start, end)


def _head_start(match: regex.Match[str]) -> tuple[int, ...]:
    return (match.start("head"),) if match.groupdict().get("head") else (match.start("name"),)


def _end(match: regex.Match[str]) -> int:
    """Where the entity ends: behind its name or its head, before what stands beside it."""
    ends = [match.end("name")]
    if match.groupdict().get("head"):
        ends.append(match.end("head"))
    return max(ends)


def _spans(folded: str, entity: Entity) -> Iterator[tuple[int, int]]:
    """Where a folded text has the entity, with the word before it that is its head."""
    names = [fold(entity.name)]
    heads = rf"(?:(?:{fold(entity.head) or '(?!)'})[ ])?"
    if entity.kind == "person":
        heads = rf"(?:(?:{fold(_TITLES)})[ ])?"
        given = names[0].rpartition(" ")[2]
        yield from _found(rf"(?:{fold(_TITLES)})[ ]{regex.escape(given)}", folded)
    if entity.kind == "place":
        heads = rf"(?:(?:{fold(PLACES)})[ ])?"
    if entity.kind == "numbered":
        heads = rf"{regex.escape(fold(entity.head))}[ ]"
    if entity.kind == "counted":
        heads = rf"(?:(?:{fold(_COUNTS)})[ ])?"
    for name in names:
        yield from _found(heads + regex.escape(name), folded)


def _found(pattern: str, folded: str) -> Iterator[tuple[int, int]]:
    for match in regex.finditer(rf"(?<!{_WORD})(?:{pattern})(?!{_WORD})", folded):
        yield match.span()
