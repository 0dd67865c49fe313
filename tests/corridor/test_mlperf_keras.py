"""MLPerf Tiny's four Keras models, as published, to firmware that gives the oracle's bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import toolchain

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "mlperf_tiny"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.simulator,
    pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/data/mlperf_tiny is not here"),
]


@pytest.mark.parametrize(
    ("model", "shape", "low", "high"),
    [
        ("kws_ref_model", (49, 10, 1), -100, 100),
        ("ic_resnet8.h5", (32, 32, 3), 0, 255),
        ("vww_mobilenet_v1_025_96.h5", (96, 96, 3), 0, 1),
        ("ad_autoencoder.h5", (640,), -20, 20),
    ],
)
def test_a_published_model_runs_on_the_board(
    tmp_path: Path, model: str, shape: tuple[int, ...], low: float, high: float
) -> None:
    inputs = np.random.default_rng(1).uniform(low, high, (12, *shape)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=inputs)
    config = toolchain.config_from(
        {
            "model": {"path": SHARED / model},
            "data": {"path": tmp_path / "data.npz"},
            "convert": {"calibration_samples": 6},
            "measure": {"samples": 1, "warm_up": 0},
            "board": "sim_cortex_m4",
        }
    )
    report = toolchain.deploy(config, out=tmp_path / "out")
    assert report.parity.mismatched_bytes == 0
    assert report.parity.compared_bytes > 0
    assert report.model.parameters is not None
    assert report.model.parameters > 10_000
