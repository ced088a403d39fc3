"""Sentences of answers judged against the passages that a model was shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from assistant.answering.assistant import Assistant
from assistant.index.article_files import read_articles
from assistant.index.passages import split
from assistant.reading.claims import Similar, judge
from assistant.text.dates import Date
from assistant.text.parsed_sentence import read
from assistant.text.sentences import sentences
from assistant.types import Passage, Shown, Vectors
from tests.mutations import FAITHFUL, GROUPS, KEEPING, MEANING, mutants, sentences_of

HERE = Path(__file__).parent
SEED = read_articles([HERE.parent / "seeds"]).articles[0]
PASSAGES = split(SEED)


def shown(text: str, number: int = 1, start: int = 0, date: str = "", title: str = "") -> Shown:
    """A passage that begins at ``start`` of its article."""
    cut = [type(s)(s.start + start, s.end + start, s.kind) for s in sentences(text)]
    passage = Passage(f"a{number}", start, start + len(text), text, tuple(cut))
    return Shown(number, passage, title, "", date, "und")


def verdict(claim: str, text: str, date: str = "", title: str = "") -> str:
    """What is missing; "" where the text supports the claim. By words alone."""
    judgement = judge(claim, [1], [shown(text, date=date, title=title)])
    assert (judgement.lack == "") == (judgement.verdict == "supported")
    return judgement.lack


# -- what is read of a sentence --------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1.250 người", (1250, 1.25)),
        ("1,250 people", (1250, 1.25)),
        ("15,5", (15.5,)),
        ("1.250.000", (1250000,)),
        ("1,234.5", (1234.5,)),
        ("1,2 triệu", (1.2e6,)),
        ("1.2 million", (1.2e6,)),
        ("3 nghìn tỷ đồng", (3e12,)),
        ("hai mươi lăm", (25,)),
        ("ba nghìn hai trăm", (3200,)),
        ("one hundred and five", (105,)),
        ("twenty-one", (21,)),
        ("thế kỷ XIX", (19,)),
        ("the 19th century", (19,)),
    ],
)
def test_numbers_are_values(text: str, values: tuple[float, ...]) -> None:
    (fact,) = [fact for fact in read(text).facts if fact.kind == "number"]
    assert fact.numbers[0].values == pytest.approx(values)


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("ngày 5 tháng 8 năm 2025", Date(5, 8, 2025)),
        ("ngày 5-8", Date(5, 8)),
        ("05/08/2025", Date(5, 8, 2025)),
        ("2025-08-05", Date(5, 8, 2025)),
        ("on August 5, 2025", Date(5, 8, 2025)),
        ("on 5 August", Date(5, 8)),
        ("tháng 8/2025", Date(0, 8, 2025)),
        ("in May", Date(0, 5)),
        ("hôm qua", Date(relative="-1 day")),
    ],
)
def test_dates_are_days_months_and_years(text: str, date: Date) -> None:
    (fact,) = [fact for fact in read(text).facts if fact.kind == "date"]
    assert fact.dates[0] == date


def test_a_relative_day_is_resolved_by_the_article_s_date() -> None:
    (fact,) = [fact for fact in read("hôm qua", "2025-03-01").facts if fact.kind == "date"]
    (date,) = fact.dates
    assert (date.day, date.month, date.year) == (28, 2, 2025)


# -- single claims ---------------------------------------------------------------------------

TRADE = "Ngày 5-8, ông Trần Văn Nam cho biết xuất khẩu gạo tăng 15,5% lên 1.250 tấn tại Cần Thơ."


@pytest.mark.parametrize(
    ("claim", "text", "lack"),
    [
        ("Xuất khẩu gạo tăng 15.5 phần trăm lên 1,250 tấn.", TRADE, ""),
        ("Xuất khẩu gạo tăng 1,55% lên 1.250 tấn.", TRADE, "number"),
        ("Xuất khẩu gạo tăng 15,5 lên 1.250 tấn.", TRADE, "number"),  # a share is no amount
        ("Ngày 5 tháng 8, xuất khẩu gạo tăng 15,5%.", TRADE, ""),
        ("Ngày 8 tháng 5, xuất khẩu gạo tăng 15,5%.", TRADE, "date"),
        ("Xuất khẩu gạo giảm 15,5% lên 1.250 tấn.", TRADE, "direction"),
        ("Xuất khẩu gạo không tăng 15,5%.", TRADE, "negation"),
        ("Tran Van Nam cho biết xuất khẩu gạo tăng 15,5%.", TRADE, ""),
        ("Trần Văn Năm cho biết xuất khẩu gạo tăng 15,5%.", TRADE, "name"),
        ("Ông Nam cho biết xuất khẩu gạo tăng 15,5%.", TRADE, ""),
        ("Ông Trần Văn Nam bác bỏ việc xuất khẩu gạo tăng 15,5%.", TRADE, "attribution"),
        ("Theo ông Lê Hùng, xuất khẩu gạo tăng 15,5%.", TRADE, "name"),
        ("Xuất khẩu gạo tăng 15,5% tại Hà Nội.", TRADE, "name"),
        ("Mưa lớn làm ngập nhiều tuyến đường.", TRADE, "content"),
    ],
)
def test_what_a_claim_lacks(claim: str, text: str, lack: str) -> None:
    assert verdict(claim, text) == lack


@pytest.mark.parametrize(
    ("claim", "text", "lack"),
    [
        ("Bà Lan yêu cầu ông Hùng báo cáo.", "Bà Lan yêu cầu ông Hùng báo cáo.", ""),
        ("Ông Hùng yêu cầu bà Lan báo cáo.", "Bà Lan yêu cầu ông Hùng báo cáo.", "name"),
        ("UBND TPHCM họp khẩn.", "Ủy ban nhân dân Thành phố Hồ Chí Minh họp khẩn.", ""),
        ("CSGT điều tiết giao thông.", "Cảnh sát giao thông điều tiết giao thông.", ""),
        ("Thành phố mở rộng không gian xanh.", "Thành phố mở rộng không gian xanh.", ""),
        ("Dự án hoàn thành.", "Dự án chưa hoàn thành.", "negation"),
        ("The bridge was opened in May.", "The bridge was not opened in May.", "negation"),
        ("Prices fell in Hue.", "Prices rose in Hue.", "direction"),
        ("Smith said the plant will close.", "Jones said the plant will close.", "name"),
    ],
)
def test_roles_names_and_stance(claim: str, text: str, lack: str) -> None:
    assert verdict(claim, text) == lack


def test_a_part_cut_from_a_denial_is_not_supported() -> None:
    text = "The mayor denied that the bridge was closed."
    assert verdict("The bridge was closed.", text) == "attribution"
    assert verdict("The mayor denied that the bridge was closed.", text) == ""


def test_the_article_s_date_bears_out_a_day_and_refutes_a_year() -> None:
    text = "Hôm qua, đoàn công tác làm việc với phường Tân Phước."
    assert (
        verdict("Ngày 4-8, đoàn công tác làm việc với phường Tân Phước.", text, "2025-08-05") == ""
    )
    assert (
        verdict("Ngày 3-8, đoàn công tác làm việc với phường Tân Phước.", text, "2025-08-05")
        == "date"
    )


def test_a_short_name_is_resolved_within_the_passage() -> None:
    text = "Ông Nguyễn Thanh Tâm phát biểu. Ông Tâm đề nghị xây thêm trường học."
    assert verdict("Ông Nguyễn Thanh Tâm đề nghị xây thêm trường học.", text) == ""


def test_evidence_is_an_exact_span_of_the_article() -> None:
    text = "Chợ mở cửa sớm. Ông Nam đề nghị xây cầu mới qua sông Hậu."
    passage = shown(text, number=3, start=500)
    judgement = judge("Ông Nam đề nghị xây cầu mới.", [3], [passage])
    (evidence,) = judgement.evidence
    at = slice(evidence.span.start - 500, evidence.span.end - 500)
    assert (evidence.number, text[at]) == (3, "Ông Nam đề nghị xây cầu mới qua sông Hậu.")


def test_what_another_passage_bears_out_is_elsewhere() -> None:
    passages = [shown("Chợ mở cửa sớm.", 1), shown("Ông Nam đề nghị xây cầu mới.", 2)]
    for cited in ([1], []):
        judgement = judge("Ông Nam đề nghị xây cầu mới.", cited, passages)
        assert judgement.verdict == "elsewhere"
        assert [evidence.number for evidence in judgement.evidence] == [2]


@pytest.mark.parametrize("claim", ["", "…", "[1]", "?"])
def test_nothing_said_is_not_supported(claim: str) -> None:
    assert judge(claim, [1], [shown("Chợ mở cửa sớm.")]).verdict == "unsupported"
    assert judge(claim, [], []).evidence == ()


# -- the suite of mutations, on the project's own article --------------------------------------


@pytest.fixture(scope="session")
def similar(seed_assistant: Assistant) -> Similar:
    """Cosines by the real encoder, each text embedded once."""
    known: dict[str, Vectors] = {}

    def cosines(claim: str, told: Sequence[str]) -> Sequence[float]:
        new = [text for text in dict.fromkeys([claim, *told]) if text not in known]
        if new:
            vectors = seed_assistant.index.encoder.embed_passages(new)
            known.update(zip(new, vectors, strict=True))
        return [float(known[claim] @ known[text]) for text in told]

    return cosines


def shares(
    judged: Sequence[tuple[str, bool]], groups: dict[str, tuple[str, ...]]
) -> dict[str, float]:
    """Group → share of its claims that were not supported."""
    found = {}
    for name, rules in groups.items():
        flags = [failed for rule, failed in judged if rule in rules]
        if flags:
            found[name] = sum(flags) / len(flags)
    return found


def all_shown() -> list[Shown]:
    return [
        Shown(n, p, SEED.title, SEED.source, SEED.date, SEED.language)
        for n, p in enumerate(PASSAGES, 1)
    ]


@pytest.mark.slow
def test_mutations_of_the_seed_are_caught_and_its_own_sentences_pass(similar: Similar) -> None:
    judged = [
        (m.rule, judge(m.claim, [m.passage + 1], all_shown(), similar).verdict == "unsupported")
        for m in mutants(sentences_of(PASSAGES, "vi"))
    ]
    caught, alarms = shares(judged, GROUPS), shares(judged, KEEPING)
    assert caught["numbers"] >= 0.97
    assert caught["dates"] >= 0.97
    assert caught["names"] >= 0.9  # a dozen of them
    assert caught["direction"] >= 0.85
    assert caught["negation"] >= 0.85
    assert caught["attribution"] >= 0.7
    assert alarms["verbatim"] == 0.0
    assert alarms["shortened"] <= 0.05  # one of twenty
    assert alarms["paraphrase"] <= 0.15


def hand_written(keep: Callable[[dict[str, object]], bool]) -> list[str]:
    lines = (HERE / "questions" / "paraphrases.jsonl").read_text("utf-8").splitlines()
    return [str(row["text"]) for row in map(json.loads, lines) if keep(row)]


def test_hand_written_paraphrases_pass(similar: Similar) -> None:
    claims = hand_written(lambda row: row["language"] == "vi" and row["faithful"] is True)
    numbers = range(1, len(PASSAGES) + 1)
    failed = [
        claim
        for claim in claims
        if judge(claim, numbers, all_shown(), similar).verdict == "unsupported"
    ]
    assert len(failed) <= 0.15 * len(claims), failed


def test_hand_written_falsehoods_are_mostly_caught(similar: Similar) -> None:
    claims = hand_written(lambda row: row["language"] == "vi" and row["faithful"] is False)
    numbers = range(1, len(PASSAGES) + 1)
    passed = [
        claim
        for claim in claims
        if judge(claim, numbers, all_shown(), similar).verdict != "unsupported"
    ]
    assert len(passed) <= 0.2 * len(claims), passed


def test_what_is_said_in_another_language_is_not_judged(similar: Similar) -> None:
    """Neither believed nor denied; where it can be judged, by the same words, it is."""
    numbers = range(1, len(PASSAGES) + 1)
    for claim in hand_written(lambda row: row["language"] == "en"):
        judgement = judge(claim, numbers, all_shown(), similar)
        assert judgement.verdict == "unchecked" and judgement.evidence
    same_words = "Ông Dương Ngọc Châu"
    assert judge(same_words, numbers, all_shown(), similar).verdict == "supported"


def test_rules_change_what_they_say() -> None:
    made = {m.rule for m in mutants(sentences_of(PASSAGES, "vi"))}
    assert {"changed digit", "inserted negation", "verbatim", "shortened"} <= made
    assert made <= {*MEANING, *FAITHFUL}
