"""The short forms of requantisation against the exact double rounding, where it is hardest: at its steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolchain.compile.requantise import Multiplier, clamp, multiply, quantise_multiplier
from toolchain.compile.requantise_forms import (
    FRACTION_BITS,
    AnySign,
    Rectified,
    Sums,
    any_sign_form,
    exact_form,
    rectified_form,
    sums_of,
)


def wrapped(value: int) -> int:
    return (value + 2**31) % 2**32 - 2**31


def exact(total: int, multiplier: Multiplier, zero: int, low: int, high: int) -> int:
    return clamp(multiply(total, multiplier) + zero, low, high)


def rectified(form: Rectified, channel: int, total: int) -> int:
    """What the kernel computes from the sum of products, 32 bits at a time."""
    t = wrapped(int(form.bias[channel]) + wrapped(total << FRACTION_BITS))
    return clamp(t * int(form.multiplier[channel]) >> 32 >> form.shift, 0, 255) - 128


def any_sign(form: AnySign, channel: int, total: int) -> int:
    t = wrapped(int(form.bias[channel]) + wrapped(2 * total))
    product = t * int(form.multiplier[channel]) + 2**31 >> 32
    rounded = wrapped(product + int(form.rounding[channel]) + (t >> 31))
    return clamp(rounded >> int(form.shift[channel]), form.minimum, form.maximum)


def probes(low: int, high: int, bias: int, real: float) -> list[int]:
    """Sums at both ends, around 0 and around every step of the output, those that are possible."""
    steps = [round((k + half) / real) - bias for k in range(-260, 261) for half in (0, 0.5)] if real else []
    around = {x + d for x in (low, high, -bias, 0, *steps) for d in range(-3, 4)}
    return sorted(x for x in around if low <= x <= high)


@st.composite
def channels(draw: st.DrawFn, zero: int | None = None) -> tuple[Sums, list[Multiplier], int, list[float]]:
    """A few channels whose sums go from nearly none to more than the outputs can tell apart."""
    count = draw(st.integers(1, 6))
    typical = draw(st.floats(-13, 1))
    reals = [2.0 ** (typical + draw(st.floats(-2, 2))) for _ in range(count)]
    if draw(st.booleans()):
        # Ties are there for certain where the scale is a power of two.
        reals = [2.0 ** round(np.log2(real)) for real in reals]
    if draw(st.integers(0, 9)) == 0:
        reals[0] = draw(st.sampled_from([0.0, 2.0**-31, 2.0**-25, 1.5]))
    reach = [2 ** draw(st.integers(0, 23)) for _ in range(count)]
    low = np.array([-draw(st.integers(0, r)) for r in reach])
    high = np.array([draw(st.integers(0, r)) for r in reach])
    bias = np.array([draw(st.integers(-(2**b), 2**b)) for b in [draw(st.integers(0, 29)) for _ in reach]])
    zero_point = draw(st.integers(-128, 127)) if zero is None else zero
    return Sums(low, high, bias), [quantise_multiplier(real) for real in reals], zero_point, reals


def made(form: Rectified | AnySign, channel: int, total: int) -> int:
    if isinstance(form, Rectified):
        return rectified(form, channel, total)
    return any_sign(form, channel, total)


def check(
    form: Rectified | AnySign,
    sums: Sums,
    multipliers: list[Multiplier],
    zero: int,
    reals: list[float],
    low: int = -128,
    high: int = 127,
) -> None:
    for c, multiplier in enumerate(multipliers):
        bias = int(sums.bias[c])
        weigh = 1 if form.live[c] else 0
        for total in probes(int(sums.low[c]), int(sums.high[c]), bias, reals[c]):
            assert made(form, c, weigh * total) == exact(total + bias, multiplier, zero, low, high), (
                c,
                total,
            )


@settings(max_examples=80, deadline=None, derandomize=True)
@given(channels(zero=-128))
def test_rectified_gives_the_same_byte_at_every_step(
    case: tuple[Sums, list[Multiplier], int, list[float]],
) -> None:
    sums, multipliers, zero, reals = case
    form = rectified_form(sums, multipliers, zero, -128, 127)
    if not isinstance(form, str):
        check(form, sums, multipliers, zero, reals)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(channels(), st.integers(-128, 127), st.integers(-128, 127))
def test_any_sign_gives_the_same_byte_at_every_step(
    case: tuple[Sums, list[Multiplier], int, list[float]], one: int, other: int
) -> None:
    sums, multipliers, zero, reals = case
    low, high = min(one, other), max(one, other)
    form = any_sign_form(sums, multipliers, zero, low, high)
    if not isinstance(form, str):
        check(form, sums, multipliers, zero, reals, low, high)


def usual_layer(seed: int, taps: int, channels: int) -> tuple[Sums, list[Multiplier]]:
    """As converters make them: the largest weight is 127, outputs fill their range."""
    rng = np.random.default_rng(seed)
    rows = np.rint(rng.normal(0, 40, (channels, taps)).clip(-127, 127)).astype(np.int64)
    bias = rng.integers(-3000, 3000, channels) + 128 * rows.sum(axis=1)
    spread = 73 * 40 * np.sqrt(taps) / 50
    return sums_of(rows, bias), [
        quantise_multiplier(2 ** rng.uniform(-1, 1) / spread) for _ in range(channels)
    ]


@pytest.mark.parametrize("taps", [9, 64, 144, 576])
def test_usual_layers_after_a_relu_are_rectified_for_all_sums(taps: int) -> None:
    sums, multipliers = usual_layer(taps, taps, 24)
    form = exact_form(sums, multipliers, -128, -128, 127)
    assert isinstance(form, Rectified)
    assert form.lanes_fit
    for c in range(4):
        totals = np.arange(int(sums.low[c]), int(sums.high[c]) + 1, 7 if taps < 100 else 101)
        for total in totals.tolist():
            assert rectified(form, c, total) == exact(
                total + int(sums.bias[c]), multipliers[c], -128, -128, 127
            )


def test_usual_layers_around_another_zero_point_take_the_reference_s_own_roundings() -> None:
    sums, multipliers = usual_layer(1, 64, 24)
    form = exact_form(sums, multipliers, 4, -128, 127)
    assert isinstance(form, AnySign)
    check(form, sums, multipliers, 4, [m.value * 2.0 ** (m.shift - 31) for m in multipliers])


def test_a_bias_that_is_one_off_is_wrong_somewhere() -> None:
    """The interval is no wider than it has to be: beside it, a step is missed."""
    sums, multipliers = usual_layer(2, 64, 1)
    form = rectified_form(sums, multipliers, -128, -128, 127)
    assert isinstance(form, Rectified)
    # A whole sum's worth, since the interval holds up to 2**8 biases.
    off = Rectified(form.bias + (1 << FRACTION_BITS), form.multiplier, form.shift, form.live, form.lanes_fit)
    with pytest.raises(AssertionError):
        check(off, sums, multipliers, -128, [multipliers[0].value * 2.0 ** (multipliers[0].shift - 31)])


@pytest.mark.parametrize(
    ("real", "bias", "zero", "low", "reason"),
    [
        (0.01, 0, 3, -128, "around 3 are not -128"),
        (0.01, 0, -128, -100, "outputs from -100"),
        (1.5, 0, -128, -128, "1 or more"),
        (0.01, 2**30, 0, -128, "not -128"),
    ],
)
def test_what_rectified_is_not_for(real: float, bias: int, zero: int, low: int, reason: str) -> None:
    sums = sums_of(np.array([[3, -5]]), np.array([bias]))
    found = rectified_form(sums, [quantise_multiplier(real)], zero, low, 127)
    assert isinstance(found, str)
    assert reason in found


@pytest.mark.parametrize(
    ("real", "rows", "reason"),
    [
        (0.75, [[3, -5]], "1/2 or more"),
        (3.0, [[3, -5]], "1 or more"),
        (0.4, [[127] * 140_000], "30 bits"),
        (2.0**-24, [[127] * 100_000], "below 2"),
    ],
)
def test_what_any_sign_is_not_for(real: float, rows: list[list[int]], reason: str) -> None:
    bias = np.array([2**27 if real == 2.0**-24 else 0])
    found = any_sign_form(sums_of(np.array(rows), bias), [quantise_multiplier(real)], 0, -128, 127)
    assert isinstance(found, str)
    assert reason in found


def test_a_channel_that_is_constant_needs_no_weights() -> None:
    sums = sums_of(np.array([[100, 100], [1, 1], [1, 0]]), np.array([0, 2**28, 0]))
    multipliers = [quantise_multiplier(real) for real in (0.01, 0.01, 2.0**-20)]
    for zero in (-128, 7):
        form = exact_form(sums, multipliers, zero, -128, 127)
        assert not isinstance(form, str)
        assert form.live.tolist() == [True, False, False]
        check(form, sums, multipliers, zero, [0.01, 0.01, 2.0**-20])
