"""A network copied: the same layers, weights of its own."""

from __future__ import annotations

from typing import Any

from toolchain.network_file import known_objects
from toolchain.optimise.graph_edit import tensors_in
from toolchain.tensorflow_import import import_stack

_QUANTISING = ("QuantizeWrapper", "QuantizeWrapperV2", "QuantizeLayer")


def copy_network(network: Any) -> Any:
    """A copy of a `tf_keras` network, also of one under quantisation-aware training."""
    if is_quantised(network):
        return as_loaded(network)
    copied = import_stack("tf_keras").models.clone_model(network)
    copied.set_weights(network.get_weights())
    return copied


def is_quantised(network: Any) -> bool:
    """Whether quantisation-aware training has been at the network."""
    return any(type(layer).__name__ in _QUANTISING for layer in network.layers)


def as_loaded(network: Any) -> Any:
    """A copy of a network under quantisation-aware training, made as one that comes from a file.

    What the library returns has its weights in another order than the same network loaded; and the layer that
    holds an input's range is built twice when it is loaded, so that its live variables are the last ones.
    """
    config = network.get_config()
    _name_input_ranges(config)
    with known_objects():
        copied = type(network).from_config(config)
    for old, new in zip(network.layers, copied.layers, strict=True):
        for variable, value in zip(reversed(new.weights), reversed(old.get_weights()), strict=False):
            variable.assign(value)
    return copied


def _name_input_ranges(config: dict[str, Any]) -> None:
    """Name the layers that hold an input's range after the input: the library numbers them as it goes.

    Names are a part of what a training depends on; one that was killed would not be known again.
    """
    for entry in config["layers"]:
        if entry["class_name"] != "QuantizeLayer":
            continue
        old, new = entry["name"], f"quantize_{tensors_in(entry['inbound_nodes'])[0][0]}"
        entry["name"] = entry["config"]["name"] = new
        for place in (*(layer["inbound_nodes"] for layer in config["layers"]), config["output_layers"]):
            for tensor in tensors_in(place):
                if tensor[0] == old:
                    tensor[0] = new
