"""What a question asks for, with accents and without."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.question_type import Kind, asks_for_list, kind_asked
from assistant.text.terms import fold


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Ai là bí thư đảng ủy phường Lái Thiêu?", "person"),
        ("Tên của ông bí thư là gì?", "person"),
        ("Đại hội diễn ra khi nào?", "time"),
        ("Phường được thành lập năm nào?", "time"),
        ("Có bao nhiêu phường?", "number"),
        ("Mấy người đã dự họp?", "number"),
        ("Tỷ lệ phần trăm là gì?", "number"),
        ("Cảng biển nằm ở đâu?", "place"),
        ("Ông Tâm làm việc tại phường nào?", "place"),
        ("Nghị quyết nói gì?", None),
        ("Vì sao phải sắp xếp?", None),
        ("Who is the secretary?", "person"),
        ("Whose idea was it?", "person"),
        ("When was it built?", "time"),
        ("In which year did it start?", "time"),
        ("How many wards are there?", "number"),
        ("Where is the port?", "place"),
        ("Which city is the largest?", "place"),
        ("What does the resolution say?", None),
        ("Wer ist der Bürgermeister?", "person"),
        ("Wann begann der Krieg?", "time"),
        ("Wie viele Menschen leben dort?", "number"),
        ("Qui a composé la musique ?", "person"),
        ("¿Cuántos barrios hay?", "number"),
        ("谁是书记?", "person"),
        ("什么时候建成?", "time"),
        ("有多少人?", "number"),
        ("港口在哪里?", "place"),
        ("ใครเป็นเลขาธิการ", "person"),
        ("من هو الرئيس؟", "person"),
        ("Сколько людей?", "number"),
        ("", None),
    ],
)
def test_kind_asked(question: str, kind: Kind | None) -> None:
    assert kind_asked(question) == kind


@pytest.mark.parametrize(
    "question",
    [
        "Ai là bí thư đảng ủy phường Lái Thiêu?",
        "Đại hội diễn ra khi nào?",
        "Có bao nhiêu phường?",
        "Cảng biển nằm ở đâu?",
        "Bốn nhiệm vụ trọng tâm là gì?",
        "Liệt kê các khâu đột phá",
    ],
)
def test_accents_do_not_matter(question: str) -> None:
    typed = fold(question)
    assert kind_asked(typed) == kind_asked(question)
    assert asks_for_list(typed) == asks_for_list(question)


@pytest.mark.parametrize(
    ("question", "listing"),
    [
        ("Bốn nhiệm vụ trọng tâm là gì?", True),
        ("Ba khâu đột phá gồm những gì?", True),
        ("Những ai dự họp?", True),
        ("Liệt kê các nhiệm vụ", True),
        ("Các địa phương kiến nghị gì?", True),
        ("What are the four key tasks?", True),
        ("List the breakthroughs", True),
        ("Ai là bí thư phường?", False),
        ("Đại hội diễn ra khi nào?", False),
        ("Nghị quyết 68 nói về điều gì?", False),
        ("Who is the secretary?", False),
        ("", False),
    ],
)
def test_asks_for_list(question: str, listing: bool) -> None:
    assert asks_for_list(question) is listing


@given(st.text())
def test_any_text_can_be_read(question: str) -> None:
    assert kind_asked(question) in ("person", "time", "number", "place", None)
    assert asks_for_list(question) in (True, False)
