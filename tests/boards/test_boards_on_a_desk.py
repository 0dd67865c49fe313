"""Boards on people's desks: what their files say holds together, and uploads to them, which are made up."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from toolchain import paths
from toolchain.errors import BoardError, BuildError, DoesNotFitError, FlashError, RegistryError
from toolchain.flash import flash_detached
from toolchain.load.board import list_boards, load_board
from toolchain.pio import build_failure
from toolchain.process import Completed
from toolchain.vocabulary.board import Board

ON_A_DESK = [board for board in list_boards() if not board.platformio.travels]
NUCLEO = (paths.boards() / "nucleo_f446re.toml").read_text()
# Cores with a cycle counter, and with an FPU that the platform's flags select.
WITH_COUNTER = {"cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"}


def test_the_boards_that_have_to_be_there() -> None:
    assert {board.id for board in ON_A_DESK} == {
        *("nucleo_l4r5zi", "nucleo_f446re", "nucleo_h743zi", "nucleo_l476rg", "disco_f746ng"),
        *("bluepill_f103c8", "nano33ble", "seeed_xiao_nrf52840", "pico", "pico2", "teensy41"),
        *("esp32dev", "esp32-s3-devkitc-1", "esp32-c3-devkitm-1", "mkrzero", "uno_r4_minima"),
    }


@pytest.mark.parametrize("board", ON_A_DESK, ids=lambda board: board.id)
def test_a_file_holds_together(board: Board) -> None:
    assert board.timer.kind == "measured"
    assert board.upload is not None
    assert board.serial.line is not None
    assert board.setup is not None
    assert (board.support.timer == "sketch_dwt") == (board.core in WITH_COUNTER)
    assert (board.timer.hz is None) == (board.support.timer == "sketch_dwt")
    assert any(flag.startswith("-O") for flag in board.compiler.unflags)
    roles = {usb.role for usb in board.usb}
    # Firmware that answers is behind the ids of its own line.
    expected = {"probe": "probe", "bridge": "bridge", "native": "firmware"}.get(board.serial.line)
    assert expected is None or expected in roles
    assert (board.upload.onboard is not None) == (board.serial.line == "probe")
    facts = (paths.boards() / f"{board.id}.toml").read_text().splitlines()[0]
    assert f"boards/{board.platformio.board}.json (commit " in facts


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("[upload]", "[uplaod]", "unknown key uplaod"),
        ('"stlink", ', '"stlink", "stlink", ', "upload: a protocol is named twice"),
        ('onboard = "stlink"', 'onboard = "dfu"', "upload: onboard is dfu, which is none"),
        ('onboard = "stlink"', 'over_serial = ["dfu"]', "upload: over_serial names dfu, which is none"),
        ("product = 0x374B", "product = 0x1_0000", "wrong at usb.0.product"),
        ('role = "probe"', 'role = "prob"', "wrong at usb.0.role"),
        ('line = "probe"', 'line = "string"', "wrong at serial.line"),
        ('rate = "SystemCoreClock"', 'rate = "system()"', "wrong at timer.rate"),
        ('rate = "SystemCoreClock"', "", "timer: either hz or rate"),
        ('rate = "SystemCoreClock"', 'rate = "F_CPU"\nhz = 1_000_000', "timer: either hz or rate"),
        ('kind = "measured"', 'kind = "host"', "timer: a rate that the firmware reads"),
        ('framework = "arduino"', "", "platformio: a platform of PlatformIO's is used with its framework"),
        ('platform = "ststm32"', 'platform = "ststm32\\nextra_scripts = x"', "wrong at platformio.platform"),
        ('board = "nucleo_f446re"\nf', 'board = "${sysenv.HOME}"\nf', "wrong at platformio.board"),
        ("[compiler]", 'options = { "lib_deps" = "x" }\n[compiler]', "wrong at platformio.options.lib_deps"),
        ("[support]", '[support]\nheaders = ["a>\\n#error"]', "wrong at support.headers.0"),
        ("ram_bytes = 131_072", "ram_bytes = 3_758_096_384", "wrong at memory.ram_bytes"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, old: str, new: str, fault: str) -> None:
    assert old in NUCLEO
    path = tmp_path / "nucleo_f446re.toml"
    path.write_text(NUCLEO.replace(old, new, 1))
    with pytest.raises(BoardError) as caught:
        load_board(str(path))
    assert fault in caught.value.problem


def test_without_its_protocols_it_cannot_be_on_a_desk(tmp_path: Path) -> None:
    path = tmp_path / "nucleo_f446re.toml"
    begin, end = NUCLEO.index("[upload]"), NUCLEO.index("[[usb]]")
    path.write_text(NUCLEO[:begin] + NUCLEO[end:])
    with pytest.raises(BoardError, match="upload: a board on the desk needs its protocols"):
        load_board(str(path))


# PlatformIO, made up ------------------------------------------------------------------------------


def said(stderr: str = "", stdout: str = "", exit_code: int = 1) -> Completed:
    return Completed(("pio", "run"), exit_code, stdout, stderr, 61.0)


UNREACHABLE = "Tool Manager: Installing platformio/tool-scons @ ~4.41101.0\n"


@pytest.mark.parametrize(
    ("stdout", "stderr", "named"),
    [
        # As PlatformIO 6.2.0 says it, without a route to its registry: nothing behind the colon.
        (UNREACHABLE, "HTTPClientError: ", "platformio/tool-scons @ ~4.41101.0"),
        (
            "Platform Manager: Installing ststm32\n",
            "UnknownPackageError: Could not find the package with 'ststm32' requirements for your system",
            "ststm32",
        ),
        (
            "Platform Manager: Installing git+https://example.org/platform.git\n",
            "VCSBaseException: VCS: Could not process command ['git', 'clone']",
            "git+https://example.org/platform.git",
        ),
        ("", "InternetConnectionError: You are not connected to the Internet.", "a package"),
    ],
)
def test_a_registry_out_of_reach(stdout: str, stderr: str, named: str, tmp_path: Path) -> None:
    error = build_failure(said(stderr, stdout), load_board("nucleo_f446re"), tmp_path / "log")
    assert isinstance(error, RegistryError)
    assert error.exit_code == 24
    assert named in error.problem
    assert "nucleo_f446re" in error.problem
    assert "internet" in error.next_action


@pytest.mark.parametrize(
    ("stderr", "kind"),
    [
        ("ld: region `FLASH' overflowed by 12 bytes", DoesNotFitError),
        ("src/x.c:1:2: error: HTTPClientError is undeclared", BuildError),
    ],
)
def test_other_failures_are_not_taken_for_it(stderr: str, kind: type[Exception], tmp_path: Path) -> None:
    error = build_failure(said(stderr, UNREACHABLE), load_board("nucleo_f446re"), tmp_path / "log")
    assert type(error) is kind


class Upload:
    """Takes PlatformIO's place where a firmware is uploaded, and notes what it was told."""

    def __init__(self, outcome: Completed) -> None:
        self.outcome = outcome
        self.port: str | None = None
        self.env: Mapping[str, str] = {}

    def __call__(
        self,
        project: Path,
        board: Board,
        *,
        log: Path,
        timeout: float,
        targets: Sequence[str],
        settings: Path | None,
        upload_port: str | None,
        env: Mapping[str, str],
    ) -> Completed:
        assert targets == ["upload"]
        assert settings is None
        self.port, self.env = upload_port, env
        return self.outcome


def uploaded(
    board: Board, outcome: Completed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, fails: str = ""
) -> Upload:
    fake = Upload(outcome)
    assert board.upload is not None
    (tmp_path / "platformio.ini").write_text(f"upload_protocol = {board.upload.protocol}\n")
    monkeypatch.setattr("toolchain.flash.run_platformio", fake)
    expected = pytest.raises(FlashError, match=fails) if fails else contextlib.nullcontext()
    with expected:
        flash_detached(tmp_path, board, log=tmp_path / "log", port="/dev/ttyACM3", number="066BFF")
    return fake


def test_a_protocol_over_the_serial_port_is_told_the_port(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = uploaded(load_board("esp32dev"), said(exit_code=0), monkeypatch, tmp_path)
    assert (done.port, done.env["CHIPCAST_PROBE_SERIAL"]) == ("/dev/ttyACM3", "")


def test_a_probe_on_the_board_is_found_by_its_ports_number(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    board = load_board("nucleo_f446re")
    done = uploaded(board, said(exit_code=0), monkeypatch, tmp_path)
    assert (done.port, done.env["CHIPCAST_PROBE_SERIAL"]) == (None, "066BFF")
    # A probe of another make has a number of its own.
    assert board.upload is not None
    other = board.model_copy(update={"upload": board.upload.by("jlink")})
    done = uploaded(other, said(exit_code=0), monkeypatch, tmp_path)
    assert (done.port, done.env["CHIPCAST_PROBE_SERIAL"]) == (None, "")


@pytest.mark.parametrize(
    ("stderr", "reason"),
    [
        (
            "Error: init mode failed (no target)\n** OpenOCD init failed **\n*** [upload] Error 1\n",
            "init mode failed",
        ),
        ("A fatal error occurred: Failed to connect to ESP32: No serial data received.\n", "No serial data"),
        ("*** [upload] Source `x.bin' not found\n", "not found"),
        ("", "exit code 1"),
    ],
)
def test_a_failed_upload_stops_the_run(
    stderr: str, reason: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stdout = "Uploading .pio/build/nucleo_f446re/firmware.elf\n"
    uploaded(load_board("nucleo_f446re"), said(stderr, stdout), monkeypatch, tmp_path, fails=reason)
