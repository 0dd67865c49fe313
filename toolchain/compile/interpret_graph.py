"""A model for TensorFlow Lite Micro's interpreter: what to register, what to tell the firmware about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from toolchain.compile.tflm_operators import INT8_REGISTRATIONS, RESOLVER_METHODS
from toolchain.errors import UnsupportedError
from toolchain.vocabulary.engine import TflmLibrary
from toolchain.vocabulary.graph import Graph, Operator, Tensor
from toolchain.vocabulary.program import Interpreted, Layer, LayerOutput, Program, Registration, TensorPort
from toolchain.vocabulary.settings import OptimiseFor

FORM = "interpreted"
_PORT_TYPES = ("INT8", "UINT8", "INT16", "INT32", "FLOAT32")
_SHOWN_REFUSALS = 3


def interpret_graph(
    graph: Graph,
    macs: Sequence[int | None],
    library: TflmLibrary,
    *,
    prefix: str,
    arena_bytes: int,
    optimise_for: OptimiseFor,
) -> Program:
    """The program that runs `graph` in an arena of `arena_bytes`.

    `macs` are its operators', None where they are not known.

    Raises:
        UnsupportedError: an operator that the interpreter has no method for, by name, or an input or output
            of a type that the firmware cannot carry.
    """
    _refuse_unsupported(graph)
    known = [count or 0 for count in macs]
    return Program(
        prefix=prefix,
        model_name=graph.name,
        model_sha256=graph.sha256,
        layers=tuple(_layer(graph, op, count) for op, count in zip(graph.operators, known, strict=True)),
        constants=(),
        arena=(),
        arena_bytes=arena_bytes,
        arena_lower_bound_bytes=_most_live_bytes(graph),
        inputs=tuple(_port(graph.tensors[index]) for index in graph.inputs),
        outputs=tuple(_port(graph.tensors[index]) for index in graph.outputs),
        optimise_for=optimise_for,
        initial_state=np.zeros(_state_bytes(graph), np.int8),
        model_macs=sum(known),
        interpreted=Interpreted(
            registrations=_registrations(graph),
            inputs=tuple(tuple(t.index for t in _computed(graph, op.inputs)) for op in graph.operators),
            outputs=tuple(
                LayerOutput(number, tensor.index, tensor.bytes)
                for number, operator in enumerate(graph.operators)
                for tensor in _computed(graph, operator.outputs)
            ),
            resource_variables=len(_handles(graph)),
            library=library,
        ),
    )


def _refuse_unsupported(graph: Graph) -> None:
    refusals = [
        f"layer {_name(each, operator)!r}: TensorFlow Lite Micro has no {operator.name}"
        for each in _graphs(graph)
        for operator in each.operators
        if operator.name not in RESOLVER_METHODS
    ]
    for tensor in (graph.tensors[index] for index in (*graph.inputs, *graph.outputs)):
        if tensor.dtype not in _PORT_TYPES:
            refusals.append(f"{tensor.name!r}, an input or output of the model, is {tensor.dtype}")
        elif tensor.is_constant or tensor.is_variable or tensor.elements == 0:
            refusals.append(f"{tensor.name!r}, an input or output of the model, is empty or not computed")
    if not graph.inputs or not graph.outputs or not graph.operators:
        refusals.append("the model has no input, no output or no operator")
    if refusals:
        more = len(refusals) - _SHOWN_REFUSALS
        raise UnsupportedError(
            f"The engine tflm cannot run {graph.name!r}: {'; '.join(refusals[:_SHOWN_REFUSALS])}"
            + (f"; and {more} more." if more > 0 else "."),
            "Change these layers.",
        )


def _graphs(graph: Graph) -> Iterator[Graph]:
    """The graph and those that its operators call."""
    yield graph
    yield from graph.subgraphs.values()


def _registrations(graph: Graph) -> tuple[Registration, ...]:
    """One for each kind of operator, sorted; for int8 alone where all of that kind are."""
    uses: dict[str, list[bool]] = {}
    for each in _graphs(graph):
        for operator in each.operators:
            uses.setdefault(operator.name, []).append(_is_int8(each, operator))
    return tuple(
        Registration(RESOLVER_METHODS[name], name if name in INT8_REGISTRATIONS and all(found) else None)
        for name, found in sorted(uses.items())
    )


def _is_int8(graph: Graph, operator: Operator) -> bool:
    """Whether all that is computed is int8, and weights too; biases and shapes are int32 then."""
    tensors = [graph.tensors[i] for i in (*operator.inputs, *operator.outputs) if i >= 0]
    return all(t.dtype == "INT8" or (t.is_constant and t.dtype == "INT32") for t in tensors)


def _layer(graph: Graph, operator: Operator, macs: int) -> Layer:
    return Layer(
        index=operator.index,
        name=_name(graph, operator),
        operator=operator.name,
        calls=(),
        macs=macs,
        output_tensors=operator.outputs,
        form=FORM,
    )


def _name(graph: Graph, operator: Operator) -> str:
    return graph.tensors[operator.outputs[0]].name if operator.outputs else operator.name


def _computed(graph: Graph, indices: Sequence[int]) -> Iterator[Tensor]:
    """Those of the tensors that lie in the arena for the layers between which they are needed."""
    for index in indices:
        if index >= 0:
            tensor = graph.tensors[index]
            if not tensor.is_constant and not tensor.is_variable and tensor.bytes:
                yield tensor


def _most_live_bytes(graph: Graph) -> int:
    """The most that is needed at once, by any operator: no plan of these tensors is smaller."""
    last = {t.index: number for number, op in enumerate(graph.operators) for t in _computed(graph, op.inputs)}
    last |= dict.fromkeys(graph.outputs, len(graph.operators))
    live = {tensor.index: tensor.bytes for tensor in _computed(graph, graph.inputs)}
    most = sum(live.values())
    for number, operator in enumerate(graph.operators):
        live |= {tensor.index: tensor.bytes for tensor in _computed(graph, operator.outputs)}
        most = max(most, sum(live.values()))
        live = {index: size for index, size in live.items() if last.get(index, -1) > number}
    return most


def _handles(graph: Graph) -> set[tuple[object, object]]:
    """The resource variables, by their names."""
    return {
        (operator.options.get("container"), operator.options.get("shared_name"))
        for each in _graphs(graph)
        for operator in each.operators
        if operator.name == "VAR_HANDLE"
    }


def _state_bytes(graph: Graph) -> int:
    """Bytes that live from one inference to the next: variable tensors, and what resource variables hold."""
    names = {
        operator.outputs[0]: (operator.options.get("container"), operator.options.get("shared_name"))
        for operator in graph.operators
        if operator.name == "VAR_HANDLE"
    }
    held = {
        names.get(operator.inputs[0]): graph.tensors[operator.outputs[0]].bytes
        for operator in graph.operators
        if operator.name == "READ_VARIABLE"
    }
    return sum(tensor.bytes for tensor in graph.tensors if tensor.is_variable) + sum(held.values())


def _port(tensor: Tensor) -> TensorPort:
    """Where it lies is the interpreter's affair."""
    return TensorPort(
        name=tensor.name,
        tensor=tensor.index,
        offset=0,
        shape=tensor.shape,
        dtype=tensor.dtype,
        bytes=tensor.bytes,
        quantisation=tensor.quantisation,
    )
