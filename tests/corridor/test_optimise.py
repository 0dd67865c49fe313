"""`chipcast optimise`, and a deploy that says what its steps bought: real training, conversion and runs."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import toolchain
from tests.cli.test_main import chipcast, refused
from tests.digits_network import trained_on_digits, write_digits
from toolchain.config import DeployConfig, config_from
from toolchain.convert.count_graph import count_graph
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import BudgetError, ConfigError, DoesNotFitError, ModelError
from toolchain.network_file import save_network
from toolchain.pipeline import points
from toolchain.pipeline.budget import require_budget
from toolchain.pipeline.optimise import optimise_model
from toolchain.report.points_table import optimisation_as_dict
from toolchain.stages import SilentObserver
from toolchain.tensorflow_import import tensorflow_noise_to

pytestmark = pytest.mark.slow

PRUNE = {"step": "prune", "sparsity": 0.6, "epochs": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("digits")
    with tensorflow_noise_to(None):
        save_network(trained_on_digits(), path / "digits.keras")
    write_digits(path)
    return path


def config(folder: Path, **values: Any) -> DeployConfig:
    paths = {"model": {"path": folder / "digits.keras"}, "data": {"path": folder / "digits.npz"}}
    return config_from({**paths, "optimise": [PRUNE], **values})


class Heard(SilentObserver):
    """Which stages ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        if not from_cache:
            self.ran.append(stage)


def test_every_step_says_what_it_cost_and_bought(folder: Path, tmp_path: Path) -> None:
    heard = Heard()
    given = config(folder, convert={"compare": ["float16", "dynamic-range"]})
    report = optimise_model(given, out=tmp_path / "out", observer=heard)
    before, after = report.points
    assert (before.label, after.label) == ("as given", "1 prune")
    assert before.network.sparsity == 0.0
    assert after.network.sparsity == pytest.approx(0.6, abs=0.01)
    assert before.cost is not None
    assert after.cost is not None
    # The zeros are in the file that would run, and only compression shows them.
    graph = count_graph(read_graph((tmp_path / "out" / "model.tflite").read_bytes(), "pruned"))
    assert graph == after.cost.figures
    assert graph.sparsity is not None
    assert graph.sparsity >= 0.59
    assert after.cost.file_bytes == before.cost.file_bytes
    assert after.cost.gzip_bytes < 0.9 * before.cost.gzip_bytes
    for point in (before, after):
        assert point.score is not None
        assert point.cost is not None
        assert point.cost.score is not None
        assert point.cost.score.samples == point.score.samples == 597
        assert point.cost.score.value == pytest.approx(point.score.value, abs=0.02)
        assert point.cost.target is None
        assert point.cost.energy is not None
        assert point.network.macs == point.cost.figures.macs == 64 * 12 * 9 + 192 * 10
    assert [form.form for form in report.forms] == ["float16", "dynamic-range"]
    assert all(form.score is not None and form.score.value > 0.85 for form in report.forms)
    assert json.loads((tmp_path / "out" / "optimisation.json").read_text()) == json.loads(
        json.dumps(optimisation_as_dict(report))
    )

    # Nothing changed: nothing runs.  Another energy table is no reason to train or convert.
    assert optimise_model(given, out=tmp_path / "out", observer=(again := Heard())) == report
    assert again.ran == []


def test_on_a_board_every_point_is_built_and_run(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    budget = {"max_flash": "9M", "max_time": "10 s", "min_accuracy": 0.99}
    given = config(folder, board="host", budget=budget, measure={"samples": 200})
    report = optimise_model(given, on_board=True, out=out)
    for point in report.points:
        assert point.cost is not None
        assert point.cost.target is not None
        assert point.cost.target.board == "host"
        assert point.cost.target.flash_bytes > point.cost.figures.bytes
        assert point.cost.target.timing.kind == "host"
    met = {check.key: check.is_met for check in report.budget}
    assert met == {"max_flash": True, "max_time": True, "min_accuracy": False}
    with pytest.raises(BudgetError, match=r"min_accuracy is 0\.99"):
        require_budget(report.budget)


def test_deploy_reports_the_steps_and_fails_by_its_budget(folder: Path, tmp_path: Path) -> None:
    words = (folder / "digits.keras", "--data", folder / "digits.npz", "--board", "host", "--samples", "20")
    step = ("--step", "prune sparsity=0.6 epochs=2", "--compare", "dynamic-range")
    done = chipcast("deploy", *words, *step, "--json", "--max-flash", "1K", "--out", tmp_path / "out")
    assert done.returncode == 53, done.stderr
    assert "max_flash is 1,024 bytes" in done.stderr
    report = json.loads(done.stdout)
    assert report == json.loads((tmp_path / "out" / "report.json").read_text())
    before, after = report["points"]
    assert after["converted"]["figures"]["sparsity"] >= 0.59
    assert after["converted"]["target"]["flash_bytes"] == report["firmware"]["flash_bytes"]
    assert after["converted"]["score"]["value"] == report["accuracy"]["device"]
    assert before["converted"]["target"]["ram_bytes"] > 0
    assert report["forms"][0]["runs_on_target"] is False
    assert report["parity"]["mismatched_bytes"] == 0
    # Within the budget it ends well, and only the last model is built where no more is asked for.
    text = chipcast("deploy", *words, *step, "--no-each-step", "--out", tmp_path / "out")
    assert text.returncode == 0, text.stderr
    assert "as given, " not in text.stderr
    assert "within the noise" in text.stdout or "worse than" in text.stdout or "better than" in text.stdout


def test_16x8_all_the_way(folder: Path, tmp_path: Path) -> None:
    given = config(
        folder, optimise=(), convert={"activations": "int16"}, board="host", measure={"samples": 30}
    )
    report = toolchain.deploy(given, out=tmp_path / "out")
    assert report.parity.mismatched_bytes == 0
    assert report.parity.compared_bytes == 30 * 10 * 2
    (point,) = report.points
    assert point.cost is not None
    assert point.cost.activations == "int16"
    assert report.accuracy.device is not None
    assert report.accuracy.device >= 0.9


def test_a_step_keeps_what_the_one_before_bought_and_its_file_can_be_inspected(
    folder: Path, tmp_path: Path
) -> None:
    steps = [{**PRUNE, "epochs": 1}, {"step": "qat", "epochs": 1}]
    report = optimise_model(config(folder, optimise=steps), out=tmp_path / "out")
    last = report.points[-1]
    assert last.label == "2 qat"
    assert last.cost is not None
    assert last.cost.figures.sparsity is not None
    assert last.cost.figures.sparsity >= 0.59
    found = toolchain.inspect_model(report.model_file).figures
    assert found == last.network
    assert found.sparsity == pytest.approx(0.6, abs=0.01)
    # Its ranges are trained: there is nothing left to choose.
    with pytest.raises(ModelError, match="ranges were trained"):
        optimise_model(config(folder, optimise=steps, convert={"range": "mse"}), out=tmp_path / "out")


def test_what_does_not_fit_before_its_steps_is_a_finding(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = points.cost_at

    def refuse_the_first(config: Any, board: Any, optimised: Any, number: int, shop: Any) -> Any:
        if number == 0:
            raise DoesNotFitError("It needs 99 bytes more.", "Optimise it.")
        return real(config, board, optimised, number, shop)

    monkeypatch.setattr(points, "cost_at", refuse_the_first)
    report = optimise_model(config(folder), out=tmp_path / "out")
    assert report.points[0].problem == "It needs 99 bytes more."
    assert report.points[0].cost is None
    assert report.points[1].cost is not None


def test_the_same_from_python(folder: Path, tmp_path: Path) -> None:
    report = toolchain.optimise_model(config(folder, optimise=()), out=tmp_path / "out")
    assert isinstance(report, toolchain.OptimisationReport)
    assert [point.label for point in report.points] == ["as given"]
    assert dataclasses.is_dataclass(toolchain.inspect_model(report.tflite_file))


def test_wrong_calls(folder: Path, tmp_path: Path) -> None:
    model, data = folder / "digits.keras", folder / "digits.npz"
    text = refused(10, "optimise", model, "--data", data, "--board", "sim_cortex_m4", "--max-time", "1 ms")
    assert "max_instructions" in text
    with pytest.raises(ConfigError, match="unit"):
        config(folder, budget={"max_time": 3})
    other = tmp_path / "model.tflite"
    other.write_bytes(b"\x1c\x00\x00\x00TFL3" + bytes(40))
    assert "cannot be optimised" in refused(11, "optimise", other)
    assert np.load(data)["x_test"].shape == (597, 8, 8, 1)
