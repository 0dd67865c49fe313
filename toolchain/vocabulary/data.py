"""A data set, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs, shape (samples, …), and what is known of each: a class label, real values, or nothing.

    `labels` are class ids, shape (samples,) int64; `values` what a regression aims at, shape (samples, …)
    float32.  `more_inputs` are the second and further inputs of a model that has several.
    """

    inputs: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64] | None
    values: npt.NDArray[np.float32] | None = None
    more_inputs: tuple[npt.NDArray[np.generic], ...] = ()

    def __len__(self) -> int:
        return int(self.inputs.shape[0])

    @property
    def all_inputs(self) -> tuple[npt.NDArray[np.generic], ...]:
        """Every input, in the model's order."""
        return (self.inputs, *self.more_inputs)

    def take(self, rows: slice | npt.NDArray[np.integer]) -> Samples:
        """The samples that `rows` picks."""
        return Samples(
            self.inputs[rows],
            None if self.labels is None else self.labels[rows],
            None if self.values is None else self.values[rows],
            tuple(array[rows] for array in self.more_inputs),
        )


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A training part (None where the file has only one part) and a held-out test part."""

    source: Path
    sha256: str
    train: Samples | None
    test: Samples
