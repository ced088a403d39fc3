"""Evaluation of a scripted assistant, whose figures can be computed in one's head."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation._provenance import checkout, corpus_digest, question_digest
from assistant.evaluation._questions import Question
from assistant.evaluation.baseline import (
    ReportError,
    compare,
    load_report,
    parse_limit,
    regressions,
    shortfalls,
)
from assistant.evaluation.evaluate import SECTIONS, Options, run, unaccented
from assistant.evaluation.report import table as report_table
from assistant.settings import Settings
from assistant.text.terms import terms
from assistant.types import Answer, Claim, QuestionSetError, SettingsError, Turn, Usage
from tests.scripted import Parrot, Scripted, articles, questions

CONTRACT = {
    "retrieval": {"recall@1", "recall@5", "mrr@10", "ndcg@10"},
    "answers": {"exact_match", "f1", "contains"},
    "citations": {"validity", "precision", "recall"},
    "refusal": {"false_answer_rate", "false_refusal_rate", "auroc", "tpr_at_5_fpr"},
    "latency_ms": {"p50", "p95"},
}


def evaluated(system: Scripted | None = None, **options: Any) -> dict[str, Any]:
    chosen = Options(resamples=50, supports=by_words, **options)
    return run(system or Scripted(), questions(), chosen).to_json()


def by_words(cited: str, statement: str) -> bool:
    return set(terms(statement)) <= set(terms(cited))


# -- figures -------------------------------------------------------------------------------


def test_a_system_that_reads_gets_everything_right() -> None:
    report = evaluated()
    assert report["n"] == 7
    assert set(report["retrieval"].values()) == {1.0}
    # "Ada works as mayor" and "Ada" share one word of four: P = 1/4, R = 1, F1 = 0.4.
    assert report["answers"]["contains"] == 1.0
    assert report["answers"]["exact_match"] == 0.0
    assert report["answers"]["f1"] == pytest.approx(0.4)
    assert report["answers"]["evidence"] == 1.0
    assert report["answers"]["language"] == 1.0  # of the six; the short refusal does not tell
    assert report["citations"] == {"validity": 1.0, "precision": 1.0, "recall": 1.0}
    assert report["refusal"]["false_answer_rate"] == 0.0
    assert report["refusal"]["false_refusal_rate"] == 0.0
    assert report["refusal"]["auroc"] == 1.0
    assert report["details"]["counts"]["verdicts"] == {"right": 6, "right refusal": 1}


def test_a_system_that_is_one_place_off_gets_everything_wrong() -> None:
    report = evaluated(Scripted(offset=1))
    assert report["retrieval"]["recall@1"] == 0.0
    assert report["retrieval"]["mrr@10"] == pytest.approx(
        1 / 6, abs=1e-6
    )  # moved to the last place
    assert report["answers"]["contains"] == 0.0
    assert report["citations"]["recall"] == 1.0  # it says what it cites: only that is wrong
    assert report["details"]["counts"]["verdicts"] == {"wrong": 6, "right refusal": 1}


def test_the_report_has_the_contracts_shape_and_survives_json() -> None:
    report = evaluated()
    assert list(report) == ["n", *CONTRACT, "llm", "by_language", "provenance", "details"]
    assert set(report["llm"].values()) == {None}  # nothing was written by a model
    for section, names in CONTRACT.items():
        assert names <= report[section].keys()
        assert report[section].keys() == set(SECTIONS[section])
    assert report["by_language"]["en"]["n"] == 7
    assert json.loads(json.dumps(report, allow_nan=False)) == report


def test_intervals_hold_their_figures() -> None:
    report = run(Parrot(), questions(), Options(resamples=200)).to_json()
    intervals = report["details"]["intervals"]
    checked = 0
    for section, names in SECTIONS.items():
        for name in names:
            if intervals[section][name] is not None:
                low, high = intervals[section][name]
                assert low <= report[section][name] <= high
                checked += 1
    assert checked >= 15
    assert intervals["refusal"]["false_answer_rate"] is None  # one question has no spread


def test_retrieval_alone_asks_for_no_answer_and_leaves_its_figures_out() -> None:
    system = Scripted()
    report = evaluated(system, retrieval_only=True)
    assert system.asked == []
    assert report["retrieval"]["recall@1"] == 1.0
    assert report["latency_ms"]["retrieval_p50"] > 0
    for section in ("answers", "citations", "refusal"):
        assert set(report[section].values()) == {None}
    assert report["latency_ms"]["p50"] is None
    assert report["details"]["counts"]["verdicts"] == {"found": 6, "not scored": 1}


def test_figures_are_split_by_language() -> None:
    mixed = [replace(q, language="vi") if q.id in ("q0", "q6") else q for q in questions()]
    report = run(Scripted(), mixed, Options(resamples=50)).to_json()
    assert list(report["by_language"]) == ["en", "vi"]  # the most frequent first
    assert report["by_language"]["vi"]["n"] == 2
    assert report["by_language"]["vi"]["answers"]["language"] == 0.0  # it answered in English
    assert report["by_language"]["en"]["refusal"]["auroc"] is None  # all are answerable
    assert report["answers"]["language"] == pytest.approx(5 / 7, abs=1e-6)


def test_accents_are_stripped_from_the_question_alone() -> None:
    system = Scripted()
    accented = [replace(questions()[0], question="Ai là mayor ở Đồng Tháp?")]
    report = run(system, accented, Options(strip_accents=True, resamples=50)).to_json()
    assert system.asked[-1] == "Ai la mayor o Dong Thap?"
    (record,) = report["details"]["questions"]
    assert record["question"] == "Ai là mayor ở Đồng Tháp?"
    assert record["asked"] == "Ai la mayor o Dong Thap?"


def test_only_latin_letters_lose_their_marks() -> None:
    assert unaccented("Đường số 5, ĐẶNG; Müller") == "Duong so 5, DANG; Muller"
    for text in ("กี่ปี", "متى؟", "何ですか", "й"):
        assert unaccented(text) == text


def test_progress_counts_up_to_all() -> None:
    seen: list[tuple[int, int]] = []
    run(Scripted(), questions(), Options(resamples=50, limit=3), lambda *at: seen.append(at))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_long_articles_are_asked_for_until_ten_are_ranked() -> None:
    class ManyPassages(Scripted):
        def retrieve(self, question: str, top_k: int | None = None, exclude: Any = ()) -> Any:
            found = super().retrieve(question, None, exclude)
            return [replace(found[-1], start=i) for i in range(60)][:top_k] + (
                found if top_k and top_k > 60 else []
            )

    about = [replace(q, grades={f"a{i}": 1}) for i, q in enumerate(questions()[:6])]
    report = run(ManyPassages(), about, Options(resamples=50)).to_json()
    assert report["retrieval"]["recall@10"] == 1.0
    assert report["retrieval"]["mrr@10"] == 0.5  # one article before it, however many passages


# -- holdout -------------------------------------------------------------------------------


def test_holding_out_the_gold_article_makes_every_question_unanswerable_once() -> None:
    report = evaluated(holdout="gold")
    counts = report["details"]["counts"]
    assert (report["n"], counts["held_out"]) == (7, 6)
    assert counts["verdicts"] == {"right": 6, "right refusal": 7}
    assert report["refusal"]["false_answer_rate"] == 0.0
    assert report["refusal"]["auroc"] == 1.0
    held = [q for q in report["details"]["questions"] if q["held_out"]]
    assert all(q["unanswerable"] and q["rank"] is None for q in held)


def test_holding_out_half_makes_the_questions_about_it_unanswerable() -> None:
    report = evaluated(holdout="half")
    counts = report["details"]["counts"]
    assert (counts["answerable"], counts["unanswerable"]) == (3, 4)
    assert report["retrieval"]["recall@1"] == 1.0
    again = evaluated(holdout="half")
    assert [q["unanswerable"] for q in again["details"]["questions"]] == [
        q["unanswerable"] for q in report["details"]["questions"]
    ]


def test_the_risk_curve_counts_the_answer_a_refusal_withheld() -> None:
    # Confidence 0.9 for the six right answers, 0.1 for the seventh, which would be wrong.
    assert evaluated()["details"]["risk_coverage"] == [[0.857143, 0.0], [1.0, 0.142857]]


# -- the control ---------------------------------------------------------------------------


def test_the_control_collapses_for_a_system_that_reads() -> None:
    report = evaluated()
    control = report["details"]["control"]
    assert report["retrieval"]["recall@1"] == report["answers"]["contains"] == 1.0
    assert control["retrieval"]["recall@1"] == 0.0
    assert control["answers"]["contains"] == 0.0
    assert control["answers"]["evidence"] == 0.0
    assert control["citations"]["precision"] == control["citations"]["recall"] == 0.0
    assert control["citations"]["validity"] is None  # a quote verifies wherever it stands


def test_the_control_does_not_move_for_a_system_that_does_not_read() -> None:
    report = evaluated(Parrot())
    control = report["details"]["control"]
    assert report["answers"]["contains"] == control["answers"]["contains"] == 0.166667
    assert report["retrieval"]["recall@1"] == control["retrieval"]["recall@1"] == 0.166667
    assert control["citations"]["recall"] == 1.0


# -- sets that do not fit ------------------------------------------------------------------


def test_an_index_without_the_sets_articles_is_refused() -> None:
    foreign = [Question("1", "Who?", ("x",), article_id="z", grades={"z": 1})]
    with pytest.raises(QuestionSetError, match="none of the articles"):
        run(Scripted(), foreign)
    with pytest.raises(QuestionSetError, match="no question"):
        run(Scripted(), [])


def test_articles_that_are_missing_are_noted_and_count_as_not_found() -> None:
    foreign = Question("z", "Who is sailor?", ("x",), article_id="z", grades={"z": 1})
    report = run(Scripted(), [*questions(), foreign], Options(resamples=50)).to_json()
    assert report["retrieval"]["recall@1"] == pytest.approx(6 / 7, abs=1e-6)
    assert "1 of 7 questions" in report["details"]["notes"][0]


def test_a_set_without_answers_is_scored_by_retrieval() -> None:
    graded = [Question("1", "Who is pilot?", grades={"a3": 2, "a0": 1}, language="en")]
    report = run(Scripted(), graded, Options(resamples=50)).to_json()
    assert report["retrieval"]["recall@1"] == 0.5
    assert report["answers"]["contains"] is None
    assert report["details"]["questions"][0]["verdict"] == "found"


class Writing(Scripted):
    """As ``Scripted``, in a model's words: every answer has a false sentence behind the quote."""

    def answer(
        self, question: str, history: Sequence[Turn] = (), exclude: Collection[str] = ()
    ) -> Answer:
        answer = super().answer(question, history, exclude)
        if not answer.citations:
            return replace(answer, llm="fake", fault="cut")
        end = len(answer.text)
        claims = (Claim(0, end, "supported", (1,)), Claim(end, end + 6, "unsupported"))
        text = f"{answer.text} No fun"
        return replace(answer, text=text, claims=claims, llm="fake", usage=Usage(100, 20))


def test_what_a_language_model_wrote_is_counted() -> None:
    report = evaluated(Writing())
    assert report["llm"] == {
        "claims_supported": 0.5,
        "fallback_rate": pytest.approx(1 / 7, abs=1e-6),
        "tokens_read": 100.0,
        "tokens_written": 20.0,
    }
    table = report_table(report)
    assert "tokens read" in table
    assert "tokens read" not in report_table(evaluated())


# -- provenance ----------------------------------------------------------------------------


def test_a_report_says_where_it_comes_from() -> None:
    origin = evaluated(name="q.jsonl", holdout="gold")["provenance"]
    assert origin["model"] == {"model": "scripted"}
    assert origin["settings"]["refuse_below"] == Settings().refuse_below
    assert origin["corpus"]["articles"] == 6
    assert origin["prompts"]
    assert (origin["run"]["questions"], origin["run"]["holdout"]) == ("q.jsonl", "gold")
    assert {"processor", "cores", "python", "packages"} <= origin["machine"].keys()


def test_a_report_made_in_a_checkout_names_its_commit() -> None:
    here = Path(__file__).parents[1]
    head = checkout(here)
    if head is None:
        pytest.skip("this is no git checkout")
    assert evaluated()["provenance"]["code"] == head


def test_digests_change_with_what_matters_and_not_with_order() -> None:
    ids = [article.id for article in articles()]
    assert corpus_digest(ids) == corpus_digest(reversed(ids))
    assert corpus_digest(ids) != corpus_digest(ids[1:])
    asked = questions()
    assert question_digest(asked) == question_digest(asked[::-1])
    assert question_digest(asked) != question_digest(
        [replace(asked[0], answers=("Bo",)), *asked[1:]]
    )


def test_the_commit_is_that_of_the_checkout_itself(tmp_path: Path) -> None:
    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org"]
        done = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        return done.stdout.strip()

    assert checkout(tmp_path) is None
    git("init", "--quiet")
    assert checkout(tmp_path) == {"commit": None, "dirty": False}
    (tmp_path / "file").write_text("1")
    git("add", "file")
    git("commit", "--quiet", "-m", "first")
    assert checkout(tmp_path) == {"commit": git("rev-parse", "HEAD"), "dirty": False}
    (tmp_path / "file").write_text("2")
    assert (checkout(tmp_path) or {})["dirty"] is True
    (tmp_path / "inner").mkdir()
    assert checkout(tmp_path / "inner") is None  # installed inside another repository


# -- baselines and limits ------------------------------------------------------------------


def test_a_run_does_not_differ_from_itself() -> None:
    report = evaluated()
    comparison = compare(report, report)
    assert {d.change for d in comparison.differences} == {0.0}
    assert {d.p for d in comparison.differences} == {1.0, None}
    assert (comparison.better, comparison.worse, comparison.unpaired) == ((), (), 0)
    assert regressions(comparison) == []


def test_a_planted_regression_fails() -> None:
    comparison = compare(evaluated(Scripted(offset=1)), evaluated())
    found = comparison.of("recall@1")
    assert found is not None
    assert (found.earlier, found.now, found.n) == (1.0, 0.0, 6)
    assert found.p == pytest.approx(2 / 2**6)  # all six pairs, or none, swapped
    assert comparison.worse == tuple((f"q{i}", False) for i in range(6))
    messages = regressions(comparison)
    assert any(m.startswith("recall@1 fell behind the baseline: 1.0000 → 0.0000") for m in messages)
    assert any(m.startswith("contains fell") for m in messages)


def test_an_improvement_is_no_regression() -> None:
    comparison = compare(evaluated(), evaluated(Scripted(offset=1)))
    assert len(comparison.better) == 6
    assert regressions(comparison) == []


def test_more_errors_are_worse_though_the_number_is_higher() -> None:
    class Careless(Scripted):
        def answer(self, question: str, history: Any = (), exclude: Any = ()) -> Any:
            return super().answer(question.replace("sailor", "mayor"), history)

    careful, careless = evaluated(holdout="gold"), evaluated(Careless(), holdout="gold")
    comparison = compare(careless, careful)
    rate = comparison.of("false_answer_rate")
    assert rate is not None
    assert (rate.earlier, rate.now, rate.worse) == (0.0, 1.0, True)
    assert any(m.startswith("false_answer_rate fell behind") for m in regressions(comparison))
    auroc = comparison.of("auroc")
    assert auroc is not None
    assert auroc.worse
    assert auroc.significant


def test_edited_questions_are_not_compared() -> None:
    report = evaluated()
    edited = json.loads(json.dumps(report))
    edited["details"]["questions"][0]["gold"]["answers"] = ["Bo"]
    assert compare(edited, report).unpaired == 2
    for question in edited["details"]["questions"]:
        question["id"] += "x"
    with pytest.raises(ReportError, match="no question in common"):
        compare(edited, report)


def test_limits_are_kept_or_named() -> None:
    report = evaluated(Parrot())  # contains: 1 of 6; it answers the unanswerable question
    assert shortfalls(report, ["contains=0.1", "false_answer_rate=1"]) == []
    assert shortfalls(report, ["contains=0.5"]) == ["contains is 0.1667, under 0.5"]
    assert shortfalls(report, ["false_answer_rate=0.05"]) == [
        "false_answer_rate is 1.0000, over 0.05"
    ]
    silent = evaluated(retrieval_only=True)
    assert shortfalls(silent, ["f1=0.5"]) == ["f1 does not apply to this run; its limit is 0.5"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("speed=1", "Unknown metric 'speed'"),
        ("answers.recall@1=1", "Unknown metric 'answers.recall@1'"),
        ("recall@1", "sets no limit; write it as recall@1=0.95"),
        ("recall@1=high", "sets no limit"),
        ("recall@1=nan", "sets no limit"),
    ],
)
def test_a_limit_that_cannot_be_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_limit(text)


def test_limits_may_name_the_section() -> None:
    assert parse_limit("retrieval.recall@1=0.95") == parse_limit("recall@1=0.95")
    assert parse_limit("citations.recall=.5") == ("recall", 0.5)


def test_a_baseline_is_read_back_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    report = evaluated()
    path.write_text(json.dumps(report), "utf-8")
    assert load_report(path) == report
    for content, said in (
        ("{", "is not JSON"),
        ("{}", "is not a report"),
        ("[]", "is not a report"),
    ):
        path.write_text(content)
        with pytest.raises(ReportError, match=said):
            load_report(path)
    with pytest.raises(ReportError, match="cannot be read"):
        load_report(tmp_path / "gone.json")
