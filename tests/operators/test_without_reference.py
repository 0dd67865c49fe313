"""Operators that the oracle cannot run on int8: refused, with the reason and what to use instead."""

from __future__ import annotations

import numpy as np
import pytest

from tests.host_runner import compile_model
from tests.operators.unary import unary_model
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.operators.without_reference import WITHOUT_REFERENCE
from toolchain.errors import OracleError, UnsupportedError
from toolchain.simulate.oracle import Oracle

# What the interpreter prints when it is asked.
PRINTED = {"NEG": "Type INT8 .* not supported", "RELU_N1_TO_1": "Didn't find op for builtin opcode"}


@pytest.mark.parametrize("name", sorted(WITHOUT_REFERENCE))
def test_the_oracle_cannot_run_it_and_neither_is_it_compiled(name: str) -> None:
    model = unary_model(name, (1, 4), (0.5, 3), (0.5, 3))
    assert name not in OPERATORS
    with pytest.raises(UnsupportedError, match=f"{name}.*: TensorFlow Lite Micro .* float|{name}.* fused"):
        compile_model(model)
    with pytest.raises(OracleError, match=PRINTED[name]):
        _run(model)


def _run(model: bytes) -> None:
    Oracle(model).run(np.zeros((1, 4), np.uint8))
