"""Int16 activations: golden C, what is refused, sanitizers, and a model as the converter writes it.

After a wanted change: CHIPCAST_WRITE_GOLDEN=1 pytest tests/compile/test_16x8.py, then read the diff.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.flatbuffer_builder import BuiltTensor, ModelBuilder
from tests.host_runner import compile_model, differences, has, random_inputs, run_programs
from tests.random_16x8_networks import STEPS, random_16x8_network, single_operator_16x8_network
from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import UnsupportedError
from toolchain.render.model_source import render_model
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

GOLDEN = Path(__file__).parent / "golden_16x8"


def file_name(step: str) -> str:
    return f"{step.lower().replace(' ', '_')}.c"


@pytest.mark.parametrize("name", STEPS)
def test_generated_c_is_the_golden(name: str) -> None:
    program = compile_model(single_operator_16x8_network(name, seed=7), name=name.lower())
    source = render_model(program)["model_model.c"]
    file = GOLDEN / file_name(name)
    if os.environ.get("CHIPCAST_WRITE_GOLDEN"):
        GOLDEN.mkdir(exist_ok=True)
        file.write_text(source)
    assert source == file.read_text()


def test_every_golden_has_its_operator() -> None:
    assert {path.name for path in GOLDEN.glob("*.c")} == {file_name(name) for name in STEPS}


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_networks_are_clean_under_the_sanitizers(compiler: str, tmp_path: Path) -> None:
    if not has(compiler):
        pytest.skip(f"{compiler} is not installed")
    models = [random_16x8_network(seed, 8) for seed in range(40)]
    programs = [compile_model(model, f"m{seed}") for seed, model in enumerate(models)]
    inputs = [random_inputs(program, 2, seed) for seed, program in enumerate(programs)]
    flags = ("-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
    results = run_programs(programs, inputs, tmp_path, compiler=compiler, flags=flags)
    for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
        assert differences(model, program, rows, result) == []


def test_int16_tensors_lie_at_even_addresses() -> None:
    for seed in range(60):
        model = random_16x8_network(seed, 8)
        program, graph = compile_model(model), read_graph(model, "test")
        for buffer in program.arena:
            if buffer.tensor is not None and graph.tensors[buffer.tensor].dtype == "INT16":
                assert buffer.offset % 2 == 0, (seed, buffer)


def one_layer(
    name: str,
    change: Callable[[dict[str, BuiltTensor]], None],
    **options: object,
) -> bytes:
    """`name` on a (1, 2, 2, 2) int16 tensor, with weights and an int64 bias where it has them."""
    builder = ModelBuilder()
    source = builder.tensor((1, 2, 2, 2), "INT16", 2.0**-12, 0)
    inputs = [source]
    axis = 3 if name == "DEPTHWISE_CONV_2D" else 0
    if "CONV" in name or name == "FULLY_CONNECTED":
        shape = (2, 8) if name == "FULLY_CONNECTED" else (1, 1, 1, 2) if axis else (2, 1, 1, 2)
        inputs.append(builder.tensor(shape, "INT8", [2.0**-7], 0, axis=axis, data=np.ones(shape)))
        inputs.append(builder.tensor((2,), "INT64", [2.0**-19], 0, data=np.ones(2)))
    output_shape = (1, 2) if name == "FULLY_CONNECTED" else (1, 2, 2, 2)
    output = builder.tensor(output_shape, "INT16", 2.0**-15, 0)
    names = ("source", "weights", "bias")
    tensors = {key: builder.tensors[t] for key, t in zip(names, inputs, strict=False)}
    change({**tensors, "output": builder.tensors[output]})
    builder.operator(name, inputs, [output], **options)
    return builder.build([source], [output])


def setting(key: str, **values: object) -> Callable[[dict[str, BuiltTensor]], None]:
    def change(tensors: dict[str, BuiltTensor]) -> None:
        for name, value in values.items():
            setattr(tensors[key], name, value)

    return change


STRIDES = {"StrideH": 1, "StrideW": 1, "Padding": 1}
CONV = {**STRIDES, "DilationHFactor": 1, "DilationWFactor": 1}


@pytest.mark.parametrize(
    ("name", "change", "options", "words"),
    [
        ("CONV_2D", setting("source", zero_points=[1]), CONV, "has the zero point 1"),
        ("CONV_2D", setting("output", dtype="INT8"), CONV, "is INT16, not INT8"),
        ("CONV_2D", setting("bias", dtype="INT16"), CONV, "no int32 or int64 constant"),
        ("CONV_2D", setting("bias", shape=(1,), data=np.ones(1)), CONV, "1 values for 2 channels"),
        ("CONV_2D", setting("bias", data=np.array([2**47, 0])), CONV, "can exceed 48 bits"),
        ("CONV_2D", setting("bias", data=np.array([-(2**63), 0])), CONV, "can exceed 48 bits"),
        ("CONV_2D", setting("output", scales=[2.0**-28]), CONV, r"a factor of 2\*\*9 or more"),
        ("FULLY_CONNECTED", setting("output", scales=[2.0**-28]), {}, r"scale of its bias|factor of 2\*\*9"),
        (
            "DEPTHWISE_CONV_2D",
            setting("bias", dtype="INT32"),
            {**CONV, "DepthMultiplier": 1},
            "no int64 constant",
        ),
        ("LOGISTIC", setting("output", scales=[2.0**-14]), {}, "its output has the scale"),
        ("LOGISTIC", setting("source", scales=[3.0]), {}, "its input has the scale 3"),
        ("TANH", setting("output", scales=[1.01 * 2.0**-15]), {}, "its output has the scale"),
        ("TANH", setting("source", scales=[2.0**-60]), {}, "its input has the scale"),
        ("SOFTMAX", setting("output", scales=[2.0**-16]), {"Beta": 1.0}, "its output has the scale"),
        ("SOFTMAX", setting("source", scales=[6.0]), {"Beta": 1.0}, "beta times its input's scale is 6"),
        ("SOFTMAX", setting("source", scales=[1.0]), {"Beta": -1.0}, "beta times its input's scale is -1"),
        ("ABS", setting("source"), {}, "is INT16, not INT8"),
    ],
)
def test_what_the_reference_does_not_define_is_refused(
    name: str, change: Callable[[dict[str, BuiltTensor]], None], options: dict[str, object], words: str
) -> None:
    with pytest.raises(UnsupportedError, match=words):
        compile_model(one_layer(name, change, **options))


def test_long_averages_are_refused() -> None:
    builder = ModelBuilder()
    source = builder.tensor((1, 300, 300, 1), "INT16", 0.5, 0)
    output = builder.tensor((1, 1, 1, 1), "INT16", 0.5, 0)
    sizes = {"FilterHeight": 300, "FilterWidth": 300, "StrideH": 1, "StrideW": 1, "Padding": 1}
    builder.operator("AVERAGE_POOL_2D", [source], [output], **sizes)
    with pytest.raises(UnsupportedError, match="it averages 90000 values"):
        compile_model(builder.build([source], [output]))


def converted() -> bytes:
    """A small convolutional network, quantised to 16x8 by TensorFlow's converter."""
    with tensorflow_noise_to(None):
        tensorflow, keras = import_stack("tensorflow"), import_stack("tf_keras")
        keras.utils.set_random_seed(1)
        layers = keras.layers
        image = keras.Input((12, 12, 2), batch_size=1)
        x = layers.Conv2D(8, 3, padding="same", activation="relu")(image)
        x = layers.DepthwiseConv2D(3, strides=2, padding="same", activation="relu6")(x)
        side = layers.Conv2D(8, 1, activation="tanh")(x)
        x = layers.Add()([x, side])
        x = layers.Multiply()([x, layers.Conv2D(8, 1, activation="sigmoid")(x)])
        x = layers.Concatenate()([layers.MaxPool2D(2)(x), layers.AveragePooling2D(2)(x)])
        x = layers.ZeroPadding2D(1)(x)
        x = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
        outputs = layers.Dense(5, activation="softmax")(layers.Flatten()(x))
        model = keras.Model(image, outputs)
        samples = np.random.default_rng(2).normal(size=(30, 1, 12, 12, 2)).astype(np.float32)
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample] for sample in samples)
        sets = tensorflow.lite.OpsSet
        converter.target_spec.supported_ops = [
            sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
        converter.inference_input_type = converter.inference_output_type = tensorflow.int16
        return bytes(converter.convert())


@pytest.mark.slow
def test_a_converted_model_gives_the_oracles_bytes(tmp_path: Path) -> None:
    model = converted()
    graph = read_graph(model, "converted")
    require_fully_integer(graph)
    names = {operator.name for operator in graph.operators}
    assert {"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "FULLY_CONNECTED", "SOFTMAX"} <= names
    program = compile_model(model)
    assert {port.dtype for port in (*program.inputs, *program.outputs)} == {"INT16"}
    rows = random_inputs(program, 50, 3)
    (results,) = run_programs([program], [rows], tmp_path)
    assert differences(model, program, rows, results) == []
