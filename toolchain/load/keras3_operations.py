"""Keras 3's operations and activations that `tf_keras` has no layer for, as operators of TensorFlow.

Called on a `tf_keras` tensor, a function of TensorFlow becomes a layer of the graph by itself, which its
file keeps by the function's name.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from toolchain.tensorflow_import import import_stack

Operation = Callable[..., Any]
"""Called with `tensorflow`, the operation's settings, and its arguments."""


def _elementwise(name: str) -> Operation:
    """The function of `tensorflow.math` or `tensorflow.nn` of that name, on all arguments."""

    def apply(tensorflow: Any, settings: Mapping[str, Any], *arguments: Any) -> Any:
        home = tensorflow.math if hasattr(tensorflow.math, name) else tensorflow.nn
        return getattr(home, name)(*arguments)

    return apply


def _reduction(name: str) -> Operation:
    def apply(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
        axis, keepdims = settings.get("axis"), bool(settings.get("keepdims", False))
        return getattr(tensorflow.math, name)(x, axis=axis, keepdims=keepdims)

    return apply


def _reshape(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    shape = [-1 if axis is None else int(axis) for axis in settings["newshape"]]
    return tensorflow.reshape(x, shape)


def _transpose(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.transpose(x, perm=settings.get("axes"))


def _expand_dims(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    axis = settings["axis"]
    for one in [axis] if isinstance(axis, int) else axis:
        x = tensorflow.expand_dims(x, axis=one)
    return x


def _squeeze(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    axis = settings.get("axis")
    return tensorflow.squeeze(x, axis=[axis] if isinstance(axis, int) else axis)


def _concatenate(tensorflow: Any, settings: Mapping[str, Any], tensors: Any) -> Any:
    return tensorflow.concat(list(tensors), axis=settings.get("axis", 0))


def _stack(tensorflow: Any, settings: Mapping[str, Any], tensors: Any) -> Any:
    return tensorflow.stack(list(tensors), axis=settings.get("axis", 0))


def _split(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    parts, axis = settings["indices_or_sections"], settings.get("axis", 0)
    if not isinstance(parts, int):
        # Places of the cuts; TensorFlow takes the sizes between them.
        edges = [0, *parts, int(x.shape[axis])]
        parts = [high - low for low, high in itertools.pairwise(edges)]
    return tensorflow.split(x, parts, axis=axis)


def _pad(tensorflow: Any, settings: Mapping[str, Any], x: Any, constant_values: Any = None) -> Any:
    mode = str(settings.get("mode", "constant")).upper()
    if mode not in ("CONSTANT", "REFLECT", "SYMMETRIC"):
        raise ValueError(f"padding by {mode} is unknown to TensorFlow")
    width = [list(pair) for pair in settings["pad_width"]]
    return tensorflow.pad(x, width, mode=mode, constant_values=constant_values or 0)


def _clip(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.clip_by_value(x, float(settings["x_min"]), float(settings["x_max"]))


def _get_item(tensorflow: Any, settings: Mapping[str, Any], x: Any, key: Any) -> Any:
    keys = key if isinstance(key, list) else [key]
    if any(one is Ellipsis for one in keys):
        # A file of `tf_keras` has no word for it.
        place = next(number for number, one in enumerate(keys) if one is Ellipsis)
        missing = len(x.shape) - sum(one is not None for one in keys) + 1
        keys = [*keys[:place], *[slice(None)] * missing, *keys[place + 1 :]]
    return x[tuple(keys)]


def _softmax(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.nn.softmax(x, axis=settings.get("axis", -1))


def _gelu(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.nn.gelu(x, approximate=bool(settings.get("approximate", True)))


def _leaky_relu(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.nn.leaky_relu(x, alpha=float(settings.get("negative_slope", 0.2)))


def _where(tensorflow: Any, settings: Mapping[str, Any], condition: Any, x: Any, y: Any) -> Any:
    return tensorflow.where(condition, x, y)


def _hard_sigmoid(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    # Keras 3 has slope 1/6, Keras 2 had 0.2.
    return tensorflow.nn.relu6(x + 3.0) * (1.0 / 6.0)


def _hard_silu(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    # In the form that the converter knows as HARD_SWISH.
    return x * tensorflow.nn.relu6(x + 3.0) * (1.0 / 6.0)


def _hard_tanh(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return tensorflow.clip_by_value(x, -1.0, 1.0)


def _celu(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    alpha = float(settings.get("alpha", 1.0))
    return tensorflow.maximum(x, 0.0) + alpha * tensorflow.nn.elu(tensorflow.minimum(x, 0.0) / alpha)


def _glu(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    value, gate = tensorflow.split(x, 2, axis=settings.get("axis", -1))
    return value * tensorflow.sigmoid(gate)


def _tanh_shrink(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    return x - tensorflow.tanh(x)


def _soft_shrink(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    threshold = float(settings.get("threshold", 0.5))
    return tensorflow.nn.relu(x - threshold) - tensorflow.nn.relu(-x - threshold)


def _hard_shrink(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    inside = tensorflow.abs(x) <= float(settings.get("threshold", 0.5))
    return tensorflow.where(inside, 0.0 * x, x)


def _sparse_plus(tensorflow: Any, settings: Mapping[str, Any], x: Any) -> Any:
    # 0 up to -1, a parabola up to 1, then x.
    middle = tensorflow.clip_by_value(x, -1.0, 1.0) + 1.0
    return 0.25 * middle * middle + tensorflow.nn.relu(x - 1.0)


ACTIVATIONS: Mapping[str, Operation] = {
    "celu": _celu,
    "hard_shrink": _hard_shrink,
    "hard_sigmoid": _hard_sigmoid,
    "hard_silu": _hard_silu,
    "hard_tanh": _hard_tanh,
    "soft_shrink": _soft_shrink,
    "sparse_plus": _sparse_plus,
    "tanh_shrink": _tanh_shrink,
}
"""Activations, by Keras 3's names, that `tf_keras` has not, or has with other values."""

OPERATIONS: Mapping[str, Operation] = {
    "Absolute": _elementwise("abs"),
    "Add": _elementwise("add"),
    "Celu": _celu,
    "Clip": _clip,
    "Concatenate": _concatenate,
    "Divide": _elementwise("divide"),
    "Elu": _elementwise("elu"),
    "Equal": _elementwise("equal"),
    "Exp": _elementwise("exp"),
    "ExpandDims": _expand_dims,
    "Gelu": _gelu,
    "GetItem": _get_item,
    "Glu": _glu,
    "Greater": _elementwise("greater"),
    "GreaterEqual": _elementwise("greater_equal"),
    "HardShrink": _hard_shrink,
    "HardSigmoid": _hard_sigmoid,
    "HardSilu": _hard_silu,
    "HardTanh": _hard_tanh,
    "LeakyRelu": _leaky_relu,
    "Less": _elementwise("less"),
    "LessEqual": _elementwise("less_equal"),
    "Log": _elementwise("log"),
    "Matmul": lambda tensorflow, settings, x, y: tensorflow.matmul(x, y),
    "Max": _reduction("reduce_max"),
    "Maximum": _elementwise("maximum"),
    "Mean": _reduction("reduce_mean"),
    "Min": _reduction("reduce_min"),
    "Minimum": _elementwise("minimum"),
    "Multiply": _elementwise("multiply"),
    "Negative": _elementwise("negative"),
    "Pad": _pad,
    "Power": _elementwise("pow"),
    "Prod": _reduction("reduce_prod"),
    "Relu": _elementwise("relu"),
    "Relu6": _elementwise("relu6"),
    "Reshape": _reshape,
    "Rsqrt": _elementwise("rsqrt"),
    "Selu": _elementwise("selu"),
    "Sigmoid": _elementwise("sigmoid"),
    "Silu": _elementwise("silu"),
    "SoftShrink": _soft_shrink,
    "Softmax": _softmax,
    "Softplus": _elementwise("softplus"),
    "SparsePlus": _sparse_plus,
    "Split": _split,
    "Sqrt": _elementwise("sqrt"),
    "Square": _elementwise("square"),
    "Squeeze": _squeeze,
    "Stack": _stack,
    "Subtract": _elementwise("subtract"),
    "Sum": _reduction("reduce_sum"),
    "Tanh": _elementwise("tanh"),
    "TanhShrink": _tanh_shrink,
    "Transpose": _transpose,
    "TrueDivide": _elementwise("truediv"),
    "Where": _where,
}
"""Operations of keras.ops, by the class that a file names."""


_AS_LAYERS: Mapping[str, Callable[[Any, Mapping[str, Any], str], Any]] = {
    "Add": lambda layers, settings, name: layers.Add(name=name),
    "Concatenate": lambda layers, settings, name: layers.Concatenate(axis=settings.get("axis", 0), name=name),
    "Maximum": lambda layers, settings, name: layers.Maximum(name=name),
    "Minimum": lambda layers, settings, name: layers.Minimum(name=name),
    "Multiply": lambda layers, settings, name: layers.Multiply(name=name),
    "Relu": lambda layers, settings, name: layers.ReLU(name=name),
    "Sigmoid": lambda layers, settings, name: layers.Activation("sigmoid", name=name),
    "Softmax": lambda layers, settings, name: layers.Softmax(axis=settings.get("axis", -1), name=name),
    "Subtract": lambda layers, settings, name: layers.Subtract(name=name),
    "Tanh": lambda layers, settings, name: layers.Activation("tanh", name=name),
}


def apply_activation(name: str, tensor: Any) -> Any:
    """The activation of ACTIVATIONS on a `tf_keras` tensor."""
    return ACTIVATIONS[name](import_stack("tensorflow"), {}, tensor)


def apply_operation(
    class_name: str, settings: Mapping[str, Any], arguments: list[Any], keywords: Mapping[str, Any], name: str
) -> Any:
    """The operation of OPERATIONS on `tf_keras` tensors and plain values.

    Where a layer of the same meaning takes the arguments, it is that layer, called `name`: what trains and
    quantises networks knows layers better than functions.
    """
    layer = _AS_LAYERS.get(class_name)
    tensors = list(arguments[0]) if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
    if layer is not None and not keywords and _are_alike(tensors):
        return layer(import_stack("tf_keras").layers, settings, name)(
            tensors if len(tensors) > 1 else tensors[0]
        )
    return OPERATIONS[class_name](import_stack("tensorflow"), settings, *arguments, **keywords)


def _are_alike(arguments: list[Any]) -> bool:
    """Whether all arguments are tensors of one rank: a layer that merges does not take others."""
    ranks = [len(argument.shape) if hasattr(argument, "shape") else None for argument in arguments]
    return None not in ranks and len(set(ranks)) == 1
