"""A WAV file as the samples that it holds."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError

WAVS = (".wav",)
_MOST_BYTES = 1 << 28


def read_wav(path: Path) -> npt.NDArray[np.float32]:
    """PCM of 8, 16, 24 or 32 bits as -1 … 1: shape (frames,) of one channel, else (frames, channels).

    Full scale is 1: a value is the integer divided by 2**(bits - 1), as tf.audio.decode_wav has it.

    Raises:
        DataError: it cannot be read, or is not PCM.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"{path} is larger than {_MOST_BYTES} bytes.", "Cut it into samples.")
        with wave.open(str(path), "rb") as file:
            channels, width = file.getnchannels(), file.getsampwidth()
            raw = file.readframes(file.getnframes())
    except (wave.Error, EOFError, OSError) as exc:
        raise DataError(f"{path} cannot be read as a WAV file: {exc}.", "Write it anew as PCM.") from exc
    if not raw or len(raw) % (channels * width):
        raise DataError(f"{path} is cut short, or empty.", "Write it anew, or take it out.")
    values = _integers(raw, width).astype(np.float64) / float(1 << (8 * width - 1))
    frames = values.astype(np.float32).reshape(-1, channels)
    return frames[:, 0] if channels == 1 else frames


def _integers(raw: bytes, width: int) -> npt.NDArray[np.int64]:
    """Little-endian integers of `width` bytes; those of one byte are stored with an offset of 128."""
    if width == 1:
        return np.frombuffer(raw, np.uint8).astype(np.int64) - 128
    wide = np.zeros((len(raw) // width, 4), np.uint8)
    # Into the upper bytes, so that the sign is where int32 has it; shifted down afterwards.
    wide[:, 4 - width :] = np.frombuffer(raw, np.uint8).reshape(-1, width)
    return wide.view("<i4")[:, 0].astype(np.int64) >> (8 * (4 - width))
