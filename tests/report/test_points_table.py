"""What each step cost and bought, as people and scripts read it."""

from __future__ import annotations

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from toolchain.report.points_table import optimisation_as_dict, optimisation_as_text
from toolchain.vocabulary.budget import BudgetCheck
from toolchain.vocabulary.energy import EnergyEstimate
from toolchain.vocabulary.measurement import Kind, Timing
from toolchain.vocabulary.model_figures import BlockZeros, KernelFigures, LayerFigures, ModelFigures
from toolchain.vocabulary.optimisation_report import (
    ModelCost,
    OptimisationReport,
    OtherForm,
    Point,
    TargetCost,
    is_noise,
    quantisation_loses,
)
from toolchain.vocabulary.score import Score


def score(value: float, low: float, high: float, metric: str = "accuracy") -> Score:
    return Score(metric, value, (low, high), "Wilson", 597, higher_is_better=metric != "mse")


def figures(zeros: int) -> ModelFigures:
    kernel = KernelFigures(200_000, zeros, 90, None, (BlockZeros(1, 4, 9, 0), BlockZeros(4, 1, 9, 0)))
    layer = LayerFigures("[red]dense", "Dense", (10,), 221_794, 887_176, 45_659_083, 98_000_000, kernel)
    return ModelFigures((layer,), 221_794, 887_176)


def cost(zeros: int, value: Score | None, gzip_bytes: int) -> ModelCost:
    timing = Timing(Kind.COUNTED, "instructions", 16, 90_135_300, 90_218_300, 90_276_500)
    return ModelCost(
        "int8",
        325_152,
        gzip_bytes,
        figures(zeros),
        value,
        EnergyEstimate(123_456.7, 1.0, 2.0, 3.0, "horowitz_45nm", "ISSCC 2014"),
        TargetCost("sim_cortex_m4", 242_195, 55_296, 50_000, timing),
    )


@pytest.fixture
def report() -> OptimisationReport:
    given = score(0.90, 0.88, 0.92)
    return OptimisationReport(
        name="vww",
        source="vww.h5",
        points=(
            Point("as given", {}, given, figures(0), None, "The firmware needs 99 bytes more [flash]."),
            Point("1 prune", {"sparsity": 0.6}, score(0.91, 0.89, 0.93), figures(120_000), None),
            Point("2 qat", {}, score(0.80, 0.78, 0.82), figures(120_000), cost(120_000, given, 120_000)),
        ),
        forms=(OtherForm("float16", 600_000, 500_000, given),),
        budget=(
            BudgetCheck("max_flash", 200_000, 242_195, "bytes"),
            BudgetCheck("min_accuracy", 0.8, 0.9, "accuracy"),
            BudgetCheck("max_time", 0.02, None, "s"),
        ),
        board="sim_cortex_m4",
        model_file=Path("float.keras"),
        tflite_file=Path("model.tflite"),
        folder=Path("out"),
    )


def printed(report: OptimisationReport) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, no_color=True, highlight=False)
    for part in optimisation_as_text(report):
        console.print(part)
    return stream.getvalue()


def test_it_reads_well_in_80_columns(report: OptimisationReport) -> None:
    text = printed(report)
    assert max(map(len, text.splitlines())) <= 80
    assert "…  " not in text  # no figure is cut
    for wanted in ("45,659,083", "60.0 %", "242,195", "90,218,300", "123 µJ", "as given", "counted"):
        assert wanted in text
    assert "The firmware needs 99 bytes more [flash]." in text
    joined = " ".join(text.split())
    assert "1 prune: accuracy 90.00 % → 91.00 %, within the noise (88.00 %…92.00 %" in joined
    assert "2 qat: accuracy 91.00 % → 80.00 %, worse than 89.00 %…93.00 %" in joined
    assert "estimated from horowitz_45nm (ISSCC 2014)" in joined
    assert "they do not run on the target" in joined
    rows = {line.split(",")[0]: line for line in text.splitlines() if "bytes" in line or " s " in line}
    assert "BROKEN" in rows["max_flash"]
    assert "not checked" in text


def test_the_json_says_what_is_noise_and_null_for_what_is_not_known(report: OptimisationReport) -> None:
    document = json.loads(json.dumps(optimisation_as_dict(report), allow_nan=False))
    assert document["schema"] == "chipcast.optimisation/1"
    given, pruned, trained = document["points"]
    assert (given["within_noise"], pruned["within_noise"], trained["within_noise"]) == (None, True, False)
    assert given["converted"] is None
    assert given["problem"].startswith("The firmware needs")
    assert trained["converted"]["energy"]["kind"] == "estimated"
    assert trained["converted"]["target"]["kind"] == "counted"
    assert trained["network"]["layers"][0]["kernel"]["zeros"] == 120_000
    assert [check["met"] for check in document["budget"]] == [False, True, None]
    assert document["forms"][0]["runs_on_target"] is False


def test_a_smaller_error_is_better(report: OptimisationReport) -> None:
    errors = [score(0.30, 0.2, 0.4, "mse"), score(0.05, 0.04, 0.06, "mse")]
    points = tuple(
        dataclasses.replace(point, score=value) for point, value in zip(report.points, errors, strict=False)
    )
    text = " ".join(printed(dataclasses.replace(report, points=points)).split())
    assert "1 prune: mse 0.3 → 0.05, better than 0.2…0.4" in text


def test_noise() -> None:
    before = score(0.90, 0.88, 0.92)
    assert is_noise(before, score(0.88, 0.0, 1.0)) is True
    assert is_noise(before, score(0.879, 0.0, 1.0)) is False
    assert is_noise(None, before) is None
    assert is_noise(before, score(0.9, 0.0, 1.0, "mse")) is None


def test_what_quantisation_loses_is_told(report: OptimisationReport) -> None:
    given = report.points[-1]
    assert given.cost is not None
    before = score(0.81, 0.78, 0.84)

    def after(found: Score | None) -> Point:
        assert given.cost is not None
        return dataclasses.replace(given, score=before, cost=dataclasses.replace(given.cost, score=found))

    lost = after(score(0.62, 0.58, 0.66))
    assert quantisation_loses(lost) is True
    text = " ".join(printed(dataclasses.replace(report, points=(lost,))).split())
    assert (
        "2 qat: int8 has 62.00 % where float has 81.00 %, more than noise is lost; try range = 'mse'" in text
    )
    # Of few samples the interval is wide, and better is no loss.
    for same in (score(0.62, 0.40, 0.82), score(0.79, 0.75, 0.82), score(0.90, 0.88, 0.92)):
        assert quantisation_loses(after(same)) is False
        assert "more than noise" not in printed(dataclasses.replace(report, points=(after(same),)))
    assert quantisation_loses(after(None)) is None
