"""The proof of a translation: both models, the same random input, the same numbers, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import TranslationError
from toolchain.load.translate_keras3 import Translation
from toolchain.tensorflow_import import import_stack

TOLERANCE = 1e-5
"""Largest difference allowed, relative to the largest value of the tensor (or to 1, if that is larger)."""

_SAMPLES = 4
_SEED = 20_240_229


def require_same_outputs(original: Any, translation: Translation) -> None:
    """Run both on random input and compare every layer's output.

    The layers between are compared too, since a saturated softmax at the end can hide what is wrong.

    Raises:
        TranslationError: they differ; the first layer that does is named.
    """
    keras, tf_keras = import_stack("keras"), import_stack("tf_keras")
    network = translation.network
    outer = {id(layer) for layer in original.layers}
    probes = [
        (old, new)
        for old, new in translation.pairs
        if id(old) in outer and _called_once(old) and _called_once(new)
    ]
    old_model = keras.Model(
        _one_or_list(original.inputs), [*(old.output for old, _ in probes), *original.outputs]
    )
    new_model = tf_keras.Model(
        _one_or_list(network.inputs), [*(new.output for _, new in probes), *network.outputs]
    )
    values = [_random_input(tensor) for tensor in original.inputs]
    given = _one_or_list(values)
    expected, got = _run(old_model, given), _run(new_model, given)
    names = _names(probes, len(network.outputs))
    for name, left, right in zip(names, expected, got, strict=True):
        difference = _largest_difference(left, right)
        if not difference <= TOLERANCE:
            raise TranslationError(
                f"The layer {name!r} computes something else in tf_keras: on random input it differs by "
                f"{difference:.2g} of its largest value.",
                "Replace the layer, or please report it with the model.",
            )


def _names(probes: list[tuple[Any, Any]], outputs: int) -> list[str]:
    """What each compared tensor is called: a layer's name, or the model's output."""
    of_layers = [str(old.name) for old, _ in probes for _ in range(_outputs_of(old))]
    return of_layers + [f"of output {index}" for index in range(outputs)]


def _one_or_list(values: list[Any]) -> Any:
    """What a model with one input takes bare, and one with several as a list."""
    return values if len(values) > 1 else values[0]


def _outputs_of(layer: Any) -> int:
    return len(layer.output) if isinstance(layer.output, (list, tuple)) else 1


def _called_once(layer: Any) -> bool:
    """Whether the layer has one output in the graph: a shared layer has several."""
    return len(layer._inbound_nodes) == 1


def _run(model: Any, given: Any) -> list[npt.NDArray[np.generic]]:
    flat: list[npt.NDArray[np.generic]] = []
    for value in _flattened(model(given, training=False)):
        flat.append(np.asarray(value))
    return flat


def _flattened(value: Any) -> list[Any]:
    if isinstance(value, (list, tuple)):
        return [leaf for item in value for leaf in _flattened(item)]
    return [value]


def _random_input(tensor: Any) -> npt.NDArray[np.generic]:
    """Normally distributed values; 0 and 1 for an integer input, which every embedding table has."""
    shape = (tensor.shape[0] or _SAMPLES, *(axis or 1 for axis in tensor.shape[1:]))
    random = np.random.default_rng(_SEED)
    dtype = np.dtype(str(tensor.dtype))
    if dtype.kind == "f":
        return random.standard_normal(shape).astype(dtype)
    return random.integers(0, 2, size=shape).astype(dtype)


def _largest_difference(left: npt.NDArray[np.generic], right: npt.NDArray[np.generic]) -> float:
    """The largest absolute difference, relative to the largest value; infinite for NaN on one side only."""
    if left.shape != right.shape:
        return float("inf")
    wide_left, wide_right = left.astype(np.float64), right.astype(np.float64)
    if not np.array_equal(np.isnan(wide_left), np.isnan(wide_right)):
        return float("inf")
    # Equal infinities give NaN: no difference.
    with np.errstate(invalid="ignore"):
        difference = np.nan_to_num(np.abs(wide_left - wide_right), nan=0.0)
    finite = np.abs(wide_left[np.isfinite(wide_left)])
    return float(difference.max(initial=0.0) / max(1.0, finite.max(initial=0.0)))
