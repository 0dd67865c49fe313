"""Weights of which most are zero, packed for kernels on cores with DSP: blocks of one tap and four channels.

`kernels/sparse_pixels_dsp.h` has the layout.  A block with a weight that is not zero is kept whole: what is
pruned in such blocks (1x4, inputs x outputs) is left out entirely, of single zeros what comes together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.compile.byte_pairs import BLOCK_CHANNELS, padded
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool
from toolchain.compile.requantise_forms import Integers
from toolchain.vocabulary.program import ParameterValue

UNIT_TAPS, RUN_TAPS = 4, 256
# With fewer, four inputs in five have to be read anyway, and nothing is gained.
LEAST_ZEROS = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SparseBlocks:
    """A layer's live taps, as the kernels read them: `counts` has shape (blocks, runs).

    `zeros` is the share of blocks that are left out.
    """

    words: npt.NDArray[np.int32]
    counts: npt.NDArray[np.uint8]
    zeros: float

    @property
    def blocks(self) -> int:
        """Blocks of four channels."""
        return int(self.counts.shape[0])

    @property
    def runs(self) -> int:
        """Runs of 256 taps."""
        return int(self.counts.shape[1])

    @property
    def units(self) -> int:
        """Units of four taps, of all blocks."""
        return int(self.counts.sum())

    @property
    def bytes(self) -> int:
        """In flash."""
        return int(self.words.nbytes + self.counts.nbytes)


def zero_blocks(rows: Integers) -> float:
    """The share of zero blocks of `rows` (channels, taps): quick to tell, before anything is proven."""
    return float(np.mean(~_live(rows)))


def sparse_blocks(rows: Integers) -> SparseBlocks:
    """The packed weights of `rows` (channels, taps), four channels a block."""
    full = padded(rows, BLOCK_CHANNELS)
    live = _live(rows)
    runs = -(-full.shape[1] // RUN_TAPS)
    counts = np.zeros((len(live), runs), np.uint8)
    words = []
    for block, flags in enumerate(live):
        four = full[BLOCK_CHANNELS * block : BLOCK_CHANNELS * (block + 1)]
        for run in range(runs):
            part = slice(run * RUN_TAPS, (run + 1) * RUN_TAPS)
            units = _units(four[:, part], flags[part])
            counts[block, run] = len(units)
            words.append(units.reshape(-1))
    packed = np.concatenate(words).astype(np.uint32).view(np.int32)
    return SparseBlocks(packed, counts, float(np.mean(~live)))


def _live(rows: Integers) -> npt.NDArray[np.bool_]:
    """Shape (blocks, taps)."""
    full = padded(rows, BLOCK_CHANNELS)
    found: npt.NDArray[np.bool_] = (full != 0).reshape(-1, BLOCK_CHANNELS, full.shape[1]).any(axis=1)
    return found


def _units(four: Integers, live: npt.NDArray[np.bool_]) -> Integers:
    """Shape (units, words) of one block and run; `four` has its channels."""
    taps = np.flatnonzero(live)
    missing = -len(taps) % UNIT_TAPS
    # What fills a unit up has weights of 0: any index will do.
    weights = np.pad(four[:, taps], ((0, 0), (0, missing)))
    index = np.pad(taps, (0, missing)).reshape(-1, UNIT_TAPS)
    # Axes: unit, half of it, AB or CD, tap in the half.
    lanes = (weights[0::2] + 256 * weights[1::2]).reshape(2, -1, 2, 2).transpose(1, 2, 0, 3) & 0xFFFF
    pairs = (lanes[..., 0] | lanes[..., 1] << 16).reshape(-1, UNIT_TAPS)
    indices = (index << np.array([0, 8, 16, 24])).sum(axis=1, keepdims=True)
    return np.concatenate([indices, pairs], axis=1)


def block_constants(layer: LayerView, pool: ConstantPool, blocks: SparseBlocks) -> dict[str, ParameterValue]:
    """The fields `runs`, `weights` and `counts` of a kernel's parameters."""
    number, comment = layer.operator.index, f"{layer.name}, blocks of four that are not zero"
    # An array in C has one element at least.
    words = blocks.words if len(blocks.words) else np.zeros(1, np.int32)
    return {
        "runs": blocks.runs,
        "weights": pool.add(f"{number}_weights", "int32_t", words, role="weights", comment=comment),
        "counts": pool.add(f"{number}_counts", "uint8_t", blocks.counts, role="weights", comment=comment),
    }
