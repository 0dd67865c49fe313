"""A stage runs again exactly when something it depends on, or something it left, has changed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from toolchain.errors import ConfigError
from toolchain.stages import SilentObserver, hash_file, open_workshop


@dataclass(frozen=True)
class Outcome:
    number: int
    where: Path


class Recorder(SilentObserver):
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []

    def finished(self, stage: str, seconds: float, *, from_cache: bool) -> None:
        assert seconds >= 0
        self.seen.append((stage, from_cache))


def run(folder: Path, key: object, *, force: bool = False, fail: bool = False) -> tuple[Outcome, bool]:
    """One stage in `folder`; whether its result was kept from before."""
    recorder = Recorder()
    target = folder / "made.bin"

    def action() -> Outcome:
        target.write_bytes(b"made")
        if fail:
            raise RuntimeError("broken")
        return Outcome(7, target)

    with open_workshop(folder, recorder, force=force) as shop:
        result = shop.run("make", depends_on={"key": key}, writes=[target], result=Outcome, action=action)
    return result, recorder.seen == [("make", True)]


def test_nothing_changed_nothing_run(tmp_path: Path) -> None:
    assert run(tmp_path, 1) == (Outcome(7, tmp_path / "made.bin"), False)
    assert run(tmp_path, 1) == (Outcome(7, tmp_path / "made.bin"), True)


def test_another_input_runs_it(tmp_path: Path) -> None:
    run(tmp_path, 1)
    assert run(tmp_path, 2)[1] is False
    assert run(tmp_path, 1)[1] is False


def test_force_runs_it(tmp_path: Path) -> None:
    run(tmp_path, 1)
    assert run(tmp_path, 1, force=True)[1] is False


@pytest.mark.parametrize("damage", ["edit", "delete", "stamp"])
def test_a_result_that_was_touched_runs_it(tmp_path: Path, damage: str) -> None:
    run(tmp_path, 1)
    if damage == "edit":
        (tmp_path / "made.bin").write_bytes(b"other")
    elif damage == "delete":
        (tmp_path / "made.bin").unlink()
    else:
        (tmp_path / ".stages" / "make.json").write_text("{", encoding="utf-8")
    assert run(tmp_path, 1)[1] is False
    assert (tmp_path / "made.bin").read_bytes() == b"made"


def test_a_stage_that_failed_runs_again(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        run(tmp_path, 1, fail=True)
    assert run(tmp_path, 1)[1] is False


def test_two_at_once_in_one_folder_are_refused(tmp_path: Path) -> None:
    with (
        open_workshop(tmp_path, SilentObserver(), force=False),
        pytest.raises(ConfigError, match="Another chipcast"),
        open_workshop(tmp_path, SilentObserver(), force=False),
    ):
        pass
    with open_workshop(tmp_path, SilentObserver(), force=False):
        pass


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with (
        pytest.raises(ConfigError, match="cannot be written"),
        open_workshop(tmp_path / "file" / "out", SilentObserver(), force=False),
    ):
        pass


def test_a_folder_hashes_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"1")
    first = hash_file(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert hash_file(tmp_path) != first
    (tmp_path / "b").rename(tmp_path / "a")
    assert hash_file(tmp_path) == first
