"""An LSTM's ranges are those of single sequences, however they are chosen, and its output is in its scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolchain.convert.calibrate_from_zero import begins_at_zero
from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.load.input_bytes import quantise_inputs
from toolchain.simulate.oracle import Oracle
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.settings import ConvertSettings

pytestmark = pytest.mark.slow

STEPS, UNITS = 4, 3


@pytest.fixture(scope="module")
def samples() -> Any:
    return np.random.default_rng(0).uniform(-1, 1, (50, STEPS, 2)).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> Any:
    """An LSTM that forgets nothing and counts its steps: after four its cell is at 3.7 or so."""
    with tensorflow_noise_to(None):
        tf_keras = import_stack("tf_keras")
        tf_keras.utils.set_random_seed(1)
        layers = tf_keras.layers
        given = tf_keras.Input((STEPS, 2))
        lstm = layers.LSTM(UNITS, name="lstm")
        network = tf_keras.Model(given, layers.Dense(2, name="dense")(lstm(given)))
        kernel, recurrent, _ = lstm.get_weights()
        # Gates: input and forget open, the cell's candidate at tanh(2), the output as it comes.
        bias = np.repeat(np.array([4.0, 8.0, 2.0, 0.0], np.float32), UNITS)
        lstm.set_weights([kernel * 0.3, recurrent * 0.3, bias])
    return network


@pytest.mark.parametrize("choice", ["min-max", "percentile", "mse"])
def test_the_state_is_that_of_one_sample(tmp_path: Path, network: Any, samples: Any, choice: str) -> None:
    with tensorflow_noise_to(None):
        network.save(tmp_path / "model.keras", save_format="keras")
    settings = ConvertSettings.model_validate({"range": choice})
    model = convert_to_int8(
        tmp_path / "model.keras", samples, settings=settings, progress=lambda share, words: None
    )
    graph = read_graph(model, "lstm")
    operator = next(item for item in graph.operators if item.name == "UNIDIRECTIONAL_SEQUENCE_LSTM")
    hidden, cell, output = (
        graph.tensors[index].quantisation
        for index in (operator.inputs[18], operator.inputs[19], operator.outputs[0])
    )
    assert cell is not None
    # Below 4 in 15 bits.  In one stream of all samples it came to 10, where the converter clips it.
    assert cell.scales[0] == 2.0**-13
    assert hidden == output

    source = graph.tensors[graph.inputs[0]]
    rows = quantise_inputs(Samples(samples, None), source.dtype, source.quantisation, source.shape)
    bytes_out = Oracle(model).run(rows, reset_each=True).view(np.int8).astype(np.float32)
    made = graph.tensors[graph.outputs[0]].quantisation
    assert made is not None
    real = (bytes_out - made.zero_points[0]) * made.scales[0]
    wanted = np.asarray(network(samples))
    assert np.abs(real - wanted).max() < 0.05 * np.abs(wanted).max()


def test_a_stateful_layer_keeps_its_stream(network: Any) -> None:
    tf_keras = import_stack("tf_keras")
    assert begins_at_zero(network)
    given = tf_keras.Input((STEPS, 2), batch_size=1)
    assert not begins_at_zero(tf_keras.Model(given, tf_keras.layers.LSTM(2, stateful=True)(given)))
    assert not begins_at_zero(tf_keras.Model(given, tf_keras.layers.Dense(2)(given)))
