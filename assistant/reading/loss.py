"""What training makes small: how far the heads are from what the pairs should give."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from assistant.reading.examples import QUESTION
from assistant.reading.logits import Logits
from assistant.reading.mixture import Target
from assistant.reading.pairs import Batch

# How much each task counts. "part" is a mean over tokens of which few are answers.
WEIGHTS = {"span": 1.0, "answerable": 0.5, "part": 2.0, "verdict": 1.0}
_NEVER = -1e4  # logit of a token that cannot start or end an answer


@dataclass(frozen=True, slots=True)
class Targets:
    """Targets of n pairs of at most t tokens.

    ``question`` (n,) true, ``answerable`` (n,) true, ``verdict`` (n,) number. ``start``, ``end``,
    ``part`` (n, t): true at the first, the last and every token of an answer; start and end at the
    input's first token where there is no answer.
    """

    question: Tensor
    answerable: Tensor
    verdict: Tensor
    start: Tensor
    end: Tensor
    part: Tensor

    @classmethod
    def of(cls, targets: Sequence[Target], length: int) -> Targets:
        start, end, part = (torch.zeros(len(targets), length, dtype=torch.bool) for _ in range(3))
        for row, target in enumerate(targets):
            for first, last in target.spans or ((0, 1),):
                start[row, first] = end[row, last - 1] = True
            for first, last in target.spans:
                part[row, first:last] = True
        verdict = torch.tensor([target.verdict for target in targets])
        return cls(verdict == QUESTION, part.any(1), verdict, start, end, part)


def losses(logits: Logits[Tensor], batch: Batch, targets: Targets) -> dict[str, Tensor]:
    """Task → its mean loss over the batch's pairs of that task; a task without pairs has none.

    span: the negative log of the probability that all answers together have as a start, and as an
    end, halved: which item of a list is taken is left to the model. answerable, part: binary
    cross-entropy. verdict: cross-entropy.
    """
    found: dict[str, Tensor] = {}
    asked = targets.question
    if asked.any():
        inside = torch.from_numpy(batch.passage)[asked]
        allowed = inside.clone()
        allowed[:, 0] = True
        found["span"] = (
            _of_any(logits.start[asked], allowed, targets.start[asked])
            + _of_any(logits.end[asked], allowed, targets.end[asked])
        ) / 2
        found["answerable"] = functional.binary_cross_entropy_with_logits(
            logits.answerable[asked], targets.answerable[asked].float()
        )
        found["part"] = functional.binary_cross_entropy_with_logits(
            logits.part[asked][inside], targets.part[asked][inside].float()
        )
    if not asked.all():
        found["verdict"] = functional.cross_entropy(logits.verdict[~asked], targets.verdict[~asked])
    return found


def total(found: Mapping[str, Tensor], question: Tensor) -> Tensor:
    """The weighted sum in which every pair counts the same, whichever tasks a batch holds."""
    asked = float(question.float().mean())
    terms = [
        WEIGHTS[task] * (1 - asked if task == "verdict" else asked) * loss
        for task, loss in found.items()
    ]
    return torch.stack(terms).sum()


def _of_any(logits: Tensor, allowed: Tensor, right: Tensor) -> Tensor:
    """−log Σ softmax over the tokens that are right, (n, t) each; the mean over n."""
    logits = logits.masked_fill(~allowed, _NEVER)
    chosen = logits.masked_fill(~right, -torch.inf)
    return (logits.logsumexp(-1) - chosen.logsumexp(-1)).mean()
