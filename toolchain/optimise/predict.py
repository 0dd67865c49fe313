"""What a network gives for samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.vocabulary.data import Samples

_BATCH = 256


def predict(network: Any, samples: Samples) -> npt.NDArray[np.float32]:
    """The network's first output, shape (samples, …), in inference mode; `network` is a `tf_keras` model."""
    batch = int(network.inputs[0].shape[0] or _BATCH)
    parts = []
    for start in range(0, len(samples), batch):
        given = [_filled(array[start : start + batch], network) for array in samples.all_inputs]
        got = network(given if len(given) > 1 else given[0], training=False)
        first = got[0] if isinstance(got, (list, tuple)) else got
        parts.append(np.asarray(first, np.float32)[: len(samples) - start])
    return np.concatenate(parts)


def _filled(part: npt.NDArray[np.generic], network: Any) -> npt.NDArray[np.generic]:
    """The last part of the data as large as a network with a frozen batch takes it."""
    missing = int(network.inputs[0].shape[0] or 0) - len(part)
    return part if missing <= 0 else np.concatenate([part, np.repeat(part[-1:], missing, axis=0)])
