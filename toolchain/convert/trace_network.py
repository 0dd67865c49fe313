"""A `tf_keras` network as TensorFlow's converter wants it: a function of a batch of 1, its inputs by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from toolchain.tensorflow_import import import_stack


def converter_for(network: Any) -> Any:
    """A `TFLiteConverter` for the network as one function of a batch of 1.

    An open batch would add SHAPE and PACK.  Its inputs are called as `input_names` says.
    """
    tensorflow, tf_keras = import_stack("tensorflow"), import_stack("tf_keras")
    # A model's own name may be one that TensorFlow takes for no scope.
    named = tf_keras.Model(network.inputs, network.outputs, name=_scope_name(network.name))
    signature = [
        tensorflow.TensorSpec((1, *tensor.shape[1:]), tensorflow.float32, name=name)
        for tensor, name in zip(network.inputs, input_names(network), strict=True)
    ]
    traced = tensorflow.function(
        lambda *given: named(list(given) if len(given) > 1 else given[0], training=False)
    ).get_concrete_function(*signature)
    return tensorflow.lite.TFLiteConverter.from_concrete_functions([traced], named)


def input_names(network: Any) -> list[str]:
    """What the inputs are called in the `.tflite`, where the converter leaves them in no order."""
    names = [_scope_name(tensor.name) for tensor in network.inputs]
    if len(names) == 1:
        return names
    return [f"input_{number:03d}_{name}" for number, name in enumerate(names)]


def with_inputs_in_order(model: bytes, names: Sequence[str]) -> bytes:
    """The `.tflite` with its inputs in the order of `names`: data is handed over by place."""
    import tflite  # noqa: PLC0415 (late, like everything this room imports from outside)

    if len(names) == 1:
        return model
    changed = bytearray(model)
    graph = tflite.Model.GetRootAs(changed, 0).Subgraphs(0)
    found = {(graph.Tensors(place).Name() or b"").decode(): place for place in graph.InputsAsNumpy().tolist()}
    # The vector of inputs, in the file itself.
    graph.InputsAsNumpy()[:] = [
        next(place for called, place in found.items() if name in called) for name in names
    ]
    return bytes(changed)


def _scope_name(name: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9_]", "_", name).lstrip("_")
    return clean or "model"
