"""How every layer is computed, as a table: the form chosen for the core, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.vocabulary.report import LayerKernel


def kernels_as_text(kernels: Sequence[LayerKernel]) -> list[RenderableType]:
    """One row a layer for which there was something to choose; nothing where there was not."""
    chosen = [kernel for kernel in kernels if kernel.why]
    if not chosen:
        return []
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("layer", overflow="ellipsis", no_wrap=True, max_width=20)
    table.add_column("computed by", overflow="fold", max_width=18)
    table.add_column("because", overflow="fold")
    for kernel in chosen:
        table.add_row(Text(kernel.layer), Text(kernel.form), Text(kernel.why))
    return ["", table]
