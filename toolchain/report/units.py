"""Figures as people read them."""

from __future__ import annotations


def grouped(value: int) -> str:
    """1234567 → "1,234,567"."""
    return f"{value:,}"


def kilobytes(value: int) -> str:
    """Bytes in K (1024), without a fraction where there is none."""
    return f"{value / 1024:.1f}".removesuffix(".0") + " K"


def megahertz(value: int) -> str:
    """Hertz in MHz."""
    return f"{value / 1e6:g} MHz"


def percentage(share: float | None) -> str:
    """0…1 as per cent; a dash where it is not known."""
    return "–" if share is None else f"{100 * share:.2f} %"


def optional(value: int | None) -> str:
    """A grouped integer, or a dash where it is not known."""
    return "–" if value is None else grouped(value)


def interval(bounds: tuple[float, float] | None) -> str:
    """A 95 % confidence interval of a share, in per cent; empty where it is not known."""
    return "" if bounds is None else f"95 %: {100 * bounds[0]:.1f}…{100 * bounds[1]:.1f} %"


def share(part: int, total: int) -> str:
    """Part of a total in whole per cent; a dash where the total is nothing."""
    return f"{100 * part / total:.0f} %" if total else "–"


def energy(nanojoules: float) -> str:
    """Nanojoules to three digits, in the unit that keeps them short."""
    for unit, size in (("mJ", 1e6), ("µJ", 1e3)):
        if nanojoules >= size:
            return f"{nanojoules / size:.3g} {unit}"
    return f"{nanojoules:.3g} nJ"
