"""How the arena is looked for: which sizes are tried on the board, with firmware that only this test has."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.corridor.models import int8_classifier
from toolchain.config import config_from
from toolchain.errors import DoesNotFitError
from toolchain.load.board import load_board
from toolchain.pipeline.interpret import Probe
from toolchain.stages import SilentObserver, Workshop
from toolchain.vocabulary.engine import TflmLibrary
from toolchain.vocabulary.measurement import ArenaNeed

ROOM = 100_000


class ProbeOfNothing(Probe):
    """A board on which `needed` bytes will do, and ROOM bytes are there; `tried` are the sizes given."""

    needed = 3_000

    def __init__(self, folder: Path, board: str) -> None:
        (folder / "model.tflite").write_bytes(int8_classifier())
        config = config_from({"model": {"path": folder / "model.tflite"}})
        shop = Workshop(folder, SilentObserver())
        library = TflmLibrary("x", (), "x")
        super().__init__(config, load_board(board), int8_classifier(), library, "model", shop)
        self.tried: list[int] = []

    def _tried(self, arena_bytes: int) -> ArenaNeed | None:
        self.tried.append(arena_bytes)
        if arena_bytes > ROOM and self._board.memory.ram_bytes:
            raise DoesNotFitError("Too large.", "")
        return ArenaNeed(arena_bytes, self.needed, self.needed) if arena_bytes >= self.needed else None

    def _left(self) -> int:
        return ROOM


def test_a_guess_that_will_do_is_the_only_firmware(tmp_path: Path) -> None:
    probe = ProbeOfNothing(tmp_path, "sim_cortex_m4")
    assert probe.need(4_096).need_bytes == 3_000
    assert probe.tried == [4_096]


@pytest.mark.parametrize("first", [1_024, 200_000])
def test_else_all_that_is_left_is_tried(first: int, tmp_path: Path) -> None:
    probe = ProbeOfNothing(tmp_path, "sim_cortex_m4")
    assert probe.need(first).need_bytes == 3_000
    assert probe.tried == [first, ROOM]


def test_what_does_not_fit_is_said(tmp_path: Path) -> None:
    probe = ProbeOfNothing(tmp_path, "sim_cortex_m4")
    probe.needed = 2 * ROOM
    with pytest.raises(DoesNotFitError, match="100,000 bytes of RAM that are left"):
        probe.need(1_024)


def test_a_computer_has_no_bound_but_ours(tmp_path: Path) -> None:
    probe = ProbeOfNothing(tmp_path, "host")
    assert probe.need(1_024).need_bytes == 3_000
    assert probe.tried == [1_024, 2_048, 4_096]
