"""What an operator becomes before addresses are known, and the pool its constants go to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView
from toolchain.vocabulary.program import Constant, ConstantRef, ParameterValue


@dataclass(frozen=True, slots=True)
class TensorPlace:
    """`offset` bytes into wherever the tensor of this index will lie: the arena, or flash for a constant.

    A constant can be addressed at its start only.  `c_type` is what the kernel takes it for.
    """

    tensor: int
    offset: int = 0
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class ScratchPlace:
    """`offset` bytes into the layer's scratch memory, which the kernel takes for `c_type`."""

    offset: int = 0
    c_type: str = "int8_t"


@dataclass(frozen=True, slots=True)
class Part:
    """Tensor `part` holds what tensor `whole` holds from byte `offset` on: one memory can serve both."""

    part: int
    whole: int
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Overlap:
    """`output` may begin exactly `distance` bytes before `source` does, and so overwrite it as it grows.

    Whoever chooses a kernel says so for that kernel (see toolchain.compile.overlaps): in this place it
    writes no byte that it reads later.
    """

    output: int
    source: int
    distance: int


Parameters = dict[str, ParameterValue]
"""A kernel's parameters, in the order its struct declares them."""


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A KernelCall whose addresses are not yet known.

    `copies` is set where all the call does is to copy between the two tensors of that part, so that
    it is left out when they share memory.
    """

    kernel: str
    parameters: Mapping[str, ParameterValue]
    arguments: tuple[TensorPlace | ScratchPlace | ConstantRef | int, ...]
    copies: Part | None = None


@dataclass(frozen=True, slots=True)
class Lowering:
    """One operator, lowered.

    `in_place` lists (output tensor, input tensor) pairs that may share memory when the input is not
    read again, `overlaps` those of which the output may begin a distance before; `alias` the pairs that
    are the same bytes under two names, so nothing has to run.
    """

    calls: tuple[PendingCall, ...]
    macs: int = 0
    scratch_bytes: int = 0
    in_place: tuple[tuple[int, int], ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    alias: tuple[tuple[int, int], ...] = ()
    comment: str = ""


@dataclass(slots=True)
class ConstantPool:
    """The constants of one program; equal ones are kept once."""

    constants: list[Constant] = field(default_factory=list)
    _known: dict[tuple[str, bytes], str] = field(default_factory=dict)

    def add(
        self, symbol: str, c_type: str, values: npt.NDArray[np.generic], *, role: str, comment: str = ""
    ) -> ConstantRef:
        """Keep `values` (flattened) as `<w|t>_<symbol>`, or find the constant that already has them."""
        flat = np.ascontiguousarray(values).reshape(-1)
        key = (c_type, flat.tobytes())
        if key not in self._known:
            full = f"{'w' if role == 'weights' else 't'}_{symbol}"
            self._known[key] = full
            self.constants.append(Constant(full, c_type, flat, role, comment))
        return ConstantRef(self._known[key])


Rule = Callable[[LayerView], str | None]
"""Returns why the layer cannot be compiled, or None.  Its docstring is the rule in words."""


Lower = Callable[[LayerView, ConstantPool], Lowering]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A form that can compute the layer at hand, all it rests on proven.

    `cycles` and `instructions` (None: not known) are estimates, only to compare forms of one layer; `why`
    says in a few words what was proven; `lower` makes the calls and constants, and is called for the form
    that is chosen alone.  `more_flash` is what the form's constants take beyond the other forms', in bytes
    (see toolchain.compile.flash_for_speed); it is less than 0 where weights are packed.
    """

    cycles: float
    why: str
    lower: Callable[[ConstantPool], Lowering]
    more_flash: int = 0
    instructions: float | None = None


@dataclass(frozen=True, slots=True)
class KernelForm:
    """One faster way to compute an operator.  `propose` gives a candidate, or why there is none.

    `takes_flash`: its candidates take more flash than the others; it is asked only where some is granted.
    `kernel` takes `code_bytes` of flash, roughly: told where forms that pack weights are weighed against it.
    """

    name: str
    propose: Callable[[LayerView, Target], Candidate | str]
    kernel: str = ""
    code_bytes: int = 0
    takes_flash: bool = False


@dataclass(frozen=True, slots=True)
class OperatorSupport:
    """One TFLite operator: the rules it has to meet, in the order they are asked, and its lowering.

    `lower` is the portable form, which every core can run and which computes whatever the rules let pass;
    `forms` are the faster ones.  `variables` are the positions of inputs that are variable tensors, which
    live on between inferences.
    """

    name: str
    rules: tuple[Rule, ...]
    lower: Lower
    variables: tuple[int, ...] = ()
    forms: tuple[KernelForm, ...] = ()
