"""Models of one BATCH_MATMUL, and how a random network grows by one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from tests.random_networks import RandomNetwork


def grow_batch_matmul(network: RandomNetwork) -> bool:
    """The other side is a constant, the tensor itself or a second input; either may be broadcast."""
    shape = network.shape(network.last)
    if not 2 <= len(shape) <= 5 or math.prod(shape) > 1500:
        return False
    on_the_left, adjoint = network.chance(0.7), (network.chance(0.4), network.chance(0.4))
    ours, theirs = adjoint if on_the_left else adjoint[::-1]
    # Along which axis of the last two our values are summed: the last on the left, unless transposed.
    summed, kept = shape[-1], shape[-2]
    if ours == on_the_left:
        summed, kept = kept, summed
    free = network.whole(1, 6)
    batches = tuple(n if network.chance(0.6) else 1 for n in shape[:-2])
    dropped = network.whole(0, len(batches)) if network.chance(0.3) else 0
    batches = batches[dropped:]
    if dropped == 0 and network.chance(0.2):
        batches = (*(network.whole(1, 2) for _ in range(network.whole(0, 3 - len(batches)))), *batches)
    swapped = theirs == on_the_left
    matrix = (free, summed) if swapped else (summed, free)
    other = _other(network, (*batches, *matrix))
    pair = [network.last, other] if on_the_left else [other, network.last]
    rank = max(len(shape), len(batches) + 2)
    outer = np.broadcast_shapes(shape[:-2], batches)
    made = (*outer, kept, free) if on_the_left else (*outer, free, kept)
    if math.prod(made) > 4096 or len(made) != rank:
        return False
    typical = network.scale_of(network.last) * network.scale_of(other) * 73 * 73 * math.sqrt(summed) / 50
    scale = float(np.float32(typical * 2.0 ** network.rng.uniform(-3, 3)))
    output = network.activation_tensor(tuple(int(n) for n in made), scale)
    network.builder.operator("BATCH_MATMUL", pair, [output], AdjX=adjoint[0], AdjY=adjoint[1])
    network.last = output
    return True


def _other(network: RandomNetwork, shape: tuple[int, ...]) -> int:
    if shape == network.shape(network.last) and network.chance(0.5):
        return network.last
    if network.chance(0.5):
        other = network.activation_tensor(shape)
        network.inputs.append(other)
        return other
    data = network.rng.integers(-128, 128, shape)
    return network.builder.tensor(shape, "INT8", network.scale(), network.zero_point(), data=data)
