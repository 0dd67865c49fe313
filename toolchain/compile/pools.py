"""What AVERAGE_POOL_2D and MAX_POOL_2D have in common: everything but the kernel."""

from __future__ import annotations

from toolchain.compile.activation_types import kernel_for, output_range, place_of
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Lowering, Parameters, PendingCall
from toolchain.compile.overlaps import channel_by_channel, overlap
from toolchain.compile.rules import (
    activations,
    four_axes,
    fused_activation,
    input_is_no_constant,
    inputs_and_outputs,
    same_quantisation,
)
from toolchain.compile.windows import output_fits, pool_windows, steps_in_range, window_parameters


def output_shape(layer: LayerView) -> str | None:
    """The output's shape follows from the input's and the options."""
    return output_fits(layer, pool_windows(layer), layer.input().shape[3])


POOL_RULES = (
    inputs_and_outputs(1),
    activations(),
    input_is_no_constant,
    four_axes,
    fused_activation,
    same_quantisation,
    steps_in_range("stride_h", "stride_w", "filter_height", "filter_width"),
    output_shape,
)


def lower_pool(layer: LayerView, name: str) -> Lowering:
    """One call of the kernel `name` for the type of the activations."""
    found = pool_windows(layer)
    batches, input_height, input_width, channels = layer.input().shape
    low, high = output_range(layer)
    parameters: Parameters = {
        "batches": batches,
        "input_height": input_height,
        "input_width": input_width,
        "channels": channels,
        "output_height": found[0].output,
        "output_width": found[1].output,
        **window_parameters(layer, found),
        "activation_min": low,
        "activation_max": high,
    }
    places = place_of(layer.input()), place_of(layer.output())
    ahead = channel_by_channel(channels, multiplier=1)
    call = PendingCall(kernel_for(layer, name), parameters, places)
    return Lowering((call,), overlaps=overlap(layer, found, ahead))
