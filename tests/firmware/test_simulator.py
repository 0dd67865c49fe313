"""Simulators start, are replaced, and end by themselves: nothing is left running."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.firmware.conftest import BOARDS
from tests.firmware.line import Line
from toolchain import process
from toolchain.errors import BuildError, FlashError, MissingSimulatorError
from toolchain.flash import flash_detached, flashed, running, stop
from toolchain.load.board import load_board
from toolchain.simulate.qemu_monitor import resume
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.firmware import Firmware

Built = Callable[[str], tuple[Board, Firmware]]


@pytest.fixture(params=BOARDS)
def target(
    request: pytest.FixtureRequest, built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Board, Path]]:
    """A built project whose simulator's state is this test's alone."""
    monkeypatch.setenv("CHIPCAST_SIMULATOR_DIR", str(tmp_path / "state"))
    board, firmware = built(request.param)
    yield board, firmware.project
    stop(firmware.project)


def state(tmp_path: Path) -> dict[str, object]:
    found = json.loads((tmp_path / "state" / "state.json").read_text())
    assert isinstance(found, dict)
    return found


def is_alive(pid: object) -> bool:
    assert isinstance(pid, int)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


def wait_until_ended(*pids: object, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still alive: {pids}"
        time.sleep(0.05)


def test_it_ends_with_the_block(target: tuple[Board, Path], tmp_path: Path) -> None:
    board, project = target
    with flashed(project, board, log=tmp_path / "log") as flashed_board:
        assert running(project) == flashed_board
        found = state(tmp_path)
        assert is_alive(found["simulator_pid"])
    assert running(project) is None
    wait_until_ended(found["pid"], found["simulator_pid"], seconds=1)
    assert not (tmp_path / "state" / "state.json").exists()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_it_ends_when_the_block_is_broken_off(
    target: tuple[Board, Path], tmp_path: Path, error: type[BaseException]
) -> None:
    board, project = target
    with pytest.raises(error), flashed(project, board, log=tmp_path / "log"):  # noqa: PT012
        found = state(tmp_path)
        raise error
    wait_until_ended(found["pid"], found["simulator_pid"], seconds=1)


def test_detached_it_goes_on_for_the_next_client(target: tuple[Board, Path], tmp_path: Path) -> None:
    board, project = target
    flash_detached(project, board, log=tmp_path / "log")
    for client in range(2):
        again = running(project)
        assert again is not None
        with Line.open(again) as line:
            if client == 0:
                assert line.answer()[-1] == "m-init-done"
            assert line.send(b"%sync 7%") == []
            assert line.answer() == ["c-sync token=7"]
    assert stop(project) is True
    assert stop(project) is False
    assert running(project) is None


def test_a_second_upload_replaces_the_first(target: tuple[Board, Path], tmp_path: Path) -> None:
    board, project = target
    flash_detached(project, board, log=tmp_path / "log")
    first = state(tmp_path)
    flash_detached(project, board, log=tmp_path / "log")
    second = state(tmp_path)
    assert first["pid"] != second["pid"]
    wait_until_ended(first["pid"], first["simulator_pid"], seconds=1)
    assert is_alive(second["simulator_pid"])


def test_a_stale_state_file_ends_nobody(target: tuple[Board, Path], tmp_path: Path) -> None:
    """After a crash or a restart of the computer, the recorded number may be anybody's: here, ours."""
    board, project = target
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "guardian.lock").write_text(f"{os.getpid()}\n")
    (tmp_path / "state" / "state.json").write_text(json.dumps({"pid": os.getpid(), "url": "socket://x:1"}))
    assert running(project) is None
    assert stop(project) is False
    flash_detached(project, board, log=tmp_path / "log")
    assert running(project) is not None


def test_it_ends_after_its_lifetime(target: tuple[Board, Path], tmp_path: Path) -> None:
    board, project = target
    flash_detached(project, board, log=tmp_path / "log", seconds=6)
    found = state(tmp_path)
    wait_until_ended(found["pid"], found["simulator_pid"])
    assert running(project) is None


def test_it_ends_when_its_owner_is_killed(target: tuple[Board, Path], tmp_path: Path) -> None:
    """The owner gets no chance to clean up: it is killed while the simulator runs."""
    board, project = target
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from toolchain.flash import flashed\n"
        "from toolchain.load.board import load_board\n"
        "with flashed(Path(sys.argv[1]), load_board(sys.argv[2]), log=Path(sys.argv[3])):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = process.run(
        [sys.executable, "-c", script, str(project), board.id, str(tmp_path / "log")], timeout=60
    )  # fmt: skip
    assert done.exit_code == -9
    wait_until_seen = tmp_path / "state" / "state.json"
    found = state(tmp_path) if wait_until_seen.exists() else {}
    wait_until_ended(*(found[key] for key in ("pid", "simulator_pid") if key in found))
    assert running(project) is None


def test_it_ends_when_its_guardian_is_killed(target: tuple[Board, Path], tmp_path: Path) -> None:
    board, project = target
    flash_detached(project, board, log=tmp_path / "log")
    found = state(tmp_path)
    assert isinstance(found["pid"], int)
    os.kill(found["pid"], 9)
    wait_until_ended(found["pid"], found["simulator_pid"])
    assert running(project) is None
    assert Path(str(found["private"])).is_dir()
    stop(project)
    assert not Path(str(found["private"])).exists()


def test_sockets_fit_a_long_folder(built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("n" * 120)
    long.mkdir()
    monkeypatch.setenv("CHIPCAST_SIMULATOR_DIR", str(long / "state"))
    monkeypatch.setenv("TMPDIR", str(long))
    board, firmware = built("host")
    with flashed(firmware.project, board, log=tmp_path / "log") as found, Line.open(found) as line:
        assert line.answer()


@pytest.mark.simulator
def test_missing_qemu_is_told_before_anything_starts(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, firmware = built("sim_cortex_m4")
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(MissingSimulatorError) as caught,
        flashed(firmware.project, board, log=tmp_path / "log"),
    ):
        pytest.fail("flashed without QEMU")
    assert "qemu-system-arm" in caught.value.problem
    assert "apt-get install qemu-system-arm" in caught.value.next_action
    assert not (tmp_path / "log").exists()


@pytest.mark.simulator
def test_the_projects_own_script_tells_missing_qemu(built: Built, tmp_path: Path) -> None:
    board, firmware = built("sim_cortex_m4")
    command = [sys.executable, firmware.project / "platform" / "simulator.py", "start", "--board", board.id]
    done = process.run(
        [*map(str, command), f"--elf={firmware.elf}"], timeout=30, env={"PATH": str(tmp_path)}
    )  # fmt: skip
    assert done.exit_code == 1
    assert "The simulator qemu-system-arm is not installed." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.simulator
def test_a_qemu_that_fails_at_once_is_told(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older QEMU, for example, that does not know the machine."""
    qemu = tmp_path / "qemu-system-arm"
    qemu.write_text("#!/bin/sh\necho unsupported machine type >&2\nexit 1\n")
    qemu.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("CHIPCAST_SIMULATOR_DIR", str(tmp_path / "state"))
    board, firmware = built("sim_cortex_m4")
    with pytest.raises(FlashError, match="unsupported machine type"):
        flash_detached(firmware.project, board, log=tmp_path / "log")
    assert running(firmware.project) is None


def test_a_monitor_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(FlashError, match="monitor"):
        resume(tmp_path / "no-such-socket")


def test_releasing_a_board_that_has_ended(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIPCAST_SIMULATOR_DIR", str(tmp_path / "state"))
    board, firmware = built("host")
    with flashed(firmware.project, board, log=tmp_path / "log") as found:
        pass
    with pytest.raises(FlashError, match="ended"):
        found.release()


def test_a_board_on_the_desk_needs_a_port(built: Built, tmp_path: Path) -> None:
    """No such board is built in yet; what its upload needs is checked all the same."""
    board = load_board("host").model_copy(update={"simulator": None})
    project = built("host")[1].project
    with pytest.raises(FlashError, match="--port"), flashed(project, board, log=tmp_path / "log"):
        pytest.fail("flashed without a port")
    assert not (tmp_path / "log").exists()


def test_an_edited_project_that_does_not_compile_is_not_flashed(
    built: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIPCAST_SIMULATOR_DIR", str(tmp_path / "state"))
    board, firmware = built("host")
    project = Path(shutil.copytree(firmware.project, tmp_path / "copy"))
    (project / "src" / "main.c").write_text("int main(void) { return nothing; }\n")
    with pytest.raises(BuildError, match="nothing"):
        flash_detached(project, board, log=tmp_path / "log")
    assert running(project) is None
