"""load → optimise → convert, and on a board only for its figures: `chipcast optimise`."""

from __future__ import annotations

from pathlib import Path

from toolchain.config import DeployConfig
from toolchain.errors import ModelError
from toolchain.pipeline.budget import check_budget, require_checkable
from toolchain.pipeline.forms import other_forms
from toolchain.pipeline.model import is_tflite, optimise
from toolchain.pipeline.on_board import board_of, require_engine_tools
from toolchain.pipeline.points import cost_at, earlier_points, folder_of_point, point
from toolchain.report.json_file import write_json
from toolchain.report.points_table import optimisation_as_dict
from toolchain.stages import Observer, SilentObserver, open_workshop, write_whole
from toolchain.vocabulary.budget import BudgetCheck
from toolchain.vocabulary.optimisation_report import OptimisationReport, Point


def optimise_model(
    config: DeployConfig,
    *,
    on_board: bool = False,
    out: Path | None = None,
    force: bool = False,
    observer: Observer | None = None,
) -> OptimisationReport:
    """Run the steps, convert the result, and say what each step cost and bought.

    `out` (default `out/NAME-optimised` in the working folder) receives the float model, model.tflite and
    optimisation.json.  With `on_board` every point is built for `config.board` and run there too; without,
    what a budget says of flash, RAM and time is not checked.

    Raises:
        ChipcastError: one of its subclasses, see toolchain.errors.  A limit of the budget that does not hold
            is in the report, and `require_budget` makes an error of it.
    """
    if is_tflite(config.model.path):
        raise ModelError(
            f"{config.model.path.name} is a .tflite file, which cannot be optimised any more.",
            "Give the Keras model it was made from.",
        )
    board = board_of(config) if on_board else None
    require_checkable(config.budget, board, has_data=config.data is not None)
    if board is not None:
        require_engine_tools(config, board)
    folder = (out or Path("out") / f"{config.name}-optimised").expanduser().resolve()
    with open_workshop(folder, observer or SilentObserver(), force=force) as shop:
        optimised = optimise(config, shop)
        earlier, last = earlier_points(config, board, optimised, shop), len(optimised.points) - 1
        points = (*earlier, point(optimised.points[last], cost_at(config, board, optimised, last, shop)))
        report = OptimisationReport(
            name=config.name,
            source=config.model.path.name,
            points=points,
            forms=other_forms(config, optimised, shop),
            budget=_checked_budget(config, points[-1]),
            board=None if board is None else board.id,
            model_file=_copied(optimised.model_file, folder / "float_model.keras"),
            tflite_file=_copied(folder_of_point(last, shop) / "model.tflite", folder / "model.tflite"),
            folder=folder,
        )
        write_json(optimisation_as_dict(report), folder / "optimisation.json")
    return report


def _checked_budget(config: DeployConfig, last: Point) -> tuple[BudgetCheck, ...]:
    target = last.cost.target if last.cost else None
    return check_budget(
        config.budget,
        flash_bytes=target.flash_bytes if target else None,
        ram_bytes=target.ram_bytes if target else None,
        timing=target.timing if target else None,
        score=last.cost.score if last.cost else None,
    )


def _copied(source: Path, target: Path) -> Path:
    write_whole(target, source.read_bytes())
    return target
