"""Confidence intervals of what was seen in a sample.  Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

# The 97.5 % point of the normal distribution: two-sided 95 %.
Z_95 = 1.959963984540054
# Resamples of a bootstrap: the 2.5 % points are then among some 25 on either side.
_RESAMPLES = 1000


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """The 95 % score interval of a share of `right` in `total` independent samples, 0…1.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927: unlike the
    normal approximation it stays within 0…1 and keeps a width when all or none are right.
    """
    if not 0 <= right <= total or total == 0:
        raise ValueError(f"{right} right of {total}")
    share, z2 = right / total, Z_95 * Z_95
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z_95 / (1 + z2 / total) * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    # Exactly 0 and 1 at the ends, where rounding would leave them a hair beside.
    return (
        0.0 if right == 0 else max(0.0, centre - half),
        1.0 if right == total else min(1.0, centre + half),
    )


def bootstrap_interval(
    statistic: Callable[[npt.NDArray[np.int64]], float],
    samples: int,
    *,
    strata: npt.NDArray[np.int64] | None = None,
    resamples: int = _RESAMPLES,
) -> tuple[float, float]:
    """The 95 % percentile interval of a statistic.

    B. Efron and R. J. Tibshirani, "An introduction to the bootstrap", 1993.  `statistic` gets row
    numbers, shape (samples,), drawn with replacement; with `strata`, shape (samples,),
    each stratum keeps its size.  The same samples give the same interval.
    """
    random = np.random.default_rng(0)
    groups = [np.arange(samples)]
    if strata is not None:
        groups = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    drawn = [
        statistic(np.concatenate([random.choice(group, size=len(group)) for group in groups]))
        for _ in range(resamples)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
