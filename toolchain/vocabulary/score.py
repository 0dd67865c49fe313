"""How good a network is, with how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

METRICS = ("accuracy", "auc", "mse", "mae")
"""The metrics that are known by name; any other is a function of the user's own."""


@dataclass(frozen=True, slots=True)
class Score:
    """A metric on `samples` held-out samples, with its two-sided 95 % confidence interval (low, high).

    `method` says where the interval comes from: "Wilson" or "bootstrap".
    """

    metric: str
    value: float
    interval: tuple[float, float]
    method: str
    samples: int
    higher_is_better: bool = True
