"""A Keras 3 Sequential or Functional model, rebuilt layer by layer as a `tf_keras` one.

The graph is walked as Keras 3 serialises it: each layer's configuration is translated, the layer is
called on its inputs as the original was, and it gets the original's weights.  Models within models
are laid flat (`inner/conv` becomes `inner_conv`), since pruning works on flat models only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from toolchain.errors import ModelError, TranslationError
from toolchain.load.keras3_layers import own_activation, refuse, safe_name, translate_layer
from toolchain.load.keras3_operations import OPERATIONS, apply_activation, apply_operation
from toolchain.tensorflow_import import import_stack

_MODELS = ("Sequential", "Functional")
_OPERATIONS_MODULE = "keras.src.ops"


@dataclass(slots=True, eq=False)
class Translation:
    """The new model, and which of its layers came from which (`pairs`: original layer, new layer)."""

    network: Any = None
    pairs: list[tuple[Any, Any]] = field(default_factory=list)


def translate(original: Any) -> Translation:
    """Rebuild `original`, a Keras 3 model, weights included.

    Raises:
        TranslationError: a layer has no counterpart, or the model is of another kind.
        ModelError: it has no input shape.
    """
    if type(original).__name__ not in _MODELS:
        raise TranslationError(
            f"The model is a {type(original).__name__} (a class of its own), whose graph cannot be known.",
            "Build it as a Sequential or Functional model.",
        )
    if not getattr(original, "inputs", None):
        raise ModelError(
            "The model was never given an input shape.", "Build it with an Input layer, and save it again."
        )
    tf_keras = import_stack("tf_keras")
    walk = _Walk()
    inputs = [_new_input(tf_keras, tensor, walk) for tensor in original.inputs]
    outputs = walk.model(original, inputs, prefix="")
    name = safe_name(str(original.name), set())
    walk.translation.network = tf_keras.Model(
        inputs[0] if len(inputs) == 1 else inputs, outputs[0] if len(outputs) == 1 else outputs, name=name
    )
    return walk.translation


def _new_input(tf_keras: Any, tensor: Any, walk: _Walk) -> Any:
    shape = tuple(tensor.shape)
    return tf_keras.Input(
        shape=shape[1:],
        batch_size=shape[0],
        dtype=str(tensor.dtype),
        name=safe_name(str(tensor.name), walk.taken),
    )


class _Walk:
    """The state of one translation: names given out, and layers made, each only once if shared."""

    def __init__(self) -> None:
        self.translation = Translation()
        self.taken: set[str] = set()
        self._made: dict[int, Any] = {}

    def model(self, original: Any, inputs: list[Any], prefix: str) -> list[Any]:
        """Apply a model, the outer one or one within it, to new tensors."""
        if type(original).__name__ == "Sequential":
            return [self._sequential(original, inputs[0], prefix)]
        return self._functional(original, inputs, prefix)

    def _sequential(self, original: Any, tensor: Any, prefix: str) -> Any:
        config = original.get_config()
        serialised = [item for item in config["layers"] if item["class_name"] != "InputLayer"]
        for layer, item in zip(original.layers, serialised, strict=True):
            tensor = self._call(layer, item, [tensor], {}, prefix)[0]
        return tensor

    def _functional(self, original: Any, inputs: list[Any], prefix: str) -> list[Any]:
        config = original.get_config()
        tensors: dict[tuple[str, int, int], Any] = {}
        for key, tensor in zip(_histories(config["input_layers"]), inputs, strict=True):
            tensors[key] = tensor
        waiting = [
            (item, number, node)
            for item in config["layers"]
            for number, node in enumerate(item["inbound_nodes"])
            if item["class_name"] != "InputLayer"
        ]
        while waiting:
            ready = [job for job in waiting if all(key in tensors for key in _tensor_keys(job[2]))]
            if not ready:
                raise refuse(str(waiting[0][0]["name"]), "its inputs come from nowhere in the model")
            waiting = [job for job in waiting if job not in ready]
            for item, number, node in ready:
                args, kwargs = list(_filled(node["args"], tensors)), dict(_filled(node["kwargs"], tensors))
                if str(item.get("module")).startswith(_OPERATIONS_MODULE):
                    results = self._operate(item, args, kwargs, prefix)
                else:
                    layer = original.get_layer(name=str(item["name"]))
                    results = self._call(layer, item, args, kwargs, prefix)
                for index, tensor in enumerate(results):
                    tensors[(str(item["name"]), number, index)] = tensor
        return [tensors[key] for key in _histories(config["output_layers"])]

    def _operate(
        self, serialised: dict[str, Any], args: list[Any], kwargs: dict[str, Any], prefix: str
    ) -> list[Any]:
        """An operation of keras.ops on new tensors; its outputs as a flat list."""
        class_name, name = str(serialised["class_name"]), str(serialised["name"])
        if class_name not in OPERATIONS:
            raise refuse(
                name,
                f"it is the operation keras.ops.{class_name.lower()}, which has no translation",
                "Use a layer in its place (Add, Multiply, Activation, Reshape …), and save the model again.",
            )
        given = {key: value for key, value in kwargs.items() if value is not None}
        try:
            result = apply_operation(
                class_name, serialised["config"], args, given, safe_name(prefix + name, self.taken)
            )
        except Exception as exc:
            # TensorFlow and tf_keras refuse arguments by many kinds of errors.
            words = (str(exc).splitlines() or [type(exc).__name__])[0][:200]
            raise refuse(name, f"TensorFlow cannot call {class_name} so ({words})") from exc
        return list(result) if isinstance(result, (list, tuple)) else [result]

    def _call(
        self, layer: Any, serialised: dict[str, Any], args: list[Any], kwargs: dict[str, Any], prefix: str
    ) -> list[Any]:
        """Call the new counterpart of `layer`; its outputs as a flat list."""
        name = str(layer.name)
        if serialised["class_name"] in _MODELS:
            flat = args[0] if isinstance(args[0], (list, tuple)) else args
            return self.model(layer, list(flat), f"{prefix}{name}_")
        new = self._made.get(id(layer))
        called_before = new is not None
        if new is None:
            new = translate_layer(serialised, name, safe_name(prefix + name, self.taken))
            self._made[id(layer)] = new
        # None is what Keras 3 records for every argument that was left out, training=True for augmentation,
        # which it does not do at inference all the same.
        given = {
            key: value
            for key, value in kwargs.items()
            if value is not None and not (key == "training" and value is True)
        }
        try:
            result = new(*args, **given)
        except (TypeError, ValueError, AttributeError) as exc:
            raise refuse(name, f"tf_keras cannot call it so ({str(exc).splitlines()[0][:200]})") from exc
        activation = own_activation(serialised)
        if activation is not None:
            result = apply_activation(activation, result)
        if not called_before:
            _copy_weights(layer, new)
            self.translation.pairs.append((layer, new if activation is None else result.node.layer))
        return list(result) if isinstance(result, (list, tuple)) else [result]


def _histories(stored: Any) -> list[tuple[str, int, int]]:
    """`[name, node, tensor]`, or a list or mapping of such, as keys."""
    if isinstance(stored, dict):
        stored = list(stored.values())
    if stored and isinstance(stored[0], str):
        stored = [stored]
    return [(str(name), int(node), int(tensor)) for name, node, tensor in stored]


def _key_of(value: Any) -> tuple[str, int, int] | None:
    """The tensor that a serialised argument stands for, if it is one."""
    if isinstance(value, dict) and value.get("class_name") == "__keras_tensor__":
        name, node, tensor = value["config"]["keras_history"]
        return str(name), int(node), int(tensor)
    return None


def _tensor_keys(value: Any) -> list[tuple[str, int, int]]:
    """All tensors an inbound node (or a part of it) takes."""
    key = _key_of(value)
    if key is not None:
        return [key]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [key for item in value for key in _tensor_keys(item)]
    return []


def _filled(value: Any, tensors: dict[tuple[str, int, int], Any]) -> Any:
    """A node's arguments with the new tensors in place of the serialised ones."""
    key = _key_of(value)
    if key is not None:
        return tensors[key]
    if isinstance(value, dict):
        return _constant(value, tensors)
    if isinstance(value, (list, tuple)):
        return [_filled(item, tensors) for item in value]
    return value


def _constant(value: dict[str, Any], tensors: dict[tuple[str, int, int], Any]) -> Any:
    """A slice, an ellipsis, an array, or a mapping of other arguments."""
    config = value.get("config")
    if value.get("class_name") == "__slice__" and isinstance(config, dict):
        return slice(config.get("start"), config.get("stop"), config.get("step"))
    if value.get("class_name") == "__ellipsis__":
        return Ellipsis
    if value.get("class_name") in ("__numpy__", "__tensor__") and isinstance(config, dict):
        return np.asarray(config["value"], str(config["dtype"]))
    return {name: _filled(item, tensors) for name, item in value.items()}


def _copy_weights(layer: Any, new: Any) -> None:
    weights = layer.get_weights()
    wanted = [tuple(weight.shape) for weight in new.weights]
    if type(new).__name__ == "Normalization" and len(wanted) == len(weights) + 1:
        # Keras 2 also counts the samples it has seen; only `adapt` looks at that.
        weights = [*weights, new.get_weights()[-1]]
    have = [tuple(weight.shape) for weight in weights]
    if have != wanted:
        raise refuse(str(layer.name), f"its weights have the shapes {have}, tf_keras's {wanted}")
    new.set_weights(weights)
