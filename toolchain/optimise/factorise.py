"""Low rank: a large kernel becomes the product of two small ones, by its singular values.

What a layer gives is a linear map of what it reads.  The map is cut to its largest singular values, the first
of the two new layers reads (with the old one's taps, strides and padding), the second gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.graph_edit import GraphEdit, refuse_nested
from toolchain.optimise.refit_readers import refit_layer
from toolchain.optimise.refuse_optimised import refuse_optimised
from toolchain.optimise.step_context import StepContext
from toolchain.vocabulary.steps.factorise import FactoriseSettings

Floats = npt.NDArray[np.float32]

_KINDS = ("Dense", "Conv1D", "Conv2D")
_SAMPLES = 1024


def factorise(network: Any, settings: FactoriseSettings, context: StepContext) -> Any:
    """A new `tf_keras` model with two layers, of `settings.keep` of its weights, for each chosen one.

    Layers so small that not even rank 1 would save that much are passed by, and, unless it is named, the one
    that gives the output.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no layer is left, or the network was pruned or quantised already.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_optimised(network, settings.step)
    edit = GraphEdit(network)
    able = [
        layer.name
        for layer in network.layers
        if type(layer).__name__ in _KINDS
        and getattr(layer, "groups", 1) == 1
        and edit.is_simple(layer.name)
        and _rank(layer, settings.keep) > 0
    ]
    names = chosen_layers(able, settings.layers, settings.skip, settings.step)
    if settings.layers is None and len(names) > 1:
        # With a lower rank than there are classes, the last layer could not tell them apart.
        names = [name for name in names if not _decides(network, edit, name)]
    for name in names:
        layer = network.get_layer(name)
        _replace(edit, layer, _rank(layer, settings.keep))
    factorised = edit.built()
    random = np.random.default_rng(context.seed)
    samples = context.training(settings.step)
    chosen = samples.take(random.permutation(len(samples))[:_SAMPLES])
    for name in names:
        layer = network.get_layer(name)
        refit_layer(layer, network, factorised, np.arange(layer.kernel.shape[-1]), chosen, random)
    context.fit(factorised, settings)
    return factorised


def _decides(network: Any, edit: GraphEdit, name: str) -> bool:
    """Whether what the layer gives is the network's output, at most through an activation."""
    readers = edit.readers(name)
    return "" in readers or any(
        type(network.get_layer(reader)).__name__ in ("Activation", "Softmax")
        and _decides(network, edit, reader)
        for reader in readers
    )


def _rank(layer: Any, keep: float) -> int:
    """The largest rank with which both kernels together have `keep` of the kernel's weights, at most."""
    given = int(layer.kernel.shape[-1])
    read = int(np.prod(layer.kernel.shape[:-1]))
    return int(keep * read * given / (read + given))


def _replace(edit: GraphEdit, layer: Any, rank: int) -> None:
    kernel, *bias = layer.get_weights()
    first_kernel, second_kernel = low_rank(kernel, rank)
    config = {key: value for key, value in layer.get_config().items() if key != "batch_input_shape"}
    width = "units" if type(layer).__name__ == "Dense" else "filters"
    bare = {"name": f"{layer.name}_basis", "use_bias": False, "activation": "linear", width: rank}
    first = type(layer).from_config({**config, **bare})
    ones = {"kernel_size": 1, "strides": 1, "dilation_rate": 1, "padding": "valid"}
    second = type(layer).from_config({**config, **({} if width == "units" else ones)})
    edit.put_before(layer.name, first, [first_kernel])
    edit.replace(layer.name, second, [second_kernel, *bias])


def low_rank(kernel: Floats, rank: int) -> tuple[Floats, Floats]:
    """The nearest kernels of that rank to one of shape (*taps, read, given).

    Shapes (*taps, read, rank) and (*ones, rank, given).
    """
    *window, given = kernel.shape
    left, values, right = np.linalg.svd(kernel.reshape(-1, given).astype(np.float64), full_matrices=False)
    root = np.sqrt(values[:rank])
    ones = (1,) * (len(window) - 1)
    return (
        (left[:, :rank] * root).reshape(*window, rank).astype(np.float32),
        (right[:rank] * root[:, None]).reshape(*ones, rank, given).astype(np.float32),
    )
