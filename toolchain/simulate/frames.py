"""How the oracle and its process talk: a frame is two lengths, a JSON object and bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from typing import Any

_LENGTHS = struct.Struct("<IQ")


def pack(header: Mapping[str, object], data: bytes) -> bytes:
    """One frame."""
    text = json.dumps(header).encode()
    return _LENGTHS.pack(len(text), len(data)) + text + data


def receive(read: Callable[[int], bytes]) -> tuple[dict[str, Any], bytes]:
    """The next frame; `read` returns exactly as many bytes as it is asked for."""
    header_bytes, data_bytes = _LENGTHS.unpack(read(_LENGTHS.size))
    return json.loads(read(header_bytes)), read(data_bytes)
