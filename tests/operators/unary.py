"""Models of one operator on one tensor, and how a random network grows by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tests.flatbuffer_builder import ModelBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.random_networks import RandomNetwork

Quantised = tuple[float, int]


def unary_model(
    name: str,
    shape: tuple[int, ...],
    source: Quantised,
    target: Quantised,
    output_shape: tuple[int, ...] | None = None,
    **options: object,
) -> bytes:
    builder = ModelBuilder()
    given = builder.tensor(shape, "INT8", *source)
    made = builder.tensor(shape if output_shape is None else output_shape, "INT8", *target)
    builder.operator(name, [given], [made], **options)
    return builder.build([given], [made])


def grow_unary(name: str, **options: object) -> Callable[[RandomNetwork], bool]:
    """Any output quantisation that the operator's rules let pass."""

    def grow(network: RandomNetwork) -> bool:
        shape, source = network.shape(network.last), network.last
        scale = network.scale_of(source) * 2.0 ** network.rng.uniform(-3, 3)
        output = network.activation_tensor(shape, float(np.float32(scale)))
        network.builder.operator(name, [source], [output], **options)
        network.last = output
        return True

    return grow


def grow_l2_normalization(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= 4:
        return False
    output = network.activation_tensor(shape, 1.0 / 128.0, 0)
    network.builder.operator("L2_NORMALIZATION", [network.last], [output])
    network.last = output
    return True
