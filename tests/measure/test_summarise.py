"""Figures from ticks and bytes, against definitions written down here."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolchain.errors import DataError, TimerError
from toolchain.load.board import load_board
from toolchain.measure.summarise import accuracy_of, classify, compare_outputs, summarise_timing
from toolchain.vocabulary.measurement import Identity, Kind, LayerTime, Measurement


def measurement(ticks: list[int], hz: int) -> Measurement:
    identity = Identity(1, "b" * 64, "a" * 64, "aot", "x", hz, 4, 4, 16, 1, 8)
    return Measurement(
        identity,
        np.zeros((len(ticks), 4), np.uint8),
        np.array(ticks, np.int64),
        (LayerTime("a", "CONV_2D", ticks[-1], 8),),
        None,
    )


@given(st.lists(st.integers(100, 10**12), min_size=1, max_size=30))
def test_counted_ticks_are_instructions(ticks: list[int]) -> None:
    board = load_board("sim_cortex_m4")
    assert board.simulator is not None
    shift = board.simulator.icount_shift
    assert shift is not None
    assert board.timer.hz is not None
    timing = summarise_timing(measurement(ticks, board.timer.hz), board)
    assert (timing.kind, timing.unit, timing.runs) == (Kind.COUNTED, "instructions", len(ticks))
    exact = [Fraction(value * 10**9, board.timer.hz * 2**shift) for value in sorted(ticks)]
    assert abs(timing.min - exact[0]) <= Fraction(1, 2)
    assert abs(timing.max - exact[-1]) <= Fraction(1, 2)
    assert abs(timing.median - exact[(len(exact) - 1) // 2]) <= Fraction(1, 2)


def test_host_ticks_are_nanoseconds() -> None:
    timing = summarise_timing(measurement([3, 1, 2, 4], 1_000_000), load_board("host"))
    assert (timing.kind, timing.unit) == (Kind.HOST, "ns")
    assert (timing.min, timing.median, timing.max) == (1000, 2000, 4000)
    assert timing.per_layer == (LayerTime("a", "CONV_2D", 4000, 8),)


def test_no_tick_is_no_time() -> None:
    with pytest.raises(TimerError, match="0 timer ticks"):
        summarise_timing(measurement([5, 0, 5], 1000), load_board("host"))


def test_bytes_are_compared_one_by_one() -> None:
    left = np.array([[1, 2], [3, 4]], np.uint8)
    right = np.array([[1, 2], [3, 5]], np.uint8)
    parity = compare_outputs(left, right, "oracle")
    assert (parity.compared_bytes, parity.mismatched_bytes) == (4, 1)
    with pytest.raises(ValueError, match="shapes"):
        compare_outputs(left, right[:1], "oracle")


def test_int8_outputs_are_ranked_as_signed() -> None:
    rows = np.array([[-128, 5, 3], [127, 127, 0]], np.int8).view(np.uint8)
    assert classify(rows, "INT8").tolist() == [1, 0]
    assert accuracy_of(rows, np.array([1, 1]), "INT8") == 0.5
    with pytest.raises(DataError):
        classify(rows, "RESOURCE")


def test_wider_outputs_are_ranked_by_value() -> None:
    rows = np.array([[0.5, -2.0], [-1.0, 3.0]], np.float32).view(np.uint8)
    assert classify(rows, "FLOAT32").tolist() == [0, 1]


def test_an_int32_output_is_the_class_itself() -> None:
    rows = np.array([[7], [0], [300]], "<i4").view(np.uint8)
    assert classify(rows, "INT32").tolist() == [7, 0, 300]
    assert accuracy_of(rows, np.array([7, 1, 300]), "INT32") == 2 / 3


def test_several_class_indices_are_no_class() -> None:
    with pytest.raises(DataError, match="2 class indices"):
        classify(np.zeros((3, 8), np.uint8), "INT32")
