"""Accents are restored as the counts say; all else stays as it was typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.text.accents import (
    OWN_WEIGHT,
    Lookup,
    Prior,
    Statistics,
    count_syllables,
    prior,
    restore_accents,
)
from assistant.text.terms import fold

Forms = Mapping[str, Mapping[str, int]]
Pairs = Mapping[tuple[str, str], int]


def counted(forms: Forms, pairs: Pairs | None = None, total: int = 100) -> Lookup:
    return lambda folded: Statistics(forms, pairs or {}, total)


def nothing(folded: Sequence[str]) -> Statistics:
    return Statistics({}, {}, 0)


# Each syllable's chance is 0.8 × pair / count of the one before + 0.2 × (count + 0.01) / 101.


@pytest.mark.parametrize(
    ("pairs", "restored"),
    [
        # là: 0.2 × 4.01 / 101 = 0.0079; la: 0.2 × 6.01 / 101 = 0.0119
        ({}, "ai la"),
        # là: 0.8 × 1 / 10 + 0.0079 = 0.0879; la: 0.0119
        ({("ai", "là"): 1}, "ai là"),
        # là: 0.0879; la: 0.8 × 2 / 10 + 0.0119 = 0.1719
        ({("ai", "là"): 1, ("ai", "la"): 2}, "ai la"),
        # a pair with another syllable before it says nothing
        ({("đó", "là"): 9}, "ai la"),
    ],
)
def test_pairs_count_more_than_single_syllables(pairs: Pairs, restored: str) -> None:
    forms = {"ai": {"ai": 10}, "la": {"la": 6, "là": 4}}
    assert restore_accents("ai la", counted(forms, pairs)) == restored


def test_i_and_y_of_a_syllable_are_the_same() -> None:
    lookup = counted({"ky": {"kỹ": 9}, "thuat": {"thuật": 9}, "si": {"sĩ": 9}})
    assert restore_accents("Ki thuat, ky su, Sy, LI", lookup) == "Kĩ thuật, kỹ su, Sỹ, LI"


def test_one_pair_outweighs_many_single_syllables() -> None:
    lookup = counted({"ai": {"ai": 5}, "la": {"la": 60, "là": 4}}, {("ai", "là"): 1})
    # là: 0.8 × 1 / 5 + 0.0079 = 0.1679; la: 0.2 × 60.01 / 101 = 0.1188
    assert restore_accents("ai la", lookup) == "ai là"


def test_the_best_path_may_begin_with_the_less_frequent_form() -> None:
    forms = {"ma": {"má": 5, "mà": 4}, "toi": {"tôi": 4, "tối": 4}}
    lookup = counted(forms, {("mà", "tôi"): 2})
    # má alone: 5.01 > 4.01. With what follows, each × (0.2 / 101):
    # má tôi: 5.01 × 4.01 × 0.2 / 101 = 0.0398; mà tôi: 4.01 × (0.8 × 2 / 4 + 0.0079) = 1.636
    assert restore_accents("ma", lookup) == "má"
    assert restore_accents("ma toi", lookup) == "mà tôi"


def test_what_stands_before_a_line_counts() -> None:
    lookup = counted({"ong": {"óng": 5, "ông": 4}}, {("", "ông"): 1})
    assert restore_accents("ong", lookup) == "ông"


@pytest.mark.parametrize(
    ("typed", "restored"),
    [
        ("ai la bi thu", "ai là bí thư"),
        ("AI LA BI THU", "AI LÀ BÍ THƯ"),
        ("Ai La bi Thu", "Ai Là bí Thư"),
        ("Ai, la: (bi)  thu?!\n", "Ai, là: (bí)  thư?!\n"),
        ("ai la Vinamilk 1.250 đ", "ai là Vinamilk 1.250 đ"),  # not counted anywhere
        ("Ai lạ bi thủ", "Ai lạ bí thủ"),  # typed with accents of its own
        ("😀 ai 書記 la", "😀 ai 書記 là"),
        ("", ""),
    ],
)
def test_only_the_accents_change(typed: str, restored: str) -> None:
    forms = {"ai": {"ai": 9}, "la": {"là": 9, "lạ": 1}, "bi": {"bí": 9}, "thu": {"thư": 9}}
    assert restore_accents(typed, counted(forms)) == restored


def test_the_decomposed_form_of_an_accent_counts_as_typed() -> None:
    typed = unicodedata.normalize("NFD", "má")
    assert restore_accents(typed, counted({"ma": {"mà": 9}})) == typed


WORDS = "ai la bi thu Dang UY phuong lai thieu o dau 2025 Ki qui Vinamilk má"
SYLLABLES = st.sampled_from(WORDS.split())


@settings(deadline=None)  # the first example loads the prior
@given(st.lists(st.tuples(SYLLABLES, st.sampled_from([" ", ", ", ".", "\n", "-"]))))
def test_restoring_adds_nothing_but_accents(parts: list[tuple[str, str]]) -> None:
    typed = "".join(map("".join, parts))
    restored = restore_accents(typed, prior().added_to(nothing))
    assert fold(restored) == fold(typed)
    assert [c.isupper() for c in restored] == [c.isupper() for c in typed]


@given(st.text())
def test_any_text_can_be_restored(text: str) -> None:
    assert fold(restore_accents(text, prior().added_to(nothing))) == fold(text)


# Counts


def test_syllables_are_counted_line_by_line() -> None:
    forms, pairs = count_syllables(["Bí thư, bí thư!", "thư"])
    assert forms == {"bí": 2, "thư": 3}
    assert pairs == {("", "bí"): 1, ("bí", "thư"): 2, ("thư", "bí"): 1, ("", "thư"): 1}


def test_the_prior_adds_its_counts_to_an_index_own() -> None:
    lookup = Prior(["bí thư", "bi ca"]).added_to(
        counted({"bi": {"bí": 2}, "thu": {"thú": 1}}, {("bí", "thú"): 1}, total=3)
    )
    found = lookup(["bi", "thu"])
    own = OWN_WEIGHT
    assert found.forms == {"bi": {"bí": 2 * own + 1, "bi": 1}, "thu": {"thú": own, "thư": 1}}
    assert (found.pairs[("bí", "thú")], found.pairs[("bí", "thư")]) == (own, 1)
    assert found.total == 3 * own + 4


@pytest.mark.parametrize(
    ("typed", "restored"),
    [
        ("Thu do cua nuoc Phap la gi?", "Thủ đô của nước Pháp là gì?"),
        ("Chien tranh ket thuc vao nam nao?", "Chiến tranh kết thúc vào năm nào?"),
        ("Co bao nhieu nguoi?", "Có bao nhiêu người?"),
        ("Ai la nguoi dau tien?", "Ai là người đầu tiên?"),
        ("Dieu gi da xay ra sau do?", "Điều gì đã xảy ra sau đó?"),
    ],
)
def test_the_shipped_prior_knows_how_people_ask(typed: str, restored: str) -> None:
    assert restore_accents(typed, prior().added_to(nothing)) == restored
