"""The metric that a configuration names."""

from __future__ import annotations

from pathlib import Path

from toolchain.optimise.metric import Metric
from toolchain.user_code import find_function
from toolchain.vocabulary.score import METRICS


def metric_of(name: str | None) -> Metric:
    """The metric of that name, or the user's own function `module:function`; None: what fits the data.

    Raises:
        ConfigError: there is no such function.
    """
    if name is None or name in METRICS:
        return Metric(name)
    return Metric(Path(name).name, find_function(name))
