"""Questions over several articles, with the model: overviews, follow-ups, neighbours in one line,
rows of a table, and letters that are not seen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

from assistant.answering.answer_options import Choice, Choices
from assistant.answering.assistant import Assistant
from assistant.articles.files import read_articles
from assistant.index.index import Index
from assistant.settings import Settings
from assistant.types import Answer, Finished, Turn
from tests.scripted import JudgedByWords

ARTICLES = {
    "cho.txt": """---
title: Khởi công cải tạo chợ Đông Lân
date: 2025-09-12
---
Sáng 12-9, phường Đông Lân khởi công cải tạo chợ Đông Lân với tổng vốn 42 tỉ đồng.
Ông Phan Văn Tước, Chủ tịch phường, cho biết 310 tiểu thương dời sang bãi tạm trong tám tháng.
Bà Đỗ Thị Nhài, trưởng ban quản lý chợ, đề nghị giảm một nửa tiền thuê sạp ở bãi tạm.
Tiểu thương bán cá được dời sau cùng, vào cuối tháng 9.
""",
    "lua.txt": """---
title: Giá lúa vụ thu đông
date: 2025-09-10
---
Tại Đồng Tháp, thương lái mua lúa tươi 7.200 đồng/kg, tăng 150 đồng so với tuần trước.
Ở Kiên Giang giá lúa tươi là 6.900 đồng/kg, còn ở Long An giá lúa tươi là 7.050 đồng/kg.
Hợp tác xã Ðồng Tâm đã gặt xong 400 ha; rau mu\u00adống trồng xen bán được 9.000 đồng một bó.
""",
    "lich.md": """# Lịch tiêm phòng dại

Đợt tiêm tháng 10 cho chó mèo của phường Đông Lân như sau.

| Khu phố | Ngày | Nơi tiêm |
|---|---|---|
| Khu phố 1 | 4-10 | Nhà văn hóa Bến Gỗ |
| Khu phố 2 | 11-10 | Sân bóng Cây Da |
| Khu phố 3 | 18-10 | Trạm y tế phường |
""",
}
SUMMARY = "Chợ Đông Lân được cải tạo với 42 tỉ đồng [1]. Chợ mở lại vào năm 2031 [1]."


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("several")
    for name, text in ARTICLES.items():
        (folder / name).write_text(text, "utf-8")
    settings = Settings(index=folder / "index")
    index = Index.create(settings)
    index.update(read_articles([folder]), [folder], settings)
    made = Assistant(index, settings)
    yield made
    made.close()


def talk(assistant: Assistant, questions: Sequence[str]) -> Answer:
    """The answer to the last of the questions, each asked after those before it."""
    history: list[Turn] = []
    for question in questions:
        answer = assistant.answer(question, history)
        history.append(Turn(question, answer.text, answer.query))
    return answer


def titles(answer: Answer) -> list[str]:
    return list(dict.fromkeys(citation.title for citation in answer.citations))


def test_all_articles_are_told_by_their_leads_the_newest_first(assistant: Assistant) -> None:
    answer = assistant.answer("tóm tắt các bài báo")
    assert titles(answer)[:2] == ["Khởi công cải tạo chợ Đông Lân", "Giá lúa vụ thu đông"]
    assert answer.text.startswith("Có 3 bài viết")


def test_the_article_that_is_named_is_summed_up(assistant: Assistant) -> None:
    assert titles(assistant.answer("Tóm tắt bài về chợ Đông Lân")) == [
        "Khởi công cải tạo chợ Đông Lân"
    ]
    assert titles(assistant.answer("bài về giá lúa nói gì?")) == ["Giá lúa vụ thu đông"]


def test_what_was_spoken_of_is_summed_up_among_others(assistant: Assistant) -> None:
    asked = ["Giá lúa ở Đồng Tháp?", "tóm tắt bài đó giúp mình"]
    assert titles(talk(assistant, asked)) == ["Giá lúa vụ thu đông"]


def test_people_and_figures_of_all_articles(assistant: Assistant) -> None:
    people = assistant.answer("Những nhân vật nào được nhắc đến?")
    assert people.short == "Phan Văn Tước; Đỗ Thị Nhài"
    assert "Chủ tịch phường" in people.citations[0].quote
    assert "trưởng ban quản lý chợ" in people.citations[1].quote
    figures = assistant.answer("các con số chính là gì?")
    assert len(titles(figures)) == 3
    assert all(any(c.isdigit() for c in citation.quote) for citation in figures.citations[:4])


def test_a_model_sums_up_in_its_words_and_is_checked(assistant: Assistant) -> None:
    model = GenericFakeChatModel(messages=iter([AIMessage(SUMMARY)]))
    settings = assistant.settings.model_copy(update={"llm": "openai:scripted"})
    written = Assistant(assistant.index, settings, model, JudgedByWords())
    answer = written.answer("Tóm tắt bài về chợ Đông Lân")
    assert [claim.verdict for claim in answer.claims] == ["supported", "unsupported"]
    assert answer.llm and answer.citations[0].title == "Khởi công cải tạo chợ Đông Lân"


def test_she_is_the_woman_who_was_spoken_of(assistant: Assistant) -> None:
    asked = [
        "Chủ tịch phường Đông Lân là ai?",
        "Ai là trưởng ban quản lý chợ Đông Lân?",
        "Ông Tước nói gì?",
        "Bà ấy đề nghị gì?",
    ]
    answer = talk(assistant, asked)
    assert "Đỗ Thị Nhài" in answer.citations[0].quote
    assert "Ông" not in answer.query


@pytest.mark.parametrize("place, price", [("Kiên Giang", "6.900"), ("Long An", "7.050")])
def test_of_two_places_in_one_sentence_the_one_asked_for(
    assistant: Assistant, place: str, price: str
) -> None:
    followed = talk(assistant, ["Giá lúa ở Đồng Tháp?", f"Còn {place}?"])
    assert followed.short == assistant.answer(f"giá lúa {place}").short == f"{price} đồng/kg"


def test_a_place_that_no_article_names_has_no_price(assistant: Assistant) -> None:
    assert talk(assistant, ["Giá lúa ở Đồng Tháp?", "Còn Cà Mau?"]).grounding == "refused"


def test_the_row_that_is_asked_for_is_quoted_with_its_header(assistant: Assistant) -> None:
    (citation,) = assistant.answer("Khu phố 3 tiêm ở đâu?").citations
    assert citation.quote == "Khu phố: Khu phố 3; Ngày: 18-10; Nơi tiêm: Trạm y tế phường."


def test_letters_that_look_alike_or_are_not_seen_are_found(assistant: Assistant) -> None:
    assert assistant.answer("Hợp tác xã Đồng Tâm gặt bao nhiêu ha?").short == "400 ha"
    (citation,) = assistant.answer("Rau muống bán bao nhiêu một bó?").citations
    assert "mu\u00adống" in citation.quote  # as the article has it
    assert "9.000 đồng" in citation.quote


def test_this_article_is_the_one_that_is_open(assistant: Assistant) -> None:
    rice = next(a for a in assistant.articles() if a.title == "Giá lúa vụ thu đông")
    choices = Choices(assistant, assistant.settings)
    for question in ("Tóm tắt bài báo này", "bài viết nói về gì?"):
        *_, last = choices.stream(question, (), Choice(opened=rice.id))
        assert isinstance(last, Finished)
        assert titles(last.answer) == ["Giá lúa vụ thu đông"]
    beside = assistant.beside(rice.id)
    assert titles(beside.answer("Tóm tắt bài về chợ Đông Lân")) == [
        "Khởi công cải tạo chợ Đông Lân"
    ]
    assert len(titles(beside.answer("tóm tắt các bài báo"))) == 3
    assert beside.answer("Chợ Đông Lân có bao nhiêu tiểu thương?").short.startswith("310")
    assert len(titles(assistant.beside("gone").answer("Tóm tắt bài báo này"))) == 3
