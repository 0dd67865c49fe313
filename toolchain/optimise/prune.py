"""Magnitude pruning: the smallest weights become zero, step by step, while the rest learns to do without.

The schedule is the polynomial decay of Zhu & Gupta 2017 (arXiv:1710.01878), run by
tensorflow-model-optimization.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.prune import PruneSettings

# Of all training steps, the share in which sparsity rises; in the rest the network recovers.
_RISING_SHARE = 0.6
# How often the masks are drawn anew while sparsity rises.
_MASK_UPDATES = 50
# TensorFlow rounds the number of weights to prune; more zeros missing than this is a failure.
_MISSING_PER_LAYER = 1.0


def prune(network: Any, settings: PruneSettings, context: StepContext) -> Any:
    """A new `tf_keras` model with `settings.sparsity` of the weights in each prunable layer at zero.

    Prunable are the kernels of Dense, convolution and recurrent layers, as the library knows them
    (not depthwise kernels: they are few, and each matters).  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no layer can be pruned, or zeros are missing afterwards.
    """
    samples = context.training(settings.step)
    context.task(network, settings.step)
    tf_keras = import_stack("tf_keras")
    keras_sparsity = import_stack("tensorflow_model_optimization").sparsity.keras
    _refuse_nested(tf_keras, network)
    if not prunable_kernels(network):
        raise ModelError("The network has no layer that can be pruned.", "Leave the step 'prune' out.")
    schedule = _schedule(keras_sparsity, settings, len(samples))

    def wrapped(layer: Any) -> Any:
        if not _kernels_of(layer):
            return layer.__class__.from_config(layer.get_config())
        return keras_sparsity.prune_low_magnitude(
            layer.__class__.from_config(layer.get_config()), pruning_schedule=schedule
        )

    pruning = tf_keras.models.clone_model(network, clone_function=wrapped)
    _copy_into_wrapped(network, pruning)
    context.fit(pruning, settings, callbacks=[keras_sparsity.UpdatePruningStep()])
    pruned = keras_sparsity.strip_pruning(pruning)
    _check_zeros(pruned, settings.sparsity)
    return pruned


def _refuse_nested(tf_keras: Any, network: Any) -> None:
    """The library passes a model within the model by, and its weights would be missing from every figure."""
    for layer in network.layers:
        if isinstance(layer, tf_keras.Model):
            raise ModelError(
                f"The layer {layer.name!r} is a model of its own, which pruning cannot reach into.",
                "Save the model as Keras 3 (.keras), which is laid flat when it is loaded, or build it flat.",
            )


def _schedule(keras_sparsity: Any, settings: PruneSettings, samples: int) -> Any:
    """Polynomial decay whose last update falls on its end: masks change every `frequency` steps only."""
    total = math.ceil(samples / min(settings.batch_size, samples)) * settings.epochs
    rising = max(1, round(total * _RISING_SHARE))
    frequency = max(1, rising // _MASK_UPDATES)
    return keras_sparsity.PolynomialDecay(
        initial_sparsity=settings.initial_sparsity,
        final_sparsity=settings.sparsity,
        begin_step=0,
        end_step=rising // frequency * frequency,
        frequency=frequency,
    )


def _copy_into_wrapped(network: Any, pruning: Any) -> None:
    """The trained weights, layer by layer; a wrapped layer has masks and counters beside them."""
    for old, new in zip(network.layers, pruning.layers, strict=True):
        (new.layer if hasattr(new, "pruning_vars") else new).set_weights(old.get_weights())


def _kernels_of(layer: Any) -> list[Any]:
    """The weights of a layer that pruning works on, as the library's registry has it."""
    registry = import_stack(
        "tensorflow_model_optimization.python.core.sparsity.keras.prune_registry"
    ).PruneRegistry
    if not layer.weights or not registry.supports(layer):
        return []
    registry.make_prunable(layer)
    return list(layer.get_prunable_weights())


def prunable_kernels(network: Any) -> list[tuple[str, Any]]:
    """Layer name and kernel, a `tf.Variable`, for everything that can be pruned."""
    return [(str(layer.name), kernel) for layer in network.layers for kernel in _kernels_of(layer)]


def sparsity_of(network: Any) -> float | None:
    """Share of zeros among all prunable weights, 0…1; None when there are none."""
    kernels = [np.asarray(kernel) for _, kernel in prunable_kernels(network)]
    total = sum(kernel.size for kernel in kernels)
    zeros = sum(int(kernel.size - np.count_nonzero(kernel)) for kernel in kernels)
    return zeros / total if total else None


def _check_zeros(pruned: Any, sparsity: float) -> None:
    for name, kernel in prunable_kernels(pruned):
        values = np.asarray(kernel)
        zeros = int(values.size - np.count_nonzero(values))
        if zeros < sparsity * values.size - _MISSING_PER_LAYER:
            raise ModelError(
                f"Pruning left {zeros} zeros in the layer {name!r}, of {sparsity * values.size:.0f} due.",
                "Train for more epochs, or use a smaller batch size; please report it if that does not help.",
            )
