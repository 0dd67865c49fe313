"""Every operator the compiler knows.  Adding one is one file beside this one, and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from toolchain.compile.lowering import OperatorSupport
from toolchain.compile.operators.abs import ABS
from toolchain.compile.operators.add import ADD
from toolchain.compile.operators.arg_max import ARG_MAX
from toolchain.compile.operators.assign_variable import ASSIGN_VARIABLE
from toolchain.compile.operators.average_pool_2d import AVERAGE_POOL_2D
from toolchain.compile.operators.batch_matmul import BATCH_MATMUL
from toolchain.compile.operators.call_once import CALL_ONCE
from toolchain.compile.operators.concatenation import CONCATENATION
from toolchain.compile.operators.conv_2d import CONV_2D
from toolchain.compile.operators.depth_to_space import DEPTH_TO_SPACE
from toolchain.compile.operators.depthwise_conv_2d import DEPTHWISE_CONV_2D
from toolchain.compile.operators.dequantize import DEQUANTIZE
from toolchain.compile.operators.elu import ELU
from toolchain.compile.operators.expand_dims import EXPAND_DIMS
from toolchain.compile.operators.fully_connected import FULLY_CONNECTED
from toolchain.compile.operators.gather import GATHER
from toolchain.compile.operators.hard_swish import HARD_SWISH
from toolchain.compile.operators.l2_normalization import L2_NORMALIZATION
from toolchain.compile.operators.leaky_relu import LEAKY_RELU
from toolchain.compile.operators.logistic import LOGISTIC
from toolchain.compile.operators.max_pool_2d import MAX_POOL_2D
from toolchain.compile.operators.maximum import MAXIMUM
from toolchain.compile.operators.mean import MEAN
from toolchain.compile.operators.minimum import MINIMUM
from toolchain.compile.operators.mul import MUL
from toolchain.compile.operators.pack import PACK
from toolchain.compile.operators.pad import PAD
from toolchain.compile.operators.padv2 import PADV2
from toolchain.compile.operators.prelu import PRELU
from toolchain.compile.operators.quantize import QUANTIZE
from toolchain.compile.operators.read_variable import READ_VARIABLE
from toolchain.compile.operators.reduce_max import REDUCE_MAX
from toolchain.compile.operators.relu import RELU
from toolchain.compile.operators.relu6 import RELU6
from toolchain.compile.operators.reshape import RESHAPE
from toolchain.compile.operators.resize_bilinear import RESIZE_BILINEAR
from toolchain.compile.operators.resize_nearest_neighbor import RESIZE_NEAREST_NEIGHBOR
from toolchain.compile.operators.slice import SLICE
from toolchain.compile.operators.softmax import SOFTMAX
from toolchain.compile.operators.space_to_depth import SPACE_TO_DEPTH
from toolchain.compile.operators.split import SPLIT
from toolchain.compile.operators.split_v import SPLIT_V
from toolchain.compile.operators.squeeze import SQUEEZE
from toolchain.compile.operators.strided_slice import STRIDED_SLICE
from toolchain.compile.operators.sub import SUB
from toolchain.compile.operators.sum import SUM
from toolchain.compile.operators.svdf import SVDF
from toolchain.compile.operators.tanh import TANH
from toolchain.compile.operators.transpose import TRANSPOSE
from toolchain.compile.operators.transpose_conv import TRANSPOSE_CONV
from toolchain.compile.operators.unidirectional_sequence_lstm import UNIDIRECTIONAL_SEQUENCE_LSTM
from toolchain.compile.operators.unpack import UNPACK
from toolchain.compile.operators.var_handle import VAR_HANDLE

OPERATORS: Mapping[str, OperatorSupport] = {
    support.name: support
    for support in (
        ABS,
        ADD,
        ARG_MAX,
        ASSIGN_VARIABLE,
        AVERAGE_POOL_2D,
        BATCH_MATMUL,
        CALL_ONCE,
        CONCATENATION,
        CONV_2D,
        DEPTHWISE_CONV_2D,
        DEPTH_TO_SPACE,
        DEQUANTIZE,
        ELU,
        EXPAND_DIMS,
        FULLY_CONNECTED,
        GATHER,
        HARD_SWISH,
        L2_NORMALIZATION,
        LEAKY_RELU,
        LOGISTIC,
        MAXIMUM,
        MAX_POOL_2D,
        MEAN,
        MINIMUM,
        MUL,
        PACK,
        PAD,
        PADV2,
        PRELU,
        QUANTIZE,
        READ_VARIABLE,
        REDUCE_MAX,
        RELU,
        RELU6,
        RESHAPE,
        RESIZE_BILINEAR,
        RESIZE_NEAREST_NEIGHBOR,
        SLICE,
        SOFTMAX,
        SPACE_TO_DEPTH,
        SPLIT,
        SPLIT_V,
        SQUEEZE,
        STRIDED_SLICE,
        SUB,
        SUM,
        SVDF,
        TANH,
        TRANSPOSE,
        TRANSPOSE_CONV,
        UNIDIRECTIONAL_SEQUENCE_LSTM,
        UNPACK,
        VAR_HANDLE,
    )
}
