"""CALL_ONCE, VAR_HANDLE, READ_VARIABLE and ASSIGN_VARIABLE against the oracle, over several inferences.

The harness resets every model in the middle of its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.flatbuffer_builder import ModelBuilder
from tests.host_runner import compile_model
from tests.operators.harness import BATCH, BATCHES, compare
from tests.operators.streaming import streaming_model
from tests.random_networks import RandomNetwork
from toolchain.compile.passes.order import PASSES
from toolchain.compile.passes.read_variables_late import read_variables_late
from toolchain.errors import UnsupportedError
from toolchain.render.model_source import render_model

ROWS = 7


@BATCHES
@given(st.lists(st.integers(0, 2**32 - 1), min_size=BATCH, max_size=BATCH, unique=True))
def test_sequences_of_inferences_are_the_oracles(
    tmp_path_factory: pytest.TempPathFactory, seeds: list[int]
) -> None:
    models = [streaming_model(RandomNetwork(seed)) for seed in seeds]
    assert compare(seeds, models, tmp_path_factory.mktemp("streaming"), rows_each=ROWS) >= BATCH // 2


@dataclass
class Stream:
    """A sound model, of which a test changes a part before it is built."""

    name: str = "state"
    container: str = ""
    size: int = 4
    main: ModelBuilder = field(default_factory=ModelBuilder)
    initialiser: ModelBuilder = field(default_factory=ModelBuilder)

    def __post_init__(self) -> None:
        self.main.subgraphs.append(self.initialiser)
        self.main.operator("CALL_ONCE", [], [], InitSubgraphIndex=1)
        self.handle = self._handle(self.main, self.name, self.container)
        self.source = self.main.tensor((4,), "INT8", 0.5, 3)
        self.before = self.main.tensor((self.size,), "INT8", 0.5, 3)
        self.output = self.main.tensor((4,), "INT8", 0.5, 3)
        self.main.operator("READ_VARIABLE", [self.handle], [self.before])
        self.main.operator("ADD", [self.source, self.before], [self.output])
        self.main.operator("ASSIGN_VARIABLE", [self.handle, self.source], [])
        self.there = self._handle(self.initialiser, "state", "")
        self.first = self.initialiser.tensor((4,), "INT8", 0.5, 0, data=np.arange(4))
        self.initialiser.operator("ASSIGN_VARIABLE", [self.there, self.first], [])

    @staticmethod
    def _handle(builder: ModelBuilder, name: str, container: str) -> int:
        handle = builder.tensor((), "RESOURCE")
        builder.operator("VAR_HANDLE", [], [handle], Container=container, SharedName=name)
        return handle

    def build(self) -> bytes:
        return self.main.build([self.source], [self.output])


def test_the_model_below_is_sound_before_it_is_changed() -> None:
    program = compile_model(Stream().build())
    assert program.initial_state.tolist()[:4] == [0, 1, 2, 3]
    assert [(v.name, v.bytes) for v in program.state] == [("state", 4)]


def test_values_that_are_all_the_same_take_no_flash() -> None:
    stream = Stream()
    stream.initialiser.tensors[stream.first].data = np.full(4, -5)
    program = compile_model(stream.build())
    assert [v.initial for v in program.state] == [-5]
    assert "memset(model_state.bytes + 0, -5, 4);" in render_model(program)["model_model.c"]
    assert not [c for c in program.constants if "initial" in c.symbol]


def call_later(stream: Stream) -> None:
    stream.main.operators.append(stream.main.operators.pop(0))


def call(subgraph: int) -> Callable[[Stream], None]:
    def change(stream: Stream) -> None:
        stream.main.operators[0].options = {"InitSubgraphIndex": subgraph}

    return change


def call_with_output(stream: Stream) -> None:
    stream.main.operators[0].outputs = [stream.main.tensor((4,), "INT8", 0.5, 0)]


def compute_in_initialiser(stream: Stream) -> None:
    made = stream.initialiser.tensor((4,), "INT8", 0.5, 0)
    stream.initialiser.operator("RELU", [stream.first], [made])


def assign(dtype: str) -> Callable[[Stream], None]:
    def change(stream: Stream) -> None:
        stream.main.tensors[stream.source].dtype = dtype

    return change


def initialise(dtype: str) -> Callable[[Stream], None]:
    def change(stream: Stream) -> None:
        stream.initialiser.tensors[stream.first].dtype = dtype

    return change


def never_assign(stream: Stream) -> None:
    del stream.initialiser.operators[-1]
    del stream.main.operators[-1]


def no_handle(stream: Stream) -> None:
    del stream.main.operators[1]
    stream.main.tensors[stream.handle].data = np.zeros(4)
    stream.main.tensors[stream.handle].dtype = "INT32"
    stream.main.tensors[stream.handle].shape = (4,)


def int8_handle(stream: Stream) -> None:
    stream.main.tensors[stream.handle].dtype = "INT8"


def another_input(stream: Stream) -> None:
    stream.main.operators[-1].inputs = [stream.handle, stream.source, stream.source]


@pytest.mark.parametrize(
    ("make", "change", "message"),
    [
        (Stream, call_later, "READ_VARIABLE comes before it"),
        (Stream, call(2), "calls subgraph 2, which is not there"),
        (Stream, call(0), "calls subgraph 0, which is not there"),
        (Stream, call_with_output, "it has 1 inputs and outputs"),
        (Stream, compute_in_initialiser, "subgraph 1 contains RELU"),
        (Stream, initialise("UINT8"), "no int8 constant"),
        (Stream, assign("INT16"), "is INT16 of 4 values"),
        (Stream, never_assign, "is never assigned"),
        (Stream, no_handle, "not named by a VAR_HANDLE"),
        (Stream, int8_handle, "its output is INT8, not RESOURCE"),
        (Stream, another_input, "it has 3 inputs and 0 outputs"),
        (partial(Stream, size=1), lambda _: None, "has not the size of everything assigned"),
        (partial(Stream, container="elsewhere"), lambda _: None, "is in 2 containers"),
        (partial(Stream, name=""), lambda _: None, "its variable has no name"),
        (partial(Stream, name="a" * 200), lambda _: None, "may be cut short"),
        (partial(Stream, name="a\nb"), lambda _: None, "may be cut short"),
    ],
)
def test_a_model_that_breaks_a_rule_is_refused(
    make: Callable[[], Stream], change: Callable[[Stream], None], message: str
) -> None:
    stream = make()
    change(stream)
    with pytest.raises(UnsupportedError, match=message):
        compile_model(stream.build())


def test_reads_are_delayed_and_save_memory(tmp_path_factory: pytest.TempPathFactory) -> None:
    network = RandomNetwork(0)
    builder, shape = network.builder, (1, 8, 8, 4)
    last = source = builder.tensor(shape, "INT8", 0.5, 0)
    states = []
    for number in range(3):
        handle, before = builder.tensor((), "RESOURCE"), builder.tensor(shape, "INT8", 0.5, number)
        builder.operator("VAR_HANDLE", [], [handle], Container="", SharedName=f"v{number}")
        builder.operator("READ_VARIABLE", [handle], [before])
        states.append((handle, before))
    for handle, before in states:
        output = builder.tensor(shape, "INT8", 0.75, 0)
        builder.operator("ADD", [last, before], [output])
        builder.operator("ASSIGN_VARIABLE", [handle, last], [])
        last = output
    model = builder.build([source], [last])
    without = tuple(each for each in PASSES if each is not read_variables_late)
    assert compile_model(model).arena_bytes < compile_model(model, passes=without).arena_bytes
    assert compare(["three states"], [model], tmp_path_factory.mktemp("delayed"), rows_each=ROWS) == 1


def test_a_variable_tensor_is_for_operators_defined_on_it() -> None:
    builder = ModelBuilder()
    source = builder.tensor((4,), "INT8", 0.5, 0)
    state = builder.tensor((4,), "INT8", 0.5, 0, variable=True, name="memory")
    output = builder.tensor((4,), "INT8", 0.5, 0)
    builder.operator("ADD", [source, state], [output])
    with pytest.raises(UnsupportedError, match="it uses the variable tensor 'memory'"):
        compile_model(builder.build([source], [output]))
