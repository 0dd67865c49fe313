"""The bisector against networks of every shape, with every pattern of right and wrong tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.errors import ProtocolError
from toolchain.measure.diverging_layer import TensorFacts, find_diverging_layer
from toolchain.vocabulary.layers import LayerFacts, ProgramFacts
from toolchain.vocabulary.program import ArenaBuffer, TensorPort

BYTES = 6


@dataclass(frozen=True)
class Network:
    """Layer n makes tensor n + 1 of the tensors `reads[n]`; tensor 0 is the input, the last the output."""

    reads: tuple[tuple[int, ...], ...]
    wrong: tuple[bool, ...]

    def facts(self) -> ProgramFacts:
        last = {tensor: layer for layer, tensors in enumerate(self.reads) for tensor in tensors}
        count = len(self.reads)
        buffers = tuple(
            ArenaBuffer(
                f"t{tensor}", tensor, 0, BYTES, max(0, tensor - 1), last.get(tensor, max(0, tensor - 1))
            )
            for tensor in range(count + 1)
        )
        layers = tuple(LayerFacts(f"layer{n}", "CONV_2D", 1, (n + 1,)) for n in range(count))
        port = TensorPort("out", count, 0, (1, 2, 3), "INT8", BYTES, None)
        return ProgramFacts("a" * 64, "speed", 64, 64, count, (), (port,), layers, buffers, 0)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    count = draw(st.integers(1, 40))
    reads = tuple(tuple(sorted({n, *draw(st.lists(st.integers(0, n), max_size=2))})) for n in range(count))
    # Any layer may hide a fault of its inputs, or add one.
    return Network(reads, tuple(draw(st.lists(st.booleans(), min_size=count, max_size=count))))


EXPECTED = bytes([1, 2, 3, 4, 5, 6])
GOT = bytes([1, 2, 3, 4, 250, 7])


def find(network: Network, dumps: list[int]) -> object:
    def dump(layer: int) -> Sequence[bytes]:
        dumps.append(layer)
        return [GOT if network.wrong[layer] else EXPECTED]

    count = len(network.reads)
    tensors = {n: TensorFacts(f"t{n}", "INT8", (1, 2, 3)) for n in range(count + 1)}
    return find_diverging_layer(network.facts(), 7, dump, dict.fromkeys(tensors, EXPECTED), tensors)


@given(networks())
def test_the_layer_found_made_wrong_of_right(network: Network) -> None:
    dumps: list[int] = []
    found = find(network, dumps)
    assert len(dumps) == len(set(dumps)), "a layer was dumped twice"
    if not network.wrong[-1]:
        assert found is None
        return
    layer = found.layer  # type: ignore[attr-defined]
    assert network.wrong[layer]
    assert not any(network.wrong[tensor - 1] for tensor in network.reads[layer] if tensor > 0)


def test_a_chain_takes_few_dumps_and_everything_is_named() -> None:
    reads = tuple((n,) for n in range(1000))
    dumps: list[int] = []
    found = find(Network(reads, tuple(n >= 613 for n in range(1000))), dumps)
    assert found.layer == 613  # type: ignore[attr-defined]
    assert len(dumps) <= 11
    fields = {name: getattr(found, name) for name in found.__dataclass_fields__}  # type: ignore[attr-defined]
    assert fields == {
        "sample": 7,
        "layer": 613,
        "name": "layer613",
        "operator": "CONV_2D",
        "tensor": "t614",
        "element": 4,
        "channel": 1,
        "expected": 5,
        "got": -6,
        "differing_elements": 2,
        "elements": 6,
    }


def test_floats_are_compared_by_their_bytes() -> None:
    nan = np.array([1.0, np.nan], np.float32).tobytes()
    network = Network(((0,),), (True,))
    facts = {0: TensorFacts("in", "FLOAT32", (1, 2)), 1: TensorFacts("out", "FLOAT32", (1, 2))}
    assert find_diverging_layer(network.facts(), 0, lambda _: [nan], {1: nan}, facts) is None
    other = np.array([1.5, np.nan], np.float32).tobytes()
    found = find_diverging_layer(network.facts(), 0, lambda _: [other], {1: nan}, facts)
    assert found is not None
    assert (found.element, found.expected, found.got, found.differing_elements) == (0, 1.0, 1.5, 1)


def test_tensors_of_another_size_are_an_error() -> None:
    network = Network(((0,),), (True,))
    facts = {1: TensorFacts("out", "INT8", (1, 2, 3))}
    with pytest.raises(ProtocolError, match=r"dumped \[5\] bytes"):
        find_diverging_layer(network.facts(), 0, lambda _: [GOT[:5]], {1: EXPECTED}, facts)
