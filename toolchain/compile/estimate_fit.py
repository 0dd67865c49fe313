"""What a program would take of a board, before anything is built: the data exactly, the code by a rule."""

from __future__ import annotations

from toolchain.vocabulary.board import Board
from toolchain.vocabulary.fit import Fit
from toolchain.vocabulary.program import Program

# Fitted to the MLPerf Tiny models' firmware for sim_cortex_m4 at -O3 (tests/bench/held.toml: 11.8, 18.9, 20.1
# and 26.9 KB of code with 2, 5, 5 and 6 kernels), each of which it meets within 10 %.
_FIRMWARE_CODE = 7_000
_KERNEL_CODE = 2_400
_LAYER_CODE = 100
# Buffers and variables of the protocol (tests/firmware/test_build.py holds them below 2 KB).
_FIRMWARE_RAM = 2_048
# What the Arduino core adds: firmware with three kernels had, built for nucleo_f446re and nucleo_l4r5zi, 35.5
# and 43.6 KB of code and, beside its data, 7.2 KB of RAM, 4 of them the receive buffer.
_FRAMEWORK_CODE = 24_000
_FRAMEWORK_RAM = 6_144


def estimate_fit(program: Program, board: Board) -> Fit:
    """The estimate for `program`, which was compiled for `board`."""
    state = int(program.initial_state.nbytes)
    ports = sum(port.bytes for port in (*program.inputs, *program.outputs))
    data_flash, data_ram = program.constant_bytes, program.arena_bytes + state + ports
    if board.core.startswith("avr"):
        data_ram += data_flash  # constants are copied there
    flash = data_flash + _FIRMWARE_CODE + _KERNEL_CODE * len(program.kernels)
    flash += _LAYER_CODE * len(program.layers)
    ram = data_ram + board.memory.stack_bytes + _FIRMWARE_RAM
    if not board.platformio.travels:
        flash, ram = flash + _FRAMEWORK_CODE, ram + _FRAMEWORK_RAM
    return Fit(board.id, flash, ram, data_flash, data_ram, _fault(board, flash, ram))


def _fault(board: Board, flash: int, ram: int) -> str | None:
    """Which memory is too small, and by how much; None where none is."""
    rooms = [region.bytes for region in board.memory.regions] or [board.memory.ram_bytes]
    limits = {"flash": (flash, board.memory.flash_bytes), "RAM": (ram, sum(rooms))}
    faults = [
        f"{need - limit:,} bytes too large for its {memory} of {limit:,}"
        for memory, (need, limit) in limits.items()
        if limit and need > limit
    ]
    return " and ".join(faults) or None
