"""Documents that real programs made: their text comes whole, what stands around it mostly not."""

from __future__ import annotations

import pytest

from tests.benchmarks.documents import FACTS, REFUSED, Found, measured, shares


@pytest.fixture(scope="module")
def found() -> list[Found]:
    return list(measured())


def test_documents_are_read(found: list[Found]) -> None:
    told, pieces = shares(found, "text")
    assert told >= 0.99 * pieces, [one.wrong for one in found if one.wrong]
    out, unwanted = shares(found, "furniture")
    assert out >= 0.91 * unwanted
    known, facts = shares(found, *FACTS)
    assert known >= 0.95 * facts


def test_nothing_is_lost_of_pages_whose_layout_is_made_of_tables(found: list[Found]) -> None:
    pages = [one for one in found if one.kind == "Page of tables"]
    told, pieces = shares(pages, "text")
    assert told == pieces > 80


def test_what_cannot_be_read_is_refused_with_the_reason(found: list[Found]) -> None:
    refused = [one for one in found if one.kind == REFUSED]
    assert len(refused) > 10
    assert [one.wrong for one in refused if one.wrong] == []
