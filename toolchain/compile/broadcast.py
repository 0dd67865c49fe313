"""Two inputs of which either may be repeated along some axes: the rules, and the loops that are left."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from toolchain.compile.activation_types import output_range, place_of
from toolchain.compile.layer_view import LayerView, values
from toolchain.compile.lookup import lower_lookup
from toolchain.compile.lowering import ConstantPool, Lowering, PendingCall
from toolchain.vocabulary.program import ParameterValue

# Axes that go together are joined, so that this many loops are enough for all but contrived shapes.
_MAX_LOOPS = 4


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop over the output: its extent, and how far each input moves at a step, in values."""

    extent: int
    step1: int
    step2: int


def not_all_constant(layer: LayerView) -> str | None:
    """At least one input is computed at run time."""
    return (
        "both its inputs are constants" if layer.input(0).is_constant and layer.input(1).is_constant else None
    )


def broadcastable(layer: LayerView) -> str | None:
    """Shapes are equal, or broadcast in at most four groups of neighbouring axes."""
    a, b, output = layer.input(0).shape, layer.input(1).shape, layer.output().shape
    rank = max(len(a), len(b))
    pairs = list(zip(_extended(a, rank), _extended(b, rank), strict=True))
    if any(x not in (1, y) and y != 1 for x, y in pairs):
        return f"the shapes {a} and {b} do not broadcast"
    expected = tuple(max(x, y) for x, y in pairs)
    if output != expected:
        return f"its output has the shape {output}, where {expected} follows"
    loops = len(joined_loops(layer))
    return f"the shapes {a} and {b} broadcast in {loops} groups of axes" if loops > _MAX_LOOPS else None


def _extended(shape: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return (1,) * (rank - len(shape)) + shape


def _steps(shape: tuple[int, ...]) -> tuple[int, ...]:
    """How far one step along each axis is, in values; 0 where the tensor is repeated."""
    return tuple(0 if extent == 1 else math.prod(shape[axis + 1 :]) for axis, extent in enumerate(shape))


def joined_loops(layer: LayerView) -> list[Loop]:
    """The loops over the output, the outer one first; neighbours that one loop can do are joined."""
    output = layer.output().shape
    steps = [_steps(_extended(layer.input(position).shape, len(output))) for position in (0, 1)]
    loops: list[Loop] = []
    for extent, step1, step2 in zip(output, *steps, strict=True):
        if extent == 1:
            continue
        outer = loops[-1] if loops else None
        if outer is not None and (outer.step1, outer.step2) == (step1 * extent, step2 * extent):
            loops[-1] = Loop(outer.extent * extent, step1, step2)
        else:
            loops.append(Loop(extent, step1, step2))
    return loops


def loop_parameters(layer: LayerView) -> dict[str, ParameterValue]:
    """Extents and strides of exactly four loops, the innermost last."""
    loops = joined_loops(layer)
    four = [Loop(1, 0, 0)] * (_MAX_LOOPS - len(loops)) + loops
    return {
        "extent": tuple(loop.extent for loop in four),
        "input1_stride": tuple(loop.step1 for loop in four),
        "input2_stride": tuple(loop.step2 for loop in four),
    }


def fused_range(layer: LayerView) -> dict[str, ParameterValue]:
    """The clamping range of the fused activation."""
    low, high = output_range(layer)
    return {"activation_min": low, "activation_max": high}


def lower_broadcast(
    layer: LayerView,
    pool: ConstantPool,
    kernel: str,
    parameters: Mapping[str, ParameterValue],
    function: Callable[[int, int], int],
) -> Lowering:
    """A table look-up where one input is a single constant, else one call of `kernel`.

    `function` maps the int8 values of both inputs to the output's, as the kernel does.
    """
    a, b = layer.input(0), layer.input(1)
    if b.is_constant and b.elements == 1:
        right = int(values(b).reshape(-1)[0])
        return lower_lookup(layer, pool, lambda value: function(value, right))
    if a.is_constant and a.elements == 1:
        left = int(values(a).reshape(-1)[0])
        return lower_lookup(layer, pool, lambda value: function(left, value), position=1)
    return lower_loops(layer, kernel, parameters)


def lower_loops(layer: LayerView, kernel: str, parameters: Mapping[str, ParameterValue]) -> Lowering:
    """One call of `kernel`.

    The output may take the place of an input of its shape: every value is read before the one in its
    place is written.
    """
    a, b, output = layer.input(0), layer.input(1), layer.output()
    places = place_of(a), place_of(b), place_of(output)
    call = PendingCall(kernel, {**loop_parameters(layer), **parameters}, places)
    whole = [tensor for tensor in (a, b) if tensor.elements == output.elements]
    return Lowering((call,), in_place=tuple((output.index, tensor.index) for tensor in whole))
