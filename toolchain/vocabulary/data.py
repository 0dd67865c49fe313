"""A data set, loaded and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Inputs, shape (samples, …), and their class labels, shape (samples,) int64, where there are any."""

    inputs: npt.NDArray[np.generic]
    labels: npt.NDArray[np.int64] | None

    def __len__(self) -> int:
        return int(self.inputs.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class DataSet:
    """A training part (None where the file has only one part) and a held-out test part."""

    source: Path
    sha256: str
    train: Samples | None
    test: Samples
