from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tflite_micro.python.tflite_micro import runtime

from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8, require_integer_tensors
from toolchain.errors import DataError, ModelError, NotQuantisedError, UnsupportedError
from toolchain.load.input_bytes import quantise_inputs
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import Samples

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def silent(share: float, words: str) -> None:
    pass


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    with tensorflow_noise_to(None):
        return import_stack("tf_keras")


@pytest.fixture(scope="module")
def network(tf_keras: Any) -> Any:
    """Open batch, Flatten, batch normalisation: what adds SHAPE or float operators when done carelessly."""
    layers = tf_keras.layers
    tf_keras.utils.set_random_seed(5)
    source = tf_keras.Input((8, 8, 2), name="odd-name.1")
    x = layers.Conv2D(8, 3, padding="same", use_bias=False)(source)
    x = layers.ReLU(6.0)(layers.BatchNormalization()(x))
    x = layers.BatchNormalization()(layers.DepthwiseConv2D(3, strides=2, padding="same")(x))
    x = layers.GlobalAveragePooling2D()(layers.LeakyReLU(0.1)(x))
    x = layers.BatchNormalization()(layers.Dense(16)(layers.Flatten()(x)))
    network = tf_keras.Model(source, layers.Dense(5, activation="softmax")(layers.ReLU()(x)), name="odd name")
    random = np.random.default_rng(0)
    network.set_weights(
        [random.uniform(0.05, 0.6, w.shape) - 0.2 * (w.ndim > 1) for w in network.get_weights()]
    )
    return network


@pytest.fixture(scope="module")
def samples() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(1).normal(size=(60, 8, 8, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def model_file(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(network, tmp_path_factory.mktemp("model"))


def saved(network: Any, folder: Path) -> Path:
    with tensorflow_noise_to(None):
        network.save(folder / "model.keras", save_format="keras")
    return folder / "model.keras"


def test_the_model_is_all_integer_with_a_batch_of_one_and_close_to_the_float_one(
    network: Any, model_file: Path, samples: np.ndarray[Any, np.dtype[np.float32]], tmp_path: Path
) -> None:
    heard: list[float] = []
    log = tmp_path / "log"
    model = convert_to_int8(model_file, samples, progress=lambda share, words: heard.append(share), log=log)
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    assert len(heard) == len(samples) + 2
    graph = read_graph(model, "odd")
    require_fully_integer(graph)
    assert {tensor.dtype for tensor in graph.tensors} == {"INT8", "INT32"}
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    assert (source.dtype, source.shape) == ("INT8", (1, 8, 8, 2))
    assert (result.dtype, result.shape) == ("INT8", (1, 5))
    names = [operator.name for operator in graph.operators]
    assert not {"SHAPE", "STRIDED_SLICE", "PACK", "QUANTIZE", "DEQUANTIZE", "MUL"} & set(names), names

    interpreter = runtime.Interpreter.from_bytes(model)
    rows = quantise_inputs(Samples(samples, None), source.dtype, source.quantisation, source.shape)
    assert result.quantisation is not None
    for sample, row in zip(samples[:20], rows, strict=False):
        interpreter.set_input(row.view(np.int8).reshape(source.shape), 0)
        interpreter.invoke()
        raw = interpreter.get_output(0).astype(np.float64)
        real = result.quantisation.scale * (raw - result.quantisation.zero_point)
        np.testing.assert_allclose(real, network(sample[np.newaxis]), atol=0.06)


def test_the_same_bytes_again_and_in_another_process(
    model_file: Path, samples: np.ndarray[Any, np.dtype[np.float32]], tmp_path: Path
) -> None:
    first = convert_to_int8(model_file, samples[:8], progress=silent)
    assert convert_to_int8(model_file, samples[:8], progress=silent) == first
    assert convert_to_int8(model_file, samples[8:16], progress=silent) != first
    np.save(tmp_path / "samples.npy", samples[:8])
    program = (
        "import sys; from pathlib import Path; import numpy\n"
        "from toolchain.convert.to_int8 import convert_to_int8\n"
        "model = convert_to_int8(Path(sys.argv[1]), numpy.load(sys.argv[2]), progress=lambda *told: None)\n"
        "sys.stdout.buffer.write(model)\n"
    )
    command = [sys.executable, "-c", program, str(model_file), str(tmp_path / "samples.npy")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=200, cwd=ROOT)
    assert done.stdout == first
    assert done.stderr == b"", "the conversion is not quiet"


def test_samples_that_cannot_calibrate(
    model_file: Path, samples: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    with pytest.raises(DataError, match="no samples to calibrate"):
        convert_to_int8(model_file, samples[:0], progress=silent)
    with pytest.raises(DataError, match=r"shape \(8, 2\), the model's input \(8, 8, 2\)"):
        convert_to_int8(model_file, samples[:, 0], progress=silent)
    with pytest.raises(DataError, match="NaN"):
        convert_to_int8(model_file, np.where(samples > 2, np.float32(np.nan), samples), progress=silent)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError("stop"), DataError("Enough.", "Go.")])
def test_what_progress_raises_comes_out(
    model_file: Path, samples: np.ndarray[Any, np.dtype[np.float32]], error: Any
) -> None:
    def interrupt(share: float, words: str) -> None:
        if words == "calibrating" and share > 0.3:
            raise error

    expected = error if isinstance(error, type) else type(error)
    with pytest.raises(expected) as caught:
        convert_to_int8(model_file, samples, progress=interrupt)
    assert caught.type is expected


def test_an_operation_tflite_does_not_have_is_named(
    tf_keras: Any, tmp_path: Path, samples: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    source = tf_keras.Input((4,))
    tensorflow = import_stack("tensorflow")

    class Digamma(tf_keras.layers.Layer):  # type: ignore[misc]
        def call(self, inputs: Any) -> Any:
            return tensorflow.math.digamma(inputs)

    network = tf_keras.Model(source, Digamma()(source))
    with tensorflow_noise_to(None):
        network.save(tmp_path / "folder", save_format="tf")
    with pytest.raises(UnsupportedError, match="Digamma"):
        convert_to_int8(tmp_path / "folder", samples[:, 0, :2].reshape(-1, 4), progress=silent)


def test_several_inputs_keep_their_order(tf_keras: Any, tmp_path: Path) -> None:
    inputs = [tf_keras.Input((4 + number,), name=name) for number, name in enumerate("zmxa")]
    network = tf_keras.Model(inputs, tf_keras.layers.Concatenate()(inputs))
    file = saved(network, tmp_path)
    with pytest.raises(DataError, match="has 4 inputs, the data gives 1"):
        convert_to_int8(file, np.zeros((3, 4), np.float32), progress=silent)
    arrays = [np.full((3, 4 + number), 10.0**number, np.float32) for number in range(4)]
    graph = read_graph(convert_to_int8(file, arrays, progress=silent), "several")
    assert [graph.tensors[index].shape for index in graph.inputs] == [(1, 4 + number) for number in range(4)]


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"none")
    with pytest.raises(ModelError, match="cannot be loaded"):
        convert_to_int8(tmp_path / "model.keras", np.zeros((3, 4), np.float32), progress=silent)


def test_a_tensor_that_stayed_float_is_found(
    network: Any, samples: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    with tensorflow_noise_to(None):
        tensorflow = import_stack("tensorflow")
        tf_keras = import_stack("tf_keras")
        renamed = tf_keras.Model(network.inputs, network.outputs, name="plain")
        converter = tensorflow.lite.TFLiteConverter.from_keras_model(renamed)
        plain = converter.convert()
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
        dynamic_range = converter.convert()
        converter.representative_dataset = lambda: ([sample[np.newaxis]] for sample in samples)
        float_ends = converter.convert()
    for model in (plain, dynamic_range, float_ends):
        with pytest.raises(NotQuantisedError, match="stayed FLOAT32"):
            require_integer_tensors(model)
