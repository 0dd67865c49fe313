"""Lottery tickets: a sparse network that is trained from its own early weights, not from its last ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from toolchain.errors import ModelError
from toolchain.optimise.chosen_layers import chosen_layers
from toolchain.optimise.graph_edit import refuse_nested
from toolchain.optimise.parts_of_progress import part_of
from toolchain.optimise.qat import refuse_quantised
from toolchain.optimise.sparsity import kernels_of
from toolchain.optimise.step_context import StepContext
from toolchain.tensorflow_import import import_stack
from toolchain.vocabulary.steps.lottery_ticket import LotteryTicketSettings


def lottery_ticket(network: Any, settings: LotteryTicketSettings, context: StepContext) -> Any:
    """A new `tf_keras` model of the same layers, `settings.sparsity` of each chosen kernel at zero.

    Weights of `network` are not used, and it is left as it is.  In each round the weights that were smallest
    at the end of training become zero, the others go back to where they were early on, and training begins
    again; training keeps the zeros (`keep_structure`).

    Raises:
        DataError, ModelError: it cannot be trained on this data, see `StepContext.fit`.
        ModelError: no layer can be pruned.
    """
    context.task(network, settings.step)
    refuse_nested(network, settings.step)
    refuse_quantised(network, settings.step)
    able = [str(layer.name) for layer in network.layers if kernels_of(layer)]
    chosen = chosen_layers(able, settings.layers, settings.skip, settings.step)
    tf_keras = import_stack("tf_keras")
    tf_keras.utils.set_random_seed(context.seed)
    ticket = tf_keras.models.clone_model(network)
    trainings = settings.rounds + 2
    if settings.rewind_epochs:
        early = settings.model_copy(update={"epochs": settings.rewind_epochs})
        with part_of(context, 0, trainings):
            context.fit(ticket, early, words="lottery_ticket, early weights")
    remembered = ticket.get_weights()
    with part_of(context, 1, trainings):
        context.fit(ticket, settings, words="lottery_ticket, dense")
    for number in range(1, settings.rounds + 1):
        # Each round removes the same share of what is left.
        sparsity = 1.0 - (1.0 - settings.sparsity) ** (number / settings.rounds)
        _rewind(ticket, chosen, sparsity, remembered)
        with part_of(context, number + 1, trainings):
            context.fit(ticket, settings, words=f"lottery_ticket, round {number} of {settings.rounds}")
    return ticket


def _rewind(ticket: Any, chosen: list[str], sparsity: float, remembered: list[Any]) -> None:
    """Zero for the smallest weights of each chosen kernel as it stands; early weights for all others."""
    masks = [
        (kernel, _largest(np.asarray(kernel), sparsity))
        for name in chosen
        for kernel in kernels_of(ticket.get_layer(name))
    ]
    ticket.set_weights(remembered)
    for kernel, mask in masks:
        kernel.assign(np.where(mask, np.asarray(kernel), np.float32(0.0)))
        if not mask.any():
            raise ModelError(
                f"A sparsity of {sparsity:.3f} leaves no weight in a layer.", "Ask for less sparsity."
            )


def _largest(kernel: npt.NDArray[np.float32], sparsity: float) -> npt.NDArray[np.bool_]:
    """Which weights are among the largest `1 - sparsity` by magnitude; of equal ones, the first."""
    zeros = round(sparsity * kernel.size)
    order = np.argsort(np.abs(kernel), axis=None, kind="stable")
    mask = np.ones(kernel.size, np.bool_)
    mask[order[:zeros]] = False
    return mask.reshape(kernel.shape)
