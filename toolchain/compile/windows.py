"""Where a filter window lies: output sizes and padding of convolutions and pools, as TFLite computes them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Rule
from toolchain.vocabulary.program import ParameterValue

# Far beyond sense, but small enough that no index computed from them leaves 32 bits.
MAX_STEP = 2**12
MAX_REACH = 2**20


@dataclass(frozen=True, slots=True)
class Window:
    """One axis: the filter's extent, its stride and dilation, and how much padding lies before the image."""

    filter: int
    stride: int
    dilation: int
    before: int
    output: int

    @property
    def reach(self) -> int:
        """From the first tap to the last, both included, in input values."""
        return (self.filter - 1) * self.dilation + 1


def place(padding: str, size: int, filter_extent: int, stride: int, dilation: int) -> Window:
    """Output size and leading padding of one axis (`ComputePaddingHeightWidth` in padding.h)."""
    effective = (filter_extent - 1) * dilation + 1
    output = -(-size // stride) if padding == "SAME" else (size - effective + stride) // stride
    total = max(0, (output - 1) * stride + effective - size)
    return Window(filter_extent, stride, dilation, total // 2, output)


def windows(
    layer: LayerView, filter_extents: tuple[int, int], dilations: tuple[int, int]
) -> tuple[Window, Window]:
    """The windows along height and width of a layer with 4-axis input and `padding`, `stride_*` options."""
    shape, padding = layer.input().shape, layer.text("padding")
    strides = layer.integer("stride_h"), layer.integer("stride_w")
    # What a PAD that was fused into the layer has put around the image.
    before = layer.integers("padded_before") or (0, 0)
    after = layer.integers("padded_after") or (0, 0)
    found = []
    for axis in (0, 1):
        size = before[axis] + shape[axis + 1] + after[axis]
        window = place(padding, size, filter_extents[axis], strides[axis], dilations[axis])
        found.append(replace(window, before=before[axis] + window.before))
    return found[0], found[1]


def convolution_windows(layer: LayerView) -> tuple[Window, Window]:
    """The windows of CONV_2D and DEPTHWISE_CONV_2D, whose filter is input 1: [·, height, width, ·]."""
    _, height, width, _ = layer.input(1).shape
    dilations = layer.integer("dilation_h_factor"), layer.integer("dilation_w_factor")
    return windows(layer, (height, width), dilations)


def pool_windows(layer: LayerView) -> tuple[Window, Window]:
    """The windows of the pools."""
    return windows(layer, (layer.integer("filter_height"), layer.integer("filter_width")), (1, 1))


def steps_in_range(*options: str) -> Rule:
    """A rule on the named integer options."""

    def rule(layer: LayerView) -> str | None:
        """Strides, dilations and filter extents are between 1 and 4096; the padding is SAME or VALID."""
        for option in options:
            if not 1 <= layer.integer(option) <= MAX_STEP:
                return f"{option} is {layer.integer(option)}"
        padding = layer.text("padding")
        return None if padding in ("SAME", "VALID") else f"the padding {padding}"

    return rule


def output_fits(layer: LayerView, found: tuple[Window, Window], channels: int) -> str | None:
    """The output's shape follows from the input's, the filter's and the options."""
    if max(window.reach for window in found) > MAX_REACH:
        return f"its filter reaches over more than {MAX_REACH} values"
    expected = (layer.input().shape[0], found[0].output, found[1].output, channels)
    actual = layer.output().shape
    return None if actual == expected else f"its output has the shape {actual}, where {expected} follows"


def window_parameters(layer: LayerView, found: tuple[Window, Window]) -> dict[str, ParameterValue]:
    """The kernel parameters that describe the windows, without the dilation."""
    height, width = found
    return {
        "filter_height": height.filter,
        "filter_width": width.filter,
        "stride_height": height.stride,
        "stride_width": width.stride,
        "padding_top": height.before,
        "padding_left": width.before,
    }
