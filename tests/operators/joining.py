"""How a random network grows by the operators that cut tensors along an axis and put them together."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork

MAX_RANK = 6
MAX_ELEMENTS = 4096


def resized(shape: tuple[int, ...], axis: int, extent: int) -> tuple[int, ...]:
    return (*shape[:axis], extent, *shape[axis + 1 :])


def random_axis(network: RandomNetwork, shape: tuple[int, ...]) -> int:
    """Any axis, but half of the time the outermost one that is longer than 1."""
    longer = [axis for axis, extent in enumerate(shape) if extent > 1]
    return longer[0] if longer and network.chance(0.5) else network.whole(0, len(shape) - 1)


def as_written(network: RandomNetwork, axis: int, rank: int) -> int:
    """The same axis, counted from the end in some files."""
    return axis - rank if network.chance(0.3) else axis


def computed(network: RandomNetwork, source: int) -> int:
    """A tensor that one more layer makes of `source`, quantised as the network's last."""
    made = network.like(network.shape(source), network.last)
    network.builder.operator("QUANTIZE", [source], [made])
    return made


def made_before(network: RandomNetwork, axis: int | None = None) -> list[int]:
    """Tensors like the last one in quantisation and shape, `axis` aside: they may be parts of others."""
    last = network.last

    def rest(tensor: int) -> tuple[int, ...]:
        shape = network.shape(tensor)
        return shape if axis is None or axis >= len(shape) else resized(shape, axis, 0)

    made = [*network.inputs, *(t for op in network.builder.operators for t in op.outputs)]
    int8 = [t for t in made if network.builder.tensors[t].dtype == "INT8"]
    quantised = (network.scale_of(last), network.zero_of(last))
    return [
        t for t in int8 if rest(t) == rest(last) and (network.scale_of(t), network.zero_of(t)) == quantised
    ]


def companion(network: RandomNetwork, shape: tuple[int, ...]) -> int:
    """A tensor of this shape that is quantised as the last one: a constant, an input, or computed."""
    if network.chance(0.3):
        data = network.rng.integers(-128, 128, shape)
        scale, zero = network.scale_of(network.last), network.zero_of(network.last)
        return network.builder.tensor(shape, "INT8", scale, zero, data=data)
    if shape == network.shape(network.last) and network.chance(0.6):
        return network.last if network.chance(0.3) else computed(network, network.last)
    given = network.like(shape, network.last)
    network.inputs.append(given)
    return computed(network, given) if network.chance(0.5) else given


def grow_concatenation(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= MAX_RANK:
        return False
    axis, count = random_axis(network, shape), network.whole(1, 4)
    inputs = []
    for _ in range(count if network.chance(0.9) else 10):
        if network.chance(0.4):
            known = made_before(network, axis)
            inputs.append(known[network.whole(0, len(known) - 1)])
            continue
        extent = shape[axis] if network.chance(0.5) else network.whole(1, 4)
        inputs.append(companion(network, resized(shape, axis, extent)))
    inputs.insert(network.whole(0, len(inputs)), network.last)
    inputs = inputs[:10] if network.last in inputs[:10] else inputs[-10:]
    total = resized(shape, axis, sum(network.shape(tensor)[axis] for tensor in inputs))
    if math.prod(total) > MAX_ELEMENTS:
        return False
    output = network.like(total, network.last)
    axis = as_written(network, axis, len(shape))
    network.builder.operator("CONCATENATION", inputs, [output], Axis=axis)
    network.last = output
    return True


def grow_pack(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    count = network.whole(1, 4)
    if len(shape) >= MAX_RANK or math.prod(shape) * count > MAX_ELEMENTS:
        return False
    known = made_before(network)
    inputs = [
        known[network.whole(0, len(known) - 1)] if network.chance(0.4) else companion(network, shape)
        for _ in range(count)
    ]
    inputs[network.whole(0, count - 1)] = network.last
    axis = 0 if network.chance(0.5) else network.whole(0, len(shape))
    output = network.like((*shape[:axis], count, *shape[axis:]), network.last)
    axis = as_written(network, axis, len(shape) + 1)
    network.builder.operator("PACK", inputs, [output], Axis=axis, ValuesCount=count)
    network.last = output
    return True


def grow_split(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not shape:
        return False
    axis = random_axis(network, shape)
    counts = [count for count in range(1, 9) if shape[axis] % count == 0]
    count = counts[network.whole(0, len(counts) - 1)]
    part = resized(shape, axis, shape[axis] // count)
    outputs = [network.like(part, network.last) for _ in range(count)]
    written = network.constant([as_written(network, axis, len(shape))], () if network.chance(0.5) else (1,))
    network.builder.operator("SPLIT", [written, network.last], outputs, NumSplits=count)
    network.last = outputs[network.whole(0, count - 1)]
    return True


def grow_split_v(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not shape:
        return False
    axis = random_axis(network, shape)
    sizes: list[int] = []
    left = shape[axis]
    while left > 0 and len(sizes) < 5:
        sizes.append(network.whole(1, left))
        left -= sizes[-1]
    sizes[-1] += left
    outputs = [network.like(resized(shape, axis, size), network.last) for size in sizes]
    if network.chance(0.3):
        sizes[network.whole(0, len(sizes) - 1)] = -1
    constants = [network.constant(sizes), network.constant([as_written(network, axis, len(shape))])]
    network.builder.operator("SPLIT_V", [network.last, *constants], outputs, NumSplits=len(sizes))
    network.last = outputs[network.whole(0, len(outputs) - 1)]
    return True


def grow_unpack(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if len(shape) < 2:
        return False
    axis = random_axis(network, shape)
    if shape[axis] > 12:
        return False
    part = (*shape[:axis], *shape[axis + 1 :])
    outputs = [network.like(part, network.last) for _ in range(shape[axis])]
    axis = as_written(network, axis, len(shape))
    network.builder.operator("UNPACK", [network.last], outputs, Axis=axis, Num=len(outputs))
    network.last = outputs[network.whole(0, len(outputs) - 1)]
    return True
