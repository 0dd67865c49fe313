"""Parts: tensors that lie in another's memory, exact, never unsafe, and never for more memory than copies."""

from __future__ import annotations

import dataclasses
import importlib
import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import HOST, compile_model, differences, random_inputs, run_programs
from tests.operators.moving import moving_network
from toolchain.compile import compile_graph, storage
from toolchain.compile.lowering import Lowering, Part, PendingCall
from toolchain.compile.plan_memory import Block, Span, plan_memory
from toolchain.compile.plan_regions import Room
from toolchain.compile.sharing import share
from toolchain.convert.read_tflite import read_graph
from toolchain.vocabulary.graph import Graph
from toolchain.vocabulary.program import ArenaBuffer, Program

Values = dict[int, bytes]
NETWORKS = 120
LAYERS = 12


def places(program: Program) -> dict[int, ArenaBuffer]:
    return {b.tensor: b for b in program.arena if b.tensor is not None}


def calls(program: Program) -> dict[str, int]:
    """Kernel calls of each layer, by its first output's name."""
    return {layer.name: len(layer.calls) for layer in program.layers}


class Model(ModelBuilder):
    """Tensors of one quantisation, named after what makes them."""

    def made(self, operator: str, inputs: Sequence[int], shape: tuple[int, ...], **options: object) -> int:
        output = self.tensor(shape, "INT8", 0.5, 3, name=f"{operator} {len(self.tensors)}")
        self.operator(operator, inputs, [output], **options)
        return output

    def given(self, shape: tuple[int, ...], data: object = None) -> int:
        values = None if data is None else np.full(shape, data)
        return self.tensor(shape, "INT8", 0.5, 3, name=f"given {len(self.tensors)}", data=values)


def exact(models: Sequence[bytes], folder: Path) -> list[Program]:
    """The programs, once every tensor has been compared with the oracle."""
    programs = [compile_model(model, f"m{number}") for number, model in enumerate(models)]
    inputs = [random_inputs(program, 3, seed) for seed, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder)
    for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
        assert differences(model, program, rows, result) == []
    return programs


def test_inputs_of_a_concatenation_are_computed_in_their_place(tmp_path: Path) -> None:
    model = Model()
    a, b = model.given((1, 5, 3)), model.given((1, 7, 3))
    parts = [model.made("RELU", [a], (1, 5, 3)), model.made("RELU", [b], (1, 7, 3))]
    joined = model.made("CONCATENATION", parts, (1, 12, 3), Axis=1)
    after = model.made("RELU", [joined], (1, 12, 3))
    [program] = exact([model.build([a, b], [after])], tmp_path)
    place = places(program)
    assert calls(program)[model.tensors[joined].name] == 0
    assert [place[part].offset - place[joined].offset for part in parts] == [0, 15]
    # 36 bytes for all of it: both inputs of the model lie there too, and so does the last layer's output.
    assert program.arena_bytes == 48


def test_outputs_of_a_split_are_ranges_of_its_input(tmp_path: Path) -> None:
    model = Model()
    source = model.given((1, 9, 5))
    whole = model.made("RELU", [source], (1, 9, 5))
    axis = model.tensor((1,), "INT32", data=np.array([1]))
    pieces = [model.tensor((1, 3, 5), "INT8", 0.5, 3, name=f"piece {i}") for i in range(3)]
    model.operator("SPLIT", [axis, whole], pieces, NumSplits=3)
    ends = [model.made("RELU", [piece], (1, 3, 5)) for piece in pieces]
    [program] = exact([model.build([source], ends)], tmp_path)
    place = places(program)
    assert calls(program)["piece 0"] == 0
    assert [place[piece].offset - place[whole].offset for piece in pieces] == [0, 15, 30]
    assert [place[end].offset for end in ends] == [place[piece].offset for piece in pieces]
    assert program.arena_bytes == 48


def test_inputs_and_outputs_of_the_model_may_be_parts(tmp_path: Path) -> None:
    """At odd addresses, too: bytes have no alignment."""
    model = Model()
    a, b = model.given((3,)), model.given((4,))
    joined = model.made("CONCATENATION", [a, b], (7,), Axis=0)
    box = [model.tensor((1,), "INT32", data=np.array([n])) for n in (1, 5)]
    cut = model.made("SLICE", [joined, *box], (5,))
    [program] = exact([model.build([a, b], [cut, joined])], tmp_path)
    assert [layer.calls for layer in program.layers] == [(), ()]
    assert [port.offset for port in program.inputs] == [0, 3]
    assert [port.offset for port in program.outputs] == [1, 0]
    assert program.arena_bytes == 16


def test_constants_and_repeated_inputs_are_copied_the_rest_is_not(tmp_path: Path) -> None:
    model = Model()
    source = model.given((2, 3))
    relu = model.made("RELU", [source], (2, 3))
    constant = model.given((2, 3), data=9)
    joined = model.made("CONCATENATION", [relu, constant, relu], (6, 3), Axis=0)
    [program] = exact([model.build([source], [joined])], tmp_path)
    assert calls(program)[model.tensors[joined].name] == 2
    assert places(program)[relu].offset == places(program)[joined].offset


def test_a_part_of_one_whole_is_not_moved_into_another(tmp_path: Path) -> None:
    """Of two concatenations that share an input only one can hold it; a reversed split has to be copied."""
    model = Model()
    source = model.given((4, 3))
    axis = model.tensor((), "INT32", data=np.array(0))
    halves = [model.tensor((2, 3), "INT8", 0.5, 3) for _ in range(2)]
    model.operator("SPLIT", [axis, source], halves, NumSplits=2)
    swapped = model.made("CONCATENATION", halves[::-1], (4, 3), Axis=0)
    twice = model.made("CONCATENATION", [halves[0], swapped], (6, 3), Axis=0)
    thrice = model.made("CONCATENATION", [swapped, halves[1]], (6, 3), Axis=0)
    exact([model.build([source], [twice, thrice, swapped])], tmp_path)


def test_nothing_is_made_in_the_place_of_a_part_that_overlaps_another_input(tmp_path: Path) -> None:
    """Two slices of one tensor, one value apart: in place, the sum would read what it has overwritten."""
    model = Model()
    source = model.given((9,))
    whole = model.made("RELU", [source], (9,))
    slices = []
    for begin in (0, 1):
        box = [model.tensor((1,), "INT32", data=np.array([n])) for n in (begin, 8)]
        slices.append(model.made("SLICE", [whole, *box], (8,)))
    added = [model.made("ADD", pair, (8,)) for pair in (slices, slices[::-1])]
    for last in added:
        program = exact([model.build([source], [last])], tmp_path)[0]
        inside = [places(program)[piece] for piece in slices]
        assert [b.offset - inside[0].offset for b in inside] == [0, 1]


def test_a_part_that_is_still_needed_is_not_overwritten(tmp_path: Path) -> None:
    model = Model()
    source = model.given((2, 8))
    rows = [model.tensor((8,), "INT8", 0.5, 3) for _ in range(2)]
    model.operator("UNPACK", [source], rows, Axis=0, Num=2)
    first = model.made("RELU", [rows[0]], (8,))
    both = model.made("ADD", [rows[0], first], (8,))
    last = model.made("ADD", [both, rows[1]], (8,))
    [program] = exact([model.build([source], [last])], tmp_path)
    # `source` and what RELU makes while both rows are needed; the two sums are made in place.
    assert program.arena_bytes == 32


def test_copies_are_made_where_they_need_less(tmp_path: Path) -> None:
    """One value of a large tensor, at its end: in place, it would keep nothing else from fitting there."""
    model = Model()
    source = model.given((64, 4))
    whole = model.made("RELU", [source], (64, 4))
    ends = []
    for begin in (0, 63):
        box = [model.tensor((2,), "INT32", data=np.array(each)) for each in ([begin, 0], [1, 4])]
        ends.append(model.made("SLICE", [whole, *box], (1, 4)))
    wide = model.made("PADV2", [ends[0], *_padding(model, [[0, 60], [0, 0]])], (61, 4))
    narrow = model.made("SLICE", [wide, *_box(model, [60, 0], [1, 4])], (1, 4))
    last = model.made("CONCATENATION", [narrow, ends[1]], (2, 4), Axis=0)
    [program] = exact([model.build([source], [last])], tmp_path)
    # Both ends where they are would take 256 bytes beside the padded tensor's 244.
    assert program.arena_bytes < 256 + 256


def _padding(model: Model, pairs: list[list[int]]) -> list[int]:
    return [model.tensor((2, 2), "INT32", data=np.array(pairs)), model.given((1,), data=1)]


def _box(model: Model, begin: list[int], size: list[int]) -> list[int]:
    return [model.tensor((2,), "INT32", data=np.array(each)) for each in (begin, size)]


@pytest.fixture(scope="module")
def networks() -> list[bytes]:
    return [moving_network(seed, LAYERS) for seed in range(NETWORKS)]


@pytest.fixture(scope="module")
def runs(networks: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Program, Values]]:
    """Programs, and what every tensor held in the first of their runs; all are the oracle's bytes."""
    found: list[tuple[Program, Values]] = []
    for start in range(0, NETWORKS, 40):
        models = networks[start : start + 40]
        programs = [compile_model(model, f"m{number}") for number, model in enumerate(models)]
        inputs = [random_inputs(program, 2, seed) for seed, program in enumerate(programs)]
        results = run_programs(programs, inputs, tmp_path_factory.mktemp("moving"))
        for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
            assert differences(model, program, rows, result) == []
            values = dict(result[0][0])
            start_of_port = 0
            for port in program.inputs:
                values[port.tensor] = rows[0].tobytes()[start_of_port : start_of_port + port.bytes]
                start_of_port += port.bytes
            found.append((program, values))
    return found


def test_random_networks_that_move_values_give_the_oracles_bytes(
    runs: list[tuple[Program, Values]],
) -> None:
    moving = [layer for program, _ in runs for layer in program.layers if layer.operator != "RESHAPE"]
    assert sum(not layer.calls for layer in moving) > NETWORKS, "too few parts to say anything"


def test_what_overlaps_is_equal_or_never_needed_together(runs: list[tuple[Program, Values]]) -> None:
    """Memory that two tensors need in one layer holds the same bytes in both."""
    equal = 0
    for seed, (program, values) in enumerate(runs):
        for a, b in itertools.combinations(places(program).values(), 2):
            start, stop = max(a.offset, b.offset), min(a.offset + a.bytes, b.offset + b.bytes)
            early, late = sorted((a, b), key=lambda buffer: buffer.first_layer)
            if start >= stop or late.first_layer > early.last_layer:
                continue
            # In place, or a part at the start: that it is right shows in the comparison with the oracle.
            if late.first_layer == early.last_layer and late.offset == early.offset:
                continue
            first, second = (values[t][start - at : stop - at] for t, at in map(_where, (a, b)))
            assert first == second, (seed, a, b)
            equal += 1
    assert equal > NETWORKS


def _where(buffer: ArenaBuffer) -> tuple[int, int]:
    assert buffer.tensor is not None
    return buffer.tensor, buffer.offset


def without_parts(graph: Graph, lowerings: Sequence[Lowering], rooms: Sequence[Room] = ()) -> storage.Arena:
    """The arena if every part is copied."""

    def copied(call: PendingCall) -> PendingCall:
        return dataclasses.replace(call, copies=None)

    return _LAY_OUT(
        graph, [dataclasses.replace(each, calls=tuple(map(copied, each.calls))) for each in lowerings], rooms
    )


_LAY_OUT = storage.lay_out


def test_parts_never_need_more_memory_than_copies(
    networks: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = [compile_model(model).arena_bytes for model in networks]
    # The package exports a function of the module's name.
    module = importlib.import_module("toolchain.compile.compile_graph")
    monkeypatch.setattr(module, "lay_out", without_parts)
    graphs = [read_graph(model, "x") for model in networks]
    copied = [compile_graph(graph, HOST, prefix="model").arena_bytes for graph in graphs]
    assert all(a <= b for a, b in zip(shared, copied, strict=True))
    assert sum(shared) < 0.95 * sum(copied)


def test_a_part_beyond_its_whole_is_never_joined() -> None:
    """What lies around a part already must not come to lie on the rest of the next whole."""
    lowering = Lowering((PendingCall("k", {}, (), Part(1, 0, 4)), PendingCall("k", {}, (), Part(1, 2, 0))))
    sharing = share([lowering], {0: 12, 1: 4, 2: 8}, {0: (0, 3), 1: (1, 3), 2: (2, 3)})
    assert sharing.joined == {Part(1, 0, 4)}
    assert sorted(map(len, sharing.storages)) == [1, 2]


def test_the_plan_uses_what_is_free_around_a_part() -> None:
    whole = Block.of_spans([Span(0, 1, 0, 320), Span(2, 5, 160, 176)])
    plan = plan_memory([whole, Block(160, 3, 3), Block(144, 4, 5)])
    assert plan.arena_bytes == plan.lower_bound_bytes == 320


def test_large_models_are_laid_out_in_bounded_time() -> None:
    """A fan of a thousand parts and a chain of as many: a minute, if every part were tried on its own."""
    model = Model()
    source = model.given((800, 3))
    rows = [model.tensor((3,), "INT8", 0.5, 3) for _ in range(800)]
    model.operator("UNPACK", [source], rows, Axis=0, Num=len(rows))
    made = [model.made("RELU", [row], (3,)) for row in rows]
    packed = model.made("PACK", made, (800, 3), Axis=0, ValuesCount=len(made))
    program = compile_model(model.build([source], [packed]))
    # Row by row, what was made takes the memory of what was cut.
    assert program.arena_bytes == 2432
    chain = Model()
    first = last = chain.given((8,))
    for _ in range(800):
        last = chain.made("CONCATENATION", [chain.made("RELU", [last], (8,))], (8,), Axis=0)
    assert compile_model(chain.build([first], [last])).arena_bytes <= 32
