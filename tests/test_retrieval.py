"""From question to hits: fusion worked out by hand, and what a person asks of the seed article."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.index.catalog import Catalog, Stored
from assistant.index.index import Index
from assistant.retrieval import hybrid_search
from assistant.retrieval.hybrid_search import (
    Candidate,
    fuse,
    hits_of,
    make_query,
    rank,
    standardize,
)
from assistant.settings import Settings
from assistant.text.terms import fold
from assistant.types import Hit, Passage
from tests.fixtures import FakeEncoder, add_articles

LINES = (
    "má tôi ở nhà",
    "mà tôi ở xa",
    "ông Tâm là bí thư phường Lái Thiêu",
    "ông Châu là bí thư phường Tân Phước",
    "phường Tân Phước có cảng biển",
)


@pytest.fixture
def small(catalog: Catalog, tmp_path: Path) -> Index:
    """LINES, numbered from 1, with vectors that can be computed in the head."""
    add_articles(catalog, "\n".join(LINES))
    return Index(tmp_path, catalog, FakeEncoder(Settings()))


def asked(index: Index, question: str, top_k: int = 5) -> list[Hit]:
    return hits_of(rank(index, make_query(index, question)), top_k)


def candidate(number: int, similarity: float, bm25: float, *sentences: float) -> Candidate:
    passage = Passage("article", number, number + 1, "x", ())
    return Candidate(Stored(number, passage, "title", "vi"), similarity, sentences, bm25)


# Fusion


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        # mean 2, standard deviation √(2 / 3)
        ([1, 2, 3], [-math.sqrt(1.5), 0, math.sqrt(1.5)]),
        # mean 1, standard deviation √3: how far ahead the first is, is kept
        ([4, 0, 0, 0], [math.sqrt(3), *[-1 / math.sqrt(3)] * 3]),
        ([7, 7, 7], [0, 0, 0]),
        ([0.3], [0]),
    ],
)
def test_standardize(scores: list[float], expected: list[float]) -> None:
    assert standardize(scores).tolist() == pytest.approx(expected)


# Dense: half the passage and the best sentence are 0.9, 0.9 (its own similarity for a sentence's)
# and 0.6: √½, √½, −√2.
# BM25 is 0, 4 and 2: −√1.5, √1.5 and 0.
CANDIDATES = [
    candidate(1, 0.4, 0, 0.7, 0.1),
    candidate(2, 0.6, 4),
    candidate(3, 0.4, 2, 0.4, -0.2),
]


@pytest.mark.parametrize(
    ("known", "order", "scores"),
    [
        # 0.6 × dense + 0.4 × lexical
        (1, [2, 1, 3], [0.914162, -0.065634, -0.848528]),
        # 0.8 × dense + 0.2 × lexical
        (0.5, [2, 1, 3], [0.810634, 0.320737, -1.131371]),
        # dense alone; of equals, the one that was added first
        (0, [1, 2, 3], [0.707107, 0.707107, -1.414214]),
    ],
)
def test_fuse_weighs_the_arms_by_what_is_known(
    monkeypatch: pytest.MonkeyPatch, known: float, order: list[int], scores: list[float]
) -> None:
    monkeypatch.setattr(hybrid_search, "LEXICAL_WEIGHT", 0.4)
    monkeypatch.setattr(hybrid_search, "ARTICLE_WEIGHT", 0)
    fused = fuse(CANDIDATES, known)
    assert [c.stored.id for c in fused] == order
    assert [c.score for c in fused] == pytest.approx(scores, abs=1e-6)
    assert {c.stored.id: c.dense for c in fused} == pytest.approx(
        {1: math.sqrt(0.5), 2: math.sqrt(0.5), 3: -math.sqrt(2)}
    )
    assert {c.stored.id: c.lexical for c in fused} == pytest.approx(
        {1: -math.sqrt(1.5), 2: math.sqrt(1.5), 3: 0}
    )


@pytest.mark.parametrize("known", [0, 0.7, 1])  # with 0, the first two are equal
def test_fusion_does_not_depend_on_the_order_of_the_candidates(known: float) -> None:
    assert fuse(CANDIDATES[::-1], known) == fuse(CANDIDATES, known)


def test_the_best_passage_of_an_article_lifts_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = CANDIDATES
    stored = replace(third.stored, passage=replace(third.stored.passage, article_id="other"))
    alone = replace(third, stored=stored)
    before = {c.stored.id: c.score for c in fuse([first, second, alone], 1)}
    monkeypatch.setattr(hybrid_search, "ARTICLE_WEIGHT", 0)
    plain = {c.stored.id: c.score for c in fuse([first, second, alone], 1)}
    lift = {1: plain[2], 2: plain[2], 3: plain[3]}
    assert plain[2] > plain[1] > plain[3]
    assert before == pytest.approx({n: plain[n] + 0.5 * lift[n] for n in plain})


def test_of_another_language_names_count_and_missing_words_count_half(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hybrid_search, "ARTICLE_WEIGHT", 0)
    vietnamese = CANDIDATES[0]
    stored = replace(CANDIDATES[1].stored, language="en")
    english = [replace(CANDIDATES[1], stored=stored, names=3.0), CANDIDATES[2]]
    fused = {c.stored.id: c for c in fuse([vietnamese, *english], 1, "vi")}
    # As above, but of 2: 0.8 × dense, and of its names ln(1 + 3)
    assert fused[2].score == pytest.approx(0.8 * math.sqrt(0.5) + math.log(4))
    assert fused[2].lexical == pytest.approx(math.log(4))
    assert fused[1].score == pytest.approx(-0.065634, abs=1e-6)
    unknown = [replace(c, stored=replace(c.stored, language="")) for c in CANDIDATES]
    assert [c.score for c in fuse(unknown, 1, "vi")] == [c.score for c in fuse(CANDIDATES, 1)]


def test_nothing_fused_is_nothing() -> None:
    assert fuse([], 1) == []
    assert hits_of([], 5) == []


# Ranking


def test_a_hit_tells_where_its_text_stands(small: Index) -> None:
    hits = asked(small, "cảng biển phường Tân Phước", top_k=3)
    (article,) = small.catalog.articles()
    assert hits[0].text == LINES[4]
    assert [hit.rank for hit in hits] == [1, 2, 3]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert (hit.article_id, hit.title) == (article.id, article.title)
        assert article.text[hit.start : hit.end] == hit.text


def test_similarities_are_of_passages_and_of_their_sentences(small: Index) -> None:
    found = {c.stored.id: c for c in rank(small, make_query(small, "cảng biển"))}
    # All of the candidates are scored by both arms, those that only one found as well.
    assert found.keys() == {1, 2, 3, 4, 5}
    assert found[5].similarity == pytest.approx(2 / math.sqrt(2 * 6), abs=2e-3)
    assert found[5].sentence_similarities == pytest.approx((found[5].similarity,), abs=2e-3)
    assert found[1].similarity == pytest.approx(0, abs=1e-6)
    assert found[5].bm25 > 0 == found[4].bm25


@pytest.mark.parametrize("exclude", [{3}, {1, 3, 4}, {1, 2, 3, 4, 5}, {99}])
def test_excluded_passages_never_appear(small: Index, exclude: set[int]) -> None:
    found = rank(small, make_query(small, "ông Tâm bí thư phường Lái Thiêu"), exclude)
    assert {c.stored.id for c in found} == {1, 2, 3, 4, 5} - exclude


def test_more_hits_than_passages_are_all_passages(small: Index) -> None:
    assert sorted(hit.text for hit in asked(small, "phường", top_k=100)) == sorted(LINES)
    assert asked(small, "phường", top_k=0) == []


@pytest.mark.parametrize("question", ["", "?", "😀", "zzz", "x" * 5000, 'NEAR(a b) AND "c'])
def test_any_question_can_be_ranked(small: Index, question: str) -> None:
    assert len(asked(small, question)) == 5


def test_an_empty_index_has_no_hits(catalog: Catalog, tmp_path: Path) -> None:
    assert asked(Index(tmp_path, catalog, FakeEncoder(Settings())), "Ai là bí thư?") == []


# Accents


@pytest.mark.parametrize(
    ("question", "best"), [("má tôi ở đâu", LINES[0]), ("mà tôi ở đâu", LINES[1])]
)
def test_accents_that_were_typed_tell_words_apart(small: Index, question: str, best: str) -> None:
    query = make_query(small, question)
    assert (query.text, query.unaccented, query.lexical.folded) == (question, False, ())
    first, second, *_ = asked(small, question)
    assert first.text == best
    assert first.score > second.score


def test_accents_that_were_not_typed_are_restored_from_the_index(small: Index) -> None:
    query = make_query(small, "Ai la bi thu phuong Lai Thieu?")
    assert query.text == "Ai là bí thư phường Lái Thiêu?"
    assert query.unaccented
    assert query.lexical.folded == ("ai", "la", "bi", "thu", "phuong", "lai", "thieu")
    assert asked(small, query.question)[0].text == LINES[2]


def test_a_question_in_another_language_keeps_its_letters(small: Index) -> None:
    query = make_query(small, "Who is the secretary of Lai Thieu ward?")
    assert (query.language, query.text) == ("en", query.question)
    assert not query.unaccented


def test_a_decomposed_question_is_the_same_question(small: Index) -> None:
    question = "ông Tâm là bí thư phường nào"
    decomposed = unicodedata.normalize("NFD", question)
    assert asked(small, decomposed) == asked(small, question)


# The seed article, with the real model

QUESTIONS = [
    ("Ai là bí thư đảng ủy phường Lái Thiêu?", "ông Nguyễn Thanh Tâm, Bí thư đảng ủy"),
    ("Bốn nhiệm vụ trọng tâm là gì?", "bốn nhiệm vụ trọng tâm là: tái cơ cấu kinh tế"),
    ("Nghị quyết nào nói về phát triển kinh tế tư nhân?", "chủ trương tại Nghị quyết 68"),
    ("Địa phương mong UBND TP.HCM sớm phân cấp điều gì?", "sớm phân cấp đầu tư công"),
    ("Ông Nghị yêu cầu báo cáo chính trị như thế nào?", "ngắn gọn, súc tích, cô đọng"),
]


@pytest.mark.parametrize(("question", "words"), QUESTIONS)
def test_a_question_finds_its_passage_with_accents_and_without(
    seed_index: Index, question: str, words: str
) -> None:
    (best, *_) = asked(seed_index, question)
    assert words in best.text
    (unaccented, *_) = asked(seed_index, fold(question))
    assert unaccented.text == best.text


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("What are the four key tasks?", "bốn nhiệm vụ trọng tâm là"),
        ("Which ward focuses on semiconductor chips?", "phát triển chip bán dẫn"),
        ("What should the city decentralize, public investment?", "phân cấp đầu tư công"),
        ("哪个坊发展半导体芯片?", "phát triển chip bán dẫn"),
    ],
)
def test_a_question_in_another_language_finds_its_passage(
    seed_index: Index, question: str, words: str
) -> None:
    query = make_query(seed_index, question)
    assert query.weights.known < 0.5  # so its few chance matches of terms do not count
    (best, *_) = asked(seed_index, question)
    assert words in best.text


def test_hits_of_the_seed_are_slices_of_it(seed_index: Index) -> None:
    (article,) = seed_index.catalog.articles()
    for question, _ in QUESTIONS:
        for hit in asked(seed_index, question, top_k=100):
            assert article.text[hit.start : hit.end] == hit.text
            assert "Nguồn:" not in hit.text
            assert "Bình luận" not in hit.text


def test_the_same_question_has_the_same_hits(seed_index: Index) -> None:
    again = Index.open(Settings(index=seed_index.folder))
    again.encoder._models = seed_index.encoder._models
    for question, _ in QUESTIONS:
        hits = asked(seed_index, question, top_k=100)
        assert asked(seed_index, question, top_k=100) == hits
        assert asked(again, question, top_k=100) == hits
        assert asked(seed_index, question, top_k=3) == hits[:3]
    again.close()


def test_an_article_that_is_left_out_does_not_count_as_known(seed_index: Index) -> None:
    question = "Ai là bí thư đảng ủy phường Lái Thiêu?"
    texts = [
        text for _, text in seed_index.catalog.passage_texts(seed_index.catalog.passage_numbers())
    ]
    assert make_query(seed_index, question).weights.known > 0.5
    assert make_query(seed_index, question, without=texts).weights.known == 0


def test_centred_vectors_have_unit_length(seed_index: Index) -> None:
    for question, _ in QUESTIONS:
        assert np.linalg.norm(make_query(seed_index, question).vector) == pytest.approx(1, abs=1e-5)


def test_centring_takes_out_the_language(seed_index: Index) -> None:
    """A question and its translation are nearer to each other once their languages are out."""
    pair = ["Ai là bí thư đảng ủy phường?", "Who is the Party secretary of the ward?"]
    vectors = seed_index.encoder.embed_questions(pair)
    centred = np.vstack(
        [
            seed_index.centring.questions(vectors[:1], "vi"),
            seed_index.centring.questions(vectors[1:], "en"),
        ]
    )
    strangers = seed_index.encoder.embed_questions(["Giá vàng hôm nay?", "How tall is the tower?"])
    centred_strangers = np.vstack(
        [
            seed_index.centring.questions(strangers[:1], "vi"),
            seed_index.centring.questions(strangers[1:], "en"),
        ]
    )
    before = vectors[0] @ vectors[1] - vectors[0] @ strangers[0]
    after = centred[0] @ centred[1] - centred[0] @ centred_strangers[0]
    assert after > before


def test_centring_needs_the_weights_it_was_made_with(small: Index) -> None:
    vectors = small.encoder.embed_questions(["má"])
    assert np.array_equal(small.centring.questions(vectors, "vi"), vectors)
    assert np.array_equal(small.centring.passages(vectors, ["vi"]), vectors)
