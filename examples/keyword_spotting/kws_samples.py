"""The real keyword samples that lie beside the repository, for the recipes in this folder.

`../shared/data/mlperf_tiny/kws01_700.npz` has 700 of the 1,000 inputs of MLPerf Tiny's keyword spotting:
MFCC features of one second of speech, 49 frames of 10 coefficients, already quantised for the reference's
int8 model.  With that model's scale and zero point they are real numbers again.  200 are held out.  500 are
few to train on, so each of them stands there five times: as it is, and up to two frames (40 ms) earlier
or later; or, for a network that is taught by another one, thirteen times, mixed with others as well.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import tflite

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "mlperf_tiny"
SEED = 0
HELD_OUT = 200
SHIFTS = (0, -2, -1, 1, 2)
# Of each sample, when they are mixed; and the frames by which one may be earlier or later (100 ms).
COPIES = 13
MOST_FRAMES = 5
MOST_CUT = 12

Part = tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]


def samples() -> tuple[Part, Part]:
    """Training and held-out part: features, shape (samples, 49, 10, 1), and labels, shape (samples,)."""
    with np.load(FOLDER / "kws01_700.npz", allow_pickle=False) as arrays:
        features, labels = arrays["features"], arrays["labels"].astype(np.int64)
    scale, zero_point = input_quantisation(FOLDER / "kws_ref_model_int8.tflite")
    values = ((features.astype(np.float32) - zero_point) * scale).astype(np.float32)
    order = np.random.default_rng(SEED).permutation(len(values))
    test, train = order[:HELD_OUT], order[HELD_OUT:]
    shifted = np.concatenate([shift(values[train], frames) for frames in SHIFTS])
    return (shifted, np.tile(labels[train], len(SHIFTS))), (values[test], labels[test])


def mixed_samples() -> tuple[Part, Part]:
    """As `samples`; but the training part has, behind the real samples, 12 others made of each.

    Each is shifted, and then mixed with another one, of which it takes less than half ("mixup", Zhang et al.
    2018, arXiv:1710.09412).  The label is that of the larger part, which is hardly true: they are for a
    teacher, who says what there is to say (Beyer et al. 2022, arXiv:2106.05237).
    """
    (values, labels), test = samples()
    values, labels = values[: len(values) // len(SHIFTS)], labels[: len(labels) // len(SHIFTS)]
    random = np.random.default_rng(SEED)
    made = [values, *(mixed(values, random) for _ in range(COPIES - 1))]
    return (np.concatenate(made), np.tile(labels, COPIES)), test


def varied_samples() -> tuple[Part, Part]:
    """As `samples`, every shift of each real sample; behind them, eight others made of each.

    They are shifted and mixed as those of `mixed_samples`, and a stretch of up to a quarter of a second is
    that of another one ("CutMix", Yun et al. 2019, arXiv:1905.04899).  They too are for a teacher.
    """
    (values, labels), test = samples()
    real, random = len(values) // len(SHIFTS), np.random.default_rng(SEED)
    made = [cut(mixed(values[:real], random), random) for _ in range(COPIES - len(SHIFTS))]
    return (np.concatenate([values, *made]), np.tile(labels[:real], COPIES)), test


def cut(features: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """In each sample up to `MOST_CUT` frames are those of another one, at the same time."""
    frames, first = np.arange(features.shape[1]), random.integers(0, features.shape[1], (len(features), 1))
    length = random.integers(0, MOST_CUT + 1, (len(features), 1))
    inside = (frames >= first) & (frames < first + length)
    others = features[random.permutation(len(features))]
    return np.where(inside[..., np.newaxis, np.newaxis], others, features)


def mixed(features: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Each sample shifted, and mixed with another one."""
    frames = random.integers(-MOST_FRAMES, MOST_FRAMES + 1, len(features))
    moved = np.stack([shift(one[np.newaxis], int(by))[0] for one, by in zip(features, frames, strict=True)])
    share = random.uniform(0.5, 1.0, (len(features), 1, 1, 1)).astype(np.float32)
    return np.asarray(share * moved + (1 - share) * moved[random.permutation(len(moved))], np.float32)


def input_quantisation(model: Path) -> tuple[float, int]:
    """Scale and zero point of a .tflite's first input."""
    graph = tflite.Model.GetRootAs(model.read_bytes()).Subgraphs(0)
    quantisation = graph.Tensors(graph.Inputs(0)).Quantization()
    return float(quantisation.Scale(0)), int(quantisation.ZeroPoint(0))


def shift(features: npt.NDArray[np.float32], frames: int) -> npt.NDArray[np.float32]:
    """Later by so many frames (earlier, if negative); the frame at the edge is repeated."""
    rows = np.clip(np.arange(features.shape[1]) - frames, 0, features.shape[1] - 1)
    return features[:, rows]
