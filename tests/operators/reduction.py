"""Models of one reduction, and how a random network grows by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tflite
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.strategies import quantisations, usual_quantisations
from tests.operators.unary import Quantised

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork

Shape = tuple[int, ...]
INT32 = tflite.TensorType.INT32


@dataclass(frozen=True)
class ReductionCase:
    """`axes` as the model lists them: unsorted, negative, repeated."""

    shape: Shape
    axes: tuple[int, ...]
    keep: bool
    source: Quantised
    target: Quantised

    @property
    def reduced(self) -> Shape:
        chosen = {axis % len(self.shape) for axis in self.axes}
        return tuple(
            1 if axis in chosen else n for axis, n in enumerate(self.shape) if self.keep or axis not in chosen
        )


@st.composite
def reduction_cases(draw: st.DrawFn) -> ReductionCase:
    most = draw(st.sampled_from([4, 4, 6, 8]))
    extent = st.integers(1, {4: 7, 6: 3, 8: 2}[most])
    shape = tuple(draw(st.lists(extent, min_size=1, max_size=most)))
    axis = st.integers(-len(shape), len(shape) - 1)
    axes = tuple(draw(st.lists(axis, min_size=1, max_size=len(shape))))
    quantised = draw(st.sampled_from([usual_quantisations, usual_quantisations, quantisations]))
    return ReductionCase(shape, axes, draw(st.booleans()), draw(quantised), draw(quantised))


def reduction_model(name: str, case: ReductionCase) -> bytes:
    builder = ModelBuilder()
    source = builder.tensor(case.shape, "INT8", *case.source)
    axes = builder.tensor((len(case.axes),), "INT32", data=np.array(case.axes, np.int32))
    output = builder.tensor(case.reduced, "INT8", *case.target)
    builder.operator(name, [source, axes], [output], KeepDims=case.keep)
    return builder.build([source], [output])


def grow_reduction(name: str, *, rescaled: bool) -> Callable[[RandomNetwork], bool]:
    """Over some axes of any; `rescaled`: the output has a scale of its own."""

    def grow(network: RandomNetwork) -> bool:
        source, shape = network.last, network.shape(network.last)
        if not shape:
            return False
        axes = [axis for axis in range(len(shape)) if network.chance(0.5)] or [len(shape) - 1]
        listed = tuple(axis - len(shape) if network.chance(0.2) else axis for axis in axes)
        case = ReductionCase(shape, listed, network.chance(0.5), (1.0, 0), (1.0, 0))
        if rescaled:
            scale = network.scale_of(source) * 2.0 ** network.rng.uniform(-1, 5)
            output = network.activation_tensor(case.reduced, float(np.float32(scale)))
        else:
            output = network.like(case.reduced, source)
        network.builder.operator(name, [source, network.constant(list(listed))], [output], KeepDims=case.keep)
        network.last = output
        return True

    return grow


def grow_arg_max(network: RandomNetwork) -> bool:
    """An int32 output of the model beside the chain, which goes on from where it was."""
    shape = network.shape(network.last)
    if not shape:
        return False
    longest = max(range(len(shape)), key=shape.__getitem__)
    axis = longest if network.chance(0.7) else network.whole(0, len(shape) - 1)
    output = network.builder.tensor(shape[:axis] + shape[axis + 1 :], "INT32")
    listed = axis - len(shape) if network.chance(0.3) else axis
    network.builder.operator(
        "ARG_MAX", [network.last, network.constant([listed])], [output], OutputType=INT32
    )
    network.outputs.append(output)
    return True
