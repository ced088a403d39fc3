"""A training run's weights → one file: ``python -m assistant.reading.packing --help``"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from assistant.index.blocks import Weights
from assistant.index.packed_weights import KINDS, read_card, read_weights, write


def averaged(one: Mapping[str, Weights], other: Mapping[str, Weights]) -> dict[str, Weights]:
    """The mean of weights and of those they were trained from, which keeps more of what the latter
    had learnt (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models")."""
    both = ((name, weights + other[name].reshape(weights.shape)) for name, weights in one.items())
    return {name: (summed / 2).astype(np.float32) for name, summed in both}


def main() -> None:
    parser = argparse.ArgumentParser(description="Packs a run's weights into one file.")
    parser.add_argument("--run", type=Path, default=Path("runs/reading"), help="folder of the run")
    parser.add_argument("--kind", choices=KINDS, default="q8_0")
    parser.add_argument("--average", type=Path, help="a packed file: take the mean of both")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    checkpoint = options.run / "checkpoint.pt"
    state = torch.load(checkpoint, weights_only=True)
    _, _, step, seen = state["where"]
    run = json.loads((options.run / "card.json").read_text("utf-8"))
    # Of the run's options only what is no folder: a packed file leaves the machine it was made on.
    about = {"step": step, "seen": seen, "seed": run["options"]["seed"], "data": run["data"]}
    if "started from" in run:
        about["started from"] = run["started from"]
    weights = {name: tensor.float().numpy() for name, tensor in state["model"].items()}
    if options.average:
        weights = averaged(weights, read_weights(options.average))
        about["averaged with"] = read_card(options.average)["sha256"][:16]
    write(options.out, weights, options.kind, about)


if __name__ == "__main__":
    main()
