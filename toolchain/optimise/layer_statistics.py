"""What a layer reads and gave, as the sums that least squares wants: in batches, however many samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.layer_patches import layer_patches, patch_batch
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.data import Samples

Floats = npt.NDArray[np.float64]

# Of the mean of the inputs' squares: where the samples say little, the weights stay near what they were.
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class LayerStatistics:
    """A least-squares problem: the kernel nearest to what the layer gave, from what it reads now.

    `gram`, shape (read, read), is that of what it reads, positive definite; `best`, shape (read, given), the
    kernel that solves the problem; `read_mean` and `given_mean` are for the bias.
    """

    gram: Floats
    best: Floats
    read_mean: Floats
    given_mean: Floats

    def bias(self, kernel: Floats) -> Floats:
        """The bias with which `kernel` gives the right mean; zeros where there can be none."""
        return np.asarray(self.given_mean - self.read_mean @ kernel)


def layer_statistics(layer: Any, before: Any, after: Any, samples: Samples) -> LayerStatistics:
    """Those of the layer, one of `before`'s, as it reads in `after` over all samples.

    `after` has the same layers by name.  Without a bias to make up for them, means are part of the problem.
    """
    tf_keras = import_stack("tf_keras")
    old_reads, new_reads = (
        tf_keras.Model(network.inputs, network.get_layer(layer.name).input) for network in (before, after)
    )
    kernel, *bias = (np.asarray(weight, np.float64) for weight in layer.get_weights())
    kernel = kernel.reshape(-1, kernel.shape[-1])
    read, given = kernel.shape
    count, gram, cross = 0, np.zeros((read, read)), np.zeros((read, given))
    read_sum, given_sum = np.zeros(read), np.zeros(given)
    batch = patch_batch(layer)
    for start in range(0, len(samples), batch):
        part = list(samples.take(slice(start, start + batch)).all_inputs)
        old = layer_patches(layer, old_reads(part)).astype(np.float64)
        rows = old if before is after else layer_patches(layer, new_reads(part)).astype(np.float64)
        wanted = old @ kernel
        count += len(rows)
        gram += rows.T @ rows
        cross += rows.T @ wanted
        read_sum += rows.sum(axis=0)
        given_sum += wanted.sum(axis=0)
    read_mean, given_mean = (read_sum / count, given_sum / count) if bias else (read_sum * 0, given_sum * 0)
    gram = gram / count - np.outer(read_mean, read_mean)
    cross = cross / count - np.outer(read_mean, given_mean)
    ridge = _RIDGE * max(float(np.trace(gram)) / read, 1e-30)
    gram += ridge * np.eye(read)
    best = np.asarray(np.linalg.solve(gram, cross + ridge * kernel), np.float64)
    return LayerStatistics(gram, best, read_mean, given_mean + bias[0] if bias else given_mean)
