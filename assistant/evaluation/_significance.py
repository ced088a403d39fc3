"""How sure a figure is: bootstrap intervals, and a paired test of a difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Interval = tuple[float, float]
Numbers = NDArray[np.float64]
Statistic = Callable[..., Any]  # samples (n,), and axis= where it is vectorized → a figure

SEED = 20_240  # fixed: the same run gives the same interval
LEVEL = 0.95
RESAMPLES = 1000
PERMUTATIONS = 4999


def interval(
    samples: Sequence[Sequence[float]],
    statistic: Statistic = np.mean,
    resamples: int = RESAMPLES,
    vectorized: bool = True,
    paired: bool = False,
) -> Interval | None:
    """The 95% percentile bootstrap interval of ``statistic``; None for fewer than two values.

    Each sample is drawn again with replacement, on its own or, if ``paired``, together. Source:
    Efron and Tibshirani 1993, "An Introduction to the Bootstrap", §13.3. Computed by SciPy.
    """
    if any(len(sample) < 2 for sample in samples):
        return None
    found = stats.bootstrap(
        tuple(np.asarray(sample, dtype=np.float64) for sample in samples),
        statistic,
        n_resamples=resamples,
        confidence_level=LEVEL,
        method="percentile",
        vectorized=vectorized,
        paired=paired,
        rng=np.random.default_rng(SEED),
        batch=100 if vectorized else None,  # 100 × n values at a time
    ).confidence_interval
    return float(found.low), float(found.high)


def paired_p(
    now: Sequence[float],
    earlier: Sequence[float],
    statistic: Statistic | None = None,
    permutations: int = PERMUTATIONS,
) -> float | None:
    """The two-sided p-value of the difference of two paired samples; None below two pairs.

    Paired randomization test: under "no difference" each pair may as well be swapped. The
    statistic defaults to the difference of the means. Source: Smucker, Allan and Carterette
    2007, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation".
    Computed by SciPy, exactly where there are few pairs.
    """
    a, b = np.asarray(now, dtype=np.float64), np.asarray(earlier, dtype=np.float64)
    if len(a) < 2:
        return None
    if np.array_equal(a, b):
        return 1.0
    return float(
        stats.permutation_test(
            (a, b),
            statistic or _mean_difference,
            permutation_type="samples",
            vectorized=statistic is None,
            n_resamples=permutations,
            batch=100,
            rng=np.random.default_rng(SEED),
        ).pvalue
    )


def _mean_difference(now: Numbers, earlier: Numbers, axis: int = -1) -> Any:
    return np.mean(now - earlier, axis=axis)
