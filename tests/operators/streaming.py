"""Streaming models: variables that are read, assigned and initialised in every order that is allowed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tests.flatbuffer_builder import ModelBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.random_networks import RandomNetwork


def declare(network: RandomNetwork, elements: int, *, initialised: bool) -> str:
    """A new variable of so many int8 values; with an initialiser, its first values are constants."""
    builder = network.builder
    number = sum(op.name == "VAR_HANDLE" for op in builder.operators)
    name = f"variable {number}"
    if initialised:
        if not builder.subgraphs:
            builder.subgraphs.append(ModelBuilder())
            builder.operator("CALL_ONCE", [], [], InitSubgraphIndex=1)
            builder.operators.insert(0, builder.operators.pop())
        initialiser = builder.subgraphs[0]
        handle = _handle(initialiser, name)
        values = network.rng.integers(-128, 128, elements if network.chance(0.6) else 1)
        data = np.broadcast_to(values, elements)
        constant = initialiser.tensor((elements,), "INT8", 0.5, network.zero_point(), data=data)
        initialiser.operator("ASSIGN_VARIABLE", [handle, constant], [])
    return name


def _handle(builder: ModelBuilder, name: str) -> int:
    handle = builder.tensor((), "RESOURCE")
    builder.operator("VAR_HANDLE", [], [handle], Container="", SharedName=name)
    return handle


def grow_delay(*, initialised: bool | None = None) -> Callable[[RandomNetwork], bool]:
    """The sum of a tensor and what it was one inference ago, its layout forgotten in between."""

    def grow(network: RandomNetwork) -> bool:
        source = network.last
        shape = network.shape(source)
        elements = math.prod(shape)
        chosen = network.chance(0.6) if initialised is None else initialised
        name = declare(network, elements, initialised=chosen)
        handle, before = _handle(network.builder, name), network.like(shape, source)
        output = network.activation_tensor(shape, network.scale_of(source) * 2.0)
        network.builder.operator("READ_VARIABLE", [handle], [before])
        assigned_first = network.chance(0.5)
        if assigned_first:
            network.builder.operator("ASSIGN_VARIABLE", [handle, source], [])
        network.builder.operator("ADD", [source, before], [output])
        if not assigned_first:
            network.builder.operator("ASSIGN_VARIABLE", [handle, source], [])
        network.last = output
        return True

    return grow


@dataclass
class _Streams:
    """Several variables of one shape, used at random."""

    network: RandomNetwork
    shape: tuple[int, ...]
    handles: list[tuple[str, int]] = field(default_factory=list)
    values: list[int] = field(default_factory=list)

    def read(self) -> None:
        _, handle = self.handles[self.network.whole(0, len(self.handles) - 1)]
        value = self.network.activation_tensor(self.shape, 0.5)
        self.network.builder.operator("READ_VARIABLE", [handle], [value])
        self.values.append(value)

    def assign(self, handle: int | None = None) -> None:
        chosen = self.handles[self.network.whole(0, len(self.handles) - 1)][1] if handle is None else handle
        if self.network.chance(0.1):
            data = self.network.rng.integers(-128, 128, self.shape)
            value = self.network.builder.tensor(self.shape, "INT8", 0.5, 0, data=data)
        else:
            value = self.values[self.network.whole(0, len(self.values) - 1)]
        self.network.builder.operator("ASSIGN_VARIABLE", [chosen, value], [])

    def add(self) -> None:
        pair = [self.values[self.network.whole(0, len(self.values) - 1)] for _ in range(2)]
        output = self.network.activation_tensor(self.shape, 1.0)
        self.network.builder.operator("ADD", pair, [output])
        self.values.append(output)


def streaming_model(network: RandomNetwork) -> bytes:
    """Up to four variables, read, exchanged, assigned twice or only at the start, named more than once."""
    shape = tuple(network.whole(1, 6) for _ in range(network.whole(1, 4)))
    source = network.activation_tensor(shape, 0.5)
    streams = _Streams(network, shape, values=[source])
    for _ in range(network.whole(1, 4)):
        initialised = network.chance(0.6)
        name = declare(network, math.prod(shape), initialised=initialised)
        streams.handles.append((name, _handle(network.builder, name)))
        if network.chance(0.2):
            streams.handles.append((name, _handle(network.builder, name)))
    steps = [streams.read, streams.read, streams.assign, streams.add]
    for _ in range(network.whole(3, 12)):
        steps[network.whole(0, 3)]()
    for _, handle in streams.handles:
        # A variable that only the initialiser assigns is a constant under another name.
        if not (network.builder.subgraphs and network.chance(0.2)):
            streams.assign(handle)
    streams.add()
    outputs = [streams.values[-1]]
    if network.chance(0.5):
        outputs += [value for value in streams.values[1:-1] if network.chance(0.3)]
    return network.builder.build([source], outputs)
