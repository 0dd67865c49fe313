"""The model as a C array, for firmware that carries the `.tflite` file itself."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from toolchain.errors import ConfigError

_BYTES_A_LINE = 16

_HEADER = """\
// The int8 model, {length} bytes.
// sha256 {sha256}
#ifndef {guard}
#define {guard}

#include <cstddef>

// 16 bytes: what TensorFlow Lite Micro wants of a flatbuffer.
alignas(16) extern const unsigned char g_{name}[];
extern const std::size_t g_{name}_len;

#endif  // {guard}
"""

_SOURCE_START = """\
// The int8 model, {length} bytes.
// sha256 {sha256}
#include "{name}.h"

alignas(16) const unsigned char g_{name}[] = {{
"""

_SOURCE_END = """\
}};
const std::size_t g_{name}_len = {length};
"""


def write_model_data(model: bytes, folder: Path, name: str = "model_data") -> tuple[Path, Path]:
    """Write `NAME.h` and `NAME.cc` (C++11) into `folder`: `g_NAME`, 16-byte aligned, and `g_NAME_len`.

    Raises:
        ConfigError: `name` is no C identifier, or the model is empty.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or not model:
        raise ConfigError(
            f"No C array can be made of {len(model)} bytes called {name!r}.",
            "Use a name of small letters, digits and underscores, and a model that is not empty.",
        )
    files = model_data(model, name)
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in files.items():
        _write_whole(folder / file, text)
    return folder / f"{name}.h", folder / f"{name}.cc"


def model_data(model: bytes, name: str = "model_data") -> dict[str, str]:
    """The files `NAME.h` and `NAME.cc`, by name."""
    facts = {
        "name": name,
        "length": len(model),
        "sha256": hashlib.sha256(model).hexdigest(),
        "guard": f"{name.upper()}_H_",
    }
    lines = [
        "    " + " ".join(f"0x{byte:02x}," for byte in model[start : start + _BYTES_A_LINE])
        for start in range(0, len(model), _BYTES_A_LINE)
    ]
    source = _SOURCE_START.format(**facts) + "\n".join(lines) + "\n" + _SOURCE_END.format(**facts)
    return {f"{name}.h": _HEADER.format(**facts), f"{name}.cc": source}


def _write_whole(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.part")
    temporary.write_text(text, encoding="ascii")
    os.replace(temporary, file)
