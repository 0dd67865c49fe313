"""What a `.tflite` graph keeps and computes, operator by operator, whatever its types: counted, not run."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from toolchain.vocabulary.graph import Graph, Operator, Quantisation, Tensor
from toolchain.vocabulary.model_figures import (
    KernelFigures,
    LayerFigures,
    ModelFigures,
    joined,
    kernel_figures,
)

# Places of the kernels among an operator's inputs.  An LSTM's are four of the inputs and four recurrent.
_KERNELS: Mapping[str, tuple[int, ...]] = {
    "CONV_2D": (1,),
    "DEPTHWISE_CONV_2D": (1,),
    "FULLY_CONNECTED": (1,),
    "TRANSPOSE_CONV": (1,),
    "SVDF": (1, 2),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple(range(1, 9)),
}
# They hand values on, or look them up: no arithmetic in the model's own terms.
_MOVES = frozenset(
    (
        "ASSIGN_VARIABLE",
        "BATCH_TO_SPACE_ND",
        "BROADCAST_TO",
        "CALL_ONCE",
        "CONCATENATION",
        "EMBEDDING_LOOKUP",
        "DEPTH_TO_SPACE",
        "EXPAND_DIMS",
        "GATHER",
        "MIRROR_PAD",
        "PACK",
        "PAD",
        "PADV2",
        "READ_VARIABLE",
        "RESHAPE",
        "RESIZE_NEAREST_NEIGHBOR",
        "REVERSE_V2",
        "SHAPE",
        "SLICE",
        "SPACE_TO_BATCH_ND",
        "SPACE_TO_DEPTH",
        "SPLIT",
        "SPLIT_V",
        "SQUEEZE",
        "STRIDED_SLICE",
        "TILE",
        "TRANSPOSE",
        "UNPACK",
        "VAR_HANDLE",
    )
)
# One operation for each value that comes out.
_ELEMENTWISE = frozenset(
    (
        "ABS",
        "ADD",
        "ADD_N",
        "CAST",
        "CEIL",
        "COS",
        "CUMSUM",
        "DIV",
        "ELU",
        "EQUAL",
        "EXP",
        "FLOOR",
        "FLOOR_DIV",
        "GREATER",
        "GREATER_EQUAL",
        "LEAKY_RELU",
        "LESS",
        "LESS_EQUAL",
        "LOG",
        "LOGICAL_AND",
        "LOGICAL_NOT",
        "LOGICAL_OR",
        "MAXIMUM",
        "MINIMUM",
        "MUL",
        "NEG",
        "NOT_EQUAL",
        "POW",
        "PRELU",
        "RELU",
        "RELU6",
        "RELU_0_TO_1",
        "RELU_N1_TO_1",
        "ROUND",
        "RSQRT",
        "SELECT",
        "SELECT_V2",
        "SIGN",
        "SIN",
        "SQRT",
        "SQUARE",
        "SUB",
    )
)
# Operations for each value that comes out, where it is another number than one.
_FOR_EACH_RESULT: Mapping[str, int] = {
    "DEQUANTIZE": 2,  # less the zero point, times the scale
    "GELU": 5,
    "HARD_SWISH": 4,
    "L2_NORMALIZATION": 3,
    "LOGISTIC": 3,  # e to the power, plus one, divided
    "QUANTIZE": 2,
    "RESIZE_BILINEAR": 7,  # three interpolations
    "SOFTMAX": 4,  # less the largest, e to the power, added up, divided
    "SQUARED_DIFFERENCE": 2,
    "TANH": 4,
}
# They read every value of their input once.
_REDUCTIONS = frozenset(("ARG_MAX", "ARG_MIN", "MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM"))
_POOLS = frozenset(("AVERAGE_POOL_2D", "MAX_POOL_2D"))
_WITHOUT_MACS = _MOVES | _ELEMENTWISE | _FOR_EACH_RESULT.keys() | _REDUCTIONS | _POOLS


def count_graph(graph: Graph) -> ModelFigures:
    """Every operator with its parameters, MACs and FLOPs, and what its kernel holds.

    Constants that several operators share count once, with the first.  An operator that is not known
    here gets None for its MACs: they are not guessed.
    """
    counted: set[int] = set()
    layers = tuple(_layer(graph, operator, counted) for operator in graph.operators)
    constants = [graph.tensors[i] for i in sorted(counted)]
    return ModelFigures(
        layers=layers,
        parameters=sum(tensor.elements for tensor in constants),
        bytes=sum(tensor.bytes for tensor in constants),
    )


def _layer(graph: Graph, operator: Operator, counted: set[int]) -> LayerFigures:
    inputs = [graph.tensors[i] for i in operator.inputs if i >= 0]
    outputs = [graph.tensors[i] for i in operator.outputs]
    own = [tensor for tensor in inputs if _is_parameter(tensor, operator) and tensor.index not in counted]
    counted.update(tensor.index for tensor in own)
    moved = [tensor for tensor in (*inputs, *outputs) if not tensor.is_constant]
    kernels = _kernels(graph, operator)
    macs = _macs(graph, operator)
    first = outputs[0] if outputs else None
    return LayerFigures(
        name=first.name if first else operator.name,
        kind=operator.name,
        shape=first.shape[1:] if first else (),
        parameters=sum(tensor.elements for tensor in own),
        bytes=sum(tensor.bytes for tensor in own),
        macs=macs,
        flops=_flops(graph, operator, macs),
        kernel=_kernel_figures(operator, kernels),
        weight_type=kernels[0].dtype if kernels else None,
        activation_type=first.dtype if first else None,
        quantisation=_in_words(first.quantisation) if first else None,
        weight_quantisation=_in_words(kernels[0].quantisation) if kernels else None,
        moved_bytes=sum(tensor.bytes for tensor in moved),
    )


def _is_parameter(tensor: Tensor, operator: Operator) -> bool:
    """Whether a constant is what was learned, and no shape, axis or padding beside it."""
    if not tensor.is_constant:
        return False
    learned = operator.name in _KERNELS or tensor.dtype not in ("INT32", "INT64", "BOOL")
    return learned and not (operator.name == "TRANSPOSE_CONV" and tensor.index == operator.inputs[0])


def _kernels(graph: Graph, operator: Operator) -> list[Tensor]:
    places = [place for place in _KERNELS.get(operator.name, ()) if place < len(operator.inputs)]
    tensors = [graph.tensors[operator.inputs[place]] for place in places if operator.inputs[place] >= 0]
    # A converter may leave a DEQUANTIZE between a float16 kernel and its operator: then it is no constant.
    return [tensor for tensor in tensors if tensor.is_constant and tensor.elements]


def _kernel_figures(operator: Operator, kernels: list[Tensor]) -> KernelFigures | None:
    return joined(
        kernel_figures(_less_zero_point(tensor), depthwise=operator.name == "DEPTHWISE_CONV_2D")
        for tensor in kernels
    )


def _less_zero_point(tensor: Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    values = np.asarray(tensor.data)
    values = values.reshape(-1, 1) if values.ndim < 2 else values
    zero_point = tensor.quantisation.zero_point if tensor.quantisation else 0
    # Per-channel zero points are all 0, by TFLite's quantisation specification.
    return values.astype(np.int32) - zero_point if zero_point else values


def _macs(graph: Graph, operator: Operator) -> int | None:
    if operator.name in _MACS:
        return _MACS[operator.name](graph, operator)
    return 0 if operator.name in _WITHOUT_MACS else None


def _shape(graph: Graph, index: int) -> tuple[int, ...]:
    return graph.tensors[index].shape


def _conv_macs(graph: Graph, operator: Operator) -> int:
    kernel = _shape(graph, operator.inputs[1])
    return graph.tensors[operator.outputs[0]].elements * math.prod(kernel[1:])


def _depthwise_macs(graph: Graph, operator: Operator) -> int:
    kernel = _shape(graph, operator.inputs[1])
    return graph.tensors[operator.outputs[0]].elements * math.prod(kernel[1:3])


def _dense_macs(graph: Graph, operator: Operator) -> int:
    return graph.tensors[operator.outputs[0]].elements * _shape(graph, operator.inputs[1])[-1]


def _transpose_conv_macs(graph: Graph, operator: Operator) -> int:
    kernel = _shape(graph, operator.inputs[1])
    return graph.tensors[operator.inputs[2]].elements * math.prod(kernel[:3])


def _matmul_macs(graph: Graph, operator: Operator) -> int:
    left = _shape(graph, operator.inputs[0])
    depth = left[-2] if operator.options.get("adj_x") else left[-1]
    return graph.tensors[operator.outputs[0]].elements * depth


def _svdf_macs(graph: Graph, operator: Operator) -> int:
    (filters, inputs), (_, memory) = (_shape(graph, operator.inputs[place]) for place in (1, 2))
    return graph.tensors[operator.inputs[0]].shape[0] * filters * (inputs + memory)


def _lstm_macs(graph: Graph, operator: Operator) -> int:
    units, inputs = _shape(graph, operator.inputs[2])
    return graph.tensors[operator.outputs[0]].elements * 4 * (inputs + units)


_MACS: Mapping[str, Callable[[Graph, Operator], int]] = {
    "BATCH_MATMUL": _matmul_macs,
    "CONV_2D": _conv_macs,
    "DEPTHWISE_CONV_2D": _depthwise_macs,
    "FULLY_CONNECTED": _dense_macs,
    "SVDF": _svdf_macs,
    "TRANSPOSE_CONV": _transpose_conv_macs,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": _lstm_macs,
}


def _flops(graph: Graph, operator: Operator, macs: int | None) -> int | None:
    if macs is None:
        return None
    results = sum(graph.tensors[i].elements for i in operator.outputs)
    if operator.name in _MOVES:
        return 0
    fused = results if operator.options.get("fused_activation_function", "NONE") != "NONE" else 0
    if operator.name in _MACS:
        return 2 * macs + fused + (results if _has_bias(operator) else 0)
    if operator.name in _REDUCTIONS:
        return graph.tensors[operator.inputs[0]].elements
    if operator.name in _POOLS:
        window = int(str(operator.options["filter_height"])) * int(str(operator.options["filter_width"]))
        return results * window + fused
    return results * _FOR_EACH_RESULT.get(operator.name, 1) + fused


def _has_bias(operator: Operator) -> bool:
    place = 3 if operator.name == "TRANSPOSE_CONV" else 2
    biased = operator.name in ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "TRANSPOSE_CONV")
    return biased and len(operator.inputs) > place and operator.inputs[place] >= 0


def _in_words(quantisation: Quantisation | None) -> str | None:
    if quantisation is None:
        return None
    if quantisation.per_channel:
        return f"{len(quantisation.scales)} scales, axis {quantisation.axis}"
    return f"scale {quantisation.scale:.4g}, zero {quantisation.zero_point}"
