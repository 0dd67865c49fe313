"""Order statistics of inference times.  Pure arithmetic."""

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
