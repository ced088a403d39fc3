"""Overviews: of an article, of who and what is in it, of all articles; and greetings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.answering._overview import figures, of_corpus, people, summary
from assistant.answering.assistant import Assistant
from assistant.answering.schemas import answer_json
from assistant.index.index import Index
from assistant.retrieval.question_kind import QuestionKinds, share_told
from assistant.settings import Settings
from assistant.types import Article, Span, Turn
from tests.fixtures import make_article

TEXT = (
    "Sáng 9-9, phường Bình Khê khai trương trạm y tế rộng 900 m2 ở đường Ven Sông. "
    "Ông Trần Văn An, Chủ tịch phường, cắt băng. Mưa. "
    "Trạm có 14 nhân viên và hai bác sĩ, trực cả chủ nhật cho người dân trong phường. "
    "Bà Lê Thị Bình, 60 tuổi, là người khám đầu tiên; ông An hỏi thăm bà."
)


def test_people_are_named_once_each_with_their_names_marked() -> None:
    article = make_article(TEXT)
    names = [TEXT[a.start : a.end] for quote in people(article) for a in quote.answer]
    assert names == ["Trần Văn An", "Lê Thị Bình"]


def test_figures_come_in_the_articles_order() -> None:
    quotes = [TEXT[q.span.start : q.span.end] for q in figures(make_article(TEXT))]
    assert [quote.split()[0] for quote in quotes] == ["Sáng", "Trạm", "Bà"]


def test_a_summary_begins_with_the_lead_and_says_nothing_twice() -> None:
    article = make_article(
        " ".join(f"Câu dài thứ {i} nói về trạm y tế của phường." for i in "abcdefg")
    )
    sentences = [f"Câu dài thứ {i} nói về trạm y tế của phường." for i in "abcdefg"]
    # Six say the same, one says something else.
    vectors = {s: np.array([1.0, 0.0], np.float32) for s in sentences}
    vectors[sentences[4]] = np.array([0.8, 0.6], np.float32)
    quotes = summary(article, vectors)
    texts = [article.text[q.span.start : q.span.end] for q in quotes]
    assert texts == [sentences[0], sentences[4]]


def test_a_corpus_is_told_by_its_newest_articles() -> None:
    articles = [make_article(f"Tin của ngày {day}, dài đủ để là câu mở đầu.") for day in "12"]
    dated = [type(a)(**{f: getattr(a, f) for f in a.__slots__} | {"date": f"2025-08-0{i}"})
             for i, a in enumerate(articles, 1)]  # fmt: skip
    kind, leads = of_corpus("summary", dated)
    assert kind == "corpus"
    assert [q.article_id for q in leads] == [dated[1].id, dated[0].id]


def test_a_corpus_in_which_nobody_is_named_is_told_by_its_leads() -> None:
    assert of_corpus("people", [make_article("Chợ mở lại sau ba tháng sửa chữa.")])[0] == "corpus"


def test_a_kind_that_is_not_sure_is_a_question_for_facts() -> None:
    weights = np.array([[0.0, 0.0], [1.0, 0.0]], np.float32)
    naming = np.array([0.0, 1.0, -0.5], np.float32)
    words = {"tom_tat": np.array([0.0, 6.0], np.float32)}
    kinds = QuestionKinds(
        ("content", "summary"), weights, np.zeros(2, np.float32), words, frozenset(), naming
    )
    kind, probability = kinds.of(np.array([3.0, 0.0], np.float32), "?")
    assert (kind, round(probability, 3)) == ("summary", 0.953)
    unsure = np.array([-3.0, 0.0], np.float32)
    assert kinds.of(unsure, "Tắt tóm")[0] == "content"
    assert kinds.of(unsure, "Tóm tắt!") == ("summary", probability)
    assert kinds.names_topic(np.array([0.0, 1.0], np.float32))
    assert not kinds.names_topic(np.array([3.0, 0.0], np.float32))


def test_how_much_of_a_topic_a_text_tells() -> None:
    weights = {"cảng": 0.5, "thuận": 0.5, "an": 0.0}
    assert share_told(weights, "Cang ca o Hue") == 0.5
    assert share_told({}, "x") == 0.0


@pytest.mark.parametrize(
    "question",
    [
        "Tóm tắt bài báo này",
        "tom tat",
        "Bài viết nói về gì?",
        "What is this article about?",
        "この記事の要点を教えてください",
    ],
)
def test_a_summary_is_quoted(seed_assistant: Assistant, question: str) -> None:
    answer = seed_assistant.answer(question)
    assert answer.grounding == "grounded"
    assert 3 <= len(answer.citations) <= 5
    text = seed_assistant.article(answer.citations[0].article_id).text
    assert all(text[c.start : c.end] == c.quote for c in answer.citations)
    assert answer.citations[0].quote.startswith("Sáng 5-8")
    assert answer.query == ("tóm tắt" if question == "tom tat" else "")


def test_who_is_mentioned(seed_assistant: Assistant) -> None:
    answer = seed_assistant.answer("Những nhân vật nào được nhắc đến trong bài?")
    assert "Nguyễn Thanh Nghị" in answer.short
    assert "Nguyễn Thanh Tâm" in answer.short


@pytest.mark.parametrize("question", ["Xin chào", "hello!", "cảm ơn bạn"])
def test_a_greeting_says_what_can_be_asked(seed_assistant: Assistant, question: str) -> None:
    answer = seed_assistant.answer(question)
    assert answer.text.startswith(("Xin chào!", "Hello!"))
    assert answer.citations


def test_thanks_are_not_greeted(seed_assistant: Assistant) -> None:
    answer = seed_assistant.answer("cảm ơn bạn", [Turn("Ai là bí thư?", "Ông Tâm [1]")])
    assert answer.text.startswith("Rất vui được giúp bạn.")
    assert answer_json(answer)["kind"] == "greeting"


@pytest.mark.parametrize(
    "question", ["Ai tóm tắt báo cáo chính trị?", "Tóm tắt bài về giá vàng SJC ở Hà Nội"]
)
def test_other_questions_are_not_answered_with_an_overview(
    seed_assistant: Assistant, question: str
) -> None:
    assert len(seed_assistant.answer(question).citations) <= 2


@pytest.mark.parametrize("question", ["xin chào", "tóm tắt bài này"])
def test_an_index_without_prose_has_no_overview(tmp_path: Path, question: str) -> None:
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    index.add([replace(make_article("# Chợ Vinh"), marked=True)], settings)
    assert Assistant(index, settings).answer(question).grounding == "refused"


@pytest.mark.parametrize("question", ["xin chào", "Ai là bí thư phường?", "who is the mayor?"])
def test_without_articles_it_is_said_what_to_do(tmp_path: Path, question: str) -> None:
    settings = Settings(index=tmp_path / "index")
    answer = Assistant(Index.create(settings), settings).answer(question)
    assert answer.grounding == "refused"
    assert ("add some" if "mayor" in question else "hãy thêm bài viết") in answer.text


def test_what_was_read_to_tell_is_not_read_again(
    seed_assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question that may ask for an overview, and is answered by a passage."""
    read: list[int] = []
    reader = seed_assistant.reader
    assistant = Assistant(seed_assistant.index, seed_assistant.settings, reader=reader)
    original = reader.read
    monkeypatch.setattr(reader, "read", lambda asked: read.append(1) or original(asked))
    monkeypatch.setattr(QuestionKinds, "of", lambda self, embedding, text: ("content", 1.0))
    question = "Ai là bí thư đảng ủy phường Lái Thiêu?"
    plain = assistant.answer(question)
    once = len(read)
    monkeypatch.setattr(QuestionKinds, "of", lambda self, embedding, text: ("summary", 0.6))
    read.clear()
    assert assistant.answer(question) == plain
    assert len(read) == once


BYLINE = replace(
    make_article(
        "Cháy chợ Bến Gạo\nBáo Sông, ngày 12/3/2026\n\nChợ Bến Gạo cháy rạng sáng 11/3. "
        "Sáu xe chữa cháy đã đến."
    ),
    title="Cháy chợ Bến Gạo",
    source="Báo Sông",
    date="2026-03-12",
    furniture=(Span(17, 41),),
)


def over(tmp_path: Path, *articles: Article) -> Assistant:
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    index.add(list(articles), settings)
    return Assistant(index, settings)


def test_who_wrote_an_article_is_told_with_its_line(tmp_path: Path) -> None:
    answer = over(tmp_path, BYLINE).answer("Ai viết bài này?")
    assert answer.kind == "byline"
    assert answer.short == "không ghi tên tác giả · Báo Sông · 12/3/2026"
    assert [citation.quote for citation in answer.citations] == ["Báo Sông, ngày 12/3/2026"]
    assert answer.text == f"Cháy chợ Bến Gạo\n{answer.short} [1]"


def test_a_byline_that_is_not_in_the_text_is_told_beside_the_lead(tmp_path: Path) -> None:
    article = replace(BYLINE, author="Lê Hạnh", source="https://www.song.example/a", furniture=())
    answer = over(tmp_path, article).answer("Who is the author of this article?")
    assert answer.short == "Lê Hạnh · song.example · 12 Mar 2026"
    assert answer.citations[0].verified


def test_who_wrote_something_else_is_a_fact(tmp_path: Path) -> None:
    letter = make_article("Bà Nguyễn Thị Lan viết đơn tố cáo trưởng thôn Bến Gạo hôm 2/3.")
    answer = over(tmp_path, letter).answer("Ai viết đơn tố cáo trưởng thôn?")
    assert (answer.kind, answer.citations[0].quote) == ("content", letter.text)


FIRES = [
    replace(make_article(text), title=title)
    for title, text in (
        ("Cháy chợ Bến Gạo", "Chợ Bến Gạo bốc cháy rạng sáng 11/3. Không ai bị thương."),
        ("Cháy kho vải ở Tân An", "Kho vải ở Tân An bốc cháy tối qua. Lửa tắt sau ba giờ."),
        ("Giá lúa tăng", "Thương lái mua lúa với giá 9.200 đồng một ký, tăng 300 đồng."),
    )
]


def test_the_articles_about_something_are_listed(tmp_path: Path) -> None:
    answer = over(tmp_path, *FIRES).answer("Có những bài nào viết về các vụ cháy?")
    assert answer.kind == "listing"
    assert {citation.title for citation in answer.citations} == {FIRES[0].title, FIRES[1].title}
    assert answer.text.startswith("Tìm thấy trong 2 bài viết:")


def test_of_a_day_without_articles_none_is_listed(tmp_path: Path) -> None:
    answer = over(tmp_path, *FIRES).answer("Bài nào nói về vụ cháy ngày 12/3/2020?")
    assert (answer.kind, answer.grounding) == ("content", "refused")
    assert "hãy thêm bài viết" not in answer.text  # there are some


def test_articles_are_listed_by_a_word_that_is_common(tmp_path: Path) -> None:
    bridge = replace(make_article("Cầu Rạch Lá thông xe hôm nay."), title="Thông xe cầu Rạch Lá")
    answer = over(tmp_path, bridge, *FIRES).answer("Tìm bài về cầu")
    assert answer.kind == "listing"
    assert [citation.title for citation in answer.citations] == [bridge.title]


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Tìm bài đăng ngày 11/3/2025", {0}),
        ("các bài đăng tháng 3/2025", {0, 1}),
        ("Tìm bài về vụ cháy trong tháng 3/2025", {0, 1}),
        ("Which articles are from May 2025?", {2}),
        ("Có bài nào trong tháng 12/2025?", set()),
    ],
)
def test_the_articles_of_a_day_or_month_are_listed(
    tmp_path: Path, question: str, found: set[int]
) -> None:
    days = ("2025-03-11", "2025-03-20", "2025-05-02")
    dated = [replace(article, date=day) for article, day in zip(FIRES, days, strict=True)]
    answer = over(tmp_path, *dated).answer(question)
    assert {citation.title for citation in answer.citations} == {FIRES[i].title for i in found}
    assert answer.kind == ("listing" if found else "content")


@pytest.mark.parametrize(
    "question",
    [
        "Ai viết bài về giá lúa?",
        "Tác giả bài thương lái mua lúa là ai?",
        "bai gia lua dang bao nao",
    ],
)
def test_who_wrote_the_article_about_something(tmp_path: Path, question: str) -> None:
    rice = replace(FIRES[2], author="Minh Trí", source="Báo Đồng Khởi")
    answer = over(tmp_path, *FIRES[:2], rice).answer(question)
    assert answer.kind == "byline"
    assert [citation.title for citation in answer.citations] == [rice.title]
    assert "Minh Trí · Báo Đồng Khởi" in answer.text


def test_that_no_article_is_about_it_is_said(tmp_path: Path) -> None:
    answer = over(tmp_path, *FIRES).answer("Bài báo nào nói về bóng chuyền nữ?")
    assert (answer.grounding, answer.kind) == ("refused", "content")
