"""Channels that are constant or unread leave the program: what goes, what stays, and that no byte changes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import tflite

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import HOST, HOST_AS_DSP, compile_model, differences, random_inputs, run_programs
from toolchain.compile import compile_graph
from toolchain.compile.channel_needs import needed_channels
from toolchain.compile.channel_ranges import channel_ranges
from toolchain.compile.passes.order import EVERY_CHANNEL, PASSES
from toolchain.convert.read_tflite import read_graph
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.program import Program

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"
NETWORKS = 100
RELU = tflite.ActivationFunctionType.RELU
SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID


class Net(ModelBuilder):
    """A network that grows at `last`; many of its channels are constant, many of its weights zero."""

    def __init__(self, seed: int, shape: tuple[int, ...] = (1, 6, 7, 3)) -> None:
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.given = self.last = self.tensor(shape, "INT8", 0.05, -5)

    def shape(self, tensor: int | None = None) -> tuple[int, ...]:
        return self.tensors[self.last if tensor is None else tensor].shape

    def grow(self, name: str, *more: int, shape: tuple[int, ...], like: int | None = None,
             scale: float = 0.07, zero: int = -128, **options: object) -> None:  # fmt: skip
        if like is not None:
            scale, zero = self.tensors[like].scales[0], int(self.tensors[like].zero_points[0])
        output = self.tensor(shape, "INT8", scale, zero)
        self.operator(name, [self.last, *more], [output], **options)
        self.last = output

    def constants(self, shape: tuple[int, ...], axis: int) -> list[int]:
        """Weights of which whole outputs and whole inputs are zero, and biases that saturate some outputs."""
        weights = self.rng.integers(-127, 128, shape)
        outputs = shape[axis]
        weights[(..., self.rng.random(outputs) < 0.3) if axis else self.rng.random(outputs) < 0.3] = 0
        if axis == 0:
            weights[..., self.rng.random(shape[-1]) < 0.3] = 0
        scales = [0.003] if self.rng.random() < 0.3 else list(self.rng.uniform(0.002, 0.02, outputs))
        bias = self.rng.integers(-3000, 3000, outputs)
        bias[self.rng.random(outputs) < 0.3] = -10_000_000
        bias[self.rng.random(outputs) < 0.1] = 10_000_000
        source = self.tensors[self.last].scales[0]
        given = self.tensor(shape, "INT8", scales, 0, axis=axis, data=weights)
        with_bias = self.rng.random() < 0.8
        return [given, *([self._bias(bias, [source * s for s in scales])] if with_bias else [])]

    def _bias(self, values: npt.NDArray[np.int64], scales: list[float]) -> int:
        return self.tensor(values.shape, "INT32", scales, 0, data=values.astype(np.int32))

    def _windows(self) -> tuple[int, int, int, list[int]]:
        _, height, width, _ = self.shape()
        kernel = int(self.rng.integers(1, 1 + min(3, height, width)))
        stride, padding = int(self.rng.integers(1, 3)), int(self.rng.choice([SAME, VALID]))
        size = [-(-n // stride) if padding == SAME else (n - kernel) // stride + 1 for n in (height, width)]
        return kernel, stride, padding, size

    def conv(self, channels: int | None = None, *, keep: bool = False) -> None:
        kernel, stride, padding, size = self._windows()
        if keep:
            kernel, stride, padding, size = 3, 1, SAME, list(self.shape()[1:3])
        outputs = channels or int(self.rng.integers(1, 9))
        constants = self.constants((outputs, kernel, kernel, self.shape()[3]), 0)
        self.grow("CONV_2D", *constants, shape=(1, *size, outputs), zero=int(self.rng.choice([-128, 3])),
                  Padding=padding, StrideH=stride, StrideW=stride, DilationHFactor=1, DilationWFactor=1,
                  FusedActivationFunction=int(self.rng.choice([0, RELU])))  # fmt: skip

    def depthwise(self) -> None:
        kernel, stride, padding, size = self._windows()
        multiplier = int(self.rng.integers(1, 3))
        outputs = self.shape()[3] * multiplier
        constants = self.constants((1, kernel, kernel, outputs), 3)
        self.grow("DEPTHWISE_CONV_2D", *constants, shape=(1, *size, outputs), Padding=padding,
                  StrideH=stride, StrideW=stride, DilationHFactor=1, DilationWFactor=1,
                  DepthMultiplier=multiplier, FusedActivationFunction=RELU)  # fmt: skip

    def pool(self) -> None:
        kernel, stride, padding, size = self._windows()
        name = str(self.rng.choice(["AVERAGE_POOL_2D", "MAX_POOL_2D"]))
        self.grow(name, like=self.last, shape=(1, *size, self.shape()[3]), Padding=padding, StrideH=stride,
                  StrideW=stride, FilterHeight=kernel, FilterWidth=kernel)  # fmt: skip

    def join(self) -> None:
        """Two convolutions side by side, concatenated or added."""
        source = self.last
        channels = int(self.rng.integers(1, 6))
        self.conv(channels, keep=True)
        first, self.last = self.last, source
        self.conv(channels, keep=True)
        second, self.last = self.last, first
        if self.rng.random() < 0.5:
            self.grow("ADD", second, shape=self.shape(), zero=-20)
            return
        for name in ("scales", "zero_points"):
            setattr(self.tensors[second], name, getattr(self.tensors[first], name))
        shape = (*self.shape()[:3], 2 * channels)
        self.grow("CONCATENATION", second, like=first, shape=shape, Axis=3)

    def pad(self) -> None:
        pairs = [[0, 0], *self.rng.integers(0, 3, (2, 2)).tolist(), [0, 0]]
        paddings = self.tensor((4, 2), "INT32", data=np.array(pairs, np.int32))
        shape = tuple(n + a + b for n, (a, b) in zip(self.shape(), pairs, strict=True))
        self.grow("PAD", paddings, like=self.last, shape=shape)

    def table(self) -> None:
        self.grow("LEAKY_RELU", shape=self.shape(), zero=-7, Alpha=0.2)

    def mean(self) -> None:
        axes = self.tensor((2,), "INT32", data=np.array([1, 2], np.int32))
        self.grow("MEAN", axes, shape=(1, self.shape()[3]), KeepDims=False)

    def flatten(self) -> None:
        self.grow("RESHAPE", like=self.last, shape=(1, int(np.prod(self.shape()))))

    def dense(self) -> None:
        inputs, outputs = self.shape()[-1], int(self.rng.integers(1, 9))
        constants = self.constants((outputs, inputs), 0)
        self.grow("FULLY_CONNECTED", *constants, shape=(1, outputs), zero=-128,
                  FusedActivationFunction=RELU)  # fmt: skip

    def file(self) -> bytes:
        return self.build([self.given], [self.last])


def network(seed: int) -> bytes:
    """A random one: convolutions and what lies between them, then layers that are fully connected."""
    net = Net(seed)
    parts = [net.conv, net.depthwise, net.pool, net.join, net.pad, net.table]
    net.conv()
    for _ in range(int(net.rng.integers(1, 6))):
        parts[int(net.rng.integers(len(parts)))]()
    net.rng.choice(np.array([net.mean, net.flatten], object))()
    for _ in range(int(net.rng.integers(1, 4))):
        net.dense()
    return net.file()


def test_random_networks_keep_every_byte_that_is_left(tmp_path: Path) -> None:
    models = [network(seed) for seed in range(NETWORKS)]
    programs: list[Program] = []
    for model in models:
        for board in (HOST, HOST_AS_DSP):
            programs.append(compile_model(model, f"m{len(programs)}", board=board))
    inputs = [random_inputs(program, 6, seed) for seed, program in enumerate(programs)]
    for number, results in enumerate(run_programs(programs, inputs, tmp_path)):
        found = differences(models[number // 2], programs[number], inputs[number], results)
        assert found == [], number // 2
    smaller = [program for program in programs if program.kept]
    assert len(smaller) > NETWORKS  # of twice as many
    assert all(0 <= program.macs < program.model_macs for program in smaller)
    assert all(program.macs == program.model_macs for program in programs if not program.kept)


def test_garbage_on_unread_channels_changes_nothing(tmp_path: Path) -> None:
    """The removed channels' own weights overwritten, every channel computed: the same outputs."""
    programs, chances = [], 0
    for seed in range(40):
        graph = read_graph(network(seed), "garbage")
        for graph_pass in EVERY_CHANNEL:
            graph = graph_pass(graph)
        spoilt, count = _with_garbage(graph, np.random.default_rng(seed))
        chances += count
        programs.append([
            compile_graph(given, HOST, prefix=f"m{seed}_{name}", passes=())
            for given, name in ((graph, "whole"), (spoilt, "spoilt"))
        ])  # fmt: skip
    assert chances > 30
    flat = [program for pair in programs for program in pair]
    inputs = [random_inputs(pair[0], 5, 1) for pair in programs for _ in pair]
    results = run_programs(flat, inputs, tmp_path)
    for before, after in zip(results[::2], results[1::2], strict=True):
        assert [output for _, output in before] == [output for _, output in after]


def _with_garbage(graph: Graph, rng: np.random.Generator) -> tuple[Graph, int]:
    """The graph with other weights for all channels that nobody needs and that are no constants."""
    ranges = channel_ranges(graph)
    needed = needed_channels(graph, ranges)
    tensors, count = list(graph.tensors), 0
    for operator in graph.operators:
        if operator.name != "CONV_2D":
            continue
        output = operator.outputs[0]
        unread = ~needed[output] & ~ranges[output].constant()
        weights = tensors[operator.inputs[1]]
        assert weights.data is not None
        data = weights.data.copy()
        data[unread] = rng.integers(-127, 128, data[unread].shape)
        tensors[weights.index] = replace(weights, data=data)
        count += int(np.count_nonzero(unread))
    return replace(graph, tensors=tuple(tensors)), count


def test_what_a_model_shows_keeps_its_channels() -> None:
    net = Net(0)
    net.conv(6)
    program = compile_model(net.file())
    assert program.kept == ()
    assert program.outputs[0].shape[-1] == 6


def test_a_constant_that_is_padded_with_something_else_stays() -> None:
    """At the edge of the image it would not count; without an edge it moves into the bias."""
    left = []
    for padding in (SAME, VALID):
        net = Net(1)
        bias = np.array([0, 10_000_000, 0, 0], np.int32)
        weights = np.ones((4, 1, 1, 3), np.int8)
        weights[1] = 0
        more = [
            net.tensor(weights.shape, "INT8", 0.01, 0, data=weights),
            net.tensor((4,), "INT32", 0.0005, 0, data=bias),
        ]
        steps = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}
        net.grow("CONV_2D", *more, shape=(1, 6, 7, 4), zero=3, Padding=VALID, **steps)
        size = (6, 7) if padding == SAME else (4, 5)
        last = net.tensor((2, 3, 3, 4), "INT8", 0.01, 0, data=np.full((2, 3, 3, 4), 5, np.int8))
        net.grow("CONV_2D", last, shape=(1, *size, 2), zero=3, Padding=padding, **steps)
        left.append(compile_model(net.file()).kept)
    assert left[0] == ()
    [kept] = left[1]
    assert (kept.of, kept.channels, kept.constant) == (4, (0, 2, 3), (1,))


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"the MLPerf Tiny models are not at {SHARED}")
def test_the_published_visual_wake_words_model_loses_half_of_its_work(tmp_path: Path) -> None:
    model = (SHARED / "vww_mobilenet_v1_025_96_int8.tflite").read_bytes()
    whole = compile_model(model, "whole", passes=EVERY_CHANNEL)
    smaller = compile_model(model, "smaller", passes=PASSES)
    assert whole.macs == smaller.model_macs == 7_489_664
    assert smaller.macs == 3_727_313
    assert smaller.arena_bytes <= whole.arena_bytes
    inputs = random_inputs(smaller, 20, seed=4)
    [results] = run_programs([smaller], [inputs], tmp_path, flags=("-O2",))
    assert differences(model, smaller, inputs, results) == []
