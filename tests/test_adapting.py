"""The reader learns from a person's own questions, or says why it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.articles.files import Corpus
from assistant.evaluation._questions import Question
from assistant.evaluation.adapting import (
    LEAST,
    LEAST_HELD_OUT,
    Adapted,
    Judged,
    adapt,
    asked_of,
)
from assistant.index.index import Index
from assistant.reading.shipped import CalibratedReader, reader_in
from assistant.settings import Settings
from assistant.types import Article, QuestionSetError, Span
from tests.fixtures import make_article

NAMES = ("An", "Bình", "Chi", "Dung", "Giang", "Hà", "Khoa", "Lan", "Minh", "Nga")


def article_of(i: int) -> Article:
    name = f"Lê Thị {NAMES[i % 10]} {i}"
    return make_article(f"Phòng {i} mở cửa lúc {i % 12} giờ. Trưởng phòng {i} là bà {name}.")


def question_of(i: int) -> Question:
    name = f"Lê Thị {NAMES[i % 10]} {i}"
    return Question(
        f"q{i}", f"Ai là trưởng phòng {i}?", (name,), f"Trưởng phòng {i} là bà {name}.", False, "vi"
    )


@pytest.fixture
def index(tmp_path: Path, fake_encoder: None) -> Index:
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    index.update(Corpus(tuple(map(article_of, range(90))), ()), [], settings)
    return index


def test_where_the_answers_stand_is_found(index: Index) -> None:
    nobody = Question("n", "Ai là phó phòng 3?", unanswerable=True)
    elsewhere = Question("e", "Ai?", ("Ai đó",), "Không có trong bài nào.")
    asked = asked_of([*map(question_of, range(90)), nobody, elsewhere], index)
    assert len(asked) == 91  # what no article shows teaches nothing
    first = article_of(0)
    start = first.text.index("Lê Thị An 0")
    assert asked[0].answers == {first.id: [Span(start, start + 11)]}
    assert asked[-1].answers == {}
    shown = [one for one in asked if one.answers]
    assert LEAST_HELD_OUT <= sum(one.held_out for one in shown) < len(shown) / 2


def test_too_few_questions_are_refused_with_how_many_are_needed(index: Index) -> None:
    with pytest.raises(QuestionSetError, match=f"answers of 20, .* {LEAST} and {LEAST_HELD_OUT}"):
        asked_of(list(map(question_of, range(20))), index)


def test_what_came_of_it_is_told() -> None:
    better = Adapted(60, 30, Judged(0.5, 0.7), Judged(0.6, None), True, Path("r"), False)
    told = str(better)
    assert "before: 0.500 answered right, AUROC of unanswerable 0.700" in told
    assert "ASSISTANT_READER=r" in told and "old calibration" in told
    worse = Adapted(60, 30, Judged(0.5, 0.7), Judged(0.5, 0.7), False, Path("r"), False)
    assert "not kept" in str(worse)


@pytest.mark.slow
def test_a_reader_that_has_learnt_is_kept_where_it_is_better(index: Index, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    adapted = adapt(
        index,
        reader_in(),
        list(map(question_of, range(90))),
        tmp_path / "reader",
        lambda done, total: steps.append((done, total)),
    )
    assert steps[-1][0] == steps[-1][1] == len(steps)
    assert adapted.trained + adapted.held_out == 90
    assert adapted.kept == (adapted.after.right > adapted.before.right)
    assert adapted.kept == (tmp_path / "reader").exists()
    if adapted.kept:
        own = CalibratedReader(tmp_path / "reader")
        assert own.calibration.reader == own.digest != reader_in().digest
