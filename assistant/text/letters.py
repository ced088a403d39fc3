"""Vietnamese letters as they come: what looks the same is searched as the same.

Articles keep their text letter for letter; searching and reading see it through these functions.
"""

from __future__ import annotations

import unicodedata
from itertools import product

import regex

# Soft hyphen, zero-width space, word joiner and byte order mark are not seen inside a word; nor are
# zero-width joiners and non-joiners among Latin letters. In Persian and Indic these are spelling.
UNSEEN = regex.compile(
    r"(?<=\p{Latin}\p{M}*)[\u00ad\u200b-\u200d\u2060\ufeff]+"
    r"|[\u00ad\u200b-\u200d\u2060\ufeff]+(?=\p{Latin})"
    r"|[\u00ad\u200b\u2060\ufeff]+"
)

# Old encodings turn đ into eth, which looks like it; Icelandic has none at the start of a word.
_ETH = regex.compile(r"(?<!\p{L})[ðÐ](?=\p{L})")
_STROKE = {"ð": "đ", "Ð": "Đ"}

# "hoà" and "hòa", "thuỷ" and "thủy": two ways to place a tone in an open syllable of oa, oe, uy.
# Newspapers write the second. After q the u belongs to the consonant: "quý" has one way only.
_TONES = "\u0300\u0301\u0303\u0309\u0323"


def _composed(letter: str, tone: str) -> str:
    return unicodedata.normalize("NFC", letter + tone)


_PLACED = {
    first + _composed(last, tone): _composed(first, tone) + last
    for pair, tone in product(("oa", "oe", "uy"), _TONES)
    for first, last in product((pair[0], pair[0].upper()), (pair[1], pair[1].upper()))
}
_OPEN = regex.compile(rf"(?<![qQ])(?:{'|'.join(_PLACED)})(?!\p{{L}})")
# With letters behind them there is one way, and "hòan", "ngòai", "khủyu" are slips.
_SLIPS = {new: old for old, new in _PLACED.items()}
_CLOSED = regex.compile(rf"(?<![qQ])(?:{'|'.join(_SLIPS)})(?=\p{{L}})")
_AFTER_Q = {_composed("u", tone) + "y": "u" + _composed("y", tone) for tone in _TONES}
_QUY = regex.compile(rf"(?<=[qQ])(?:{'|'.join(_AFTER_Q)})")

# "kĩ" and "kỹ", "quí" and "quý": alone behind h, k, l, m, t and qu, i and y are the same, and
# newspapers write y; behind s they write i, "bác sĩ".
_I, _Y = "iíìỉĩị", "yýỳỷỹỵ"
_SPELT = {
    onset + i: onset + y
    for onset in ("h", "k", "l", "m", "t", "qu")
    for i, y in zip(_I, _Y, strict=True)
} | {"s" + y: "s" + i for i, y in zip(_I, _Y, strict=True)}
_RARE = {usual: rare for rare, usual in _SPELT.items()}


def mended(text: str) -> str:
    """``text`` (NFC), as long as before, with đ for eth and tones where newspapers place them."""
    text = _ETH.sub(lambda found: _STROKE[found[0]], text)
    text = _OPEN.sub(lambda found: _PLACED[found[0]], text)
    text = _CLOSED.sub(lambda found: _SLIPS[found[0]], text)
    return _QUY.sub(lambda found: _AFTER_Q[found[0]], text)


def as_searched(text: str) -> str:
    """``text`` in NFC, mended, without what is not seen."""
    return mended(unicodedata.normalize("NFC", UNSEEN.sub("", text)))


def spelt(syllable: str) -> str:
    """A syllable in lower case with the i or y that newspapers write: "kĩ" → "kỹ"; others stay."""
    return _SPELT.get(syllable, syllable)


def rarely_spelt(syllable: str) -> str:
    """The other way round: "kỹ" → "kĩ"."""
    return _RARE.get(syllable, syllable)
