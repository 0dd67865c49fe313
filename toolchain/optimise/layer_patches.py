"""The rows of the matrix product that a layer is."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.tensorflow_import import import_stack

# Numbers that the patches of one batch may take (64 MB).
_MOST_NUMBERS = 8_000_000
_MOST_SAMPLES = 256


def patch_batch(layer: Any) -> int:
    """How many samples at once leave the layer's patches at a size that is no burden."""
    kernel = layer.get_weights()[0]
    positions = int(np.prod(layer.output_shape[1:-1], dtype=np.int64))
    numbers = positions * int(kernel.size // kernel.shape[-1])
    return max(1, min(_MOST_SAMPLES, _MOST_NUMBERS // max(numbers, 1)))


def layer_patches(layer: Any, tensor: Any) -> npt.NDArray[np.float32]:
    """What one output of the layer is computed from, a row each: shape (outputs, taps x channels).

    `tensor` is what the Conv1D, Conv2D or Dense layer reads, shape (samples, …, channels); the columns are in
    the order of its kernel, flattened but for the last axis.
    """
    tensorflow = import_stack("tensorflow")
    if type(layer).__name__ == "Dense":
        return np.asarray(tensor, np.float32).reshape(-1, tensor.shape[-1])
    size, strides, rate = layer.kernel_size, layer.strides, layer.dilation_rate
    if type(layer).__name__ == "Conv1D":
        if layer.padding == "causal":
            tensor = tensorflow.pad(tensor, [[0, 0], [(size[0] - 1) * rate[0], 0], [0, 0]])
        tensor = tensor[:, None]
        size, strides, rate = (1, *size), (1, *strides), (1, *rate)
    padding = "SAME" if layer.padding == "same" else "VALID"
    found = tensorflow.image.extract_patches(
        tensor, [1, *size, 1], [1, *strides, 1], [1, *rate, 1], padding=padding
    )
    return np.asarray(found, np.float32).reshape(-1, found.shape[-1])
