"""Sums that lie where two roundings of a scale would part: a multiplier that is one bit off shows here.

Random networks meet such a sum once in tens of thousands of outputs; here there is nothing else.  The sums
are the biases of layers whose weights are zero, or products chosen digit by digit.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model, differences, run_programs
from toolchain.compile.requantise import multiply, quantise_multiplier

LAYERS = 40
Sums = npt.NDArray[np.int64]


def near_ties(input_scale: float, filter_scale: float, output_scale: float, limit: int) -> Sums:
    """Sums whose results differ between a product of scales rounded to float32 and one that is not."""
    rounded = float(np.float32(input_scale) * np.float32(filter_scale)) / output_scale
    one, other = quantise_multiplier(rounded), quantise_multiplier(input_scale * filter_scale / output_scale)
    ties = np.rint((np.arange(-120, 120) + 0.5) * output_scale / (input_scale * filter_scale))
    around = (ties[:, None] + np.arange(-4, 5)).reshape(-1).astype(np.int64)
    within = around[np.abs(around) < limit]
    return np.array([x for x in within if multiply(int(x), one) != multiply(int(x), other)], np.int64)


def scales(rng: np.random.Generator) -> tuple[float, float, float]:
    x, w, y = (2.0 ** rng.uniform((-8, -10, -6), (-2, -3, 0))).astype(np.float32)
    return float(x), float(w), float(y)


def fully_connected(b: ModelBuilder, sums: Sums, x: float, w: float, y: float) -> tuple[int, int]:
    count = len(sums)
    given = b.tensor((1, 1), "INT8", x, 0)
    weights = b.tensor((count, 1), "INT8", w, 0, data=np.zeros((count, 1), np.int8))
    made = b.tensor((1, count), "INT8", y, 0)
    b.operator("FULLY_CONNECTED", [given, weights, bias(b, sums, x, w)], [made], FusedActivationFunction=0)
    return given, made


def conv_2d(b: ModelBuilder, sums: Sums, x: float, w: float, y: float) -> tuple[int, int]:
    count = len(sums)
    given = b.tensor((1, 1, 1, 1), "INT8", x, 0)
    weights = b.tensor((count, 1, 1, 1), "INT8", w, 0, data=np.zeros((count, 1, 1, 1), np.int8))
    made = b.tensor((1, 1, 1, count), "INT8", y, 0)
    operands = [given, weights, bias(b, sums, x, w)]
    b.operator("CONV_2D", operands, [made], **_STEPS, DilationHFactor=1, DilationWFactor=1)
    return given, made


def depthwise_conv_2d(b: ModelBuilder, sums: Sums, x: float, w: float, y: float) -> tuple[int, int]:
    count = len(sums)
    given = b.tensor((1, 1, 1, 1), "INT8", x, 0)
    weights = b.tensor((1, 1, 1, count), "INT8", w, 0, axis=3, data=np.zeros((1, 1, 1, count), np.int8))
    made = b.tensor((1, 1, 1, count), "INT8", y, 0)
    operands = [given, weights, bias(b, sums, x, w)]
    steps = {**_STEPS, "DepthMultiplier": count, "DilationHFactor": 1, "DilationWFactor": 1}
    b.operator("DEPTHWISE_CONV_2D", operands, [made], **steps)
    return given, made


def transpose_conv(b: ModelBuilder, sums: Sums, x: float, w: float, y: float) -> tuple[int, int]:
    count = len(sums)
    given = b.tensor((1, 1, 1, 1), "INT8", x, 0)
    weights = b.tensor((count, 1, 1, 1), "INT8", w, 0, data=np.zeros((count, 1, 1, 1), np.int8))
    made = b.tensor((1, 1, 1, count), "INT8", y, 0)
    shape = b.tensor((4,), "INT32", data=np.array([1, 1, 1, count], np.int32))
    b.operator("TRANSPOSE_CONV", [shape, weights, given, bias(b, sums, x, w)], [made], **_STEPS)
    return given, made


def svdf(b: ModelBuilder, sums: Sums, x: float, w: float, y: float) -> tuple[int, int]:
    count = len(sums)
    given = b.tensor((1, 1), "INT8", 0.5, 0)
    features = b.tensor((count, 1), "INT8", 0.5, 0, data=np.zeros((count, 1), np.int8))
    time = b.tensor((count, 1), "INT16", w, 0, data=np.zeros((count, 1), np.int16))
    state = b.tensor((1, count), "INT16", x, 0, variable=True)
    made = b.tensor((1, count), "INT8", y, 0)
    b.operator("SVDF", [given, features, time, bias(b, sums, x, w), state], [made], Rank=1)
    return given, made


_STEPS = {"Padding": tflite.Padding.VALID, "StrideH": 1, "StrideW": 1, "FusedActivationFunction": 0}


def bias(b: ModelBuilder, sums: Sums, x: float, w: float) -> int:
    return b.tensor((len(sums),), "INT32", float(np.float32(x * w)), 0, data=sums.astype(np.int32))


@pytest.mark.parametrize("layer", [fully_connected, conv_2d, depthwise_conv_2d, transpose_conv, svdf])
def test_a_bias_near_a_tie(layer: Callable[..., tuple[int, int]], tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    models: list[bytes] = []
    while len(models) < LAYERS:
        x, w, y = scales(rng)
        sums = near_ties(x, w, y, 2**30)
        if len(sums) == 0:
            continue
        b = ModelBuilder()
        given, made = layer(b, sums, x, w, y)
        models.append(b.build([given], [made]))
    check(models, [np.zeros((1, 1), np.uint8)] * len(models), tmp_path)


LENGTH = 80


def row_with_sum(total: int) -> npt.NDArray[np.int8]:
    """int8 values whose products with (127, …, 127, 1, 1) add up to `total`."""
    row = np.zeros(LENGTH, np.int64)
    whole, rest = divmod(abs(total), 127)
    for index in range(LENGTH - 2):
        row[index] = min(127, whole)
        whole -= row[index]
    assert whole == 0
    row[LENGTH - 1] = rest
    return (row * (1 if total >= 0 else -1)).astype(np.int8)


def test_a_product_of_matrices_near_a_tie(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    models: list[bytes] = []
    inputs: list[npt.NDArray[np.uint8]] = []
    column = np.array([127] * (LENGTH - 2) + [1, 1], np.int8)
    while len(models) < LAYERS:
        x, w, y = scales(rng)
        sums = near_ties(x, w, y, 127 * 127 * (LENGTH - 2))
        if len(sums) == 0:
            continue
        b = ModelBuilder()
        left = b.tensor((len(sums), LENGTH), "INT8", x, 0)
        right = b.tensor((LENGTH, 1), "INT8", w, 0)
        made = b.tensor((len(sums), 1), "INT8", y, 0)
        b.operator("BATCH_MATMUL", [left, right], [made], AdjX=False, AdjY=False)
        models.append(b.build([left, right], [made]))
        rows = np.stack([row_with_sum(int(total)) for total in sums])
        inputs.append(np.concatenate([rows.reshape(-1), column]).view(np.uint8)[None, :])
    check(models, inputs, tmp_path)


def test_a_state_near_a_tie(tmp_path: Path) -> None:
    """SVDF's first step: the state is int16, and a variable's bytes are compared as well."""
    rng = np.random.default_rng(3)
    models: list[bytes] = []
    column = np.array([127] * (LENGTH - 2) + [1, 1], np.int8).view(np.uint8)[None, :]
    while len(models) < LAYERS:
        x, w, state_scale = scales(rng)
        sums = near_ties(x, w, state_scale, 127 * 127 * (LENGTH - 2))
        count = len(sums)
        if count == 0:
            continue
        rows = np.stack([row_with_sum(int(total)) for total in sums])
        b = ModelBuilder()
        given = b.tensor((1, LENGTH), "INT8", x, 0)
        features = b.tensor((count, LENGTH), "INT8", w, 0, data=rows)
        time = b.tensor((count, 1), "INT16", 0.01, 0, data=np.full((count, 1), 100, np.int16))
        state = b.tensor((1, count), "INT16", state_scale, 0, variable=True)
        made = b.tensor((1, count), "INT8", state_scale, 0)
        none = bias(b, np.zeros(count, np.int64), state_scale, 0.01)
        b.operator("SVDF", [given, features, time, none, state], [made], Rank=1, FusedActivationFunction=0)
        models.append(b.build([given], [made]))
    check(models, [column] * len(models), tmp_path)


def check(models: list[bytes], inputs: list[npt.NDArray[np.uint8]], folder: Path) -> None:
    programs = [compile_model(model, f"m{number}") for number, model in enumerate(models)]
    results = run_programs(programs, inputs, folder, model_flag="-O0")
    found = [
        difference
        for model, program, rows, result in zip(models, programs, inputs, results, strict=True)
        for difference in differences(model, program, rows, result)
    ]
    assert found == []
