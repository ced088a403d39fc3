"""Files as people and their programs write them: not quite right, and yet clear to a reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.articles.files import read_articles
from tests.test_formats import LONG, put

OPEN = "has a quotation mark that is not closed"


@pytest.mark.parametrize(
    ("row", "text", "note"),
    [
        ("Một,9/9/2025,Sáng nay, xã họp, rồi nghỉ.", "Sáng nay, xã họp, rồi nghỉ.", ""),
        ('Một,9/9/2025,"Sáng nay, xã họp.",,', "Sáng nay, xã họp.", ""),
        ('Một,9/9/2025,"Sáng nay, xã họp.', "Sáng nay, xã họp.", OPEN),
        ('Một,9/9/2025,"Họp, nghỉ.\nĐoạn hai, ngắn.', "Họp, nghỉ.\nĐoạn hai, ngắn.", OPEN),
    ],
)
def test_a_row_not_quoted_rightly_loses_nothing_and_swallows_no_other(
    row: str, text: str, note: str, tmp_path: Path
) -> None:
    content = f'title,date,content\n{row}\nHai,8/9/2025,"Hai, {LONG}"\nBa,,{LONG[10:]}\n'
    path = put(tmp_path, "a.csv", content)
    corpus = read_articles([path])
    assert [a.title for a in corpus.articles] == ["Một", "Hai", "Ba"]
    assert corpus.articles[0].text.strip() == text
    assert corpus.notes == ((f"{path}: row 2 {note}",) if note else ())


def test_a_row_wider_than_its_header_is_told_where_it_does_not_end_in_the_text(
    tmp_path: Path,
) -> None:
    path = put(tmp_path, "a.csv", f"text,title\nHọp, nghỉ.,Một\n{LONG[10:]},Hai\n")
    corpus = read_articles([path])
    assert len(corpus.articles) == 2
    assert corpus.notes == (f"{path}: row 2 has more cells than columns are named",)
