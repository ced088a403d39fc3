"""What a person sees who asks: quotes that answer, verified; or a refusal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.answering.assistant import Assistant
from assistant.types import Answer, Cited, Finished, Retrieved, TextDelta, Turn


def quoted(answer: Answer) -> str:
    return " ".join(citation.quote for citation in answer.citations)


ANSWERED = [
    ("Ai là bí thư đảng ủy phường Lái Thiêu?", "ông Nguyễn Thanh Tâm"),
    ("ai la bi thu dang uy phuong lai thieu", "ông Nguyễn Thanh Tâm"),
    ("Bí thư Đảng ủy phường Tân Phước tên gì?", "Dương Ngọc Châu"),
    ("Nghị quyết nào nói về phát triển kinh tế tư nhân?", "Nghị quyết 68"),
    ("Địa phương mong UBND TP.HCM sớm phân cấp điều gì?", "phân cấp đầu tư công"),
    ("What style should the political report be written in?", "ngắn gọn, súc tích"),
]


@pytest.mark.parametrize(("question", "words"), ANSWERED)
def test_answers_with_the_words_of_the_article(
    seed_assistant: Assistant, question: str, words: str
) -> None:
    answer = seed_assistant.answer(question)
    assert words in quoted(answer)
    assert answer.grounding == "grounded"


def test_every_citation_is_a_slice_of_its_article(seed_assistant: Assistant) -> None:
    for question, _ in ANSWERED:
        answer = seed_assistant.answer(question)
        assert [c.number for c in answer.citations] == list(range(1, len(answer.citations) + 1))
        for citation in answer.citations:
            text = seed_assistant.article(citation.article_id).text
            assert text[citation.start : citation.end] == citation.quote
            assert citation.verified
            assert f"[{citation.number}]" in answer.text


@pytest.mark.parametrize(
    "question", ["Bốn nhiệm vụ trọng tâm là gì?", "bon nhiem vu trong tam la gi"]
)
def test_a_list_comes_whole_where_it_spans_sentences(
    seed_assistant: Assistant, question: str
) -> None:
    quote = quoted(seed_assistant.answer(question))
    for task in (
        "tái cơ cấu kinh tế",
        "đẩy mạnh cải cách hành chính",
        "phát triển nhà ở xã hội",
        "Tiếp tục tinh gọn tổ chức",
    ):
        assert task in quote
    assert "ba khâu đột phá" not in quote  # the next subject begins there


@pytest.mark.parametrize(
    "question",
    [
        "Công thức nấu bún bò Huế là gì?",
        "thoi tiet hom nay the nao",
        "Who won the Champions League final?",
        "Giá vàng SJC hôm nay bao nhiêu?",
    ],
)
def test_refuses_what_the_article_does_not_speak_of(
    seed_assistant: Assistant, question: str
) -> None:
    answer = seed_assistant.answer(question)
    assert answer.grounding == "refused"
    assert answer.citations == ()
    expected = "The articles do not say." if answer.language == "en" else "không cho biết"
    assert expected in answer.text
    assert answer.closest is not None
    assert answer.closest.quote.split()[0] in answer.text


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Ai là bí thư đảng ủy phường Lái Thiêu?", "vi"),
        ("ai la bi thu dang uy phuong lai thieu", "vi"),
        ("Who is the Party secretary of Lái Thiêu ward?", "en"),
    ],
)
def test_frames_in_the_language_of_the_question(
    seed_assistant: Assistant, question: str, language: str
) -> None:
    answer = seed_assistant.with_settings(refuse_below=0).answer(question)
    frame = {"vi": "Theo bài viết:", "en": "According to the article:"}[language]
    assert answer.language == language
    assert f"\n{frame}\n" in f"\n{answer.text}"


def test_headings_source_and_comments_are_never_quoted(seed_assistant: Assistant) -> None:
    never = ("Bình luận (0)", "Nguồn: http", "Mở ra không gian phát triển mới cho địa phương")
    for question in (
        "Có bao nhiêu bình luận?",
        "Nguồn vốn đầu tư ở đâu?",
        "Mở ra không gian phát triển mới cho địa phương là gì?",
        "Địa phương mong sớm phân cấp đầu tư công?",
    ):
        answer = seed_assistant.answer(question)
        quotes = [c.quote for c in (*answer.citations, answer.closest) if c]
        assert quotes
        assert not [q for q in quotes if any(q.strip() == n or n in q for n in never)]


@pytest.mark.parametrize(
    "question", ["", "   ", "\n\t", "🙂🙂🙂", "???", "\x00\x01\x02", "\u200b\u200b", "…", "\ud800"]
)
def test_what_is_no_question_gets_a_polite_answer(seed_assistant: Assistant, question: str) -> None:
    answer = seed_assistant.answer(question)
    assert answer.grounding == "refused"
    assert "câu hỏi" in answer.text
    assert seed_assistant.retrieve(question) == []


def test_an_endless_question_is_cut_and_said_so(seed_assistant: Assistant) -> None:
    answer = seed_assistant.answer("Ai là bí thư đảng ủy phường Lái Thiêu? " * 1300)  # 50,700
    assert "2000 ký tự" in answer.text
    assert len(answer.question) > 50_000


def test_control_characters_do_not_change_the_answer(seed_assistant: Assistant) -> None:
    plain = seed_assistant.answer("Ai là bí thư đảng ủy phường Lái Thiêu?")
    noisy = seed_assistant.answer("Ai là\x00 bí thư\u200b đảng ủy\r\n phường Lái Thiêu?\x07")
    assert noisy.citations == plain.citations


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(question=st.text(max_size=120))
def test_no_question_raises(question: str) -> None:
    answer = _shared().answer(question)
    assert answer.text
    assert answer.grounding in {"grounded", "refused"}


_kept: list[Assistant] = []


@pytest.fixture(autouse=True)
def _keep(seed_assistant: Assistant) -> None:
    _kept[:] = [seed_assistant]


def _shared() -> Assistant:
    """The seed's assistant for hypothesis, which takes no fixtures of narrower scope."""
    return _kept[0]


def test_events_tell_the_same_as_the_answer(seed_assistant: Assistant) -> None:
    events = list(seed_assistant.stream("Ai là bí thư đảng ủy phường Lái Thiêu?"))
    assert isinstance(events[0], Retrieved)
    assert isinstance(events[-1], Finished)
    answer = events[-1].answer
    assert "".join(e.text for e in events if isinstance(e, TextDelta)) == answer.text
    assert tuple(e.citation for e in events if isinstance(e, Cited)) == answer.citations
    assert events[0].hits == answer.hits
    shown = ""
    for event in events:  # a citation comes before the text that carries its marker
        if isinstance(event, TextDelta):
            shown += event.text
        if isinstance(event, Cited):
            assert f"[{event.citation.number}]" not in shown


def test_restored_accents_are_shown(seed_assistant: Assistant) -> None:
    answer = seed_assistant.answer("ai la bi thu dang uy phuong lai thieu")
    assert answer.query == "ai là bí thư đảng ủy phường lái thiêu"
    assert seed_assistant.answer("Ai là bí thư đảng ủy phường Lái Thiêu?").query == ""


def test_a_left_out_article_gives_nothing(seed_assistant: Assistant) -> None:
    everything = [article.id for article in seed_assistant.articles()]
    question = "Ai là bí thư đảng ủy phường Lái Thiêu?"
    assert seed_assistant.retrieve(question, exclude=everything) == []
    assert seed_assistant.answer(question, exclude=everything).grounding == "refused"


@pytest.mark.slow
def test_many_people_ask_at_once(seed_assistant: Assistant) -> None:
    alone = {q: seed_assistant.answer(q) for q, _ in ANSWERED}
    found: list[Answer] = []
    threads = [
        threading.Thread(target=lambda q=q: found.append(seed_assistant.answer(q)))
        for q, _ in ANSWERED * 3
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(threads)
    assert all(answer.citations == alone[answer.question].citations for answer in found)


def test_without_an_index_the_error_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="assistant index --index"):
        Assistant.open(tmp_path / "nothing")


def test_a_follow_up_is_searched_written_out_and_that_is_shown(seed_assistant: Assistant) -> None:
    first = seed_assistant.answer("Ai là bí thư đảng ủy phường Lái Thiêu?")
    history = [Turn(first.question, first.text)]
    answer = seed_assistant.answer("Còn phường Tân Phước thì sao?", history)
    assert answer.query == "Ai là bí thư đảng ủy phường Tân Phước?"
    assert answer.citations == seed_assistant.answer(answer.query).citations
    assert seed_assistant.answer("Còn phường Tân Phước thì sao?").query == ""


def test_a_fresh_topic_is_searched_as_it_is(seed_assistant: Assistant) -> None:
    question = "Khu thương mại tự do gắn với cảng biển ở khu vực nào?"
    history = [Turn("Ai là bí thư đảng ủy phường Lái Thiêu?", "“… ông Nguyễn Thanh Tâm” [1]")]
    assert seed_assistant.answer(question, history) == seed_assistant.answer(question)


def test_a_list_that_is_announced_is_quoted_with_its_items(seed_assistant: Assistant) -> None:
    answer = seed_assistant.answer("Bốn nhiệm vụ trọng tâm của phường Tân Phước là gì?")
    assert "bốn nhiệm vụ trọng tâm là: tái cơ cấu kinh tế" in quoted(answer)
