"""Which layers get a form that is faster for more flash: the most cycles a byte first, until it is spent."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolchain.compile.lowering import Candidate


def within_flash(layers: Sequence[Sequence[Candidate]], flash: int) -> list[list[bool]]:
    """Which of each layer's candidates may be taken: those that take no more flash, and what is granted.

    `flash` is in bytes, for all layers together.  A layer can be granted a form, and later a dearer one.
    """
    cycles = [min((c.cycles for c in own if c.more_flash <= 0), default=math.inf) for own in layers]
    spent = [0] * len(layers)
    granted = [[c.more_flash <= 0 for c in own] for own in layers]
    while True:
        best: tuple[float, int, int] | None = None
        for layer, own in enumerate(layers):
            for place, candidate in enumerate(own):
                more = candidate.more_flash - spent[layer]
                gain = (cycles[layer] - candidate.cycles) / more if more > 0 else 0.0
                if gain > 0 and more <= flash and (best is None or gain > best[0]):
                    best = gain, layer, place
        if best is None:
            return granted
        _, layer, place = best
        candidate = layers[layer][place]
        flash -= candidate.more_flash - spent[layer]
        granted[layer] = [c.more_flash <= 0 for c in layers[layer]]
        granted[layer][place] = True
        cycles[layer], spent[layer] = candidate.cycles, candidate.more_flash
