"""Which library is taken for the engine tflm, and what a folder has to hold; no library is needed here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toolchain.errors import MissingLibraryError
from toolchain.load.tflm_library import HEADER, find_tflm_library


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    header = tmp_path / "lib" / "src" / HEADER
    header.parent.mkdir(parents=True)
    header.touch()
    manifest = {"name": "tflm", "version": "1.0.0", "build": {"flags": ["-DCMSIS_NN", "-Isrc -DWIDTH=32"]}}
    (tmp_path / "lib" / "library.json").write_text(json.dumps(manifest))
    return tmp_path / "lib"


def test_the_first_that_is_named_is_taken() -> None:
    assert find_tflm_library("a/b@^1", "c/d", "e/f").specification == "a/b@^1"
    assert find_tflm_library(None, "c/d", "e/f").specification == "c/d"
    assert find_tflm_library(None, " ", "https://host/x.git#v1").specification == "https://host/x.git#v1"
    with pytest.raises(MissingLibraryError, match="none is named") as caught:
        find_tflm_library(None, None, None)
    assert "CHIPCAST_TFLM_LIBRARY" in caught.value.next_action
    assert caught.value.exit_code == 25


def test_a_folder_is_linked_and_its_definitions_known(folder: Path) -> None:
    for written in (str(folder), f"symlink://{folder}", f"file://{folder}"):
        found = find_tflm_library(written, None, None)
        assert found.specification == f"symlink://{folder}"
        assert found.defines == ("-DCMSIS_NN", "-DWIDTH=32")


@pytest.mark.parametrize(
    "library",
    ["a\nplatform = evil", "a ; b", "a\tb\x00", "${sysenv.HOME}/x", "# no", "a #b", "x" * 501],
)
def test_what_would_be_more_than_one_value_in_platformio_ini_is_refused(library: str) -> None:
    with pytest.raises(MissingLibraryError, match="no specification"):
        find_tflm_library(library, None, None)


def test_a_folder_that_is_no_library_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(MissingLibraryError, match="is no folder"):
        find_tflm_library(str(folder / "nothing"), None, None)
    with pytest.raises(MissingLibraryError, match="neither library"):
        find_tflm_library(str(folder / "src"), None, None)
    (folder / "src" / HEADER).unlink()
    with pytest.raises(MissingLibraryError, match="has no tensorflow"):
        find_tflm_library(str(folder), None, None)


@pytest.mark.parametrize("text", ["{", "[]", '{"build": 3}', '{"build": {"flags": "\'"}}', "[" * 100_000])
def test_a_manifest_that_cannot_be_read_is_named(folder: Path, text: str) -> None:
    (folder / "library.json").write_text(text)
    with pytest.raises(MissingLibraryError, match=r"library\.json"):
        find_tflm_library(str(folder), None, None)


def test_definitions_that_are_none_do_not_reach_the_compiler(folder: Path) -> None:
    flags = ["-DA=$(touch x)", "-DB='\"x\"'", 3, "-O3", "-D9", "-DC=1.5"]
    (folder / "library.json").write_text(json.dumps({"build": {"flags": flags}}))
    assert find_tflm_library(str(folder), None, None).defines == ("-DC=1.5",)
