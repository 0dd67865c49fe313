"""The held-out samples as the bytes that a compiled model takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.dataset import fit_labels, load_data, quantise_inputs, random_inputs
from toolchain.vocabulary.layers import ProgramFacts


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Input bytes, shape (samples, input bytes) uint8, and labels, shape (samples,), where there are any."""

    inputs: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None


def held_out_inputs(
    program: ProgramFacts,
    data: Path | None,
    *,
    inputs: str | None = None,
    labels: str | None = None,
    test_fraction: float = 0.25,
    split: bool = False,
    samples: int | None = None,
    random_samples: int = 32,
    seed: int = 0,
) -> HeldOut:
    """The test part of `data` (its first `samples`), or `random_samples` random inputs without data.

    With `split`, a file of one part is divided as it was for training, and only the held-out rest is used.

    Raises:
        DataError: the data does not fit the model's input, or a label its output.
    """
    if data is None:
        total = sum(port.bytes for port in program.inputs)
        return HeldOut(random_inputs(random_samples, total, seed), None)
    if len(program.inputs) != 1:
        raise DataError(
            f"The model has {len(program.inputs)} inputs, a data file gives one.",
            "Leave --data out: parity is then checked on random input.",
        )
    loaded = load_data(
        data, inputs=inputs, labels=labels, test_fraction=test_fraction, seed=seed, split=split
    ).test
    port = program.inputs[0]
    if loaded.labels is not None:
        fit_labels(loaded, _classes(program))
    rows = quantise_inputs(loaded, port.dtype, port.quantisation, port.shape)
    return HeldOut(rows[:samples], None if loaded.labels is None else loaded.labels[:samples])


def _classes(program: ProgramFacts) -> int:
    """How many classes the model tells apart; DataError where its output is none that labels belong to."""
    shapes = [port.shape for port in program.outputs]
    if len(shapes) != 1 or math.prod(shapes[0]) != shapes[0][-1]:
        raise DataError(
            f"Labels belong to one row of classes, but the model's outputs have the shapes {shapes}.",
            "Give data without labels.",
        )
    return shapes[0][-1]
