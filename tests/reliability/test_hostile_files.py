"""Files that are made to do harm and take their time over it, and what reading apart costs."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from assistant.articles.apart import reading
from tests.hostile import LONG
from tests.hostile_cases import CASES
from tests.hostile_checks import DOCUMENTS, InProcess, check, results


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.heavy])
def test_a_hostile_file_is_read_or_refused(name: str, tmp_path: Path) -> None:
    check(CASES[name], tmp_path)


def test_most_are_done_within_two_seconds(tmp_path: Path) -> None:
    seconds = [check(case, tmp_path)[0] for case in CASES.values()]
    assert sum(one < 2 for one in seconds) > 0.8 * len(seconds)


def test_all_documents_are_read_apart_as_they_are_read_here() -> None:
    assert len(DOCUMENTS) == 88
    with reading() as read:
        assert results(DOCUMENTS, read) == results(DOCUMENTS, InProcess)


def test_a_folder_of_1000_pages_takes_little_longer_apart(tmp_path: Path) -> None:
    for number in range(1000):
        told = "".join(f"<p>{LONG} Đoạn {n} của tin {number}.</p>" for n in range(8))
        page = f"<html lang=vi><head><title>Tin {number}</title></head><body><nav><a href=/>Trang"
        page += f" chủ</a></nav><article><h1>Tin số {number}</h1>{told}</article></body></html>"
        (tmp_path / f"{number}.html").write_text(page)
    paths = sorted(tmp_path.iterdir())
    results(paths[:5], InProcess)  # what is loaded once
    ratios = []
    for _ in range(3):
        with reading() as read:
            begun = time.perf_counter()
            apart = results(paths, read)
            middle = time.perf_counter()
        assert results(paths, InProcess) == apart
        ratios.append((middle - begun) / (time.perf_counter() - middle))
    assert min(ratios) < 1.3
