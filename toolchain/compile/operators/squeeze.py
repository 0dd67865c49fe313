"""SQUEEZE: the same bytes under another shape."""

from __future__ import annotations

from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.reshapes import lower_reshape
from toolchain.compile.rules import (
    activations,
    input_is_no_constant,
    inputs_and_outputs,
    same_element_count,
)

SQUEEZE = OperatorSupport(
    "SQUEEZE",
    (inputs_and_outputs(1), activations(), input_is_no_constant, same_element_count),
    lower_reshape,
)
