"""Example questions made from an article: who holds an office, what a list holds, who said what.

They are only candidates: ``_sure_questions`` keeps those that are answered with certainty. Each
can be understood without its article: it names whom and what it asks about in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Literal, NamedTuple

import regex

from assistant.text.names import FULL_NAME
from assistant.types import Article

SHORTEST, LONGEST = 12, 110  # characters of a question

Kind = Literal["holder", "list", "demand", "position", "saying", "age"]


class Proposal(NamedTuple):
    """A question that the article may answer, and what kind of thing it asks for."""

    kind: Kind
    question: str


# A whole name, on one line: not the beginning of a longer one.
_NAME = FULL_NAME.replace(r"\s", "[ ]") + r"(?![\p{L}\p{M}'’-]|\s\p{Lu})"
_PROPER = r"\p{Lu}[\p{L}\p{M}]*\p{Ll}\p{M}*"  # a word that ends the name of a place or a house
# What only its article can say which it is.
_POINTS_VI = regex.compile(
    r"\b(?:này|đó|đây|ấy|kia|nọ|trên|trước|sau|mình|ta|họ|chúng|cùng|khác)\b"
)
_POINTS_EN = regex.compile(
    r"\b(?:this|that|these|those|it|its|he|she|they|his|her|their|our|my|your|here|there|same"
    r"|other|another|who|which)\b"
)

_TITLE = r"\b(?P<title>[Ôô]ng|[Bb]à|[Aa]nh|[Cc]hị)\s"
_OFFICE = (
    r"(?:\p{Lu}\p{Ll}+|(?:phó |quyền |nguyên |cựu )?(?:tổng )?(?:giám đốc|chủ tịch|bí thư|trưởng"
    r"|hiệu trưởng|viện trưởng|bộ trưởng|thứ trưởng|cục trưởng|chủ nhiệm|đại sứ|thư ký"
    r"|huấn luyện viên|đội trưởng))\s(?:TP\.|[^,.;:()\n\"“”-]){3,70}"
)
_HOLDER = regex.compile(rf"{_TITLE}(?P<name>{_NAME}),\s(?P<office>{_OFFICE})(?=,)")
# An office of a house or a place that has a name; every province has a Sở, a Ban and an Ủy ban.
_OF_NAMED = regex.compile(rf"[ .](?!(?:Sở|Ban|Phòng|Cục|Đảng|Ủy|Thương)$){_PROPER}$|TP\.HCM$")
_LIST = regex.compile(
    r"(?:(?<=\bVề\s)|\b)(?P<list>(?:hai|ba|bốn|năm|sáu|bảy)\s(?:\p{Ll}+\s){2,5}?\p{Ll}+)"
    r"(?:(?<=\bVề\s(?!năm\b)\P{Lu}+)(?=,)|(?= là:| gồm:))"
)
# The words of a demand are asked for as the article has them; other sayings are "said".
_DEMANDS: Final = {
    "yêu cầu": "yêu cầu gì",
    "đề nghị": "đề nghị gì",
    "kiến nghị": "kiến nghị gì",
    "đề xuất": "đề xuất gì",
    "kêu gọi": "kêu gọi điều gì",
    "cảnh báo": "cảnh báo điều gì",
    "cam kết": "cam kết điều gì",
}
_SAYS = "cho biết|cho hay|cho rằng|nói|khẳng định|chia sẻ|nhấn mạnh|lưu ý|giải thích"
_SPEAKER = regex.compile(
    rf"{_TITLE}(?P<name>{_NAME})(?:,\s[^,.;:\n]{{3,70}},)?\s(?:cũng\s)?"
    rf"(?:(?P<demand>{'|'.join(_DEMANDS)})|(?P<says>{_SAYS}))\b"
)
_AGED = regex.compile(rf"{_TITLE}(?P<name>{_NAME})(?:,\s|\s\()\p{{Nd}}{{1,3}} tuổi")

_HEAD_EN = (
    r"chief executive|director|president|chair(?:man|woman|person)?|head|mayor|minister|secretary"
    r"|spokes(?:man|woman|person)|leader|manager|founder|editor|coach|captain|principal|governor"
    r"|commissioner|dean|superintendent|headteacher"
)
_NAME_EN = rf"(?!(?:Mr|Mrs|Ms|Dr|Sir|The|But|And)\b){_NAME}"
_HOLDER_EN = regex.compile(
    rf"(?P<name>{_NAME_EN}),\s(?:the\s)?(?P<office>(?:(?!an?\b)\p{{Ll}}[\p{{Ll}}-]*\s){{0,2}}"
    rf"(?:{_HEAD_EN})\s(?:of|at|for)\s[^,.;:()\n\"“”]{{2,60}})(?=,)"
)
_DEMANDS_EN: Final = {
    "called for": "call for",
    "asked for": "ask for",
    "demanded": "demand",
    "promised": "promise",
    "announced": "announce",
}
# Not at the start of a sentence, where any word has a capital.
_BEFORE = rf"(?:\b(?P<title>Mr|Mrs|Ms)\.?\s|(?<=\p{{Ll}}\s|,\s))(?<!\b[Tt]he\s)(?P<name>{_NAME_EN})"
_SPEAKER_EN = regex.compile(
    rf"{_BEFORE}(?:,\s[^,.;:\n]{{3,70}},)?\s"
    rf"(?:(?P<demand>{'|'.join(_DEMANDS_EN)})|(?P<says>said|says))\b"
    rf"|(?P<says>said|says)\s(?:(?P<title>Mr|Mrs|Ms)\.?\s)?(?P<name>{_NAME_EN})"
)
_AGED_EN = regex.compile(rf"(?<=[\p{{Ll}},]\s)(?P<name>{_NAME_EN}),\s\p{{Nd}}{{2,3}},")
_TITLES_VI: Final = {"Mr": "Ông ", "Mrs": "Bà ", "Ms": "Bà "}


def candidates(article: Article, language: str) -> Iterator[Proposal]:
    """Questions about the article in Vietnamese ("vi") or else English, each once, the best kinds
    first. None about an article in another language than these two."""
    points = _POINTS_VI if language == "vi" else _POINTS_EN
    known: set[str] = set()
    for proposal in _PROPOSING.get((article.language, language == "vi"), _nothing)(article.text):
        question = proposal.question
        fits = SHORTEST <= len(question) <= LONGEST and "\n" not in question
        if fits and question not in known and not points.search(question):
            known.add(question)
            yield proposal


def _of_vietnamese(text: str) -> Iterator[Proposal]:
    holders = list(_HOLDER.finditer(text))
    for m in holders:
        if _OF_NAMED.search(m["office"]):
            yield Proposal("holder", f"Ai là {m['office']}?")
    for m in _LIST.finditer(text):
        yield Proposal("list", f"{_capital(m['list'])} là gì?")
    speakers = _most_frequent(_SPEAKER.finditer(text))
    for m in speakers:
        if m["demand"]:
            yield Proposal("demand", f"{_who(m)} {_DEMANDS[m['demand']]}?")
    for m in speakers:
        if m["says"]:
            yield Proposal("saying", f"{_who(m)} nói gì?")
    for m in holders:
        yield Proposal("position", f"{_who(m)} giữ chức vụ gì?")
    for m in _AGED.finditer(text):
        yield Proposal("age", f"{_who(m)} bao nhiêu tuổi?")


def _of_vietnamese_in_english(text: str) -> Iterator[Proposal]:
    speakers = _most_frequent(_SPEAKER.finditer(text))
    for m in speakers:
        if m["demand"]:
            yield Proposal("demand", f"What did {m['name']} ask for?")
    for m in speakers:
        if m["says"]:
            yield Proposal("saying", f"What did {m['name']} say?")
    for m in _HOLDER.finditer(text):
        yield Proposal("position", f"What position does {m['name']} hold?")
    for m in _AGED.finditer(text):
        yield Proposal("age", f"How old is {m['name']}?")


def _of_english(text: str) -> Iterator[Proposal]:
    holders = list(_HOLDER_EN.finditer(text))
    for m in holders:
        if _OF_NAMED.search(m["office"]):
            yield Proposal("holder", f"Who is the {m['office']}?")
    speakers = _most_frequent(_SPEAKER_EN.finditer(text))
    for m in speakers:
        if m["demand"]:
            yield Proposal("demand", f"What did {m['name']} {_DEMANDS_EN[m['demand']]}?")
    for m in speakers:
        if m["says"]:
            yield Proposal("saying", f"What did {m['name']} say?")
    for m in holders:
        yield Proposal("position", f"What position does {m['name']} hold?")
    for m in _AGED_EN.finditer(text):
        yield Proposal("age", f"How old is {m['name']}?")


def _of_english_in_vietnamese(text: str) -> Iterator[Proposal]:
    for m in _most_frequent(_SPEAKER_EN.finditer(text)):
        yield Proposal("saying", f"{_TITLES_VI.get(m['title'], '')}{m['name']} nói gì?")
    for m in _HOLDER_EN.finditer(text):
        yield Proposal("position", f"{m['name']} giữ chức vụ gì?")
    for m in _AGED_EN.finditer(text):
        yield Proposal("age", f"{m['name']} bao nhiêu tuổi?")


def _nothing(text: str) -> Iterator[Proposal]:
    return iter(())


# (language of the article, whether it is asked in Vietnamese) → what makes the questions.
_PROPOSING: Final[Mapping[tuple[str, bool], Callable[[str], Iterator[Proposal]]]] = {
    ("vi", True): _of_vietnamese,
    ("vi", False): _of_vietnamese_in_english,
    ("en", True): _of_english_in_vietnamese,
    ("en", False): _of_english,
}


def _most_frequent(found: Iterable[regex.Match[str]]) -> list[regex.Match[str]]:
    """The matches of the names that are matched most often first."""
    matches = list(found)
    counted = Counter(match["name"] for match in matches)
    return sorted(matches, key=lambda match: -counted[match["name"]])


def _who(match: regex.Match[str]) -> str:
    """The person as the article calls them: "Bà Lê Thị Bình"."""
    return f"{_capital(match['title'])} {match['name']}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
