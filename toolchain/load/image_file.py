"""An image file as the numbers that it holds."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError, MissingPackageError

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm")

# Far beyond what a microcontroller takes in; a small file can claim to be a huge image.
_MOST_PIXELS = 1 << 24
_MODES = ("L", "RGB")


def read_image(path: Path) -> npt.NDArray[np.float32]:
    """Pixels as 0…255: shape (height, width) of a grey image, (height, width, 3) of a coloured one.

    Raises:
        DataError: it cannot be read, or has transparency, a palette, or another depth than 8 bits.
        MissingPackageError: Pillow is not installed.
    """
    try:
        images = importlib.import_module("PIL.Image")
    except ImportError as exc:
        raise MissingPackageError(
            "Images need the Python package Pillow, which is not installed.",
            "Install it with: pip install 'chipcast[images]'",
        ) from exc
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with images.open(path) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise DataError(
                        f"{path} is {image.width} × {image.height} pixels large.", "Scale it down."
                    )
                if image.mode not in _MODES:
                    raise DataError(
                        f"{path} is an image of the mode {image.mode}, neither grey nor RGB of 8 bits.",
                        "Convert it to grey or RGB.",
                    )
                return np.asarray(image, np.float32)
    except DataError:
        raise
    except Exception as exc:
        # Whatever a damaged file makes Pillow's many readers raise, it is the file.
        raise DataError(f"{path} cannot be read as an image.", "Write it anew, or take it out.") from exc
