"""What is decided of a model for TensorFlow Lite Micro: nothing is run here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import tflite

from tests.corridor.models import int8_classifier
from tests.flatbuffer_builder import ModelBuilder
from toolchain.compile.interpret_graph import interpret_graph
from toolchain.compile.tflm_operators import INT8_REGISTRATIONS, RESOLVER_METHODS
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import UnsupportedError
from toolchain.load.board import load_board
from toolchain.render.model_source import render_model
from toolchain.render.project_files import project_files
from toolchain.vocabulary.engine import TflmLibrary
from toolchain.vocabulary.layers import facts_of
from toolchain.vocabulary.program import Program

LIBRARY = TflmLibrary("symlink:///somewhere", ("-DCMSIS_NN",), "/somewhere")
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"


def interpreted(model: bytes) -> Program:
    graph = read_graph(model, "a model")
    macs = [1] * len(graph.operators)
    return interpret_graph(graph, macs, LIBRARY, prefix="model", arena_bytes=4096, optimise_for="speed")


def two_inputs(operator: str) -> bytes:
    builder = ModelBuilder()
    left, right = builder.tensor((1, 4), "INT8", 0.1, 0), builder.tensor((1, 4), "INT8", 0.1, 0)
    out = builder.tensor((1, 4), "INT8", 0.1, 0)
    builder.operator(operator, [left, right], [out])
    return builder.build([left, right], [out])


def test_exactly_the_models_operators_are_registered() -> None:
    program = interpreted(int8_classifier())
    assert program.interpreted is not None
    methods = [registration.method for registration in program.interpreted.registrations]
    assert methods == ["AddConv2D", "AddFullyConnected", "AddReshape", "AddSoftmax"]
    int8 = [registration.int8_only for registration in program.interpreted.registrations]
    assert int8 == ["CONV_2D", "FULLY_CONNECTED", None, "SOFTMAX"]
    source = render_model(program)["model_model.cc"]
    assert "MicroMutableOpResolver<4>" in source
    assert source.count("resolver->Add") == 7  # one with a variant for int8 alone stands there twice


def test_an_operator_that_the_interpreter_lacks_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedError, match="TensorFlow Lite Micro has no POW"):
        interpreted(two_inputs("POW"))


def test_every_method_is_of_an_operator_of_the_schema() -> None:
    operators = vars(tflite.BuiltinOperator)
    assert set(RESOLVER_METHODS) <= operators.keys()
    assert RESOLVER_METHODS.keys() >= INT8_REGISTRATIONS
    assert len(set(RESOLVER_METHODS.values())) == len(RESOLVER_METHODS)


def test_layers_and_ports_are_the_model_files() -> None:
    facts = facts_of(interpreted(int8_classifier()))
    assert facts.engine == "tflm"
    assert [layer.op for layer in facts.layers] == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]
    assert [len(layer.inputs) for layer in facts.layers] == [1, 1, 1, 1]
    assert all(len(layer.outputs) == 1 for layer in facts.layers)
    assert (facts.inputs[0].bytes, facts.outputs[0].bytes) == (36, 3)
    assert (facts.state_bytes, facts.buffers) == (0, ())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the models of MLPerf Tiny are not there")
def test_the_most_that_is_live_at_once() -> None:
    """As counted in TensorFlow Lite Micro's own plans of these models."""
    names = ("kws_ref_model_int8", "ic_resnet8_int8", "vww_mobilenet_v1_025_96_int8", "ad_autoencoder_int8")
    found = [interpreted((SHARED / f"{name}.tflite").read_bytes()).arena_lower_bound_bytes for name in names]
    assert found == [16_000, 49_152, 55_296, 768]


@pytest.mark.parametrize("name", ["model_model.cc", "model_model.h"])
def test_the_generated_source_is_the_golden_one(name: str) -> None:
    """Run with CHIPCAST_WRITE_GOLDEN=1 to write it anew, and read the difference."""
    golden = Path(__file__).parent / "golden_tflm" / name
    text = render_model(interpreted(int8_classifier()))[name]
    if os.environ.get("CHIPCAST_WRITE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def test_what_varies_between_firmwares_does_not_compile_the_library_anew() -> None:
    """Flags for all take part in every object; those of src/ do not."""

    def flags_for_all(*, per_layer_timing: bool, arena_probe: bool) -> str:
        files = project_files(
            interpreted(int8_classifier()),
            load_board("sim_cortex_m4"),
            {},
            per_layer_timing=per_layer_timing,
            arena_probe=arena_probe,
        )
        return files["platformio.ini"].decode().partition("build_flags =")[2].partition("lib_deps")[0]

    assert "-DTF_LITE_STATIC_MEMORY" in flags_for_all(per_layer_timing=False, arena_probe=False)
    assert (
        len({flags_for_all(per_layer_timing=a, arena_probe=b) for a in (True, False) for b in (True, False)})
        == 1
    )
