"""What is made of readings: which passages are believed, and what of them is quoted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.answering._quotes import choose, cite, short_answer, wording
from assistant.answering.found_answers import AT_ONCE, READ, Found, find_answers
from assistant.index.catalog import Stored
from assistant.index.lexical import LexicalQuery, TermWeights
from assistant.reading.calibration import Calibration, Logistic
from assistant.reading.readings import Beside, Reading, Verdict
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.settings import Settings
from assistant.text.sentences import sentences
from assistant.types import Passage, Sentence, Span
from tests.fixtures import FakeEncoder

PLAIN = Logistic((1.0, 0.0, 0.0), 0.0)  # the answerable logit alone
CALIBRATION = Calibration(
    "0" * 16,
    {"within": PLAIN, "across": Logistic((1.0, 0.0, 0.0), -2.0)},
    {"within": Logistic((1.0,), 0.0), "across": Logistic((1.0,), 0.0)},
)
VINH = "Chợ họp sớm. Cầu ở Vinh dài 90 m."
LIST = "Có ba việc. Một là xây cầu.\nHai là mở chợ. Mưa cả tuần. Ba là trồng cây."


class Scripted:
    """Answers with the words that are given for a passage, as sure as the logit with them."""

    def __init__(self, said: dict[str, tuple[float, tuple[str, ...]]]) -> None:
        self.said = said
        self.batches: list[int] = []

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        self.batches.append(len(questions))
        return [self._reading(one.passage) for one in questions]

    def _reading(self, text: str) -> Reading:
        logit, words = self.said.get(text, (-9.0, (text.split()[0],)))
        spans = [(text.index(w), text.index(w) + len(w)) for w in words]
        return Reading(spans[0], tuple(sorted(spans)), logit, 0.0)

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        raise AssertionError("a question is not a claim")


def query(text: str = "Cầu ở đâu?") -> Query:
    vectors = FakeEncoder(Settings()).embed_questions([text])
    weights = TermWeights({}, 1.0)
    return Query(text, text, "vi", False, LexicalQuery.of(text), weights, vectors[0])


def candidate(text: str, article: str, language: str = "vi", start: int = 100) -> Candidate:
    cut = [Sentence(s.start + start, s.end + start, s.kind) for s in sentences(text)]
    passage = Passage(article, start, start + len(text), text, tuple(cut))
    return Candidate(Stored(1, passage, f"Tin {article}", language), 0.5, (), 0.0)


def found(said: dict[str, tuple[float, tuple[str, ...]]], *texts: str) -> tuple[Found, ...]:
    candidates = [candidate(text, f"a{i}") for i, text in enumerate(texts)]
    return find_answers(Scripted(said), CALIBRATION, query(), candidates)


def quotes(all_found: Sequence[Found], least: float = 0.5, every: bool = False) -> list[str]:
    texts = {f.article_id: " " * 100 + f.candidate.stored.passage.text for f in all_found}
    return [c.quote for c in cite(choose(all_found, least, every), texts)]


def test_the_surest_passage_comes_first_with_offsets_of_its_article() -> None:
    best, other = found({VINH: (2.0, ("Vinh",)), "Cầu ở Huế.": (1.0, ("Huế",))}, "Cầu ở Huế.", VINH)
    assert (best.article_id, other.article_id) == ("a1", "a0")
    assert best.best == Span(100 + VINH.index("Vinh"), 104 + VINH.index("Vinh"))
    assert best.confidence == pytest.approx(0.8808, abs=1e-4)  # σ(2)


def test_a_pair_of_two_languages_has_its_own_calibration() -> None:
    reader = Scripted({VINH: (2.0, ("Vinh",))})
    (one,) = find_answers(reader, CALIBRATION, query(), [candidate(VINH, "a", "en")])
    assert one.confidence == pytest.approx(0.5)


def test_reading_stops_once_an_answer_is_sure_unless_all_are_asked_for() -> None:
    texts = [f"Câu số {i}." for i in range(2 * READ)]
    candidates = [candidate(text, f"a{i}") for i, text in enumerate(texts)]
    for logit, every, batches in (
        (3.0, False, [AT_ONCE]),
        (3.0, True, [AT_ONCE] * (READ // AT_ONCE)),
        (-3.0, False, [AT_ONCE] * (READ // AT_ONCE)),
    ):
        reader = Scripted({texts[0]: (logit, ("Câu",))})
        find_answers(reader, CALIBRATION, query(), candidates, every)
        assert reader.batches == batches
    assert find_answers(Scripted({}), CALIBRATION, query(), []) == ()


def test_headings_are_not_answers() -> None:
    text = "Cầu mới ở Vinh\n\nCầu dài 90 m."
    cut = (Sentence(0, 14, "heading"), Sentence(16, 29))
    stored = Stored(1, Passage("a", 0, len(text), text, cut), "Tin", "vi")
    passage = Candidate(stored, 0.5, (), 0.0)
    reader = Scripted({text: (3.0, ("Vinh",))})
    assert find_answers(reader, CALIBRATION, query(), [passage]) == ()


def test_sentences_in_a_row_are_one_quote_and_others_their_own() -> None:
    said = {LIST: (3.0, ("xây cầu", "mở chợ", "trồng cây"))}
    assert quotes(found(said, LIST)) == ["Một là xây cầu.\nHai là mở chợ.", "Ba là trồng cây."]


def test_another_article_is_quoted_where_it_answers_too() -> None:
    same, weak = "Cầu Vinh bắc qua sông.", "Có người nói ở Vinh."
    said = {VINH: (2.0, ("Vinh",)), same: (1.9, ("Vinh",)), weak: (0.4, ("Vinh",))}
    answers = found(said, VINH, same, weak)
    assert quotes(answers) == ["Cầu ở Vinh dài 90 m.", same]
    assert quotes(answers, every=True) == ["Cầu ở Vinh dài 90 m.", same, weak]
    assert quotes(answers, least=0.95, every=True) == ["Cầu ở Vinh dài 90 m."]


def test_the_words_that_answer_come_first_each_once() -> None:
    said = {VINH: (2.0, ("Vinh",)), "Cầu kia ở Huế, gần Vinh.": (1.9, ("Huế", "Vinh"))}
    answers = found(said, *said)
    texts = {f.article_id: " " * 100 + f.candidate.stored.passage.text for f in answers}
    citations = cite(choose(answers, 0.5), texts)
    assert short_answer(citations) == "Vinh; Huế"
    assert wording(citations, "vi") == (
        "Vinh [1]; Huế [2]\n\nTheo 2 bài viết:\n“Cầu ở Vinh dài 90 m.” [1]\n"
        "“Cầu kia ở Huế, gần Vinh.” [2]"
    )


def test_an_answer_that_is_the_quote_is_not_said_twice() -> None:
    answers = found({"Vì trời mưa to.": (2.0, ("Vì trời mưa to",))}, "Vì trời mưa to.")
    citations = cite(choose(answers, 0.5), {"a0": " " * 100 + "Vì trời mưa to."})
    assert short_answer(citations) == "Vì trời mưa to"
    assert wording(citations, "vi") == "Theo bài viết:\n“Vì trời mưa to.” [1]"
