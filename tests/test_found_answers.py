"""What is made of readings: which passages are believed, and what of them is quoted."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.answering._quotes import choose, cite
from assistant.answering._wording import short_answer, wording
from assistant.answering.found_answers import (
    AT_ONCE,
    READ,
    READ_FOR_ALL,
    Found,
    Scope,
    differ,
    find_answers,
)
from assistant.index.catalog import Stored
from assistant.index.lexical import LexicalQuery, TermWeights
from assistant.reading.calibration import Calibration, Logistic
from assistant.reading.readings import Beside, Reading, Verdict
from assistant.retrieval.hybrid_search import Candidate, Query
from assistant.settings import Settings
from assistant.text.sentences import sentences
from assistant.types import Article, Citation, Passage, Sentence, Span
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


def cited(
    all_found: Sequence[Found], least: float = 0.5, scope: Scope = "one"
) -> tuple[Citation, ...]:
    texts = {key: article.text for key, article in articles(all_found).items()}
    return cite(choose(all_found, least, scope), texts)


def articles(all_found: Sequence[Found], day: str = "") -> dict[str, Article]:
    """The articles of the passages, in each of which its passage is at 100."""
    stored = [one.candidate.stored for one in all_found]
    made = (
        Article(s.passage.article_id, s.title, " " * 100 + s.passage.text, "vi", date=day)
        for s in stored
    )
    return {article.id: article for article in made}


def quotes(all_found: Sequence[Found], least: float = 0.5, scope: Scope = "one") -> list[str]:
    return [citation.quote for citation in cited(all_found, least, scope)]


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


@pytest.mark.parametrize(("sure", "told"), [(2.0, VINH), (-2.0, "Cầu mới ở Vinh")])
def test_a_headline_answers_where_no_sentence_does(sure: float, told: str) -> None:
    headline = "Cầu mới ở Vinh"
    cut = (Sentence(100, 100 + len(headline), "heading"),)
    stored = Stored(1, Passage("a", 100, 100 + len(headline), headline, cut), headline, "vi")
    reader = Scripted({headline: (1.0, ("Vinh",)), VINH: (sure, ("Vinh",))})
    passages = [Candidate(stored, 0.5, (), 0.0), candidate(VINH, "b")]
    answers = find_answers(reader, CALIBRATION, query(), passages)
    assert quotes(answers)[0] in told
    assert answers[0].in_headline is (sure < 0)


def test_sentences_in_a_row_are_one_quote_and_others_their_own() -> None:
    said = {LIST: (3.0, ("xây cầu", "mở chợ", "trồng cây"))}
    assert quotes(found(said, LIST)) == ["Một là xây cầu.\nHai là mở chợ.", "Ba là trồng cây."]


def test_another_article_is_quoted_where_it_answers_too() -> None:
    same, weak = "Cầu Vinh bắc qua sông.", "Có người nói ở Vinh."
    said = {VINH: (2.0, ("Vinh",)), same: (1.9, ("Vinh",)), weak: (0.4, ("Vinh",))}
    answers = found(said, VINH, same, weak)
    assert quotes(answers) == ["Cầu ở Vinh dài 90 m.", same]
    assert quotes(answers, scope="all") == ["Cầu ở Vinh dài 90 m.", same, weak]
    assert quotes(answers, least=0.95, scope="all") == ["Cầu ở Vinh dài 90 m."]


def test_the_words_that_answer_come_first_each_once() -> None:
    said = {VINH: (2.0, ("Vinh",)), "Cầu kia ở Huế, gần Vinh.": (1.9, ("Huế", "Vinh"))}
    answers = found(said, *said)
    citations = cited(answers)
    assert short_answer(citations) == "Vinh; Huế"
    assert wording(citations, "vi", articles(answers)) == (
        "Vinh [1]; Huế [2]\n\nTheo 2 bài viết:\n“Cầu ở Vinh dài 90 m.” [1]\n"
        "“Cầu kia ở Huế, gần Vinh.” [2]"
    )


def test_an_answer_that_is_the_quote_is_not_said_twice() -> None:
    answers = found({"Vì trời mưa to.": (2.0, ("Vì trời mưa to",))}, "Vì trời mưa to.")
    citations = cited(answers)
    assert short_answer(citations) == "Vì trời mưa to"
    said = wording(citations, "vi", articles(answers))
    assert said == "Theo bài viết:\n“Vì trời mưa to.” [1]"


PORTS = {f"Cảng cá {town} khởi công.": (3.0, (town,)) for town in ("Vinh", "Huế", "Hội An")}


def test_articles_that_answer_differently_are_all_read() -> None:
    texts = [*PORTS, *(f"Câu số {i}." for i in range(2 * READ_FOR_ALL))]
    candidates = [candidate(text, f"a{i}") for i, text in enumerate(texts)]
    reader = Scripted(PORTS | {texts[READ - 1]: (3.0, ("Câu",))})
    answers = find_answers(reader, CALIBRATION, query("Cảng cá nào khởi công?"), candidates)
    # The third batch holds no answer, and ends it.
    assert reader.batches == [AT_ONCE] * 3
    assert differ(answers)
    assert len(quotes(answers, scope="all")) == 4
    reader = Scripted(dict.fromkeys(texts, (3.0, ("Câu",))) | PORTS)
    every = [candidate(f"{text} Câu.", f"a{i}") for i, text in enumerate(texts)]
    reader.said = {c.stored.passage.text: (3.0, (c.stored.passage.text,)) for c in every}
    find_answers(reader, CALIBRATION, query(), every)
    assert sum(reader.batches) == READ_FOR_ALL


def test_the_same_words_in_many_articles_are_one_answer() -> None:
    texts = [f"Tin {i}: cầu ở Vinh." for i in range(4)]
    assert not differ(found(dict.fromkeys(texts, (3.0, ("Vinh",))), *texts))


def test_what_many_articles_say_stands_under_their_headlines() -> None:
    answers = found(PORTS, *PORTS)
    told = articles(answers, day="2025-08-05")
    assert wording(cited(answers, scope="all"), "vi", told) == (
        "Vinh [1]; Huế [2]; Hội An [3]\n\nTìm thấy trong 3 bài viết:\n\n"
        "Tin a0 (05/08/2025)\n“Cảng cá Vinh khởi công.” [1]\n\n"
        "Tin a1 (05/08/2025)\n“Cảng cá Huế khởi công.” [2]\n\n"
        "Tin a2 (05/08/2025)\n“Cảng cá Hội An khởi công.” [3]"
    )
    assert "Tin a0 (5 Aug 2025)\n" in wording(cited(answers, scope="all"), "en", told)


def test_both_sides_of_a_comparison_are_quoted_however_sure() -> None:
    both = "Vinh có 9 chợ, Huế có 7 chợ."
    one = found({both: (4.0, ("9 chợ",))}, both)
    other = found({both: (-1.0, ("7 chợ",))}, both)
    (quote,) = choose([*one, *other], 0.2, "sides")
    assert [both[a.start - 100 : a.end - 100] for a in quote.answer] == ["9 chợ", "7 chợ"]
    apart = found({both: (4.0, ("9 chợ",)), VINH: (-1.0, ("Vinh",))}, both, VINH)
    assert quotes(apart, 0.2, "sides") == [both, "Cầu ở Vinh dài 90 m."]
    assert quotes(apart, 0.2) == [both]
