"""The energy of one inference, estimated from what was counted and a table of energies per operation."""

from __future__ import annotations

from toolchain.vocabulary.energy import EnergyEstimate, EnergyTable
from toolchain.vocabulary.model_figures import LayerFigures, ModelFigures

_PJ_PER_NJ = 1000.0


def estimate_energy(figures: ModelFigures, table: EnergyTable) -> EnergyEstimate | None:
    """The estimate for an integer model; None where something that it needs is not known.

    A MAC is a multiplication of the activations' width and an addition in 32 bits, every other operation an
    addition in 32 bits.  Weights lie in the smallest memory of the table that holds them all, activations
    in the smallest that holds those of any one layer.
    """
    if figures.macs is None or figures.flops is None:
        return None
    if any(str(layer.activation_type).startswith("FLOAT") for layer in figures.layers):
        return None
    moved = [layer.moved_bytes or 0 for layer in figures.layers]
    weights = _moving(figures.bytes, figures.bytes, table)
    activations = _moving(sum(moved), max(moved, default=0), table)
    if weights is None or activations is None:
        return None
    arithmetic = sum(_arithmetic(layer, table) for layer in figures.layers) / _PJ_PER_NJ
    return EnergyEstimate(
        total_nj=arithmetic + weights + activations,
        arithmetic_nj=arithmetic,
        weights_nj=weights,
        activations_nj=activations,
        table=table.id,
        source=table.source,
    )


def _arithmetic(layer: LayerFigures, table: EnergyTable) -> float:
    """pJ."""
    energies, macs = table.operations, layer.macs or 0
    wide = layer.activation_type == "INT16"
    multiply = energies.multiply_int16 if wide else energies.multiply_int8
    others = (layer.flops or 0) - 2 * macs
    return macs * (multiply + energies.add_int32) + others * energies.add_int32


def _moving(moved: int, held: int, table: EnergyTable) -> float | None:
    """nJ for `moved` bytes out of or into the memory that `held` bytes need."""
    memory = table.memory_for(held)
    if memory is None:
        return None
    return 8 * moved / memory.access_bits * memory.access / _PJ_PER_NJ
