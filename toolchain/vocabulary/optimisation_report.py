"""What optimisation cost and bought, from the model as it was given to the model after the last step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolchain.vocabulary.budget import BudgetCheck
from toolchain.vocabulary.energy import EnergyEstimate
from toolchain.vocabulary.measurement import Timing
from toolchain.vocabulary.model_figures import ModelFigures
from toolchain.vocabulary.score import Score


@dataclass(frozen=True, slots=True)
class TargetCost:
    """What the model's firmware takes of a board, in bytes, and how long or how many instructions it runs."""

    board: str
    flash_bytes: int
    ram_bytes: int
    arena_bytes: int
    timing: Timing


@dataclass(frozen=True, slots=True)
class ModelCost:
    """The converted model.

    `activations` is "int8" or "int16"; `score` that of TensorFlow Lite Micro's outputs on held-out samples;
    `energy` an estimate (None: something it needs is not known); `target` None without a board.
    """

    activations: str
    file_bytes: int
    gzip_bytes: int
    figures: ModelFigures
    score: Score | None
    energy: EnergyEstimate | None
    target: TargetCost | None


@dataclass(frozen=True, slots=True)
class Point:
    """The model as given, or after a step: the float network, and what it is once converted.

    `cost` is None where it was not asked for, or where `problem` says why there is none (it need not fit the
    board before it is optimised).
    """

    label: str
    settings: Mapping[str, object]
    score: Score | None
    network: ModelFigures
    cost: ModelCost | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class OtherForm:
    """The model in a form that runs on no target, to compare with."""

    form: str
    file_bytes: int
    gzip_bytes: int
    score: Score | None
    runs_on_target: bool = False


@dataclass(frozen=True, slots=True)
class OptimisationReport:
    """What `chipcast optimise` returns; `model_file` and `tflite_file` are the result."""

    name: str
    source: str
    points: tuple[Point, ...]
    forms: tuple[OtherForm, ...]
    budget: tuple[BudgetCheck, ...]
    board: str | None
    model_file: Path
    tflite_file: Path
    folder: Path


def is_noise(before: Score | None, after: Score | None) -> bool | None:
    """Whether `after` lies within the confidence interval of `before`; None: one of them is not known."""
    if before is None or after is None or before.metric != after.metric:
        return None
    low, high = before.interval
    return low <= after.value <= high


def quantisation_loses(point: Point) -> bool | None:
    """Whether the converted model is worse than the float network by more than both confidence intervals.

    Both, since they need not have been asked the same samples.  None: one of the two is not known.
    """
    floating, converted = point.score, point.cost.score if point.cost else None
    noise = is_noise(floating, converted), is_noise(converted, floating)
    if floating is None or converted is None or None in noise:
        return None
    worse = (converted.value < floating.value) == floating.higher_is_better
    return worse and not any(noise)
