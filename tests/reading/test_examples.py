"""Question sets and claims become examples whose spans are their answers."""

from __future__ import annotations

import random
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from assistant.reading.corpus import Corpus, build
from assistant.reading.examples import (
    Example,
    ExampleSet,
    aligned,
    held_out_contexts,
    own_sets,
    public_set,
)
from assistant.reading.mixture import Mixture, Shown
from assistant.reading.model import ReaderModel
from assistant.reading.own_set import read_own
from assistant.reading.train import training_sets
from assistant.reading.typing_habits import abbreviated, as_typed, with_slip, without_accents
from tests.reading.conftest import TOWNS, context, write_rows

OWN = """=== a1 | vi | 2026-03-01 | Báo
TITLE: Ba xã
TEXT:
Xã An, xã Bình và xã Chi được hỗ trợ.

Ông Dũng, chủ tịch, nói vậy.
---
Q vi list | Xã nào? | [[Xã An]], [[xã Bình]] và [[xã Chi]] được
U vi swap | Phó chủ tịch là ai? | chủ tịch
U vi time | Khi nào? |
C supported vi | Ba xã được hỗ trợ. | được hỗ trợ
C notstated en | Four more will follow. |
"""


def test_own_set_marks_every_item_of_a_list(tmp_path: Path) -> None:
    path = tmp_path / "01.txt"
    path.write_text(OWN, "utf-8")
    (article,) = read_own(path)
    listed, near, when = article.questions
    assert [article.text[a:b] for a, b in listed.spans] == ["Xã An", "xã Bình", "xã Chi"]
    assert near.spans == when.spans == ()
    assert (when.asked, when.kind, listed.language) == ("Khi nào?", "time", "vi")
    assert near.tempting and article.text[slice(*near.tempting)] == "chủ tịch"
    assert when.tempting is None
    assert [(c.verdict, c.language) for c in article.claims] == [(0, "vi"), (2, "en")]


def test_own_questions_stand_beside_the_article_and_the_passages_that_tempt(
    tmp_path: Path,
) -> None:
    path = tmp_path / "01.txt"
    first = "Xã An, xã Bình và xã Chi được hỗ trợ. " + "Trời mưa to cả tuần. " * 40
    path.write_text(OWN.replace("hỗ trợ.\n\nÔng", f"hỗ trợ. {first[38:]}\n\nÔng"), "utf-8")
    questions, claims = own_sets([path])
    shown: dict[str, list[tuple[str, list[str]]]] = {}
    for example in questions.examples:
        text = questions.passages[example.passage]
        assert questions.titles[example.passage] == "Ba xã"
        shown.setdefault(example.asked, []).append((text, [text[a:b] for a, b in example.spans]))
    whole, *passages = questions.passages
    assert len(passages) > 1
    assert all(passage in whole for passage in passages)
    towns = ["Xã An", "xã Bình", "xã Chi"]
    assert shown["Xã nào?"] == [(whole, towns), (passages[0], towns)]
    assert shown["Phó chủ tịch là ai?"] == [(whole, []), (passages[-1], [])]
    told = [(claims.passages[e.passage], e.verdict) for e in claims.examples]
    assert told[0] == (passages[0], 0)
    assert told[1][1] == 2  # beside another passage
    assert told[1][0] in passages[1:]


@pytest.mark.parametrize(
    "fault",
    [
        "Q vi who | Ai? | [[ông Dũng]]",  # not in the text
        "Q vi who | Ai? | Ông Dũng",  # nothing marked
        "Q vi who | Ai? | [[xã]]",  # stands twice
        "C maybe vi | Có. | được",
        "X vi who | Ai? | [[Ông Dũng]]",
    ],
)
def test_a_fault_of_the_own_set_names_file_and_line(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "01.txt"
    path.write_text(OWN + fault + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"01\.txt a1") as caught:
        read_own(path)
    assert fault in str(caught.value)


def test_answers_of_texts_with_accents_apart_are_found(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", "Cầu Trường Tiền ở Huế.")
    row = context(text, ("Ở đâu?", unicodedata.normalize("NFD", "Huế")))
    wrong = context("Một câu.", ("Gì?", "câu"))
    wrong["qas"][0]["answers"][0]["start"] = 1
    path = write_rows(tmp_path / "set.jsonl.gz", [row, wrong])
    found = public_set(path, frozenset())
    ((start, end),) = found.examples[0].spans
    assert found.passages[0][start:end] == "Huế"
    assert (len(found.examples), found.skipped) == (1, 1)


def test_a_held_out_context_is_trained_on_in_no_set(tmp_path: Path) -> None:
    rows = [context(f"Câu {i}.", ("Gì?", "Câu")) for i in range(41)]
    a = write_rows(tmp_path / "a.jsonl.gz", rows)
    b = write_rows(tmp_path / "b.jsonl.gz", rows[30:] + rows[:5])
    held_out = held_out_contexts([a, b])
    assert held_out == {"Câu 0.", "Câu 40.", "Câu 30."}
    trained = {*public_set(a, held_out).passages, *public_set(b, held_out).passages}
    assert not trained & held_out
    assert public_set(a, frozenset(), training=False).passages == ["Câu 0.", "Câu 40."]


def test_parallel_files_leave_out_what_one_lacks() -> None:
    rows = [{"label": label, "n": n} for n, label in enumerate("abcabbc")]
    lacking = [row for row in rows if row["n"] != 2]
    first, second = aligned([rows, lacking])
    assert first == second == lacking
    with pytest.raises(ValueError, match="same rows"):
        aligned([rows, [{"label": "c"}, *lacking[1:]]])


def test_questions_are_typed_as_people_do() -> None:
    assert without_accents("Đường về Huế ở đâu? 東京, Łódź") == "Duong ve Hue o dau? 東京, Łodz"
    rng = random.Random(1)
    assert with_slip("1.250 ?", rng) == "1.250 ?"
    assert abbreviated("Huấn luyện viên của CLB là ai, bao nhiêu tuổi?") == (
        "HLV của CLB là ai, bn tuổi?"
    )
    typed = {as_typed("Ông Lê Văn sống ở Huế?", rng) for _ in range(200)}
    assert {"Ông Lê Văn sống ở Huế?", "ong le van song o hue", "Ông Lê Văn sống ở Huế"} <= typed


def _shown(model: ReaderModel, corpus: Corpus, chunk: int, seed: int = 1) -> list[Shown]:
    mixture = Mixture(corpus, model.tokenize, model.special, seed, chunk)
    return [one for batch in mixture.batches(0, 1000) for one in batch]


def test_what_is_shown_points_at_the_answers(model: ReaderModel, data: Path) -> None:
    corpus = build(training_sets(data, []), model.tokenize)
    towns = {model.tokenize(f"ở {town} từ").ids[1:-1] for town in TOWNS}
    shown = _shown(model, corpus, 400)
    answered = [(p, t) for p, t in shown if t.spans]
    assert {tuple(p.ids[a:b]) for p, t in answered for a, b in t.spans} == towns
    asked = [t for _, t in shown if t.verdict < 0]
    assert 0.2 < sum(not t.spans for t in asked) / len(asked) < 0.5
    assert Counter(t.verdict for _, t in shown).keys() == {-1, 0, 1, 2}


def test_the_same_seed_shows_the_same(model: ReaderModel, data: Path, tmp_path: Path) -> None:
    corpus = build(training_sets(data, []), model.tokenize)
    corpus.save(tmp_path / "corpus.npz")
    again = Corpus.load(tmp_path / "corpus.npz")
    assert _shown(model, corpus, 50) == _shown(model, again, 50)
    assert _shown(model, corpus, 50) != _shown(model, again, 50, seed=2)


def test_every_example_comes_once_before_any_comes_again(model: ReaderModel) -> None:
    one = ExampleSet("a", ["Câu."], [""], [0], [Example(f"{i}?", 0) for i in range(7)])
    two = ExampleSet("b", ["Câu."], [""], [0], [Example(f"{i}?", 0) for i in range(9)])
    mixture = Mixture(build([one, two], model.tokenize), model.tokenize, model.special, 1, 5)
    drawn = [example for number in range(14) for _, example in mixture.examples(number)]
    assert len(drawn) == 70
    counts = Counter(drawn)
    assert {counts[e] for e in range(7)} == {5}  # 35 draws of 7
    assert {counts[e] for e in range(7, 16)} <= {3, 4}  # 35 draws of 9


def test_batches_keep_to_their_tokens(model: ReaderModel, data: Path) -> None:
    corpus = build(training_sets(data, []), model.tokenize)
    mixture = Mixture(corpus, model.tokenize, model.special, 1, 200)
    for together in mixture.batches(3, 300):
        assert len(together) * max(len(pair) for pair, _ in together) <= 300


def test_a_long_passage_is_cut_around_the_answer_or_away_from_it(model: ReaderModel) -> None:
    text = "lời " * 700 + "Huế " + "lời " * 700
    asked = [Example("Ở đâu?", 0, ((2800, 2803),))]
    corpus = build([ExampleSet("long", [text], [""], [0], asked)], model.tokenize)
    shown = _shown(model, corpus, 60)
    hue = model.tokenize("Huế").ids
    answered = [(p, t) for p, t in shown if t.spans]
    assert answered and len(answered) < len(shown)
    for p, t in answered:
        assert [tuple(p.ids[a:b]) for a, b in t.spans] == [hue]
        assert len(p) <= 384
    assert all(hue[0] not in p.ids for p, t in shown if not t.spans)
