"""How far before its input an output has to begin, so that a kernel overwrites nothing it still has to read.

A kernel that computes its output pixel by pixel, in order, reads each window before it writes the pixel.
Input above and to the left of every window that is still to come is not read again: the output may grow
into it.  In elements, before pixel P (counted through rows and batches) P * O values of the output are
written, O to a pixel, and nothing below B(P), the window's first value inside the image, is read any more;
while pixel P is under way some values of it may be written too, of which the kernel says how many at most
lie ahead of what it still reads there.  So the output has to begin max over P of P * O + ahead - B(P)
values before the input.  That is exact where windows leave no gaps between them, and safe everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator

from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Overlap
from toolchain.compile.windows import Window
from toolchain.vocabulary.graph import ITEM_BYTES

# A multiple of every item's size, so that no tensor loses its alignment.
_STEP = 8


def patch_at_once(groups: int, input_channels: int, output_channels: int) -> int:
    """`ahead` of a kernel that copies a pixel's window away, then writes its outputs: group by group."""
    return max(0, (groups - 1) * (output_channels - input_channels) // groups) if groups > 1 else 0


def channel_by_channel(input_channels: int, multiplier: int) -> int:
    """`ahead` of a kernel that reads one channel of the window for one output value, then writes it.

    With a multiplier, value number c * multiplier + j is written while channel c is still read, but for the
    channel's last; without, the next channel at the least.
    """
    return input_channels * (multiplier - 1)


def row_for_every_channel(output_channels: int) -> int:
    """`ahead` of a kernel that reads the whole window for each of a pixel's values."""
    return output_channels - 1


def least_distance(
    image: tuple[int, int, int, int], found: tuple[Window, Window], output_channels: int, ahead: int
) -> int:
    """Elements from the output's start to the input's; `image` is the input's shape, `found` its windows."""
    batches, rows, columns, channels = image
    height, width = found
    down = [
        y * width.output * output_channels - first * columns * channels for y, first in _taps(height, rows)
    ]
    across = [x * output_channels - first * channels for x, first in _taps(width, columns)]
    if not down or not across:
        return 0  # every window lies in the padding: nothing is read
    a_batch = height.output * width.output * output_channels - rows * columns * channels
    return max(0, max(down) + max(across) + max(0, (batches - 1) * a_batch) + ahead)


def _taps(window: Window, size: int) -> Iterator[tuple[int, int]]:
    """(output position, the first place inside the image that its window reads), those that matter.

    Past the padding the place grows evenly with the position, so that the ends stand for all between.
    """
    last = min(window.output - 1, (size - 1 + window.before) // window.stride)
    past_padding = -(-window.before // window.stride)
    for position in {*range(min(past_padding, last) + 1), last}:
        start = position * window.stride - window.before
        first = start if start >= 0 else start % window.dilation
        if first < size and first <= start + (window.filter - 1) * window.dilation:
            yield position, first


def overlap(layer: LayerView, found: tuple[Window, Window], ahead: int) -> tuple[Overlap, ...]:
    """The overlap of a layer's only output with its input 0, of four axes each; () where it saves nothing."""
    source, output = layer.input(), layer.output()
    batches, rows, columns, channels = source.shape
    distance = least_distance((batches, rows, columns, channels), found, output.shape[3], ahead)
    return _overlap_at(layer, distance)


def overlap_by_rows(layer: LayerView, height: Window, at_once: int) -> tuple[Overlap, ...]:
    """The same for a kernel that reads all that `at_once` rows of its output need, then writes them."""
    source, output = layer.input(), layer.output()
    batches, rows, columns, channels = source.shape
    a_row, an_image = columns * channels, rows * columns * channels
    output_row = output.shape[2] * output.shape[3]
    distance = 0
    for y in range(at_once, height.output, at_once):
        first = max(0, y * height.stride - height.before)
        # Where all windows to come lie below the image, nothing of it is read.
        distance = max(distance, y * output_row - min(first * a_row, an_image))
    a_batch = height.output * output_row - an_image
    return _overlap_at(layer, distance + max(0, (batches - 1) * a_batch))


def _overlap_at(layer: LayerView, distance: int) -> tuple[Overlap, ...]:
    source, output = layer.input(), layer.output()
    step = -(-max(0, distance) * ITEM_BYTES[source.dtype] // _STEP) * _STEP
    if step >= output.bytes:
        return ()
    return (Overlap(output.index, source.index, step),)
