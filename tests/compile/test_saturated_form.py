"""The saturated form against the exact double rounding, at every step of the output."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.compile.test_requantise_forms import channels, exact, probes, wrapped
from toolchain.compile.byte_pair_blocks import PIXELS_SHIFT
from toolchain.compile.requantise import Multiplier, quantise_multiplier
from toolchain.compile.requantise_forms import FRACTION_BITS, Sums
from toolchain.compile.saturated_form import SATURATED_SHIFT, Saturated, saturated_form


def saturated(form: Saturated, channel: int, total: int, shift: int) -> int:
    """What the kernel computes from the sum of products, 32 bits at a time."""
    t = wrapped(int(form.bias[channel]) + wrapped(total << FRACTION_BITS))
    value = wrapped((t * int(form.multiplier[channel]) >> 32) + form.zero)
    return min(max(value >> shift, -128), 127)


def check(
    form: Saturated,
    sums: Sums,
    multipliers: list[Multiplier],
    zero: int,
    reals: list[float],
    shift: int = SATURATED_SHIFT,
) -> None:
    for c, multiplier in enumerate(multipliers):
        bias, weigh = int(sums.bias[c]), 1 if form.live[c] else 0
        for total in probes(int(sums.low[c]), int(sums.high[c]), bias, reals[c]):
            found = saturated(form, c, weigh * total, shift)
            assert found == exact(total + bias, multiplier, zero, -128, 127)


# A depthwise layer's, and a convolution's, whose biases have the zero point in them.
KINDS = st.sampled_from([(SATURATED_SHIFT, False), (PIXELS_SHIFT, True)])


@settings(max_examples=160, deadline=None, derandomize=True)
@given(channels(), KINDS)
def test_the_same_byte_at_every_step(
    case: tuple[Sums, list[Multiplier], int, list[float]], kind: tuple[int, bool]
) -> None:
    (sums, multipliers, zero, reals), (shift, folded) = case, kind
    form = saturated_form(sums, multipliers, zero, -128, 127, shift, zero_in_bias=folded)
    if not isinstance(form, str):
        check(form, sums, multipliers, zero, reals, shift)
        assert not (folded and form.zero)


def layer(seed: int, bias_reach: int = 4000) -> tuple[Sums, list[Multiplier], list[float]]:
    """Sixteen channels of a 3x3 filter, as converters make them."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-127, 128, (16, 9)) // rng.integers(1, 9, (16, 1))
    reach = 128 * np.abs(weights).sum(axis=1)
    reals = [float(real) for real in 2.0 ** rng.uniform(-10, -4, 16)]
    bias = rng.integers(-bias_reach, bias_reach + 1, 16)
    return Sums(-reach, reach, bias), [quantise_multiplier(real) for real in reals], reals


def test_usual_rectified_layers_are_solved() -> None:
    for seed in range(10):
        sums, multipliers, reals = layer(seed)
        for shift, folded in ((SATURATED_SHIFT, False), (PIXELS_SHIFT, True)):
            form = saturated_form(sums, multipliers, -128, -128, 127, shift, zero_in_bias=folded)
            assert isinstance(form, Saturated)
            check(form, sums, multipliers, -128, reals, shift)


def test_halves_on_both_sides_of_the_zero_point_are_not() -> None:
    sums, multipliers, _ = layer(0)
    refusal = saturated_form(sums, multipliers, 0, -128, 127)
    assert isinstance(refusal, str)
    assert "no bias" in refusal


def test_a_large_bias_beside_a_small_scale_is_solved_too() -> None:
    real = 2.0**-20 * 1.3
    sums = Sums(np.array([-78_000]), np.array([78_000]), np.array([round(27.5 / real)]))
    form = saturated_form(sums, [quantise_multiplier(real)], -128, -128, 127)
    assert isinstance(form, Saturated)
    assert form.live.all()
    check(form, sums, [quantise_multiplier(real)], -128, [real])


@pytest.mark.parametrize(("low", "high"), [(-128, 126), (-127, 127), (0, 10)])
def test_other_clamps_are_refused(low: int, high: int) -> None:
    sums, multipliers, _ = layer(0)
    assert isinstance(saturated_form(sums, multipliers, 0, low, high), str)


def test_scales_of_a_half_and_more_are_refused() -> None:
    sums = Sums(np.array([-300]), np.array([300]), np.array([0]))
    for real in (0.5, 0.9, 1.5):
        assert isinstance(saturated_form(sums, [quantise_multiplier(real)], 0, -128, 127), str)
    eighth = [quantise_multiplier(0.125)]
    assert saturated_form(sums, eighth, -128, -128, 127, PIXELS_SHIFT) == "a scale is 1/8 or more"
