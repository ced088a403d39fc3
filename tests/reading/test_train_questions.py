"""Questions learn to find the passages that answer them; what they find stays where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from assistant.index.bundled_encoder import BundledTransformer
from assistant.index.bundled_file import weights_path
from assistant.index.packed_weights import read_card, read_weights
from assistant.reading import train_questions
from assistant.reading.own_set import read_own
from assistant.reading.train_questions import Asked, Passages, Questions

ARTICLES = """=== a | vi | 2025-08-05 | Báo Mới
TITLE: Chợ Lách có chủ tịch mới
TEXT:
Bà Lê Thị Sen được bầu làm chủ tịch xã Chợ Lách. Bà sinh năm 1980.

Xã trồng 300 ha sầu riêng, bán giá 80.000 đồng một ký.
---
Q vi who | Ai đứng đầu xã Chợ Lách? | [[Bà Lê Thị Sen]] được bầu làm chủ tịch xã
Q en number | How many hectares of durian? | Xã trồng [[300 ha]] sầu riêng
U vi who | Ai là bí thư xã Chợ Lách? |

=== b | vi | 2025-08-06 | Báo Mới
TITLE: Cầu Rạch Miễu thông xe
TEXT:
Cầu Rạch Miễu 2 dài 17 km đã thông xe sáng nay. Vốn là 6.800 tỉ đồng.
---
Q vi number | Cầu dài bao nhiêu? | Cầu Rạch Miễu 2 dài [[17 km]] đã thông xe
"""


def test_a_passage_counts_with_its_best_sentence() -> None:
    passages = Passages(
        torch.eye(3), torch.tensor([[1.0, 0, 0], [0.6, 0.8, 0]]), torch.tensor([0, 0])
    )
    scores = passages.scores(torch.tensor([[0.0, 1.0, 0.0]]))
    # The first: 0 + 0.8 of its second sentence. The others have no sentence: twice themselves.
    assert scores.tolist() == [pytest.approx([0.8, 2.0, 0.0])]


def test_the_loss_is_of_all_passages_that_answer() -> None:
    one = Asked((1,), torch.zeros(1), (0, 2), False, False)
    scores = torch.tensor([[0.1, 0.3, 0.2]])
    parts = (scores * train_questions.SCALE).exp()[0]
    wanted = -((parts[0] + parts[2]) / parts.sum()).log()
    assert float(train_questions._loss(scores, [one])) == pytest.approx(float(wanted), abs=1e-5)


def test_a_run_keeps_what_finds_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own, out = tmp_path / "a.txt", tmp_path / "questions.rdr"
    own.write_text(ARTICLES, "utf-8")
    monkeypatch.setattr(train_questions, "BATCH", 2)
    monkeypatch.setattr(
        "sys.argv",
        ["train_questions", "--own", str(own), "--held-out", str(own), "--first", "11",
         "--epochs", "2", "--out", str(out)],
    )  # fmt: skip
    train_questions.main()
    printed = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in printed] == ["before", "epoch 1", "epoch 2", "kept"]
    assert "across" in printed[0] and "@8" in printed[0]
    weights = read_weights(out)
    assert {name.split(".")[2] for name in weights} == {"11"}
    assert read_card(out)["about"]["share"] == 0.5
    assert set(read_card(out)["about"]["data"]) == {"a.txt"}


def test_half_the_way_back_is_the_mean() -> None:
    questions = Questions(BundledTransformer(weights_path(), torch.float32), 11)
    name, tensor = next(iter(questions.learning.items()))
    before = tensor.detach().clone()
    with torch.no_grad():
        tensor += 2
    questions.keep(0.5)
    assert torch.allclose(questions.learning[name], before + 1, atol=1e-5)
    assert all(f".{n}." not in name for n in range(11) for name in questions.learning)


def test_what_is_gathered_names_the_passages_that_answer(tmp_path: Path) -> None:
    own = tmp_path / "a.txt"
    own.write_text(ARTICLES, "utf-8")
    one, other = read_own(own)
    bundled = BundledTransformer(weights_path(), torch.float32)
    passages, asked = train_questions.gathered([one], [other], bundled)
    assert [(len(it.gold), it.held_out, it.across) for it in asked] == [
        (1, False, False), (1, False, True), (1, True, False),
    ]  # fmt: skip
    assert passages.vectors.shape[1] == passages.sentences.shape[1] == 384
    assert int(passages.owner.max()) < len(passages.vectors)
    told = train_questions.told(Questions(bundled, 11), passages, asked)
    assert told.startswith("all ") and "across" not in told  # the one held out is not
