"""The NLI judge: a tiny model whose weights are set so that its verdict is known."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

from assistant.cli import main
from assistant.evaluation import nli
from assistant.types import ModelError

PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "ada", "won", "lost", "."]
LABELS = ("contradiction", "entailment", "neutral")


def config(labels: tuple[str, ...]) -> BertConfig:
    return BertConfig(
        vocab_size=len(PIECES),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        intermediate_size=8,
        max_position_embeddings=32,
        id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
    )


def save_tokenizer(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(PIECES), "utf-8")
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)


def saved(folder: Path, winner: int, labels: tuple[str, ...] = LABELS) -> str:
    """A model that gives every pair the class ``winner``: no weight but that class's bias."""
    save_tokenizer(folder)
    model = BertForSequenceClassification(config(labels))
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.eye(len(labels))[winner])
    model.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize(("winner", "verdict"), [(0, False), (1, True), (2, False)])
def test_a_pair_supports_when_entailment_is_the_likeliest(
    tmp_path: Path, winner: int, verdict: bool
) -> None:
    supports = nli.load(saved(tmp_path / "model", winner))
    assert supports("Ada won.", "Ada lost.") is verdict


@pytest.mark.parametrize(
    ("labels", "winner", "verdict"),
    [
        (("ENTAILMENT", "NEUTRAL", "CONTRADICTION"), 0, True),
        (("not_entailment", "entailment"), 0, False),
        (("not_entailment", "entailment"), 1, True),
    ],
)
def test_the_class_is_found_by_its_name(
    tmp_path: Path, labels: tuple[str, ...], winner: int, verdict: bool
) -> None:
    supports = nli.load(saved(tmp_path / "model", winner, labels))
    assert supports("Ada won.", "Ada won.") is verdict


def test_cited_text_is_the_premise(tmp_path: Path) -> None:
    """A model that says entailment when most tokens of the pair are the premise's (segment 0)."""
    folder = tmp_path / "model"
    save_tokenizer(folder)
    model = BertForSequenceClassification(config(LABELS))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            weight.fill_(1 if name.endswith("LayerNorm.weight") else 0)
        # A token is its segment alone: axis 0 or axis 1. All attend to all alike, so that [CLS]
        # gets the mean of the tokens, so much enlarged that its own segment does not count.
        layer = model.bert.encoder.layer[0]
        model.bert.embeddings.token_type_embeddings.weight.copy_(torch.eye(2, 8))
        layer.attention.self.value.weight.copy_(100 * torch.eye(8))
        layer.attention.output.dense.weight.copy_(torch.eye(8))
        model.bert.pooler.dense.weight.copy_(0.1 * torch.eye(8))
        model.classifier.weight[1, 0] = 1.0  # entailment: axis 0
        model.classifier.weight[0, 1] = 1.0  # contradiction: axis 1
    model.save_pretrained(folder)
    supports = nli.load(str(folder))
    assert supports("ada " * 6, "won") is True  # 8 tokens of 10, with [CLS] and [SEP]
    assert supports("won", "ada " * 6) is False  # 3 tokens of 10


def test_a_long_pair_is_cut_to_what_the_model_reads(tmp_path: Path) -> None:
    supports = nli.load(saved(tmp_path / "model", 1))
    assert supports("Ada won. " * 200, "Ada won. " * 200) is True


def test_a_model_without_that_class_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", 0, ("LABEL_0", "LABEL_1"))
    with pytest.raises(ModelError, match=r"no class 'entailment' \(it has LABEL_0, LABEL_1\)"):
        nli.load(folder)


def test_a_model_that_is_no_classifier_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    save_tokenizer(folder)
    BertModel(config(LABELS)).save_pretrained(folder)
    with pytest.raises(ModelError, match="not one of sequence classification"):
        nli.load(str(folder))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("/nowhere/model", "does not exist; check the path"),
        ("someone/nli-model", "run once, with a network: hf download someone/nli-model"),
    ],
)
def test_what_is_not_on_the_machine_is_not_fetched(name: str, message: str) -> None:
    with pytest.raises(ModelError) as raised:
        nli.load(name)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_empty_folder_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be loaded") as raised:
        nli.load(str(tmp_path))
    assert "\n" not in str(raised.value)


def test_eval_judges_by_the_model_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "news").mkdir()
    text = "Ông Ba là bí thư phường. Chợ Bến Thành mở cửa lúc sáu giờ sáng."
    (tmp_path / "news" / "a.txt").write_text(text, "utf-8")
    index = str(tmp_path / "index")
    assert main(["index", str(tmp_path / "news"), "--index", index]) == 0
    questions, report = tmp_path / "q.jsonl", tmp_path / "report.json"
    row = {"id": "1", "question": "Chợ Bến Thành mở cửa lúc mấy giờ?", "answers": ["sáu giờ sáng"]}
    questions.write_text(json.dumps(row), "utf-8")
    for winner, recall in ((1, 1.0), (0, 0.0)):
        model = saved(tmp_path / f"model{winner}", winner)
        flags = ["--index", index, "--nli", model, "--json", str(report)]
        assert main(["eval", str(questions), *flags]) == 0
        found = json.loads(report.read_text("utf-8"))
        assert found["citations"]["recall"] == recall
        assert found["provenance"]["run"]["support"] == f"NLI: {model}"
    assert main(["eval", str(questions), *flags, "--retrieval-only"]) == 2
    assert "drop one" in capsys.readouterr().err
