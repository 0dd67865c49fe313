"""Firmware of the hand-written model for this computer, in the kinds that the client's tests need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.firmware.conftest import render
from toolchain.build import build_firmware
from toolchain.load.board import load_board
from toolchain.vocabulary.firmware import Firmware

Build = Callable[..., Firmware]
_SWITCHES = ("per_layer_timing", "layer_tensors")


@pytest.fixture(scope="session")
def host_firmware(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Builds tests.firmware.tiny_model for the board `host` with these options, each set once."""
    done: dict[tuple[tuple[str, int], ...], Firmware] = {}
    core = tmp_path_factory.mktemp("core")

    def build(**options: int) -> Firmware:
        key = tuple(sorted(options.items()))
        if key not in done:
            board = load_board("host")
            switches = {name: bool(options.pop(name, False)) for name in _SWITCHES}
            folder: Path = render(
                tmp_path_factory.mktemp("fake") / "host",
                board,
                per_layer_timing=switches["per_layer_timing"],
                layer_tensors=switches["layer_tensors"],
                **options,
            )
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("CHIPCAST_CORE_DIR", str(core))
                done[key] = build_firmware(folder, board, log=folder.parent / "log")
        return done[key]

    return build
