"""Weights of which most are zero, packed one by one: what is pruned without a pattern.

A weight that is not zero takes two bytes: where it stands within its run of 256 taps, and what it is.
Kernels take two at a time, so that every run of every channel has an even number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise_forms import Integers
from toolchain.vocabulary.program import ParameterValue

RUN_TAPS = 256
_PAIR = 2
# With fewer, neither bytes nor cycles are saved.
LEAST_ZEROS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class SparseWeights:
    """A layer's weights that are not zero; `counts` are the pairs of them, of shape (channels, runs).

    `zeros` is the share of weights that are left out.
    """

    entries: npt.NDArray[np.int8]
    counts: npt.NDArray[np.uint8]
    zeros: float

    @property
    def channels(self) -> int:
        """Output channels."""
        return int(self.counts.shape[0])

    @property
    def runs(self) -> int:
        """Runs of 256 taps."""
        return int(self.counts.shape[1])

    @property
    def pairs(self) -> int:
        """Pairs of weights, of all channels."""
        return int(self.counts.sum())

    @property
    def bytes(self) -> int:
        """In flash."""
        return int(self.entries.nbytes + self.counts.nbytes)


def zero_weights(rows: Integers) -> float:
    """The share of weights that are zero: quick to tell, before anything is proven."""
    return float(np.mean(rows == 0))


def sparse_weights(rows: Integers) -> SparseWeights:
    """The packed weights of `rows` (channels, taps)."""
    channels, taps = rows.shape
    runs = -(-taps // RUN_TAPS)
    counts = np.zeros((channels, runs), np.uint8)
    entries = [np.zeros((0, _PAIR), np.int64)]
    for channel, run in np.ndindex(channels, runs):
        part = rows[channel, run * RUN_TAPS : (run + 1) * RUN_TAPS]
        index = np.flatnonzero(part)
        found = np.stack([index, part[index]], axis=1)
        # What fills a pair up has the weight 0, and any index.
        found = np.pad(found, ((0, len(found) % _PAIR), (0, 0)))
        counts[channel, run] = len(found) // _PAIR
        entries.append(found)
    packed = np.concatenate(entries).reshape(-1).astype(np.uint8).view(np.int8)
    return SparseWeights(packed, counts, zero_weights(rows))


def weight_constants(
    layer: LayerView, pool: ConstantPool, sparse: SparseWeights
) -> dict[str, ParameterValue]:
    """The fields `runs`, `weights` and `counts` of a kernel's parameters."""
    number, comment = layer.operator.index, f"{layer.name}, weights that are not zero"
    # An array in C has one element at least.
    entries = sparse.entries if len(sparse.entries) else np.zeros(1, np.int8)
    return {
        "runs": sparse.runs,
        "weights": pool.add(f"{number}_weights", "int8_t", entries, role="weights", comment=comment),
        "counts": pool.add(f"{number}_counts", "uint8_t", sparse.counts, role="weights", comment=comment),
    }
