"""Separable convolutions and low-rank factors: what they are made of, and what they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import (
    accuracy,
    context,
    data_of,
    int8_and_accuracy,
    macs_of,
    residual_network,
    stack,
)
from toolchain.errors import ModelError
from toolchain.optimise.factorise import factorise, low_rank
from toolchain.optimise.prune import prune
from toolchain.optimise.separate_convolutions import separate_convolutions, separated_kernel
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.factorise import FactoriseSettings
from toolchain.vocabulary.steps.prune import PruneSettings
from toolchain.vocabulary.steps.separate_convolutions import SeparateConvolutionsSettings
from toolchain.vocabulary.steps.training import DistilSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def tf_keras() -> Any:
    return stack()


@pytest.fixture(scope="module")
def data() -> DataSet:
    return data_of(8, 8, 1)


@pytest.fixture(scope="module")
def trained(tf_keras: Any, data: DataSet) -> Any:
    return residual_network(data)


@pytest.mark.parametrize("dimensions", [1, 2])
def test_a_kernel_that_is_separable_is_found_exactly(tf_keras: Any, dimensions: int) -> None:
    layers, random = tf_keras.layers, np.random.default_rng(0)
    kind = "1D" if dimensions == 1 else "2D"
    for multiplier, padding, stride in ((1, "same", 1), (2, "valid", 2), (3, "same", 2)):
        taps, read, given = (3,) * dimensions, 4, 9
        depthwise = random.normal(size=(*taps, read, multiplier)).astype(np.float32)
        pointwise = random.normal(size=(read, multiplier, given)).astype(np.float32)
        kernel = np.einsum("...cm,cmo->...co", depthwise, pointwise)
        source = tf_keras.Input((*(9,) * dimensions, read))
        whole = getattr(layers, f"Conv{kind}")(given, 3, stride, padding=padding, use_bias=False)
        parts = [
            getattr(layers, f"DepthwiseConv{kind}")(
                3, stride, padding=padding, depth_multiplier=multiplier, use_bias=False
            ),
            getattr(layers, f"Conv{kind}")(given, 1, use_bias=False),
        ]
        one, two = tf_keras.Model(source, whole(source)), tf_keras.Model(source, parts[1](parts[0](source)))
        one.set_weights([kernel])
        two.set_weights(separated_kernel(kernel, multiplier))
        inputs = random.normal(size=(2, *source.shape[1:])).astype(np.float32)
        np.testing.assert_allclose(np.asarray(one(inputs)), np.asarray(two(inputs)), rtol=1e-3, atol=1e-3)


def test_a_kernel_of_low_rank_is_found_exactly_and_another_as_near_as_can_be() -> None:
    random = np.random.default_rng(0)
    kernel = (random.normal(size=(18, 3)) @ random.normal(size=(3, 7))).reshape(3, 3, 2, 7).astype(np.float32)
    first, second = low_rank(kernel, 3)
    assert (first.shape, second.shape) == ((3, 3, 2, 3), (1, 1, 3, 7))
    np.testing.assert_allclose(first.reshape(18, 3) @ second.reshape(3, 7), kernel.reshape(18, 7), atol=1e-5)
    values = np.linalg.svd(kernel.reshape(18, 7), compute_uv=False)
    first, second = low_rank(kernel, 2)
    rest = first.reshape(18, 2) @ second.reshape(2, 7) - kernel.reshape(18, 7)
    assert np.linalg.norm(rest) == pytest.approx(values[2], rel=1e-3)


def test_convolutions_become_separable_and_stay_good(tmp_path: Path, trained: Any, data: DataSet) -> None:
    before = [weight.copy() for weight in trained.get_weights()]
    settings = SeparateConvolutionsSettings(epochs=5, distil=DistilSettings(alpha=0.5))
    with tensorflow_noise_to(None):
        separated = separate_convolutions(trained, settings, context(data, trained, seed=0))
    for old, now in zip(before, trained.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now, err_msg="the network that was given has changed")
    kinds = {layer.name: type(layer).__name__ for layer in separated.layers}
    assert kinds["inner_depthwise"] == kinds["side_depthwise"] == "DepthwiseConv2D"
    # One channel to read is too few, and a convolution of one tap is pointwise already.
    assert "stem_depthwise" not in kinds
    assert "pointwise_depthwise" not in kinds
    assert separated.get_layer("inner").kernel.shape == (1, 1, 16, 16)
    assert macs_of(separated) < 0.45 * macs_of(trained)
    assert accuracy(separated, data) > accuracy(trained, data) - 0.03

    graph, in_int8 = int8_and_accuracy(separated, data, tmp_path)
    names = [operator.name for operator in graph.operators]
    assert names.count("DEPTHWISE_CONV_2D") == 3
    assert {tensor.dtype for tensor in graph.tensors} <= {"INT8", "INT32"}
    assert in_int8 > accuracy(trained, data) - 0.04


def test_the_replaced_weights_are_a_better_start_than_others(
    tf_keras: Any, trained: Any, data: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without any training, the separated network has most digits right; with random weights it has not."""
    monkeypatch.setattr("toolchain.optimise.step_context.StepContext.fit", lambda *a, **k: None)
    with tensorflow_noise_to(None):
        separated = separate_convolutions(
            trained, SeparateConvolutionsSettings(depth_multiplier=3), context(data, trained, seed=0)
        )
        guessed = tf_keras.models.clone_model(separated)
        for old, new in zip(separated.layers, guessed.layers, strict=True):
            if old.name not in ("inner_depthwise", "inner", "side_depthwise", "side"):
                new.set_weights(old.get_weights())
    assert accuracy(separated, data) > 0.7
    assert accuracy(guessed, data) < 0.5


def test_layers_are_factorised_and_stay_good(tmp_path: Path, trained: Any, data: DataSet) -> None:
    with tensorflow_noise_to(None):
        factorised = factorise(
            trained,
            FactoriseSettings(keep=0.5, epochs=12, learning_rate=3e-3),
            context(data, trained, seed=0),
        )
    for name in ("inner", "side", "hidden"):
        kept = factorised.get_layer(name).kernel.shape.num_elements()
        kept += factorised.get_layer(f"{name}_basis").kernel.shape.num_elements()
        assert 0.35 < kept / trained.get_layer(name).kernel.shape.num_elements() <= 0.5, name
    assert "digit_basis" not in {layer.name for layer in factorised.layers}
    assert macs_of(factorised) < 0.6 * macs_of(trained)
    assert accuracy(factorised, data) > accuracy(trained, data) - 0.06
    graph, in_int8 = int8_and_accuracy(factorised, data, tmp_path)
    assert {tensor.dtype for tensor in graph.tensors} <= {"INT8", "INT32"}
    assert in_int8 > accuracy(trained, data) - 0.08


def test_what_cannot_be_replaced_is_refused(trained: Any, data: DataSet) -> None:
    given = context(data, trained, seed=0)
    with tensorflow_noise_to(None):
        with pytest.raises(ModelError, match="'pointwise'"):
            separate_convolutions(trained, SeparateConvolutionsSettings(layers=("pointwise",)), given)
        with pytest.raises(ModelError, match="without a bottleneck"):
            separate_convolutions(trained, SeparateConvolutionsSettings(skip=("inner", "side")), given)
        with pytest.raises(ModelError, match="'nothing'"):
            factorise(trained, FactoriseSettings(layers=("nothing",)), given)
        pruned = prune(trained, PruneSettings(epochs=1), given)
        with pytest.raises(ModelError, match="would make new ones"):
            separate_convolutions(pruned, SeparateConvolutionsSettings(), given)
        with pytest.raises(ModelError, match="would make new ones"):
            factorise(pruned, FactoriseSettings(), given)
