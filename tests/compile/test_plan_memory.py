"""The arena: nothing that lives at the same time overlaps, and chains reach the bound."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.host_runner import compile_model
from tests.random_networks import random_network
from toolchain.compile.plan_memory import ALIGNMENT, Block, align, lower_bound, plan_memory
from toolchain.vocabulary.program import ArenaBuffer, BufferRef, Layer, StateRef

blocks = st.lists(
    st.builds(
        lambda size, first, span: Block(size, first, first + span),
        st.integers(1, 5000),
        st.integers(0, 12),
        st.integers(0, 6),
    ),
    max_size=14,
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(blocks)
def test_no_two_blocks_overlap_while_both_are_needed(given_blocks: list[Block]) -> None:
    plan = plan_memory(given_blocks)
    for i, a in enumerate(given_blocks):
        assert plan.offsets[i] % ALIGNMENT == 0
        assert plan.offsets[i] + a.bytes <= plan.arena_bytes
        for j, b in enumerate(given_blocks[:i]):
            if a.first <= b.last and b.first <= a.last:
                apart = (
                    plan.offsets[i] + a.bytes <= plan.offsets[j]
                    or plan.offsets[j] + b.bytes <= plan.offsets[i]
                )
                assert apart, (a, b)
    assert plan.arena_bytes >= plan.lower_bound_bytes == lower_bound(given_blocks)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(1, 5000), st.integers(0, 900)), min_size=1, max_size=40))
def test_a_chain_with_scratch_reaches_the_lower_bound(layers: list[tuple[int, int]]) -> None:
    chain = [Block(size, number, number + 1) for number, (size, _) in enumerate(layers)]
    chain += [Block(scratch, number, number) for number, (_, scratch) in enumerate(layers) if scratch]
    plan = plan_memory(chain)
    assert plan.arena_bytes == plan.lower_bound_bytes


def test_the_lower_bound_is_the_most_that_one_layer_needs() -> None:
    assert lower_bound([Block(16, 0, 1), Block(33, 1, 2), Block(100, 2, 2)]) == 48 + 112
    assert lower_bound([]) == 0
    assert align(1) == 16


def test_the_memory_map_says_what_the_calls_use() -> None:
    for seed in range(40):
        program = compile_model(random_network(seed, 6))
        for layer in program.layers:
            live = [b for b in program.arena if b.first_layer <= layer.index <= b.last_layer]
            for call in layer.calls:
                for argument in call.arguments:
                    if isinstance(argument, BufferRef):
                        assert any(b.offset <= argument.offset < b.offset + b.bytes for b in live)
            assert max(b.offset + b.bytes for b in live) <= program.arena_bytes


def test_outputs_of_the_model_are_never_overwritten() -> None:
    """Seed 4's network adds in place to a tensor that is an output too; it must not."""
    for seed in range(200):
        program = compile_model(random_network(seed, 5))
        where = {b.tensor: b for b in program.arena if b.tensor is not None}
        for port in program.outputs:
            made = next(
                (n for n, layer in enumerate(program.layers) if port.tensor in layer.output_tensors), -1
            )
            for layer in program.layers[made + 1 :]:
                for start, size in _written(layer, where):
                    apart = port.offset + port.bytes <= start or start + size <= port.offset
                    assert apart, (seed, port.name)


def _written(layer: Layer, where: dict[int, ArenaBuffer]) -> list[tuple[int, int]]:
    """Where a layer writes, and how many bytes: its outputs, or of a put together one what is copied."""
    found = []
    for call in layer.calls:
        target = call.arguments[-1]
        if isinstance(target, StateRef):
            continue
        if call.kernel == "copy_s8" and call.parameters["extent"] == (1, 1, 1, 1):
            run = call.parameters["run"]
            assert isinstance(target, BufferRef)
            assert isinstance(run, int)
            found.append((target.offset, run))
        else:
            found += [(where[t].offset, where[t].bytes) for t in layer.output_tensors]
    return found
