"""Quantisation-aware training: the network learns while its weights and activations are rounded to int8.

Jacob et al. 2018 (arXiv:1712.05877), by tensorflow-model-optimization.  What comes out is a float network
that carries trained ranges, which the converter takes; layers without one get theirs by calibration.  What
pruning and clustering left is kept (`keep_structure`): PQAT, CQAT and PCQAT.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolchain.errors import ModelError
from toolchain.network_file import known_objects
from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.copy_network import as_loaded, is_quantised
from toolchain.optimise.fold_batch_norm import fold_batch_norm
from toolchain.optimise.graph_edit import GraphEdit, refuse_nested
from toolchain.optimise.images_of_sequences import images_of_sequences
from toolchain.optimise.qat_layers import (
    Treatment,
    activation_name,
    can_fuse,
    config_for,
    fused,
    has_outer_activation,
    is_relu,
    scheme,
    trains_weights,
    treatment_of,
)
from toolchain.optimise.qat_ranges import begin_ranges
from toolchain.optimise.split_separable import split_separable
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.qat import QatSettings


def qat(network: Any, settings: QatSettings, context: StepContext) -> Any:
    """A new `tf_keras` network with trained int8 ranges in the chosen layers, weights trained to them.

    Before that, batch normalisation is folded where it can be, one-dimensional convolutions become
    two-dimensional, separable ones two layers, and activations other than ReLU layers of their own; the
    ranges of activations begin as the training data has them.  A chosen layer takes the ReLU behind it along.
    `network` is left as it is.

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: a chosen layer cannot be trained so, or the network was already.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_quantised(network, settings.step)
    with known_objects():
        prepared = _prepared(network)
        _refuse_lstm(prepared)
        ready, chosen = _with_ranged_inputs(prepared, _chosen(prepared, settings))
        quantised = _quantised(ready, chosen)
        begin_ranges(quantised, ready, context.training(settings.step), settings.batch_size)
        context.fit(quantised, settings)
    return quantised


def refuse_quantised(network: Any, step: str) -> None:
    """Refuse a network that has been through `qat`: rebuilding its layers would lose the ranges.

    Raises:
        ModelError: it has.
    """
    if is_quantised(network):
        raise ModelError(
            f"The network is quantisation-aware already, and the step {step!r} would undo that.",
            "Put the step 'qat' last: it keeps what pruning and clustering left.",
        )


def _prepared(network: Any) -> Any:
    """The network in the form that is trained right."""
    folded, _ = fold_batch_norm(network)
    return _activations_apart(split_separable(images_of_sequences(folded)))


def _activations_apart(network: Any) -> Any:
    """Activations that the board computes by an operator of their own, as layers of their own."""
    layers = import_stack("tf_keras").layers
    edit = GraphEdit(network)
    for layer in network.layers:
        if has_outer_activation(layer) and edit.is_simple(layer.name):
            name = f"{layer.name}_activation"
            relu6 = activation_name(layer) == "relu6"
            new = layers.ReLU(6.0, name=name) if relu6 else layers.Activation(layer.activation, name=name)
            edit.change(layer.name, activation="linear")
            edit.put_behind(layer.name, new)
    return edit.built()


def _refuse_lstm(network: Any) -> None:
    """Refuse an LSTM: between trained ranges, the converter fails on an operator that keeps a state."""
    for layer in network.layers:
        kind = type(getattr(layer, "forward_layer", layer)).__name__
        if kind == "LSTM":
            raise ModelError(
                f"The layer {layer.name!r} is an LSTM, which TensorFlow's converter cannot "
                "quantise in a network with trained ranges.",
                "Leave the step 'qat' out: the network is then quantised after training.",
            )


def _chosen(network: Any, settings: QatSettings) -> dict[str, Treatment]:
    """How to treat the layers that are asked for, and the ReLUs that are a part of one."""
    layers = {layer.name: layer for layer in network.layers}
    treatments = {name: treatment_of(layer) for name, layer in layers.items()}
    able = [name for name, treatment in treatments.items() if treatment is not Treatment.CALIBRATED]
    names = chosen_layers(able, settings.layers, settings.skip, settings.step)
    chosen = {name: treatments[name] for name in names}
    for name in names:
        if treatments[name] is Treatment.UNKNOWN:
            raise ModelError(
                f"The layer {name!r} is a {type(layers[name]).__name__}, which cannot be trained "
                "quantisation-aware.",
                f'Leave it out with skip = ["{name}"]: it is then quantised after training.',
            )
    edit = GraphEdit(network)
    for name in names:
        readers = edit.readers(name)
        if can_fuse(layers[name]) and len(readers) == 1 and readers[0] and is_relu(layers[readers[0]]):
            chosen[name], chosen[readers[0]] = fused(treatments[name]), Treatment.OUTPUT
    return chosen


def _with_ranged_inputs(network: Any, chosen: Mapping[str, Treatment]) -> tuple[Any, dict[str, Treatment]]:
    """The network and the choice with a range for what every layer with rounded weights reads.

    The converter takes trained weights only where the input has a trained range.  Behind a layer that is not
    chosen, that is a layer of its own, `NAME_range`.
    """
    identity = import_stack("tf_keras").layers.Activation
    layers = {layer.name: layer for layer in network.layers}
    edit, ranged = GraphEdit(network), dict(chosen)
    for name, treatment in chosen.items():
        if treatment not in (Treatment.WEIGHTS, Treatment.FUSED):
            continue
        source = edit.source(name)
        while source in layers and treatment_of(layers[source]) is Treatment.MOVED:
            ranged.setdefault(source, Treatment.MOVED)
            source = edit.source(source)
        if source not in ranged and type(layers[source]).__name__ != "InputLayer":
            range_layer = identity("linear", name=f"{source}_range")
            edit.put_behind(source, range_layer)
            ranged |= {range_layer.name: Treatment.OUTPUT}
    return edit.built(), ranged


def _quantised(network: Any, chosen: Mapping[str, Treatment]) -> Any:
    """The network with the library's wrappers around the chosen layers."""
    tf_keras = import_stack("tf_keras")
    quantization = import_stack("tensorflow_model_optimization").quantization.keras

    def annotated(layer: Any) -> Any:
        new = layer.__class__.from_config(layer.get_config())
        if layer.name not in chosen:
            return new
        return quantization.quantize_annotate_layer(new, config_for(layer, chosen[layer.name]))

    marked = tf_keras.models.clone_model(network, clone_function=annotated)
    marked.set_weights(network.get_weights())
    try:
        wrapped = quantization.quantize_apply(marked, scheme())
    except (ValueError, RuntimeError, TypeError, AttributeError) as exc:
        raise ModelError(
            f"The network cannot be made quantisation-aware: {str(exc).splitlines()[0][:200]}",
            "Choose other layers with `layers` or `skip`, or leave the step 'qat' out.",
        ) from exc
    quantised = as_loaded(wrapped)
    rounding = (Treatment.WEIGHTS, Treatment.FUSED)
    _check_trained(quantised, [name for name, treatment in chosen.items() if treatment in rounding])
    return quantised


def _check_trained(quantised: Any, due: Sequence[str]) -> None:
    """Check that every layer whose weights are to be rounded in training does round them."""
    rounding = {layer.layer.name for layer in quantised.layers if trains_weights(layer)}
    if not due:
        raise ModelError(
            "None of the chosen layers has weights to train quantisation-aware.",
            "Choose convolution or Dense layers.",
        )
    for name in due:
        if name not in rounding:
            raise ModelError(
                f"The weights of the layer {name!r} would not be rounded in training.",
                f'Leave it out with skip = ["{name}"], and please report it with the model.',
            )
