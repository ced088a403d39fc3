"""What retrieval takes for an answer, and is none, is put beside its question."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from assistant.evaluation import mistaken
from assistant.index.index import Index
from assistant.reading.examples import public_set
from assistant.reading.own_set import read_own
from assistant.reading.train_questions import article_of
from assistant.settings import Settings
from tests.fixtures import make_article

# The 80 tỉ đồng of a stand in b as well.
ARTICLES = """=== a | vi | 2025-08-05 | Báo Mới
TITLE: Cầu Rạch Miễu
TEXT:
Vốn của cầu Rạch Miễu là 80 tỉ đồng.
---
Q vi number | Vốn của cầu Rạch Miễu là bao nhiêu? | là [[80 tỉ đồng]]
U vi who | Ai là chủ đầu tư cầu Rạch Miễu? |

=== b | vi | 2025-08-06 | Báo Mới
TITLE: Cầu Cổ Chiên
TEXT:
Vốn của cầu Cổ Chiên là 80 tỉ đồng.
---
Q vi what | Cầu Cổ Chiên có vốn thế nào? | Vốn của cầu Cổ Chiên là [[80 tỉ đồng]]

=== c | vi | 2025-08-07 | Báo Mới
TITLE: Cầu Hàm Luông
TEXT:
Vốn của cầu Hàm Luông là 95 tỉ đồng.
---
Q vi number | Vốn của cầu Hàm Luông là bao nhiêu? | là [[95 tỉ đồng]]
"""


def rows_of(index: Index, path: Path, seed: int) -> dict[str, tuple[str, str]]:
    """Question → title and text of the passage that it is put beside."""
    own = read_own(path)
    rows = mistaken.mistaken(index, own, 9, random.Random(seed))
    return {row["qas"][0]["question"]: (row["title"], row["context"]) for row in rows}


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    path = tmp_path / "own.txt"
    path.write_text(ARTICLES, "utf-8")
    return path


@pytest.mark.parametrize("seed", range(4))
def test_no_passage_that_holds_the_answer_is_taken(
    seed: int, own_file: Path, fake_encoder: None, tmp_path: Path
) -> None:
    settings = Settings(index=tmp_path / "index")
    index = Index.create(settings)
    other = make_article("Vốn của cầu khác là 12 tỉ đồng.", title="Không thuộc bộ câu hỏi")
    index.add([*map(article_of, read_own(own_file)), other], settings)
    found = rows_of(index, own_file, seed)
    index.close()
    assert {question: title for question, (title, _) in found.items()} == {
        "Vốn của cầu Rạch Miễu là bao nhiêu?": "Cầu Hàm Luông",
        "Cầu Cổ Chiên có vốn thế nào?": "Cầu Hàm Luông",
        "Vốn của cầu Hàm Luông là bao nhiêu?": found["Vốn của cầu Hàm Luông là bao nhiêu?"][0],
    }
    assert found["Vốn của cầu Hàm Luông là bao nhiêu?"][0] in ("Cầu Rạch Miễu", "Cầu Cổ Chiên")


def test_the_file_is_a_set_to_train_with(
    own_file: Path, fake_encoder: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mistaken.jsonl.gz"
    monkeypatch.setattr("sys.argv", ["mistaken", "--own", str(own_file), "--out", str(out)])
    mistaken.main()
    with gzip.open(out, "rt", encoding="utf-8") as lines:
        assert len(list(map(json.loads, lines))) == 3
    found = public_set(out, frozenset())
    assert (found.name, len(found.examples), found.answerable) == ("mistaken", 3, 0)
