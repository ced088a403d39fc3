"""Questions as people type them: abbreviated, without accents, capitals or question mark, or with
a slip."""

from __future__ import annotations

import random
import re
import unicodedata
from typing import Final

UNACCENTED, LOWER, UNMARKED, SLIP = 0.25, 0.3, 0.3, 0.08  # shares of the questions
ABBREVIATED = 0.35  # share of the questions that have words which are
# What Vietnamese newspapers and those who read them abbreviate, longer words first.
ABBREVIATIONS: Final = {
    "nông nghiệp và phát triển nông thôn": "NN-PTNT", "hợp tác xã nông nghiệp": "HTX",
    "mặt trận tổ quốc": "MTTQ", "giáo dục và đào tạo": "GD-ĐT", "trung học phổ thông": "THPT",
    "trung học cơ sở": "THCS", "cảnh sát giao thông": "CSGT", "bảo hiểm xã hội": "BHXH",
    "bảo hiểm y tế": "BHYT", "ủy ban nhân dân": "UBND", "hội đồng nhân dân": "HĐND",
    "thành phố hồ chí minh": "TPHCM", "thành phố": "TP", "khu công nghiệp": "KCN",
    "huấn luyện viên": "HLV", "vận động viên": "VĐV", "câu lạc bộ": "CLB", "đội tuyển": "ĐT",
    "phó chủ tịch": "PCT", "chủ tịch": "CT", "phó giám đốc": "PGĐ", "giám đốc": "GĐ",
    "bệnh viện": "BV", "bệnh nhân": "BN", "bác sĩ": "BS", "doanh nghiệp": "DN", "hợp tác xã": "HTX",
    "công an": "CA", "tòa án nhân dân": "TAND", "viện kiểm sát": "VKS", "quốc lộ": "QL",
    "học sinh": "HS", "sinh viên": "SV", "giáo viên": "GV", "hiệu trưởng": "HT", "đại học": "ĐH",
    "nông thôn mới": "NTM", "bất động sản": "BĐS", "đồng bằng sông Cửu Long": "ĐBSCL",
    "số điện thoại": "SĐT", "bao nhiêu": "bn", "không": "ko", "được": "đc", "người": "ng",
}  # fmt: skip
_ABBREVIATED: Final = re.compile(rf"\b({'|'.join(ABBREVIATIONS)})\b", re.IGNORECASE)
_SHORT: Final = {words.lower(): short for words, short in ABBREVIATIONS.items()}


def as_typed(question: str, rng: random.Random) -> str:
    """The question with some of these habits, at random; often as it is."""
    if _ABBREVIATED.search(question) and rng.random() < ABBREVIATED:
        question = abbreviated(question)
    if rng.random() < UNACCENTED:
        question = without_accents(question)
    if rng.random() < LOWER:
        question = question.lower()
    if rng.random() < UNMARKED:
        question = question.rstrip(" ?？؟")
    if rng.random() < SLIP:
        question = with_slip(question, rng)
    return question


def abbreviated(text: str) -> str:
    """Vietnamese words as newspapers abbreviate them: "huấn luyện viên" → "HLV"."""
    return _ABBREVIATED.sub(lambda found: _SHORT[found.group().lower()], text)


def without_accents(text: str) -> str:
    """Latin letters without their accents: "Đường về" → "Duong ve". Other scripts stay."""
    return "".join(map(_bare, text))


def _bare(character: str) -> str:
    if character in "đĐ":
        return "dD"["đĐ".index(character)]
    base = unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


def with_slip(text: str, rng: random.Random) -> str:
    """Two letters of a word exchanged, one left out, or one doubled; never in a number."""
    inside = [i for i in range(len(text) - 1) if text[i].isalpha() and text[i + 1].isalpha()]
    if not inside:
        return text
    i = rng.choice(inside)
    middle = rng.choice((text[i + 1] + text[i], text[i], text[i] + text[i] + text[i + 1]))
    return text[:i] + middle + text[i + 2 :]
