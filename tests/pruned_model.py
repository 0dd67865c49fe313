"""Zeros in the weights of a `.tflite` file, by magnitude: without training, to see what they cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import tflite

Weights = npt.NDArray[np.int8]
Zeros = Callable[[Weights], npt.NDArray[np.bool_]]
"""Where (outputs, taps) weights become zero."""

_BLOCK = 4
_WEIGHTED = (tflite.BuiltinOperator.CONV_2D, tflite.BuiltinOperator.FULLY_CONNECTED)


def unstructured(sparsity: float) -> Zeros:
    """The smallest weights of every layer."""

    def zeros(rows: Weights) -> npt.NDArray[np.bool_]:
        return _smallest(np.abs(rows.astype(np.int64)), sparsity)

    return zeros


def in_blocks(sparsity: float) -> Zeros:
    """The blocks of one tap and four outputs with the smallest sums of magnitudes."""

    def zeros(rows: Weights) -> npt.NDArray[np.bool_]:
        outputs, taps = rows.shape
        whole = np.zeros((-(-outputs // _BLOCK) * _BLOCK, taps), np.int64)
        whole[:outputs] = np.abs(rows.astype(np.int64))
        blocks = _smallest(whole.reshape(-1, _BLOCK, taps).sum(axis=1), sparsity)
        return np.repeat(blocks, _BLOCK, axis=0)[:outputs]

    return zeros


def by_channel(sparsity: float) -> Zeros:
    """All weights of the outputs with the smallest sums of magnitudes."""

    def zeros(rows: Weights) -> npt.NDArray[np.bool_]:
        smallest = _smallest(np.abs(rows.astype(np.int64)).sum(axis=1), sparsity)
        return np.broadcast_to(smallest[:, None], rows.shape)

    return zeros


def _smallest(sizes: npt.NDArray[np.int64], share: float) -> npt.NDArray[np.bool_]:
    """This share of the entries, those with the smallest values, the first of equal ones."""
    flags = np.zeros(sizes.size, np.bool_)
    flags[np.argsort(sizes.reshape(-1), kind="stable")[: round(share * sizes.size)]] = True
    return flags.reshape(sizes.shape)


def pruned(model: bytes, zeros: Zeros, *, keep_last: bool = False, biases: bool = False) -> bytes:
    """The model with zeros in the weights of CONV_2D and FULLY_CONNECTED layers, everything else as it was.

    `keep_last`: not in the last such layer, whose outputs are the model's.  `biases`: an output that has lost
    all its weights loses its bias too, as when channels are pruned.
    """
    file = bytearray(model)
    found = list(_weights(file))
    for rows, bias in found[: -1 if keep_last else None]:
        rows[zeros(rows)] = 0
        if biases and bias is not None:
            bias[~rows.any(axis=1)] = 0
    return bytes(file)


def _weights(file: bytearray) -> Iterator[tuple[Weights, npt.NDArray[np.int32] | None]]:
    """Views into `file`: weights (outputs, taps) and biases (outputs,) of each layer; every buffer once."""
    model = tflite.Model.GetRootAsModel(file, 0)
    graph, seen = model.Subgraphs(0), set()
    for i in range(graph.OperatorsLength()):
        operator = graph.Operators(i)
        code = model.OperatorCodes(operator.OpcodeIndex())
        inputs = [int(x) for x in operator.InputsAsNumpy()]
        if max(code.BuiltinCode(), code.DeprecatedBuiltinCode()) not in _WEIGHTED:
            continue
        weights = graph.Tensors(inputs[1])
        if weights.Buffer() in seen or weights.Type() != tflite.TensorType.INT8:
            continue
        seen.add(weights.Buffer())
        rows = model.Buffers(weights.Buffer()).DataAsNumpy().view(np.int8).reshape(weights.Shape(0), -1)
        has_bias = len(inputs) > 2 and inputs[2] >= 0
        bias = model.Buffers(graph.Tensors(inputs[2]).Buffer()) if has_bias else None
        yield rows, None if bias is None else bias.DataAsNumpy().view(np.int32)
