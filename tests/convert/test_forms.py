"""What a trained model can be converted to, and how its value ranges are chosen: effects, on real data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from pydantic import ValidationError

from tests.digits_network import digits, trained_on_digits
from tests.host_runner import compile_model
from toolchain.convert.calibration_samples import calibration_rows
from toolchain.convert.check_int8 import require_fully_integer
from toolchain.convert.other_forms import Form, convert_to_form, run_form
from toolchain.convert.read_tflite import read_graph
from toolchain.convert.to_int8 import convert_to_int8
from toolchain.convert.value_ranges import Histogram, least_error_range, percentile_range
from toolchain.errors import DataError, ModelError, NotQuantisedError
from toolchain.load.input_bytes import quantise_inputs
from toolchain.network_file import save_network
from toolchain.optimise.metric import Metric
from toolchain.simulate.oracle import Oracle
from toolchain.tensorflow_import import import_stack, tensorflow_noise_to
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.settings import ConvertSettings

Values = npt.NDArray[np.float32]


def silent(share: float, words: str) -> None:
    pass


@pytest.fixture(scope="module")
def network() -> Any:
    return trained_on_digits()


@pytest.fixture(scope="module")
def model_file(network: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("model") / "digits.keras"
    with tensorflow_noise_to(None):
        save_network(network, file)
    return file


@pytest.fixture(scope="module")
def calibration() -> Values:
    train = digits().train
    assert train is not None
    return np.asarray(train.inputs[:100], np.float32)


def accuracy_of(model: bytes, samples: Samples) -> float:
    """Of an integer model, by TensorFlow Lite Micro."""
    graph = read_graph(model, "digits")
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    rows = quantise_inputs(samples, source.dtype, source.quantisation, source.shape)
    raw = Oracle(model).run(rows).view(np.dtype(result.dtype.lower()).newbyteorder("<"))
    return float(np.mean(raw.argmax(axis=1) == samples.labels))


@pytest.mark.slow
def test_int8_has_nothing_else_from_end_to_end_and_is_as_good(
    network: Any, model_file: Path, calibration: Values
) -> None:
    model = convert(model_file, calibration)
    graph = read_graph(model, "int8")
    require_fully_integer(graph)
    assert {t.dtype for t in graph.tensors if not t.is_constant} == {"INT8"}
    kernels = [t for t in graph.tensors if t.is_constant and len(t.shape) > 1]
    assert {tensor.dtype for tensor in kernels} == {"INT8"}
    test = digits().test
    score = Metric()(network, test)
    assert score is not None
    assert accuracy_of(model, test) == pytest.approx(score.value, abs=0.015)


@pytest.mark.slow
def test_16x8_has_int16_activations_over_int8_weights_and_runs(
    network: Any, model_file: Path, calibration: Values
) -> None:
    model = convert_to_int8(
        model_file, calibration, settings=ConvertSettings(activations="int16"), progress=silent
    )
    graph = read_graph(model, "wide")
    require_fully_integer(graph)
    for operator in graph.operators:
        assert {graph.tensors[i].dtype for i in operator.outputs} == {"INT16"}
    kernels = [t for t in graph.tensors if t.is_constant and len(t.shape) > 1]
    assert {tensor.dtype for tensor in kernels} == {"INT8"}
    assert compile_model(model).macs == 64 * 12 * 9 + 192 * 10
    test = digits().test
    score = Metric()(network, test)
    assert score is not None
    assert accuracy_of(model, test) == pytest.approx(score.value, abs=0.004)
    # 65,536 steps: nearer to the float model than int8 is.
    assert _error(network, model) < _error(network, convert(model_file, calibration)) / 3


def convert(model_file: Path, calibration: Values, **settings: Any) -> bytes:
    return convert_to_int8(model_file, calibration, settings=ConvertSettings(**settings), progress=silent)


def _error(network: Any, model: bytes) -> float:
    """Mean squared distance of the probabilities to the float model's, on the first 100 test digits."""
    graph = read_graph(model, "digits")
    source, result = graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]
    inputs = digits().test.inputs[:100]
    rows = quantise_inputs(Samples(inputs, None), source.dtype, source.quantisation, source.shape)
    raw = Oracle(model).run(rows).view(np.dtype(result.dtype.lower()).newbyteorder("<")).astype(np.float64)
    assert result.quantisation is not None
    real = (raw - result.quantisation.zero_point) * result.quantisation.scale
    return float(np.mean(np.square(real - np.asarray(network(inputs)))))


@pytest.mark.slow
def test_an_outlier_does_not_make_every_step_coarse(
    network: Any, model_file: Path, calibration: Values
) -> None:
    spoilt = calibration.copy()
    spoilt[0, 0, 0, 0] = 20.0  # one pixel of 6,400, all others are 0…1
    plain = convert(model_file, spoilt)
    chosen = convert(model_file, spoilt, range="percentile", percentile=99.9)
    assert _input_scale(plain) == pytest.approx(20 / 255, rel=0.01)
    assert _input_scale(chosen) < _input_scale(plain) / 10
    assert _error(network, chosen) < _error(network, plain) / 2


@pytest.mark.slow
def test_the_least_error_is_found_where_tails_are_long(model_file: Path) -> None:
    tailed = np.random.default_rng(0).laplace(size=(1000, 8, 8, 1)).astype(np.float32)
    errors = {}
    for choice in ("min-max", "mse"):
        scale = _input_scale(convert(model_file, tailed, range=choice))
        # The zero point lies in the middle of so symmetric a range, within a few steps.
        errors[choice] = np.mean(np.square(np.clip(np.round(tailed / scale), -128, 127) * scale - tailed))
    assert errors["mse"] < 0.9 * errors["min-max"]


@pytest.mark.slow
@pytest.mark.parametrize("choice", ["percentile", "mse"])
def test_without_outliers_nothing_is_lost(model_file: Path, calibration: Values, choice: str) -> None:
    wanted = accuracy_of(convert(model_file, calibration), digits().test)
    assert accuracy_of(convert(model_file, calibration, range=choice), digits().test) >= wanted - 0.01


def _input_scale(model: bytes) -> float:
    graph = read_graph(model, "digits")
    quantisation = graph.tensors[graph.inputs[0]].quantisation
    assert quantisation is not None
    return quantisation.scale


@pytest.mark.slow
def test_with_all_values_inside_it_is_what_the_converter_makes(
    model_file: Path, calibration: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way by two halves changes nothing but the ranges."""
    monkeypatch.setattr(
        "toolchain.convert.value_ranges.least_error_range", lambda histogram: (histogram.low, histogram.high)
    )
    ours = read_graph(convert(model_file, calibration, range="mse"), "ours")
    theirs = read_graph(convert(model_file, calibration), "theirs")
    assert [operator.name for operator in ours.operators] == [o.name for o in theirs.operators]
    for mine, other in zip(ours.tensors, theirs.tensors, strict=True):
        assert (mine.shape, mine.dtype, mine.quantisation) == (other.shape, other.dtype, other.quantisation)
        assert mine.is_constant == other.is_constant
        assert np.array_equal(np.asarray(mine.data), np.asarray(other.data))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "weights", "largest_share"),
    [("float32", "FLOAT32", 1.0), ("float16", "FLOAT16", 0.7), ("dynamic-range", "INT8", 0.5)],
)
def test_other_forms_are_as_good_but_run_on_no_target(
    network: Any, model_file: Path, form: Form, weights: str, largest_share: float
) -> None:
    model = convert_to_form(model_file, form)
    graph = read_graph(model, form)
    # The smallest tensors stay as they are: the converter leaves fewer than 1,024 values alone.
    dense = max((t for t in graph.tensors if t.is_constant), key=lambda tensor: tensor.elements)
    assert dense.dtype == weights
    assert len(model) <= largest_share * len(convert_to_form(model_file, "float32"))
    with pytest.raises(NotQuantisedError):
        require_fully_integer(graph)
    test = digits().test
    score, wanted = (
        Metric().of(run_form(model, [np.asarray(test.inputs, np.float32)]), test),
        Metric()(network, test),
    )
    assert score is not None
    assert wanted is not None
    assert score.value == pytest.approx(wanted.value, abs=0.01)


@pytest.mark.slow
def test_other_forms_of_several_inputs_take_them_in_the_models_order(tmp_path: Path) -> None:
    with tensorflow_noise_to(None):
        tf_keras = import_stack("tf_keras")
        inputs = [tf_keras.Input((3,), name=name) for name in ("z", "a", "m")]
        joined = tf_keras.layers.Concatenate()([inputs[2], inputs[0], inputs[1]])
        save_network(tf_keras.Model(inputs, tf_keras.layers.Reshape((9,))(joined)), tmp_path / "three.keras")
    arrays = [np.full((2, 3), value, np.float32) for value in (1, 2, 3)]
    outputs = run_form(convert_to_form(tmp_path / "three.keras", "float32"), arrays)
    assert outputs.tolist() == [[3, 3, 3, 1, 1, 1, 2, 2, 2]] * 2


@pytest.mark.slow
def test_what_the_converter_cannot_do_is_refused_with_the_reason(
    network: Any, model_file: Path, calibration: Values, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ModelError, match="by minimum and maximum"):
        convert(model_file, calibration, activations="int16", range="mse")
    with tensorflow_noise_to(None):
        tfmot = import_stack("tensorflow_model_optimization")
        trained = tfmot.quantization.keras.quantize_model(network)
    monkeypatch.setattr("toolchain.convert.to_int8.load_network", lambda file: trained)
    with pytest.raises(ModelError, match="cannot become int16"):
        convert(model_file, calibration, activations="int16")
    with pytest.raises(ModelError, match="ranges were trained"):
        convert(model_file, calibration, range="percentile")


def test_a_percentile_of_no_use_is_refused() -> None:
    with pytest.raises(ValidationError, match="percentile"):
        ConvertSettings(percentile=99.0)


def test_the_choice_of_calibration_samples() -> None:
    labels = np.repeat(np.arange(4), [50, 30, 5, 15])
    samples = Samples(np.zeros((100, 3), np.float32), labels)

    def rows(**settings: Any) -> npt.NDArray[np.int64]:
        return calibration_rows(samples, ConvertSettings(calibration_samples=20, **settings), seed=3)

    assert rows(calibration_choice="first").tolist() == list(range(20))
    drawn = rows()
    assert len(np.unique(drawn)) == 20
    assert np.array_equal(drawn, rows())
    assert drawn.max() > 50
    balanced = labels[rows(calibration_choice="balanced")]
    assert np.bincount(balanced).tolist() == [5, 5, 5, 5]
    everything = calibration_rows(samples, ConvertSettings(calibration_choice="balanced"), seed=0)
    assert everything.tolist() == list(range(100))
    with pytest.raises(DataError, match="labels"):
        calibration_rows(Samples(samples.inputs, None), ConvertSettings(calibration_choice="balanced"), 0)


def test_ranges_of_known_histograms() -> None:
    counts = np.zeros(2048, np.int64)
    counts[:1024] = 1000
    counts[-1] = 1
    spread = Histogram(-1.0, 3.0, counts)
    low, high = percentile_range(99.99)(spread)
    assert low == pytest.approx(-1.0, abs=0.01)
    assert high == pytest.approx(1.0, abs=0.01)
    low, high = least_error_range(spread)
    assert low == pytest.approx(-1.0, abs=0.02)
    assert 1.0 <= high < 3.0
    # Uniform values lose nothing by their whole range.
    assert least_error_range(Histogram(0.0, 1.0, np.full(2048, 10)))[1] == pytest.approx(1.0, abs=0.01)
    # Zero stays within: it has to be a code of its own.
    positive = Histogram(0.0, 8.0, np.r_[np.zeros(1024, np.int64), np.full(1024, 5)])
    negative = Histogram(-8.0, 0.0, np.r_[np.full(1024, 5), np.zeros(1024, np.int64)])
    for choose in (percentile_range(90.0), least_error_range):
        assert choose(positive)[0] == 0.0
        assert choose(negative)[1] == 0.0
