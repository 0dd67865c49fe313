"""Small networks around one operator that moves values, and what every one of them has to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.operators import joining, picking
from tests.operators.harness import BATCH, compare
from tests.operators.joining import computed
from tests.random_networks import RandomNetwork
from toolchain.errors import UnsupportedError

Grow = Callable[[RandomNetwork], bool]

_MOVES: tuple[Grow, ...] = (
    joining.grow_concatenation,
    joining.grow_concatenation,
    joining.grow_pack,
    joining.grow_split,
    joining.grow_split_v,
    joining.grow_unpack,
    picking.grow_slice,
    picking.grow_strided_slice,
    picking.grow_transpose,
    picking.grow_padv2,
    RandomNetwork.reshape,
)

seeds = st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH)


def small_network(grow: Grow, seed: int, ranks: tuple[int, int]) -> bytes:
    """An input, the operator once or twice, and layers before, between and after it."""
    while True:
        network = RandomNetwork(seed)
        extents = (network.whole(1, 6) if network.chance(0.7) else 1 for _ in range(network.whole(*ranks)))
        network.last = network.activation_tensor(tuple(extents))
        network.inputs.append(network.last)
        if network.chance(0.5):
            network.last = computed(network, network.last)
        before = len(network.builder.operators)
        if grow(network):
            if network.chance(0.3):
                grow(network)
            made = [t for op in network.builder.operators[before:] for t in op.outputs]
            for tensor in made:
                if network.chance(0.3):
                    network.outputs.append(computed(network, tensor))
                elif network.chance(0.3):
                    network.outputs.append(tensor)
            network.outputs = sorted({*network.outputs, network.last})
            return network.builder.build(network.inputs, network.outputs)
        seed += 1


def moving_network(seed: int, layers: int) -> bytes:
    """Mostly operators that move values, so that tensors are parts of parts, read again, and overwritten."""
    network = RandomNetwork(seed)
    network.start()
    for _ in range(layers):
        if network.chance(0.7):
            _MOVES[network.whole(0, len(_MOVES) - 1)](network)
        elif network.chance(0.5):
            network.add()
        else:
            network.last = computed(network, network.last)
        if network.chance(0.3):
            made = [t for op in network.builder.operators for t in op.outputs]
            int8 = [t for t in made if network.builder.tensors[t].dtype == "INT8"]
            network.last = int8[network.whole(0, len(int8) - 1)] if int8 else network.last
    return network.finish()


def check(grow: Grow, numbers: Sequence[int], folder: Path, ranks: tuple[int, int] = (1, 5)) -> None:
    """All of them are compiled, and give the oracle's bytes."""
    models = [small_network(grow, number, ranks) for number in numbers]
    assert compare(numbers, models, folder) == len(models)


def refusal(model: bytes) -> str:
    try:
        compile_model(model)
    except UnsupportedError as error:
        return error.problem
    return "compiled"
