"""Which of the training samples calibrate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.settings import ConvertSettings


def calibration_rows(samples: Samples, settings: ConvertSettings, seed: int) -> npt.NDArray[np.int64]:
    """Rows of `samples`, ascending, at most `settings.calibration_samples` of them, as the choice says.

    Raises:
        DataError: a balanced choice, and there are no labels.
    """
    most = min(settings.calibration_samples, len(samples))
    if settings.calibration_choice == "first":
        return np.arange(most)
    order = np.random.default_rng(seed).permutation(len(samples))
    if settings.calibration_choice == "balanced":
        if samples.labels is None:
            raise DataError(
                "A balanced choice of calibration samples needs labels, and the data has none.",
                "Set calibration_choice to 'random', or give labels.",
            )
        order = order[np.argsort(_turn_of_each(samples.labels[order]), kind="stable")]
    return np.asarray(np.sort(order[:most]), np.int64)


def _turn_of_each(labels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many samples of the same label come before each: who takes the first turn, the second and so on."""
    turns = np.zeros(len(labels), np.int64)
    for label in np.unique(labels):
        of_label = labels == label
        turns[of_label] = np.arange(np.count_nonzero(of_label))
    return turns
