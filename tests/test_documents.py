"""Documents that real programs made: their text comes whole, what stands around it mostly not."""

from __future__ import annotations

from tests.benchmarks.documents import measured


def test_documents_are_read() -> None:
    found = list(measured())
    told, pieces = sum(f.told for f in found), sum(f.pieces for f in found)
    assert told >= 0.99 * pieces, [f.wrong for f in found if f.told < f.pieces]
    out, unwanted = sum(f.kept_out for f in found), sum(f.unwanted for f in found)
    assert out >= 0.88 * unwanted
    known, facts = sum(f.known for f in found), sum(f.facts for f in found)
    assert known >= 0.88 * facts


def test_pictures_and_locked_files_are_refused() -> None:
    refused = [f for f in measured() if f.file.startswith(("05", "06"))]
    assert [(f.known, f.facts) for f in refused] == [(1, 1), (1, 1)]
