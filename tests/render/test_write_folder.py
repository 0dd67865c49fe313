"""Writing a project: whole, careful with what is not ours, and quiet where nothing changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from toolchain.errors import ConfigError
from toolchain.render.write_folder import MANIFEST, STAGING, write_folder

FILES = {"a.txt": b"a", "src/b.c": b"b", "src/deep/c.c": b"c"}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }


def test_a_new_folder(tmp_path: Path) -> None:
    write_folder(tmp_path / "x" / "new", FILES)
    assert contents(tmp_path / "x" / "new") == FILES
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["new"]


def test_an_empty_folder_is_as_good_as_none(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    write_folder(tmp_path / "new", FILES)
    assert contents(tmp_path / "new") == FILES


def test_an_update_leaves_what_is_the_same_and_what_is_not_ours(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    write_folder(folder, FILES)
    (folder / ".pio").mkdir()
    (folder / ".pio" / "object").write_bytes(b"theirs")
    (folder / "src" / "mine.c").write_bytes(b"mine")
    os.utime(folder / "a.txt", (1, 1))
    write_folder(folder, {"a.txt": b"a", "src/b.c": b"changed", "new/d.c": b"d"})
    assert contents(folder) == {
        "a.txt": b"a", "src/b.c": b"changed", "new/d.c": b"d",
        "src/mine.c": b"mine", ".pio/object": b"theirs",
    }  # fmt: skip
    assert (folder / "a.txt").stat().st_mtime == 1
    assert not (folder / "src" / "deep").exists()
    assert not (folder / STAGING).exists()


def test_an_edit_by_hand_is_taken_back(tmp_path: Path) -> None:
    write_folder(tmp_path / "p", FILES)
    (tmp_path / "p" / "a.txt").write_bytes(b"edited")
    (tmp_path / "p" / "src" / "b.c").unlink()
    write_folder(tmp_path / "p", FILES)
    assert contents(tmp_path / "p") == FILES


def test_someone_elses_folder_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="did not write"):
        write_folder(tmp_path, FILES)
    assert contents(tmp_path) == {"thesis.txt": b"years of work"}


@pytest.mark.parametrize("broken_after", range(1, 8))
def test_an_interrupted_update_shows_and_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken_after: int
) -> None:
    folder = tmp_path / "p"
    write_folder(folder, FILES)
    changed = {"a.txt": b"A", "src/b.c": b"B", "z.c": b"Z"}
    calls = 0
    replace, write_bytes = Path.replace, Path.write_bytes

    def count() -> None:
        nonlocal calls
        calls += 1
        if calls == broken_after:
            raise OSError(28, "No space left on device")

    def failing_replace(path: Path, target: Path) -> Path:
        count()
        return replace(path, target)

    def failing_write(path: Path, data: bytes) -> int:
        count()
        return write_bytes(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", failing_replace)
        patch.setattr(Path, "write_bytes", failing_write)
        with pytest.raises(ConfigError, match="No space left"):
            write_folder(folder, changed)
    assert calls == broken_after
    assert (folder / STAGING).is_dir() or contents(folder) == FILES
    write_folder(folder, changed)
    assert contents(folder) == changed


def test_a_failed_first_writing_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        write_folder(tmp_path / "p", {"a": b"", "a/b": b"a file cannot be a folder"})
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_that_lies_removes_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    write_folder(tmp_path / "p", FILES)
    (tmp_path / "p" / MANIFEST).write_text(
        json.dumps(["../precious", str(tmp_path / "precious"), 7, "a.txt"])
    )
    write_folder(tmp_path / "p", {"src/b.c": b"b"})
    assert (tmp_path / "precious").exists()
    assert not (tmp_path / "p" / "a.txt").exists()
