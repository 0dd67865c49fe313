"""The arena's memory map as text: who lies where, from which layer to which."""

from __future__ import annotations

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.units import grouped
from toolchain.vocabulary.report import MemoryMap


def memory_as_text(memory: MemoryMap) -> list[RenderableType]:
    """One row a tensor or scratch, in the order they are needed; 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("in the arena", overflow="ellipsis", no_wrap=True, max_width=40)
    if memory.regions:
        table.add_column("memory")
    for heading in ("offset", "bytes", "layers"):
        table.add_column(heading, justify="right")
    for buffer in sorted(memory.buffers, key=lambda b: (b.first_layer, b.region, b.offset)):
        layers = f"{buffer.first_layer}–{buffer.last_layer}"
        name = Text(buffer.name)  # whatever a model file calls its tensors is no markup
        where = [buffer.region] if memory.regions else []
        table.add_row(name, *where, grouped(buffer.offset), grouped(buffer.bytes), layers)
    state = f", variables {grouped(memory.state_bytes)} beside it" if memory.state_bytes else ""
    regions = ", ".join(f"{grouped(region.bytes)} in {region.name}" for region in memory.regions)
    return [
        Text(
            f"arena: {grouped(memory.arena_bytes)} bytes, lower bound "
            f"{grouped(memory.lower_bound_bytes)}{state}",
            style="bold",
        ),
        *([Text(f"  {regions}")] if regions else []),
        table,
    ]
