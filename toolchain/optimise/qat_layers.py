"""How each kind of layer is trained quantisation-aware: where the board's arithmetic rounds.

The library's own rules are passed by: in a convolution or Dense layer with a ReLU layer behind it they leave
the weights unrounded, without a word.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from toolchain.tensorflow_import import import_stack

_LIBRARY = "tensorflow_model_optimization.python.core.quantization.keras.default_8bit"

# Their kernels; in all but Dense and Conv2DTranspose with a range for each channel.
_KERNELS = {
    "Conv2D": "kernel",
    "Conv2DTranspose": "kernel",
    "Dense": "kernel",
    "DepthwiseConv2D": "depthwise_kernel",
}
# They hand values on as they are, and their output's range is their input's.
_MOVING = frozenset(
    {
        *("Cropping1D", "Cropping2D", "Dropout", "Flatten", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
        *("MaxPooling1D", "MaxPooling2D", "Permute", "RepeatVector", "Reshape", "SpatialDropout1D"),
        *("SpatialDropout2D", "UpSampling1D", "ZeroPadding1D", "ZeroPadding2D"),
    }
)
# Without weights; their output has a range of its own.
_COMPUTING = frozenset(
    {
        *("Add", "Average", "AveragePooling1D", "AveragePooling2D", "Concatenate", "ELU"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "LeakyReLU", "Maximum", "Minimum"),
        *("Multiply", "ReLU", "Subtract", "UpSampling2D"),
    }
)
# The ranges of their output are fixed.
_FIXED = frozenset({"sigmoid", "softmax", "tanh"})
# Activations that stay inside their layer; all others become layers, whose input has a range of its own.
_INNER_ACTIVATIONS = frozenset({"linear", "relu"})
# The converter makes one operator of these and a ReLU behind them.
_FUSING = frozenset({"Add", "Multiply", "Subtract", *_KERNELS})


class Treatment(Enum):
    """weights: kernel and output are rounded.  fused: the kernel is, and a ReLU behind rounds for both.

    output: the output is rounded.  moved: nothing is.  calibrated: the layer stays as it is, and what it
    needs is found by calibration when the model is converted.  unknown: so it could be, but it has weights.
    """

    WEIGHTS = "weights"
    FUSED = "fused"
    OUTPUT = "output"
    MOVED = "moved"
    CALIBRATED = "calibrated"
    UNKNOWN = "unknown"


def treatment_of(layer: Any) -> Treatment:
    """How quantisation-aware training treats this layer of a `tf_keras` network."""
    kind = type(layer).__name__
    if kind in _KERNELS and getattr(layer, "data_format", "channels_last") == "channels_last":
        return Treatment.WEIGHTS
    if kind in _MOVING:
        return Treatment.MOVED
    if kind == "Activation":
        fixed = activation_name(layer) in (*_FIXED, "linear")
        return Treatment.MOVED if fixed else Treatment.OUTPUT
    if kind in _COMPUTING:
        return Treatment.OUTPUT
    arithmetic = kind in ("BatchNormalization", "Normalization", "PReLU", "Rescaling")
    return Treatment.UNKNOWN if layer.weights and not arithmetic else Treatment.CALIBRATED


def is_relu(layer: Any) -> bool:
    """Whether the converter can make the layer a part of the operator before it."""
    kind = type(layer).__name__
    if kind == "Activation":
        return activation_name(layer) in ("relu", "relu6")
    # TFLite has ReLU, and ReLU up to 6.
    if kind != "ReLU" or layer.threshold or layer.negative_slope:
        return False
    return layer.max_value is None or float(layer.max_value) == 6.0


def can_fuse(layer: Any) -> bool:
    """Whether a ReLU behind this layer becomes a part of its operator: between the two nothing is rounded."""
    kind = type(layer).__name__
    return kind in _FUSING and (kind not in _KERNELS or activation_name(layer) == "linear")


def fused(treatment: Treatment) -> Treatment:
    """What becomes of a layer's treatment where a ReLU behind it is a part of its operator."""
    return Treatment.FUSED if treatment is Treatment.WEIGHTS else Treatment.MOVED


def config_for(layer: Any, treatment: Treatment) -> Any:
    """The library's QuantizeConfig for a layer that is treated so.

    Only classes of the library's own are used, which every reader of its networks knows.
    """
    registry = import_stack(f"{_LIBRARY}.default_8bit_quantize_registry")
    if treatment is Treatment.MOVED:
        return import_stack(f"{_LIBRARY}.default_8bit_quantize_configs").NoOpQuantizeConfig()
    if treatment is Treatment.OUTPUT:
        return registry.Default8BitQuantizeConfig([], [], True)
    kind = type(layer).__name__
    config = {
        "Conv2DTranspose": registry.Default8BitConvTransposeQuantizeConfig,
        "Dense": registry.Default8BitQuantizeConfig,
    }.get(kind, registry.Default8BitConvQuantizeConfig)
    return config([_KERNELS[kind]], ["activation"] if treatment is Treatment.WEIGHTS else [], False)


def has_outer_activation(layer: Any) -> bool:
    """Whether a layer with a kernel has an activation inside that is an operator of its own on the board."""
    return type(layer).__name__ in _KERNELS and activation_name(layer) not in _INNER_ACTIVATIONS


def activation_name(layer: Any) -> str:
    """The name of a layer's activation function."""
    activation = layer.activation
    return str(getattr(activation, "__name__", type(activation).__name__))


def trains_weights(layer: Any) -> bool:
    """Whether a wrapped layer rounds weights in training."""
    return bool(getattr(layer, "_weight_vars", None))


def scheme() -> Any:
    """The library's scheme, with no rules but those for inputs and concatenations.

    Every layer brings its configuration; to one that has none, nothing is added.
    """
    transforms = import_stack(f"{_LIBRARY}.default_8bit_transforms")
    transformer = import_stack(
        "tensorflow_model_optimization.python.core.quantization.keras.graph_transformations.model_transformer"
    )
    default: Any = import_stack(f"{_LIBRARY}.default_8bit_quantize_scheme").Default8BitQuantizeScheme
    base: Any = import_stack(
        "tensorflow_model_optimization.python.core.quantization.keras.quantize_layout_transform"
    ).QuantizeLayoutTransform

    class Layout(base):  # type: ignore[misc]
        def apply(self, model: Any, layer_quantize_map: Any) -> Any:
            rules = [
                transforms.InputLayerQuantize(),
                transforms.ConcatTransform6Inputs(),
                transforms.ConcatTransform5Inputs(),
                transforms.ConcatTransform4Inputs(),
                transforms.ConcatTransform3Inputs(),
                transforms.ConcatTransform(),
            ]
            return transformer.ModelTransformer(
                model, rules, set(layer_quantize_map), layer_quantize_map
            ).transform()

    class NoRegistry:
        def supports(self, layer: Any) -> bool:
            return False

    class Scheme(default):  # type: ignore[misc]
        def get_layout_transformer(self) -> Any:
            return Layout()

        def get_quantize_registry(self) -> Any:
            return NoRegistry()

    return Scheme()
