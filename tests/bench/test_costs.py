"""No model may come to cost more than it does: counts are exact and repeat."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.__main__ import ANY_FLASH, MODELS
from tests.bench.cost import cost_of
from tests.bench.figures import read_figures
from tests.bench.tables import layer_table, overview
from tests.host_runner import has
from toolchain.compile.passes.order import PASSES

BOOK = read_figures()
HELD = tomllib.loads(Path(__file__).with_name("held.toml").read_text("utf-8"))

pytestmark = [
    pytest.mark.simulator,
    pytest.mark.skipif(not MODELS.is_dir(), reason=f"the MLPerf Tiny models are not at {MODELS}"),
    pytest.mark.skipif(
        not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
        reason="no arm-none-eabi-gcc or qemu-system-arm",
    ),
]


@pytest.fixture(scope="module", autouse=True)
def core_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PlatformIO's folder for these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIPCAST_CORE_DIR", str(tmp_path_factory.mktemp("core")))
        yield


def test_leaving_unread_channels_out_pays(tmp_path: Path) -> None:
    figures, held = BOOK.models["vww"], HELD["vww_smaller"]
    cost = cost_of((MODELS / figures.file).read_bytes(), "vww", tmp_path, passes=PASSES)
    assert cost.different_bytes == 0
    assert cost.instructions <= held["instructions"]
    assert cost.cycles <= held["cycles"] < figures.record_cycles
    assert cost.arena_bytes <= HELD["vww"]["arena"]
    assert cost.flash_beside_weights <= HELD["vww"]["flash_beside_weights"]


def test_flash_for_speed_pays(tmp_path: Path) -> None:
    figures, held = BOOK.models["ic"], HELD["ic_with_flash"]
    model = (MODELS / figures.file).read_bytes()
    cost = cost_of(model, "ic", tmp_path, flash_for_speed=ANY_FLASH)
    assert cost.different_bytes == 0
    assert cost.instructions <= min(held["instructions"], figures.stretch)
    assert cost.cycles <= held["cycles"]
    assert held["cycles"] < figures.record_cycles
    assert cost.arena_bytes <= min(held["arena"], figures.arena)
    assert 0 < cost.bytes_for_speed <= held["bytes_for_speed"]
    assert cost.flash_beside_weights <= min(held["flash_beside_weights"], BOOK.flash_beside_weights)


@pytest.mark.parametrize("name", BOOK.models)
def test_a_model_costs_no_more_than_is_held(name: str, tmp_path: Path) -> None:
    figures, held = BOOK.models[name], HELD[name]
    cost = cost_of((MODELS / figures.file).read_bytes(), name, tmp_path)
    # Reading the timer twice is in its own count.
    assert 0 < cost.timer_instructions - cost.instructions < 40
    assert cost.different_bytes == 0
    assert cost.instructions <= min(held["instructions"], figures.floor)
    assert cost.cycles <= held["cycles"]
    assert held["cycles"] < figures.record_cycles
    assert cost.arena_bytes <= min(held["arena"], figures.arena)
    assert cost.flash_beside_weights <= min(held["flash_beside_weights"], BOOK.flash_beside_weights)
    assert sum(layer.macs for layer in cost.layers) == cost.macs
    text = layer_table(cost) + overview([cost], BOOK)
    assert f"{cost.instructions:,}" in text
    assert f"{figures.record_cycles:,}" in text
