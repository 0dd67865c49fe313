"""How a random network grows by the operators that pick, reorder, pad and resize."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.operators.joining import MAX_ELEMENTS, as_written

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork


def grow_slice(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= 5:
        return False
    begins, sizes, taken = [], [], []
    for extent in shape:
        begin = network.whole(0, extent - 1) if network.chance(0.5) else 0
        taken.append(network.whole(1, extent - begin) if network.chance(0.5) else extent - begin)
        begins.append(begin)
        sizes.append(-1 if begin + taken[-1] == extent and network.chance(0.4) else taken[-1])
    output = network.like(tuple(taken), network.last)
    constants = [network.constant(begins), network.constant(sizes)]
    network.builder.operator("SLICE", [network.last, *constants], [output])
    network.last = output
    return True


def grow_strided_slice(network: RandomNetwork) -> bool:
    """Begin, end and masks as Python's slices define them; a shrunk axis takes one index."""
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= 4:
        return False
    begins, ends, strides, output = [], [], [], []
    masks = {"BeginMask": 0, "EndMask": 0, "ShrinkAxisMask": 0}
    for axis, extent in enumerate(shape):
        begin, end = (network.whole(-extent - 2, extent + 2) for _ in range(2))
        stride = network.whole(1, 3) * (-1 if network.chance(0.3) else 1)
        free_begin, free_end = network.chance(0.5), network.chance(0.5)
        indices = range(extent)[slice(None if free_begin else begin, None if free_end else end, stride)]
        if network.chance(0.2) and -extent <= begin < extent:
            stride, free_begin = abs(stride), False
            masks["ShrinkAxisMask"] |= 1 << axis
        elif not indices:
            free_begin = free_end = True
            output.append(len(range(extent)[::stride]))
        else:
            output.append(len(indices))
        masks["BeginMask"] |= free_begin << axis
        masks["EndMask"] |= free_end << axis
        begins.append(begin)
        ends.append(end)
        strides.append(stride)
    made = network.like(tuple(output), network.last)
    constants = [network.constant(values) for values in (begins, ends, strides)]
    network.builder.operator("STRIDED_SLICE", [network.last, *constants], [made], **masks)
    network.last = made
    return True


def grow_transpose(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= 5:
        return False
    order = [int(axis) for axis in network.rng.permutation(len(shape))]
    output = network.like(tuple(shape[axis] for axis in order), network.last)
    network.builder.operator("TRANSPOSE", [network.last, network.constant(order)], [output])
    network.last = output
    return True


def grow_gather(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if not 1 <= len(shape) <= 4:
        return False
    axis = network.whole(0, len(shape) - 1)
    batch_axes = network.whole(0, axis) if network.chance(0.4) else 0
    rest = tuple(network.whole(1, 3) for _ in range(network.whole(0, 2)))
    positions = shape[:batch_axes] + rest
    output_shape = (*shape[:axis], *rest, *shape[axis + 1 :])
    if not positions or math.prod(output_shape) > MAX_ELEMENTS or len(output_shape) > 5:
        return False
    chosen = network.rng.integers(0, shape[axis], math.prod(positions)).tolist()
    output = network.like(output_shape, network.last)
    constant = network.constant(chosen, positions)
    written = as_written(network, batch_axes, len(positions)) if batch_axes < len(positions) else batch_axes
    network.builder.operator(
        "GATHER",
        [network.last, constant],
        [output],
        Axis=as_written(network, axis, len(shape)),
        BatchDims=written,
    )
    network.last = output
    return True


def grow_space_to_depth(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if len(shape) != 4:
        return False
    batches, height, width, channels = shape
    blocks = [b for b in range(1, 5) if height % b == 0 and width % b == 0]
    block = blocks[network.whole(0, len(blocks) - 1)]
    output = network.like((batches, height // block, width // block, channels * block**2), network.last)
    network.builder.operator("SPACE_TO_DEPTH", [network.last], [output], BlockSize=block)
    network.last = output
    return True


def grow_depth_to_space(network: RandomNetwork) -> bool:
    shape = network.shape(network.last)
    if len(shape) != 4:
        return False
    batches, height, width, channels = shape
    blocks = [b for b in range(1, 5) if channels % b**2 == 0]
    block = blocks[network.whole(0, len(blocks) - 1)]
    output = network.like((batches, height * block, width * block, channels // block**2), network.last)
    network.builder.operator("DEPTH_TO_SPACE", [network.last], [output], BlockSize=block)
    network.last = output
    return True


def grow_padding(network: RandomNetwork, name: str, max_rank: int = 5) -> bool:
    shape = network.shape(network.last)
    pairs = [(network.whole(0, 2), network.whole(0, 2)) if network.chance(0.5) else (0, 0) for _ in shape]
    padded = tuple(n + a + b for n, (a, b) in zip(shape, pairs, strict=True))
    if not 1 <= len(shape) <= max_rank or math.prod(padded) > MAX_ELEMENTS:
        return False
    output = network.like(padded, network.last)
    inputs = [network.last, network.constant([n for pair in pairs for n in pair], (len(shape), 2))]
    if name == "PADV2":
        scale, zero = network.scale_of(network.last), network.zero_of(network.last)
        data = network.rng.choice([-128, 127, network.whole(-128, 127)], 1)
        inputs.append(network.builder.tensor((1,), "INT8", scale, zero, data=data))
    network.builder.operator(name, inputs, [output])
    network.last = output
    return True


def grow_pad(network: RandomNetwork) -> bool:
    return grow_padding(network, "PAD")


def grow_padv2(network: RandomNetwork) -> bool:
    return grow_padding(network, "PADV2")


def _grow_resize(network: RandomNetwork, name: str, align: bool, half: bool) -> bool:
    shape = network.shape(network.last)
    if len(shape) != 4:
        return False
    size = [network.whole(1, 3) * n if network.chance(0.4) else network.whole(1, 13) for n in shape[1:3]]
    output_shape = (shape[0], *size, shape[3])
    if math.prod(output_shape) > MAX_ELEMENTS:
        return False
    output = network.like(output_shape, network.last)
    inputs = [network.last, network.constant(size)]
    network.builder.operator(name, inputs, [output], AlignCorners=align, HalfPixelCenters=half)
    network.last = output
    return True


def grow_resize_nearest_neighbor(network: RandomNetwork) -> bool:
    return _grow_resize(network, "RESIZE_NEAREST_NEIGHBOR", network.chance(0.5), network.chance(0.5))


def grow_resize_bilinear(network: RandomNetwork) -> bool:
    align, half = ((False, False), (True, False), (False, True))[network.whole(0, 2)]
    return _grow_resize(network, "RESIZE_BILINEAR", align, half)
