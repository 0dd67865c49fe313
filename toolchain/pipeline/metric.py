"""The metric that a configuration names."""

from __future__ import annotations

from pathlib import Path

from toolchain.optimise.metric import Metric
from toolchain.stages import hash_file
from toolchain.user_code import file_of, find_function
from toolchain.vocabulary.score import METRICS


def metric_of(name: str | None) -> Metric:
    """The metric of that name, or the user's own function `module:function`; None: what fits the data.

    Raises:
        ConfigError: there is no such function.
    """
    if name is None or name in METRICS:
        return Metric(name)
    return Metric(Path(name).name, find_function(name))


def metric_key(name: str | None) -> object:
    """What a stage depends on in the metric: its name, and the file of a function of the user's own."""
    if name is None or name in METRICS:
        return name
    file = file_of(name)
    return [name, None if file is None else hash_file(file)]
