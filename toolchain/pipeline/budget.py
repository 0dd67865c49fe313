"""The budget: which of its limits can be checked at all, and whether they hold."""

from __future__ import annotations

from toolchain.errors import BudgetError, ConfigError
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.budget import BudgetCheck, BudgetSettings
from toolchain.vocabulary.measurement import Kind, Timing
from toolchain.vocabulary.score import Score

_PER_SECOND = {"ns": 1e9, "us": 1e6, "ms": 1e3}


def require_checkable(budget: BudgetSettings, board: Board | None, *, has_data: bool) -> None:
    """Refuse, before anything runs, a limit that this run could never check.

    Raises:
        ConfigError: a time where instructions are counted, or the other way round; a metric without data.
    """
    counts = board is not None and Kind(board.timer.kind) is Kind.COUNTED
    if board is not None and counts and budget.max_time is not None:
        raise ConfigError(
            f"The budget has max_time, but {board.id} counts instructions, which are no time.",
            "Give max_instructions for it, or a board with a timer of its own.",
        )
    if board is not None and not counts and budget.max_instructions is not None:
        raise ConfigError(
            f"The budget has max_instructions, but {board.id} measures time.", "Give max_time for it."
        )
    for key in ("min_accuracy", "max_error"):
        if getattr(budget, key) is not None and not has_data:
            raise ConfigError(
                f"The budget has {key}, and there is no data to find it on.", "Give --data, or leave it out."
            )


def check_budget(
    budget: BudgetSettings,
    *,
    flash_bytes: int | None = None,
    ram_bytes: int | None = None,
    timing: Timing | None = None,
    score: Score | None = None,
) -> tuple[BudgetCheck, ...]:
    """Every limit that is set, with what was found.

    Raises:
        ConfigError: min_accuracy for a metric that is better when smaller, or max_error for another.
    """
    _require_fitting_metric(budget, score)
    counted = timing is not None and timing.kind == Kind.COUNTED
    seconds = None if timing is None or counted else timing.max / _PER_SECOND[timing.unit]
    value = None if score is None else score.value
    metric = "" if score is None else score.metric
    found = (
        ("max_flash", flash_bytes, "bytes"),
        ("max_ram", ram_bytes, "bytes"),
        ("max_time", seconds, "s"),
        ("max_instructions", timing.max if timing is not None and counted else None, "instructions"),
        ("min_accuracy", value, metric),
        ("max_error", value, metric),
    )
    return tuple(
        BudgetCheck(key, float(limit), None if value is None else float(value), unit)
        for key, value, unit in found
        if (limit := getattr(budget, key)) is not None
    )


def _require_fitting_metric(budget: BudgetSettings, score: Score | None) -> None:
    if score is None:
        return
    wrong, right = ("max_error", "min_accuracy") if score.higher_is_better else ("min_accuracy", "max_error")
    if getattr(budget, wrong) is not None:
        better = "larger" if score.higher_is_better else "smaller"
        raise ConfigError(
            f"The budget has {wrong}, but the metric {score.metric!r} is better when {better}.",
            f"Set {right} instead.",
        )


def require_budget(checks: tuple[BudgetCheck, ...]) -> None:
    """Fail where a limit does not hold.

    Raises:
        BudgetError: one does not; all that do not are named.
    """
    broken = [
        f"{check.key} is {check.limit:,.6g} {check.unit}, found {check.found:,.6g}"
        for check in checks
        if check.is_met is False and check.found is not None
    ]
    if broken:
        raise BudgetError(
            f"The budget is not kept: {'; '.join(broken)}.",
            "Optimise further (`chipcast deploy --help`, --step), or allow more under [budget].",
        )
