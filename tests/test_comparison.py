"""Which questions compare, and what is asked of each side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.answering.assistant import Assistant
from assistant.index.index import Index
from assistant.reading.readings import Beside, Reading
from assistant.reading.shipped import CalibratedReader
from assistant.retrieval.comparison import sides
from assistant.settings import Settings
from tests.fixtures import make_article


@pytest.mark.parametrize(
    ("question", "one", "other"),
    [
        ("So sánh vốn của cảng A và cảng B", "vốn của cảng A", "vốn của cảng B"),
        ("so sanh gia tieu o Gia Lai voi Kon Tum?", "gia tieu o Gia Lai", "gia tieu o Kon Tum"),
        ("So sánh Huế và Đà Nẵng về lượng khách", "Huế về lượng khách", "Đà Nẵng về lượng khách"),
        ("Compare ticket prices in Hue and Vinh.", "ticket prices in Hue", "ticket prices in Vinh"),
    ],
)
def test_a_comparison_has_two_sides(question: str, one: str, other: str) -> None:
    assert sides(question) == (one, other)


@pytest.mark.parametrize(
    "question", ["Ai so sánh hai dự án?", "So sánh hai dự án", "Who compared?"]
)
def test_other_questions_have_none(question: str) -> None:
    assert sides(question) is None


class Towns(CalibratedReader):
    """The shipped calibration; a passage answers where it has the question's last word, with its
    number."""

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        return [self._reading(one.asked.split()[-1], one.passage) for one in questions]

    def _reading(self, town: str, text: str) -> Reading:
        at = next(i for i, character in enumerate(text) if character.isdigit())
        logit = 9.0 if town in text else -9.0
        return Reading((at, at + 2), ((at, at + 2),), logit, logit)


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    texts = ("Thành phố Vinh có 31 chợ.", "Thành phố Huế có 28 chợ.")
    index.add([make_article(text, f"{i}.txt") for i, text in enumerate(texts)], settings)
    return Assistant(index, settings, reader=Towns())


def test_each_side_is_answered_from_its_article(assistant: Assistant) -> None:
    answer = assistant.answer("So sánh số chợ của Vinh và Huế")
    assert answer.short == "31; 28"
    assert [c.quote for c in answer.citations] == [
        "Thành phố Vinh có 31 chợ.",
        "Thành phố Huế có 28 chợ.",
    ]


def test_a_side_that_the_articles_do_not_have_is_said(assistant: Assistant) -> None:
    answer = assistant.answer("So sánh số chợ của Vinh và Đồng_Hới")
    assert answer.short == "31"
    assert answer.text.startswith("Các bài viết không cho biết về số chợ của Đồng_Hới.\n")
    assert assistant.answer("So sánh số chợ của Hội_An và Đồng_Hới").grounding == "refused"
