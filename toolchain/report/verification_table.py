"""The checks of a result as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from toolchain.vocabulary.report import Check

SCHEMA = "chipcast.verification/1"
_WORDS = {True: "agrees", False: "DIFFERS", None: "not checked"}


def checks_as_dict(checks: Sequence[Check]) -> dict[str, object]:
    """Every check with both values; `agrees` is null where nothing was at hand to compare with."""
    return {
        "schema": SCHEMA,
        "agrees": all(check.agrees is not False for check in checks),
        "checks": [
            {
                "what": check.what,
                "recorded": check.recorded,
                "found": check.found,
                "agrees": check.agrees,
            }
            for check in checks
        ],
    }


def checks_as_text(checks: Sequence[Check]) -> list[RenderableType]:
    """One row a check; 80 columns."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("", max_width=30, overflow="ellipsis", no_wrap=True)
    table.add_column("recorded")
    table.add_column("now")
    table.add_column("")
    for check in checks:
        style = {True: "green", False: "bold red", None: "dim"}[check.agrees]
        table.add_row(
            Text(check.what),
            Text(_cut(check.recorded)),
            Text("–" if check.found is None else _cut(check.found)),
            Text(_WORDS[check.agrees], style=style),
        )
    return [table]


def _cut(text: str) -> str:
    return text if len(text) <= 16 else text[:15] + "…"
