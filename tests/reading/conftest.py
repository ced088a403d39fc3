"""A small reading corpus in the files' own form, and the untrained model."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from assistant.reading.model import ReaderModel


@pytest.fixture(scope="package")
def model() -> ReaderModel:
    """For reading only: its heads are random."""
    return ReaderModel()


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return path


def context(text: str, *asked: tuple[str, str], title: str = "") -> dict[str, Any]:
    """A row of a public set; an empty answer is an unanswerable question."""
    questions = [
        {
            "qlang": "vi",
            "question": question,
            "answers": [{"text": answer, "start": text.index(answer)}] if answer else [],
            "answerable": bool(answer),
        }
        for question, answer in asked
    ]
    return {"lang": "vi", "title": title, "context": text, "qas": questions}


TOWNS = ("Huế", "Vinh", "Đà Lạt", "Cần Thơ", "Hà Giang", "Quy Nhơn")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Seven contexts, the first of them held out, with eight questions; twelve claims of two
    languages; nothing else."""
    rows = [context("Bị giữ lại để đo.", ("Để làm gì?", "đo"))]
    for i, town in enumerate(TOWNS):
        text = f"Ông Lê Văn {i} sống ở {town} từ năm 19{70 + i}."
        rows.append(context(text, (f"Ông Lê Văn {i} sống ở đâu?", town), title="Người"))
    rows[1]["qas"].append(context("", ("Ông Lê Văn 0 sinh năm nào?", ""))["qas"][0])
    write_rows(tmp_path / "data" / "public" / "towns.jsonl.gz", rows)
    labels = ["entailment", "neutral", "contradiction"]
    for language, word in (("vi", "câu"), ("en", "line")):
        pairs = [
            {"lang": language, "premise": f"{word} {i}", "hypothesis": f"{word} {i}?", "label": x}
            for i, x in enumerate(labels * 2)
        ]
        write_rows(tmp_path / "data" / "public" / "nli" / f"lines.{language}.jsonl.gz", pairs)
    return tmp_path / "data"
