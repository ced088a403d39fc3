from __future__ import annotations

import time
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assistant.text.sentences import heading_like, heading_text, paragraphs, sentences
from assistant.types import Span

SEED = Path(__file__).parent.parent / "seeds" / "000_db7cbbd52221714d.txt"


def cut(text: str, marked: bool = False) -> list[str]:
    return [text[s.start : s.end] for s in sentences(text, marked=marked)]


def headings(text: str, marked: bool = False) -> list[str]:
    found = sentences(text, marked=marked)
    return [text[s.start : s.end] for s in found if s.kind == "heading"]


# The seed article


def test_the_seed_has_two_headings_and_its_quotation_in_one_piece() -> None:
    text = SEED.read_text(encoding="utf-8")
    assert headings(text) == [
        "Địa phương mong sớm phân cấp đầu tư công",
        "Mở ra không gian phát triển mới cho địa phương",
    ]
    assert (
        '"Đột phá để khai thác tốt tiềm năng, lợi thế của hai phường. '
        'Trong đó phải bám sát các quy hoạch"- ông Nguyễn Thanh Nghị lưu ý.'
    ) in cut(text)


def test_a_line_of_the_seed_is_a_paragraph() -> None:
    text = SEED.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    assert [text[p[0].start : p[-1].end] for p in paragraphs(text)] == lines


# Where a sentence does not end


@pytest.mark.parametrize(
    "sentence",
    [
        "Ông ở TP.HCM từ nhỏ.",
        "Bà về TP. Hồ Chí Minh, Q. 1, P. Tân Phú.",
        "ThS. Lê An, TS. Nguyễn Bình và PGS.TS. Trần Chi cùng đến.",
        "GS. Ngô Bảo Châu gặp BS. Hà.",
        "Bà vào BV. Chợ Rẫy gặp BS.CKII. Lê An, ĐD. Hà và Ls. Bình của Cty. Tân Phú.",
        "Nhà trên QL. 13, ĐT. 0274.3822.000.",
        "Mr. Smith and Dr. Who moved to the U.S. Army base at No. 5 Elm Street.",
        "Sách của J. K. Rowling bán chạy.",
        "Giá 1.250 đồng, tăng 15,5% so với 3.5 triệu.",
        "Chợ bán gạo, ngô, v.v. và nhiều thứ khác.",
        "Xem tại https://vi.example.vn/a.html?b=C.D&e=f!g hay www.example.vn nhé.",
        "Anh nói… rồi im.",
        "Anh đi... xa lắm.",
        "Nghị quyết 68…; quan tâm thực hiện.",
        '"Đi đâu? Về. Sao?" anh hỏi.',
        "“Tôi đi. Anh ở lại.” – Ông Nghị nói.",
        "«Oui. Non.» dit-il.",
        "「行くよ。来て。」と言った。",
        "他说：“我来了。你呢？”然后走了。",
        'Anh hỏi: "Đi đâu? Làm gì?".',
        "1. Thứ nhất là vậy.",
        "II. Kết quả.",
        "On Jan. 5 he came.",
    ],
)
def test_one_sentence_stays_whole(sentence: str) -> None:
    assert cut(sentence) == [sentence]
    # What follows is a sentence of its own, so the first is not whole for want of an end.
    assert cut(f"{sentence} Hết chuyện.")[-1] == "Hết chuyện."


# Where it does


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ông ở TP.HCM. Bà ở Q. 1.", ["Ông ở TP.HCM.", "Bà ở Q. 1."]),
        ("Năm 2025. Ông về. 15 người đến.", ["Năm 2025.", "Ông về.", "15 người đến."]),
        ("Có cam, táo, v.v. Họ bán hết.", ["Có cam, táo, v.v.", "Họ bán hết."]),
        ("Họ đi theo QL. Ba xe cùng tới.", ["Họ đi theo QL.", "Ba xe cùng tới."]),
        ("Các dự án nhóm C. Địa phương đợi.", ["Các dự án nhóm C.", "Địa phương đợi."]),
        ("Anh đi... Rồi về… “Sao?”", ["Anh đi...", "Rồi về…", "“Sao?”"]),
        ("Đi đâu? về! Ai biết?! Không.", ["Đi đâu?", "về!", "Ai biết?!", "Không."]),
        ("他来了。她走了！谁？我。", ["他来了。", "她走了！", "谁？", "我。"]),
        ("你好!我是。", ["你好!", "我是。"]),
        ("هل أنت؟ نعم.", ["هل أنت؟", "نعم."]),
        ("मैं। तुम।हम।", ["मैं।", "तुम।", "हम।"]),
        ("(Xong.) Về [rồi.] Hết.", ["(Xong.)", "Về [rồi.]", "Hết."]),
        ('"Đi. Về." Ông Nghị nói.', ['"Đi. Về."', "Ông Nghị nói."]),
        ('Màn 15" đẹp. Giá rẻ.', ['Màn 15" đẹp.', "Giá rẻ."]),
        ('"Không đóng. Mở mãi.', ['"Không đóng.', "Mở mãi."]),
        ("Hay quá. 😀 Vui.", ["Hay quá.", "😀 Vui."]),
    ],
)
def test_sentences_end(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_only_a_short_quotation_stays_in_one_piece() -> None:
    half = "a" * 146
    # 1 + 146 + 2 + 1 + 149 + 1 = 300 code points with the quotation marks
    short = f'"{half}. B{"b" * 148}."'
    assert len(short) == 300
    assert cut(short) == [short]
    assert len(cut(f'"{half}. Bb{"b" * 148}."')) == 2


# Lines and paragraphs


def test_a_soft_wrap_goes_on_and_any_other_newline_ends_a_sentence() -> None:
    assert cut("Dòng này bị\nngắt giữa chừng.\nhết") == ["Dòng này bị\nngắt giữa chừng.", "hết"]
    assert cut("Dòng một\nDòng hai") == ["Dòng một", "Dòng hai"]
    assert cut("Dòng một\n\nvà hai") == ["Dòng một", "và hai"]
    assert [len(p) for p in paragraphs("A b. C d.\nE f.")] == [2, 1]


def test_marks_of_headings_are_left_out() -> None:
    text = "# Tiêu đề ##\n\nCâu này. Câu hai ở TP. HCM.\nCâu ba.\n- Mục"
    found = [[text[s.start : s.end] for s in p] for p in paragraphs(text, marked=True)]
    assert found == [["Tiêu đề"], ["Câu này.", "Câu hai ở TP. HCM."], ["Câu ba."], ["- Mục"]]
    assert headings(text, marked=True) == ["Tiêu đề"]
    assert cut("# Tiêu đề")[0] == "# Tiêu đề"


@pytest.mark.parametrize(
    ("line", "expected"),
    [("## A b ##", "A b"), ("# C#", "C#"), ("#tag", ""), ("plain", ""), ("# ##", "")],
)
def test_heading_text(line: str, expected: str) -> None:
    assert heading_text(line) == expected


def test_list_items_are_prose_of_their_own() -> None:
    text = "- Mục một\n* Mục hai\n1. Mục ba\nĐoạn văn này dài hơn các mục ở trên."
    found = sentences(text)
    assert [text[s.start : s.end] for s in found] == text.split("\n")
    assert {s.kind for s in found} == {"prose"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tiêu đề ngắn\nĐoạn văn này dài hơn tiêu đề.", ["Tiêu đề ngắn"]),
        ("Tiêu đề ngắn.\nĐoạn văn này dài hơn tiêu đề.", []),  # ends like prose
        ("Đoạn kết không có dấu chấm", []),  # nothing below
        ("Một câu. Hai câu\nĐoạn văn này dài hơn hai câu.", []),
        ("Tiêu đề dài hơn cả đoạn dưới\nNgắn thôi.", []),
        ("tiếp theo\n\nĐoạn văn này dài hơn tiêu đề.", []),  # starts in lower case
        ("Tít lớn\n\nTít nhỏ\nĐoạn văn này dài hơn tiêu đề.", ["Tít lớn", "Tít nhỏ"]),
        ("Một\nHai\nBa\nĐoạn văn này dài hơn tiêu đề.", ["Hai", "Ba"]),  # a list, not headings
    ],
)
def test_headings_of_plain_text(text: str, expected: list[str]) -> None:
    assert headings(text) == expected


def test_a_heading_is_at_most_120_code_points() -> None:
    assert heading_like("A" * 120)
    assert not heading_like("A" * 121)


def test_skipped_spans_are_in_no_sentence_and_end_one() -> None:
    text = "Trước đây Chia sẻ và sau."
    found = sentences(text, skip=[Span(10, 17)])
    assert [text[s.start : s.end] for s in found] == ["Trước đây", "và sau."]


# Properties

FRAGMENTS = [
    *["Địa phương ", "công ", "Ông ", "nói ", "TP.", "PGS.TS. ", "v.v", "J. ", "12", "1. ", "- "],
    *[".", ". ", "? ", "!", "…", "... ", ",", ";", "\n", "\n\n"],
    *['"', "“", "”", "«", "»", "(", ")"],
    *[
        "他来了",
        "。",
        "？",
        "「",
        "」",
        "，",
        "👨‍👩‍👧",
        "🇻🇳",
        "e\u0323\u0302",
        "\u0301",
        " ",
        "\t",
        "\u3000",
    ],
    *[
        "# ",
        "## A\n",
        "---\n",
        "| a |",
        "https://a.vn/b.C ",
        "مرحبا؟ ",
        "।",
        "क्षि",
        "\u200d",
        "\ufe0f",
    ],
]
FORMS = ("NFC", "NFD")
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=60).map("".join),
    st.text(max_size=80),
).flatmap(
    lambda t: st.sampled_from([t, unicodedata.normalize("NFC", t), unicodedata.normalize("NFD", t)])
)


@settings(max_examples=400, deadline=None)
@given(TEXTS, st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=3))
@example("", [])
def test_sentences_cover_the_text_once_and_in_order(
    text: str, bounds: list[tuple[int, int]]
) -> None:
    skip = [Span(min(pair), max(pair)) for pair in bounds]
    skipped = {i for span in skip for i in range(span.start, span.end)}
    expected = [i for i, c in enumerate(text) if not c.isspace() and i not in skipped]
    found = sentences(text, skip)
    covered = [i for s in found for i in range(s.start, s.end)]
    assert [i for i in covered if not text[i].isspace()] == expected
    assert covered == sorted(set(covered)) and not skipped.intersection(covered)
    assert all(text[s.start : s.end] == text[s.start : s.end].strip() != "" for s in found)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_nothing_but_marks_is_left_out(text: str) -> None:
    found = sentences(text, marked=True)
    covered = {i for s in found for i in range(s.start, s.end)}
    left = {c for i, c in enumerate(text) if i not in covered and not c.isspace()}
    assert left <= {"#"}
    assert all(a.end <= b.start for a, b in pairwise(found))


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_no_grapheme_is_cut(text: str) -> None:
    inside = {i for m in regex.finditer(r"\X", text) for i in range(m.start() + 1, m.end())}
    cuts = {offset for s in sentences(text) for offset in (s.start, s.end)}
    # A mark on a bare space is a grapheme, but whitespace is in no sentence.
    assert all(text[i - 1].isspace() or text[i].isspace() for i in cuts & inside)


@pytest.mark.parametrize(
    "text",
    ["a" * 10, "a " * 5, '"a. ' * 3, "." * 10, "(A. " * 3, " " * 10 + "a"],
    ids=["run", "words", "quotes", "stops", "initials", "spaces"],
)
def test_a_line_of_100000_characters_takes_no_more_than_its_share(text: str) -> None:
    short, long = (_seconds(text * times) for times in (1_000, 10_000))
    assert long < 40 * short + 0.05  # quadratic time would be a hundred times as much


def _seconds(text: str) -> float:
    seconds = []
    for _ in range(3):  # the quickest: the collector of garbage may run in any of them
        before = time.process_time()
        found = sentences(text)
        seconds.append(time.process_time() - before)
        assert found[-1].end == len(text.rstrip())
    return min(seconds)


def test_a_megabyte_is_fast() -> None:
    text = (SEED.read_text(encoding="utf-8") + "\n") * 190
    before = time.process_time()
    count = len(sentences(text))
    assert time.process_time() - before < 3
    assert count == 190 * len(sentences(text[: len(text) // 190]))
