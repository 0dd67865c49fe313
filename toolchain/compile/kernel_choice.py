"""Which of an operator's forms computes a layer: the cheapest that is proven right for it."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.compile.core_features import Target
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Candidate, ConstantPool, Lowering, OperatorSupport
from toolchain.vocabulary.program import PORTABLE


@dataclass(frozen=True, slots=True)
class Choice:
    """A layer's lowering, the name of its form, and why it is this one."""

    lowering: Lowering
    form: str
    why: str


def choose(support: OperatorSupport, layer: LayerView, target: Target, pool: ConstantPool) -> Choice:
    """The candidate with the fewest estimated cycles, the first of equal ones; else the portable form."""
    candidates: list[tuple[str, Candidate]] = []
    refusals: list[str] = []
    for form in support.forms:
        proposed = form.propose(layer, target)
        if isinstance(proposed, str):
            refusals.append(f"{form.name}: {proposed}")
        else:
            candidates.append((form.name, proposed))
    if not candidates:
        return Choice(support.lower(layer, pool), PORTABLE, "; ".join(refusals))
    name, best = min(candidates, key=lambda pair: pair[1].cycles)
    return Choice(best.lower(pool), name, best.why)
