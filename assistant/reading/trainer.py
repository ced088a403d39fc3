"""One step of training at a time: a model, its optimizer, and what both were shown."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from assistant.reading import loss
from assistant.reading.mixture import Shown
from assistant.reading.model import ReaderModel, prepare_for_training
from assistant.reading.pairs import batch

HEADS_RATE = 3.0  # the heads start from nothing: their rate, in that of the encoder
BETAS, WEIGHT_DECAY, LONGEST_GRADIENT = (0.9, 0.98), 0.01, 1.0


class Trainer:
    """Changes ``model`` step by step, with AdamW at ``rate``; in bf16 but for ``fp32``."""

    def __init__(self, model: ReaderModel, rate: float, fp32: bool = False) -> None:
        prepare_for_training(model)
        self.model, self.rate, self.fp32 = model, rate, fp32
        self.parameters = model.trained()
        heads = [p for name, p in self.parameters.items() if "head" in name]
        body = [p for name, p in self.parameters.items() if "head" not in name]
        self.optimizer = torch.optim.AdamW(
            [{"params": body, "scale": 1.0}, {"params": heads, "scale": HEADS_RATE}],
            lr=rate,
            betas=BETAS,
            weight_decay=WEIGHT_DECAY,
        )

    def step(self, shown: Sequence[Shown], share: float) -> dict[str, float]:
        """One step on a batch, at that share of the rate; its losses by task."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate * group["scale"] * share
        together = batch([pair for pair, _ in shown], self.model.special)
        targets = loss.Targets.of([target for _, target in shown], together.ids.shape[1])
        with torch.autocast("cpu", torch.bfloat16, enabled=not self.fp32):
            logits = self.model(together)
        found = loss.losses(logits, together, targets)
        self.optimizer.zero_grad(set_to_none=True)
        loss.total(found, targets.question).backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), LONGEST_GRADIENT)
        self.optimizer.step()
        return {task: float(value.detach()) for task, value in found.items()}
