"""The passes, in the order they run."""

from __future__ import annotations

from collections.abc import Callable

from toolchain.compile.passes.drop_unread_operators import drop_unread_operators
from toolchain.compile.passes.fold_constants import fold_constants
from toolchain.compile.passes.fuse_clamps import fuse_clamps
from toolchain.compile.passes.fuse_padding import fuse_padding
from toolchain.compile.passes.fuse_quantise_pairs import fuse_quantise_pairs
from toolchain.compile.passes.read_variables_late import read_variables_late
from toolchain.compile.passes.remove_channels import remove_channels
from toolchain.compile.passes.remove_no_ops import remove_no_ops
from toolchain.vocabulary.graph import Graph

GraphPass = Callable[[Graph], Graph]

PASSES: tuple[GraphPass, ...] = (
    # First, so that an operator whose other readers are not needed counts as read by one.
    drop_unread_operators,
    fold_constants,
    fuse_quantise_pairs,
    # Before what joins neighbours: it brings them together.
    remove_no_ops,
    fuse_padding,
    fuse_clamps,
    # Again: the others leave what is read no more.
    drop_unread_operators,
    read_variables_late,
    # Last: the others know the tensors by their shapes in the file.
    remove_channels,
)

EVERY_CHANNEL: tuple[GraphPass, ...] = tuple(p for p in PASSES if p is not remove_channels)
"""The passes for a program that computes every weight of the model."""
