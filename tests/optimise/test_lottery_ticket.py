"""Lottery tickets: what is left begins each round again where it was early on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.optimise.digits import accuracy, data_of, image_network, int8_of, kernels, silent
from toolchain.errors import ModelError
from toolchain.optimise.lottery_ticket import lottery_ticket
from toolchain.optimise.sparsity import prunable_kernels
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import tensorflow_noise_to
from toolchain.vocabulary.data import DataSet
from toolchain.vocabulary.steps.lottery_ticket import LotteryTicketSettings

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def digits() -> DataSet:
    return data_of(8, 8, 1)


class Watched(StepContext):
    """Remembers the kernels as each training finds and leaves them."""

    found: list[dict[str, np.ndarray[Any, Any]]]
    left: list[dict[str, np.ndarray[Any, Any]]]

    def fit(self, network: Any, *args: Any, **others: Any) -> None:
        self.found.append(all_of(network))
        super().fit(network, *args, **others)
        self.left.append(all_of(network))


def all_of(network: Any) -> dict[str, np.ndarray[Any, Any]]:
    return {name: np.asarray(kernel).copy() for name, kernel in prunable_kernels(network)}


def test_each_round_rewinds_what_was_largest_and_the_board_has_the_zeros(
    digits: DataSet, tmp_path: Path
) -> None:
    given = image_network(digits, 1)
    heard: list[float] = []
    watched = Watched(digits, 3, lambda share, words: heard.append(share))
    watched.found, watched.left = [], []
    settings = LotteryTicketSettings(
        sparsity=0.84, rounds=2, epochs=5, rewind_epochs=1, skip=("conv",), learning_rate=3e-3
    )
    with tensorflow_noise_to(None):
        ticket = lottery_ticket(given, settings, watched)
    assert len(watched.found) == 4
    assert heard == sorted(heard)
    early, dense = watched.left[0], watched.left[1]
    for name, kernel in all_of(given).items():
        assert not np.array_equal(kernel, watched.found[0][name]), "the weights were not drawn anew"
        np.testing.assert_array_equal(watched.found[1][name], early[name])
    for name in ("pointwise", "hidden", "digit"):
        trained = dense[name]
        for found, left, share in zip(watched.found[2:], watched.left[2:], (0.6, 0.84), strict=True):
            used = found[name] != 0
            assert np.mean(~used) == pytest.approx(share, abs=0.01)
            # What is left has its early weights, and is what was largest in the end.
            np.testing.assert_array_equal(found[name][used], early[name][used])
            assert np.abs(trained[used]).min() >= np.abs(trained[~used]).max()
            assert not np.any(left[name][~used])
            assert not np.array_equal(left[name], found[name])
            trained = left[name]
    assert np.mean(np.asarray(all_of(ticket)["conv"]) == 0) == 0
    assert accuracy(ticket, digits) > 0.85
    _, graph = int8_of(ticket, digits, tmp_path)
    shares = [float(np.mean(kernel == 0)) for kernel in kernels(graph)["FULLY_CONNECTED"]]
    assert all(share >= 0.83 for share in shares), shares


def test_a_sparsity_that_leaves_nothing_is_refused(digits: DataSet) -> None:
    given = image_network(digits, 1)
    settings = LotteryTicketSettings(sparsity=0.9999, rounds=1, epochs=1, rewind_epochs=0, layers=("conv",))
    with tensorflow_noise_to(None), pytest.raises(ModelError, match="leaves no weight"):
        lottery_ticket(given, settings, StepContext(digits, 3, silent))
