"""Budgets: how limits are written, which can be checked, and which hold."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from toolchain.errors import BudgetError, ConfigError
from toolchain.load.board import load_board
from toolchain.pipeline.budget import check_budget, require_budget, require_checkable
from toolchain.vocabulary.budget import BudgetSettings
from toolchain.vocabulary.measurement import Kind, Timing
from toolchain.vocabulary.score import Score

COUNTED = Timing(Kind.COUNTED, "instructions", 3, 900, 950, 1000)
MEASURED = Timing(Kind.MEASURED, "ns", 3, 9_000_000, 9_500_000, 10_000_000)
ACCURACY = Score("accuracy", 0.9, (0.88, 0.92), "Wilson", 400)
ERROR = Score("mse", 0.2, (0.1, 0.3), "bootstrap", 400, higher_is_better=False)


def limits(**settings: Any) -> BudgetSettings:
    """As a file or an option gives them: in words."""
    return BudgetSettings.model_validate(settings)


@pytest.mark.parametrize(
    ("text", "size"), [(4096, 4096), ("4096", 4096), ("64K", 65536), ("64 KiB", 65536), ("1M", 1 << 20)]
)
def test_sizes(text: Any, size: int) -> None:
    assert BudgetSettings(max_flash=text).max_flash == size


@pytest.mark.parametrize(("text", "seconds"), [("20 ms", 0.02), ("1.5s", 1.5), ("800us", 8e-4)])
def test_times(text: Any, seconds: float) -> None:
    assert BudgetSettings(max_time=text).max_time == pytest.approx(seconds)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_flash": "64X"},
        {"max_flash": 1.5},
        {"max_ram": "-1"},
        {"max_ram": 0},
        {"max_time": 20},
        {"max_time": "20"},
        {"max_time": "0 ms"},
        {"max_time": "20 parsec"},
        {"max_tim": "1 s"},
    ],
)
def test_what_is_no_limit(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        BudgetSettings(**settings)


def test_only_what_can_be_known_may_be_limited() -> None:
    simulated, host = load_board("sim_cortex_m4"), load_board("host")
    with pytest.raises(ConfigError, match="no time"):
        require_checkable(limits(max_time="1 ms"), simulated, has_data=True)
    with pytest.raises(ConfigError, match="measures time"):
        require_checkable(BudgetSettings(max_instructions=9), host, has_data=True)
    with pytest.raises(ConfigError, match="no data"):
        require_checkable(BudgetSettings(min_accuracy=0.9), host, has_data=False)
    require_checkable(BudgetSettings(max_instructions=9, max_flash=9), simulated, has_data=False)
    require_checkable(limits(max_time="1 ms", max_instructions=9), None, has_data=False)


@pytest.mark.parametrize(
    ("settings", "met"),
    [
        ({"max_flash": 5000}, True),
        ({"max_flash": 4999}, False),
        ({"max_ram": 300}, True),
        ({"max_ram": 299}, False),
        ({"max_instructions": 1000}, True),  # the slowest counts
        ({"max_instructions": 999}, False),
        ({"min_accuracy": 0.9}, True),
        ({"min_accuracy": 0.91}, False),
    ],
)
def test_limits_hold_or_not(settings: dict[str, Any], met: bool) -> None:
    checks = check_budget(
        BudgetSettings(**settings), flash_bytes=5000, ram_bytes=300, timing=COUNTED, score=ACCURACY
    )
    assert [check.is_met for check in checks] == [met]
    if met:
        require_budget(checks)
    else:
        with pytest.raises(BudgetError, match=next(iter(settings))):
            require_budget(checks)


def test_time_is_that_of_the_slowest_inference() -> None:
    (check,) = check_budget(limits(max_time="9.9 ms"), timing=MEASURED)
    assert check.found == pytest.approx(0.01)
    assert (check.unit, check.is_met) == ("s", False)


def test_an_error_is_better_when_smaller() -> None:
    for limit, met in ((0.2, True), (0.19, False)):
        (check,) = check_budget(BudgetSettings(max_error=limit), score=ERROR)
        assert check.is_met is met
    with pytest.raises(ConfigError, match="max_error instead"):
        check_budget(BudgetSettings(min_accuracy=0.1), score=ERROR)
    with pytest.raises(ConfigError, match="min_accuracy instead"):
        check_budget(BudgetSettings(max_error=0.1), score=ACCURACY)


def test_without_a_board_a_limit_is_not_checked_rather_than_kept() -> None:
    (check,) = check_budget(BudgetSettings(max_flash=1))
    assert check.is_met is None
    require_budget((check,))
