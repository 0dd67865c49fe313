"""Pruning in its forms: constant, chosen layers, blocks, N of M; in the network and on the board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from tests.optimise.digits import accuracy, context, data_of, image_network, int8_of, kernels, stack, train
from toolchain.errors import ModelError
from toolchain.optimise.fine_tune import fine_tune
from toolchain.optimise.prune import prune
from toolchain.optimise.sparsity import prunable_kernels
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.fine_tune import FineTuneSettings
from toolchain.vocabulary.steps.prune import PruneSettings

pytestmark = pytest.mark.slow

Array = np.ndarray[Any, Any]


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def network(digits: DataSet) -> Any:
    return image_network(digits)


def run(network: Any, data: DataSet, **settings: Any) -> Any:
    with tensorflow_noise_to(None):
        return prune(network, PruneSettings(**{"epochs": 4, **settings}), context(data))


def zeros(values: Array) -> float:
    return float(np.mean(values == 0))


def blocks_of(rows: Array, down: int, across: int) -> Array:
    """Whether each block of a matrix holds anything but zeros."""
    height, width = rows.shape
    padded = np.pad(rows, ((0, -height % down), (0, -width % across)))
    split = padded.reshape(-(-height // down), down, -(-width // across), across)
    return np.asarray(np.any(split != 0, axis=(1, 3)))


@pytest.mark.parametrize("block", [(1, 4), (2, 8)])
def test_blocks_become_zero_together_on_the_board_too(
    network: Any, digits: DataSet, tmp_path: Path, block: tuple[int, int]
) -> None:
    pruned = run(network, digits, block=block, sparsity=0.5, learning_rate=3e-3)
    assert accuracy(pruned, digits) > accuracy(network, digits) - 0.05
    _, graph = int8_of(pruned, digits, tmp_path)
    convs, dense = kernels(graph)["CONV_2D"], kernels(graph)["FULLY_CONNECTED"]
    for kernel in (*convs, *dense):
        used = blocks_of(np.asarray(kernel).reshape(kernel.shape[0], -1), *block)
        assert np.mean(~used) == pytest.approx(0.5, abs=1.5 / used.size + 0.02), kernel.shape


@pytest.mark.parametrize(("pattern", "kept", "group"), [("2:4", 2, 4), ("3:8", 3, 8)])
def test_of_each_group_side_by_side_only_so_many_are_left(
    network: Any, digits: DataSet, tmp_path: Path, pattern: str, kept: int, group: int
) -> None:
    pruned = run(network, digits, pattern=pattern)
    assert accuracy(pruned, digits) > accuracy(network, digits) - 0.05
    _, graph = int8_of(pruned, digits, tmp_path)
    for kernel in (*kernels(graph)["CONV_2D"], *kernels(graph)["FULLY_CONNECTED"]):
        rows = np.asarray(kernel).reshape(kernel.shape[0], -1)
        padded = np.pad(rows, ((0, 0), (0, -rows.shape[1] % group)))
        used = np.count_nonzero(padded.reshape(-1, group), axis=1)
        assert used.max() <= kept, kernel.shape
        whole = used.reshape(rows.shape[0], -1)[:, : rows.shape[1] // group]
        assert whole.mean() == pytest.approx(kept, abs=0.1), kernel.shape
    # Depthwise kernels are passed by.
    assert zeros(np.asarray(kernels(graph)["DEPTHWISE_CONV_2D"][0])) < 0.2


def test_constant_sparsity_is_there_from_the_first_epoch(network: Any, digits: DataSet) -> None:

    pruned = run(network, digits, schedule="constant", sparsity=0.7, epochs=1)
    for name, kernel in prunable_kernels(pruned):
        assert zeros(np.asarray(kernel)) == pytest.approx(0.7, abs=0.01), name


def test_chosen_layers_alone_and_what_was_pruned_before_stays(
    network: Any, digits: DataSet, tmp_path: Path
) -> None:
    first = run(network, digits, layers="hid*", sparsity=0.9, epochs=2)
    shares = {name: zeros(np.asarray(kernel)) for name, kernel in prunable_kernels(first)}
    assert shares["hidden"] == pytest.approx(0.9, abs=0.01)
    assert all(share == 0 for name, share in shares.items() if name != "hidden")
    second = run(first, digits, skip=("hidden", "conv"), sparsity=0.5, epochs=2)
    with tensorflow_noise_to(None):
        third = fine_tune(second, FineTuneSettings(epochs=1), context(digits))
    for later in (second, third):
        shares = {name: zeros(np.asarray(kernel)) for name, kernel in prunable_kernels(later)}
        assert shares["conv"] == 0
        assert shares["pointwise"] == pytest.approx(0.5, abs=0.01)
        assert shares["hidden"] == pytest.approx(0.9, abs=0.01)
    for (name, before), (_, after) in zip(prunable_kernels(second), prunable_kernels(third), strict=True):
        np.testing.assert_array_equal(np.asarray(before) == 0, np.asarray(after) == 0, err_msg=name)
        assert not np.array_equal(np.asarray(before), np.asarray(after)), f"{name} was not trained"
    with pytest.raises(ModelError, match=r"'prune' can work on is called 'relu'. There are: conv, pointwise"):
        run(network, digits, layers=("conv", "relu"))
    with pytest.raises(ModelError, match="No layer is left for the step 'prune'"):
        run(network, digits, skip=("*",))


def test_every_kind_of_kernel_has_its_rows() -> None:
    """Conv1D, transposed convolution and LSTM: whatever stands first on the board."""
    digits, tf_keras = data_of(8, 8), stack()
    layers = tf_keras.layers
    source = tf_keras.Input((8, 8))
    x = layers.Conv1D(8, 3, padding="same", name="sequence")(source)
    x = layers.Conv2DTranspose(4, 2, strides=2, name="grown")(layers.Reshape((8, 8, 1))(x))
    x = layers.LSTM(8, name="lstm")(layers.Reshape((16, 64))(x))
    network = train(
        tf_keras.Model(source, layers.Dense(10, activation="softmax", name="digit")(x)), digits, 1
    )
    pruned = run(network, digits, block=(1, 4), sparsity=0.5, epochs=1)
    axes = {"sequence": -1, "grown": -2, "lstm": -1, "digit": -1}
    seen = set()
    for name, kernel in prunable_kernels(pruned):
        values = np.moveaxis(np.asarray(kernel), axes[name], 0)
        used = blocks_of(values.reshape(values.shape[0], -1), 1, 4)
        assert np.mean(~used) == pytest.approx(0.5, abs=1 / used.size), name
        seen.add(name)
    assert seen == set(axes)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"pattern": "4:4"}, "prunes nothing"),
        ({"pattern": "2:4", "sparsity": 0.6}, "leave sparsity out"),
        ({"pattern": "2 of 4"}, "should match pattern"),
        ({"schedule": "constant", "initial_sparsity": 0.1}, "leave initial_sparsity out"),
        ({"sparsity": 0.2, "initial_sparsity": 0.3}, "larger than sparsity"),
        ({"block": [1, 4, 2]}, "block"),
        ({"block": [0, 4]}, "greater than or equal to 1"),
        ({"layers": []}, "at least 1"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        PruneSettings(**settings)


def test_lists_and_single_names_are_taken_as_a_file_has_them() -> None:
    settings = PruneSettings.model_validate(
        {"step": "prune", "block": [1, 4], "layers": "a", "skip": ["b", "c"]}
    )
    assert (settings.block, settings.layers, settings.skip) == ((1, 4), ("a",), ("b", "c"))
    grouped = PruneSettings(pattern="1:4")
    assert (grouped.kept_of, grouped.sparsity) == ((1, 4), 0.75)
    assert PruneSettings.model_validate(grouped.model_dump()) == grouped
