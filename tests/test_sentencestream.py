from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.text.sentence_stream import End, SentenceStream
from assistant.text.sentences import sentences

SEED = Path(__file__).parent.parent / "seeds" / "000_db7cbbd52221714d.txt"


def read(pieces: Iterable[str]) -> list[str]:
    """The sentences, with the blanks around them."""
    stream = SentenceStream()
    found = [""]
    for part in [part for piece in pieces for part in stream.feed(piece)] + stream.finish():
        if isinstance(part, End):
            found.append("")
        else:
            found[-1] += part
    return found


def trimmed(pieces: Iterable[str]) -> list[str]:
    return [s.strip() for s in read(pieces) if s.strip()]


CASES = [
    ["Ông ở TP.HCM từ nhỏ.", "Bà 5.8 tuổi, tăng 15,5% v.v. và Mr. Smith…", "Hết!"],
    ["Bà về TP. Hồ Chí Minh.", "– Ông nói vậy."],
    ['"Đột phá. Trong đó phải bám sát"- ông Nghị nói.', "Bà cũng nói."],
    ["Ông nói: “Tốt. Rất tốt.” rồi đi.", "Bà ở lại…"],
    ["他说。", "她说！", "3.5。"],
    ["Đến 2030…và sau đó... vẫn vậy?!", "Không."],
    ["1. Ông A đến.", "2. Bà B đi."],
]


@pytest.mark.parametrize("expected", CASES)
def test_a_sentence_ends_where_it_does_in_the_whole_text(expected: list[str]) -> None:
    text = ("" if expected[0][0] == "他" else " ").join(expected)
    assert trimmed([text]) == expected
    for i, j in combinations(range(len(text) + 1), 2):
        assert read([text[:i], text[i:j], text[j:]]) == read([text])


def test_an_end_comes_with_the_first_character_of_the_next_sentence() -> None:
    stream = SentenceStream()
    assert stream.feed("Ông đến. ") == ["Ông đến. "]
    assert stream.feed("B") == [End(), "B"]
    assert stream.feed("à đi\n") == ["à đi", End(), "\n"]
    assert stream.feed("Hết.") == ["Hết."]
    assert stream.finish() == [End()]


def test_the_seed_has_the_same_sentences_as_a_stream() -> None:
    text = SEED.read_text(encoding="utf-8")
    assert trimmed(text) == [text[s.start : s.end] for s in sentences(text)]


@given(st.text(alphabet='AaĐ1 .!?…。"“”()-–\n他,', max_size=40), st.data())
@settings(max_examples=300, deadline=None)
def test_any_text_is_kept_whole_however_it_is_cut(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[i:j] for i, j in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert read(pieces) == read([text]) == read(text)
    assert "".join(read(text)) == text


@pytest.mark.parametrize("part", ["Ông A nói như vậy. ", "a. ", "1.1", "- ", "“a. ", "。"])
def test_4000_characters_cost_little(part: str) -> None:
    text = (part * 4000)[:4000]
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 5
