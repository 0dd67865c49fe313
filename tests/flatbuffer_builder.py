"""Builds `.tflite` files from scratch, so that tests reach shapes and values no converter would write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

_OPTIONS = {
    "ABS": "AbsOptions",
    "ADD": "AddOptions",
    "ARG_MAX": "ArgMaxOptions",
    "ASSIGN_VARIABLE": "AssignVariableOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "BATCH_MATMUL": "BatchMatMulOptions",
    "CALL_ONCE": "CallOnceOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "DEPTH_TO_SPACE": "DepthToSpaceOptions",
    "DEQUANTIZE": "DequantizeOptions",
    "EXPAND_DIMS": "ExpandDimsOptions",
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "GATHER": "GatherOptions",
    "HARD_SWISH": "HardSwishOptions",
    "L2_NORMALIZATION": "L2NormOptions",
    "LEAKY_RELU": "LeakyReluOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "MINIMUM": "MaximumMinimumOptions",
    "MUL": "MulOptions",
    "NEG": "NegOptions",
    "PACK": "PackOptions",
    "PAD": "PadOptions",
    "PADV2": "PadV2Options",
    "QUANTIZE": "QuantizeOptions",
    "READ_VARIABLE": "ReadVariableOptions",
    "REDUCE_MAX": "ReducerOptions",
    "RESHAPE": "ReshapeOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
    "RESIZE_NEAREST_NEIGHBOR": "ResizeNearestNeighborOptions",
    "SLICE": "SliceOptions",
    "SOFTMAX": "SoftmaxOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "SPLIT": "SplitOptions",
    "SPLIT_V": "SplitVOptions",
    "SQUEEZE": "SqueezeOptions",
    "STRIDED_SLICE": "StridedSliceOptions",
    "SUB": "SubOptions",
    "SUM": "ReducerOptions",
    "SVDF": "SVDFOptions",
    "TRANSPOSE": "TransposeOptions",
    "TRANSPOSE_CONV": "TransposeConvOptions",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTMOptions",
    "UNPACK": "UnpackOptions",
    "VAR_HANDLE": "VarHandleOptions",
}


@dataclass
class BuiltTensor:
    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: Sequence[float] = ()
    zero_points: Sequence[int] = ()
    axis: int = 0
    data: npt.NDArray[Any] | None = None
    is_variable: bool = False
    raw: bytes | None = None


@dataclass
class BuiltOperator:
    name: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass
class ModelBuilder:
    """Collects tensors and operators; `build` writes the file.

    Options are given under their schema names in CamelCase (`StrideH=2`); enumerations as integers.
    `subgraphs` become the graphs 1 and up of the file, without inputs and outputs.
    """

    tensors: list[BuiltTensor] = field(default_factory=list)
    operators: list[BuiltOperator] = field(default_factory=list)
    subgraphs: list[ModelBuilder] = field(default_factory=list)

    def tensor(
        self,
        shape: Sequence[int],
        dtype: str = "INT8",
        scale: float | Sequence[float] = (),
        zero_point: int = 0,
        *,
        axis: int = 0,
        name: str = "",
        data: npt.NDArray[Any] | None = None,
        variable: bool = False,
    ) -> int:
        scales = [scale] if isinstance(scale, float) else list(scale)
        number = len(self.tensors)
        self.tensors.append(
            BuiltTensor(
                name or f"t{number}",
                tuple(int(n) for n in shape),
                dtype,
                scales,
                [zero_point] * len(scales),
                axis,
                data,
                variable,
            )
        )
        return number

    def operator(self, name: str, inputs: Sequence[int], outputs: Sequence[int], **options: object) -> None:
        self.operators.append(BuiltOperator(name, inputs, outputs, options))

    def build(self, inputs: Sequence[int], outputs: Sequence[int]) -> bytes:
        b = flatbuffers.Builder(1024)
        parts = [self, *self.subgraphs]
        raw = [_raw(tensor) for part in parts for tensor in part.tensors]
        buffers = [self._buffer(b, data) for data in (b"", *raw)]
        names = sorted({op.name for part in parts for op in part.operators})
        codes = [self._code(b, name) for name in names]
        first, made = 1, []
        for part in parts:
            made.append(part._graph(b, names, first, (inputs, outputs) if part is self else ((), ())))
            first += len(part.tensors)
        graphs = _offsets(b, made)
        code_table, buffer_table = _offsets(b, codes), _offsets(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, code_table)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, buffer_table)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())

    def _graph(
        self, b: Any, names: Sequence[str], first_buffer: int, ends: tuple[Sequence[int], Sequence[int]]
    ) -> int:
        tensors = [self._tensor(b, t, number) for number, t in enumerate(self.tensors, start=first_buffer)]
        operators = [self._operator(b, op, names.index(op.name)) for op in self.operators]
        tables = [_offsets(b, x) for x in (tensors, operators)]
        vectors = [_int32s(b, x) for x in ends]
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tables[0])
        tflite.SubGraphAddInputs(b, vectors[0])
        tflite.SubGraphAddOutputs(b, vectors[1])
        tflite.SubGraphAddOperators(b, tables[1])
        return int(tflite.SubGraphEnd(b))

    @staticmethod
    def _buffer(b: Any, raw: bytes) -> int:
        data = None
        if raw:
            b.StartVector(1, len(raw), 16)
            b.head -= len(raw)
            b.Bytes[b.head : b.head + len(raw)] = raw
            data = b.EndVector()
        tflite.BufferStart(b)
        if data is not None:
            tflite.BufferAddData(b, data)
        return int(tflite.BufferEnd(b))

    @staticmethod
    def _code(b: Any, name: str) -> int:
        value = getattr(tflite.BuiltinOperator, name)
        tflite.OperatorCodeStart(b)
        tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(value, 127))
        tflite.OperatorCodeAddVersion(b, 1)
        tflite.OperatorCodeAddBuiltinCode(b, value)
        return int(tflite.OperatorCodeEnd(b))

    @staticmethod
    def _tensor(b: Any, tensor: BuiltTensor, buffer: int) -> int:
        name, shape, quantisation = b.CreateString(tensor.name), _int32s(b, tensor.shape), None
        if tensor.scales:
            scales = b.CreateNumpyVector(np.asarray(tensor.scales, np.float32))
            zero_points = b.CreateNumpyVector(np.asarray(tensor.zero_points, np.int64))
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scales)
            tflite.QuantizationParametersAddZeroPoint(b, zero_points)
            tflite.QuantizationParametersAddQuantizedDimension(b, tensor.axis)
            quantisation = tflite.QuantizationParametersEnd(b)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, shape)
        tflite.TensorAddType(b, getattr(tflite.TensorType, tensor.dtype))
        tflite.TensorAddBuffer(b, buffer)
        tflite.TensorAddName(b, name)
        tflite.TensorAddIsVariable(b, tensor.is_variable)
        if quantisation is not None:
            tflite.TensorAddQuantization(b, quantisation)
        return int(tflite.TensorEnd(b))

    @staticmethod
    def _operator(b: Any, operator: BuiltOperator, code: int) -> int:
        class_name, options = _OPTIONS.get(operator.name), None
        if class_name is not None:
            lists = {k: _int32s(b, v) for k, v in operator.options.items() if isinstance(v, (list, tuple))}
            lists |= {k: b.CreateString(v) for k, v in operator.options.items() if isinstance(v, str)}
            getattr(tflite, f"{class_name}Start")(b)
            for key, value in operator.options.items():
                getattr(tflite, f"{class_name}Add{key}")(b, lists.get(key, value))
            options = getattr(tflite, f"{class_name}End")(b)
        inputs, outputs = _int32s(b, operator.inputs), _int32s(b, operator.outputs)
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, code)
        tflite.OperatorAddInputs(b, inputs)
        tflite.OperatorAddOutputs(b, outputs)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, str(class_name)))
            tflite.OperatorAddBuiltinOptions(b, options)
        return int(tflite.OperatorEnd(b))


def _raw(tensor: BuiltTensor) -> bytes:
    if tensor.raw is not None:
        return tensor.raw
    if tensor.data is None:
        return b""
    return np.ascontiguousarray(tensor.data, np.dtype(tensor.dtype.lower())).tobytes()


def _int32s(b: Any, items: Any) -> int:
    return int(b.CreateNumpyVector(np.asarray(items, np.int32)))


def _offsets(b: Any, items: Sequence[int]) -> int:
    b.StartVector(4, len(items), 4)
    for item in reversed(items):
        b.PrependUOffsetTRelative(item)
    return int(b.EndVector())
