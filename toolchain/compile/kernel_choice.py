"""Which of an operator's forms computes a layer: the cheapest that is proven right for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.compile.core_features import Target
from toolchain.compile.flash_for_speed import within_flash
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Candidate, ConstantPool, Lowering, OperatorSupport
from toolchain.vocabulary.program import PORTABLE


@dataclass(frozen=True, slots=True)
class Choice:
    """A layer's lowering, the name of its form, and why it is this one."""

    lowering: Lowering
    form: str
    why: str


@dataclass(frozen=True, slots=True)
class _Layer:
    """What an operator's forms made of one layer, and why others made nothing of it.

    `missed` are the refusals that whoever granted flash wants to know of, whichever form is chosen.
    """

    support: OperatorSupport
    view: LayerView
    names: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    refusals: tuple[str, ...]
    missed: tuple[str, ...]


def choose(support: OperatorSupport, view: LayerView, target: Target, pool: ConstantPool) -> Choice:
    """The form of a layer that stands alone."""
    return choose_all([(support, view)], target, pool)[0]


def choose_all(
    layers: Sequence[tuple[OperatorSupport, LayerView]], target: Target, pool: ConstantPool
) -> list[Choice]:
    """The form of every layer of a program."""
    proposed = [_proposed(support, view, target) for support, view in layers]
    granted = within_flash([layer.candidates for layer in proposed], target.flash_for_speed)
    return [_choice(layer, taken, pool) for layer, taken in zip(proposed, granted, strict=True)]


def _proposed(support: OperatorSupport, view: LayerView, target: Target) -> _Layer:
    names, candidates, refusals, missed = [], [], [], []
    for form in support.forms:
        if form.takes_flash and target.flash_for_speed <= 0:
            refusals.append(f"{form.name}: no flash is granted for speed")
            continue
        candidate = form.propose(view, target)
        if isinstance(candidate, str):
            refusals.append(f"{form.name}: {candidate}")
            missed += refusals[-1:] if form.takes_flash else []
        else:
            names.append(form.name)
            candidates.append(candidate)
    return _Layer(support, view, tuple(names), tuple(candidates), tuple(refusals), tuple(missed))


def _choice(layer: _Layer, granted: Sequence[bool], pool: ConstantPool) -> Choice:
    """The granted candidate with the fewest estimated cycles, the first of equal ones; else portable."""
    named = list(zip(layer.names, layer.candidates, granted, strict=True))
    name, best = min(
        ((name, candidate) for name, candidate, taken in named if taken),
        key=lambda pair: pair[1].cycles,
        default=(PORTABLE, None),
    )
    faster = [(n, c) for n, c, taken in named if not taken and (best is None or c.cycles < best.cycles)]
    dear = [f"{n}: {c.more_flash:,} bytes more than flash_for_speed grants it" for n, c in faster]
    if best is None:
        why = "; ".join((*layer.refusals, *dear))
        return Choice(layer.support.lower(layer.view, pool), PORTABLE, why)
    return Choice(best.lower(pool), name, "; ".join((best.why, *layer.missed, *dear)))
