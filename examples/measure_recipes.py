"""Run the recipes of docs/recipes.md on the examples, and write the measured rows into that file.

    python examples/measure_recipes.py [EXAMPLE …] [--only ROW …] [--minutes M]   # or `make recipes ARGS=…`

Every row is one `chipcast deploy` in a process of its own, and is written as soon as it is measured.  What
was begun goes on where it stopped, and what has not changed is not run again: `out/recipes` keeps it.  A
row that fails, or takes longer than M minutes (60), stays as it was; the exit code is then 1.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

EXAMPLES = Path(__file__).resolve().parent
REPOSITORY = EXAMPLES.parent
DOCUMENT = REPOSITORY / "docs" / "recipes.md"
SHARED = REPOSITORY.parent / "shared" / "data" / "mlperf_tiny"
# For a process that was asked to end; it stops its simulator first.
ENDING_SECONDS = 60

# What to run on the two examples that anyone has; the order is that of the table.
RECIPES: Mapping[str, tuple[str, ...]] = {
    "as it is": (),
    "prune 60 %": ("prune sparsity=0.6 epochs=10",),
    "channels 50 %": ("prune_channels macs=0.5 epochs=5 distil.temperature=2.0",),
    "separable": ("separate_convolutions epochs=5 distil.temperature=2.0",),
    "low rank": ("factorise keep=0.5 epochs=10 distil.temperature=2.0",),
    "student, half as wide": ("student width=0.5 epochs=15",),
}
# The digits network is made of depthwise-separable convolutions already.
NOT_FOR = {("digits", "separable")}
KEYWORD_SPOTTING = {"as it is": "unpruned", "prune 60 %": "prune60", "channels 40 %": "channels40"}
NAMES = ("digits", "gestures", "keyword_spotting")

HEAD = (
    "| recipe | int8 accuracy (95 %) | MACs | zeros | `.tflite` | gzip | flash | RAM | instructions |\n"
    "|---|---|---|---|---|---|---|---|---|\n"
)


def titles(name: str) -> list[str]:
    """The rows of an example's table, in order."""
    if name == "keyword_spotting":
        return list(KEYWORD_SPOTTING)
    return [title for title in RECIPES if (name, title) not in NOT_FOR]


def arguments(name: str, title: str) -> list[str]:
    """What `chipcast deploy` is given for a row."""
    folder = EXAMPLES / name
    if name == "keyword_spotting":
        return [str(folder / f"{KEYWORD_SPOTTING[title]}.toml")]
    steps = [part for step in RECIPES[title] for part in ("--step", step)]
    data = ["--data", str(folder / f"{name}.npz")]
    return [str(folder / f"{name}.keras"), *data, "--board", "sim_cortex_m4", *steps]


def measured(name: str, title: str, minutes: float) -> str:
    """One recipe through the whole corridor, as a row of the table.

    Raises:
        RuntimeError: it failed, or took longer.
    """
    out = REPOSITORY / "out" / "recipes" / name / re.sub(r"\W+", "_", title).strip("_")
    command = [sys.executable, "-m", "toolchain", "deploy", *arguments(name, title)]
    # What each step costs is not in the table.
    with subprocess.Popen([*command, "--no-each-step", "--out", str(out)], cwd=REPOSITORY) as process:
        try:
            code = process.wait(minutes * 60)
        except BaseException as exc:
            _end(process)
            if isinstance(exc, subprocess.TimeoutExpired):
                raise RuntimeError(f"not done after {minutes:g} minutes; the same command goes on") from exc
            raise
    if code:
        raise RuntimeError(f"chipcast deploy ended with exit code {code}")
    return row(title, json.loads((out / "report.json").read_text(encoding="utf-8")))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def row(title: str, report: Mapping[str, Any]) -> str:
    """A report as a row of the table; RuntimeError where its bytes are not the oracle's."""
    if report["parity"]["mismatched_bytes"] != 0:
        raise RuntimeError(f"{report['parity']['mismatched_bytes']} bytes differ")
    low, high = report["accuracy"]["device_interval"]
    zeros = report["optimise"][-1]["sparsity"] if report["optimise"] else None
    cells = [
        title,
        f"{report['accuracy']['device']:.1%} ({low:.1%}…{high:.1%})",
        f"{report['model']['macs']:,}",
        "–" if zeros is None else f"{zeros:.0%}",
        f"{report['model']['int8_bytes']:,}",
        f"{report['model']['int8_gzip_bytes']:,}",
        f"{report['firmware']['flash_bytes']:,}",
        f"{report['firmware']['ram_bytes']:,}",
        f"{report['timing']['median']:,.0f}",
    ]
    return f"| {' | '.join(cells)} |\n"


def with_row(text: str, name: str, title: str, new: str) -> str:
    """The document with one row of an example's table replaced, or put in where it belongs."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
    before, _, rest = text.partition(begin)
    table, _, after = rest.partition(end)
    found = {line.split(" | ")[0].removeprefix("| "): f"{line}\n" for line in table.split("\n") if line}
    found[title] = new
    rows = "".join(found[known] for known in titles(name) if known in found)
    return f"{before}{begin}\n{HEAD}{rows}\n{end}{after}"


def prepared(name: str) -> bool:
    """Whether an example's model and data are here; those that can be made are."""
    if name == "keyword_spotting":
        return SHARED.is_dir()
    if not (EXAMPLES / name / f"{name}.keras").is_file():
        subprocess.run([sys.executable, next((EXAMPLES / name).glob("train*.py"))], check=True)
    return True


def main(words: Sequence[str]) -> int:
    """Measure, and put each row into its place; the exit code."""
    assert __doc__ is not None
    # Whoever ends this ends the row that is being measured, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("examples", nargs="*", metavar="EXAMPLE", help=f"of {', '.join(NAMES)} [all]")
    parser.add_argument("--only", action="append", metavar="ROW", help="such as 'low rank'; repeatable [all]")
    parser.add_argument("--minutes", type=float, default=60, help="at most, for a row [60]")
    given = parser.parse_args(words)
    names = given.examples or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"there is no example {' or '.join(unknown)}; there are {', '.join(NAMES)}")
    rows = [(name, title) for name in names for title in titles(name) if title in (given.only or [title])]
    if unknown := set(given.only or ()) - {title for _, title in rows}:
        known = dict.fromkeys(title for name in names for title in titles(name))
        parser.error(f"there is no row {' or '.join(unknown)}; there are {', '.join(known)}")
    failed = 0
    for name, title in rows:
        if not prepared(name):
            print(f"{name}, {title}: its data (../shared) is not here; the row stays as it is")
            continue
        try:
            new = measured(name, title, given.minutes)
        except RuntimeError as exc:
            failed += 1
            print(f"{name}, {title}: {exc}; the row stays as it is", file=sys.stderr)
            continue
        # Read anew: a row takes minutes, in which somebody may have written.
        DOCUMENT.write_text(
            with_row(DOCUMENT.read_text(encoding="utf-8"), name, title, new), encoding="utf-8"
        )
        print(f"{name}: {new}", end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
