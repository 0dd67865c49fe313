"""A model's layers as tables and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.report.units import grouped, optional, share
from toolchain.vocabulary.inspection import Inspection
from toolchain.vocabulary.model_figures import KernelFigures, LayerFigures, ModelFigures

SCHEMA = "chipcast.inspection/1"
_NOTE = (
    "zeros: of the weights; 1×4, 4×1: blocks of inputs × outputs wholly zero; 2:4: groups of 4 inputs with "
    "2 zeros; values: most different ones in one output channel"
)


def inspection_as_dict(inspection: Inspection) -> dict[str, object]:
    """Everything that was counted; what is not known is null."""
    fields = {**dataclasses.asdict(inspection), "source": str(inspection.source)}
    return {"schema": SCHEMA, **fields, "figures": figures_as_dict(inspection.figures)}


def figures_as_dict(figures: ModelFigures) -> dict[str, object]:
    """The sums, and every layer."""
    return {
        "parameters": figures.parameters,
        "bytes": figures.bytes,
        "macs": figures.macs,
        "flops": figures.flops,
        "weights": figures.weights,
        "zeros": figures.zeros,
        "sparsity": figures.sparsity,
        "layers": [dataclasses.asdict(layer) for layer in figures.layers],
    }


def inspection_as_text(inspection: Inspection) -> list[RenderableType]:
    """What goes in and out, what each layer costs, and what its weights are; 80 columns."""
    size = f"{grouped(inspection.file_bytes)} bytes"
    if inspection.gzip_bytes is not None:
        size += f", {grouped(inspection.gzip_bytes)} with gzip"
    ports = [("input", words) for words in inspection.inputs] + [("output", w) for w in inspection.outputs]
    return [
        Text(f"{inspection.source.name}: {inspection.format}, {size}", style="bold"),
        *(Text(f"{what}: {words}") for what, words in ports),
        "",
        costs_as_text(inspection.figures),
        "",
        *weights_as_text(inspection.figures.layers),
    ]


def costs_as_text(figures: ModelFigures) -> RenderableType:
    """One row a layer: shape, parameters, bytes, MACs, FLOPs; the sums below."""
    table = _table("params", "bytes", "MACs", "FLOPs", first=("layer", "kind", "output"))
    for layer in figures.layers:
        table.add_row(
            Text(_short(layer.name)),
            Text(layer.kind),
            "×".join(map(str, layer.shape)),
            grouped(layer.parameters),
            grouped(layer.bytes),
            optional(layer.macs),
            optional(layer.flops),
        )
    sums = (figures.parameters, figures.bytes, figures.macs, figures.flops)
    table.add_row("in all", "", "", *map(optional, sums), style="bold")
    return table


def weights_as_text(layers: Sequence[LayerFigures]) -> list[RenderableType]:
    """One row a layer with weights: how many are zero, in which pattern, and how they are quantised."""
    table = _table("zeros", "1×4", "4×1", "2:4", "values", first=_WEIGHTS, widths=(17, 10, 24))
    for layer in layers:
        if layer.kernel is None:
            continue
        table.add_row(
            Text(_short(layer.name)),
            _types(layer),
            Text(layer.weight_quantisation or layer.quantisation or "–"),
            *(show(layer.kernel) for show in _KERNEL_COLUMNS),
        )
    return [table, Text(_NOTE, style="dim")] if table.row_count else []


_WEIGHTS = ("weights of", "type", "quantised")
_KERNEL_COLUMNS: Sequence[Callable[[KernelFigures], str]] = (
    lambda kernel: share(kernel.zeros, kernel.weights),
    lambda kernel: share(kernel.blocks[0].zero, kernel.blocks[0].blocks),
    lambda kernel: share(kernel.blocks[1].zero, kernel.blocks[1].blocks),
    lambda kernel: "–" if kernel.two_of_four is None else f"{100 * kernel.two_of_four:.0f} %",
    lambda kernel: grouped(kernel.distinct),
)


def _short(name: str) -> str:
    """A `.tflite` tensor's name without the layers fused into it and the model's name in front."""
    parts = name.split(";", maxsplit=1)[0].split("/")
    return "/".join(parts[1:] if len(parts) > 2 else parts)


def _types(layer: LayerFigures) -> str:
    """The weights' type, and after a stroke the activations' where it is another."""
    weights, activations = (str(kind or "–").lower() for kind in (layer.weight_type, layer.activation_type))
    return weights if weights == activations else f"{weights}/{activations}"


def _table(*numbers: str, first: Sequence[str], widths: Sequence[int] = (15, 15, 14)) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading, width in zip(first, widths, strict=True):
        table.add_column(heading, overflow="ellipsis", no_wrap=True, max_width=width)
    for heading in numbers:
        table.add_column(heading, justify="right", no_wrap=True)
    return table
