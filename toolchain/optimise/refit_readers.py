"""After what a layer reads has changed: it is fitted anew, to give what it gave before.

The least-squares reconstruction of He et al. 2017 ("Channel pruning for accelerating very deep neural
networks", arXiv:1707.06168): what was lost is said, as far as it can be, by what stays.
It needs samples but no labels, and no training.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.channel_groups import ChannelGroups, Ids, nodes_in_order
from toolchain.optimise.layer_patches import layer_patches, patch_batch
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.data import Samples

Floats = npt.NDArray[np.float64]

READERS = ("Conv1D", "Conv2D", "Dense")
# Rows of the least-squares problem; more make it slower, not better.
_MOST_ROWS = 40_000
# Of the mean of the inputs' squares: where the samples say little, the weights stay near what they were.
_RIDGE = 1e-3


def refit_readers(
    before: Any, after: Any, groups: ChannelGroups, gone: Ids, samples: Samples, seed: int
) -> None:
    """Fit the kernels in `after`, which `remove_channels` made of `before`, in place.

    Every Conv1D, Conv2D and Dense layer that reads fewer channels gets the kernel and bias with which it
    comes nearest, over `samples`, to what the same layer of `before` gives for the channels that stay.
    Layers are taken in order, so that each makes up for the ones before it.
    """
    random = np.random.default_rng(seed)
    for node in nodes_in_order(before):
        layer, name = node.layer, node.layer.name
        if type(layer).__name__ not in READERS or name not in groups.reads or len(layer.inbound_nodes) != 1:
            continue
        if np.isin(groups.reads[name], gone).any():
            given = np.flatnonzero(~np.isin(groups.gives[name], gone))
            refit_layer(layer, before, after, given, samples, random)


def refit_layer(
    layer: Any,
    before: Any,
    after: Any,
    given: npt.NDArray[np.int64],
    samples: Samples,
    random: np.random.Generator,
) -> None:
    """Fit the layer of this name in `after` to what `layer` of `before` gives for the channels `given`."""
    tf_keras = import_stack("tf_keras")
    small = after.get_layer(layer.name)
    old_reads, new_reads = (
        tf_keras.Model(network.inputs, network.get_layer(layer.name).input) for network in (before, after)
    )
    positions = int(np.prod(layer.output_shape[1:-1], dtype=np.int64))
    share = min(1.0, _MOST_ROWS / (len(samples) * positions))
    old_kernel, *old_bias = layer.get_weights()
    old_kernel = old_kernel.reshape(-1, old_kernel.shape[-1])[:, given]
    rows, wanted = [], []
    batch = patch_batch(layer)
    for start in range(0, len(samples), batch):
        part = list(samples.take(slice(start, start + batch)).all_inputs)
        patches_before, patches_after = (
            layer_patches(layer, old_reads(part)),
            layer_patches(small, new_reads(part)),
        )
        chosen = random.random(len(patches_after)) < share
        rows.append(patches_after[chosen].astype(np.float64))
        wanted.append(patches_before[chosen].astype(np.float64) @ old_kernel)
    kernel, shift = _least_squares(np.concatenate(rows), np.concatenate(wanted), _flat(small), bool(old_bias))
    bias = [(old_bias[0][given] + shift).astype(np.float32)] if old_bias else []
    small.set_weights([kernel.reshape(small.get_weights()[0].shape).astype(np.float32), *bias])


def _flat(layer: Any) -> Floats:
    kernel = np.asarray(layer.get_weights()[0], np.float64)
    return kernel.reshape(-1, kernel.shape[-1])


def _least_squares(rows: Floats, wanted: Floats, start: Floats, with_bias: bool) -> tuple[Floats, Floats]:
    """Kernel and shift with rows @ kernel + shift nearest to `wanted`; the ridge pulls towards `start`."""
    rest = wanted - rows @ start
    row_mean, rest_mean = (rows.mean(axis=0), rest.mean(axis=0)) if with_bias else (0.0, 0.0)
    centred = rows - row_mean
    gram = centred.T @ centred
    ridge = _RIDGE * max(float(np.trace(gram)) / len(gram), 1e-30)
    change = np.linalg.solve(gram + ridge * np.eye(len(gram)), centred.T @ (rest - rest_mean))
    return start + change, np.asarray(rest_mean - row_mean @ change if with_bias else 0.0, np.float64)
