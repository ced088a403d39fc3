"""Spans of a text: where they stand when it is cut, or shown on one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from assistant.types import Span


def pieces(text: str, spans: Sequence[Span], first: int = 0) -> Iterator[tuple[str, bool]]:
    """The text in pieces that joined are it, each with whether it is inside one of the spans.

    ``first``: the offset at which the spans count the text's first character.
    """
    inside = [(max(0, s.start - first), min(len(text), s.end - first)) for s in spans]
    kept = [(start, end) for start, end in inside if start < end]
    cuts = sorted({0, len(text), *(edge for span in kept for edge in span)})
    for start, end in pairwise(cuts):
        yield text[start:end], any(a <= start < b for a, b in kept)


def on_one_line(text: str, span: Span) -> Span:
    """Where the words of ``span`` stand once every white space of the text is one space."""
    before = " ".join(text[: span.start].split())
    apart = bool(before) and text[span.start - 1].isspace()
    start = len(before) + apart
    return Span(start, start + len(" ".join(text[span.start : span.end].split())))
