"""The only way TensorFlow and its kin come in: late, quietly, and repeatable.

An import takes about ten seconds and 700 MB, so it happens inside functions of the rooms that train
or convert, never at the top of a module.
"""

from __future__ import annotations

import importlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolchain.errors import MissingPackageError
from toolchain.process import native_stderr_to

_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # oneDNN picks its order of summation by the processor's load: runs would not repeat.
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "KERAS_BACKEND": "tensorflow",
}


def import_stack(module: str) -> Any:
    """`tensorflow`, `tf_keras`, `keras`, `h5py` or `tensorflow_model_optimization`, imported now.

    Raises:
        MissingPackageError: it is not installed (the extra `keras` brings it), or is broken.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    try:
        with warnings.catch_warnings():
            # Deprecations inside third-party packages, while they are imported: not ours to mend.
            warnings.simplefilter("ignore")
            found = importlib.import_module(module)
    except ImportError as exc:
        raise MissingPackageError(
            f"The Python package {module!r} cannot be imported, which training and converting need.",
            "Install it with: pip install 'chipcast[keras]'",
        ) from exc
    for noisy in ("tensorflow", "absl", "h5py"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
    return found


@contextmanager
def tensorflow_noise_to(log: Path | None) -> Iterator[None]:
    """Keep what TensorFlow says off the terminal: native output goes to `log`, Python's warnings nowhere.

    The warnings are TensorFlow's and Keras's own deprecations about how they call themselves; what is
    wrong with a model is raised, not warned of.
    """
    with native_stderr_to(log), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"(tensorflow|tf_keras|keras|absl|numpy|h5py)\b.*")
        # Warnings whose stacklevel points past the library, at the line that called it.
        warnings.filterwarnings("ignore", message=r".*(HDF5 file via|tf\.lite|Statistics for quantized)")
        yield
