"""The quantised network as it stands in a `.tflite` file: tensors and operators, nothing decided yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Quantisation:
    """Affine quantisation, real = scale * (q - zero_point): one pair, or one per index of `axis`."""

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int = 0

    @property
    def per_channel(self) -> bool:
        """Whether there is more than one scale."""
        return len(self.scales) > 1

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantisation (the first one otherwise)."""
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        """The zero point of a per-tensor quantisation (the first one otherwise)."""
        return self.zero_points[0]


@dataclass(frozen=True, slots=True)
class KeptChannels:
    """Those left of the `of` channels (positions along the last axis) that `tensor` has in the model file.

    Of the others, `constant` have one value whatever the input is; no weight that counts reads the rest.
    """

    tensor: int
    of: int
    channels: tuple[int, ...]
    constant: tuple[int, ...] = ()

    def select(self, whole: bytes) -> bytes:
        """What is left of the int8 tensor's bytes as the model file has it."""
        values = np.frombuffer(whole, np.uint8).reshape(-1, self.of)
        return values[:, list(self.channels)].tobytes()

    def element(self, position: int) -> int:
        """The position in the whole tensor of a position in what is left of it."""
        row, column = divmod(position, len(self.channels))
        return row * self.of + self.channels[column]


@dataclass(frozen=True, slots=True, eq=False)
class Tensor:
    """One tensor.  `dtype` is TFLite's name for the type ("INT8"); `data` is set for constants only.

    `kept` says which channels are left, where a pass took some out.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    quantisation: Quantisation | None = None
    data: npt.NDArray[np.generic] | None = None
    is_variable: bool = False
    kept: KeptChannels | None = None

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def bytes(self) -> int:
        """How many bytes it takes on the target."""
        return self.elements * ITEM_BYTES[self.dtype]

    @property
    def is_constant(self) -> bool:
        """Whether its values are part of the model file."""
        return self.data is not None


@dataclass(frozen=True, slots=True, eq=False)
class Operator:
    """One operator.  `name` is TFLite's builtin name ("CONV_2D"); an absent optional input is -1.

    `options` holds the fields of the operator's builtin options table under their schema names in
    snake_case (`stride_h`, `fused_activation_function`, …); enumerations are given as their names
    ("SAME", "RELU6").
    """

    index: int
    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, object] = field(default_factory=dict)
    version: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """One subgraph of a `.tflite` file, operators in execution order.

    `subgraphs` are the others (CALL_ONCE's initialiser), under their index in the file.
    """

    name: str
    sha256: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    subgraphs: Mapping[int, Graph] = field(default_factory=dict)


ITEM_BYTES: Mapping[str, int] = {
    "BOOL": 1,
    "FLOAT16": 2,
    "FLOAT32": 4,
    "INT16": 2,
    "INT32": 4,
    "INT64": 8,
    "INT8": 1,
    "RESOURCE": 0,
    "UINT8": 1,
}
"""Bytes of one value of each tensor type this tool knows."""
