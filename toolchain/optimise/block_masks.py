"""Which weights to prune where they go in blocks, or N of each M: masks on the rows that TFLite stores.

The library draws blocks on matrices of Dense layers alone, and N of M once, at the second batch.  Here both
work on every kernel and follow the schedule; the rest of pruning is the library's.
"""

from __future__ import annotations

from typing import Any

from toolchain.optimise.sparsity import output_axis
from toolchain.tensorflow_import import import_stack

_PRUNING = "tensorflow_model_optimization.python.core.sparsity.keras"


def draw_by_rows(wrapper: Any, block: tuple[int, int], kept_of: tuple[int, int] | None) -> None:
    """Let a built PruneLowMagnitude wrapper draw its masks in blocks, or with `kept_of` N of each M."""
    library: Any = import_stack(f"{_PRUNING}.pruning_impl").Pruning
    axis = output_axis(wrapper.layer)

    class RowPruning(library):  # type: ignore[misc]
        def _maybe_update_block_mask(self, weights: Any) -> tuple[Any, Any]:
            rows = _rows(weights, axis)
            if kept_of is not None:
                return 0.0, _unrowed(_group_mask(rows, kept_of), weights, axis)
            threshold, mask = self._update_mask(_block_means(rows, block))
            return threshold, _unrowed(_spread(mask, rows, block), weights, axis)

    given = wrapper.pruning_obj
    wrapper.pruning_obj = RowPruning(
        training_step_fn=given._step_fn,
        pruning_vars=given._pruning_vars,
        pruning_schedule=given._pruning_schedule,
        block_size=(1, 1),
        block_pooling_type="AVG",
    )


def _order(weights: Any, axis: int) -> list[int]:
    """The axes of a kernel as TFLite has them: outputs first."""
    axes = list(range(len(weights.shape)))
    return [axes.pop(axis), *axes]


def _rows(weights: Any, axis: int) -> Any:
    """A kernel as a matrix: a row for each output."""
    tensorflow = import_stack("tensorflow")
    turned = tensorflow.transpose(weights, _order(weights, axis))
    return tensorflow.reshape(turned, (weights.shape[axis], -1))


def _unrowed(rows: Any, weights: Any, axis: int) -> Any:
    """The inverse of `_rows`."""
    tensorflow = import_stack("tensorflow")
    order = _order(weights, axis)
    turned = tensorflow.reshape(rows, [weights.shape[i] for i in order])
    back = [order.index(i) for i in range(len(order))]
    return tensorflow.cast(tensorflow.transpose(turned, back), weights.dtype)


def _group_mask(rows: Any, kept_of: tuple[int, int]) -> Any:
    kept, group = kept_of
    utilities = import_stack(f"{_PRUNING}.pruning_utils")
    # The library counts the zeros.
    return utilities.generate_m_by_n_mask(rows, (group - kept, group))


def _block_means(rows: Any, block: tuple[int, int]) -> Any:
    """Mean magnitude of each block, shape (rows / height, columns / width); those at the edge are smaller."""
    tensorflow = import_stack("tensorflow")
    magnitudes = tensorflow.abs(rows)
    return _in_blocks(magnitudes, block) / _in_blocks(tensorflow.ones_like(magnitudes), block)


def _in_blocks(rows: Any, block: tuple[int, int]) -> Any:
    """Sums over blocks."""
    tensorflow = import_stack("tensorflow")
    (height, width), (down, across) = rows.shape, block
    padded = tensorflow.pad(rows, [[0, -height % down], [0, -width % across]])
    split = tensorflow.reshape(padded, (-(-height // down), down, -(-width // across), across))
    return tensorflow.reduce_sum(split, axis=(1, 3))


def _spread(mask: Any, rows: Any, block: tuple[int, int]) -> Any:
    """A mask of blocks as one of weights."""
    tensorflow = import_stack("tensorflow")
    tall = tensorflow.repeat(mask, block[0], axis=0)
    return tensorflow.repeat(tall, block[1], axis=1)[: rows.shape[0], : rows.shape[1]]
