"""Biases in the scale that the arithmetic takes them in: input scale times weight scale.

Where one layer's range was trained and the next layer was left to calibration, TensorFlow's converter (2.21)
writes the next layer's bias in the scale of the calibrated range, and its input in that of the trained one.
No kernel looks at a bias's scale, so the model would be wrong without a word.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.tensorflow_import import import_stack

# Operator → for each bias: the places of input, weights and bias among its inputs.
_BIASES = {
    "CONV_2D": ((0, 1, 2),),
    "DEPTHWISE_CONV_2D": ((0, 1, 2),),
    "FULLY_CONNECTED": ((0, 1, 2),),
    "TRANSPOSE_CONV": ((2, 1, 3),),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": tuple((0, 1 + gate, 12 + gate) for gate in range(4)),
}
# Scales are float32, so that a product of two is right to some 1e-7.
_TOLERANCE = 1e-4


def repair_biases(model: bytes) -> bytes:
    """The `.tflite` with every int32 bias in its right scale; the same bytes where all are right.

    Raises:
        ModelError: a bias in its right scale does not fit into 32 bits.
    """
    schema = import_stack("tensorflow.lite.python.schema_py_generated")
    files = import_stack("tensorflow.lite.tools.flatbuffer_utils")
    names = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    root = files.convert_bytearray_to_object(model)
    repaired = False
    for graph in root.subgraphs:
        for operator in graph.operators:
            code = root.operatorCodes[operator.opcodeIndex]
            name = names.get(max(code.builtinCode, code.deprecatedBuiltinCode), "")
            for places in _BIASES.get(name, ()):
                if max(places) < len(operator.inputs) and operator.inputs[places[2]] >= 0:
                    source, weights, bias = (graph.tensors[operator.inputs[place]] for place in places)
                    repaired |= _repair(root, source, weights, bias, schema.TensorType.INT32)
    return bytes(files.convert_object_to_bytearray(root)) if repaired else model


def _repair(root: Any, source: Any, weights: Any, bias: Any, int32: int) -> bool:
    """Bring one bias into its right scale; whether it was in another."""
    if bias.type != int32 or any(tensor.quantization is None for tensor in (source, weights, bias)):
        return False
    wanted = _scales(source)[0] * _scales(weights)
    have = np.broadcast_to(_scales(bias), wanted.shape)
    data = root.buffers[bias.buffer].data
    if data is None or np.allclose(have, wanted, rtol=_TOLERANCE, atol=0.0):
        return False
    values = np.frombuffer(np.asarray(data, np.uint8).tobytes(), "<i4")
    right = np.round(values * (have / wanted))
    if np.abs(right).max(initial=0.0) > np.iinfo(np.int32).max:
        raise ModelError(
            f"The bias {(bias.name or b'').decode('utf-8', 'replace')!r} does not fit into 32 bits.",
            "Train all layers quantisation-aware, or none.",
        )
    root.buffers[bias.buffer].data = np.frombuffer(right.astype("<i4").tobytes(), np.uint8)
    bias.quantization.scale = wanted.astype(np.float32)
    bias.quantization.zeroPoint = np.zeros(len(wanted), np.int64)
    return True


def _scales(tensor: Any) -> npt.NDArray[np.float64]:
    return np.asarray(tensor.quantization.scale, np.float64)
