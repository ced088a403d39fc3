"""Tokens point at the characters they stand for; spans are whole words; windows miss nothing."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.reading.model import ReaderModel
from assistant.reading.pairs import LONGEST, LONGEST_ASKED, Special, batch, pair, room, windows
from assistant.reading.tokens import Tokens
from assistant.reading.words import whole_words
from assistant.text.letters import as_searched

# Vietnamese apart and together, ligatures, full width, Hangul apart, Thai, all white space.
WRITTEN = st.text(
    st.one_of(
        st.sampled_from(
            "ađðÐoàuỷeơuÊộ 12.,\n\t\u00a0\u3000\u200b\u200d\u00ad\u0301\u0309\u0323"
            "\u031bﬁＡ½…한가도กำ北京ـ"
        ),
        st.sampled_from([chr(c) for c in (*range(0x1100, 0x1113), *range(0x1161, 0x1176))]),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


@given(WRITTEN)
@settings(max_examples=300, deadline=None)
def test_tokens_are_those_of_the_encoder_and_lie_in_order(model: ReaderModel, text: str) -> None:
    tokens = model.tokenize(text)
    assert list(tokens.ids) == model.tokenize.unigram.encode(as_searched(text))
    spans = list(zip(tokens.starts, tokens.ends, strict=True))
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert list(tokens.starts) == sorted(tokens.starts)
    assert list(tokens.ends) == sorted(tokens.ends)


@given(WRITTEN)
@settings(max_examples=300, deadline=None)
def test_every_letter_is_in_a_token(model: ReaderModel, text: str) -> None:
    tokens = model.tokenize(text)
    held = {i for a, b in zip(tokens.starts, tokens.ends, strict=True) for i in range(a, b)}
    assert {i for i, c in enumerate(text) if c.isalnum()} <= held


@given(st.lists(st.sampled_from(["Đường", "Nguyễn Huệ", "1.250", "tỉ", "ở", "Huế,"]), min_size=2))
def test_an_answer_comes_back_from_its_tokens(model: ReaderModel, words: list[str]) -> None:
    for form in ("NFC", "NFD"):
        text = unicodedata.normalize(form, "  ".join(words))
        start = len(unicodedata.normalize(form, words[0])) + 2
        end = start + len(unicodedata.normalize(form, words[1]))
        tokens = model.tokenize(text)
        covered = tokens.covering(start, end)
        assert covered is not None
        assert tokens.characters(*covered) == (start, end)


def test_what_is_not_seen_is_inside_the_span(model: ReaderModel) -> None:
    text = "ông H\u00adoà, phó\u200b giám"
    tokens = model.tokenize(text)
    assert tokens.ids == model.tokenize("ông Hòa, phó giám").ids
    covered = tokens.covering(4, 8)
    assert covered is not None
    assert text[slice(*tokens.characters(*covered))] == "H\u00adoà"


def test_accents_typed_apart_keep_the_offsets_of_the_text(model: ReaderModel) -> None:
    text = unicodedata.normalize("NFD", "Ở Huế.")
    tokens = model.tokenize(text)
    pieces = [text[a:b] for a, b in zip(tokens.starts, tokens.ends, strict=True)]
    assert [unicodedata.normalize("NFC", piece) for piece in pieces] == ["Ở", "Huế", "."]


def test_no_token_covers_white_space() -> None:
    tokens = Tokens((5, 6), (0, 4), (2, 6))  # "ab  cd"
    assert tokens.covering(2, 4) is None
    assert tokens.covering(1, 5) == (0, 2)
    assert tokens.covering(4, 6) == (1, 2)


@pytest.mark.parametrize(
    ("text", "cut", "whole"),
    [
        ("cấp 1.250 tỉ", "1.25", "1.250"),
        ("tăng 15,5% so", "15", "15,5"),
        ("ông Nguyễn Văn", "uyễn", "Nguyễn"),
        ("ở Huế, Vinh", " Huế,", "Huế"),
        ("năm 2008.", "2008.", "2008"),
        ("Q. TP. HCM", "TP.", "TP."),
        ("住在北京市中心", "北京", "北京"),
        ("서울에서", "서울", "서울"),
        ("xong phần thô vào tháng 11-2025.", "11-", "11-2025"),
        ("họp sáng 5/8/2025 tại", "/2025", "8/2025"),
        ("giai đoạn 2019-2024 tăng", "2019", "2019"),
        ("giai đoạn 2019-2024 tăng", "2024", "2024"),
        ("tuyến Huế - Vinh", "Huế -", "Huế -"),
    ],
)
def test_spans_are_widened_to_whole_words(text: str, cut: str, whole: str) -> None:
    start = text.index(cut)
    a, b = whole_words(text, start, start + len(cut))
    assert text[a:b] == whole


@given(st.text(st.sampled_from("ab1. ,é北"), min_size=1, max_size=20), st.data())
def test_a_widened_span_is_never_empty_and_stays(text: str, drawn: st.DataObject) -> None:
    start = drawn.draw(st.integers(0, len(text) - 1))
    end = drawn.draw(st.integers(start + 1, len(text)))
    a, b = whole_words(text, start, end)
    assert 0 <= a < b <= len(text)


@given(st.integers(1, 2000), st.integers(0, 300))
def test_windows_hold_every_token_and_fit(length: int, asked: int) -> None:
    passage = Tokens((7,) * length, tuple(range(length)), tuple(range(1, length + 1)))
    found = list(windows(passage, asked))
    assert {i for a, b in found for i in range(a, b)} == set(range(length))
    assert all(b - a <= room(asked) for a, b in found)
    first, last = found[0]
    made = pair(Special(0, 2, 1), [9] * asked, passage.ids[first:last])
    assert len(made) <= LONGEST
    assert made.first == min(asked, LONGEST_ASKED) + 3


def test_a_batch_marks_the_passage() -> None:
    special = Special(bos=0, eos=2, pad=1)
    together = batch([pair(special, [10], [20, 21]), pair(special, [11, 12], [])], special)
    assert together.ids[:, :7].tolist() == [[0, 10, 2, 2, 20, 21, 2], [0, 11, 12, 2, 2, 2, 1]]
    assert together.mask.sum(1).tolist() == [7, 6]
    assert together.types[0, :7].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert np.flatnonzero(together.passage[0]).tolist() == [4, 5]
    assert not together.passage[1].any()
