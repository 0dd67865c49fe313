"""What the operators that resize images have in common."""

from __future__ import annotations

from toolchain.compile.layer_view import LayerView, values

# Positions in 1/1024 of a pixel, and pixels in a 16-bit table, stay within their types.
_MAX_EXTENT = 2**15 - 1


def constant_size(layer: LayerView) -> str | None:
    """The size is an int32 constant, the output's height and width, up to 32767; all else stays the same."""
    size, source, target = layer.input(1), layer.input().shape, layer.output().shape
    if not size.is_constant or size.dtype != "INT32" or size.shape != (2,):
        return "its size is no int32 constant of two values"
    expected = (source[0], *(int(extent) for extent in values(size)), source[3])
    if target != expected:
        return f"its output has the shape {target}, where {expected} follows"
    largest = max(*source[1:3], *target[1:3])
    return f"it has {largest} rows or columns" if largest > _MAX_EXTENT else None


def boolean(layer: LayerView, option: str) -> bool:
    """An option that is true or false."""
    return bool(layer.integer(option))
