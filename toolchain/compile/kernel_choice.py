"""Which of an operator's forms computes a layer: the cheapest that is proven right for it.

Forms that pack weights of which many are zero stand behind the others.  One is taken only where it is
estimated to take fewer cycles, and fewer instructions, than the best of those, and its weights fewer bytes;
and only if, over all layers, these bytes outweigh the kernels' code.  So a pruned model is neither slower nor
larger than what it was pruned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from toolchain.compile.core_features import Target
from toolchain.compile.flash_for_speed import within_flash
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import Candidate, ConstantPool, KernelForm, Lowering, OperatorSupport
from toolchain.vocabulary.program import PORTABLE

Proposal = tuple[KernelForm, Candidate]
Kernels = frozenset[str]
# Of estimates, against what is counted (tests/bench/test_sparsity.py).
ESTIMATES_ERR = 1.07


@dataclass(frozen=True, slots=True)
class Choice:
    """A layer's lowering, the name of its form, and why it is this one."""

    lowering: Lowering
    form: str
    why: str


@dataclass(frozen=True, slots=True)
class LayerForms:
    """What an operator's forms made of one layer, and why others made nothing of it.

    `missed` are the refusals that whoever granted flash wants to know of, whichever form is chosen.
    """

    support: OperatorSupport
    view: LayerView
    proposals: tuple[Proposal, ...]
    refusals: tuple[str, ...]
    missed: tuple[str, ...]

    def best(self, granted: Sequence[bool], without: Kernels) -> Proposal | None:
        """The granted one with the fewest estimated cycles, the first of equal ones; None: portable."""
        taken = [proposal for proposal, may in zip(self.proposals, granted, strict=True) if may]
        whole = [proposal for proposal in taken if not _packs(proposal[1])]
        found = min(whole, key=lambda proposal: proposal[1].cycles, default=None)
        packed = [
            (form, candidate)
            for form, candidate in taken
            if _packs(candidate) and form.kernel not in without
            if found is None or _is_less(candidate, found[1])
        ]
        return min(packed, key=lambda proposal: proposal[1].cycles, default=found)

    def choice(self, granted: Sequence[bool], without: Kernels, pool: ConstantPool) -> Choice:
        """The best one, lowered."""
        found = self.best(granted, without)
        dear = [
            f"{form.name}: {candidate.more_flash:,} bytes more than flash_for_speed grants it"
            for (form, candidate), may in zip(self.proposals, granted, strict=True)
            if not may and (found is None or candidate.cycles < found[1].cycles)
        ]
        dear += [
            f"{form.name}: the weights it leaves out would not pay for its code"
            for form, candidate in self.proposals
            if _packs(candidate) and form.kernel in without
        ]
        if found is None:
            return Choice(self.support.lower(self.view, pool), PORTABLE, "; ".join((*self.refusals, *dear)))
        form, best = found
        return Choice(best.lower(pool), form.name, "; ".join((best.why, *self.missed, *dear)))


def choose(support: OperatorSupport, view: LayerView, target: Target, pool: ConstantPool) -> Choice:
    """The form of a layer that stands alone."""
    return choose_all([(support, view)], target, pool)[0]


def choose_all(
    layers: Sequence[tuple[OperatorSupport, LayerView]], target: Target, pool: ConstantPool
) -> list[Choice]:
    """The form of every layer of a program."""
    proposed = [_proposed(support, view, target) for support, view in layers]
    granted = within_flash([[c for _, c in layer.proposals] for layer in proposed], target.flash_for_speed)
    without = not_worth_their_code(proposed, granted)
    return [layer.choice(taken, without, pool) for layer, taken in zip(proposed, granted, strict=True)]


def _proposed(support: OperatorSupport, view: LayerView, target: Target) -> LayerForms:
    proposals: list[Proposal] = []
    refusals: list[str] = []
    missed: list[str] = []
    for form in support.forms:
        if form.takes_flash and target.flash_for_speed <= 0:
            refusals.append(f"{form.name}: no flash is granted for speed")
            continue
        candidate = form.propose(view, target)
        if isinstance(candidate, str):
            refusals.append(f"{form.name}: {candidate}")
            missed += refusals[-1:] if form.takes_flash else []
        elif _packs(candidate) and target.every_weight:
            refusals.append(f"{form.name}: every weight is to be computed")
        else:
            proposals.append((form, candidate))
    return LayerForms(support, view, tuple(proposals), tuple(refusals), tuple(missed))


def _packs(candidate: Candidate) -> bool:
    return candidate.more_flash < 0


def _is_less(candidate: Candidate, than: Candidate) -> bool:
    """Whether it takes fewer cycles, and instructions where both are known, by more than estimates err."""
    pairs = [(candidate.cycles, than.cycles), (candidate.instructions, than.instructions)]
    return all(a is None or b is None or a * ESTIMATES_ERR < b for a, b in pairs)


def not_worth_their_code(layers: Sequence[LayerForms], granted: Sequence[Sequence[bool]]) -> Kernels:
    """Kernels for packed weights without which the program is no larger than with none of them.

    What is saved counts over all of them: one that is faster may cost some of what another one saves.
    """

    def best(without: Kernels) -> list[Proposal]:
        found = (layer.best(taken, without) for layer, taken in zip(layers, granted, strict=True))
        return [proposal for proposal in found if proposal is not None]

    def flash(without: Kernels) -> int:
        """Of the kernels that tell theirs, and what constants take beyond the file's weights."""
        code = {form.kernel: form.code_bytes for form, _ in best(without)}
        return sum(code.values()) + sum(candidate.more_flash for _, candidate in best(without))

    every = frozenset(f.kernel for layer in layers for f, candidate in layer.proposals if _packs(candidate))
    without: Kernels = frozenset()
    while packing := {form.kernel for form, candidate in best(without) if _packs(candidate)}:
        if flash(without) < flash(every):
            break
        without = min((without | {kernel} for kernel in sorted(packing)), key=flash)
    return without
