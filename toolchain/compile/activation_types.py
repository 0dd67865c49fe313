"""The types that activations have, int8 or int16, and what depends on which one it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import Rule, TensorPlace
from toolchain.compile.requantise import activation_range
from toolchain.vocabulary.graph import Tensor


@dataclass(frozen=True, slots=True)
class ActivationType:
    """How kernels for this type are named, what C calls it, and its smallest and largest value."""

    suffix: str
    c_type: str
    low: int
    high: int


ACTIVATION_TYPES: Mapping[str, ActivationType] = {
    "INT8": ActivationType("s8", "int8_t", -(2**7), 2**7 - 1),
    "INT16": ActivationType("s16", "int16_t", -(2**15), 2**15 - 1),
}


def activation_type(tensor: Tensor) -> ActivationType:
    """The type of a tensor that a rule has found to be an activation."""
    return ACTIVATION_TYPES[tensor.dtype]


def is_int16(layer: LayerView) -> bool:
    """Whether the layer computes on int16 activations (with int8 weights, where it has weights)."""
    return layer.output().dtype == "INT16"


def only_int8(rule: Rule) -> Rule:
    """`rule`, asked of layers on int8 only."""

    def asked(layer: LayerView) -> str | None:
        return None if is_int16(layer) else rule(layer)

    asked.__doc__ = rule.__doc__
    return asked


def only_int16(rule: Rule) -> Rule:
    """`rule`, asked of layers on int16 only."""

    def asked(layer: LayerView) -> str | None:
        return rule(layer) if is_int16(layer) else None

    asked.__doc__ = rule.__doc__
    return asked


def kernel_for(layer: LayerView, name: str) -> str:
    """The kernel `name` for the type of the layer's output."""
    return f"{name}_{activation_type(layer.output()).suffix}"


def place_of(tensor: Tensor) -> TensorPlace:
    """Where an activation lies, addressed as what it holds."""
    return TensorPlace(tensor.index, c_type=activation_type(tensor).c_type)


def output_range(layer: LayerView) -> tuple[int, int]:
    """What the fused activation leaves of the output's type."""
    limits = activation_type(layer.output())
    activation = layer.text("fused_activation_function")
    return activation_range(activation, quantisation(layer.output()), limits.low, limits.high)
