from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from toolchain.convert.c_array import write_model_data
from toolchain.errors import ConfigError

MAIN = """\
#include <cstdint>
#include <cstdio>
#include "model_data.h"
int main() {
  if (reinterpret_cast<std::uintptr_t>(g_model_data) % 16 != 0) return 3;
  if (alignof(decltype(g_model_data)) == 0) return 4;
  return std::fwrite(g_model_data, 1, g_model_data_len, stdout) == g_model_data_len ? 0 : 5;
}
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="needs g++")
@pytest.mark.parametrize("length", [1, 15, 16, 17, 4099])
def test_the_compiled_array_is_the_model_and_aligned(tmp_path: Path, length: int) -> None:
    model = np.random.default_rng(length).integers(0, 256, length, dtype=np.uint8).tobytes()
    header, source = write_model_data(model, tmp_path / "out")
    main = tmp_path / "main.cc"
    # A byte before the array, so that alignment is not luck.
    main.write_text("char before = 1;\n" + MAIN)
    program = tmp_path / "main"
    flags = ["-std=c++11", "-Wall", "-Wextra", "-Werror", "-pedantic", f"-I{header.parent}"]
    subprocess.run(["g++", *flags, main, source, "-o", program], check=True, timeout=60)
    done = subprocess.run([program], capture_output=True, check=False, timeout=10)
    assert done.returncode == 0
    assert done.stdout == model


def test_both_files_state_the_hash_and_say_the_same_twice(tmp_path: Path) -> None:
    files = write_model_data(b"\x00\xff", tmp_path)
    texts = [file.read_text() for file in files]
    assert all(f"sha256 {hashlib.sha256(bytes([0, 255])).hexdigest()}" in text for text in texts)
    assert "alignas(16) extern const unsigned char g_model_data[];" in texts[0]
    assert re.search(r"0x00, 0xff,\n", texts[1])
    assert [file.read_text() for file in write_model_data(b"\x00\xff", tmp_path)] == texts
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model_data.cc", "model_data.h"]


def test_another_name(tmp_path: Path) -> None:
    header, _ = write_model_data(b"\x01", tmp_path, "digits")
    assert "g_digits_len" in header.read_text()


@pytest.mark.parametrize(
    ("model", "name"), [(b"", "model_data"), (b"1", "a b"), (b"1", "../x"), (b"1", "9x")]
)
def test_what_is_no_array_is_refused(tmp_path: Path, model: bytes, name: str) -> None:
    with pytest.raises(ConfigError):
        write_model_data(model, tmp_path, name)
    assert list(tmp_path.iterdir()) == []
