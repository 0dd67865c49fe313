"""When the state of a model is put back to its initial values: decided from the model, or as it was said."""

from __future__ import annotations

from collections.abc import Set

from toolchain.vocabulary.layers import ProgramFacts
from toolchain.vocabulary.measurement import StateReset
from toolchain.vocabulary.settings import ResetState

_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
# What a model has that is meant to be fed one piece of a stream at a time: memory by design.
_OF_A_STREAM = frozenset({"SVDF", "READ_VARIABLE", "ASSIGN_VARIABLE"})


def state_reset_of(program: ProgramFacts, wanted: ResetState) -> StateReset | None:
    """When to reset; None for a model without state.

    A Keras LSTM that is not `stateful` begins every sample at zero.  Converted, it keeps its state from one
    inference to the next, in TensorFlow Lite Micro too: without a reset before each sample, its outputs hang
    on the samples before.  A model with resource variables or SVDF is made to be fed piece by piece: it is
    reset before each round through the data alone.
    """
    operators = {layer.op for layer in program.layers}
    return state_reset_for(operators, wanted, has_state=program.state_bytes > 0)


def state_reset_for(operators: Set[str], wanted: ResetState, *, has_state: bool) -> StateReset | None:
    """The same from the names of the model's operators alone."""
    if not has_state:
        return None
    if wanted != "auto":
        return StateReset(wanted)
    is_stream = _LSTM not in operators or bool(operators & _OF_A_STREAM)
    return StateReset.NEVER if is_stream else StateReset.EACH_SAMPLE
