"""What can be counted on a model, layer by layer, whether it is a Keras network or a `.tflite` graph."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK_SHAPES = ((1, 4), (4, 1))
"""Blocks of weights that are looked for, inputs × outputs, as `block_size` of pruning has them."""


@dataclass(frozen=True, slots=True)
class BlockZeros:
    """How many blocks of `inputs` × `outputs` weights hold nothing but zeros."""

    inputs: int
    outputs: int
    blocks: int
    zero: int


@dataclass(frozen=True, slots=True)
class KernelFigures:
    """What stands in a layer's kernels (not its biases).

    `distinct` is the largest number of different values that the weights of one output channel take;
    `two_of_four` the share of groups of four neighbours along the input channels in which two or more
    are zero (1: 2:4 sparsity holds; what is left over of fewer than four is not looked at; None: there are
    fewer than four).  Blocks that reach over an edge count like whole ones.
    """

    weights: int
    zeros: int
    distinct: int
    two_of_four: float | None
    blocks: tuple[BlockZeros, ...]


@dataclass(frozen=True, slots=True)
class LayerFigures:
    """One layer, or one operator.  None: not known, or there is none.

    `shape` is that of its (first) output without the batch; `parameters` counts all values it keeps,
    `bytes` what they take; `macs` are its multiply-accumulates and `flops` two a MAC and one for every
    other operation (bias, activation, pooling; a power of e counts as one).  `moved_bytes` is what it reads
    and writes of activations when each value is moved once.  `quantisation` says in words how its output
    is quantised; `weight_type` is TFLite's name of its kernel's type.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    bytes: int
    macs: int | None
    flops: int | None
    kernel: KernelFigures | None
    weight_type: str | None = None
    activation_type: str | None = None
    quantisation: str | None = None
    weight_quantisation: str | None = None
    moved_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """All layers in the order they run, and their sums.  MACs and FLOPs are None where a layer's are."""

    layers: tuple[LayerFigures, ...]
    parameters: int
    bytes: int

    @property
    def macs(self) -> int | None:
        """Multiply-accumulates of one inference."""
        return _sum(layer.macs for layer in self.layers)

    @property
    def flops(self) -> int | None:
        """Arithmetic operations of one inference, see LayerFigures."""
        return _sum(layer.flops for layer in self.layers)

    @property
    def weights(self) -> int:
        """Values in kernels."""
        return sum(layer.kernel.weights for layer in self.layers if layer.kernel)

    @property
    def zeros(self) -> int:
        """Kernel values that are zero."""
        return sum(layer.kernel.zeros for layer in self.layers if layer.kernel)

    @property
    def sparsity(self) -> float | None:
        """Share of zeros among all kernel values, 0…1; None without kernels."""
        return self.zeros / self.weights if self.weights else None


def _sum(values: Iterable[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def kernel_figures(kernel: npt.NDArray[np.generic], *, depthwise: bool = False) -> KernelFigures:
    """The figures of a kernel in TFLite's layout, output channel first, shape (outputs, …, inputs).

    A depthwise one has its channels last, (…, channels): each is an output with one input of its own.
    Zero is the value 0, so quantised kernels come less their zero point.
    """
    if depthwise:
        by_output = np.moveaxis(kernel, -1, 0).reshape(kernel.shape[-1], -1)
        along_inputs = by_output.reshape(-1, 1)
    else:
        by_output = kernel.reshape(kernel.shape[0], -1)
        along_inputs = kernel.reshape(-1, kernel.shape[-1])
    zero = by_output == 0
    inputs = along_inputs.shape[1] // 4 * 4
    in_fours = (along_inputs[:, :inputs] == 0).reshape(-1, 4).sum(axis=1)
    return KernelFigures(
        weights=int(kernel.size),
        zeros=int(zero.sum()),
        distinct=max(len(np.unique(channel)) for channel in by_output),
        two_of_four=float(np.mean(in_fours >= 2)) if inputs else None,
        blocks=tuple(
            BlockZeros(inputs, outputs, int(whole.size), int(whole.sum()))
            for inputs, outputs in BLOCK_SHAPES
            for whole in [_blocks(zero, outputs, inputs).all(axis=(1, 3))]
        ),
    )


def _blocks(zero: npt.NDArray[np.bool_], rows: int, columns: int) -> npt.NDArray[np.bool_]:
    """Cut into blocks, shape (rows of blocks, rows, columns of blocks, columns), edges filled with zeros."""
    down, right = -zero.shape[0] % rows, -zero.shape[1] % columns
    filled = np.pad(zero, ((0, down), (0, right)), constant_values=True)
    return filled.reshape(filled.shape[0] // rows, rows, filled.shape[1] // columns, columns)


def joined(kernels: Iterable[KernelFigures]) -> KernelFigures | None:
    """The figures of several kernels of one layer (a separable convolution's, a recurrent layer's) as one."""
    parts = list(kernels)
    if not parts:
        return None
    weights = sum(part.weights for part in parts)
    in_fours = [part for part in parts if part.two_of_four is not None]
    return KernelFigures(
        weights=weights,
        zeros=sum(part.zeros for part in parts),
        distinct=max(part.distinct for part in parts),
        two_of_four=sum((part.two_of_four or 0.0) * part.weights for part in in_fours)
        / sum(part.weights for part in in_fours)
        if in_fours
        else None,
        blocks=tuple(
            BlockZeros(
                inputs,
                outputs,
                sum(part.blocks[place].blocks for part in parts),
                sum(part.blocks[place].zero for part in parts),
            )
            for place, (inputs, outputs) in enumerate(BLOCK_SHAPES)
        ),
    )
