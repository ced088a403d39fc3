"""Sentences of answers beside the passages that a model was shown, with a scripted reader."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from assistant.reading.claim_check import SUPPORTED, UNSUPPORTED, UNSUPPORTED_ACROSS, judge
from assistant.reading.readings import Beside, Reading, Verdict
from assistant.text.sentences import sentences
from assistant.types import Passage, Sentence, Shown

BRIDGE = "Chợ mở cửa sớm. Ông Nam đề nghị xây cầu mới qua sông Hậu."


class Scripted:
    """Gives each passage the verdict that is set for a word of it; else it is not stated."""

    def __init__(self, **verdicts: Verdict) -> None:
        self.verdicts = verdicts
        self.judged: list[Beside] = []

    def read(self, questions: Sequence[Beside]) -> list[Reading]:
        raise AssertionError("a claim is not a question")

    def judge(self, claims: Sequence[Beside]) -> list[Verdict]:
        self.judged += claims
        none = Verdict(0.0, 0.1, 0.9)
        known = self.verdicts.items()
        return [next((v for w, v in known if w in one.passage), none) for one in claims]


def shown(text: str, number: int = 1, start: int = 0) -> Shown:
    """A passage that begins at ``start`` of its article."""
    cut = [Sentence(s.start + start, s.end + start, s.kind) for s in sentences(text)]
    passage = Passage(f"a{number}", start, start + len(text), text, tuple(cut))
    return Shown(number, passage, "Tin", "", "", "vi")


def test_what_is_said_word_for_word_needs_no_reader() -> None:
    reader = Scripted()
    judgement = judge("“ông nam đề nghị xây cầu mới” [3]", [3], [shown(BRIDGE, 3, 500)], reader)
    (evidence,) = judgement.evidence
    at = slice(evidence.span.start - 500, evidence.span.end - 500)
    assert judgement.verdict == "supported" and not reader.judged
    assert (evidence.number, BRIDGE[at]) == (3, "Ông Nam đề nghị xây cầu mới qua sông Hậu.")


def test_a_quote_of_several_sentences_is_all_of_them() -> None:
    judgement = judge(BRIDGE, [1], [shown(BRIDGE)], Scripted())
    assert [BRIDGE[e.span.start : e.span.end] for e in judgement.evidence] == [
        "Chợ mở cửa sớm.",
        "Ông Nam đề nghị xây cầu mới qua sông Hậu.",
    ]


@pytest.mark.parametrize("cited", [[1], []])
def test_what_another_passage_supports_is_elsewhere(cited: list[int]) -> None:
    passages = [shown("Chợ mở cửa sớm.", 1), shown(BRIDGE, 2)]
    reader = Scripted(Nam=Verdict(0.9, 0.05, 0.05))
    for claim in ("Ông Nam muốn có cây cầu qua sông.", "Ông Nam đề nghị xây cầu mới."):
        judgement = judge(claim, cited, passages, reader)
        assert judgement.verdict == "elsewhere"
        assert [evidence.number for evidence in judgement.evidence] == [2]


@pytest.mark.parametrize(
    ("verdict", "said", "lack"),
    [
        (Verdict(SUPPORTED, 0.3, 0.2), "supported", ""),
        (Verdict(UNSUPPORTED, 0.7, 0.1), "unchecked", ""),
        (Verdict(0.1, 0.8, 0.1), "unsupported", "contradicted"),
        (Verdict(0.1, 0.1, 0.8), "unsupported", "content"),
    ],
)
def test_the_head_decides(verdict: Verdict, said: str, lack: str) -> None:
    reader = Scripted(Nam=verdict)
    judgement = judge("Ông Nam bác bỏ cây cầu mới.", [1], [shown(BRIDGE)], reader)
    assert (judgement.verdict, judgement.lack) == (said, lack)
    assert reader.judged == [Beside("Ông Nam bác bỏ cây cầu mới.", BRIDGE, "Tin")]
    (evidence,) = judgement.evidence  # the sentence with the most words of the claim
    assert BRIDGE[evidence.span.start : evidence.span.end].startswith("Ông Nam")


def test_a_claim_in_another_language_is_flagged_only_where_it_is_unlikelier() -> None:
    told = shown(BRIDGE)
    for supported, said in ((UNSUPPORTED_ACROSS, "unchecked"), (0.1, "unsupported")):
        reader = Scripted(Nam=Verdict(supported, 0.5, 0.5 - supported))
        english = judge("Mr Nam proposed a new bridge over the river.", [1], [told], reader)
        assert english.verdict == said


def test_the_others_are_read_only_where_those_cited_do_not_support() -> None:
    passages = [shown(BRIDGE, 1), shown("Chợ đóng cửa.", 2)]
    reader = Scripted(Nam=Verdict(0.9, 0.05, 0.05))
    judge("Ông Nam muốn có cây cầu.", [1], passages, reader)
    assert len(reader.judged) == 1


@pytest.mark.parametrize("claim", ["", "…", "[1]", "?"])
def test_nothing_said_is_not_supported(claim: str) -> None:
    reader = Scripted()
    assert judge(claim, [1], [shown("Chợ mở cửa sớm.")], reader).verdict == "unsupported"
    assert judge("Chợ mở cửa.", [], [], reader).evidence == ()
