"""A model's text becomes checked, cited sentences, the same however the stream is cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.answering._cited_stream import HELD, Composer, Policy
from assistant.types import (
    AnswerEvent,
    Citation,
    Cited,
    Claimed,
    Evidence,
    Judgement,
    Passage,
    Sentence,
    Shown,
    Span,
    TextDelta,
)

REFUSALS = ("Các bài viết không cho biết điều này.", "The articles do not say.")
TEXTS = ("Mèo ngủ trên ghế. Chó [sic] chạy.", "Cá bơi ở x[0] và x[1].")


def passages() -> list[Shown]:
    """Two passages of two articles; the second begins at offset 100 of its article."""
    found = []
    for number, (text, start) in enumerate(zip(TEXTS, (0, 100), strict=True), 1):
        cut = text.find(". ") + 1 or len(text)
        parts = [Sentence(start, start + cut)]
        parts += [Sentence(start + cut + 1, start + len(text))] if cut < len(text) else []
        passage = Passage(f"a{number}", start, start + len(text), text, tuple(parts))
        found.append(Shown(number, passage, f"Bài {number}", "https://bao.vn/1"))
    return found


def verbatim(sentence: str, cited: Sequence[int]) -> Judgement:
    """Supported when a passage has the sentence word for word: it can be worked out at sight."""
    for shown in sorted(passages(), key=lambda one: one.number not in cited):
        at = shown.passage.text.find(sentence)
        if at >= 0:
            start = shown.passage.start + at
            evidence = (Evidence(shown.number, Span(start, start + len(sentence))),)
            return Judgement("supported" if shown.number in cited else "elsewhere", evidence)
    nearest = (Evidence(1, Span(0, 17)),)  # "Mèo ngủ trên ghế."
    lack = "number" if any(c.isdigit() for c in sentence) else "content"
    return Judgement("unsupported", nearest, lack, sentence)  # type: ignore[arg-type]


def declines(sentence: str) -> float:
    return float(sentence.startswith("Tôi không"))


def cite(number: int, shown: Shown, span: Span) -> Citation:
    start = shown.passage.start
    quote = shown.passage.text[span.start - start : span.end - start]
    return Citation(number, shown.passage.article_id, shown.title, *_ends(span), quote, True)


def _ends(span: Span) -> tuple[int, int]:
    return span.start, span.end


def composed(
    pieces: Iterable[str], policy: Policy = "flag", before: str = "", whole: bool = False
) -> tuple[Composer, list[AnswerEvent]]:
    composer = Composer(passages(), REFUSALS, declines, verbatim, cite, policy, before, whole)
    events = [event for piece in pieces for event in composer.feed(piece)]
    return composer, events + composer.finish()


def told(composer: Composer) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(composer.text[c.start : c.end], c.verdict, c.numbers) for c in composer.claims]


def test_a_sentence_is_cited_by_what_bears_it_out() -> None:
    composer, _ = composed(["Mèo ngủ trên ghế. [1] Cá bơi ở x[0] và x[1]. [1] Voi bay. [2]"])
    assert composer.text == "Mèo ngủ trên ghế. [1] Cá bơi ở x[0] và x[1]. [2] Voi bay."
    assert told(composer) == [
        ("Mèo ngủ trên ghế.", "supported", (1,)),
        ("Cá bơi ở x[0] và x[1].", "elsewhere", (2,)),  # the model said [1]
        ("Voi bay.", "unsupported", ()),
    ]
    assert [(c.number, c.article_id, c.start, c.end) for c in composer.citations] == [
        (1, "a1", 0, 17),
        (2, "a2", 100, 122),
    ]


def test_the_same_words_are_one_citation() -> None:
    composer, events = composed(["Mèo ngủ trên ghế [1]. Mèo ngủ trên ghế."])
    assert composer.text == "Mèo ngủ trên ghế. [1] Mèo ngủ trên ghế. [1]"
    assert sum(isinstance(event, Cited) for event in events) == 1


def test_a_citation_is_told_before_its_marker_and_a_claim_after_it() -> None:
    _, events = composed(["Mèo ngủ trên ghế. [1]"])
    kinds = [kind for kind, _ in groupby(events, type)]
    assert kinds == [TextDelta, Cited, TextDelta, Claimed]


@pytest.mark.parametrize(
    "text",
    [
        "Các bài viết không cho biết điều này.",
        "Các bài viết không cho biết điều này",
        "  **The articles do not say.** [1]",
        "Cac bai viet khong cho biet dieu nay. Tuy nhiên, voi biết bay [1].",
    ],
)
def test_the_agreed_sentence_is_a_refusal_and_is_not_given_out(text: str) -> None:
    composer, events = composed(text)
    assert composer.refused
    assert (composer.text, events) == ("", [])


@pytest.mark.parametrize("text", ["Tôi không tìm thấy.", "Xin lỗi. Tôi không thấy [1]. Voi bay."])
def test_a_refusal_in_other_words_is_one(text: str) -> None:
    composer, events = composed(text)
    assert composer.refused
    assert (composer.text, events) == ("", [])


def test_after_a_supported_sentence_nothing_is_a_refusal() -> None:
    composer, _ = composed("Mèo ngủ trên ghế. Tôi không tìm thấy voi.")
    assert not composer.refused
    assert composer.text == "Mèo ngủ trên ghế. [1] Tôi không tìm thấy voi."


def test_the_beginning_comes_with_the_first_supported_sentence() -> None:
    composer = Composer(passages(), REFUSALS, declines, verbatim, cite)
    assert composer.feed("Voi bay. Mèo ngủ ") == []
    assert composer.feed("trên ghế.\nHổ đói ") != []
    assert composer.text == "Voi bay. Mèo ngủ trên ghế. [1]\nHổ"


def test_a_long_beginning_is_given_out_before_it_is_supported() -> None:
    composer = Composer(passages(), REFUSALS, declines, verbatim, cite)
    long = "Voi bay cao. " * (HELD // 10)
    composer.feed(long)
    assert composer.text and long.startswith(composer.text)
    read_whole = Composer(passages(), REFUSALS, declines, verbatim, cite, whole=True)
    assert read_whole.feed(long + "Mèo ngủ trên ghế.\nHổ đói") == []
    read_whole.finish()
    assert read_whole.text == long + "Mèo ngủ trên ghế. [1]\nHổ đói"


@pytest.mark.parametrize(("likely", "refused"), [(0.9, False), (0.99, True)])
def test_a_sentence_that_is_supported_refuses_only_where_that_is_sure(
    likely: float, refused: bool
) -> None:
    composer = Composer(passages(), REFUSALS, lambda _: likely, verbatim, cite)
    composer.feed("Mèo ngủ trên ghế.\nVoi bay.")
    composer.finish()
    assert composer.refused is refused and bool(composer.citations) is not refused


def test_what_only_begins_like_the_agreed_sentence_is_none() -> None:
    composer, _ = composed("Các bài viết không cho biết điều này ở đâu cả.")
    assert not composer.refused
    assert composer.text == "Các bài viết không cho biết điều này ở đâu cả."


@pytest.mark.parametrize(
    ("policy", "text"),
    [
        ("flag", "Mèo ngủ trên ghế. [1] Có 7 voi. Voi bay."),
        ("drop", "Mèo ngủ trên ghế. [1]"),
        ("replace", "Mèo ngủ trên ghế. [1] “Mèo ngủ trên ghế.” [1]"),
    ],
)
def test_the_policy_says_what_becomes_of_an_unsupported_sentence(policy: Policy, text: str) -> None:
    composer, _ = composed("Mèo ngủ trên ghế. [1] Có 7 voi. [1] Voi bay.", policy)
    assert composer.text == text
    assert composer.left_out == (0 if policy == "flag" else 2)


def test_a_line_that_leads_in_is_no_claim_unless_it_says_a_number() -> None:
    composer, _ = composed("Theo bài viết:\n- Mèo ngủ trên ghế. [1]\nCó 7 voi:")
    assert composer.text == "Theo bài viết:\n- Mèo ngủ trên ghế. [1]\nCó 7 voi:"
    assert [verdict for _, verdict, _ in told(composer)] == ["supported", "unsupported"]


def test_a_bold_line_that_leads_in_is_no_claim_either() -> None:
    composer, _ = composed("1. **Chi tiết:**\n2. **Có 7 voi:**")
    assert [words for words, _, _ in told(composer)] == ["2. **Có 7 voi:**"]


TABLE = "| Con | **Số** |\n|---|--:|\n| Voi. Hổ | 7 |\n|  | `8` |"


def test_a_heading_and_the_head_of_a_table_claim_nothing() -> None:
    text = f"# Ai đó? Có 7 voi.\n\n{TABLE}\n## Hết"
    composer, _ = composed(text)
    assert composer.text == text
    rows = ["| Voi. Hổ | 7", "|  | `8`"]
    assert [words for words, _, _ in told(composer)] == rows
    assert [claim.detail for claim in composer.claims] == ["Con: Voi. Hổ; Số: 7", "Số: 8"]


def test_a_heading_that_is_as_long_as_prose_is_a_claim() -> None:
    composer, _ = composed(f"# {'Voi bay. ' * 20}\nHổ đói. # Voi. | Hổ | 1 |")
    assert [words for words, _, _ in told(composer)] == [
        f"# {'Voi bay. ' * 20}".strip(),
        "Hổ đói.",
        "# Voi.",  # in the middle of a line they mark nothing
        "| Hổ | 1 |",
    ]


def test_a_row_is_cited_inside_its_last_cell() -> None:
    composer, _ = composed("| Mèo ngủ trên ghế. [1] |\n| Mèo ngủ trên ghế.|\n\nVoi")
    assert composer.text == "| Mèo ngủ trên ghế. [1] |\n| Mèo ngủ trên ghế. [1]|\n\nVoi"
    assert told(composer)[0] == ("| Mèo ngủ trên ghế.", "supported", (1,))


def test_a_header_counts_until_its_table_ends() -> None:
    composer, _ = composed(f"{TABLE}\n\n| Mèo ngủ trên ghế. |\nVoi bay.\n| A | B |\n| c | d |")
    details = [claim.detail for claim in composer.claims if claim.verdict == "unsupported"]
    assert details == ["Con: Voi. Hổ; Số: 7", "Số: 8", "Voi bay.", "A: c; B: d"]


@pytest.mark.parametrize(
    ("policy", "rows"),
    [("drop", ""), ("replace", "\n| “Mèo ngủ trên ghế.” [1] |\n| “Mèo ngủ trên ghế.” [1] |")],
)
def test_a_policy_keeps_a_table_one(policy: Policy, rows: str) -> None:
    composer, _ = composed(f"{TABLE}\nMèo ngủ trên ghế. Voi", policy)
    head = TABLE[: TABLE.index("\n| Voi")]
    assert composer.text == f"{head}{rows}\nMèo ngủ trên ghế. [1]"


def test_the_language_behind_a_fence_is_no_claim() -> None:
    composer, _ = composed("Voi:\n```python\nMèo ngủ trên ghế.\n```\n~~~\n```một` hai")
    assert composer.text == "Voi:\n\nMèo ngủ trên ghế. [1]\n\n\nmột` hai"
    assert [words for words, _, _ in told(composer)] == ["Mèo ngủ trên ghế.", "một` hai"]


def test_a_sentence_that_nothing_supports_carries_the_nearest_words() -> None:
    composer, _ = composed("Voi bay. Mèo ngủ trên ghế.")
    unsupported, supported = composer.claims
    assert unsupported.nearest == Citation(0, "a1", "Bài 1", 0, 17, "Mèo ngủ trên ghế.", True)
    assert supported.nearest is None
    assert [citation.number for citation in composer.citations] == [1]  # it is not cited


def test_offsets_count_what_stands_before() -> None:
    composer, _ = composed(["  Voi bay."], before="Câu hỏi quá dài.\n")
    assert composer.text == "Câu hỏi quá dài.\nVoi bay."
    assert told(composer) == [("Voi bay.", "unsupported", ())]


def test_links_and_images_of_a_model_are_not_given_out() -> None:
    composer, _ = composed("Mèo ngủ [đây](http://x.vn/?q=1). ![a](http://y.vn) https://bao.vn/1 z")
    assert composer.text == "Mèo ngủ đây. a https://bao.vn/1 z"


WORDS = [
    "Mèo ngủ trên ghế. ", "Voi bay! ", "[1]", " [2]", "[9]", "【1】", "(1)", "\n", "- ", ": ",
    "Có 15,5% ", "TP.HCM ", "x[0] ", "[sic] ", "**", "The articles do not say. ", "http://e.vn ",
    "[a](b)", "“Cá” ", "", "…", "\n## ", "\n# Voi. Hổ", "\n| Con | Số |", "\n|---|---|\n", "| ",
    " |", "\n| Mèo ngủ trên ghế. |\n", "\n```py\n", "~~~\n", "`", "\n1. **Tin:** ",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=12),
    st.lists(st.integers(0, 200), max_size=4),
    st.sampled_from(["flag", "drop", "replace"]),
)
def test_what_comes_of_a_text_does_not_depend_on_its_cuts(
    words: list[str], cuts: list[int], policy: Policy
) -> None:
    text = "".join(words)
    whole, _ = composed([text], policy)
    ends = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(ends)]
    for way in (pieces, list(text)):
        composer, events = composed(way, policy)
        assert composer.text == whole.text
        assert (composer.claims, composer.citations) == (whole.claims, whole.citations)
        assert "".join(e.text for e in events if isinstance(e, TextDelta)) == whole.text
    assert "[9]" not in whole.text
    numbers = {citation.number for citation in whole.citations}
    for claim in whole.claims:
        assert set(claim.numbers) <= numbers
        assert whole.text[claim.start : claim.end].strip() == whole.text[claim.start : claim.end]
