"""Models that a random network's step grows from one input, for operators with much to draw."""

from __future__ import annotations

from collections.abc import Callable

from tests.random_networks import RandomNetwork

Grow = Callable[[RandomNetwork], bool]


def grown_model(grow: Grow, seed: int, least_rank: int = 4, most_rank: int = 4) -> bytes:
    """A network of one step, the same for the same seed; later seeds are tried until the step applies."""
    while True:
        network = RandomNetwork(seed)
        rank = network.whole(least_rank, most_rank)
        batch = 2 if network.chance(0.2) else 1
        shape = (batch, *(network.whole(1, 7) for _ in range(rank - 1)))
        network.last = network.activation_tensor(shape)
        network.inputs.append(network.last)
        if grow(network):
            return network.builder.build(network.inputs, [network.last])
        seed += 1
