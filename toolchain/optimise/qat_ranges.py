"""The ranges of activations as training begins: those of the float network on training data.

The library begins with -6…6 and moves by a thousandth a batch: a training of a few hundred batches would end
with ranges that are mostly this, and waste most of the 256 values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.data import Samples

_BATCHES = 32
# What the library calls a range behind an activation inside a layer, and behind a layer.
_RANGES = ("post_activation", "output")


def begin_ranges(quantised: Any, network: Any, samples: Samples, batch_size: int) -> None:
    """Set every activation range of `quantised` to what `network`, the same in float, gives there.

    A range is the mean of the batches' smallest and largest values, and holds 0, as the library has it.
    """
    ranges = {
        layer.layer.name: found
        for layer in quantised.layers
        if hasattr(layer, "quantize_config") and (found := _ranges_of(layer))
    }
    if not ranges:
        return
    outputs = [network.get_layer(name).output for name in ranges]
    probe = import_stack("tf_keras").Model(network.inputs, outputs)
    lows, highs = [], []
    for start in range(0, min(len(samples), _BATCHES * batch_size), batch_size):
        given = [array[start : start + batch_size] for array in samples.all_inputs]
        got = probe(given if len(given) > 1 else given[0], training=False)
        values = [np.asarray(value) for value in (got if len(outputs) > 1 else [got])]
        lows.append([min(0.0, float(value.min())) for value in values])
        highs.append([max(0.0, float(value.max())) for value in values])
    for found, low, high in zip(ranges.values(), np.mean(lows, axis=0), np.mean(highs, axis=0), strict=True):
        found["min"].assign(low)
        found["max"].assign(high)


def _ranges_of(layer: Any) -> Mapping[str, Any]:
    """The variables of a wrapped layer's activation range, `min` and `max`; empty where it has none."""
    by_name = {variable.name.split(":")[0].split("/")[-1]: variable for variable in layer.weights}
    for name in _RANGES:
        if f"{name}_min" in by_name:
            return {"min": by_name[f"{name}_min"], "max": by_name[f"{name}_max"]}
    return {}
