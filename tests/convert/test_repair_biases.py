"""A bias in a scale that no kernel would take it in is brought into the right one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

from toolchain.convert.read_tflite import read_graph
from toolchain.convert.repair_biases import repair_biases
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.errors import ModelError
from toolchain.network_file import save_network
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    with tensorflow_noise_to(None):
        tf_keras = import_stack("tf_keras")
        tf_keras.utils.set_random_seed(3)
        layers = tf_keras.layers
        source = tf_keras.Input((6, 6, 2))
        x = layers.Conv2D(4, 3, name="conv", bias_initializer="random_uniform")(source)
        x = layers.DepthwiseConv2D(3, name="depthwise", bias_initializer="random_uniform")(x)
        x = layers.Dense(5, name="dense", bias_initializer="random_uniform")(layers.Flatten()(x))
        file = tmp_path_factory.mktemp("model") / "m.keras"
        save_network(tf_keras.Model(source, x), file)
    samples = np.random.default_rng(0).normal(size=(30, 6, 6, 2)).astype(np.float32)
    return convert_to_int8(file, samples, progress=lambda share, words: None)


def damaged(model: bytes, factor: float, *, scale_alone: bool = False) -> bytes:
    """Every bias in a scale `factor` times the right one, as the converter writes them at times."""
    files: Any = import_stack("tensorflow.lite.tools.flatbuffer_utils")
    root = files.convert_bytearray_to_object(model)
    graph = root.subgraphs[0]
    for operator in graph.operators:
        if len(operator.inputs) > 2:
            bias = graph.tensors[operator.inputs[2]]
            values = root.buffers[bias.buffer].data.tobytes()
            scaled = np.round(np.frombuffer(values, "<i4") / (1.0 if scale_alone else factor)).astype("<i4")
            root.buffers[bias.buffer].data = np.frombuffer(scaled.tobytes(), np.uint8)
            bias.quantization.scale = np.asarray(bias.quantization.scale) * np.float32(factor)
    return bytes(files.convert_object_to_bytearray(root))


def answers(model: bytes) -> np.ndarray[Any, Any]:
    interpreter = runtime.Interpreter.from_bytes(model)
    random, found = np.random.default_rng(5), []
    for _ in range(40):
        interpreter.set_input(random.integers(-128, 128, (1, 6, 6, 2), np.int8), 0)
        interpreter.invoke()
        found.append(np.asarray(interpreter.get_output(0)).astype(int))
    return np.concatenate(found)


def test_right_biases_stay_as_they_are(model: bytes) -> None:
    assert repair_biases(model) == model


@pytest.mark.parametrize("factor", [0.15, 4.0])
def test_wrong_ones_become_right(model: bytes, factor: float, tmp_path: Path) -> None:
    wrong = damaged(model, factor)
    assert np.abs(answers(wrong) - answers(model)).max() > 3, "the damage is none"
    repaired = repair_biases(wrong)
    assert np.abs(answers(repaired) - answers(model)).max() <= 1
    graph = read_graph(repaired, "repaired")
    seen = 0
    for operator in graph.operators:
        if len(operator.inputs) > 2:
            source, weights, bias = (graph.tensors[i].quantisation for i in operator.inputs)
            assert source is not None
            assert weights is not None
            assert bias is not None
            np.testing.assert_allclose(bias.scales, np.asarray(weights.scales) * source.scales[0], rtol=1e-5)
            seen += 1
    assert seen == 3


def test_a_bias_that_would_not_fit_is_refused(model: bytes) -> None:
    with pytest.raises(ModelError, match="does not fit into 32 bits"):
        repair_biases(damaged(model, 1e9, scale_alone=True))
