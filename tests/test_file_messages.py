"""What is said of files that are sent, in Vietnamese: every line that the readers can say."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import assistant
from assistant.server._file_messages import in_language

ROOMS = Path(assistant.__file__).parent
SAID = [*sorted((ROOMS / "articles").glob("*.py")), ROOMS / "server" / "_uploads.py"]
FAULTS, NOTES = ("why", "_NO_TEXT"), ("note", "notes")


def texts_of(node: ast.AST) -> Iterator[str]:
    """The texts that an expression may be; "X" stands for what is put into one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(v.value if isinstance(v, ast.Constant) else "X" for v in node.values)
    elif isinstance(node, ast.BinOp):
        yield "".join(next(texts_of(side), "X") for side in (node.left, node.right))
    elif isinstance(node, ast.Tuple | ast.IfExp | ast.Starred | ast.Dict):
        for child in ast.iter_child_nodes(node):
            yield from texts_of(child)


def all_said() -> Iterator[tuple[str, str]]:
    """(kind, English words) of every fault, remedy and note in the source."""
    for path in SAID:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "corpus_error":
                yield from (("fault", text) for text in texts_of(node.args[1]))
                yield from (("remedy", text) for text in texts_of(node.args[2]))
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "UploadError":
                yield from (("whole", text) for text in texts_of(node.args[0]))
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                name = node.targets[0].id
                kinds = {"remedy": "remedy", "_NAME_ONE": "remedy", "_REMEDIES": "remedy"}
                kinds |= dict.fromkeys(FAULTS, "fault") | dict.fromkeys(NOTES, "note")
                for text in texts_of(node.value) if name in kinds else ():
                    if "YAML" in text:
                        yield "note", f"its front matter {text}"
                        yield "note", f"tin X.pdf.yaml {text}"
                    elif " " in text and text != "its front matter X":
                        yield kinds[name], text


LINES = {
    "fault": "tin X.pdf {}: try again",
    "remedy": "tin X.pdf is empty: {}",
    "note": "tin X.pdf: {}",
    "whole": "{}",
}


@pytest.mark.parametrize(("kind", "english"), sorted(set(all_said())))
def test_every_line_has_its_words(kind: str, english: str) -> None:
    line = LINES[kind].format(english)
    told = in_language(line, "vi")
    assert told != line
    assert english not in told
    assert in_language(line, "en") == line


def test_names_and_numbers_are_kept() -> None:
    told = in_language(
        "bản tin 5-8.txt is damaged: not UTF-16 at byte 7: save it again as UTF-8", "vi"
    )
    assert told == "bản tin 5-8.txt bị hỏng: không đúng UTF-16 ở byte 7: hãy lưu lại bằng UTF-8"
    empty = in_language("a.txt cannot be used, it is empty: write an article or remove it", "vi")
    assert empty == "a.txt không dùng được: nội dung trống: hãy viết bài vào hoặc bỏ tệp"
    twice = "a.txt: was written in UTF-8 encoded twice and is converted"
    assert in_language(twice, "vi") == "a.txt: bị mã hóa UTF-8 hai lần, đã được chuyển lại"
    assert in_language("something else", "vi") == "something else"
    row = "tin.csv: row 3: its date 'hôm nọ' is not read"
    assert in_language(row, "vi") == "tin.csv: row 3: không đọc được date 'hôm nọ'"
