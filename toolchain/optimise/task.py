"""What a network is trained for, as its output and the data say."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, ModelError
from toolchain.vocabulary.data import Samples

# They hand scores through unchanged, at most in another shape.
_PASS_THROUGH = ("Dropout", "Flatten", "Reshape")
# Without an activation they only add up.
_LINEAR = (
    "Dense",
    "Conv1D",
    "Conv2D",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "BatchNormalization",
)


class Aim(StrEnum):
    """classify: one of several classes.  detect: yes or no, in one output.

    reconstruct: the input itself (autoencoders).  regress: the data's real values.
    """

    CLASSIFY = "classify"
    DETECT = "detect"
    RECONSTRUCT = "reconstruct"
    REGRESS = "regress"


@dataclass(frozen=True, slots=True)
class Task:
    """`is_logits`: the output of classify or detect comes before softmax or sigmoid, not after it."""

    aim: Aim
    is_logits: bool = False

    def targets(self, samples: Samples) -> npt.NDArray[np.generic]:
        """What the network should give for the samples, shape (samples, …)."""
        if self.aim is Aim.RECONSTRUCT:
            return samples.inputs
        wanted = samples.values if self.aim is Aim.REGRESS else samples.labels
        assert wanted is not None
        return wanted


def task_of(network: Any, samples: Samples, step: str) -> Task:
    """What `network`, a `tf_keras` model, can be trained for on `samples`.

    With real values it is regression.  A network whose linear or sigmoid output has its input's shape is an
    autoencoder, whose labels, if any, belong to its use and not to its training.  All else needs labels.

    Raises:
        DataError: there are no labels where they are needed, or one is no output of the network.
        ModelError: the network has several outputs, or its output is none of these.
    """
    if len(network.outputs) != 1:
        raise ModelError(
            f"The network has {len(network.outputs)} outputs; the step {step!r} trains networks with one.",
            f"Leave the step {step!r} out.",
        )
    output = tuple(network.output_shape[1:])
    if samples.values is not None:
        _check_values(samples.values, output)
        return Task(Aim.REGRESS)
    last = _deciding_layer(network)
    activation = _activation_of(last)
    is_autoencoder = len(network.inputs) == 1 and tuple(network.inputs[0].shape[1:]) == output
    if is_autoencoder and activation in ("linear", "sigmoid") and np.prod(output) > 1:
        return Task(Aim.RECONSTRUCT)
    if samples.labels is None:
        raise DataError(
            f"The step {step!r} trains the network, and there are no labels to train on.",
            f"Give labelled samples ([data] path, or --data), or leave the step {step!r} out.",
        )
    single = int(np.prod(output)) == 1
    _check_labels(samples.labels, 2 if single else int(np.prod(output)))
    if not single and activation in ("softmax", "linear"):
        return Task(Aim.CLASSIFY, is_logits=activation == "linear")
    if single and activation in ("sigmoid", "linear"):
        return Task(Aim.DETECT, is_logits=activation == "linear")
    raise ModelError(
        f"The step {step!r} trains classifiers that end in softmax or in logits (or in one sigmoid), but the "
        f"last layer, {last.name!r}, gives {network.output_shape[-1]} value(s) with the activation "
        f"{activation!r}.",
        f"Leave the step {step!r} out, or end the network in a Dense layer with softmax.",
    )


def _check_labels(labels: npt.NDArray[np.int64], classes: int) -> None:
    if int(labels.max()) >= classes:
        raise DataError(
            f"The training data has the label {int(labels.max())}, the network tells {classes} class(es) "
            "apart.",
            f"Use labels from 0 to {classes - 1}, numbered as the network's outputs are.",
        )


def _check_values(values: npt.NDArray[np.float32], output: tuple[int, ...]) -> None:
    if values.shape[1:] != output:
        raise DataError(
            f"The values to learn have the shape {values.shape[1:]} a sample, the network's output {output}.",
            "Store the values as the network gives them.",
        )


def _deciding_layer(network: Any) -> Any:
    """The last layer that changes the scores, the output followed back through reshapes and the like."""
    layer = network.outputs[0].node.layer
    while type(_unwrapped(layer)).__name__ in _PASS_THROUGH or (
        type(_unwrapped(layer)).__name__ == "Activation" and _activation_of(_unwrapped(layer)) == "linear"
    ):
        layer = layer.input.node.layer
    return _unwrapped(layer)


def _unwrapped(layer: Any) -> Any:
    """The layer inside the wrappers of tensorflow-model-optimization."""
    while type(layer).__module__.startswith("tensorflow_model_optimization") and hasattr(layer, "layer"):
        layer = layer.layer
    return layer


def _activation_of(layer: Any) -> str:
    """The layer's activation by name; without one it is linear if it only adds up, else its class's name."""
    if type(layer).__name__ == "Softmax":
        return "softmax"
    activation = getattr(layer, "activation", None)
    # Quantisation-aware training puts its own object around an activation.
    activation = getattr(activation, "activation", activation)
    if activation is not None:
        return str(getattr(activation, "__name__", type(activation).__name__))
    return "linear" if type(layer).__name__ in _LINEAR else type(layer).__name__
