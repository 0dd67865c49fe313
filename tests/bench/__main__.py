"""`make bench`: what the MLPerf Tiny models and the digits example cost on the simulated Cortex-M4.

python -m tests.bench [--core m4|m3|m0|rv32] [--json] [--optimise-for speed|ram|size] [MODEL …]
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.bench.cortex_m4_timing import MODEL
from tests.bench.cost import BOARD, ModelCost, cost_of
from tests.bench.figures import Book, read_figures
from tests.bench.other_cores import CORES, core_table, cost_on, read_core_book
from tests.bench.tables import layer_table, overview
from toolchain.compile.compile_graph import OPTIMISATION_GOALS, compile_graph
from toolchain.compile.passes.order import EVERY_CHANNEL, PASSES
from toolchain.config import load_config
from toolchain.convert.read_tflite import read_graph
from toolchain.load.board import load_board
from toolchain.pipeline.deploy import build

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT.parent / "shared" / "data" / "mlperf_tiny"
DIGITS = "digits"
ANY_FLASH = 2**30


def main() -> int:
    """Print tables, or one JSON object; 1 when an output byte is not the oracle's."""
    book = read_figures()
    parser = argparse.ArgumentParser(prog="make bench", description="Instructions, estimated cycles, memory.")
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join([*book.models, DIGITS]))
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    parser.add_argument("--optimise-for", choices=OPTIMISATION_GOALS, default="speed")
    parser.add_argument("--core", choices=("m4", *CORES), default="m4", help="one without DSP: counts alone")
    options = parser.parse_args()
    unknown = set(options.models) - {*book.models, DIGITS}
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory(prefix="chipcast-bench-") as folder:
        models = dict(_models(book, options.models or [*book.models, DIGITS]))
        goal = options.optimise_for
        if options.core != "m4":
            return _on_core(options.core, models, Path(folder), goal)
        costs = [
            cost_of(model, name, Path(folder) / name, optimise_for=goal) for name, model in models.items()
        ]
        smaller = [
            cost_of(model, name, Path(folder) / f"{name}-smaller", optimise_for=goal, passes=PASSES)
            for name, model in models.items()
            if _loses_channels(model, name)
        ]
        larger = [
            cost_of(
                model, name, Path(folder) / f"{name}-larger", optimise_for=goal, flash_for_speed=ANY_FLASH
            )
            for name, model in models.items()
            if _is_faster_for_flash(model, name, goal)
        ]
    write = sys.stdout.write
    form = _json if options.json else _text
    write(form(costs, smaller, larger, book))
    return 1 if any(cost.different_bytes for cost in (*costs, *smaller, *larger)) else 0


def _on_core(core: str, models: Mapping[str, bytes], folder: Path, goal: str) -> int:
    """What the models cost on a core without DSP instructions; 1 when an output byte is not the oracle's."""
    costs = [cost_on(core, model, name, folder / name, optimise_for=goal) for name, model in models.items()]
    sys.stdout.write(core_table(costs, read_core_book()))
    return 1 if any(cost.different_bytes for cost in costs) else 0


def _loses_channels(model: bytes, name: str) -> bool:
    """Whether the compiler, left to itself, computes less than every weight of the model."""
    return bool(compile_graph(read_graph(model, name), load_board("host"), prefix="model").kept)


def _is_faster_for_flash(model: bytes, name: str, goal: str) -> bool:
    """Whether any layer takes flash that is granted for speed."""
    graph, board = read_graph(model, name), load_board(BOARD)
    granted = (
        compile_graph(
            graph, board, prefix="model", optimise_for=goal, flash_for_speed=flash, passes=EVERY_CHANNEL
        )
        for flash in (0, ANY_FLASH)
    )
    return len({program.constant_bytes for program in granted}) > 1


def _models(book: Book, wanted: list[str]) -> Iterator[tuple[str, bytes]]:
    """Name and int8 model file of each; what is not there is said on stderr."""
    for name in wanted:
        if name == DIGITS:
            config = load_config(ROOT / "examples" / "digits" / "deploy.toml")
            out = ROOT / "out" / f"{DIGITS}-{BOARD}"
            build(config, out=out)
            yield name, (out / "model.tflite").read_bytes()
        elif (MODELS / book.models[name].file).is_file():
            yield name, (MODELS / book.models[name].file).read_bytes()
        else:
            sys.stderr.write(f"Skipped {name}: {MODELS / book.models[name].file} is not there.\n")


def _text(costs: list[ModelCost], smaller: list[ModelCost], larger: list[ModelCost], book: Book) -> str:
    parts = [*map(layer_table, costs), overview(costs, book)]
    if smaller:
        parts += ["Channels that are constant or unread left out, as chipcast does of itself:\n"]
        parts += [*map(layer_table, smaller), overview(smaller, book)]
    if larger:
        parts += ['With all the flash that makes layers faster (flash_for_speed = "auto"):\n']
        parts += [*map(layer_table, larger), overview(larger, book)]
    return "\n".join(parts)


def _json(costs: list[ModelCost], smaller: list[ModelCost], larger: list[ModelCost], book: Book) -> str:
    return (
        json.dumps(
            {
                "board": BOARD,
                "instructions": {"kind": "counted"},
                "cycles": {"kind": "estimated", "model": MODEL},
                "costs": _costs(costs),
                "costs_without_unread_channels": _costs(smaller),
                "costs_with_flash_for_speed": _costs(larger),
                "held_against": dataclasses.asdict(book),
            },
            indent=1,
        )
        + "\n"
    )


def _costs(costs: list[ModelCost]) -> list[dict[str, object]]:
    return [{**dataclasses.asdict(cost), "flash_beside_weights": cost.flash_beside_weights} for cost in costs]


if __name__ == "__main__":
    sys.exit(main())
