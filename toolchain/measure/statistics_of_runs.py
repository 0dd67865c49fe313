"""Order statistics of inference times, and the confidence interval of a share.  Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolchain.vocabulary.measurement import Outlier

# Fences this far outside the quartiles are Tukey's "far out" (Exploratory Data Analysis, 1977).
FENCE = 3
# Counted and quantised times often have an interquartile range of nothing or next to nothing, where the
# fences alone would call every tick of jitter an outlier.
LEAST_SHARE = 0.01
OUTLIER_RULE = (
    "further than 3 interquartile ranges outside the quartiles, and more than 1 % away from the median"
)
# The 97.5 % point of the normal distribution: two-sided 95 %.
Z_95 = 1.959963984540054


def quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value of ascending `ordered` that at least `share` (0…1] of them do not exceed.

    Nearest rank: always a value that was seen, and never less pessimistic than an interpolated one.
    """
    # Against a product such as 0.95 * 20 = 19.000000000000004: it must not become rank 20.
    return ordered[max(0, math.ceil(share * len(ordered) - 1e-9) - 1)]


def find_outliers(values: Sequence[int]) -> tuple[Outlier, ...]:
    """The runs to which OUTLIER_RULE applies, in the order they ran."""
    ordered = sorted(values)
    low, median, high = (quantile(ordered, share) for share in (0.25, 0.5, 0.75))
    reach = FENCE * (high - low)
    return tuple(
        Outlier(run, value)
        for run, value in enumerate(values)
        if (value < low - reach or value > high + reach) and abs(value - median) > LEAST_SHARE * median
    )


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
