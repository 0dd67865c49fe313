"""Finds the layer at which a device leaves the oracle's way, with few dumps of layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from toolchain.errors import ProtocolError
from toolchain.vocabulary.graph import KeptChannels
from toolchain.vocabulary.layers import ProgramFacts
from toolchain.vocabulary.measurement import Divergence

_NUMPY_TYPES = {
    "BOOL": "u1",
    "FLOAT32": "<f4",
    "INT8": "i1",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "UINT8": "u1",
}

LayerOutputs = Callable[[int], Sequence[bytes]]
"""What a layer leaves on the device: its outputs in order, of one inference on the sample in question."""


@dataclass(frozen=True, slots=True)
class TensorFacts:
    """A tensor of the model file: its name, TFLite type and shape; `kept` where it lost channels since."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    kept: KeptChannels | None = None


def find_diverging_layer(
    program: ProgramFacts,
    sample: int,
    dump: LayerOutputs,
    expected: Mapping[int, bytes],
    tensors: Mapping[int, TensorFacts],
) -> Divergence | None:
    """The layer whose inputs are right on the device and whose output is not; None where all is right.

    Between layers only the frontier counts: the tensors that a later layer still reads, or that are outputs
    of the model.  Right before the first layer, and wrong after the last, it turns wrong somewhere, and half
    the layers are ruled out by a look at the middle.  The layer found got right inputs and made wrong values
    of them, so it is at fault, whatever other faults later layers may have; a difference that no later layer
    reads is none.  `expected` are the oracle's tensors by index, as `tensors`, both as the model file has
    them: of those that lost channels, what is left is compared.

    Raises:
        ProtocolError: the device dumps tensors of other sizes than the model's.
    """
    expected = {**expected, **{kept.tensor: kept.select(expected[kept.tensor]) for kept in program.kept}}
    look = _Look(program, dump, expected)
    right, wrong = -1, len(program.layers) - 1
    if look.is_right_after(wrong):
        return None
    while wrong - right > 1:
        middle = (right + wrong) // 2
        if look.is_right_after(middle):
            right = middle
        else:
            wrong = middle
    tensor = next(index for index in program.layers[wrong].outputs if not look.agrees(wrong, index))
    return _describe(program, sample, wrong, tensor, look.got(wrong, tensor), expected[tensor], tensors)


class _Look:
    """The device's tensors beside the oracle's; every layer is dumped at most once."""

    def __init__(self, program: ProgramFacts, dump: LayerOutputs, expected: Mapping[int, bytes]) -> None:
        self._program = program
        self._dump = dump
        self._expected = expected
        self._dumped: dict[int, dict[int, bytes]] = {}
        self._producer = {
            tensor: index for index, layer in enumerate(program.layers) for tensor in layer.outputs
        }
        outputs = {port.tensor for port in program.outputs}
        self._last_reader = {
            buffer.tensor: len(program.layers) if buffer.tensor in outputs else buffer.last_layer
            for buffer in program.buffers
            if buffer.tensor is not None
        }
        for index, layer in enumerate(program.layers):
            self._last_reader.update({t: index for t in layer.inputs if t not in outputs})
        # An output of the model, or what nobody reads, has no reader among the layers.
        for tensor in self._producer:
            self._last_reader.setdefault(tensor, len(program.layers) if tensor in outputs else -1)

    def is_right_after(self, layer: int) -> bool:
        """Whether everything that later layers read of layers 0…`layer` is the oracle's."""
        return all(
            self.agrees(producer, tensor)
            for tensor, producer in self._producer.items()
            if producer <= layer < self._last_reader[tensor]
        )

    def agrees(self, layer: int, tensor: int) -> bool:
        """Whether the output `tensor` of `layer` is the oracle's."""
        return self.got(layer, tensor) == self._expected[tensor]

    def got(self, layer: int, tensor: int) -> bytes:
        """The device's bytes."""
        if layer not in self._dumped:
            wanted = self._program.layers[layer].outputs
            dumped = self._dump(layer)
            sizes = [len(self._expected[index]) for index in wanted]
            if [len(piece) for piece in dumped] != sizes:
                raise ProtocolError(
                    f"Layer {layer} dumped {[len(piece) for piece in dumped]} bytes, the model has {sizes}.",
                    "Render, build and flash the project again.",
                )
            self._dumped[layer] = dict(zip(wanted, dumped, strict=True))
        return self._dumped[layer][tensor]


def _describe(
    program: ProgramFacts,
    sample: int,
    layer: int,
    tensor: int,
    got: bytes,
    expected: bytes,
    tensors: Mapping[int, TensorFacts],
) -> Divergence:
    facts = tensors[tensor]
    kind = np.dtype(_NUMPY_TYPES[facts.dtype])
    # Compared as bytes: two floats that are not numbers may differ and yet not compare as different.
    differs = np.frombuffer(got, np.uint8) != np.frombuffer(expected, np.uint8)
    elements = differs.reshape(-1, kind.itemsize).any(axis=1)
    first = int(np.argmax(elements))
    element = first if facts.kept is None else facts.kept.element(first)
    return Divergence(
        sample=sample,
        layer=layer,
        name=program.layers[layer].name,
        operator=program.layers[layer].op,
        tensor=facts.name,
        element=element,
        channel=element % facts.shape[-1] if facts.shape else 0,
        expected=np.frombuffer(expected, kind)[first].item(),
        got=np.frombuffer(got, kind)[first].item(),
        differing_elements=int(np.count_nonzero(elements)),
        elements=len(elements),
    )
