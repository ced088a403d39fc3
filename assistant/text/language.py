"""Which language a text or a question is in. Pure functions of strings."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import lru_cache

import regex
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from assistant.text.terms import fold, written_terms

# What only Vietnamese writes among the languages in Latin script.
_VIETNAMESE = regex.compile(
    r"[ăđơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", regex.IGNORECASE
)


# A Vietnamese syllable without accents: an onset, then a rime.
_SYLLABLE = regex.compile(
    "(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdghklmnpqrstvx])?(?:"
    "a|ac|ach|ai|am|an|ang|anh|ao|ap|at|au|ay|e|ec|em|en|eng|eo|ep|et|enh|ech|eu|"
    "i|ia|ich|iec|iem|ien|ieng|iep|iet|ieu|im|in|inh|ip|it|iu|"
    "o|oa|oac|oach|oai|oam|oan|oang|oanh|oap|oat|oao|oay|oc|oe|oen|oet|oeo|oi|om|on|ong|op|ot|"
    "u|ua|uan|uang|uat|uay|uau|uc|ue|uech|uenh|ui|um|un|ung|uo|uoc|uoi|uom|uon|uong|uop|uot|"
    "uou|up|ut|uu|uy|uya|uyen|uyet|uynh|uych|uyt|uyu|y|yem|yen|yet|yeu)"
)
_SYLLABLES_OF_VIETNAMESE = 0.85  # share of such syllables that is enough without a marker


# Frequent words whose spelling without accents is rare in English, French, Spanish, Indonesian.
_MARKERS = frozenset(
    "gi nao khi bao nhieu cua nhung duoc khong dau nhu nguoi voi trong cac mot ong phuong ngay "
    "nam tai sao theo thi thanh pho nuoc tinh huyen xa dang dia viec hoi giua truoc lam".split()
)


# Names: words with a capital that follow one another, or that do not begin the text.
_NAMES = regex.compile(
    r"(?<![\p{Lu}\p{Ll}\p{M}])(?:\p{Lu}[\p{Lu}\p{Ll}\p{M}]*\s+)*"
    r"(?:(?<=\p{Lu}[\p{Lu}\p{Ll}\p{M}]*\s+)|(?<!^\P{L}*))\p{Lu}[\p{Lu}\p{Ll}\p{M}]*"
)


# Frequent English words that no Vietnamese syllable is spelt like, before "nguyen thanh nghi".
_ENGLISH = frozenset(
    "who what which when where why is are was were did does of and for from with not which".split()
)


FEW = 3  # words that are too few to tell a language by, unless it is TELLING
TELLING = 0.45  # probability of the likeliest language
LIKELIER = 10.0  # times as likely is the language of all articles as one of none


# One name for what belongs together in search.
_SAME_LANGUAGE = {"wuu": "zh", "yue": "zh", "arz": "ar", "ary": "ar", "ms": "id", "nn": "no"}
_LANGUAGES = (
    "ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja ka kk km ko lo lt lv mk ml mn "
    "mr ms my ne nl no pl pt ro ru si sk sl sq sr sv sw ta te th tl tr uk ur uz vi zh"
).split()


def has_accents(text: str) -> bool:
    """Whether a Vietnamese syllable of ``text`` has accents: "má", "Đường", but not "Beyoncé"."""
    return any(
        folded != term and _SYLLABLE.fullmatch(folded)
        for term, folded in ((term, fold(term)) for term in written_terms(text))
    )


def is_unaccented_vietnamese(text: str) -> bool:
    """Whether ``text`` reads as Vietnamese typed without accents: "ai la bi thu phuong".

    Decided by the share of its words that are Vietnamese syllables; where names of other
    languages lower it, by frequent words that hardly any other language spells so.
    """
    words = _words(text)
    if not words or not "".join(words).isascii():
        return False
    if _reads_english(words):
        return False
    share = _share_of_syllables(words)
    if share >= _SYLLABLES_OF_VIETNAMESE:
        return True
    markers = len(_MARKERS.intersection(words))
    return (share >= 0.6 and markers >= 1) or (share >= 0.4 and markers >= 2)


def language_of(text: str) -> str:
    """ISO 639-1 code of the language of ``text``; Vietnamese also when typed without accents.

    Vietnamese names do not make a text Vietnamese: "Who is Nguyễn Thanh Nghị?" is English.
    "und" when there is nothing to read.
    """
    sample = unicodedata.normalize("NFC", text[:2000])
    if not regex.search(r"\p{L}", sample):
        return "und"
    language = _language_with_names(sample)
    if language == "vi":
        rest = _NAMES.sub(" ", sample)
        words = [fold(word) for word in _words(rest)]
        if words and _share_of_syllables(words) <= 0.5:
            return _language_with_names(rest)
    return language


def tells_its_language(text: str) -> bool:
    """Whether a text says in which language it is: not "asdf qwerty", and no name alone."""
    words = _words(unicodedata.normalize("NFC", text))
    if not words:
        return False
    if not "".join(words).isascii() or language_of(text) == "vi":
        return True
    return bool(max(dict(_identifier().rank(" ".join(words))).values()) >= TELLING)


def language_among(text: str, shares: Mapping[str, float]) -> str:
    """The language of a question over articles of which each language has a share.

    A few words without accents, an acronym or a name ("UBND TPHCM", "Messi", "oil price"), tell
    little: then it is English, or one of the articles' languages, which are the likelier ones.
    """
    words = _words(unicodedata.normalize("NFC", text))
    found = language_of(text)
    if found == "vi" or not words or not "".join(words).isascii() or len(words) > FEW:
        return found
    probabilities = dict(_identifier().rank(" ".join(words)))
    if len(words) > 1 and max(probabilities.values()) >= TELLING:
        return found
    weights = {"en": 1.0} | {code: 1 + LIKELIER * share for code, share in shares.items()}
    known = {code: weights[code] * probabilities.get(code, 0.0) for code in weights}
    return max(known, key=lambda code: known[code])


def _words(text: str) -> list[str]:
    return [term for term in written_terms(text) if term.isalpha()]


def _reads_english(words: Sequence[str]) -> bool:
    return len(_ENGLISH.intersection(words)) >= 2


def _share_of_syllables(words: Sequence[str]) -> float:
    """Share of ``words``, which have no accents, that are Vietnamese syllables."""
    return sum(_SYLLABLE.fullmatch(word) is not None for word in words) / len(words)


def _language_with_names(sample: str) -> str:
    if len(_VIETNAMESE.findall(sample)) * 12 >= len(sample):
        return "vi"
    if is_unaccented_vietnamese(sample):
        return "vi"
    code = str(_identifier().classify(sample)[0])
    if code == "vi" and _reads_english(_words(sample)):
        return "en"  # names without accents in an English question
    return _SAME_LANGUAGE.get(code, code)


@lru_cache(maxsize=1)
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages([*_LANGUAGES, "wuu", "yue", "arz", "ary"])
    return identifier
