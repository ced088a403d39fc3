"""How sure to be: fitted on made-up readings whose chances are known."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from assistant.evaluation.calibrating import (
    Observation,
    calibration_error,
    confidence,
    fit,
    held_out,
    reliability,
)
from assistant.reading.calibration import Calibration, Kind, Logistic
from assistant.types import SAYS_SO, ModelError

READER = "ab" * 8


def observations(n: int, kind: Kind = "within", seed: int = 0) -> list[Observation]:
    """Questions with one passage each, whose logit is that of its being right."""
    rng = random.Random(seed)
    found = []
    for i in range(n):
        logit = rng.uniform(-4, 4)
        right = rng.random() < 1 / (1 + math.exp(-logit))
        features = ((logit, rng.gauss(0, 1), 0.0),)
        found.append(Observation(f"g{i % 20}", (kind,), features, (right,), right))
    return found


def test_chances_that_are_known_are_found() -> None:
    calibration = fit(observations(4000), READER)
    for logit in (-2.0, 0.0, 2.0):
        one = Observation("g", ("within",), ((logit, 0.0, 0.0),), (True,), True)
        sure, right = confidence(one, calibration)
        assert sure == pytest.approx(1 / (1 + math.exp(-logit)), abs=0.04) and right


def test_a_kind_with_few_questions_takes_the_fit_of_all() -> None:
    calibration = fit([*observations(1000), *observations(20, "across", 1)], READER)
    assert calibration.passage["across"] != calibration.passage["within"]
    many = fit([*observations(1000), *observations(1000, "across", 1)], READER)
    assert many.passage["across"].weights[0] == pytest.approx(1, abs=0.2)


def test_confidence_in_questions_held_out_is_calibrated() -> None:
    pairs = held_out(observations(2000), partial(fit, reader=READER))
    assert len(pairs) == 2000
    assert calibration_error(pairs) < 0.05
    assert calibration_error([(0.9, False), (0.9, True)] * 10) == pytest.approx(0.4)
    bins = reliability(pairs)
    assert sum(n for _, _, n in bins) == 2000
    assert [sure for sure, _, _ in bins] == sorted(sure for sure, _, _ in bins)


def test_questions_of_one_outcome_calibrate_nothing() -> None:
    with pytest.raises(ValueError, match="only one outcome"):
        fit([Observation("g", ("within",), ((1.0, 0.0, 0.0),), (True,), True)] * 50, READER)


def test_a_question_without_passages_is_not_sure() -> None:
    calibration = fit(observations(500), READER)
    assert confidence(Observation("g", (), (), (), False), calibration) == (0.0, False)


def test_a_calibration_is_kept_and_belongs_to_its_weights(tmp_path: Path) -> None:
    one = Logistic((1.0, 2.0, 3.0), 0.5)
    kept = Calibration(
        READER,
        {"within": one, "across": one},
        {k: Logistic((1.0,), 0.0) for k in ("within", "across")},
    )
    kept = replace(kept, encoder="e5")
    path = tmp_path / "calibration.json"
    path.write_text(json.dumps(kept.to_json()))
    assert Calibration.load(path, READER) == kept
    with pytest.raises(ModelError, match="belongs to other weights"):
        Calibration.load(path, "cd" * 8)
    for damaged in ("", "{}", '{"reader": "x", "passage": 3}'):
        path.write_text(damaged)
        with pytest.raises(ModelError, match="is not a reader's calibration"):
            Calibration.load(path, READER)
    with pytest.raises(ModelError, match="is not a reader's calibration"):
        Calibration.load(tmp_path / "none.json", READER)


def test_over_another_embedding_model_nothing_is_claimed_to_be_sure() -> None:
    calibration = fit(observations(500), READER, "e5")
    sure = calibration.confidence("within", 20.0)
    assert sure > SAYS_SO
    assert calibration.beside("e5").confidence("within", 20.0) == sure
    other = calibration.beside("another")
    assert other.confidence("within", 20.0) < SAYS_SO
    assert other.confidence("within", -20.0) == calibration.confidence("within", -20.0)
    assert fit(observations(500), READER).beside("another").confidence("within", 20.0) == sure
