"""Text of the encodings that Vietnamese was written in before Unicode.

A text is read in each of them. Where one reading gives Vietnamese syllables and all the others
garble them, that one is certain; other languages garble in every reading. Nothing is guessed.

TCVN3         TCVN 5712:1993, also called ABC. Fonts (.VnTime) have form VN3 of the standard: of the
              capitals only those without a tone, no tones by themselves, and from 80 to 9F the
              quotation marks of Windows-1252. iconv writes form VN1, which has all capitals; it
              is read as well.
              Fonts for capitals (.VnTimeH) show the codes of small letters as capitals; bytes do
              not tell, so these letters stay small: "TR¦êNG" is "TRƯờNG".
VISCII        RFC 1456. Six capitals have codes of control characters.
VNI           VNI for Windows, in the table of VNI Software: a letter, then a byte for its marks.
Windows-1258  Microsoft's code page 1258 as in Python's codec: a letter, then its tone.
UTF-8 encoded twice: taken for Windows-1252 or Latin-1 in between, "Tiáº¿ng Viá»‡t".
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import regex

# TCVN 5712:1993, VN1: codes 80 to FF, tones by themselves from B0 to B4; letters among controls.
_TCVN = (
    "ÀẢÃÁẠẶẬÈẺẼÉẸỆÌỈĨÍỊÒỎÕÓỌỘỜỞỠỚỢÙỦŨ"
    "\xa0ĂÂÊÔƠƯĐăâêôơưđẰ\u0300\u0309\u0303\u0301\u0323àảãáạẲằẳẵắẴ"
    "ẮẦẨẪẤỀặầẩẫấậèỂẻẽéẹềểễếệìỉỄẾỒĩíịò"
    "ỔỏõóọồổỗốộờởỡớợùỖủũúụừửữứựỳỷỹýỵỐ"
)
_TCVN_CONTROLS = ("\x01\x02\x04\x05\x06\x11\x12\x13\x14\x15\x16\x17", "ÚỤỪỬỮỨỰỲỶỸÝỴ")
_IN_FONTS = regex.compile(r"[ĂÂÊÔƠƯĐ]|\p{Ll}")

# RFC 1456: codes 80 to FF, and letters among controls.
_VISCII = (
    "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲ"
    "ÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯ"
    "ÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡư"
    "àáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"
)
_VISCII_CONTROLS = ("\x02\x05\x06\x14\x19\x1e", "ẲẴẪỶỸỴ")

# VNI for Windows, as Windows-1252 shows it: whole letters, and marks after a letter of either case.
_VNI_LETTERS = ("ñôöíìæóòîÑÔÖÍÌÆÓÒÎ", "đơưíìỉĩịỵĐƠƯÍÌỈĨỊỴ")
_VNI_MARKS = dict(
    zip(
        "ùøûõïâáàåãäêéèúüë",
        "\u0301 \u0300 \u0309 \u0303 \u0323 "
        "\u0302 \u0302\u0301 \u0302\u0300 \u0302\u0309 \u0302\u0303 \u0302\u0323 "
        "\u0306 \u0306\u0301 \u0306\u0300 \u0306\u0309 \u0306\u0303 \u0306\u0323".split(),
        strict=True,
    )
)
_VNI_STRAY = regex.compile(f"(?<![aeouyôö])[{''.join(_VNI_MARKS)}]", regex.IGNORECASE)

_CODES = range(0x80, 0x100)
_WINDOWS_1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in _CODES)
_WINDOWS_1258 = bytes(_CODES).decode("cp1258", "replace")
_MISSING = "\ufffd"

# A letter of Windows-1252 that the encoding has not is no letter of a Vietnamese word. It stands
# among the private characters, which no text holds, until the reading has been measured.
_PRIVATE = 0x10FF00
_PUBLIC = {_PRIVATE + code: letter for code, letter in zip(_CODES, _WINDOWS_1252, strict=True)}

# Salad → codes. Greek mu is what compatibility forms make of the micro sign, TCVN3's "à".
_AS_CODES = {ord(letter): code for code, letter in zip(_CODES, _WINDOWS_1252, strict=True)}
_AS_CODES[ord("μ")] = ord("µ")
_NO_SALAD = regex.compile(rf"(?V1)[[\p{{L}}\p{{M}}]--[a-zA-Z{regex.escape(_WINDOWS_1252)}μ]]")
_CONTROL = regex.compile("[\x00-\x08\x0e-\x19\x1b-\x1f]")

# A syllable without its tone: an onset, spelt as the next letter wants it, and a rhyme.
_SYLLABLE = regex.compile(
    "(?:ngh(?=[ieê])|gh(?=[ieê])|k(?=[ieêy])|c(?![ieêyh])|gi?|qu?|[cknpt]?h|tr|ng?|[bdđlmprstvx])?"
    "(?:a(?:ch?|i|m|nh?|ng|o|p|t|u|y)?|ă(?:c|k|m|ng?|p|t)|â(?:c|m|ng?|p|t|u|y)|"
    "e(?:c|m|ng?|o|p|t)?|ê(?:ch|m|nh?|p|t|u)?|i(?:a|ch|m|nh?|p|t|u|ê(?:c|m|ng?|p|t|u))?|"
    "o(?:a(?:ch?|i|m|nh?|ng|o|p|t|y)?|ă(?:c|m|ng?|t)|c|e(?:n|o|t)?|i|m|n|o?ng|oc|p|t)?|"
    "ô(?:c|i|m|ng?|p|t)?|ơ(?:i|m|n|p|t)?|"
    "u(?:a|â(?:ng?|t|y)|c|ê(?:ch|nh?)?|i|m|ng?|ô(?:c|i|m|ng?|t)|ơ|p|t|"
    "y(?:a|ch|nh?|t|u|ê(?:n|t))?)?|"
    "ư(?:a|c|i|ng?|t|u|ơ(?:c|i|m|ng?|p|t|u))?|y(?:ê(?:m|ng?|t|u)|nh?|t)?)"
)
_STOPPED = regex.compile("(?:[ckpt]|ch)$")
_MODIFIED = regex.compile("[ăâêôơư](?=[^ăâêôơư]*$)")  # the last of these carries the tone
_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONES_OF_STOPPED = ("\u0301", "\u0323")

_PART = regex.compile(r"[^ \t\r\n]+")
_APART = regex.compile(r"(\n|(?<=[.!?:;]) )")  # lines, sentences, cells of a row

# Letters, and the signs that stand for them where an encoding is misread.
_SIGN = r"\x01-\x08\x0e-\x19\x1b-\x1f\x80-\x9f¡¢¤¥¦¨¬\xad¯±´¶¸¹¼¾¿×÷ˆ˜†‡‰‹›™\U0010ff80-\U0010ffff"
_WORD = regex.compile(
    rf"(?<![\p{{L}}\p{{M}}\p{{N}}])(?:[\p{{L}}\p{{M}}{_SIGN}]|(?<=\p{{L}})['’](?=\p{{L}}))++(?!\p{{N}})"
)
_ABBREVIATION = regex.compile("[A-ZĐ]+")  # "HĐND"
_LATE_CAPITAL = regex.compile(r"[a-z](?![A-Z])\p{Lu}")  # "TiÓu"

# Files made from PDF have a hyphen for TCVN3's "ư", which is Latin-1's soft hyphen: "Tr-êng".
# Dashes and the letters of a list ("b- ") are none.
_HYPHENATED = regex.compile(
    r"(?<![\p{L}\p{N}-])(?!-(?!\p{L})|(?<=^\s*)\p{L}-(?!\p{L}))(\p{L}*)-(\p{L}*)(?![\p{L}\p{N}-])",
    regex.MULTILINE,
)

_TWICE = "UTF-8 encoded twice"

# What is certain. No paragraph of the Universal Declaration of Human Rights in 530 other languages
# and 30 encodings is taken for Vietnamese.
_KINDS = 3  # different words with accents, at least; one less makes the lead
FEW_KINDS = 2  # the same, in a name or a line that stands among Vietnamese
_FEW = 8  # words; of fewer all must be syllables
_SHARE_OF_ACCENTED = 0.9  # of the words with accents that are syllables
_SHARE = 0.8  # of all words: names from other languages have no accents as a rule
_LEAD = 0.2  # of the share of words with accents over the same share in every other reading
_RARE = 0.02  # share of codes above 7F that no Vietnamese falls short of: no need to read further


def decoded(data: bytes) -> tuple[str, str] | None:
    """The text of ``data`` in NFC and its encoding: TCVN3, VISCII, VNI or Windows-1258.

    None unless ``data`` is certainly Vietnamese in that encoding; so also for ASCII and UTF-8.
    Newlines stay as they are. Codes that the encoding lacks are read as Windows-1252.
    """
    if data.isascii() or _is_utf8(data):
        return None
    return _certain(data.decode("latin-1"))


def recovered(text: str, kinds: int = _KINDS, known: str = "") -> tuple[str, str] | None:
    """``text`` mended and in NFC, and the encoding whose bytes were taken for Windows-1252.

    "Tr\u00adêng TiÓu häc" → ("Trường Tiểu học", "TCVN3"). None unless that is certain; so also for
    text of any language that is right as it is, and wherever letters beyond Windows-1252 occur.
    ``kinds``: different words with accents that it takes; ``known``: the only encoding it may be.
    """
    if not may_be_salad(text):
        return None
    codes = text.translate(_AS_CODES)
    if known == _TWICE:
        return _twice_encoded(codes, kinds)
    return (not known and _twice_encoded(codes, kinds)) or _certain(codes, kinds, known)


def recovered_parts(text: str) -> tuple[str, str] | None:
    """The same for a text of which some is right as it is: what may be salad is judged together,
    then each line, sentence and cell of a row in the encoding that this gives."""
    together = recovered("\n".join(filter(may_be_salad, _APART.split(text))))
    if together is None:
        return None
    encoding = together[1]

    def mended(part: str) -> str | None:
        return (recovered(part, FEW_KINDS, encoding) or (None,))[0]

    found = "\n".join(
        mended(line) or "".join(mended(part) or part for part in _APART.split(line))
        for line in text.split("\n")
    )
    return (found, encoding) if found != text else None


def may_be_salad(text: str) -> bool:
    """Whether ``text`` has letters beyond ASCII, and only those of Windows-1252."""
    return not text.isascii() and not _NO_SALAD.search(text)


def _twice_encoded(codes: str, kinds: int) -> tuple[str, str] | None:
    """The Vietnamese of which ``codes`` are the UTF-8."""
    try:
        text = codes.encode("latin-1").decode("utf-8-sig")
    except UnicodeError:
        return None
    measure = _measured(Counter(_PART.findall(text)), str)
    return (unicodedata.normalize("NFC", text), _TWICE) if measure.is_vietnamese(kinds) else None


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _certain(codes: str, kinds: int = _KINDS, known: str = "") -> tuple[str, str] | None:
    """The certain reading of ``codes``, which has a character U+0080 to U+00FF for each byte."""
    above = len(codes) - len(codes.encode("ascii", "ignore"))
    if above < _RARE * len(codes):
        return None
    parts = Counter(_PART.findall(codes))
    possible = [one for one in _ENCODINGS if not known or one.name in (known, "")]
    readings = [(encoding, _measured(parts, encoding.read)) for encoding in possible]
    encoding, best = max(readings, key=lambda reading: reading[1].rank)
    lead = best.share - max(own.share for other, own in readings if other.name != encoding.name)
    if not best.is_vietnamese(kinds) or lead < _LEAD or lead * best.accented < kinds - 1:
        return None
    text = encoding.read(codes)
    if not encoding.name or _CONTROL.search(text):
        return None
    return unicodedata.normalize("NFC", text.translate(_PUBLIC)), encoding.name


# Readings
@dataclass(frozen=True, slots=True)
class _Encoding:
    """``read`` gives codes as the encoding reads them, with private characters for missing ones."""

    name: str
    read: Callable[[str], str]


def _table(letters: str, controls: tuple[str, str] = ("", "")) -> dict[int, str]:
    """A table for ``str.translate`` from the letters of codes 80 to FF."""
    table = {ord(code): letter for code, letter in zip(*controls, strict=True)}
    for code, letter, western in zip(_CODES, letters, _WINDOWS_1252, strict=True):
        missing = chr(_PRIVATE + code) if western.isalpha() else western
        table[code] = missing if letter == _MISSING else letter
    return table


def _vni_table() -> dict[int, str]:
    table = _table(_WINDOWS_1252)
    table |= {ord(code): letter for code, letter in zip(*_VNI_LETTERS, strict=True)}
    for code, marks in _VNI_MARKS.items():
        table |= {ord(code): marks, ord(code.upper()): marks}
    return table


def _reader(table: Mapping[int, str]) -> Callable[[str], str]:
    return lambda codes: codes.translate(table)


def _read_fonts(codes: str) -> str:
    text = codes.translate(_FONTS_TABLE)
    return text if "\xad" in codes else _HYPHENATED.sub(_with_horn, text)


def _with_horn(found: regex.Match[str]) -> str:
    before, after = found.groups()
    word = f"{before}ư{after}"
    apart = _is_syllable(before) and _is_syllable(after)
    return word if _is_syllable(word) and not apart else found[0]


def _read_vni(codes: str) -> str:
    marked = _VNI_STRAY.sub(lambda mark: chr(_PRIVATE + ord(mark[0])), codes)
    return marked.translate(_VNI_TABLE)


_FONTS_TABLE = _table(
    _MISSING * 32 + "".join(c if _IN_FONTS.match(c) else _MISSING for c in _TCVN[32:])
)
_VNI_TABLE = _vni_table()
_ENCODINGS = (
    _Encoding("TCVN3", _read_fonts),
    _Encoding("TCVN3", _reader(_table(_TCVN, _TCVN_CONTROLS))),
    _Encoding("VISCII", _reader(_table(_VISCII, _VISCII_CONTROLS))),
    _Encoding("VNI", _read_vni),
    _Encoding("Windows-1258", _reader(_table(_WINDOWS_1258))),
    _Encoding("", _reader(_table(_WINDOWS_1252))),  # the text as it is
)


# Measure
@dataclass(frozen=True, slots=True)
class _Measure:
    """How many words a reading has and how many are Vietnamese syllables.

    Words of one letter and abbreviations do not count: they are right in every encoding.
    """

    kinds: int  # of words with accents
    words: int
    syllables: int
    accented: int
    accented_syllables: int

    @property
    def share(self) -> float:
        """Share of syllables among the words with accents."""
        return self.accented_syllables / self.accented if self.accented else 0.0

    @property
    def rank(self) -> tuple[float, int]:
        return self.share, self.accented_syllables

    def is_vietnamese(self, kinds: int) -> bool:
        if self.kinds < kinds:
            return False
        if self.words < _FEW:
            return self.syllables == self.words
        return self.share >= _SHARE_OF_ACCENTED and self.syllables >= _SHARE * self.words


def _measured(parts: Mapping[str, int], read: Callable[[str], str]) -> _Measure:
    """Measures the reading of a text that holds each of ``parts`` so many times."""
    text = unicodedata.normalize("NFC", read(" ".join(parts)))
    counts: Counter[str] = Counter()
    for part, count in zip(text.split(" "), parts.values(), strict=True):
        for word in _WORD.findall(part):
            counts[word] += count
    syllables = {word for word in counts if _is_syllable(word)}
    words = {word for word in counts if word in syllables or not _ABBREVIATION.fullmatch(word)}
    words -= {word for word in words if len(word) == 1 and word.isalpha()}
    accented = {word for word in words if not (word.isascii() and word.isprintable())}
    sets = (words, words & syllables, accented, accented & syllables)
    return _Measure(len(accented), *(sum(counts[word] for word in chosen) for chosen in sets))


@lru_cache(maxsize=20_000)
def _is_syllable(word: str) -> bool:
    """Whether ``word`` (NFC) is spelt like a Vietnamese syllable; in ASCII, without its tone."""
    if _LATE_CAPITAL.search(word):
        return False
    word = word.lower()
    if word.isascii():
        return _SYLLABLE.fullmatch(word) is not None
    bare, tones = _without_tones(word)
    if len(bare) != len(word) or not _SYLLABLE.fullmatch(bare):
        return False
    if _STOPPED.search(bare):
        return tones in _TONES_OF_STOPPED and _tone_is_placed(word, bare)
    return len(tones) <= 1 and _tone_is_placed(word, bare)


def _tone_is_placed(word: str, bare: str) -> bool:
    """Whether the tone is on a vowel, and on the last of those with a mark where there are any."""
    modified = _MODIFIED.search(bare)
    carriers = modified[0] if modified else "aeiouy"
    return all(b in carriers for letter, b in zip(word, bare, strict=True) if letter != b)


def _without_tones(word: str) -> tuple[str, str]:
    """ "được" → ("đươc", "\u0323"): the word, letter for letter, and its tones."""
    letters = unicodedata.normalize("NFD", word)
    bare = "".join(c for c in letters if c not in _TONES)
    return unicodedata.normalize("NFC", bare), "".join(c for c in letters if c in _TONES)
