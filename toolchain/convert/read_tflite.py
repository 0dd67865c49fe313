"""A `.tflite` flatbuffer → Graph, trusting nothing in the file.

The flatbuffers library follows whatever offsets it finds, so a damaged file can make it raise almost
any exception or report vectors of any length.  Two rules keep that bounded: every vector's length is
held against the file's size before it is walked, and all foreign exceptions become ModelError in one
place, `read_graph`.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import tflite

from toolchain.errors import ModelError, UnsupportedError
from toolchain.vocabulary.graph import ITEM_BYTES, Graph, Operator, Quantisation, Tensor

FILE_IDENTIFIER = b"TFL3"

# Bounds far above any model that fits a microcontroller: they only keep damaged files cheap.
_MAX_FILE_BYTES = 256 * 2**20
_MAX_TENSORS = 20_000
_MAX_OPERATORS = 5_000
_MAX_SUBGRAPHS = 64
_MAX_RANK = 8
_MAX_ELEMENTS = 2**28
_MAX_NAME = 160

_DTYPES: Mapping[str, str] = {
    "BOOL": "|b1",
    "FLOAT16": "<f2",
    "FLOAT32": "<f4",
    "INT16": "<i2",
    "INT32": "<i4",
    "INT64": "<i8",
    "INT8": "|i1",
    "UINT8": "|u1",
}

# Option fields that hold an enumeration, and which one (schema.fbs of TensorFlow Lite).
_ENUMERATIONS: Mapping[str, str] = {
    "cell_kernel_type": "LSTMKernelType",
    "fused_activation_function": "ActivationFunctionType",
    "in_data_type": "TensorType",
    "kernel_type": "LSTMKernelType",
    "mode": "MirrorPadMode",
    "out_data_type": "TensorType",
    "output_type": "TensorType",
    "padding": "Padding",
    "quantized_bias_type": "TensorType",
    "weights_format": "FullyConnectedOptionsWeightsFormat",
}


def read_graph(data: bytes, name: str) -> Graph:
    """Read and check the `.tflite` file `data`; `name` is what people call the model.

    Everything the Graph says is checked: shapes against buffer lengths, indices against their tables,
    quantisation lengths against shapes, and that every operator reads only what exists by then.

    Raises:
        ModelError: no `.tflite` file, or a damaged one.
        UnsupportedError: a sound file with something no part of this tool can represent.
    """
    if len(data) < 16 or data[4:8] != FILE_IDENTIFIER:
        raise _damaged("it does not start like a .tflite file (identifier TFL3)", name)
    if len(data) > _MAX_FILE_BYTES:
        raise _damaged(f"it is larger than {_MAX_FILE_BYTES} bytes", name)
    try:
        return _File(data, name).read()
    except ModelError:
        raise
    # Following a damaged offset ends in struct.error, IndexError, TypeError, ValueError, AttributeError
    # and more, depending on what lies there; all of them mean the same.
    except Exception as exc:
        raise _damaged(f"its tables cannot be followed ({type(exc).__name__})", name) from exc


def _damaged(reason: str, name: str) -> ModelError:
    return ModelError(
        f"{name!r} is not a .tflite file that can be read: {reason}.",
        "Give a .tflite file as the TensorFlow Lite converter writes it.",
    )


@cache
def _enumeration(name: str) -> Mapping[int, str]:
    """Value → name of an enumeration of the schema."""
    members = vars(getattr(tflite, name))
    return {value: key for key, value in members.items() if isinstance(value, int)}


@cache
def _option_fields(class_name: str) -> tuple[tuple[str, str], ...]:
    """The fields of an options table, as (accessor, snake_case name)."""
    names = [n for n in vars(getattr(tflite, class_name)) if n[0].isupper()]
    helpers = ("GetRootAs", class_name)
    fields = [
        n
        for n in names
        if n != "Init"
        and not n.startswith(helpers)
        and not (n.endswith(("AsNumpy", "IsNone", "Length")) and n.removesuffix("AsNumpy") != n)
        and not any(n == f"{other}{suffix}" for other in names for suffix in ("IsNone", "Length"))
    ]
    return tuple(
        (n, re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", n).lower()) for n in fields
    )


def _clean(raw: bytes | None) -> str:
    """A name for people: printable, of bounded length."""
    text = (raw or b"")[:_MAX_NAME].decode("utf-8", "replace")
    return "".join(character if character.isprintable() else "?" for character in text)


class _File:
    """One file while it is read."""

    def __init__(self, data: bytes, name: str) -> None:
        self.data = data
        self.name = name
        self.model: Any = tflite.Model.GetRootAsModel(data, 0)

    def read(self) -> Graph:
        self.codes = [self._operator_name(i) for i in range(self._length(self.model.OperatorCodesLength()))]
        count = self._length(self.model.SubgraphsLength(), _MAX_SUBGRAPHS)
        if count == 0:
            raise self.damaged("it holds no graph")
        others = {i: self._subgraph(i, {}) for i in range(1, count)}
        return self._subgraph(0, others)

    def damaged(self, reason: str) -> ModelError:
        return _damaged(reason, self.name)

    def _length(self, length: int, limit: int | None = None) -> int:
        """A vector's length, once it is known to fit the file (each element takes a byte or more)."""
        if length < 0 or length > len(self.data) or (limit is not None and length > limit):
            raise self.damaged(f"a table claims {length} entries")
        return length

    def _integers(self, vector: Any, length: int) -> tuple[int, ...]:
        self._length(length)
        return () if length == 0 else tuple(int(value) for value in vector())

    def _operator_name(self, index: int) -> str:
        code = self.model.OperatorCodes(index)
        # Files older than schema 3a keep the code in the deprecated field.
        value = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        found = _enumeration("BuiltinOperator").get(value)
        if found is None:
            raise self.damaged(f"operator code {value} is unknown")
        return f"CUSTOM {_clean(code.CustomCode())}" if found == "CUSTOM" else found

    def _subgraph(self, index: int, others: Mapping[int, Graph]) -> Graph:
        table = self.model.Subgraphs(index)
        tensors = tuple(
            self._tensor(table.Tensors(i), i)
            for i in range(self._length(table.TensorsLength(), _MAX_TENSORS))
        )
        operators = tuple(
            self._operator(table.Operators(i), i)
            for i in range(self._length(table.OperatorsLength(), _MAX_OPERATORS))
        )
        graph = Graph(
            name=self.name,
            sha256=hashlib.sha256(self.data).hexdigest(),
            tensors=tensors,
            operators=operators,
            inputs=self._integers(table.InputsAsNumpy, table.InputsLength()),
            outputs=self._integers(table.OutputsAsNumpy, table.OutputsLength()),
            subgraphs=others,
        )
        self._check_flow(graph)
        return graph

    def _tensor(self, table: Any, index: int) -> Tensor:
        name = _clean(table.Name()) or f"tensor {index}"
        shape = self._integers(table.ShapeAsNumpy, table.ShapeLength())
        if len(shape) > _MAX_RANK or any(extent < 0 for extent in shape):
            raise self.damaged(f"tensor {name!r} has the shape {shape[: _MAX_RANK + 1]}")
        if math.prod(shape) > _MAX_ELEMENTS:
            raise self.damaged(f"tensor {name!r} claims more than {_MAX_ELEMENTS} values")
        dtype = _enumeration("TensorType").get(table.Type())
        if dtype is None:
            raise self.damaged(f"tensor {name!r} has an unknown type")
        if dtype not in ITEM_BYTES or table.Sparsity() is not None:
            what = f"type {dtype}" if dtype not in ITEM_BYTES else "sparse storage"
            raise UnsupportedError(
                f"Tensor {name!r} of {self.name!r} has {what}, which is not supported.",
                "Convert the model with plain int8 quantisation.",
            )
        return Tensor(
            index=index,
            name=name,
            shape=shape,
            dtype=dtype,
            quantisation=self._quantisation(table.Quantization(), shape, name),
            data=self._constant(table.Buffer(), shape, dtype, name),
            is_variable=bool(table.IsVariable()),
        )

    def _constant(
        self, index: int, shape: tuple[int, ...], dtype: str, name: str
    ) -> npt.NDArray[np.generic] | None:
        if index >= self._length(self.model.BuffersLength()):
            raise self.damaged(f"tensor {name!r} lies in a buffer that does not exist")
        buffer = self.model.Buffers(index)
        if buffer.Offset() > 1 or buffer.Size() > 1:
            raise UnsupportedError(
                f"{self.name!r} keeps tensor {name!r} outside the flatbuffer, which is not supported.",
                "Give a .tflite file smaller than 2 GB.",
            )
        length = self._length(buffer.DataLength())
        if length == 0:
            return None
        expected = math.prod(shape) * ITEM_BYTES[dtype]
        if length != expected or dtype not in _DTYPES:
            raise self.damaged(f"tensor {name!r} needs {expected} bytes and has {length}")
        raw: npt.NDArray[np.generic] = buffer.DataAsNumpy()
        return raw.view(np.dtype(_DTYPES[dtype])).reshape(shape)

    def _quantisation(self, table: Any, shape: tuple[int, ...], name: str) -> Quantisation | None:
        if table is None:
            return None
        if table.DetailsType() != 0:
            raise self.damaged(f"tensor {name!r} has a custom quantisation")
        count, zeros = self._length(table.ScaleLength()), self._length(table.ZeroPointLength())
        # Converters leave min/max or empty lists on unquantised tensors; so does TensorFlow Lite Micro
        # take a tensor without both lists as not quantised.
        if count == 0 or zeros == 0:
            return None
        scales = tuple(float(value) for value in table.ScaleAsNumpy())
        zero_points = self._integers(table.ZeroPointAsNumpy, zeros)
        axis = int(table.QuantizedDimension())
        if count != zeros:
            raise self.damaged(f"tensor {name!r} has {count} scales and {zeros} zero points")
        if not all(math.isfinite(scale) and scale > 0.0 for scale in scales):
            raise self.damaged(f"tensor {name!r} has a scale that is not a positive number")
        if not all(-(2**31) <= zero < 2**31 for zero in zero_points):
            raise self.damaged(f"tensor {name!r} has a zero point beyond 32 bits")
        if count > 1 and not (0 <= axis < len(shape) and shape[axis] == count):
            raise self.damaged(f"tensor {name!r} has {count} scales for axis {axis} of {shape}")
        return Quantisation(scales, zero_points, axis if count > 1 else 0)

    def _operator(self, table: Any, index: int) -> Operator:
        code = table.OpcodeIndex()
        if code >= len(self.codes):
            raise self.damaged(f"operator {index} has a code that is not in the table")
        return Operator(
            index=index,
            name=self.codes[code],
            inputs=self._integers(table.InputsAsNumpy, table.InputsLength()),
            outputs=self._integers(table.OutputsAsNumpy, table.OutputsLength()),
            options=self._options(table.BuiltinOptionsType(), table.BuiltinOptions()),
            version=int(self.model.OperatorCodes(code).Version()),
        )

    def _options(self, kind: int, union: Any) -> dict[str, object]:
        class_name = _enumeration("BuiltinOptions").get(kind)
        if class_name is None:
            raise self.damaged(f"operator options of kind {kind} are unknown")
        if class_name == "NONE" or union is None:
            return {}
        options = getattr(tflite, class_name)()
        options.Init(union.Bytes, union.Pos)
        fields = _option_fields(class_name)
        return {field: self._option(options, accessor, field) for accessor, field in fields}

    def _option(self, options: Any, accessor: str, field: str) -> object:
        if hasattr(options, f"{accessor}Length"):
            length = getattr(options, f"{accessor}Length")()
            return self._integers(getattr(options, f"{accessor}AsNumpy"), length)
        value = getattr(options, accessor)()
        if isinstance(value, bytes):
            return _clean(value)
        if field in _ENUMERATIONS:
            name = _enumeration(_ENUMERATIONS[field]).get(value)
            if name is None:
                raise self.damaged(f"option {field} has the unknown value {value}")
            return name
        return value

    def _check_flow(self, graph: Graph) -> None:
        """Every operator reads what exists by then, and every tensor is made once."""
        count = len(graph.tensors)
        used = [*graph.inputs, *graph.outputs]
        used += [i for op in graph.operators for i in op.outputs]
        if any(not 0 <= i < count for i in used):
            raise self.damaged("it names a tensor that does not exist")
        known = {t.index for t in graph.tensors if t.is_constant or t.is_variable}
        if known & set(graph.inputs) or len(set(graph.inputs)) != len(graph.inputs):
            raise self.damaged("an input of the graph is a constant, or listed twice")
        known |= set(graph.inputs)
        for op in graph.operators:
            for i in op.inputs:
                if i != -1 and (not 0 <= i < count or i not in known):
                    raise self.damaged(f"operator {op.index} ({op.name}) reads a tensor before it is made")
            for i in op.outputs:
                if i in known:
                    raise self.damaged(f"tensor {graph.tensors[i].name!r} is written twice")
                known.add(i)
        if any(i not in known for i in graph.outputs):
            raise self.damaged("an output of the graph is never made")
