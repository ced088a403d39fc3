"""Of a text that papers print again one is read and cited, and its other places are named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from assistant.answering._one_source import OneSource
from assistant.answering._reprints import same_words
from assistant.answering.places import place_of, still_there
from assistant.answering.schemas import citation_json
from assistant.server._openai_api import sources
from assistant.types import Article, Citation, Place
from tests.benchmarks.reprints import Pair, pairs
from tests.test_found_answers import CALIBRATION as PLAIN
from tests.test_found_answers import Scripted, candidate, find_answers, query

TEXT = (
    "Chiều 4-8, thành phố Vạn Lý nhận 12 toa tàu đầu tiên. Theo ông Đỗ Khắc Minh, mỗi toa chở "
    "được 148 hành khách và dài 21 m. Đoàn tàu chạy thử ba tháng trước khi đón khách."
)
QUOTE = "Theo ông Đỗ Khắc Minh, mỗi toa chở được 148 hành khách và dài 21 m."


def is_one(pair: Pair) -> bool:
    one, other = pair.one, pair.other
    return one.is_covered_by(other) or other.is_covered_by(one)


@pytest.mark.parametrize("pair", [p for p in pairs() if not p.same], ids=lambda pair: pair.kind)
def test_what_only_looks_alike_is_two_sources(pair: Pair) -> None:
    assert not is_one(pair)


def test_reprints_are_one_source() -> None:
    assert all(is_one(pair) for pair in pairs() if pair.same)


@pytest.mark.parametrize(
    ("was", "becomes"),
    [("148", "150"), ("Minh", "Mình"), ("ba tháng", "năm tháng"), ("nhận 12", "không nhận 12")],
)
def test_a_corrected_reprint_is_read_too(was: str, becomes: str) -> None:
    both = [candidate(TEXT, "a"), candidate(TEXT.replace(was, becomes), "b")]
    assert len(OneSource(None).distinct(both, 8)[0]) == 2


def test_a_reprint_is_not_read_and_is_named() -> None:
    reader = Scripted({TEXT: (2.0, ("148 hành khách",))})
    both = [candidate(TEXT, "a"), candidate("(TTXVN) - " + TEXT, "b")]
    (one,) = find_answers(reader, PLAIN, query(), both)
    assert reader.batches == [1]
    assert [c.stored.passage.article_id for c in one.also] == ["b"]


def test_passages_of_one_article_are_no_reprints() -> None:
    both = [candidate(TEXT, "a"), candidate(TEXT, "a", start=900)]
    assert len(OneSource(None).distinct(both, 8)[0]) == 2


def test_the_place_of_a_quote_is_its_words_there() -> None:
    article = Article("b", "Tàu", f"Mở đầu khác. {TEXT.replace('Theo ông', 'Ông')}", "vi")
    span = place_of(QUOTE, article)
    assert span and article.text[span.start : span.end] == QUOTE.replace("Theo ông", "Ông")
    assert place_of(QUOTE.replace("148", "150"), article) is None


def test_a_kept_place_is_compared_with_its_article() -> None:
    citation = Citation(1, "a", "T", 0, len(QUOTE), QUOTE, True)
    article = Article("b", "Tàu", QUOTE, "vi", source="Tin Sớm", date="2025-08-05")
    kept = Place("b", "forged", "", "", 0, len(QUOTE))
    assert still_there(citation.quote, kept, article) == replace(
        kept, title="Tàu", source="Tin Sớm", date="2025-08-05"
    )
    changed = replace(article, text=QUOTE.replace("148", "150"))
    assert still_there(citation.quote, kept, changed) is None
    assert not same_words(QUOTE, changed.text, "vi")


def test_json_and_lists_of_sources_name_the_places() -> None:
    place = Place("b", "Tàu", "Tin Sớm", "2025-08-05", 3, 9)
    citation = Citation(1, "a", "T", 0, len(QUOTE), QUOTE, True, also=(place,))
    assert citation_json(citation)["also"][0]["article_id"] == "b"
    assert "also" not in citation_json(replace(citation, also=()))
    assert sources([citation], "vi").endswith("(cũng đăng ở: Tàu, Tin Sớm, 2025-08-05)")
