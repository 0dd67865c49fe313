"""QUANTIZE between int8 and uint8, as older converters put it at a model's ends, against the oracle."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.strategies import usual_quantisations, usual_scales
from toolchain.errors import UnsupportedError

Quantised = tuple[float, int]
_unsigned = st.tuples(usual_scales, st.one_of(st.sampled_from([0, 255, 128]), st.integers(0, 255)))
_case = st.tuples(_unsigned, usual_quantisations, usual_quantisations, _unsigned)


def model(first: Quantised, second: Quantised, third: Quantised, last: Quantised) -> bytes:
    """uint8, then int8, RELU, and uint8 again."""
    b = ModelBuilder()
    tensors = [
        b.tensor((16, 16), dtype, *quantised)
        for dtype, quantised in zip(
            ("UINT8", "INT8", "INT8", "UINT8"), (first, second, third, last), strict=True
        )
    ]
    for name, source, target in zip(("QUANTIZE", "RELU", "QUANTIZE"), tensors, tensors[1:], strict=False):
        b.operator(name, [source], [target])
    return b.build(tensors[:1], tensors[-1:])


@BATCHES
@given(st.lists(_case, min_size=BATCH, max_size=BATCH))
def test_every_value_is_the_oracles(
    tmp_path_factory: pytest.TempPathFactory,
    cases: list[tuple[Quantised, Quantised, Quantised, Quantised]],
) -> None:
    models = [model(*case) for case in cases]
    assert compare(cases, models, tmp_path_factory.mktemp("uint8")) == BATCH


def test_the_same_scale_is_a_shift_by_128(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The reference has a way of its own for this."""
    same = model((0.5, 128), (0.5, 0), (0.5, 0), (0.5, 128))
    assert compare(["same"], [same], tmp_path_factory.mktemp("uint8")) == 1


@pytest.mark.parametrize(
    ("dtypes", "zero_point", "message"),
    [
        (("INT8", "UINT8", "INT8"), 0, "its UINT8 output 't1' is no output of the model"),
        (("UINT8", "UINT8"), 0, "its input and its output are UINT8"),
        (("UINT8", "INT16"), 0, "'t1' is no int8"),
        (("UINT8", "INT8"), -1, "has not one scale and a uint8 zero point"),
    ],
)
def test_other_uses_are_refused(dtypes: tuple[str, ...], zero_point: int, message: str) -> None:
    b = ModelBuilder()
    tensors = [b.tensor((4,), dtype, 0.5, zero_point) for dtype in dtypes]
    for source, target in itertools.pairwise(tensors):
        b.operator("QUANTIZE", [source], [target])
    with pytest.raises(UnsupportedError, match=message):
        compile_model(b.build(tensors[:1], tensors[-1:]))
