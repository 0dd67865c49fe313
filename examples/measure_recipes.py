"""Run every recipe of docs/recipes.md on the examples, and write the measured table into that file.

    python examples/measure_recipes.py [NAME …]      # or `make recipes`; a NAME runs that example alone

It takes minutes for each recipe.  An example whose data is not here keeps the rows it has.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import toolchain

EXAMPLES = Path(__file__).resolve().parent
DOCUMENT = EXAMPLES.parent / "docs" / "recipes.md"
SHARED = EXAMPLES.parents[1] / "shared" / "data" / "mlperf_tiny"

Step = Mapping[str, Any]
DISTIL: Step = {"temperature": 2.0}
# What to run on the two examples that anyone has; the order is that of the table.
RECIPES: Mapping[str, Sequence[Step]] = {
    "as it is": (),
    "prune 60 %": ({"step": "prune", "sparsity": 0.6, "epochs": 10},),
    "channels 50 %": ({"step": "prune_channels", "macs": 0.5, "epochs": 5, "distil": DISTIL},),
    "separable": ({"step": "separate_convolutions", "epochs": 5, "distil": DISTIL},),
    "low rank": ({"step": "factorise", "keep": 0.5, "epochs": 10, "distil": DISTIL},),
    "student, half as wide": ({"step": "student", "width": 0.5, "epochs": 15},),
}
# The digits network is made of depthwise-separable convolutions already.
NOT_FOR = {("digits", "separable")}
KEYWORD_SPOTTING = {"as it is": "unpruned", "prune 60 %": "prune60", "channels 40 %": "channels40"}

HEAD = (
    "| recipe | int8 accuracy (95 %) | MACs | zeros | `.tflite` | gzip | flash | RAM | instructions |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def measured(config: toolchain.DeployConfig) -> str:
    """One recipe through the whole corridor, as a row of the table without its name."""
    with tempfile.TemporaryDirectory() as folder:
        report = toolchain.deploy(config, out=Path(folder) / "out")
    assert report.parity.mismatched_bytes == 0
    assert report.accuracy is not None
    assert report.accuracy.device_interval is not None
    low, high = report.accuracy.device_interval
    zeros = report.optimise[-1].sparsity if report.optimise else None
    cells = [
        f"{report.accuracy.device:.1%} ({low:.1%}…{high:.1%})",
        f"{report.model.macs:,}",
        "–" if zeros is None else f"{zeros:.0%}",
        f"{report.model.int8_bytes:,}",
        f"{report.model.int8_gzip_bytes:,}",
        f"{report.firmware.flash_bytes:,}",
        f"{report.firmware.ram_bytes:,}",
        f"{report.timing.median:,.0f}",
    ]
    return " | ".join(cells)


def table(name: str) -> str | None:
    """The rows of one example; None where its data is not here."""
    folder = EXAMPLES / name
    if name == "keyword_spotting":
        if not SHARED.is_dir():
            return None
        configs = {
            title: toolchain.load_config(folder / f"{file}.toml") for title, file in KEYWORD_SPOTTING.items()
        }
    else:
        if not (folder / f"{name}.keras").is_file():
            subprocess.run([sys.executable, next(folder.glob("train*.py"))], check=True)
        configs = {
            title: toolchain.load_config(folder / "deploy.toml", {"optimise": [dict(step) for step in steps]})
            for title, steps in RECIPES.items()
            if (name, title) not in NOT_FOR
        }
    rows = []
    for title, config in configs.items():
        rows.append(f"| {title} | {measured(config)} |\n")
        print(f"{name}: {rows[-1]}", end="", flush=True)
    return HEAD + "".join(rows)


def main(names: Sequence[str]) -> None:
    """Measure, and put each table between its two marks."""
    for name in names or ("digits", "gestures", "keyword_spotting"):
        found = table(name)
        if found is None:
            print(f"{name}: its data (../shared) is not here; the rows stay as they are")
            continue
        text = DOCUMENT.read_text(encoding="utf-8")
        begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        text = re.sub(f"{begin}.*?{end}", lambda _: f"{begin}\n{found}\n{end}", text, flags=re.DOTALL)  # noqa: B023
        DOCUMENT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
