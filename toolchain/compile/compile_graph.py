"""The compiler from end to end: passes, refusals, lowering, memory, and the finished Program."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from toolchain.compile.core_features import Target, core_features
from toolchain.compile.kernel_choice import Choice, choose_all
from toolchain.compile.layer_view import LayerView
from toolchain.compile.lowering import ConstantPool, Lowering, PendingCall, ScratchPlace, TensorPlace
from toolchain.compile.operators.table import OPERATORS
from toolchain.compile.operators.without_reference import WITHOUT_REFERENCE
from toolchain.compile.passes.drop_unread_operators import drop_unread_operators
from toolchain.compile.passes.order import PASSES, GraphPass
from toolchain.compile.passes.remove_channels import remove_channels
from toolchain.compile.plan_regions import Room
from toolchain.compile.rules import first_refusal
from toolchain.compile.state import State, lay_out_state
from toolchain.compile.storage import Arena, lay_out
from toolchain.errors import ConfigError, UnsupportedError
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.graph import Graph, KeptChannels, Tensor
from toolchain.vocabulary.program import (
    Address,
    BufferRef,
    ConstantRef,
    KernelCall,
    Layer,
    Program,
    TensorPort,
)
from toolchain.vocabulary.settings import DEFAULT_OPTIMISE_FOR, OptimiseFor

OPTIMISATION_GOALS: tuple[str, ...] = get_args(OptimiseFor)
_SHOWN_REFUSALS = 3
FIRMWARE_BYTES = 2048
"""RAM that the firmware takes at most beside arena, state, copies of input and output, and stack."""
_PORT_TYPES = ("INT8", "UINT8", "INT16", "FLOAT32")
_C_TYPES = {"INT8": "int8_t", "INT16": "int16_t", "INT32": "int32_t"}


def compile_graph(
    graph: Graph,
    board: Board,
    *,
    prefix: str,
    optimise_for: str = DEFAULT_OPTIMISE_FOR,
    flash_for_speed: int = 0,
    passes: Sequence[GraphPass] = PASSES,
) -> Program:
    """Compile `graph` for `board`; every C symbol will start with `prefix`.

    The program computes, byte for byte, what TensorFlow Lite Micro computes.  Kernels are chosen layer by
    layer, by the board's core and the goal `optimise_for` ("ram", "size" or "speed").  `passes` change the
    graph first, and no byte of any output; without `remove_channels`, every weight is computed, zeros too.

    Raises:
        UnsupportedError: layers that cannot be compiled, all found in one pass, the first few named.
        DoesNotFitError: the board has several memories, and the arena fits in no combination of them.
        ConfigError: `prefix` is no C identifier in lower case, or an unknown goal.
    """
    _check_settings(prefix, optimise_for)
    given = whole = graph
    for graph_pass in passes:
        graph = graph_pass(graph)
        whole = whole if _kept(graph) else graph
    _refuse_unsupported(graph, board, _unread(given))
    pool = ConstantPool()
    every_weight = remove_channels not in passes
    target = Target(core_features(board), optimise_for, flash_for_speed, every_weight)
    choices = choose_all([(OPERATORS[op.name], LayerView(graph, op)) for op in graph.operators], target, pool)
    lowerings = [choice.lowering for choice in choices]
    state = lay_out_state(graph, pool)
    arena = lay_out(graph, lowerings, _rooms(graph, board, state))
    places = _Places(graph, arena, state, pool)
    layers = tuple(_layer(number, choice, places) for number, choice in enumerate(choices))
    return Program(
        prefix=prefix,
        model_name=graph.name,
        model_sha256=graph.sha256,
        layers=layers,
        constants=tuple(pool.constants),
        arena=arena.buffers,
        arena_bytes=arena.bytes,
        arena_lower_bound_bytes=arena.lower_bound_bytes,
        inputs=tuple(_port(graph.tensors[i], arena) for i in graph.inputs),
        outputs=tuple(_port(graph.tensors[i], arena) for i in graph.outputs),
        optimise_for=optimise_for,
        initial_state=state.initial,
        state=state.buffers,
        regions=arena.regions,
        model_macs=sum(lowering.macs for lowering in (lowerings if graph is whole else _lowered(whole))),
        kept=_kept(graph),
    )


def _kept(graph: Graph) -> tuple[KeptChannels, ...]:
    return tuple(tensor.kept for tensor in graph.tensors if tensor.kept is not None)


def _lowered(graph: Graph) -> list[Lowering]:
    """The layers in their portable forms, with constants of their own."""
    pool = ConstantPool()
    return [OPERATORS[op.name].lower(LayerView(graph, op), pool) for op in graph.operators]


def _rooms(graph: Graph, board: Board, state: State) -> list[Room]:
    """What the board's memories have for the arena, best first: the main one without what else lies there."""
    ports = sum(graph.tensors[i].bytes for i in (*graph.inputs, *graph.outputs))
    layer_times = 8 * len(graph.operators)
    elsewhere = board.memory.stack_bytes + int(state.initial.nbytes) + ports + layer_times + FIRMWARE_BYTES
    return [
        Room(r.name, max(0, r.bytes - elsewhere) if r == board.memory.main_region else r.bytes)
        for r in board.memory.regions
    ]


def _check_settings(prefix: str, optimise_for: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", prefix) or prefix.startswith("chipcast"):
        raise ConfigError(
            f"The prefix {prefix!r} cannot start the names of C symbols.",
            "Use lower-case letters, digits and underscores, a letter first; `chipcast` is taken.",
        )
    if optimise_for not in OPTIMISATION_GOALS:
        raise ConfigError(
            f"optimise_for = {optimise_for!r} is unknown.", f"Choose one of {', '.join(OPTIMISATION_GOALS)}."
        )


def _unread(graph: Graph) -> list[LayerView]:
    """Operators whose results nobody reads: the reference runs them too, so they have to be sound."""
    kept = {operator.index for operator in drop_unread_operators(graph).operators}
    return [LayerView(graph, operator) for operator in graph.operators if operator.index not in kept]


def _refuse_unsupported(graph: Graph, board: Board, unread: Sequence[LayerView]) -> None:
    refusals = [
        reason for reason in (_port_refusal(graph, i) for i in (*graph.inputs, *graph.outputs)) if reason
    ]
    for layer in (*unread, *(LayerView(graph, operator) for operator in graph.operators)):
        operator = layer.operator
        support = OPERATORS.get(operator.name)
        unknown = WITHOUT_REFERENCE.get(operator.name, "the operator is not supported")
        reason = unknown if support is None else first_refusal(support, layer) or _too_wide(layer, board)
        if reason is not None:
            refusals.append(f"layer {layer.name!r} ({operator.name}): {reason}")
    if not graph.inputs or not graph.outputs:
        refusals.append("the model has no input or no output")
    if refusals:
        more = len(refusals) - _SHOWN_REFUSALS
        shown = "; ".join(refusals[:_SHOWN_REFUSALS]) + (f"; and {more} more" if more > 0 else "")
        raise UnsupportedError(
            f"{graph.name!r} cannot be compiled for {board.id} ({len(refusals)} "
            f"reason{'s' if len(refusals) > 1 else ''}): {shown}.",
            "Change these layers; docs/operators.md lists what is supported.",
        )


def _too_wide(layer: LayerView, board: Board) -> str | None:
    """The kernels for 16-bit activations count on an int of 32 bits, as every core but AVR has it."""
    tensors = (layer.graph.tensors[i] for i in (*layer.operator.inputs, *layer.operator.outputs) if i >= 0)
    if board.core.startswith("avr") and any(tensor.dtype == "INT16" for tensor in tensors):
        return "16-bit values are not supported on AVR, whose int has 16 bits"
    return None


def _port_refusal(graph: Graph, index: int) -> str | None:
    """Inputs and outputs of the model are 8 or 16 bits or float32, outputs int32 too; made at run time."""
    tensor = graph.tensors[index]
    types = _PORT_TYPES if index in graph.inputs else (*_PORT_TYPES, "INT32")
    if tensor.dtype not in types:
        return f"{tensor.name!r}, an input or output of the model, is {tensor.dtype}"
    if tensor.is_constant or tensor.is_variable:
        return f"{tensor.name!r}, an output of the model, is not computed"
    return f"{tensor.name!r}, an input or output of the model, is empty" if tensor.elements == 0 else None


@dataclass(frozen=True, slots=True, eq=False)
class _Places:
    """Where every tensor lies: in the arena, in the state area or, a constant, in flash."""

    graph: Graph
    arena: Arena
    state: State
    pool: ConstantPool

    def of_tensor(self, place: TensorPlace) -> Address:
        lives_on = self.state.address(place)
        if lives_on is not None:
            return lives_on
        tensor = self.graph.tensors[place.tensor]
        if tensor.data is None:
            start = self.arena.tensors[tensor.index]
            return BufferRef(start.offset + place.offset, place.c_type, start.region)
        c_type, symbol, data = _C_TYPES[tensor.dtype], f"{tensor.index}_constant", tensor.data
        if (c_type, place.c_type) == ("int16_t", "int8_t"):
            # A kernel that moves bytes, low ones first as every target has them.
            c_type, data = place.c_type, np.ascontiguousarray(data).reshape(-1).view(np.int8)
        return self.pool.add(symbol, c_type, data, role="weights", comment=tensor.name)


def _layer(number: int, choice: Choice, places: _Places) -> Layer:
    operator, lowering = places.graph.operators[number], choice.lowering
    scratch = places.arena.scratch[number] or BufferRef(0)
    return Layer(
        index=number,
        name=LayerView(places.graph, operator).name,
        operator=operator.name,
        calls=tuple(
            _call(call, scratch, places) for call in lowering.calls if call.copies not in places.arena.joined
        ),
        macs=lowering.macs,
        output_tensors=operator.outputs,
        comment=lowering.comment,
        form=choice.form,
        why=choice.why,
    )


def _call(call: PendingCall, scratch: BufferRef, places: _Places) -> KernelCall:
    def address(place: TensorPlace | ScratchPlace | ConstantRef | int) -> Address | int:
        if isinstance(place, TensorPlace):
            return places.of_tensor(place)
        if isinstance(place, ScratchPlace):
            return BufferRef(scratch.offset + place.offset, place.c_type, scratch.region)
        return place

    return KernelCall(
        kernel=call.kernel,
        function=f"chipcast_{call.kernel}",
        parameter_type=f"chipcast_{call.kernel}_params",
        parameters=call.parameters,
        arguments=tuple(address(place) for place in call.arguments),
    )


def _port(tensor: Tensor, arena: Arena) -> TensorPort:
    return TensorPort(
        name=tensor.name,
        tensor=tensor.index,
        offset=arena.tensors[tensor.index].offset,
        shape=tensor.shape,
        dtype=tensor.dtype,
        bytes=tensor.bytes,
        quantisation=tensor.quantisation,
        region=arena.tensors[tensor.index].region,
    )


def operator_rules() -> Sequence[tuple[str, tuple[str, ...]]]:
    """Every supported operator with its rules in words, for the documentation."""
    return [
        (name, tuple(" ".join((rule.__doc__ or "").split()) for rule in support.rules))
        for name, support in sorted(OPERATORS.items())
    ]
