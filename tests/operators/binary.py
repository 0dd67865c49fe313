"""Models of one operator on two tensors that broadcast, and how a random network grows by one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.operators.strategies import quantisations, usual_quantisations
from tests.operators.unary import Quantised

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork

Shape = tuple[int, ...]


@dataclass(frozen=True)
class BinaryCase:
    """`constant` is the position of the constant input, or -1; `twice`: both inputs are the first tensor."""

    shapes: tuple[Shape, Shape, Shape]
    quantised: tuple[Quantised, Quantised, Quantised]
    constant: int
    twice: bool
    activation: int
    seed: int


@st.composite
def broadcast_shapes(draw: st.DrawFn, most_rank: int = 6) -> tuple[Shape, Shape, Shape]:
    """Two shapes and what they broadcast to."""
    output = draw(st.lists(st.one_of(st.just(1), st.integers(1, 4)), max_size=most_rank))
    # 0: both inputs have the axis, 1 and 2: the first or second is repeated along it.
    styles = draw(st.lists(st.sampled_from([0, 0, 0, 1, 2]), min_size=len(output), max_size=len(output)))
    shapes = []
    for number in (1, 2):
        shape = [1 if style == number else extent for style, extent in zip(styles, output, strict=True)]
        while shape and shape[0] == 1 and draw(st.booleans()):
            shape.pop(0)
        shapes.append(tuple(shape))
    rank = max(map(len, shapes))
    return shapes[0], shapes[1], tuple(output[len(output) - rank :])


_equal = st.lists(st.integers(1, 7), max_size=4).map(lambda shape: (tuple(shape),) * 3)
_three = st.tuples(quantisations, quantisations, quantisations)
_usual_three = st.tuples(usual_quantisations, usual_quantisations, usual_quantisations)
binary_cases = st.builds(
    BinaryCase,
    shapes=st.one_of(broadcast_shapes(), broadcast_shapes(4), _equal),
    quantised=st.one_of(_usual_three, _usual_three, _three),
    constant=st.integers(-1, 1),
    twice=st.integers(0, 9).map(lambda n: n == 0),
    activation=st.integers(0, 3),
    seed=st.integers(0, 2**16),
)


def binary_model(name: str, case: BinaryCase, *, fused: bool) -> bytes:
    builder, rng = ModelBuilder(), np.random.default_rng(case.seed)
    given, tensors = [], []
    for position in (0, 1):
        shape, quantised = case.shapes[position], case.quantised[position]
        data = rng.integers(-128, 128, shape) if case.constant == position else None
        tensors.append(builder.tensor(shape, "INT8", *quantised, data=data))
        if data is None:
            given.append(tensors[-1])
    if case.twice and case.shapes[0] == case.shapes[1]:
        tensors, given = [given[0], given[0]], [given[0]]
    output = builder.tensor(case.shapes[2], "INT8", *case.quantised[2])
    builder.operator(
        name, tensors, [output], **({"FusedActivationFunction": case.activation} if fused else {})
    )
    return builder.build(given, [output])


def grow_binary(
    name: str, *, fused: bool, reach: Callable[[float, float], float]
) -> Callable[[RandomNetwork], bool]:
    """With a constant or an earlier tensor; `reach` is a typical output scale, given the inputs'."""

    def grow(network: RandomNetwork) -> bool:
        shape, builder = network.shape(network.last), network.builder
        made = [*network.inputs, *(output for op in builder.operators for output in op.outputs)]
        same = [t for t in made if network.shape(t) == shape and builder.tensors[t].dtype == "INT8"]
        if network.chance(0.5):
            kept = tuple(n if network.chance(0.6) else 1 for n in shape)
            other_shape = kept[network.whole(0, max(len(shape) - 1, 0)) :]
            data = network.rng.integers(-128, 128, other_shape)
            other = builder.tensor(other_shape, "INT8", network.scale(), network.zero_point(), data=data)
        else:
            other = same[network.whole(0, len(same) - 1)]
        scale = reach(network.scale_of(network.last), network.scale_of(other)) * 2.0 ** network.rng.uniform(
            -2, 2
        )
        output = network.activation_tensor(shape, float(np.float32(scale)))
        pair = [network.last, other] if network.chance(0.5) else [other, network.last]
        options = {"FusedActivationFunction": network.activation()} if fused else {}
        builder.operator(name, pair, [output], **options)
        network.last = output
        return True

    return grow
