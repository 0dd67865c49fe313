"""What an optimisation step cost and what it bought."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolchain.vocabulary.model_figures import ModelFigures
from toolchain.vocabulary.score import Score

Progress = Callable[[float, str], None]
"""Called with the share done (0…1) and a few words on what is being done; may raise to interrupt."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One step as it ran.  Accuracies (float model, held-out samples) are None without labels.

    `before` and `after` are the same in the metric that was chosen, with its confidence interval.
    `sparsity` is the share of zeros among all prunable weights (kernels, not biases) afterwards.
    """

    step: str
    settings: Mapping[str, object]
    accuracy_before: float | None
    accuracy_after: float | None
    sparsity: float | None
    before: Score | None = None
    after: Score | None = None


@dataclass(frozen=True, slots=True)
class NetworkPoint:
    """The float network as it was given, or after a step: its file, its score, what was counted."""

    label: str
    settings: Mapping[str, object]
    file: Path
    score: Score | None
    figures: ModelFigures


@dataclass(frozen=True, slots=True)
class KerasSummary:
    """The float model as it entered: parameters, bytes of the source file, and accuracy if labels exist."""

    name: str
    source: str
    sha256: str
    parameters: int
    file_bytes: int
    accuracy: float | None


@dataclass(frozen=True, slots=True, eq=False)
class KerasModel:
    """A float model as loaded: `network` is a `tf_keras` model.

    `input_shape` is that of its first input, (batch, …), all axes but the batch fixed; `sha256` and
    `file_bytes` are those of `source` as it lay on disk.
    """

    network: Any
    source: Path
    sha256: str
    file_bytes: int
    input_shape: tuple[int | None, ...]

    @property
    def input_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """The shape of every input, (batch, …), in the model's order."""
        return tuple(tuple(tensor.shape) for tensor in self.network.inputs)

    @property
    def outputs(self) -> int:
        """How many values the first output has along its last axis: the classes of a classifier."""
        return int(self.network.outputs[0].shape[-1] or 0)


@dataclass(frozen=True, slots=True)
class OptimisedModel:
    """What the optimise room hands on: a file that `tf_keras` loads back exactly, and how it came about.

    `input_shape` is that of the model's first input, (batch, …), `more_input_shapes` those of the others.
    `points` are the network as given and after each step; the last one is `model_file`.
    """

    model_file: Path
    input_shape: tuple[int | None, ...]
    summary: KerasSummary
    records: tuple[StepRecord, ...]
    points: tuple[NetworkPoint, ...] = ()
    more_input_shapes: tuple[tuple[int | None, ...], ...] = ()

    @property
    def input_shapes(self) -> tuple[tuple[int | None, ...], ...]:
        """The shape of every input, (batch, …), in the model's order."""
        return (self.input_shape, *self.more_input_shapes)
