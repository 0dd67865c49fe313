"""What the compiler decided: which kernels run in which order, on which constants, at which addresses.

A Program is complete: rendering it to C needs no further decision and no arithmetic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from toolchain.vocabulary.engine import Engine, TflmLibrary
from toolchain.vocabulary.graph import KeptChannels, Quantisation


@dataclass(frozen=True, slots=True, eq=False)
class Constant:
    """A `static const` array in flash.

    `symbol` is its name without the model's prefix; `c_type` one of int8_t, uint8_t, int16_t, uint16_t,
    int32_t, int64_t, float; `values` one-dimensional; `role` "weights" (what the model file calls
    weights and biases) or "table" (requantisation and look-up tables made by the compiler).
    """

    symbol: str
    c_type: str
    values: npt.NDArray[np.generic]
    role: str
    comment: str = ""

    @property
    def bytes(self) -> int:
        """Size in flash."""
        return int(self.values.nbytes)


@dataclass(frozen=True, slots=True)
class ConstantRef:
    """The address of a Constant, as a parameter or an argument."""

    symbol: str


@dataclass(frozen=True, slots=True)
class BufferRef:
    """The address of a place in the arena: `offset` bytes from its start, read as `c_type`.

    Where the arena lies in several memories, `region` names the one, and its part of the arena counts.
    """

    offset: int
    c_type: str = "int8_t"
    region: str = ""


@dataclass(frozen=True, slots=True)
class StateRef:
    """The address of a place in the state area, which lives from one inference to the next."""

    offset: int
    c_type: str = "int8_t"


PORTABLE = "portable"
"""The form of a layer that every core can run."""

Address = ConstantRef | BufferRef | StateRef
ParameterValue = int | float | tuple[int, ...] | ConstantRef | None
"""None is rendered as a null pointer, a tuple as a braced initialiser."""


@dataclass(frozen=True, slots=True)
class KernelCall:
    """One call: `function(&parameters, arguments…)`, from the kernel file `kernel`.c / .h.

    `parameter_type` names the kernel's parameter struct, without `struct` (None: the kernel takes
    none); `parameters` are its fields in declaration order.
    """

    kernel: str
    function: str
    parameter_type: str | None
    parameters: Mapping[str, ParameterValue]
    arguments: tuple[Address | int, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """One operator of the model as it runs: its calls, and what a person calls it.

    `form` is the way it is computed that was chosen for the core, `why` what that rests on.
    """

    index: int
    name: str
    operator: str
    calls: tuple[KernelCall, ...]
    macs: int
    output_tensors: tuple[int, ...]
    comment: str = ""
    form: str = PORTABLE
    why: str = ""


@dataclass(frozen=True, slots=True)
class ArenaBuffer:
    """Where one tensor (or a layer's scratch) lies in the arena, and from which layer to which.

    `tensor` is the index in the model file, None for scratch; `region` the memory, where there are several.
    """

    name: str
    tensor: int | None
    offset: int
    bytes: int
    first_layer: int
    last_layer: int
    region: str = ""


@dataclass(frozen=True, slots=True)
class ArenaRegion:
    """The part of the arena, `bytes` of it, that lies in the board's memory of this name."""

    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class StateBuffer:
    """Where one variable lies in the state area, and what a reset makes of it.

    `tensor` is the index in the model file of a variable tensor, None for a resource variable.
    `initial` is the value of all its bytes, or the constant that holds one for each.
    """

    name: str
    tensor: int | None
    offset: int
    bytes: int
    initial: int | ConstantRef


@dataclass(frozen=True, slots=True)
class TensorPort:
    """An input or output of the model: where it lies in the arena, what it holds."""

    name: str
    tensor: int
    offset: int
    shape: tuple[int, ...]
    dtype: str
    bytes: int
    quantisation: Quantisation | None
    region: str = ""


@dataclass(frozen=True, slots=True)
class Registration:
    """A method of TensorFlow Lite Micro's resolver that makes an operator known to the interpreter.

    `int8_only`: what it brings in a variant for int8 alone, by the operator's name ("CONV_2D"); None: all
    types.
    """

    method: str
    int8_only: str | None


@dataclass(frozen=True, slots=True)
class LayerOutput:
    """An output of a layer, as the interpreter knows it: the tensor's index in the model file, its size."""

    layer: int
    tensor: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Interpreted:
    """What there is to decide of a model that TensorFlow Lite Micro interprets.

    `inputs` are, layer by layer, the tensors it reads that other layers made; `resource_variables` how many
    the model has; `library` what the project is built with.
    """

    registrations: tuple[Registration, ...]
    inputs: tuple[tuple[int, ...], ...]
    outputs: tuple[LayerOutput, ...]
    resource_variables: int
    library: TflmLibrary


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A whole model, compiled for one board.

    `prefix` starts every C symbol; `arena_bytes` includes all kernel scratch; `initial_state` is what
    the state area holds after a reset (empty for a model without variables), and `state` says which
    variable lies where in it.  `regions` are the memories that hold a part of the arena, none of them
    empty; there are none on a board with one memory, where the arena is one piece.  `kept` says of the
    tensors that lost channels which they have left, `model_macs` what `macs` would be with all of them.

    With `interpreted`, TensorFlow Lite Micro runs the model file: the layers have no calls, there are no
    constants but the file, and variables lie in the arena.
    """

    prefix: str
    model_name: str
    model_sha256: str
    layers: tuple[Layer, ...]
    constants: tuple[Constant, ...]
    arena: tuple[ArenaBuffer, ...]
    arena_bytes: int
    arena_lower_bound_bytes: int
    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]
    optimise_for: str
    initial_state: npt.NDArray[np.int8] = field(default_factory=lambda: np.zeros(0, np.int8))
    state: tuple[StateBuffer, ...] = ()
    regions: tuple[ArenaRegion, ...] = ()
    model_macs: int = 0
    kept: tuple[KeptChannels, ...] = ()
    interpreted: Interpreted | None = None

    @property
    def engine(self) -> Engine:
        """What runs it."""
        return "aot" if self.interpreted is None else "tflm"

    @property
    def kernels(self) -> tuple[str, ...]:
        """The kernel files the program calls, each once, sorted."""
        return tuple(sorted({call.kernel for layer in self.layers for call in layer.calls}))

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference, as it runs."""
        return sum(layer.macs for layer in self.layers)

    @property
    def weights_bytes(self) -> int:
        """Flash taken by weights and biases."""
        return sum(constant.bytes for constant in self.constants if constant.role == "weights")

    @property
    def constant_bytes(self) -> int:
        """Flash taken by all constants, tables included."""
        return sum(constant.bytes for constant in self.constants)
