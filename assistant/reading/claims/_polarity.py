"""What turns a sentence's meaning round: negation, direction, and who says it.

Phrases are written without inflections (see ``facts.stem``), Vietnamese and English together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Generic, TypeVar

from assistant.text.parsed_sentence import ParsedSentence, stem

T = TypeVar("T")


class Phrases(Generic[T]):
    """Phrases with a value each, found in a text longest first."""

    def __init__(self, table: Sequence[tuple[str, T]]) -> None:
        self._by_first: dict[str, list[tuple[tuple[str, ...], T]]] = {}
        for phrase, value in table:
            stems = tuple(stem(term) for term in phrase.split())
            self._by_first.setdefault(stems[0], []).append((stems, value))
        for entries in self._by_first.values():
            entries.sort(key=lambda entry: -len(entry[0]))

    def find(self, reading: ParsedSentence) -> Iterator[tuple[int, int, T]]:
        """(first word, last word, value), never overlapping."""
        i, words = 0, reading.words
        while i < len(words):
            for stems, value in self._by_first.get(words[i].stem, ()):
                if reading.stems(i, i + len(stems)) == stems:
                    yield i, i + len(stems), value
                    i += len(stems)
                    break
            else:
                i += 1


# Negation

_NEGATORS = (
    "không|chưa|chẳng|chả|đừng|không hề|chưa hề|chưa từng|không phải|chưa phải|không còn|không thể"
    "|không được|không có|chẳng hề|not|never|no|cannot|without|neither|nor|none|nobody|nothing"
    "|no longer|hardly|scarcely|fail to|failed to|unable to|refuse to"
)
# Fixed phrases with a word of negation that deny nothing.
_NOT_NEGATORS = (
    "không gian|không khí|không quân|không phận|không lưu|không trung|hàng không|không chỉ"
    "|không những|không ngừng|một khi không|không kém|không ít|không lâu|chưa kể|không đồng"
    "|không quá|số không|bầu không|hay không|có không|không kể|không tặc|hư không"
    "|phòng không|không dây|không ai khác|not only|not just|not merely|not least|no doubt"
    "|no matter|whether or not|no less than|no fewer than|not to mention|nothing but|no sooner"
    "|no more than"
)
_NEGATION: Phrases[bool] = Phrases(
    [(p, True) for p in _NEGATORS.split("|")] + [(p, False) for p in _NOT_NEGATORS.split("|")]
)
_REACH = 4  # words behind a negator, function words aside, that it may deny
# What may stand between a negator and what it denies.
_LIGHT = frozenset(
    stem(term)
    for term in """
    được bị thể có phải hề còn còn bao giờ là đã đang sẽ nên cần muốn to be been being the a an
    have has had any ever yet do does did will would can could may might must should very so much
    more of it that this all is are was were too fully really còn thực sự hoàn toàn hẳn rất quá
    """.split()
)


@dataclass(frozen=True, slots=True)
class Denial:
    """A negator (its words) and the words it may deny, nearest first."""

    first: int
    last: int
    heads: tuple[int, ...]


@lru_cache(maxsize=8192)
def denials(reading: ParsedSentence) -> tuple[Denial, ...]:
    found = []
    for first, last, denies in _NEGATION.find(reading):
        if not denies or _is_number_sign(reading, first):
            continue
        words, clause = reading.words, reading.words[first].clause
        heads: list[int] = []
        for i in range(last, len(words)):
            if words[i].clause != clause or len(heads) == _REACH:
                break
            if words[i].stem not in _LIGHT:
                heads.append(i)
        found.append(Denial(first, last, tuple(heads)))
    return tuple(found)


def _is_number_sign(reading: ParsedSentence, i: int) -> bool:
    """ "No. 5" """
    words = reading.words
    return words[i].term == "no" and i + 1 < len(words) and words[i + 1].term[0].isdigit()


# Words that deny by their meaning: where a text has one, a claim may deny in other words.
_LACKING: Phrases[bool] = Phrases(
    [
        (phrase, True)
        for phrase in (
            "thiếu|vắng|hết|mất|từ chối|bác bỏ|phủ nhận|ngừng|dừng|cấm|tránh|trừ|ngoại trừ|khó|ít"
            "|dở dang|dang dở|bỏ|hạn chế|thất bại|khan hiếm|vô|phi|bất|lack|fail|refuse|deny|reject"
            "|absent|absence|avoid|prevent|prohibit|ban|unable|impossible|rare|rarely|few|little"
            "|unlike|except|stop|cease|miss|missing|unfinish|incomplete|barely|free from"
        ).split("|")
    ]
)


@lru_cache(maxsize=8192)
def lacking(reading: ParsedSentence) -> frozenset[str]:
    """The words that deny by their meaning, or by an English prefix."""
    found = {" ".join(reading.stems(first, last)) for first, last, _ in _LACKING.find(reading)}
    return frozenset(found) | {
        word.stem
        for word in reading.words
        if word.term.startswith(("un", "non", "dis")) and word.term.isascii() and len(word.term) > 6
    }


# Direction


@dataclass(frozen=True, slots=True)
class Turn:
    """A word of direction: ``axes``: (axis, pole), the pole 1 or -1."""

    axes: tuple[tuple[int, int], ...]


@lru_cache(maxsize=1)
def _turns() -> Phrases[Turn | None]:
    """``data/opposites.txt``: an axis a line, its two poles on either side of " / ".

    "=" before the fixed phrases that hold such a word and have no direction.
    """
    poles: dict[str, list[tuple[int, int]]] = {}
    fixed: list[str] = []
    lines = (Path(__file__).with_name("data") / "opposites.txt").read_text("utf-8")
    for axis, line in enumerate(lines.splitlines()):
        if line.startswith("= "):
            fixed += line.removeprefix("= ").split("|")
            continue
        for pole, side in zip((1, -1), line.split(" / "), strict=True):
            for phrase in side.strip().split("|"):
                poles.setdefault(phrase, []).append((axis, pole))
    found: list[tuple[str, Turn | None]] = [
        (phrase, Turn(tuple(axes))) for phrase, axes in poles.items()
    ]
    return Phrases(found + [(phrase, None) for phrase in fixed])


@lru_cache(maxsize=8192)
def directions(reading: ParsedSentence) -> tuple[tuple[int, int, Turn], ...]:
    """(first word, last word, direction) in order; capitalised ones are parts of names."""
    return tuple(
        (first, last, turn)
        for first, last, turn in _turns().find(reading)
        if turn and not (reading.words[first].capital and first > 0)
    )


# Attribution

_ACTS = {
    "say": "cho biết|cho hay|nói|phát biểu|thông tin|thông báo|chia sẻ|trả lời|khẳng định|nhấn mạnh"
    "|lưu ý|báo cáo|nêu rõ|nêu|kể|giải thích|tiết lộ|công bố|dẫn ví dụ|say|said|tell|told|state"
    "|announce|report|explain|note|add|reveal|stress|emphasize|emphasise|declare|write|wrote",
    "think": "cho rằng|nhận định|tin rằng|nghĩ rằng|nhận xét|đánh giá|dự báo|dự đoán|think|thought"
    "|believe|argue|suggest|claim|consider|estimate|predict|describe|conclude|assume",
    "ask": "yêu cầu|đề nghị|kiến nghị|đề xuất|kêu gọi|chỉ đạo|mong|mong muốn|thúc giục|khuyến nghị"
    "|đòi|ask|asked|request|urge|demand|call on|call for|called for|propose|recommend|order|require"
    "|instruct|appeal",
    "deny": "bác bỏ|phủ nhận|từ chối|bác|phản bác|deny|denied|reject|refuse|refute|dispute",
    "promise": "hứa|cam kết|promise|pledge|vow|commit",
    "praise": "khen|khen ngợi|đánh giá cao|ca ngợi|biểu dương|hoan nghênh|praise|commend|applaud"
    "|appreciate|hail|welcome",
    "blame": "chỉ trích|phê bình|lên án|cáo buộc|tố cáo|criticize|criticise|blame|accuse|condemn",
}
_ACT: Phrases[str] = Phrases([(p, act) for act, line in _ACTS.items() for p in line.split("|")])
_SOURCE: Phrases[str] = Phrases([("theo", "say"), ("according to", "say"), ("dẫn lời", "say")])
# An act of the first kind that a text of the second supports.
_FITS = {("say", "think"), ("think", "say"), ("say", "ask"), ("say", "promise"), ("say", "praise"),
         ("think", "praise"), ("say", "blame"), ("think", "blame"), ("ask", "think")}  # fmt: skip
_NOT_A_SOURCE = frozenset("hướng tinh chủ quy qui đó kế định yêu nghị luật dõi đuổi từng".split())


@dataclass(frozen=True, slots=True)
class Saying:
    """An act of speech, its words, and the words ``[begin, end)`` in which its speaker stands."""

    act: str
    first: int
    last: int
    begin: int
    end: int


@lru_cache(maxsize=8192)
def sayings(reading: ParsedSentence) -> tuple[Saying, ...]:
    found = []
    words = reading.words
    for first, last, act in _ACT.find(reading):
        clause = words[first].clause
        begin = first
        while begin > 0 and words[begin - 1].clause >= clause - 2 and first - begin < 12:
            begin -= 1
        found.append(Saying(act, first, last, begin, first))
    for first, last, act in _SOURCE.find(reading):
        if last < len(words) and words[last].term not in _NOT_A_SOURCE:
            end = last
            while end < len(words) and words[end].clause == words[first].clause and end - last < 12:
                end += 1
            found.append(Saying(act, first, last, last, end))
    return tuple(found)


def act_fits(claimed: str, told: str) -> bool:
    """Whether an act of speech may be reported as the claimed one."""
    return claimed == told or (claimed, told) in _FITS
