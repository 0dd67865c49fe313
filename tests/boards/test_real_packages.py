"""Boards on a desk built with PlatformIO's own packages, and the Arduino port run where no such board is.

CHIPCAST_BOARD_PACKAGES names a PlatformIO core folder that holds the platforms, frameworks and compilers (one
that has built for these boards on a machine with internet); without it the tests are skipped.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.corridor.models import int8_classifier
from toolchain import paths, process
from toolchain.build import build_firmware, read_firmware
from toolchain.config import config_from
from toolchain.load.board import list_boards, load_board
from toolchain.load.project import open_project
from toolchain.measure import Device
from toolchain.pipeline.deploy import build
from toolchain.simulate.oracle import Oracle

BUILT = [board.id for board in list_boards() if board.verified.get("aot") == "compiled"]
PACKAGES = os.environ.get("CHIPCAST_BOARD_PACKAGES")
pytestmark = pytest.mark.skipif(
    PACKAGES is None,
    reason="set CHIPCAST_BOARD_PACKAGES to a PlatformIO core folder with the boards' packages",
)
# QEMU has no RCC, and its USART raises no interrupt when it could transmit: two of the core's weak functions
# are replaced.  What is left is the core as it is on a part.
FOR_QEMU = """\
#include <Arduino.h>

extern "C" void USART1_IRQHandler(void);

extern "C" void SystemClock_Config(void) {
  SystemCoreClock = 168000000;
  HAL_InitTick(TICK_INT_PRIORITY);
}

extern "C" void osSystickHandler(void) {
  NVIC_DisableIRQ(USART1_IRQn);
  for (int i = 0; i < 64 && (USART1->CR1 & (USART_CR1_TXEIE | USART_CR1_TCIE)) != 0; i++) {
    USART1_IRQHandler();
  }
  NVIC_EnableIRQ(USART1_IRQn);
}
"""


# The line that QEMU carries out; the core's generic variant has its Serial elsewhere.
USART1 = [
    "-DSERIAL_RX_BUFFER_SIZE=4096",
    "-DSERIAL_UART_INSTANCE=1",
    "-DPIN_SERIAL_RX=PA10",
    "-DPIN_SERIAL_TX=PA9",
]


@pytest.fixture(autouse=True)
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    assert PACKAGES is not None
    monkeypatch.setenv("CHIPCAST_CORE_DIR", PACKAGES)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "small.tflite"
    path.write_bytes(int8_classifier())
    return path


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", BUILT)
def test_a_board_that_says_so_is_built(name: str, model: Path, tmp_path: Path) -> None:
    firmware = build(config_from({"model": {"path": model}, "board": name}), out=tmp_path / "out")
    board = load_board(name)
    assert 0 < firmware.flash_bytes < board.memory.flash_bytes
    assert 0 < firmware.ram_bytes < board.memory.ram_bytes
    assert firmware.arena_bytes > 0
    assert firmware.model_stack_bytes is not None
    # Of several, the last counts.
    assert [flag for flag in firmware.flags if flag.startswith("-O")][-1] == "-O3"
    assert "-ffp-contract=off" in firmware.flags
    assert not {"-mfloat-abi=soft", "-Ofast", "-ffast-math"} & set(firmware.flags)


@pytest.fixture
def running(model: Path, tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """The firmware for an STM32F405 with the Arduino core, on QEMU's Netduino Plus 2: project and port."""
    if shutil.which("qemu-system-arm") is None:
        pytest.skip("sudo apt-get install qemu-system-arm")
    text = (paths.boards() / "nucleo_f446re.toml").read_text()
    for old, new in {
        'id = "nucleo_f446re"': 'id = "arduino_f405"',
        "stm32f446ret6": "stm32f405rgt6",
        'board = "nucleo_f446re"': 'board = "genericSTM32F405RG"',
        "180_000_000": "168_000_000",
        '["-DSERIAL_RX_BUFFER_SIZE=4096"]': str(USART1).replace("'", '"'),
    }.items():
        assert old in text
        text = text.replace(old, new)
    board = tmp_path / "arduino_f405.toml"
    board.write_text(text)
    out = tmp_path / "out"
    build(config_from({"model": {"path": model}, "board": str(board)}), out=out)
    (out / "project" / "src" / "for_qemu.cpp").write_text(FOR_QEMU)
    firmware = build_firmware(out / "project", load_board(str(board)), log=tmp_path / "log")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    line = f"tcp:127.0.0.1:{port},server=on,wait=on,nodelay=on"
    qemu = process.start(
        [
            *("qemu-system-arm", "-M", "netduinoplus2", "-nographic", "-monitor", "none", "-no-reboot"),
            *("-serial", line, "-kernel", firmware.elf),
        ]
    )
    try:
        yield out, f"socket://127.0.0.1:{port}"
    finally:
        qemu.end()


@pytest.mark.simulator
@pytest.mark.timeout(1200)
def test_the_arduino_port_runs(running: tuple[Path, str]) -> None:
    out, port = running
    board = open_project(out).manifest.board
    firmware = read_firmware(out / "project", board)
    oracle = Oracle((out / "model.tflite").read_bytes())
    rng = np.random.default_rng(1)
    with Device.open(port, board.serial.baud) as device:
        device.wait_until_ready(60)
        identity = device.require_build(firmware.build_id)
        rows = rng.integers(0, 256, (20, identity.input_bytes), np.uint8)
        found = [device.infer(row.tobytes()) for row in rows]
    assert b"".join(one.output for one in found) == oracle.run(rows).tobytes()
    assert all(one.ticks > 0 for one in found)
    # QEMU has the cycle counter's registers, which stand still: the firmware has seen it, and tells.
    assert (identity.timer_source, identity.timer_hz) == ("micros", 1_000_000)
    # No more is said of the time: this clock counts interrupts, which QEMU loses on a busy computer.
