"""Both inputs are brought to one scale, with extra bits, and what comes of them to the output's: ADD, SUB."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.requantise import Multiplier, quantise_multiplier
from toolchain.vocabulary.program import ParameterValue


def common_scale_multipliers(layer: LayerView, extra_bits: int) -> tuple[Multiplier, Multiplier, Multiplier]:
    """Of both inputs and the output, in float64 (`CalculateOpDataAdd`, `CalculateOpDataSub`)."""
    scales = [quantisation(layer.input(position)).scale for position in (0, 1)]
    twice_largest = 2.0 * max(scales)
    output = twice_largest / (2**extra_bits * quantisation(layer.output()).scale)
    return (
        quantise_multiplier(scales[0] / twice_largest),
        quantise_multiplier(scales[1] / twice_largest),
        quantise_multiplier(output),
    )


def too_fine_output(layer: LayerView, extra_bits: int) -> str | None:
    """Why the output's multiplier is not below 1, where the reference stops; None where it is."""
    *_, output = common_scale_multipliers(layer, extra_bits)
    return "its output's scale is too fine for its inputs'" if output.shift > 0 else None


def common_scale_parameters(layer: LayerView, extra_bits: int) -> dict[str, ParameterValue]:
    """Zero points and multipliers of both inputs and the output."""
    parameters: dict[str, ParameterValue] = {}
    tensors = (layer.input(0), layer.input(1), layer.output())
    multipliers = common_scale_multipliers(layer, extra_bits)
    for name, tensor, multiplier in zip(("input1", "input2", "output"), tensors, multipliers, strict=True):
        parameters |= {
            f"{name}_zero_point": quantisation(tensor).zero_point,
            f"{name}_multiplier": multiplier.value,
            f"{name}_shift": multiplier.shift,
        }
    return parameters
