"""Spans of a text that is cut or shown on one line."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assistant.text.spans import on_one_line, pieces
from assistant.types import Span

TEXTS = st.text("ab \n", max_size=30)
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=4)


@given(TEXTS, SPANS, st.integers(0, 10))
def test_pieces_joined_are_the_text(text: str, spans: list[tuple[int, int]], first: int) -> None:
    cut = list(pieces(text, [Span(a, b) for a, b in spans], first))
    assert "".join(piece for piece, _ in cut) == text
    at = first
    for piece, inside in cut:
        for i in range(at, at + len(piece)):
            assert inside == any(a <= i < b for a, b in spans)
        at += len(piece)


def test_pieces_outside_of_every_span_are_one() -> None:
    assert list(pieces("một hai", [])) == [("một hai", False)]
    assert list(pieces("một hai", [Span(104, 107)], 100)) == [("một ", False), ("hai", True)]


@given(TEXTS, st.data())
def test_words_are_found_on_the_line(text: str, data: st.DataObject) -> None:
    starts = [i for i, c in enumerate(text) if not c.isspace()]
    if not starts:
        return
    start = data.draw(st.sampled_from(starts))
    end = data.draw(st.sampled_from([i + 1 for i in starts if i >= start]))
    line = " ".join(text.split())
    found = on_one_line(text, Span(start, end))
    assert line[found.start : found.end] == " ".join(text[start:end].split())
