"""A linear front end folded into the model: PCA, SVD, NMF, ICA or standardisation, computed by the board.

The first Dense layer reads the projected features instead of the input.  Its kernel is taken through the
projection's way back, so that the network begins by saying what it said before, as far as the features tell.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toolchain.errors import ModelError
from toolchain.optimise.graph_edit import GraphEdit, refuse_nested
from toolchain.optimise.linear_projection import fit_projection
from toolchain.optimise.refuse_optimised import refuse_optimised
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.front_end import FrontEndSettings

_SHAPING = ("InputLayer", "Flatten", "Reshape", "Dropout", "GaussianNoise")


def front_end(network: Any, settings: FrontEndSettings, context: StepContext) -> Any:
    """A new `tf_keras` model with a Dense layer `front_end` before its first one, then trained.

    The projection's weights are fixed, the rest is trained.  `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        DataError: the projection cannot be fitted to it.
        ModelError: the network does not begin with a Dense layer on its flat input.
    """
    samples = context.training(settings.step)
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_optimised(network, settings.step)
    edit = GraphEdit(network)
    first = network.get_layer(_first_dense(network, edit))
    rows = np.asarray(samples.inputs, np.float64).reshape(len(samples), -1)
    found = fit_projection(rows, settings.projection, settings.components, context.seed)
    layers = import_stack("tf_keras").layers
    projection = layers.Dense(found.forward.shape[1], trainable=False, name="front_end")
    edit.put_before(
        first.name,
        projection,
        [found.forward.astype(np.float32), (-found.mean @ found.forward).astype(np.float32)],
    )
    kernel, *bias = first.get_weights()
    reads = layers.Dense(first.units, activation=first.activation, name=first.name)
    shift = found.mean @ kernel + (bias[0] if bias else 0.0)
    edit.replace(first.name, reads, [(found.back @ kernel).astype(np.float32), np.asarray(shift, np.float32)])
    folded = edit.built()
    context.fit(folded, settings, words="front end")
    return folded


def _first_dense(network: Any, edit: GraphEdit) -> str:
    """The Dense layer that reads the whole input, flat."""
    refusal = ModelError(
        "The network does not begin with a Dense layer that reads its whole input, which a projection needs.",
        "Put Flatten before its first layer, or leave the step 'front_end' out.",
    )
    if len(network.inputs) != 1:
        raise refusal
    name = next(layer.name for layer in network.layers if type(layer).__name__ == "InputLayer")
    while type(network.get_layer(name)).__name__ in _SHAPING:
        readers = edit.readers(name)
        if len(readers) != 1 or not readers[0] or not edit.is_simple(readers[0]):
            raise refusal
        name = readers[0]
    layer = network.get_layer(name)
    if type(layer).__name__ != "Dense" or len(layer.input_shape) != 2 or layer.name == "front_end":
        raise refusal
    return str(name)
