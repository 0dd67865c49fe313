"""An arena over several memories: nothing overlaps, nothing overflows, one memory is as it always was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.host_runner import HOST, compile_model, differences, random_inputs, run_programs
from tests.random_networks import random_network
from toolchain.compile import compile_graph
from toolchain.compile.compile_graph import FIRMWARE_BYTES
from toolchain.compile.plan_memory import ALIGNMENT, Block, plan_memory
from toolchain.compile.plan_regions import Room, spread
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DoesNotFitError
from toolchain.vocabulary.board import Board, Memory, Region
from toolchain.vocabulary.program import Program

_blocks = st.lists(
    st.builds(
        lambda size, first, span: Block(size, first, first + span),
        st.integers(1, 3000),
        st.integers(0, 10),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=12,
)
_rooms = st.lists(st.integers(0, 9000), min_size=1, max_size=4)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(_blocks, _rooms, st.data())
def test_nothing_overlaps_and_no_memory_overflows(
    blocks: list[Block], sizes: list[int], data: st.DataObject
) -> None:
    rooms = [Room(f"r{number}", size) for number, size in enumerate(sizes)]
    uses = [data.draw(st.integers(0, 100_000)) for _ in blocks]
    whole = plan_memory(blocks)
    try:
        found = spread(blocks, uses, rooms, whole)
    except DoesNotFitError:
        # Never where one memory alone would do, nor where everything could lie side by side in one.
        assert all(sum(block.aligned_bytes for block in blocks) > room.bytes for room in rooms)
        assert whole.arena_bytes > rooms[0].bytes
        return
    if whole.arena_bytes <= rooms[0].bytes:
        assert (found.rooms, found.offsets) == ((0,) * len(blocks), whole.offsets)
    for number, room in enumerate(rooms):
        ends = [
            found.offsets[i] + block.aligned_bytes
            for i, block in enumerate(blocks)
            if found.rooms[i] == number
        ]
        assert found.used[number] == max(ends, default=0) <= room.bytes
    for i, a in enumerate(blocks):
        assert found.offsets[i] % ALIGNMENT == 0
        for j, b in enumerate(blocks[:i]):
            if found.rooms[i] == found.rooms[j] and a.first <= b.last and b.first <= a.last:
                assert (
                    found.offsets[i] + a.bytes <= found.offsets[j]
                    or found.offsets[j] + b.bytes <= found.offsets[i]
                )


def test_what_is_used_most_a_byte_lies_in_the_best_memory() -> None:
    blocks = [Block(1000, 0, 2), Block(1000, 0, 2), Block(100, 0, 2)]
    rooms = [Room("fast", 1200), Room("slow", 10_000)]
    found = spread(blocks, [1000, 50_000, 90_000], rooms, plan_memory(blocks))
    assert found.rooms == (1, 0, 0)
    assert found.used == (1008 + 112, 1008)


def test_what_fits_nowhere_is_refused_in_one_sentence() -> None:
    blocks = [Block(3000, 0, 1), Block(3000, 1, 2)]
    with pytest.raises(DoesNotFitError) as caught:
        spread(blocks, [1, 1], [Room("dtcm", 2000), Room("sram", 4000)], plan_memory(blocks))
    assert "\n" not in caught.value.problem
    assert "6,016 bytes at once" in caught.value.problem
    assert "2,000 of dtcm, the 4,000 of sram" in caught.value.problem


def board_with(*regions: tuple[str, int]) -> Board:
    """The first region is the main one, too."""
    listed, origin = [], 0x2000_0000
    for name, size in regions:
        listed.append(Region(name=name, origin=origin, bytes=size, speed="as the test has it"))
        origin += 0x100_0000
    memory = Memory(
        flash_bytes=2**20,
        ram_origin=listed[0].origin,
        ram_bytes=listed[0].bytes,
        stack_bytes=1024,
        regions=listed,
    )
    return HOST.model_copy(update={"memory": memory})


def _both(model: bytes, prefix: str, rest: int) -> tuple[Program, Program]:
    """The program in one piece, and with `rest` bytes for the arena in the main memory."""
    one = compile_model(model, prefix)
    ports = sum(port.bytes for port in (*one.inputs, *one.outputs))
    graph = read_graph(model, "test")
    main = 1024 + FIRMWARE_BYTES + 8 * len(one.layers) + ports + int(one.initial_state.nbytes) + rest
    board = board_with(("sram", main), ("slow", 2**20))
    return one, compile_graph(graph, board, prefix=prefix)


def test_networks_over_two_memories_give_the_oracles_bytes(tmp_path: Path) -> None:
    """The C of both, compiled and run: the linker of this computer puts the sections anywhere."""
    models = [random_network(seed, 2 + seed % 6) for seed in range(22_000_000, 22_000_040)]
    spread_over = 0
    programs = []
    for number, model in enumerate(models):
        one, two = _both(model, f"m{number}", 0)
        half = _both(model, f"m{number}", one.arena_bytes // 2 // 16 * 16)[1]
        chosen = half if len(half.regions) == 2 else two
        spread_over += len(chosen.regions) == 2
        assert chosen.arena_bytes == sum(region.bytes for region in chosen.regions)
        programs.append(chosen)
    assert spread_over > len(models) // 4
    inputs = [random_inputs(program, 2, seed) for seed, program in enumerate(programs)]
    results = run_programs(programs, inputs, tmp_path, model_flag="-O0")
    for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
        assert differences(model, program, rows, result) == []


def test_with_room_enough_in_the_first_memory_the_plan_is_that_of_one() -> None:
    for seed in range(30):
        one, two = _both(random_network(seed, 5), "model", 10**6)
        assert [r.name for r in two.regions] == ["sram"]
        assert two.arena_bytes == one.arena_bytes
        assert [dataclasses.replace(b, region="") for b in two.arena] == list(one.arena)
