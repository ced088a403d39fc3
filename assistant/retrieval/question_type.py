"""What kind of thing a question asks for."""

from __future__ import annotations

from typing import Literal

import regex

from assistant.text.terms import fold

Kind = Literal["person", "time", "number", "place"]

# Question words without accents, so that questions typed without them are read as well.
# Vietnamese first, then English, German, French, Spanish, Indonesian; "mấy" folds to "may".
_LATIN: tuple[tuple[Kind, str], ...] = (
    (
        "number",
        r"bao nhieu|\bmay (nguoi|lan|nam|phuong|diem|dong|ngay|gio)|so luong|ty le|phan tram"
        r"|\bhow (many|much|old|long|far|tall|large|big|high)\b|what (percentage|percent|number)"
        r"|\bwie ?viele?\b|\bcombien\b|\bcuant[oa]s?\b|\bberapa\b",
    ),
    (
        "time",
        r"khi nao|luc nao|bao gio|ngay nao|nam nao|thang nao|ngay may|the ky nao|tu nam"
        r"|\bwhen\b|\b(what|which|in what|in which) (year|date|day|month|century|decade|time)\b"
        r"|\bwann\b|\bin welchem jahr|\bquand\b|\bcuando\b|\bkapan\b",
    ),
    (
        "person",
        r"\bai\b|nguoi nao|\bong nao|\bba nao|ten cua (ong|ba|nguoi)"
        r"|\bwho(m|se)?\b|\bwer\b|\bwessen\b|\bqui\b|\bquien(es)?\b|\bsiapa\b",
    ),
    (
        "place",
        r"o dau|tai dau|noi nao|dia diem|(phuong|xa|quan|tinh|thanh pho|nuoc|quoc gia) nao"
        r"|\bwhere\b|\b(what|which) (city|country|town|state|place|ward|district|region)\b"
        r"|\bwo\b|\bwoher\b|\bou\b|\bdonde\b|\bdi mana\b",
    ),
)
# Scripts without folding: Chinese, Japanese, Korean, Thai, Arabic, Russian.
_OTHER: tuple[tuple[Kind, str], ...] = (
    ("number", r"多少|几[个名次年]|幾|いくつ|何[人個回]|몇|얼마|กี่|เท่าไ|เท่าใด|كم\b|عدد|сколько"),
    (
        "time",
        r"什么时候|何时|哪[一]?年|哪天|いつ|何年|언제|몇 년|เมื่อใด|เมื่อไ|ปีใด|ปีไหน"
        r"|متى|أي عام|когда|каком году",
    ),
    ("person", r"谁|哪位|誰|だれ|누구|누가|ใคร|من هو|من هي|^من |кто\b|кого"),
    ("place", r"哪里|何处|在哪|どこ|어디|ที่ไหน|ที่ใด|أين|где\b|откуда"),
)
_PATTERNS = [
    (kind, regex.compile(latin), regex.compile(dict(_OTHER)[kind])) for kind, latin in _LATIN
]
_LISTING = regex.compile(
    r"\bnhung .*\b(gi|nao|ai)\b|gom (co )?(nhung )?(gi|ai)|liet ke|ke ten|(hai|ba|bon|nam|sau) .*"
    r"\b(la gi|gom|nao|la nhung)\b|cac .*\b(la gi|nao|gom)\b|yeu cau gi|kien nghi gi|de nghi gi"
    r"|\blist\b|\bname (all|the)\b|what are\b|which .*s (are|were|did|does|do)\b"
    r"|\b(two|three|four|five|six)\b.*\?"
)


def kind_asked(question: str) -> Kind | None:
    """The kind of answer the question asks for, None when it is another or not clear."""
    folded, whole = fold(question), question.lower()
    for kind, latin, other in _PATTERNS:
        if latin.search(folded) or other.search(whole):
            return kind
    return None


def asks_for_list(question: str) -> bool:
    """Whether the answer is an enumeration: "bốn nhiệm vụ là gì?", "what are the …"."""
    return _LISTING.search(fold(question)) is not None
