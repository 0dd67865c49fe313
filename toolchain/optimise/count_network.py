"""What a Keras network keeps and computes, layer by layer: counted from its shapes and weights, not run."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.vocabulary.model_figures import (
    KernelFigures,
    LayerFigures,
    ModelFigures,
    joined,
    kernel_figures,
)

Kernel = npt.NDArray[np.float32]

# What the network is trained as, and not what it is: pruning's and quantisation's wrappers and the like.
_WRAPPERS = ("PruneLowMagnitude", "QuantizeWrapperV2", "QuantizeWrapper", "ClusterWeights", "TimeDistributed")
_KERNEL_NAMES = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel")
# They keep parameters, but multiply none of them with sums of products.
_ELEMENTWISE = ("BatchNormalization", "LayerNormalization", "Normalization", "PReLU", "Embedding")
# They multiply activations with each other.
_WITHOUT_WEIGHTS = ("Attention", "AdditiveAttention", "Dot")
# Operations for each value that comes out, where it is another number than one.
_FOR_EACH_RESULT: Mapping[str, int] = {
    "BatchNormalization": 2,
    "LayerNormalization": 6,
    "Normalization": 2,
    "Rescaling": 2,
    "Softmax": 4,
}
_FOR_EACH_ACTIVATED: Mapping[str, int] = {
    "gelu": 5,
    "hard_sigmoid": 3,
    "linear": 0,
    "sigmoid": 3,
    "softmax": 4,
    "swish": 4,
    "tanh": 4,
}
_MOVES = frozenset(
    (
        "Concatenate",
        "Cropping1D",
        "Cropping2D",
        "Dropout",
        "Embedding",
        "Flatten",
        "GaussianNoise",
        "InputLayer",
        "Permute",
        "QuantizeLayer",
        "RepeatVector",
        "Reshape",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "UpSampling1D",
        "UpSampling2D",
        "ZeroPadding1D",
        "ZeroPadding2D",
    )
)
_JOINING = ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")
_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}


def count_network(network: Any) -> ModelFigures:
    """Every layer of a `tf_keras` model with its parameters, MACs and FLOPs, and what its kernels hold.

    A model within the model is entered.  Wrappers that only training needs are looked through.  A layer that
    is called several times counts its MACs each time and its parameters once.  A layer that multiplies in a
    way not known here gets None for its MACs: they are not guessed.
    """
    layers = tuple(_layer(outer) for outer in _flat(network))
    return ModelFigures(
        layers=layers,
        parameters=sum(layer.parameters for layer in layers),
        bytes=sum(layer.bytes for layer in layers),
    )


def _flat(network: Any) -> Iterator[Any]:
    for layer in network.layers:
        if hasattr(layer, "layers"):
            yield from _flat(layer)
        else:
            yield layer


def _layer(outer: Any) -> LayerFigures:
    layer = _unwrapped(outer)
    calls = max(1, len(outer.inbound_nodes))
    shape = _shape_of(outer.get_output_shape_at(0))
    weights = _weights(outer, layer)
    kernels = _kernels(weights)
    macs = _macs(outer, layer, kernels)
    flops = _flops(outer, layer, shape, macs)
    return LayerFigures(
        name=str(layer.name),
        kind=type(layer).__name__,
        shape=shape,
        parameters=sum(math.prod(weight.shape) for weight in weights),
        bytes=sum(math.prod(weight.shape) * weight.dtype.size for weight in weights),
        macs=None if macs is None else macs * calls,
        flops=None if flops is None else flops * calls,
        kernel=_figures_of(layer, kernels),
        weight_type="FLOAT32" if kernels else None,
        activation_type="FLOAT32",
        quantisation="trained" if type(outer).__name__.startswith("Quantize") else None,
    )


def _unwrapped(layer: Any) -> Any:
    while type(layer).__name__ in _WRAPPERS:
        layer = layer.layer
    return layer


def _shape_of(shape: Any) -> tuple[int, ...]:
    """A layer's first output's shape without the batch; an open axis counts as 1."""
    first = shape[0] if isinstance(shape, list) else shape
    return tuple(int(axis or 1) for axis in first[1:])


def _weights(outer: Any, layer: Any) -> list[Any]:
    """The layer's own, without what a wrapper keeps for training (masks, counters, observed ranges)."""
    if type(layer).__name__ == "QuantizeLayer":
        return []
    # Quantisation's wrapper takes the weights it quantises from the layer, and keeps them itself.
    taken = [weight for weight, *_ in getattr(outer, "_weight_vars", [])]
    own = [weight for weight in layer.weights if not any(weight is other for other in taken)]
    return [*taken, *own]


def _kernels(weights: list[Any]) -> dict[str, Kernel]:
    """The layer's kernels under their full names, each with its own place in the path."""
    found = {}
    for weight in weights:
        base = weight.name.rsplit("/", 1)[-1].split(":")[0]
        if base in _KERNEL_NAMES and len(weight.shape) >= 2:
            found[str(weight.name)] = np.asarray(weight, np.float32)
    return found


def _figures_of(layer: Any, kernels: Mapping[str, Kernel]) -> KernelFigures | None:
    """With output channels first, as `kernel_figures` and TFLite have them."""
    return joined(_figures(layer, name, kernel) for name, kernel in kernels.items())


def _figures(layer: Any, name: str, kernel: Kernel) -> KernelFigures:
    kind = type(layer).__name__
    if "depthwise" in name.rsplit("/", 1)[-1] or kind.startswith("DepthwiseConv"):
        taps = kernel.reshape(*kernel.shape[:-2], -1)
        return kernel_figures(taps, depthwise=True)
    if kind.endswith("Transpose"):  # (…, outputs, inputs)
        return kernel_figures(np.moveaxis(kernel, -2, 0))
    return kernel_figures(np.moveaxis(kernel, -1, 0))


def _macs(outer: Any, layer: Any, kernels: Mapping[str, Kernel]) -> int | None:
    kind = type(layer).__name__
    if not kernels or kind in _ELEMENTWISE:
        # What keeps no table of weights multiplies none, except where activations meet each other.
        known = kind in _ELEMENTWISE or all(len(weight.shape) < 2 for weight in layer.weights)
        return 0 if known and kind not in _WITHOUT_WEIGHTS else None
    count = _MACS.get(kind)
    return (
        None if count is None else count(outer, layer, {n.rsplit("/", 1)[-1]: k for n, k in kernels.items()})
    )


def _results(outer: Any) -> int:
    return math.prod(_shape_of(outer.get_output_shape_at(0)))


def _conv_macs(outer: Any, _layer: Any, kernels: Mapping[str, Kernel]) -> int:
    (kernel,) = kernels.values()
    return _results(outer) * math.prod(kernel.shape[:-1])


def _depthwise_macs(outer: Any, _layer: Any, kernels: Mapping[str, Kernel]) -> int:
    (kernel,) = kernels.values()
    return _results(outer) * int(math.prod(kernel.shape[:-2]))


def _separable_macs(outer: Any, _layer: Any, kernels: Mapping[str, Kernel]) -> int:
    depthwise, pointwise = kernels["depthwise_kernel:0"], kernels["pointwise_kernel:0"]
    places = _results(outer) // pointwise.shape[-1]
    return int(places * (depthwise.size + pointwise.size))


def _transpose_macs(outer: Any, _layer: Any, kernels: Mapping[str, Kernel]) -> int:
    (kernel,) = kernels.values()
    return math.prod(_shape_of(outer.get_input_shape_at(0))) * math.prod(kernel.shape[:-1])


def _recurrent_macs(outer: Any, layer: Any, _kernels: Mapping[str, Kernel]) -> int:
    steps, features = _shape_of(outer.get_input_shape_at(0))
    return int(steps * _GATES[type(layer).__name__] * layer.units * (features + layer.units))


def _both_ways_macs(outer: Any, layer: Any, kernels: Mapping[str, Kernel]) -> int | None:
    inner = layer.forward_layer
    if type(inner).__name__ not in _GATES:
        return None
    return 2 * _recurrent_macs(outer, inner, kernels)


_MACS: Mapping[str, Callable[[Any, Any, Mapping[str, Kernel]], int | None]] = {
    "Bidirectional": _both_ways_macs,
    "Conv1D": _conv_macs,
    "Conv1DTranspose": _transpose_macs,
    "Conv2D": _conv_macs,
    "Conv2DTranspose": _transpose_macs,
    "Dense": _conv_macs,
    "DepthwiseConv1D": _depthwise_macs,
    "DepthwiseConv2D": _depthwise_macs,
    "GRU": _recurrent_macs,
    "LSTM": _recurrent_macs,
    "SeparableConv1D": _separable_macs,
    "SeparableConv2D": _separable_macs,
    "SimpleRNN": _recurrent_macs,
}


def _flops(outer: Any, layer: Any, shape: tuple[int, ...], macs: int | None) -> int | None:
    if macs is None:
        return None
    results = math.prod(shape)
    activation = getattr(layer, "activation", None)
    named = getattr(activation, "__name__", "linear" if activation is None else "")
    activated = _FOR_EACH_ACTIVATED.get(named, 1) * results
    if type(layer).__name__ in _MACS:
        return 2 * macs + activated + (results if getattr(layer, "use_bias", False) else 0)
    if type(layer).__name__ == "Activation":
        return activated
    return _other_flops(outer, layer, results)


def _other_flops(outer: Any, layer: Any, results: int) -> int:
    """Of a layer that neither multiplies matrices nor is a bare activation."""
    kind = type(layer).__name__
    if kind in _MOVES:
        return 0
    if "Pooling" in kind:
        return _pooling_flops(outer, layer, results)
    if kind in _JOINING:
        inputs = outer.get_input_shape_at(0)
        return results * (len(inputs) - 1 if isinstance(inputs, list) else 1)
    return results * _FOR_EACH_RESULT.get(kind, 1)


def _pooling_flops(outer: Any, layer: Any, results: int) -> int:
    if type(layer).__name__.startswith("Global"):
        return math.prod(_shape_of(outer.get_input_shape_at(0)))
    window = layer.pool_size
    return results * (math.prod(window) if isinstance(window, tuple | list) else int(window))
