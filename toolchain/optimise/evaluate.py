"""How good a float model is on held-out samples, and what its output means."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolchain.errors import DataError, ModelError
from toolchain.vocabulary.data import Samples

_BATCH = 256
# They hand class scores through unchanged, at most in another shape.
_PASS_THROUGH = ("Dropout", "Flatten", "Reshape")


def accuracy(network: Any, samples: Samples) -> float | None:
    """Share of samples whose largest output is at the label, 0…1; None without labels.

    Also None for a network with several outputs, or with one value for an output: there is no
    largest among one.  `network` is a `tf_keras` model; inputs have shape (samples, …), float32.
    """
    if samples.labels is None or len(network.outputs) != 1 or len(network.inputs) != 1:
        return None
    if network.outputs[0].shape[-1] in (None, 1):
        return None
    right = 0
    for start in range(0, len(samples), _batch_of(network)):
        part = slice(start, start + _batch_of(network))
        scores = np.asarray(network(samples.inputs[part], training=False))
        scores = scores.reshape(scores.shape[0], -1)
        right += int(np.count_nonzero(np.argmax(scores, axis=1) == samples.labels[part]))
    return right / len(samples)


def _batch_of(network: Any) -> int:
    """Samples at a time; a network whose batch is frozen takes no other number."""
    return int(network.inputs[0].shape[0] or _BATCH)


def check_trainable(network: Any, samples: Samples | None, step: str) -> Samples:
    """The samples a step is to train on, once it is clear that it can.

    Raises:
        DataError: there are none, they have no labels, or a label is no output of the network.
        ModelError: the network has several inputs or outputs.
    """
    if samples is None or samples.labels is None:
        missing = "data" if samples is None else "labels"
        raise DataError(
            f"The step {step!r} trains the network, and there are no {missing} to train on.",
            f"Give labelled samples ([data] path, or --data), or leave the step {step!r} out.",
        )
    if len(network.inputs) != 1 or len(network.outputs) != 1:
        raise ModelError(
            f"The network has {len(network.inputs)} inputs and {len(network.outputs)} outputs; the step "
            f"{step!r} trains networks with one of each.",
            f"Leave the step {step!r} out.",
        )
    classes = int(np.prod(network.output_shape[1:]))
    if int(samples.labels.max()) >= classes:
        raise DataError(
            f"The training data has the label {int(samples.labels.max())}, the network {classes} output(s).",
            f"Use labels from 0 to {classes - 1}, numbered as the network's outputs are.",
        )
    return samples


def classification_loss(tf_keras: Any, network: Any, step: str) -> Any:
    """The cross-entropy that fits the network's output: probabilities (softmax), or logits (linear).

    Raises:
        ModelError: the output is neither.
    """
    last = _deciding_layer(network)
    activation = _activation_of(last)
    if network.output_shape[-1] != 1 and activation in ("softmax", "linear"):
        return tf_keras.losses.SparseCategoricalCrossentropy(from_logits=activation == "linear")
    raise ModelError(
        f"The step {step!r} trains classifiers that end in softmax or in logits, but the last layer, "
        f"{last.name!r}, gives {network.output_shape[-1]} value(s) with the activation {activation!r}.",
        f"Leave the step {step!r} out, or end the network in a Dense layer with softmax.",
    )


def _deciding_layer(network: Any) -> Any:
    """The last layer that changes the scores, the output followed back through reshapes and the like."""
    layer = network.outputs[0].node.layer
    while type(layer).__name__ in _PASS_THROUGH or (
        type(layer).__name__ == "Activation" and _activation_of(layer) == "linear"
    ):
        layer = layer.input.node.layer
    return layer


def _activation_of(layer: Any) -> str:
    """The layer's activation by name; without one it is linear if it only adds up, else its class's name."""
    if type(layer).__name__ == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    if activation is not None:
        return str(getattr(activation, "__name__", type(activation).__name__))
    linear = (
        "Dense",
        "Conv1D",
        "Conv2D",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "BatchNormalization",
    )
    return "linear" if type(layer).__name__ in linear else type(layer).__name__
