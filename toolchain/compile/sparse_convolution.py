"""A convolution as the sparse kernels walk it, which FULLY_CONNECTED over several rows is too."""

from __future__ import annotations

from dataclasses import dataclass, replace

from toolchain.compile.layer_view import LayerView, quantisation
from toolchain.compile.lowering import Overlap, Parameters
from toolchain.compile.overlaps import overlap
from toolchain.compile.windows import Window, convolution_windows

_ONE_TAP = Window(filter=1, stride=1, dilation=1, before=0, output=1)


@dataclass(frozen=True, slots=True)
class Walk:
    """`image` is the input's shape, pixels of a filter with one tap being one row of it."""

    image: tuple[int, ...]
    height: Window
    width: Window

    @property
    def pixels(self) -> int:
        """Of the output."""
        return self.image[0] * self.height.output * self.width.output

    @property
    def taps(self) -> int:
        """Of the filter."""
        return self.height.filter * self.width.filter * self.image[3]

    @property
    def in_place(self) -> bool:
        """Whether pixels can be read where they lie: the filter has one tap and moves by one."""
        one_tap = all(window.filter == window.stride == 1 for window in (self.height, self.width))
        return one_tap and (self.height.output, self.width.output) == self.image[1:3]

    def share_alone(self, at_once: int) -> float:
        """The share of output pixels that are read one by one, where `at_once` neighbours can go together.

        They cannot where a view reaches over a side of the image, where the row ends before, and after one
        that was read by itself, until there are as many.
        """
        width, columns = self.width, self.image[2]
        span = (at_once - 1) * width.stride + width.filter
        alone = waiting = 0
        for _ in range(self.image[0] * self.height.output):
            column = 0
            while column < width.output:
                x = column * width.stride - width.before
                fit = waiting == 0 and column + at_once <= width.output and 0 <= x <= columns - span
                alone += not fit
                waiting = 0 if fit else (waiting + 1) % at_once
                column += at_once if fit else 1
        return alone / self.pixels


def walk_of_conv_2d(layer: LayerView) -> Walk | str:
    """Of any CONV_2D of one group whose filter's columns are neighbours, or why there is none."""
    height, width = convolution_windows(layer)
    image = layer.input().shape
    if image[3] != layer.input(1).shape[3]:
        return "it has groups"
    if width.dilation != 1:
        return "its filter is dilated along the width"
    one_tap = all(w.filter == w.stride == 1 for w in (height, width))
    if one_tap and (height.output, width.output) == image[1:3]:
        return _one_row(image[0] * image[1] * image[2], image[3])
    return Walk(image, height, width)


def walk_of_rows(layer: LayerView, least: int = 2) -> Walk | str:
    """Of a FULLY_CONNECTED over so many rows at least."""
    outputs, inputs = layer.input(1).shape
    rows = layer.output().elements // outputs
    return "it has one row" if rows < least else _one_row(rows, inputs)


def _one_row(pixels: int, channels: int) -> Walk:
    return Walk((1, 1, pixels, channels), _ONE_TAP, replace(_ONE_TAP, output=pixels))


def walk_parameters(layer: LayerView, walk: Walk, outputs: int) -> Parameters:
    """The fields `batches` to `input_zero_point` of a kernel's parameters."""
    return {
        "batches": walk.image[0],
        "input_height": walk.image[1],
        "input_width": walk.image[2],
        "input_channels": walk.image[3],
        "output_height": walk.height.output,
        "output_width": walk.width.output,
        "output_channels": outputs,
        "filter_height": walk.height.filter,
        "filter_width": walk.width.filter,
        "stride_height": walk.height.stride,
        "stride_width": walk.width.stride,
        "dilation_height": walk.height.dilation,
        "padding_top": walk.height.before,
        "padding_left": walk.width.before,
        "input_zero_point": quantisation(layer.input()).zero_point,
    }


def walk_overlaps(layer: LayerView) -> tuple[Overlap, ...]:
    """Pixels are read wholly before the outputs of any of them are written."""
    if layer.operator.name != "CONV_2D":
        return ()
    return overlap(layer, convolution_windows(layer), ahead=0)
