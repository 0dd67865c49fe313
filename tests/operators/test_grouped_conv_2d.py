"""CONV_2D in groups against the oracle: few and many channels a group, any stride, dilation and padding."""

from __future__ import annotations

import math

import pytest
import tflite
from hypothesis import given
from hypothesis import strategies as st

from tests.operators.harness import BATCH, BATCHES, compare
from tests.random_networks import RandomNetwork


def grouped(seed: int) -> bytes:
    """Two to six groups; without padding, the filter is cut to the image."""
    network = RandomNetwork(seed)
    groups, channels, filters = network.whole(2, 6), network.whole(1, 5), network.whole(1, 5)
    batch = 2 if network.chance(0.2) else 1
    height, width = network.whole(1, 8), network.whole(1, 8)
    same = network.chance(0.5)
    kernel, strides = (network.whole(1, 4), network.whole(1, 4)), (network.whole(1, 3), network.whole(1, 3))
    dilation = (network.whole(1, 3), network.whole(1, 3)) if network.chance(0.5) else (1, 1)
    if not same:
        kernel = (min(kernel[0], height), min(kernel[1], width))
        dilation = (1, 1) if (kernel[0] - 1) * dilation[0] >= height else dilation
        dilation = (1, 1) if (kernel[1] - 1) * dilation[1] >= width else dilation
    size = [
        -(-extent // s) if same else (extent - (k - 1) * d - 1) // s + 1
        for extent, k, s, d in zip((height, width), kernel, strides, dilation, strict=True)
    ]
    network.last = network.activation_tensor((batch, height, width, groups * channels))
    network.inputs.append(network.last)
    shape = (groups * filters, *kernel, channels)
    weights, bias, output = network.weighted(shape, 0, math.prod(shape[1:]), (batch, *size, shape[0]))
    network.builder.operator(
        "CONV_2D",
        [network.last, weights, bias],
        [output],
        Padding=tflite.Padding.SAME if same else tflite.Padding.VALID,
        StrideH=strides[0],
        StrideW=strides[1],
        DilationHFactor=dilation[0],
        DilationWFactor=dilation[1],
        FusedActivationFunction=network.activation(),
    )
    return network.builder.build(network.inputs, [output])


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_every_output_is_the_oracles(tmp_path_factory: pytest.TempPathFactory, seeds: list[int]) -> None:
    models = [grouped(seed) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("grouped")) == BATCH
