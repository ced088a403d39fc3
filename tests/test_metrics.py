"""Metrics against arithmetic written out by hand and against other ways to compute them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation import _metrics as metrics
from assistant.evaluation import _support as support
from assistant.evaluation._significance import interval, paired_p
from assistant.text.terms import terms
from assistant.types import Answer, Article, Citation
from tests.scripted import JudgedByWords

# -- rankings ------------------------------------------------------------------------------

RANKING = ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(("k", "expected"), [(1, 0), (2, 1 / 3), (4, 2 / 3), (5, 2 / 3)])
def test_recall_is_the_share_of_relevant_items_found(k: int, expected: float) -> None:
    grades = {"b": 1, "d": 1, "not found": 1}
    assert metrics.recall_at(k, RANKING, grades) == pytest.approx(expected)


def test_reciprocal_rank_counts_the_first_relevant_item_alone() -> None:
    assert metrics.reciprocal_rank(10, RANKING, {"c": 1, "d": 1}) == pytest.approx(1 / 3)
    assert metrics.reciprocal_rank(2, RANKING, {"c": 1}) == 0.0


def test_ndcg_by_hand() -> None:
    # b (grade 2) at rank 2 and d (grade 1) at rank 4; the ideal has b first and d second.
    found = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert metrics.ndcg_at(10, RANKING, {"b": 2, "d": 1}) == pytest.approx(found / ideal)


def test_one_relevant_item_has_the_ndcg_of_its_discount() -> None:
    assert metrics.ndcg_at(10, RANKING, {"a": 1}) == pytest.approx(1.0)
    assert metrics.ndcg_at(10, RANKING, {"e": 1}) == pytest.approx(1 / math.log2(6))
    assert metrics.ndcg_at(3, RANKING, {"e": 1}) == 0.0
    assert metrics.ndcg_at(10, [], {"e": 1}) == 0.0
    assert metrics.ndcg_at(10, ["x"], {"e": 1}) == 0.0  # not found, and no place left taken


def _ndcg_written_differently(k: int, ranking: Sequence[str], grades: dict[str, int]) -> float:
    discounts = [math.log(2) / math.log(place) for place in range(2, k + 2)]
    gains = [grades.get(item, 0) for item in ranking]
    best = sorted(grades.values(), reverse=True)
    dcg, ideal = (sum(g * d for g, d in zip(row, discounts, strict=False)) for row in (gains, best))
    return dcg / ideal


@given(
    st.permutations([f"i{n}" for n in range(14)]),
    st.dictionaries(
        st.sampled_from([f"i{n}" for n in range(20)]), st.integers(1, 3), min_size=1, max_size=14
    ),
    st.integers(2, 10),
)
def test_ndcg_agrees_with_another_implementation(
    ranking: list[str], grades: dict[str, int], k: int
) -> None:
    expected = _ndcg_written_differently(k, ranking, grades)
    assert metrics.ndcg_at(k, ranking, grades) == pytest.approx(expected)


def test_nothing_relevant_is_no_score() -> None:
    assert metrics.recall_at(5, RANKING, {}) is None
    assert metrics.reciprocal_rank(10, RANKING, {}) is None
    assert metrics.ndcg_at(10, RANKING, {}) is None


# -- answers -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "language", "tokens"),
    [
        ("The  Mayor, a man!", "en", ["mayor", "man"]),
        ("Những chiếc cầu của Hà Nội", "vi", ["cầu", "hà", "nội"]),
        ("là", "en", ["là"]),
        ("Der Hund und die Katze", "de", ["hund", "und", "katze"]),
        ("El río", "es", ["río"]),
        ("الكتاب", "ar", ["كتاب"]),
        ("在2016年，Panthers队", "zh", ["在", "2016", "年", "panthers", "队"]),
        ("สี่ คน", "th", ["ส", "ี", "่", "ค", "น"]),
        ("“5-8”", "vi", ["58"]),
        ("", "vi", []),
    ],
)
def test_answers_are_normalized_by_language(text: str, language: str, tokens: list[str]) -> None:
    assert list(metrics.answer_tokens(text, language)) == tokens


def test_exact_match_ignores_case_articles_and_punctuation_only() -> None:
    assert metrics.exact_match("the Nguyễn Thanh Nghị.", ["Nguyễn Thanh Nghị"], "en") == 1.0
    assert metrics.exact_match("ông Nguyễn Thanh Nghị", ["Nguyễn Thanh Nghị"], "vi") == 0.0
    assert metrics.exact_match("Nguyen Thanh Nghi", ["Nguyễn Thanh Nghị"], "vi") == 0.0


def test_f1_by_hand_takes_the_best_answer() -> None:
    # "one two three four" against "two four six": 2 shared, P = 2/4, R = 2/3.
    expected = 2 * (2 / 4) * (2 / 3) / (2 / 4 + 2 / 3)
    assert metrics.f1("one two three four", ["nine", "two four six"], "de") == pytest.approx(
        expected
    )
    assert metrics.f1("two two", ["two"], "en") == pytest.approx(2 / 3)  # bags, not sets
    assert metrics.f1("", ["two"], "en") == 0.0


def test_contains_needs_whole_tokens_in_a_row() -> None:
    assert metrics.contains("Sáng 5-8, tại phường", ["5-8"], "vi") == 1.0
    assert metrics.contains("ngày 15 tháng 8", ["5"], "vi") == 0.0
    assert metrics.contains("phường Lái và Thiêu", ["Lái Thiêu"], "vi") == 0.0
    assert metrics.contains("他说四次。", ["四次"], "zh") == 1.0


def test_an_answer_of_articles_alone_is_not_found_everywhere() -> None:
    assert metrics.contains("An is the mayor", ["An"], "en") == 1.0
    assert metrics.contains("Bo is the mayor", ["An"], "en") == 0.0
    assert metrics.f1("Bo", ["An"], "en") == 0.0
    assert metrics.f1("the", ["An"], "en") == 1.0  # as SQuAD has it: both are nothing
    assert metrics.contains("x", ["?!"], "en") is None


def test_no_gold_answer_is_no_score() -> None:
    assert metrics.exact_match("x", [], "vi") is None
    assert metrics.f1("x", [], "vi") is None
    assert metrics.contains("x", [], "vi") is None


# -- refusals ------------------------------------------------------------------------------


def test_auroc_counts_pairs() -> None:
    # Of 3 × 2 pairs, (0.9 and 0.8) beat both; 0.4 ties with 0.4 (½) and beats 0.1: 5.5 of 6.
    assert metrics.auroc([0.9, 0.8, 0.4], [0.4, 0.1]) == pytest.approx(5.5 / 6)


def test_tpr_takes_the_best_threshold_that_lets_few_through() -> None:
    unanswerable = [i / 100 for i in range(100)]  # 5% false answers: five of 0.95 … 0.99
    assert metrics.tpr_at_fpr([0.935, 0.951, 0.999, 0.2], unanswerable) == pytest.approx(0.5)
    assert metrics.tpr_at_fpr([0.5, 0.9], [0.95]) == 0.0


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=20),
    st.lists(st.integers(0, 12), min_size=1, max_size=25),
)
def test_refusal_figures_agree_with_counting(yes: list[int], no: list[int]) -> None:
    wins = sum((a > b) + (a == b) / 2 for a, b in itertools.product(yes, no))
    assert metrics.auroc(yes, no) == pytest.approx(wins / len(yes) / len(no))
    kept = [
        sum(a >= threshold for a in yes) / len(yes)
        for threshold in [*yes, *no, 13]
        if sum(b >= threshold for b in no) / len(no) <= 0.05
    ]
    assert metrics.tpr_at_fpr(yes, no) == pytest.approx(max(kept))


def test_one_class_alone_is_no_score() -> None:
    assert metrics.auroc([0.5], []) is None
    assert metrics.tpr_at_fpr([], [0.5]) is None


def test_risk_coverage_by_hand() -> None:
    # 0.9 right; the two of 0.5, one wrong, are answered together; 0.1 wrong.
    curve = metrics.risk_coverage([0.5, 0.9, 0.1, 0.5], [True, True, False, False])
    assert curve == [(0.25, 0.0), (0.75, pytest.approx(1 / 3)), (1.0, 0.5)]
    area = metrics.aurc([0.5, 0.9, 0.1, 0.5], [True, True, False, False])
    assert area == pytest.approx(0.25 * 0 + 0.5 / 3 + 0.25 * 0.5)
    assert metrics.risk_coverage([], []) == []
    assert metrics.aurc([], []) is None


# -- how sure a figure is ------------------------------------------------------------------


def test_an_interval_agrees_with_drawing_by_hand() -> None:
    values = [1.0] * 70 + [0.0] * 30
    drawn = random.Random(1)
    means = sorted(sum(drawn.choices(values, k=100)) / 100 for _ in range(4000))
    low, high = interval([values], resamples=4000) or (0.0, 0.0)
    assert low == pytest.approx(means[100], abs=0.015)
    assert high == pytest.approx(means[3900], abs=0.015)


def test_an_interval_is_the_same_every_time_and_needs_two_values() -> None:
    values = [0.0, 1.0, 1.0, 0.5]
    assert interval([values]) == interval([values])
    assert interval([[1.0, 1.0, 1.0]]) == (1.0, 1.0)
    assert interval([[1.0]]) is None
    assert interval([[]]) is None


def test_an_interval_of_auroc_holds_the_figure() -> None:
    yes, no = [0.9, 0.8, 0.7, 0.4, 0.6], [0.1, 0.5, 0.2, 0.65]
    low, high = interval([yes, no], metrics.auroc, 200, vectorized=False) or (0.0, 0.0)
    assert low < (metrics.auroc(yes, no) or 0) < high <= 1


def test_the_paired_test_agrees_with_trying_every_swap() -> None:
    now, earlier = [1.0, 0.5, 1.0, 0.75, 0.0, 1.0], [0.0, 0.5, 0.25, 0.5, 0.25, 0.25]
    gaps = [a - b for a, b in zip(now, earlier, strict=True)]
    sums = [sum(s * g for s, g in zip(signs, gaps, strict=True))
            for signs in itertools.product((1, -1), repeat=6)]  # fmt: skip
    seen = sum(gaps)
    tails = min(sum(s >= seen - 1e-9 for s in sums), sum(s <= seen + 1e-9 for s in sums))
    assert paired_p(now, earlier) == pytest.approx(2 * tails / len(sums))


def test_equal_runs_do_not_differ_and_one_pair_is_no_test() -> None:
    assert paired_p([0.2, 1.0], [0.2, 1.0]) == 1.0
    assert paired_p([1.0], [0.0]) is None
    assert (paired_p(np.ones(40).tolist(), np.zeros(40).tolist()) or 1) < 0.001


# -- statements and their support ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Theo bài viết:\n“Một câu. Hai câu.” [1]\n“Ba câu.” [2]",
         [("“Một câu. Hai câu.”", (1,)), ("“Ba câu.”", (2,))]),
        ("The mayor left [1]. The doctor stayed [2][3]. Nobody knows.",
         [("The mayor left.", (1,)), ("The doctor stayed.", (2, 3)), ("Nobody knows.", ())]),
        ("The mayor left. [1] The doctor stayed. [2]",
         [("The mayor left.", (1,)), ("The doctor stayed.", (2,))]),
        ("He left.\n[1] She stayed.", [("He left.", ()), ("She stayed.", (1,))]),
        ("They agreed on two things:", []),
        ("", []),
    ],
)  # fmt: skip
def test_markers_belong_to_their_statements(
    text: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    found = [(s.text.strip(), s.numbers) for s in support.statements_of(text)]
    assert found == expected


SOURCE = "Sáng 5-8, ông Nguyễn Thanh Nghị đã làm việc với hai phường Lái Thiêu và Tân Phước."


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("ông Nguyễn Thanh Nghị đã làm việc với hai phường", True),  # a part of it
        ("“Nguyễn Thanh Nghị.”", True),
        ("Nguyễn Thanh Nghị làm việc với phường Tân Phước ngày 5", True),  # by the reader
        ("Nguyễn Thanh Nghị làm việc với phường Tân Phước ngày 6", False),
        ("", False),
    ],
)
def test_support_is_what_checked_the_answer(
    monkeypatch: pytest.MonkeyPatch, statement: str, expected: bool
) -> None:
    monkeypatch.setattr(support, "reader_in", JudgedByWords)
    assert support.self_check(SOURCE, statement) is expected


def by_words(cited: str, statement: str) -> bool:
    return set(terms(statement)) - {"and"} <= set(terms(cited))


TEXT = "Alpha won in 2020. Beta won in 2021. Gamma lost."
ARTICLES = {"a": Article("a", "Title", TEXT, "en")}


def _cited(number: int, quote: str, shift: int = 0) -> Citation:
    start = TEXT.index(quote) + shift
    return Citation(number, "a", "Title", start, start + len(quote), quote, True)


def test_alce_scores_by_hand() -> None:
    # Statement 1 is supported by [1] alone, so [2], which supports nothing of it and is not
    # needed, is one citation too many. Statement 2 is not supported: [3] does not count. The
    # third cites nothing. Recall = 1/3, precision = 1/3; all three markers are valid.
    answer = Answer(
        "?",
        "Alpha won in 2020 [1][2]. Gamma won everything [3]. Nobody knows more.",
        "en",
        0.9,
        (_cited(1, "Alpha won in 2020."), _cited(2, "Gamma lost."), _cited(3, "Gamma lost.")),
    )
    scores = support.score_citations(answer, ARTICLES, by_words)
    assert scores.recall == pytest.approx(1 / 3)
    assert scores.precision == pytest.approx(1 / 3)
    assert scores.validity == 1.0


def test_citations_that_support_together_all_count() -> None:
    answer = Answer(
        "?",
        "Alpha won in 2020 and Beta won in 2021 [1][2].",
        "en",
        0.9,
        (_cited(1, "Alpha won in 2020."), _cited(2, "Beta won in 2021.")),
    )
    scores = support.score_citations(answer, ARTICLES, by_words)
    assert (scores.precision, scores.recall) == (1.0, 1.0)


def test_validity_trusts_the_article_not_the_citation() -> None:
    # [1] verifies, [2] is shifted though it claims to verify, [7] resolves to nothing.
    answer = Answer(
        "?",
        "“Alpha won in 2020.” [1] “Beta won in 2021.” [2] “Gamma lost.” [7]",
        "en",
        0.9,
        (_cited(1, "Alpha won in 2020."), _cited(2, "Beta won in 2021.", shift=-1)),
    )
    assert support.score_citations(answer, ARTICLES, by_words).validity == pytest.approx(1 / 3)


def test_another_judge_of_support_can_be_put_in() -> None:
    answer = Answer("?", "Alpha prevailed [1].", "en", 0.9, (_cited(1, "Alpha won in 2020."),))
    assert support.score_citations(answer, ARTICLES, by_words).recall == 0.0
    judged = support.score_citations(answer, ARTICLES, lambda cited, said: "won" in cited)
    assert judged.recall == 1.0


def test_a_refusal_has_no_citation_scores() -> None:
    scores = support.score_citations(Answer("?", "The articles do not say.", "en", 0.1, ()), {})
    assert (scores.validity, scores.precision, scores.recall) == (None, None, None)


def test_what_an_answer_states_is_its_quotes_or_its_own_words() -> None:
    quoting = Answer(
        "?", "According to the article:\n“Gamma lost.” [1]", "en", 0.9, (_cited(1, "Gamma lost."),)
    )
    assert support.stated(quoting) == "Gamma lost."
    assert support.framing(quoting) == "According to the article:"
    own = Answer("?", "Gamma did not win [1].", "en", 0.9, (_cited(1, "Gamma lost."),))
    assert support.stated(own) == "Gamma did not win."
    assert support.stated(Answer("?", "The articles do not say.", "en", 0.1, ())) == ""
