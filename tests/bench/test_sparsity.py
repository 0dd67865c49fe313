"""What zeros buy is what was estimated, and never less than nothing: counted on the simulated Cortex-M4."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import tflite

from tests.bench.cost import ModelCost, cost_of
from tests.bench.sparsity import costs_no_more
from tests.host_runner import HOST_AS_DSP, has
from tests.operators.usual_layers import weighted
from tests.pruned_model import in_blocks, pruned, unstructured
from tests.random_networks import RandomNetwork
from toolchain import paths, process
from toolchain.compile.core_features import Target, core_features
from toolchain.compile.kernel_choice import ESTIMATES_ERR
from toolchain.compile.layer_view import LayerView
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.passes.order import PASSES
from toolchain.convert.read_tflite import read_graph

pytestmark = [
    pytest.mark.simulator,
    pytest.mark.skipif(
        not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
        reason="no arm-none-eabi-gcc or qemu-system-arm",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def core_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PlatformIO's folder for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIPCAST_CORE_DIR", str(tmp_path_factory.mktemp("core")))
        yield


def network() -> bytes:
    """A convolution of 3x3, one of 3x3 at stride 2, one of one tap, and layers that are fully connected."""
    net = RandomNetwork(3)
    net.last = net.activation_tensor((1, 12, 12, 16))
    net.inputs.append(net.last)
    for kernel, stride, channels, size in ((3, 1, 32, 12), (3, 2, 48, 6), (1, 1, 64, 6)):
        shape = (channels, kernel, kernel, net.shape(net.last)[3])
        inputs, output, activation = weighted(net, shape, (1, size, size, channels))
        net.builder.operator("CONV_2D", inputs, [output], Padding=tflite.Padding.SAME, StrideH=stride,
                             StrideW=stride, DilationHFactor=1, DilationWFactor=1,
                             FusedActivationFunction=activation)  # fmt: skip
        net.last = output
    flat = net.like((1, 6 * 6 * 64), net.last)
    net.builder.operator("RESHAPE", [net.last, net.constant([1, 6 * 6 * 64])], [flat])
    net.last = flat
    for outputs in (24, 40):
        taps = net.shape(net.last)[1]
        inputs, output, activation = weighted(net, (outputs, taps), (1, outputs))
        net.builder.operator("FULLY_CONNECTED", inputs, [output], FusedActivationFunction=activation)
        net.last = output
    return net.builder.build(net.inputs, [net.last])


def test_estimates_are_what_is_counted_and_no_pruned_model_costs_more(tmp_path: Path) -> None:
    dense = network()
    costs = {"dense": cost_of(dense, "dense", tmp_path / "dense", passes=PASSES)}
    forms: set[str] = set()
    for name, zeros in {"blocks": in_blocks(0.7), "single": unstructured(0.94)}.items():
        model = pruned(dense, zeros)
        costs[name] = cost_of(model, name, tmp_path / name, passes=PASSES)
        assert costs_no_more(costs[name], costs["dense"]), costs[name]
        assert costs[name].arena_bytes <= costs["dense"].arena_bytes
        forms |= check_estimates(model, costs[name])
    assert forms == {
        "conv_2d_sparse_blocks_s8_dsp",
        "fully_connected_sparse_blocks_s8_dsp",
        "conv_2d_sparse_s8_dsp",
        "fully_connected_sparse_s8_dsp",
    }


def check_estimates(model: bytes, cost: ModelCost) -> set[str]:
    """Of every layer whose weights are packed; the kernels of these."""
    graph, target, found = read_graph(model, "pruned"), Target(core_features(HOST_AS_DSP), "speed"), set()
    for graph_pass in PASSES:
        graph = graph_pass(graph)
    for layer in cost.layers:
        operator = next(op for op in graph.operators if graph.tensors[op.outputs[0]].name == layer.name)
        for form in OPERATORS[operator.name].forms:
            candidate = form.propose(LayerView(graph, operator), target)
            if "sparse" in layer.form and form.kernel == layer.form and not isinstance(candidate, str):
                assert candidate.instructions is not None
                for counted, estimated in (
                    (layer.cycles, candidate.cycles),
                    (layer.instructions, candidate.instructions),
                ):
                    assert counted / ESTIMATES_ERR < estimated < counted * ESTIMATES_ERR, layer
                found.add(form.kernel)
    return found


@pytest.mark.parametrize("operator", ["CONV_2D", "FULLY_CONNECTED"])
def test_code_is_no_larger_than_what_packed_weights_have_to_pay_for(operator: str, tmp_path: Path) -> None:
    forms = [form for form in OPERATORS[operator].forms if form.code_bytes]
    assert {"sparse" in form.kernel for form in forms} == {True, False}
    for form in forms:
        # What goes with the dense kernel is told low, what comes with the sparse one high.
        assert (_code_bytes(form.kernel, tmp_path) <= form.code_bytes) == ("sparse" in form.kernel), (
            form.kernel
        )


def _code_bytes(kernel: str, folder: Path) -> int:
    source, target = paths.kernels() / f"{kernel}.c", folder / f"{kernel}.o"
    compiled = process.run(
        ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-std=c99", "-O3", "-c", "-o", target, source],
        timeout=60,
    )
    assert compiled.exit_code == 0, compiled.tail(40)
    told = process.run(["arm-none-eabi-size", target], timeout=20)
    return int(told.stdout.splitlines()[1].split()[0])
