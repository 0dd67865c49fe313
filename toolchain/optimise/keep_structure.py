"""Further training that keeps what earlier steps bought: zeros stay zero, equal weights stay equal.

After every batch the weights are put back onto what pruning and clustering left: a pruned weight is zero
again, the weights of a cluster are their mean.  With quantisation-aware training this is what is called
PQAT, CQAT and PCQAT; it works the same for every layer and every training.  (The library's schemes of these
names know Dense and Conv2D alone, and leave networks that cannot be loaded again.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.tensorflow_import import import_stack

# Trained weights are hardly ever equal; with fewer weights to a value than this, there are no clusters.
_LEAST_SHARING = 1.5
_KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel", "recurrent_kernel", "embeddings")


def keep_structure(network: Any) -> list[Any]:
    """Callbacks for `fit` that keep the zeros and clusters of the network's kernels as they are now.

    None are needed, and the list is empty, for a network that has neither.  `network` is a `tf_keras` model,
    with wrappers of tensorflow-model-optimization or without.
    """
    tied = [(variable, _ties(variable.numpy())) for variable in _kernels(network)]
    kept = [(variable, ties) for variable, ties in tied if ties is not None]
    return [_keeper(kept)] if kept else []


def is_clustered(network: Any) -> bool:
    """Whether weights of a kernel share values other than zero."""
    return any(
        ties is not None and ties.max() < np.count_nonzero(ties)
        for ties in (_ties(variable.numpy()) for variable in _kernels(network))
    )


def _kernels(network: Any) -> list[Any]:
    """The trained kernels as variables; the same one once, however many wrappers list it."""
    found = {
        id(variable): variable
        for variable in network.trainable_weights
        if variable.name.split(":")[0].split("/")[-1] in _KERNELS
    }
    return list(found.values())


def _ties(kernel: npt.NDArray[np.float32]) -> npt.NDArray[np.int64] | None:
    """For each weight, flat, the number of the group it is in; group 0 are the zeros.  None: all are free."""
    flat = kernel.reshape(-1)
    used = flat != 0
    if not used.any():
        # A kernel of zeros was never trained, and must be able to begin.
        return None
    values, groups = np.unique(flat[used], return_inverse=True)
    is_clustered = used.sum() >= _LEAST_SHARING * len(values)
    if used.all() and not is_clustered:
        return None
    ties = np.zeros(flat.size, np.int64)
    ties[used] = 1 + (groups if is_clustered else np.arange(int(used.sum())))
    return ties


def _keeper(kept: list[tuple[Any, npt.NDArray[np.int64]]]) -> Any:
    tensorflow: Any = import_stack("tensorflow")
    callback: Any = import_stack("tf_keras").callbacks.Callback
    # Group 0 is multiplied by zero.
    factors = [np.arange(ties.max() + 1) > 0 for _, ties in kept]

    def put_back() -> None:
        for (variable, ties), factor in zip(kept, factors, strict=True):
            flat = tensorflow.reshape(variable, (-1,))
            means = tensorflow.math.unsorted_segment_mean(flat, ties, len(factor))
            means *= tensorflow.cast(factor, means.dtype)
            variable.assign(tensorflow.reshape(tensorflow.gather(means, ties), variable.shape))

    put_back = tensorflow.function(put_back)

    class KeepStructure(callback):  # type: ignore[misc]
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            put_back()

    return KeepStructure()
