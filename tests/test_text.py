"""Terms, accents and languages, with figures read off the text."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.text.interface_texts import Part, Words, interface_texts
from assistant.text.language import (
    has_accents,
    is_unaccented_vietnamese,
    language_among,
    language_of,
)
from assistant.text.terms import bigrams, fold, terms

# Terms

INTERFACE = Path(__file__).parents[1] / "assistant/text/interface"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ông Tâm, bí thư.", ["ông", "tâm", "bí", "thư"]),
        ("TP.HCM: “Đường”", ["tp", "hcm", "đường"]),
        ("Kĩ sư, QUÍ, tỉ, công ti", ["kỹ", "sư", "quý", "tỷ", "công", "ty"]),
        ("bác sỹ Lí hi sinh", ["bác", "sĩ", "lý", "hy", "sinh"]),
        ("tai tay, mai may, thúi thúy", ["tai", "tay", "mai", "may", "thúi", "thúy"]),
        ("1.250 tỷ, 15,5% ngày 5-8", ["1.250", "tỷ", "15,5", "ngày", "5", "8"]),
        ("COVID-19 và G7", ["covid", "19", "và", "g7"]),
        ("市委副书记", ["市委", "委副", "副书", "书记"]),
        ("水", ["水"]),
        ("2025年", ["2025", "年"]),
        ("東京タワーへ", ["東京", "京タ", "タワ", "ワー", "ーへ"]),
        ("กา", ["กา"]),
        ("น้ำใจ", ["น้", "้ำ", "ำใ", "ใจ"]),
        ("서울 시장", ["서울", "시장"]),
        ("Größe naïve", ["größe", "naïve"]),
        ("😀 … — !", []),
        ("", []),
        ("a_b", ["a", "b"]),
        ("x" * 100, ["x" * 64]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    "text",
    ["Thủ tướng đến thăm phường Lái Thiêu", "Ố Ộ ữ ặ Ẫ ỵ", "Qui a composé ?", "각하 가", "กำ น้ำ"],
)
def test_composed_and_decomposed_texts_have_the_same_terms(text: str) -> None:
    composed, decomposed = (unicodedata.normalize(form, text) for form in ("NFC", "NFD"))
    assert composed != decomposed or "ำ" in text
    assert terms(composed) == terms(decomposed)
    assert fold(composed) == fold(decomposed)
    assert has_accents(composed) == has_accents(decomposed)
    assert language_of(composed) == language_of(decomposed)


@given(st.text())
def test_terms_can_be_stored_one_after_another(text: str) -> None:
    for term in terms(text):
        assert 0 < len(term) <= 64
        assert "_" not in term  # it joins pairs
        assert term.split() == [term]


def test_bigrams_join_neighbours() -> None:
    assert bigrams(["bí", "thư", "đảng"]) == ["bí_thư", "thư_đảng"]
    assert bigrams(["bí"]) == bigrams([]) == []


# Accents


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đường ĐẶNG đồng", "duong dang dong"),
        ("ăâđêôơư ẮẦẪỆỘỠỰ ỳỵỷỹ", "aadeoou aaaeoou yyyy"),
        ("Café Müller", "cafe muller"),
        ("1.250 đ", "1.250 d"),
        ("書記", "書記"),
        ("서울", "서울"),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "accented"),
    [
        ("Đường", True),
        ("Má là ai?", True),  # of accents that other languages write as well
        ("Ông Tâm", True),
        ("ai la bi thu", False),
        ("ca si Beyoncé la ai", False),  # the accent is in a word that is not Vietnamese
        ("2025", False),
        ("", False),
    ],
)
def test_has_accents(text: str, accented: bool) -> None:
    assert has_accents(text) is accented


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ai la bi thu phuong", True),
        ("bon nhiem vu trong tam la gi", True),
        ("Facebook va Google duoc thanh lap khi nao", True),
        ("ai là bí thư phường", False),
        ("Who is the secretary?", False),
        ("La casa de mi tio es grande", False),
        ("Siapa nama ibu kota Indonesia", False),
        ("2025", False),
    ],
)
def test_is_unaccented_vietnamese(text: str, expected: bool) -> None:
    assert is_unaccented_vietnamese(text) is expected


# Languages


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Ai là bí thư đảng ủy phường Lái Thiêu?", "vi"),
        ("Ông Tâm là ai?", "vi"),
        ("ai la bi thu dang uy phuong lai thieu", "vi"),
        ("BON NHIEM VU TRONG TAM LA GI", "vi"),
        ("Nguyễn Thanh Nghị", "vi"),
        ("Nguyễn Thanh Nghị là ai?", "vi"),
        ("ĐẠI HỘI ĐẢNG BỘ PHƯỜNG", "vi"),
        ("WHO la to chuc gi", "vi"),
        ("Qui a composé la musique du film ?", "fr"),
        ("Who is the secretary of Lái Thiêu ward?", "en"),
        ("Who is Nguyễn Thanh Nghị?", "en"),
        ("Who is Đỗ Mười?", "en"),
        ("What did Nguyen Thanh Nghi say?", "en"),
        ("Qui est Nguyễn Thanh Nghị ?", "fr"),
        ("Wer ist Nguyễn Thanh Nghị?", "de"),
        ("谁是Nguyễn Thanh Nghị?", "zh"),
        ("市委副书记是谁?", "zh"),
        ("今日は何年ですか", "ja"),
        ("서울은 어디에 있습니까", "ko"),
        ("ใครเป็นเลขาธิการพรรค", "th"),
        ("من هو رئيس المدينة؟", "ar"),
        ("Кто является мэром Москвы?", "ru"),
        ("Wer ist der Bürgermeister von Berlin?", "de"),
        ("¿Quién compuso la música?", "es"),
        ("Siapa nama ibu kota Indonesia?", "id"),
        ("1.250 – 15,5%", "und"),
        ("😀", "und"),
        ("", "und"),
    ],
)
def test_language_of(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.parametrize("part", ["page", "card", "sign_in"])
def test_the_interface_says_the_same_in_every_language(part: Part) -> None:
    vietnamese, english = (interface_texts(part)[language] for language in ("vi", "en"))
    assert names_in(vietnamese) == names_in(english)


def names_in(words: Words) -> dict[str, set[str]]:
    """Every text's name with its slots, groups included."""
    found: dict[str, set[str]] = {}
    for name, text in words.items():
        if isinstance(text, str):
            found[name] = set(re.findall(r"\{\w*\}", text))
        else:
            found |= {f"{name}.{inner}": slots for inner, slots in names_in(text).items()}
    return found


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("HĐND", "vi"),
        ("KCN VSIP", "vi"),
        ("gold price", "en"),
        ("football results", "en"),
        ("prix du petrole", "fr"),
        ("Ölpreis", "de"),
        ("who is the mayor of this city", "en"),
        ("gia vang", "vi"),
    ],
)
def test_a_few_words_are_in_a_language_of_the_articles(asked: str, language: str) -> None:
    assert language_among(asked, {"vi": 0.9, "ja": 0.1}) == language


@pytest.mark.parametrize("path", sorted(INTERFACE.glob("*.json")), ids=lambda path: path.stem)
def test_no_words_of_the_interface_take_the_place_of_others(path: Path) -> None:
    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        assert len(found) == len(pairs), [name for name, _ in pairs]
        return found

    json.loads(path.read_text("utf-8"), object_pairs_hook=unique)
