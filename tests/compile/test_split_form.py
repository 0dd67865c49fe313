"""Requantisation in products of 32 bits against the exact double rounding, at the steps of the output."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compile.test_requantise_forms import channels, exact, probes, usual_layer
from toolchain.compile.requantise import Multiplier, clamp, quantise_multiplier
from toolchain.compile.requantise_forms import Sums, sums_of
from toolchain.compile.split_form import Split, split_form


def made(form: Split, channel: int, total: int) -> int:
    """What the kernel computes, in words of 32 bits; only the upper product may wrap."""
    m = int(form.multiplier[channel])
    lowest = (total & 0xFF) * m
    below = (lowest >> 8) + (total >> 8 & 0xFF) * m
    assert max(lowest, below) < 2**32
    scaled = ((total >> 16) * m + (below >> 8) + int(form.offset[channel]) + 2**31) % 2**32 - 2**31
    return clamp(scaled >> int(form.shift[channel]), 0, 255) - 128


def check(form: Split, sums: Sums, multipliers: list[Multiplier], zero: int, reals: list[float]) -> None:
    for c, multiplier in enumerate(multipliers):
        bias = int(sums.bias[c])
        for total in probes(int(sums.low[c]), int(sums.high[c]), bias, reals[c]):
            expected = exact(total + bias, multiplier, zero, -128, 127)
            assert made(form, c, total) == expected, (c, total)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.one_of(channels(), channels(zero=-128)))
def test_every_step_gives_the_same_byte(case: tuple[Sums, list[Multiplier], int, list[float]]) -> None:
    sums, multipliers, zero, reals = case
    form = split_form(sums, multipliers, zero, -128, 127)
    if not isinstance(form, str):
        check(form, sums, multipliers, zero, reals)


@pytest.mark.parametrize("taps", [9, 64])
def test_usual_layers_after_a_relu_have_it(taps: int) -> None:
    sums, multipliers = usual_layer(taps, taps, 24)
    form = split_form(sums, multipliers, -128, -128, 127)
    assert isinstance(form, Split)
    check(form, sums, multipliers, -128, [m.value * 2.0 ** (m.shift - 31) for m in multipliers])


def test_an_offset_that_is_one_sum_off_is_wrong_somewhere() -> None:
    sums, multipliers = usual_layer(2, 64, 1)
    form = split_form(sums, multipliers, -128, -128, 127)
    assert isinstance(form, Split)
    off = Split(form.offset + (form.multiplier >> 16), form.multiplier, form.shift)
    with pytest.raises(AssertionError):
        check(off, sums, multipliers, -128, [multipliers[0].value * 2.0 ** (multipliers[0].shift - 31)])


def test_what_it_is_not_for() -> None:
    sums = sums_of(np.array([[3, -5]]), np.array([0]))
    assert "1 or more" in str(split_form(sums, [quantise_multiplier(1.5)], 0, -128, 127))
    assert "clamped to -128…100" in str(split_form(sums, [quantise_multiplier(0.1)], 0, -128, 100))
    both_signs = usual_layer(1, 64, 24)
    assert "right for all sums" in str(split_form(*both_signs, 4, -128, 127))
