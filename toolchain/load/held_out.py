"""The held-out samples as the bytes that a compiled model takes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from toolchain.errors import DataError
from toolchain.load.dataset import load_data
from toolchain.load.fit_data import fit_labels, real_values
from toolchain.load.input_bytes import input_rows, random_inputs
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.data_settings import DataSettings
from toolchain.vocabulary.layers import ProgramFacts


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """Input bytes, shape (samples, input bytes) uint8, and the samples they were made of (None: random).

    `labels`, shape (samples,), are there where the largest output is to be compared with them.
    """

    inputs: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int64] | None
    samples: Samples | None = None


def held_out_inputs(
    program: ProgramFacts,
    data: DataSettings | None,
    *,
    split: bool = False,
    samples: int | None = None,
    random_samples: int = 32,
    seed: int = 0,
) -> HeldOut:
    """The test part of `data` (its first `samples`), or `random_samples` random inputs without data.

    With `split`, data of one part is divided as it was for training, and only the held-out rest is used;
    integers are then real values, as they were there.

    Raises:
        DataError: the data does not fit the model's input, or a label its output.
    """
    if data is None:
        total = sum(port.bytes for port in program.inputs)
        return HeldOut(random_inputs(random_samples, total, seed), None)
    loaded = load_data(data, seed=seed, split=split).test
    loaded = (real_values(loaded) if split else loaded).take(slice(samples))
    rows = input_rows(loaded, program.inputs)
    if loaded.labels is None:
        return HeldOut(rows, None, loaded)
    classes = _classes(program)
    fit_labels(loaded, classes)
    # One output is yes or no, and an autoencoder's labels belong to its use: neither is a largest output.
    rebuilds = len(program.inputs) == 1 and program.inputs[0].shape == program.outputs[0].shape
    return HeldOut(rows, None if classes == 1 or rebuilds else loaded.labels, loaded)


def _classes(program: ProgramFacts) -> int:
    """How many classes the model tells apart; DataError where its output is none that labels belong to."""
    shapes = [port.shape for port in program.outputs]
    if len(shapes) != 1 or math.prod(shapes[0]) != shapes[0][-1]:
        raise DataError(
            f"Labels belong to one row of classes, but the model's outputs have the shapes {shapes}.",
            "Give data without labels.",
        )
    return shapes[0][-1]
