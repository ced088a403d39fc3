"""The learning rate: it warms up, stays, and falls to nothing once the cooldown has begun.

A run can so go on for as long as there is time, and be finished at any point. Source: Hägele et al.
2024, "Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations" (the fall is
1 − √ of the share of the cooldown that is over).
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(slots=True)
class Schedule:
    """``warmup`` and ``cooldown`` in steps; ``cooldown_from``: the step at which it began."""

    warmup: int
    cooldown: int = 0
    cooldown_from: int | None = None

    def share(self, step: int) -> float:
        """The share of the full rate for ``step``, the first being 0."""
        if self.cooldown_from is not None and step >= self.cooldown_from:
            return 1 - math.sqrt(min(1.0, (step - self.cooldown_from) / self.cooldown))
        return min(1.0, (step + 1) / self.warmup)

    def is_over(self, step: int) -> bool:
        """Whether the rate has fallen to nothing before ``step``."""
        return self.cooldown_from is not None and step >= self.cooldown_from + self.cooldown
