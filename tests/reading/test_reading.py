"""The reader points at exact words; losses and schedule by hand; weights survive their packing."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from assistant.index import blocks, packed_weights
from assistant.reading import packing, train
from assistant.reading.compiled_model import CompiledModel
from assistant.reading.logits import Floats, Logits
from assistant.reading.loss import Targets, losses, total
from assistant.reading.mixture import Mixture, Target
from assistant.reading.model import ReaderModel
from assistant.reading.pairs import Pair, Special, batch, pair
from assistant.reading.reader import Reader, _paragraphs, best_span
from assistant.reading.readings import Beside
from assistant.reading.schedule import Schedule
from assistant.reading.shipped import SHIPPED
from assistant.types import ModelError


class Scripted:
    """A model that starts and ends answers at the tokens of given words; surer of "Huế"."""

    def __init__(self, model: ReaderModel, words: str) -> None:
        self.tokenize, self.special = model.tokenize, model.special
        self.wanted = model.tokenize(words).ids
        self.hue = model.tokenize("Huế").ids[0]

    def logits(self, pairs: Sequence[Pair]) -> Logits[Floats]:
        together = batch(pairs, self.special)
        hit = np.isin(together.ids, self.wanted) & together.passage
        logits = hit.astype(np.float32) * 10 - 5
        sure = ((together.ids == self.hue) & together.passage).any(1).astype(np.float32)
        logits[together.ids == self.hue] += 1
        verdict = np.stack([sure * 4, sure * 0, 1 - sure], 1)
        return Logits(logits, logits, logits, sure * 8 - 4, verdict)


def _reader(model: ReaderModel, words: str) -> Reader:
    return Reader(Scripted(model, words))


def test_a_list_is_read_in_the_order_of_the_passage(model: ReaderModel) -> None:
    text = "Các nơi: Vinh, Huế và Đà Lạt."
    (reading,) = _reader(model, "Vinh Huế").read([Beside("Nơi nào?", text)])
    assert [text[a:b] for a, b in reading.answers] == ["Vinh", "Huế"]
    assert reading.best == (text.index("Huế"), text.index("Huế") + 3)
    assert reading.answerable == pytest.approx(4.0)
    assert reading.margin == pytest.approx(22.0)  # twice 6, less twice −5


@pytest.mark.parametrize("before", [0, 3, 400, 1000])
def test_the_answer_is_found_in_whichever_window_it_stands(model: ReaderModel, before: int) -> None:
    text = "lời  " * before + "ở Huế." + " lời" * 500
    readings = _reader(model, "Huế").read([Beside("Ở đâu?", "Không có."), Beside("Ở đâu?", text)])
    assert readings[0].answerable < 0 < readings[1].answerable
    start = text.index("Huế")
    assert readings[1].best == (start, start + 3)
    verdicts = _reader(model, "Huế").judge([Beside("Ở Huế.", text), Beside("Ở Huế.", "Không có.")])
    assert verdicts[0].supported > 0.9 and verdicts[1].not_stated > 0.5


def test_a_passage_without_words_answers_nothing(model: ReaderModel) -> None:
    (reading,) = _reader(model, "Huế").read([Beside("Ở đâu?", " \n")])
    assert (reading.best, reading.answers) == (None, ()) and reading.answerable < -10


def test_compiled_it_says_the_same() -> None:
    path = SHIPPED / "reader.rdr"
    compiled, torches = CompiledModel(path, "fp32"), ReaderModel().learn_from(path).eval()
    asked, title = compiled.tokenize("Ai là bí thư?").ids, compiled.tokenize("Đại hội").ids
    passages = ["Bí thư là bà Lê Thị Bình.", "Chợ mở lúc 5 giờ. " * 30, ""]
    pairs = [pair(compiled.special, asked, compiled.tokenize(p).ids, title) for p in passages]
    ours, theirs = (one.logits(pairs) for one in (compiled, torches))
    seen = batch(pairs, compiled.special).mask == 1
    for head in ("start", "end", "part"):
        assert np.abs(getattr(ours, head) - getattr(theirs, head))[seen].max() < 1e-3
    for head in ("answerable", "verdict"):
        assert np.abs(getattr(ours, head) - getattr(theirs, head)).max() < 1e-3


def test_no_answer_goes_on_in_the_next_paragraph() -> None:
    text = "Một người bị thương\nở chân.\n\nLửa bùng lên."
    tokens = [0, 4, 10, 13, 20, 22, 29, 33]
    paragraphs = _paragraphs(text, tokens)
    assert paragraphs.tolist() == [0] * 6 + [1] * 2
    start, end = np.zeros(8, np.float32), np.zeros(8, np.float32)
    start[4], end[7], end[5] = 9.0, 9.0, 8.0
    assert best_span(start, end)[:2] == (4, 8)
    assert best_span(start, end, paragraphs)[:2] == (4, 6)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=80))
def test_the_best_span_is_the_best_of_all(pairs: list[tuple[float, float]]) -> None:
    start, end = np.array(pairs, np.float32).T
    first, last, score = best_span(start, end)
    every = [
        start[i] + end[j] for i in range(len(pairs)) for j in range(i, len(pairs)) if j < i + 64
    ]
    assert score == pytest.approx(float(max(every)))
    assert 0 <= first < last <= min(len(pairs), first + 64)


@pytest.mark.parametrize(
    ("ends", "last"),
    [([3.0, 2.8, 0.0], 2), ([3.0, 2.0, 2.9], 3), ([3.0, 2.5, 2.5], 1), ([2.8, 3.0, 0.0], 2)],
)
def test_of_ends_that_are_about_as_sure_the_last_is_told(ends: list[float], last: int) -> None:
    start = np.array([5.0, 0.0, 0.0], np.float32)
    assert best_span(start, np.array(ends, np.float32)) == (0, last, 8.0)


def test_losses_by_hand() -> None:
    special = Special(0, 2, 1)
    together = batch([pair(special, [9], [5, 6]), pair(special, [9], [5])], special)
    length = together.ids.shape[1]
    targets = Targets.of([Target(((4, 5), (5, 6))), Target(verdict=2)], length)
    flat = torch.zeros(2, length)
    verdict = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, math.log(2)]])
    found = losses(Logits(flat, flat, flat, torch.zeros(2), verdict), together, targets)
    # Of three tokens that may start it (the first of the input and two of the passage) two are
    # right; a probability of 1/2 costs log 2; 2 of the 1 + 1 + 2 is the verdict's share.
    assert float(found["span"]) == pytest.approx(-math.log(2 / 3))
    assert float(found["answerable"]) == pytest.approx(math.log(2))
    assert float(found["part"]) == pytest.approx(math.log(2))
    assert float(found["verdict"]) == pytest.approx(-math.log(2 / 4))
    asked = math.log(3 / 2) + 0.5 * math.log(2) + 2 * math.log(2)
    whole = float(total(found, targets.question))
    assert whole == pytest.approx(0.5 * asked + 0.5 * math.log(2))


def test_no_answer_stands_at_the_first_token() -> None:
    targets = Targets.of([Target()], 4)
    assert targets.start.tolist() == targets.end.tolist() == [[True, False, False, False]]
    assert not targets.part.any() and not targets.answerable.any()


def test_the_rate_warms_up_stays_and_falls() -> None:
    schedule = Schedule(warmup=4)
    assert [schedule.share(step) for step in (0, 1, 3, 900)] == [0.25, 0.5, 1.0, 1.0]
    schedule = Schedule(warmup=4, cooldown=100, cooldown_from=900)
    assert [schedule.share(step) for step in (899, 900, 925, 1000)] == [1.0, 1.0, 0.5, 0.0]
    assert not schedule.is_over(999) and schedule.is_over(1000)


# -- packing -------------------------------------------------------------------------------

WEIGHTS = np.random.default_rng(5).normal(0, 0.05, (6, 64)).astype(np.float32)


def test_four_bits_keep_what_is_on_their_grid() -> None:
    grid = (np.arange(64, dtype=np.float32).reshape(2, 32) % 16 - 8) * np.float32(0.25)
    packed = blocks.pack_q4(grid)
    assert packed.shape == (2, 18)
    assert np.array_equal(blocks.unpack_q4(packed), grid)
    assert packed[0, 2] == 0x00 | 0x0 << 4  # weights 0 and 16 are both −8 scales


def test_packed_weights_are_near() -> None:
    largest = np.abs(WEIGHTS).reshape(-1, 32).max(1)
    four = blocks.unpack_q4(blocks.pack_q4(WEIGHTS)).reshape(-1, 32)
    eight = blocks.unpack_q8(blocks.pack_q8(WEIGHTS)).reshape(-1, 32)
    exact = WEIGHTS.reshape(-1, 32)
    assert (np.abs(eight - exact).max(1) <= largest / 127 * 0.51).all()
    assert (np.sqrt(((four - exact) ** 2).mean(1)) <= largest / 8 * 0.35).all()
    zeros = np.zeros((1, 32), np.float32)
    assert not blocks.unpack_q4(blocks.pack_q4(zeros)).any()
    assert not blocks.unpack_q8(blocks.pack_q8(zeros)).any()


@pytest.mark.parametrize("kind", packed_weights.KINDS)
def test_a_packed_file_is_read_back(tmp_path: Path, kind: str) -> None:
    matrix = np.random.default_rng(1).normal(size=(600, 32)).astype(np.float32)
    vector = np.array([1.5, -2.0, 0.1], np.float32)
    path = tmp_path / "reader.bin"
    packed_weights.write(path, {"matrix": matrix, "vector": vector}, kind, {"step": 3})
    assert packed_weights.read_card(path)["about"] == {"step": 3}
    weights = packed_weights.read_weights(path)
    assert np.array_equal(weights["vector"], vector)
    tolerance = {"f32": 0.0, "q8_0": 0.03, "q4_0": 0.5}[kind]
    assert np.abs(weights["matrix"] - matrix).max() <= tolerance
    assert path.stat().st_size < {"f32": 80_000, "q8_0": 22_000, "q4_0": 12_500}[kind]


def test_weights_are_averaged_with_those_they_were_trained_from() -> None:
    before = {"w": np.array([[1.0, 2.0, 4.0]], np.float32), "left out": np.zeros(1, np.float32)}
    after = {"w": np.array([3.0, 2.0, 0.0], np.float32)}
    (name, mean), *others = packing.averaged(after, before).items()
    assert (name, mean.tolist(), others) == ("w", [2.0, 2.0, 2.0], [])


def test_a_file_names_all_that_its_weights_have_learnt_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = {"vector": np.ones(64, np.float32)}
    first, second = tmp_path / "first.rdr", tmp_path / "second.rdr"
    packed_weights.write(first, weights, "q8_0", {"data": {"a": "1"}})
    options = argparse.Namespace(start=first, seed=7)
    run = SimpleNamespace(options=options, folder=tmp_path)
    train.Run._write_card(run, {"b": "2"})  # type: ignore[arg-type]
    learnt = {name: torch.from_numpy(values) for name, values in weights.items()}
    torch.save({"model": learnt, "where": (0, 0, 3, 9)}, tmp_path / "checkpoint.pt")
    monkeypatch.setattr("sys.argv", ["packing", "--run", str(tmp_path), "--out", str(second)])
    packing.main()
    about = packed_weights.read_card(second)["about"]
    assert about["data"] == {"b": "2"} and about["seed"] == "7"
    digest = packed_weights.read_card(first)["sha256"][:16]
    assert about["started from"] == {"sha256": digest, "data": {"a": "1"}}


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reader.bin"
    packed_weights.write(path, {"vector": np.ones(64, np.float32)}, "q4_0", {})
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"\1")
    with pytest.raises(ModelError, match="checksum"):
        packed_weights.read_weights(path)
    path.write_bytes(b"PK" + whole[2:])
    with pytest.raises(ModelError, match="does not hold"):
        packed_weights.read_weights(path)
    with pytest.raises(ModelError, match="is missing"):
        packed_weights.read_weights(tmp_path / "none.bin")


# -- training ------------------------------------------------------------------------------


def _options(data: Path, folder: Path, **more: Any) -> argparse.Namespace:
    options = train.arguments().parse_args(["--data", str(data), "--run", str(folder)])
    return argparse.Namespace(**{**vars(options), "tokens": 200, "warmup": 2, **more})


class Stopping(train.Run):
    """Is told to stop after so many steps, as by SIGTERM."""

    steps = 2

    def _step(self, shown: Any) -> dict[str, float]:
        found = super()._step(shown)
        if self.step >= self.steps:
            self._stop()
        return found


def _trained(run: train.Run) -> dict[str, torch.Tensor]:
    model, seed = run.model, run.options.seed
    run.train(Mixture(run.corpus(), model.tokenize, model.special, seed, 16))
    return {name: p.detach().clone() for name, p in run.trainer.parameters.items()}


@pytest.mark.slow
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(data: Path, tmp_path: Path) -> None:
    whole = train.Run(_options(data, tmp_path / "whole", cooldown=4))
    before = {name: p.detach().clone() for name, p in whole.trainer.parameters.items()}
    word = whole.model.encoder.embeddings.word_embeddings
    expected = _trained(whole)
    _trained(Stopping(_options(data, tmp_path / "parts", cooldown=4)))
    rest = train.Run(_options(data, tmp_path / "parts", cooldown=4))
    assert (rest.step, rest.schedule.cooldown_from) == (2, 1)
    found = _trained(rest)
    assert rest.step == whole.step == 5
    assert all(torch.allclose(found[name], expected[name], atol=1e-6) for name in expected)
    assert sum(not torch.equal(before[name], expected[name]) for name in expected) > 190
    assert not list(word.parameters())  # never trained
    card = json.loads((tmp_path / "parts" / "card.json").read_text())
    assert set(card["data"]) == {
        "public/towns.jsonl.gz", "nli/lines.vi.jsonl.gz", "nli/lines.en.jsonl.gz",
    }  # fmt: skip
    reader = Reader(ReaderModel().learn_from(tmp_path / "parts" / "checkpoint.pt").eval())
    assert len(reader.read([Beside("Ở đâu?", "Ở Huế.")])[0].answers) >= 1


@pytest.mark.slow
def test_a_few_examples_are_learnt(data: Path, tmp_path: Path) -> None:
    run = train.Run(_options(data, tmp_path / "run", rate=3e-4, warmup=1))
    model = run.model
    mixture = Mixture(run.corpus(), model.tokenize, model.special, 1, 12)
    shown = [one for together in mixture.batches(0, 10_000) for one in together]
    first = run._step(shown)
    last = [run._step(shown) for _ in range(12)][-1]
    assert sum(last.values()) < 0.6 * sum(first.values())


def test_a_checkpoint_of_another_model_is_refused(data: Path, tmp_path: Path) -> None:
    torch.save({"model": {"other": torch.ones(1)}}, tmp_path / "checkpoint.pt")
    with pytest.raises(SystemExit, match="another model"):
        train.Run(_options(data, tmp_path))


def test_the_cooldown_begins_when_it_is_asked_for() -> None:
    run = SimpleNamespace(
        options=argparse.Namespace(cooldown=10, cooldown_at=5, cooldown_after=1.0),
        schedule=Schedule(2),
        step=4,
    )
    for step, minutes, begun in ((4, 9.0, None), (6, 0.5, None), (7, 1.0, 7), (8, 2.0, 7)):
        run.step = step
        train.Run._begin_cooldown(run, minutes)  # type: ignore[arg-type]
        assert run.schedule.cooldown_from == begun
