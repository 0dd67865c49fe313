"""Every calibration sample begins with a state of zero, as every sample of a Keras LSTM does.

An LSTM that TensorFlow's converter has fused keeps its state from one inference to the next.  The converter
(2.21) calibrates all samples in one such stream, and finds the ranges of one endless sequence: the cell of
eight steps, which cannot leave -8…8, comes to the converter's clip of 10 and is given -16…16.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from toolchain.tensorflow_import import import_stack


def begins_at_zero(network: Any) -> bool:
    """Whether a `tf_keras` network has an LSTM, and each of them begins every sample anew."""
    found = [part for part in network.submodules if type(part).__name__ == "LSTM"]
    return bool(found) and not any(part.stateful for part in found)


@contextlib.contextmanager
def calibrate_from_zero() -> Iterator[None]:
    """Until this ends, the converter puts a model's variables back before each sample."""
    library = import_stack("tensorflow.lite.python.optimize.calibrator")._calibration_wrapper
    theirs = library.CalibrationWrapper

    class FromZero:
        """The library's own, prepared (which is what resets) before each sample and not once alone."""

        def __init__(self, *given: Any) -> None:
            self._theirs = theirs(*given)
            self._prepared: tuple[Any, ...] = ()

        def Prepare(self, *given: Any) -> Any:  # noqa: N802 (the library's name)
            self._prepared = given
            return self._theirs.Prepare(*given)

        def FeedTensor(self, *given: Any) -> Any:  # noqa: N802
            self._theirs.Prepare(*self._prepared)
            return self._theirs.FeedTensor(*given)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._theirs, name)

    library.CalibrationWrapper = FromZero
    try:
        yield
    finally:
        library.CalibrationWrapper = theirs
