"""Graph passes: what each removes, what it must leave, and that no byte changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model, differences, random_inputs, run_programs
from toolchain.errors import UnsupportedError
from toolchain.vocabulary.program import Program

RELU = tflite.ActivationFunctionType.RELU
VALID, SAME = tflite.Padding.VALID, tflite.Padding.SAME


def compare(models: Sequence[bytes], folder: Path) -> list[list[str]]:
    """Compile with and without passes and compare every tensor; the operators that are left with them."""
    programs: list[Program] = []
    for model in models:
        programs.append(compile_model(model, f"m{len(programs)}"))
        try:
            programs.append(compile_model(model, f"m{len(programs)}", passes=()))
        except UnsupportedError:
            programs.append(compile_model(model, f"m{len(programs)}"))
    inputs = [random_inputs(program, 8, seed) for seed, program in enumerate(programs)]
    for number, result in enumerate(run_programs(programs, inputs, folder)):
        assert differences(models[number // 2], programs[number], inputs[number], result) == [], number
    return [[layer.operator for layer in program.layers] for program in programs[::2]]


class Net(ModelBuilder):
    """A network that grows at `last`."""

    def __init__(self, shape: tuple[int, ...] = (1, 5, 6, 3), zero: int = -5) -> None:
        super().__init__()
        self.given = self.last = self.tensor(shape, "INT8", 0.05, zero)
        self.rng = np.random.default_rng(1)

    def grow(self, name: str, *more: int, like: int | None = None, scale: float = 0.05, zero: int = -5,
             shape: tuple[int, ...] | None = None, **options: object) -> int:  # fmt: skip
        source = self.last
        if like is not None:
            scale, zero = self.tensors[like].scales[0], int(self.tensors[like].zero_points[0])
        output = self.tensor(shape or self.tensors[source].shape, "INT8", scale, zero)
        self.operator(name, [source, *more], [output], **options)
        self.last = output
        return output

    def pad(self, pairs: list[list[int]], *, value: int | None = None) -> None:
        shape = tuple(n + a + b for n, (a, b) in zip(self.tensors[self.last].shape, pairs, strict=True))
        more = [self.tensor((4, 2), "INT32", data=np.array(pairs, np.int32))]
        name = "PAD"
        if value is not None:
            name = "PADV2"
            q = self.tensors[self.last]
            more.append(self.tensor((1,), "INT8", q.scales[0], q.zero_points[0], data=np.array([value])))
        self.grow(name, *more, like=self.last, shape=shape)

    def conv(self, kernel: int = 3, *, depthwise: bool = False, padding: int = VALID, stride: int = 1,
             activation: int = 0) -> None:  # fmt: skip
        _, height, width, channels = self.tensors[self.last].shape
        size = [-(-n // stride) if padding == SAME else (n - kernel) // stride + 1 for n in (height, width)]
        shape = (1, kernel, kernel, channels) if depthwise else (4, kernel, kernel, channels)
        weights = self.tensor(shape, "INT8", 0.02, 0, data=self.rng.integers(-127, 128, shape))
        options = {"DepthMultiplier": 1} if depthwise else {}
        self.grow(
            "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D",
            weights,
            shape=(1, *size, channels if depthwise else 4),
            scale=0.2,
            zero=3,
            Padding=padding,
            StrideH=stride,
            StrideW=stride,
            DilationHFactor=1,
            DilationWFactor=1,
            FusedActivationFunction=activation,
            **options,
        )

    def constant_shape(self) -> int:
        shape = np.array(self.tensors[self.last].shape, np.int32)
        return self.tensor(shape.shape, "INT32", data=shape)

    def file(self, *outputs: int) -> bytes:
        return self.build([self.given], [self.last, *outputs])


def test_padding_is_fused_where_it_is_the_zero_point(tmp_path: Path) -> None:
    models = []
    for depthwise in (False, True):
        for padding, stride in ((VALID, 1), (VALID, 2), (SAME, 1), (SAME, 2)):
            for pairs in ([0, 1], [1, 0]), ([1, 1], [2, 3]), ([5, 0], [0, 7]):
                net = Net()
                net.pad([[0, 0], *pairs, [0, 0]])
                net.conv(depthwise=depthwise, padding=padding, stride=stride)
                models.append(net.file())
    left = compare(models, tmp_path)
    assert left == [["CONV_2D"]] * 12 + [["DEPTHWISE_CONV_2D"]] * 12


def test_padding_stays_where_it_is_something_else(tmp_path: Path) -> None:
    around = [[0, 0], [1, 1], [1, 1], [0, 0]]
    channels, read_twice, pointwise, pool = Net(), Net(), Net(), Net()
    channels.pad([[0, 0], [1, 1], [1, 1], [0, 2]])
    channels.conv()
    read_twice.pad(around)
    padded = read_twice.last
    read_twice.conv()
    pointwise.pad(around)
    pointwise.conv(1)
    pool.pad(around)
    pool.grow(
        "AVERAGE_POOL_2D",
        like=pool.last,
        shape=(1, 3, 4, 3),
        Padding=VALID,
        StrideH=2,
        StrideW=2,
        FilterHeight=2,
        FilterWidth=2,
    )
    left = compare([channels.file(), read_twice.file(padded), pointwise.file(), pool.file()], tmp_path)
    assert [names[0] for names in left] == ["PAD"] * 4


def test_padding_with_a_value_is_fused_if_it_is_the_zero_point(tmp_path: Path) -> None:
    models = []
    for value in (-5, 7):
        net = Net()
        net.pad([[0, 0], [1, 1], [1, 1], [0, 0]], value=value)
        net.conv()
        models.append(net.file())
    assert compare(models, tmp_path) == [["CONV_2D"], ["PADV2", "CONV_2D"]]


@pytest.mark.parametrize("clamp", ["RELU", "RELU6"])
def test_a_clamp_is_fused_into_its_producer(clamp: str, tmp_path: Path) -> None:
    plain, activated, rescaled, seen, twice = Net(), Net(), Net(), Net(), Net()
    for net in (plain, activated, rescaled, seen, twice):
        net.conv(activation=int(RELU) if net is activated else 0)
    before = seen.last
    for net in (plain, activated, seen, twice):
        net.grow(clamp, like=net.last)
    rescaled.grow(clamp, scale=0.1, zero=3)
    twice.grow(clamp, like=twice.last)
    left = compare(
        [net.file() for net in (plain, activated, rescaled, twice)] + [seen.file(before)], tmp_path
    )
    # The second of two clamps changes nothing, but its table is no identity: nobody proves it here.
    assert left == [
        ["CONV_2D"],
        ["CONV_2D", clamp],
        ["CONV_2D", clamp],
        ["CONV_2D", clamp],
        ["CONV_2D", clamp],
    ]


def test_what_changes_nothing_is_removed(tmp_path: Path) -> None:
    same, requantised, last = Net(zero=-128), Net(), Net()
    for _ in range(3):
        same.grow("QUANTIZE", like=same.last)
        same.grow("RELU", like=same.last)
        shape = same.constant_shape()
        same.grow("RESHAPE", shape, like=same.last)
    same.conv()
    requantised.grow("QUANTIZE", scale=0.0500001, zero=-5)
    requantised.conv()
    last.grow("QUANTIZE", like=last.last)
    left = compare([same.file(), requantised.file(), last.file()], tmp_path)
    assert left == [["CONV_2D"], ["QUANTIZE", "CONV_2D"], ["QUANTIZE"]]


def through_float(source: tuple[float, int], target: tuple[float, int]) -> bytes:
    builder = ModelBuilder()
    given = builder.tensor((1, 256), "INT8", *source)
    real = builder.tensor((1, 256), "FLOAT32")
    made, output = (builder.tensor((1, 256), "INT8", *target) for _ in range(2))
    builder.operator("DEQUANTIZE", [given], [real])
    builder.operator("QUANTIZE", [real], [made])
    builder.operator("ABS", [made], [output])
    return builder.build([given], [output])


def test_quantise_pairs_are_joined_where_that_is_exact(tmp_path: Path) -> None:
    models = [
        through_float((0.05, -5), (0.05, -5)),
        through_float((0.05, -5), (0.07, 9)),
        through_float((0.5, 127), (0.0625, -128)),
    ]
    assert compare(models, tmp_path) == [["ABS"], ["QUANTIZE", "ABS"], ["QUANTIZE", "ABS"]]


@pytest.mark.parametrize("scale", [0.03125, 0.1, 0.37])
def test_a_quantise_pair_that_rounds_otherwise_is_refused_not_changed(scale: float) -> None:
    """To twice the scale every second value lies half-way between two, where float and fixed point part."""
    with pytest.raises(UnsupportedError, match="QUANTIZE"):
        compile_model(through_float((scale, 3), (2 * scale, -7)))


def test_operators_on_constants_are_computed(tmp_path: Path) -> None:
    net = Net()
    rng = np.random.default_rng(2)
    shape = net.tensors[net.last].shape
    constant = net.tensor(shape, "INT8", 0.03, 4, data=rng.integers(-128, 128, shape))
    real = net.tensor(shape, "FLOAT32", data=rng.normal(0, 3, shape))
    first, second = (net.tensor(shape, "INT8", 0.03, 4) for _ in range(2))
    net.operator("ABS", [constant], [first])
    net.operator("QUANTIZE", [real], [second])
    for other in (first, second):
        net.grow("ADD", other, scale=0.1)
    assert compare([net.file()], tmp_path) == [["ADD", "ADD"]]


def test_a_layer_that_nobody_reads_has_to_be_sound_all_the_same() -> None:
    """The reference runs it: sizes that do not agree make it write over other tensors."""
    for output_shape, refused in (((1, 5, 6, 3), False), ((1, 1, 1, 1), True)):
        net = Net()
        unread = net.tensor(output_shape, "INT8", 0.1, 3)
        net.operator("QUANTIZE", [net.given], [unread])
        net.grow("ABS")
        if refused:
            with pytest.raises(UnsupportedError, match=r"QUANTIZE.*90 values and its output 1"):
                compile_model(net.file())
        else:
            assert [layer.operator for layer in compile_model(net.file()).layers] == ["ABS"]


def test_a_float_constant_that_cannot_be_quantised_is_refused() -> None:
    net = Net()
    shape = net.tensors[net.last].shape
    real = net.tensor(shape, "FLOAT32", data=np.full(shape, np.nan))
    made = net.tensor(shape, "INT8", 0.03, 4)
    net.operator("QUANTIZE", [real], [made])
    net.grow("ADD", made)
    with pytest.raises(UnsupportedError, match="QUANTIZE"):
        compile_model(net.file())
