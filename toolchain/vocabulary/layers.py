"""What later rooms need to know of a compiled program, small enough to be kept beside the firmware."""

from __future__ import annotations

from dataclasses import dataclass

from toolchain.vocabulary.engine import DEFAULT_ENGINE, Engine
from toolchain.vocabulary.graph import KeptChannels
from toolchain.vocabulary.program import PORTABLE, ArenaBuffer, ArenaRegion, Program, TensorPort


@dataclass(frozen=True, slots=True)
class LayerFacts:
    """A layer's name, its TFLite operator and its multiply-accumulates.

    `outputs` are the model file's indices of the tensors it leaves in the arena, in order; `form` and `why`
    the way it is computed and what that rests on.  `inputs` are the tensors it reads, where an interpreter
    plans the arena; else the memory map says until when a tensor is read.
    """

    name: str
    op: str
    macs: int
    outputs: tuple[int, ...] = ()
    form: str = PORTABLE
    why: str = ""
    inputs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProgramFacts:
    """The compiled model without its constants: ports, layers, bytes.

    `buffers` is the memory map of the arena, `regions` what of it lies in which memory where there are
    several; `state_bytes` what variables take beside it.
    `kept` says of the tensors that lost channels which they have left: what the layers dump, and what `macs`
    counts, is less than in the model file then (`model_macs`).  Where the `engine` interprets the model,
    there is no memory map, and variables lie in the arena.
    """

    model_sha256: str
    optimise_for: str
    arena_bytes: int
    arena_lower_bound_bytes: int
    macs: int
    inputs: tuple[TensorPort, ...]
    outputs: tuple[TensorPort, ...]
    layers: tuple[LayerFacts, ...]
    buffers: tuple[ArenaBuffer, ...]
    state_bytes: int
    regions: tuple[ArenaRegion, ...] = ()
    model_macs: int = 0
    kept: tuple[KeptChannels, ...] = ()
    engine: Engine = DEFAULT_ENGINE


def facts_of(program: Program) -> ProgramFacts:
    """The facts of `program`."""
    interpreted = program.interpreted
    placed = {buffer.tensor for buffer in program.arena}
    if interpreted is not None:
        placed = {output.tensor for output in interpreted.outputs}
    return ProgramFacts(
        model_sha256=program.model_sha256,
        optimise_for=program.optimise_for,
        arena_bytes=program.arena_bytes,
        arena_lower_bound_bytes=program.arena_lower_bound_bytes,
        macs=program.macs,
        inputs=program.inputs,
        outputs=program.outputs,
        layers=tuple(
            LayerFacts(
                layer.name,
                layer.operator,
                layer.macs,
                tuple(tensor for tensor in layer.output_tensors if tensor in placed),
                layer.form,
                layer.why,
                interpreted.inputs[layer.index] if interpreted is not None else (),
            )
            for layer in program.layers
        ),
        buffers=program.arena,
        state_bytes=int(program.initial_state.nbytes),
        regions=program.regions,
        model_macs=program.model_macs,
        kept=program.kept,
        engine=program.engine,
    )
