"""Words by which a question goes on with the last one, and words that say what it is about.

Vietnamese and English, some of French, German and Spanish. Where a question has no Vietnamese
accents, the patterns are read without them.
"""

from __future__ import annotations

from dataclasses import dataclass

import regex

from assistant.text.entities import PLACES, bare
from assistant.text.language import has_accents
from assistant.text.terms import fold, terms


@dataclass(frozen=True, slots=True)
class _Pattern:
    """A pattern of Vietnamese and other words, with and without accents."""

    accented: regex.Pattern[str]
    unaccented: regex.Pattern[str]

    @classmethod
    def of(cls, accented: str, only_accented: str = "") -> _Pattern:
        """``only_accented``: alternatives that mean too much else without their accents."""
        whole = f"{accented}|{only_accented}" if only_accented else accented
        flags = regex.IGNORECASE
        return cls(regex.compile(whole, flags), regex.compile(bare(accented), flags))

    def search(self, text: str) -> regex.Match[str] | None:
        return (self.accented if has_accents(text) else self.unaccented).search(text)

    def removed(self, text: str) -> str:
        pattern = self.accented if has_accents(text) else self.unaccented
        return " ".join(pattern.sub(" ", text).split())


_OPENING = r"^\W*(?:(?:thế|vậy|và|rồi|à|ừ|dạ|ok|and|so|but|then|well)\b\W*)*"
_CLOSING = r"(?:\s+(?:thì\s+sao|thì\s+thế\s+nào|thế\s+nào|ra\s+sao|sao|nhỉ|vậy|ạ|hả))*\W*$"
ELLIPTIC = _Pattern.of(
    rf"{_OPENING}còn\s+(?P<x>\S.*?){_CLOSING}"
    r"|^\W*(?:thế\s+)?(?P<x>\S.*?)\s+thì\s+(?:sao|thế\s+nào)\W*$"
    rf"|{_OPENING}(?:what|how)\s+about\s+(?P<x>.+?)\W*$"
    r"|^\W*(?:and|et|und|y)\s+(?:(?:for|in|at|of|pour|à|für|in|para|en)\s+)?"
    r"(?P<x>\S+(?:\s+\S+){0,3}?)\W*$"
)
_THINGS = (
    rf"{PLACES}|địa phương|nơi|khu|vùng|tổ|đội|nhóm|ban|cơ quan|đơn vị|công ty|tổ chức|trường"
    "|bệnh viện|dự án|công trình|nghị quyết|quyết định|nghị định|luật|one|resolution|group|company"
    "|project|organisation|organization|school|man|woman|person|secretary|place"
)
PEOPLE = "ông|bà|anh|chị|cô|người|vị|man|woman|person|secretary"
OTHER = _Pattern.of(
    rf"\b(?:các\s+)?(?P<noun>{_THINGS}|{PEOPLE}|bên|cái)\s+(?:kia|còn\s+lại)\b"
    rf"|\bthe\s+other(?:\s+(?P<noun>{_THINGS}|{PEOPLE}))?\b"
)
PERSON = _Pattern.of(
    r"\b(?:ông|bà|anh|chị|cô|người|vị)\s+(?:ấy|này|đó|ta)\b|\b(?:he|she|him)\b"
    rf"|\b(?:his|her)\b(?!\s+(?:{_THINGS})\b)"
)
THING = _Pattern.of(
    rf"\b(?P<noun>{_THINGS})\s+(?:này|đó|ấy|trên)\b"
    rf"|\b(?:his|her|its|their|this|that)\s+(?P<noun>{_THINGS})\b",
    # "Phường khắc phục thế nào?": one that was named before
    rf"^(?P<noun>{PLACES})\s+(?!(?:nào|này|đó|ấy|kia|mà)\b)(?=(?-i:\p{{Ll}}))",
)
VAGUE = _Pattern.of(
    r"^đó\s+là\b|\b(?:việc|điều|chuyện|cái|lúc|khi|hôm|ngày|chúng)\s+(?:này|đó|ấy|nó)\b"
    r"|\bnhư\s+(?:vậy|thế)\b|\b(?:it|its|they|them|their|those|these)\b"
    r"|\b(?:that|this|there)\W*$|^\W*(?:is|was|are|were)\s+(?:that|this)\b",
    r"\b(?:nó|họ)\b",
)
# Words that ask, or that say nothing of what is asked about.
ASKING = _Pattern.of(
    r"\b(?:ai\s+là|là\s+ai|do\s+ai|là\s+(?:những\s+)?gì|khi\s+nào|lúc\s+nào|bao\s+giờ|ở\s+đâu"
    r"|tại\s+đâu|nơi\s+nào|vì\s+sao|tại\s+sao|như\s+thế\s+nào|thế\s+nào|ra\s+sao|bao\s+nhiêu"
    r"|nào|gì|ai|mấy)\b"
    r"|\b(?:who|what|which|when|where|why|how(?:\s+(?:many|much|old|long))?)\b"
    r"(?:\s+(?:is|are|was|were|did|does|do|has|have|will|can)\b)?|[?]+\W*$",
    r"\bđâu\b",
)
PLAIN = frozenset(
    "là của có và với về các những một được bị do từ đến trong trên ngoài cho vào tại ở thì mà"
    " này đó ấy kia vậy thế cụ thể đã đang sẽ không phải hay hoặc như theo nói biết hãy xin nhé ạ"
    " vì sao khi lúc ngày năm tháng giờ hôm nay nơi khu vực đâu nào gì ai mấy bao nhiêu còn ra"
    " ông bà họ nó chúng lại cũng thêm nữa rõ hơn"
    " the a an of in on at for to from by with and or but is are was were be did does do has have"
    " had will would can could what which who whom whose when where why how many much it its he"
    " she him her his they them their this that these those there so about exactly please tell me"
    " first then".split()
)
PLAIN_FOLDED = frozenset(fold(word) for word in PLAIN)


def telling(text: str) -> list[str]:
    """The terms of ``text`` that say what it is about."""
    if has_accents(text):
        return [term for term in terms(text) if term not in PLAIN]
    return [term for term in terms(bare(text)) if term not in PLAIN_FOLDED]
