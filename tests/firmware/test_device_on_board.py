"""The host's client against the simulated board itself, where it faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.firmware.tiny_model import INPUT_BYTES
from toolchain.errors import ProtocolError, StateLostError
from toolchain.flash import flashed
from toolchain.measure import Device
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

pytestmark = pytest.mark.simulator

GOOD = bytes(8) + bytes(range(200)) + bytes(INPUT_BYTES - 208)
# A store to where nothing is; a stack without end.
FAULTS = [bytes(4) + b"\xfa\xfa", (100_000).to_bytes(4, "little") + b"\xfb\xfb"]


@pytest.fixture(scope="module")
def device(
    built: Callable[[str], tuple[Board, Firmware]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Device]:
    board, firmware = built("sim_cortex_m4")
    log = tmp_path_factory.mktemp("device") / "log"
    with (
        flashed(firmware.project, board, log=log) as running,
        Device.open(running.url, board.serial.baud) as opened,
    ):
        running.release()
        opened.wait_until_ready()
        opened.require_build(firmware.build_id)
        yield opened


@pytest.mark.parametrize("fault", FAULTS, ids=["store", "stack"])
def test_a_fault_is_told_with_its_place_and_the_board_goes_on(device: Device, fault: bytes) -> None:
    bad = fault + GOOD[len(fault) :]
    device.reset_state()
    assert device.infer(GOOD).output == bytes(range(1, 13))
    with pytest.raises(StateLostError, match=r"e-fault pc=\w+ status=[0-9A-F]{8}"):
        device.infer(bad)
    before = device.faults
    device.reset_state()
    with pytest.raises(ProtocolError, match=r"faults on .*: e-fault pc=\w+ status=[0-9A-F]{8}"):
        device.infer(bad)
    assert 3 <= device.faults - before <= 5
    device.reset_state()
    assert device.infer(GOOD).output == bytes(range(1, 13))
