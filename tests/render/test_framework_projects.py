"""Projects for a platform of PlatformIO's: what their platformio.ini says, and what they leave out."""

from __future__ import annotations

import dataclasses

import pytest

from tests.firmware import tiny_model
from toolchain.load.board import list_boards, load_board
from toolchain.render.project_files import project_files
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.settings import OptimiseFor

ON_A_DESK = [board for board in list_boards() if not board.platformio.travels]
HEAD = """\
[env:{id}]
platform = {platform}
board = {board}
framework = arduino
{options}; The build id, and what makes the result the same wherever the project lies.
extra_scripts =
    pre:platform/builder/before_framework.py
    post:platform/builder/after_framework.py
"""
GOLDEN = {
    "nucleo_h743zi": (
        {"platform": "ststm32", "board": "nucleo_h743zi", "options": ""},
        """\
build_unflags =
    -Os
    -mfpu=fpv4-sp-d16
build_flags =
    -O3
    -DSERIAL_RX_BUFFER_SIZE=4096
    -mfpu=fpv5-d16
upload_protocol = stlink
monitor_speed = 115200
""",
    ),
    "nano33ble": (
        {"platform": "nordicnrf52", "board": "nano33ble", "options": ""},
        """\
build_unflags =
    -Os
    -mfloat-abi=soft
build_flags =
    -O3
    -mfloat-abi=softfp
upload_protocol = sam-ba
monitor_speed = 115200
monitor_dtr = 1
""",
    ),
    "pico": (
        {
            "platform": "https://github.com/maxgerhardt/platform-raspberrypi.git",
            "board": "pico",
            "options": "board_build.core = earlephilhower\n",
        },
        """\
build_unflags =
    -Os
build_flags =
    -O3
upload_protocol = picotool
monitor_speed = 115200
monitor_dtr = 1
""",
    ),
    "esp32dev": (
        {"platform": "espressif32", "board": "esp32dev", "options": ""},
        """\
build_unflags =
    -Os
build_flags =
    -O3
upload_protocol = esptool
monitor_speed = 115200
monitor_dtr = 0
monitor_rts = 0
""",
    ),
}


def rendered(board: Board, optimise_for: OptimiseFor = "speed") -> dict[str, str]:
    program = dataclasses.replace(tiny_model.program(), optimise_for=optimise_for)
    files = project_files(program, board, tiny_model.model_files())
    return {name: content.decode() for name, content in files.items()}


@pytest.mark.parametrize("name", GOLDEN)
def test_the_settings_of_the_environment(name: str) -> None:
    values, tail = GOLDEN[name]
    settings = rendered(load_board(name))["platformio.ini"]
    assert HEAD.format(id=name, **values) + tail in settings


@pytest.mark.parametrize("board", ON_A_DESK, ids=lambda board: board.id)
def test_every_board_on_a_desk_is_rendered(board: Board) -> None:
    files = rendered(board)
    assert {name for name in files if name.startswith("src/support/")} == {
        f"src/support/startup/{board.support.startup}.cpp",
        f"src/support/uart/{board.support.uart}.cpp",
        f"src/support/timer/{board.support.timer}.cpp",
    }
    # The framework has its own main, PlatformIO its own platform.
    assert "src/main.c" not in files
    assert {name for name in files if name.startswith("platform/")} == {
        "platform/builder/after_framework.py",
        "platform/builder/before_framework.py",
        "platform/builder/build_id.py",
    }
    for header in board.support.headers:
        assert f"#include <{header}>" in files["include/sketch.h"]
    known_at_boot = "#define CHIPCAST_TIMER_HZ chipcast_timer_hz()" in files["include/chipcast_config.h"]
    assert known_at_boot == (board.timer.hz is None)
    assert "None" not in files["include/chipcast_config.h"] + files["platformio.ini"]


def test_what_travels_has_none_of_it() -> None:
    files = rendered(load_board("sim_cortex_m4"))
    assert "include/sketch.h" not in files
    assert not any("framework" in name for name in files)
    assert "src/main.c" in files


def test_an_optimisation_that_is_wanted_is_not_taken_away() -> None:
    settings = rendered(load_board("nucleo_f446re"), "size")["platformio.ini"]
    assert "build_unflags" not in settings
    assert "build_flags =\n    -Os\n" in settings
