from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from copy import copy
from itertools import combinations, product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answering.citation_markers import LONGEST, Marker, MarkerFilter, literals_of

SEED = Path(__file__).parent.parent / "seeds" / "000_db7cbbd52221714d.txt"
KNOWN = range(1, 6)

QUOTED = (
    "Gọi x[0] và mảng a[1], xem b[1][2]. Theo điều (1) và (2), khoản 1 (1). Năm (2025) [sic]\n"
    "(1) một […] (2);\n- hai [Ảnh: TTXVN] 5 km² (3) Bình luận (0) [nguồn] f(1). "
    "[xem](http://a.vn/1) [1 triệu đồng]"
)


def read(pieces: Iterable[str], quoted: Iterable[str] = ()) -> list[str | tuple[int, ...]]:
    """What comes out, with the pieces of text between two markers joined."""
    markers = MarkerFilter(KNOWN, literals_of(quoted))
    out = [part for piece in pieces for part in markers.feed(piece)] + markers.finish()
    found: list[str | tuple[int, ...]] = []
    for part in out:
        if isinstance(part, Marker):
            found.append(part.numbers)
        elif found and isinstance(found[-1], str):
            found[-1] += part
        else:
            found.append(part)
    return found


# What the models write

HABITS = [
    ("A [1].", ["A", (1,), "."]),
    ("A [1][2].", ["A", (1, 2), "."]),
    ("A [1] [2] B", ["A", (1, 2), " B"]),
    ("A [1, 2].", ["A", (1, 2), "."]),
    ("A[1,2]", ["A", (1, 2)]),
    ("A [1-3]!", ["A", (1, 2, 3), "!"]),
    ("A [1–3]!", ["A", (1, 2, 3), "!"]),
    ("A [2; 1; 2].", ["A", (2, 1), "."]),
    ("A [1 và 2].", ["A", (1, 2), "."]),
    ("A [1], [2] và [3].", ["A", (1, 2, 3), "."]),
    ("A ([1], [2]).", ["A", (1, 2), "."]),
    ("A [1], và B", ["A", (1,), ", và B"]),
    ("A 【1】【2】。", ["A", (1, 2), "。"]),
    ("A 【1†source】.", ["A", (1,), "."]),
    ("A【4:0†L3-L9】.", ["A", (4,), "."]),
    ("A ［1］ B", ["A", (1,), " B"]),
    ("A ［１］ B", ["A", (1,), " B"]),
    ("Ông A (1).", ["Ông A", (1,), "."]),
    ("Ông A (1, 2)", ["Ông A", (1, 2)]),
    ("Ông A (1)(2).", ["Ông A", (1, 2), "."]),
    ("Ông A (1) [2] B", ["Ông A", (1,), (2,), " B"]),
    ("A [[1]] B", ["A", (1,), " B"]),
    ("A [^1]", ["A", (1,)]),
    ("A [Passage 1] B", ["A", (1,), " B"]),
    ("A [Passage 1, Passage 2].", ["A", (1, 2), "."]),
    ("A [Nguồn 2].", ["A", (2,), "."]),
    ("A [Đoạn 1].", ["A", (1,), "."]),
    ("A [source: 1].", ["A", (1,), "."]),
    ("A (nguồn 1) B", ["A", (1,), " B"]),
    ("A [citation needed].", ["A", (), "."]),
    ("A [cần dẫn nguồn].", ["A", (), "."]),
    ("A **[1]**.", ["A", (1,), "."]),
    ("**A.** [1] B", ["**A.**", (1,), " B"]),
    ("**A**[1] B", ["**A**", (1,), " B"]),
    ("A `[1]` B", ["A", (1,), " B"]),
    ("A.[1] B", ["A.", (1,), " B"]),
    ("A đại hội¹.", ["A đại hội", (1,), "."]),
    ("A đại hội.¹² B", ["A đại hội.", (1, 2), " B"]),
    ("A đại hội<sup>[1]</sup>.", ["A đại hội", (1,), "."]),
    ("A [1](https://a.vn/b-1.html) B", ["A", (1,), " B"]),
    ("[1] Ông A\n[2] Bà B", [(1,), "Ông A\n", (2,), "Bà B"]),
    # numbers that were never shown
    ("A [0].", ["A", (), "."]),
    ("A [9] B", ["A", (), " B"]),
    ("A [123], B", ["A", (), ", B"]),
    ("A [3, 9].", ["A", (3,), "."]),
    ("A [4-9].", ["A", (4, 5), "."]),
    ("Ông A (9).", ["Ông A", (), "."]),
    ("A (nguồn 9) B", ["A", (), " B"]),
    ("A đại hội⁹.", ["A đại hội", (), "."]),
    # broken off
    ("A [1", ["A", ()]),
    ("A [1, ", ["A", ()]),
    ("A 【1†sou", ["A", ()]),
    ("A [1\nB", ["A", (), "\nB"]),
    ("A **[1]", ["A **", (1,)]),
]


@pytest.mark.parametrize(("text", "expected"), HABITS)
def test_a_marker_is_taken_out(text: str, expected: list[str | tuple[int, ...]]) -> None:
    assert read([text]) == expected


TEXTS = [
    "năm (2025).",
    "hôm nay (5-8), ông Nghị nói",  # a day
    "bé Na (36), mẹ (34).",  # ages
    "gồm điều (1) và (2).",
    "(1) một\n(2) hai\n- (3).",
    "f(1) = 2, f(1).",
    "rộng 5 m², cao 3 km³, 10², E = mc² và x².",
    "m<sup>2</sup>",
    "[sic] […] [Ảnh: TTXVN] [1 triệu đồng] [1.5] [a] [] [ ]",
    "xem [bài báo](http://a.vn/1) và ![ảnh](a.png)",
    "a < b, *nghiêng*, **đậm**, __c__, `mã`",
    "- [ ] việc\n- [x] xong",
    "ở (đoạn qua Lái Thiêu) và (nguồn: TTXVN)",
    "[chưa đóng",
    "(1 triệu đồng)",
]


@pytest.mark.parametrize("text", TEXTS)
def test_other_brackets_stay(text: str) -> None:
    assert read([text]) == [text]


def test_brackets_of_the_passages_stay_in_a_quotation() -> None:
    assert read([QUOTED], [QUOTED]) == [QUOTED]
    assert read(QUOTED, [QUOTED]) == [QUOTED]


def test_a_literal_belongs_to_the_word_it_is_attached_to() -> None:
    quoted = ["mảng a[1] có (2) phần tử"]
    assert read(["a[1] là một [1], b[1]"], quoted) == ["a[1] là một", (1,), ", b", (1,)]
    assert read(["phần tử (2)."], quoted) == ["phần tử (2)."]
    assert read(["phần tử (1)."], quoted) == ["phần tử", (1,), "."]


def test_numbers_in_the_form_the_model_is_asked_for_are_never_literal() -> None:
    # An encyclopedia's own references must not swallow every citation of the answer.
    assert read(["Đông. [1]"], ["Đông. [1] Tây.[2]"]) == ["Đông.", (1,)]


def test_a_day_of_the_passages_stays_in_brackets() -> None:
    assert read(["hôm nay (2-5)."], ["Sáng 2-5, tổ công tác"]) == ["hôm nay (2-5)."]
    assert read(["ông nói (2-5)."], ["Sáng ngày hai"]) == ["ông nói", (2, 3, 4, 5), "."]


def test_the_seed_article_quoted_whole_keeps_every_character() -> None:
    text = SEED.read_text(encoding="utf-8")
    assert read(text, [text]) == [text]


def test_without_passages_nothing_is_cited() -> None:
    markers = MarkerFilter([])
    assert markers.feed("A [1], B (1).") + markers.finish() == ["A", Marker(()), ", B (1)."]


# However the text is cut

LONG = "\n".join(text for text, _ in HABITS) + "\n" + "\n".join(TEXTS) + "\n" + QUOTED


@pytest.mark.parametrize("text", [*(text for text, _ in HABITS), *TEXTS])
def test_one_or_two_cuts_anywhere_change_nothing(text: str) -> None:
    whole = read([text])
    assert read(text) == whole
    for i, j in combinations(range(len(text) + 1), 2):
        assert read([text[:i], text[i:j], text[j:]]) == whole


@pytest.mark.parametrize("quoted", [[], [QUOTED]], ids=["alone", "quoted"])
@pytest.mark.slow
def test_a_long_answer_comes_out_the_same_however_it_is_cut(quoted: list[str]) -> None:
    whole = read([LONG], quoted)
    assert read(LONG, quoted) == whole
    for i in range(0, len(LONG), 7):
        assert read([LONG[:i], LONG[i:]], quoted) == whole
    rng = random.Random(1)
    for _ in range(20):
        cuts = sorted(rng.choices(range(len(LONG) + 1), k=200))
        pieces = [LONG[i:j] for i, j in zip([0, *cuts], [*cuts, len(LONG)], strict=True)]
        assert read(pieces, quoted) == whole


@pytest.mark.slow
def test_every_short_text_comes_out_the_same_and_without_numbers_in_square_brackets() -> None:
    for length in range(1, 6):
        for characters in product("[]()19 .", repeat=length):
            text = "".join(characters)
            whole = read([text])
            assert read(text) == whole
            said = "".join(part for part in whole if isinstance(part, str))
            assert not re.search(r"\[\d+\]", said), text


WORDS = "[1] [2 (1) ** A m <sup> </sup> source [1](http:// (nguồn 1) a[1] 2025".split(" ")
ANY = st.lists(
    st.sampled_from([*"[]()［］【】 \n,.;:-–*_`^†²¹x19", " và ", "Nguồn ", *WORDS]),
    max_size=24,
)


@given(ANY, st.data())
@settings(max_examples=300, deadline=None)
def test_any_text_comes_out_the_same_however_it_is_cut(
    parts: list[str], data: st.DataObject
) -> None:
    text = "".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(pieces, [QUOTED]) == read([text], [QUOTED]) == read(text, [QUOTED])


@given(ANY)
@settings(max_examples=300, deadline=None)
def test_only_shown_numbers_come_out_and_no_text_is_made_up(parts: list[str]) -> None:
    text = "".join(parts)
    out = read([text])
    assert all(set(m) <= set(KNOWN) and len(set(m)) == len(m) for m in out if m.__class__ is tuple)
    rest = iter(text)
    said = "".join(part for part in out if isinstance(part, str))
    assert all(character in rest for character in said)  # in order, nothing twice


@given(ANY)
@settings(max_examples=200, deadline=None)
def test_what_is_held_back_is_bounded(parts: list[str]) -> None:
    markers = MarkerFilter(KNOWN)
    for character in "".join(parts):
        markers.feed(character)
        held = "".join(part for part in copy(markers).finish() if isinstance(part, str))
        assert len(held) <= LONGEST


# What is shown at once


def test_text_without_brackets_comes_at_once_but_for_blanks() -> None:
    markers = MarkerFilter(KNOWN)
    shown = ""
    for end, character in enumerate(
        text := "Sáng 5-8, tổ công tác đã làm việc.\nÔng nói: 15,5%", 1
    ):
        shown += "".join(part for part in markers.feed(character) if isinstance(part, str))
        assert shown == text[:end].rstrip(" ")


def test_a_bracket_is_shown_as_soon_as_it_cannot_be_a_marker() -> None:
    markers = MarkerFilter(KNOWN)
    assert markers.feed("A [") == ["A"]
    assert markers.feed("Ả") == [" [Ả"]
    assert markers.feed(" [1") == []
    assert markers.feed(" t") == []  # "[1 to 3]" is still possible
    assert markers.feed("h") == [" [1 th"]


def test_a_model_that_repeats_a_marker_for_ever_shows_none_of_it() -> None:
    out = read("A" + "[1]" * 500 + "[9]" * 500)
    assert out[0] == "A"
    assert set(out[1:]) == {(1,), ()}


@pytest.mark.parametrize("text", ["[1, " * 60, "[" * 300, "(" * 300, " " * 500, "[1" + " " * 300])
def test_an_endless_marker_does_not_stall_the_stream(text: str) -> None:
    markers = MarkerFilter(KNOWN)
    shown = "".join(part for part in markers.feed(text) if isinstance(part, str))
    assert len(shown) >= len(text) - LONGEST - 1


@pytest.mark.parametrize(
    "part",
    [
        "Ông A nói như vậy [1]. ",
        "[1, ",
        "[[",
        "(1) ",
        " ",
        "**[",
        "1 ",
        "[1 1 ",
        "[1]",
        "(1)(2)",
        "[nguồn ",
    ],
)
def test_4000_characters_cost_little_whatever_they_are(part: str) -> None:
    text = (part * 4000)[:4000]
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 3
