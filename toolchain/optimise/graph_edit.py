"""Layers taken out of a network, put in, or exchanged, by its serialised graph; weights stay with them."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.tensorflow_import import import_stack

Weights = Sequence[npt.NDArray[np.generic]]


def refuse_nested(network: Any, step: str) -> None:
    """Refuse a model within the model: what works on layers passes it by.

    Raises:
        ModelError: there is one; it is named.
    """
    models = import_stack("tf_keras").Model
    for layer in network.layers:
        if isinstance(layer, models):
            raise ModelError(
                f"The layer {layer.name!r} is a model of its own, which the step {step!r} cannot reach into.",
                "Save the model as Keras 3 (.keras), which is laid flat when it is loaded, or build it flat.",
            )


class GraphEdit:
    """Changes to a flat `tf_keras` network, which itself stays as it is; `built` makes the new one.

    A tensor is told as Keras serialises it: [layer, node, index].  Only layers with one call and one output
    may be changed (`is_simple`).
    """

    def __init__(self, network: Any) -> None:
        tf_keras = import_stack("tf_keras")
        # A Sequential model's configuration has no graph.
        graph = tf_keras.Model(network.inputs, network.outputs, name=network.name)
        self._network = network
        self._config = copy.deepcopy(graph.get_config())
        self._weights: dict[str, Weights] = {}

    @property
    def _layers(self) -> list[dict[str, Any]]:
        layers: list[dict[str, Any]] = self._config["layers"]
        return layers

    def _entry(self, name: str) -> dict[str, Any]:
        return next(layer for layer in self._layers if layer["name"] == name)

    def is_simple(self, name: str) -> bool:
        """Whether the layer is called once, on one tensor, and gives one."""
        nodes = self._entry(name)["inbound_nodes"]
        return len(nodes) == 1 and len(tensors_in(nodes)) == 1

    def source(self, name: str) -> str:
        """The layer that a simple layer reads."""
        return str(tensors_in(self._entry(name)["inbound_nodes"])[0][0])

    def readers(self, name: str) -> list[str]:
        """The layers that read what a layer gives, once for each tensor; `""` is the network's output."""
        found = [
            str(layer["name"])
            for layer in self._layers
            for tensor in tensors_in(layer["inbound_nodes"])
            if tensor[0] == name
        ]
        return found + ["" for tensor in tensors_in(self._config["output_layers"]) if tensor[0] == name]

    def change(self, name: str, weights: Weights | None = None, **settings: Any) -> None:
        """Change a layer's configuration, and its weights where they change too."""
        self._entry(name)["config"].update(settings)
        if weights is not None:
            self._weights[name] = weights

    def replace(self, name: str, layer: Any, weights: Weights) -> None:
        """Put a new layer of the same name, with `weights`, in the place of a simple one."""
        entry = self._entry(name)
        entry.update(_serialised(layer), inbound_nodes=entry["inbound_nodes"])
        self._weights[name] = weights

    def remove(self, name: str) -> None:
        """Take a simple layer out: who read it reads what it read."""
        entry = self._entry(name)
        before = tensors_in(entry["inbound_nodes"])[0][:3]
        self._layers.remove(entry)
        self._rename(name, before)

    def remove_block(self, names: Sequence[str], source: str) -> None:
        """Take several layers out, the last of `names` last: who read that one reads what `source` gives."""
        self._rename(names[-1], [source, 0, 0])
        for name in names:
            self._layers.remove(self._entry(name))

    def put_before(self, name: str, layer: Any, weights: Weights | None = None) -> None:
        """Put a layer between a simple layer and what it reads."""
        entry = self._entry(name)
        new = {**_serialised(layer), "inbound_nodes": copy.deepcopy(entry["inbound_nodes"])}
        tensors_in(entry["inbound_nodes"])[0][:3] = [layer.name, 0, 0]
        self._layers.insert(self._layers.index(entry), new)
        if weights is not None:
            self._weights[layer.name] = weights

    def put_behind(self, name: str, layer: Any) -> None:
        """Put a layer without weights between a simple layer and all who read it."""
        self._rename(name, [layer.name, 0, 0])
        new = {**_serialised(layer), "inbound_nodes": [[[name, 0, 0, {}]]]}
        self._layers.insert(self._layers.index(self._entry(name)) + 1, new)

    def _rename(self, name: str, to: list[Any]) -> None:
        for place in ([layer["inbound_nodes"] for layer in self._layers], self._config["output_layers"]):
            for tensor in tensors_in(place):
                if tensor[0] == name:
                    tensor[:3] = to

    def built(self) -> Any:
        """The changed network, with the weights of every layer that is still there."""
        tf_keras = import_stack("tf_keras")
        for layer in self._layers:
            # The shapes to build for come from the graph.
            layer.pop("build_config", None)
        network = tf_keras.Model.from_config(self._config)
        old = {layer.name: layer for layer in self._network.layers}
        for layer in network.layers:
            weights = self._weights.get(layer.name)
            if weights is None and layer.name in old:
                weights = old[layer.name].get_weights()
            if weights is not None:
                layer.set_weights(weights)
        return network


def _serialised(layer: Any) -> dict[str, Any]:
    return {
        "module": "keras.layers",
        "class_name": type(layer).__name__,
        "config": layer.get_config(),
        "registered_name": None,
        "name": layer.name,
    }


def tensors_in(place: Any) -> list[list[Any]]:
    """All tensors told in a serialised place, as the lists that tell them: they may be written to."""
    if isinstance(place, dict):
        place = list(place.values())
    if not isinstance(place, (list, tuple)):
        return []
    if isinstance(place, list) and len(place) >= 3 and isinstance(place[0], str):
        rest = place[3:]
        return [place, *tensors_in(rest)] if isinstance(place[1], int) else []
    return [tensor for part in place for tensor in tensors_in(part)]
