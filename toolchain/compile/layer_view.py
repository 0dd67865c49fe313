"""One operator with its tensors at hand: what rules ask and lowerings read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.vocabulary.graph import Graph, Operator, Quantisation, Tensor


@dataclass(frozen=True, slots=True, eq=False)
class LayerView:
    """One operator of a graph.  Accessors raise ModelError where the file lacks what TFLite demands."""

    graph: Graph
    operator: Operator

    @property
    def name(self) -> str:
        """What people call the layer: the name of its first output."""
        return self.output().name if self.operator.outputs else f"operator {self.operator.index}"

    @property
    def input_count(self) -> int:
        """Inputs, absent optional ones at the end not counted."""
        inputs = self.operator.inputs
        while inputs and inputs[-1] == -1:
            inputs = inputs[:-1]
        return len(inputs)

    def input(self, position: int = 0) -> Tensor:
        """The input at `position`, which must be there."""
        found = self.optional_input(position)
        if found is None:
            raise self._missing(f"input {position}")
        return found

    def optional_input(self, position: int) -> Tensor | None:
        """The input at `position`, or None where it is absent."""
        inputs = self.operator.inputs
        if position >= len(inputs) or inputs[position] == -1:
            return None
        return self.graph.tensors[inputs[position]]

    def output(self, position: int = 0) -> Tensor:
        """The output at `position`, which must be there."""
        if position >= len(self.operator.outputs):
            raise self._missing(f"output {position}")
        return self.graph.tensors[self.operator.outputs[position]]

    def integer(self, option: str) -> int:
        """An integer option by its schema name in snake_case."""
        value = self.operator.options.get(option)
        if not isinstance(value, int):
            raise self._missing(f"option {option}")
        return int(value)

    def real(self, option: str) -> float:
        """A floating-point option."""
        value = self.operator.options.get(option)
        if not isinstance(value, float):
            raise self._missing(f"option {option}")
        return value

    def text(self, option: str) -> str:
        """An enumeration option, by its name."""
        value = self.operator.options.get(option)
        if not isinstance(value, str):
            raise self._missing(f"option {option}")
        return value

    def integers(self, option: str) -> tuple[int, ...]:
        """A list option; absent reads as empty."""
        value = self.operator.options.get(option, ())
        if not isinstance(value, tuple):
            raise self._missing(f"option {option}")
        return value

    def _missing(self, what: str) -> ModelError:
        outputs = self.operator.outputs
        label = self.graph.tensors[outputs[0]].name if outputs else f"number {self.operator.index}"
        return ModelError(
            f"Layer {label!r} ({self.operator.name}) of {self.graph.name!r} has no {what}.",
            "Convert the model again with a current TensorFlow Lite converter.",
        )


def quantisation(tensor: Tensor) -> Quantisation:
    """The quantisation of a tensor that a rule has found to be quantised."""
    if tensor.quantisation is None:
        raise ModelError(
            f"Tensor {tensor.name!r} is not quantised.", "Convert the model with int8 quantisation."
        )
    return tensor.quantisation


def values(tensor: Tensor) -> npt.NDArray[np.int64]:
    """The values of a constant integer tensor, as int64 so that arithmetic on them cannot overflow."""
    if tensor.data is None:
        raise ModelError(
            f"Tensor {tensor.name!r} is not a constant.", "Convert the model with constant weights."
        )
    return tensor.data.astype(np.int64)
