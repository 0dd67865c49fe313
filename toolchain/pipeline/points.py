"""What every step cost and bought: the network as given and after each step, converted, built and run.

Each point has a folder of its own under the stages, and stages of its own in it: what has not changed is
not converted, built or measured again.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from toolchain.config import DeployConfig
from toolchain.convert.count_graph import count_graph
from toolchain.convert.estimate_energy import estimate_energy
from toolchain.convert.read_tflite import read_graph
from toolchain.errors import DoesNotFitError, ModelError, OracleError
from toolchain.load.energy_table import load_energy_table
from toolchain.load.input_bytes import input_rows
from toolchain.measure.state_reset import state_reset_for
from toolchain.pipeline.metric import metric_of
from toolchain.pipeline.model import convert, keras_data
from toolchain.pipeline.named_observer import NamedObserver
from toolchain.pipeline.on_board import (
    build_stage,
    compile_project,
    measure_stage,
    oracle_outputs,
    require_engine_tools,
)
from toolchain.stages import Workshop
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.data import Samples
from toolchain.vocabulary.firmware import Firmware
from toolchain.vocabulary.graph import Graph, Quantisation
from toolchain.vocabulary.measurement import StateReset, Timing
from toolchain.vocabulary.optimisation import NetworkPoint, OptimisedModel
from toolchain.vocabulary.optimisation_report import ModelCost, Point, TargetCost
from toolchain.vocabulary.program import TensorPort
from toolchain.vocabulary.score import Score

# Inferences that tell what one takes; a data set's differ by little, and a point need not run them all.
_INFERENCES = 16
_REAL_TYPES = {"INT8": "<i1", "UINT8": "<u1", "INT16": "<i2", "INT32": "<i4", "FLOAT32": "<f4"}


def earlier_points(
    config: DeployConfig, board: Board | None, optimised: OptimisedModel, shop: Workshop
) -> tuple[Point, ...]:
    """The network as given and after each step but the last, and what each costs once converted (on `board`).

    Without `config.measure.each_step` they are not converted.  That a model does not fit the board before
    it is optimised, or cannot be converted, is a finding: `problem` says so.
    """
    found = []
    for number, network in enumerate(optimised.points[:-1]):
        cost, problem = None, None
        if config.measure.each_step:
            try:
                cost = cost_at(config, board, optimised, number, shop)
            except (ModelError, DoesNotFitError, OracleError) as exc:
                problem = exc.problem
        found.append(point(network, cost, problem))
    return tuple(found)


def point(network: NetworkPoint, cost: ModelCost | None, problem: str | None = None) -> Point:
    """The float network and its converted form as one."""
    return Point(network.label, network.settings, network.score, network.figures, cost, problem)


def cost_at(
    config: DeployConfig, board: Board | None, optimised: OptimisedModel, number: int, shop: Workshop
) -> ModelCost:
    """What the network at a point costs once converted, and built and run on `board`, where there is one.

    Raises:
        ChipcastError: it cannot be converted, does not fit, or does not run.
    """
    network = optimised.points[number]
    return _priced(config, board, network, optimised.input_shapes, _shop_of(number, network, shop))


def folder_of_point(number: int, shop: Workshop) -> Path:
    """Where the point's `model.tflite` lies, and its project where there is a board."""
    return shop.stages / "points" / str(number)


def _shop_of(number: int, network: NetworkPoint, shop: Workshop) -> Workshop:
    """A workshop for this point alone, inside the one that is open; its stages are told under its name."""
    folder = folder_of_point(number, shop)
    (folder / ".stages").mkdir(parents=True, exist_ok=True)
    return Workshop(folder, NamedObserver(shop.observer, network.label), shop.force)


def _priced(
    config: DeployConfig,
    board: Board | None,
    network: NetworkPoint,
    shapes: Sequence[tuple[int | None, ...]],
    shop: Workshop,
) -> ModelCost:
    model = convert(config, network.file, shapes, shop)
    data = keras_data(config, shapes)
    graph = read_graph(model, config.name)
    inputs, score = None, None
    if data is not None:
        test = data.test.take(slice(config.measure.samples))
        inputs = input_rows(test, [_port(graph, index) for index in graph.inputs])
        score = score_of(config, graph, oracle_outputs(model, inputs, _reset(config, graph), shop), test)
    target = None
    if board is not None and inputs is not None:
        require_engine_tools(config, board)
        program = compile_project(config, board, model, shop)
        firmware = build_stage(config, board, shop)
        measured = measure_stage(_once(config), board, program, firmware, inputs[:_INFERENCES], shop)
        target = target_cost(firmware, measured.timing)
    return cost_of(config, model, score, target)


def _once(config: DeployConfig) -> DeployConfig:
    """The same without the many runs that only the last measurement is asked for."""
    return config.model_copy(update={"measure": config.measure.model_copy(update={"runs": None})})


def _reset(config: DeployConfig, graph: Graph) -> StateReset | None:
    """When the model's state is reset; without a board there is no program to ask."""
    has_state = any(tensor.is_variable or tensor.dtype == "RESOURCE" for tensor in graph.tensors)
    operators = {operator.name for operator in graph.operators}
    return state_reset_for(operators, config.measure.reset_state, has_state=has_state)


def target_cost(firmware: Firmware, timing: Timing) -> TargetCost:
    """What a firmware that has run takes of its board."""
    return TargetCost(
        board=firmware.board,
        flash_bytes=firmware.flash_bytes,
        ram_bytes=firmware.ram_bytes,
        arena_bytes=firmware.arena_bytes,
        timing=timing,
    )


def cost_of(config: DeployConfig, model: bytes, score: Score | None, target: TargetCost | None) -> ModelCost:
    """The cost of a converted model: sizes, counts and the energy estimate are computed here."""
    graph = read_graph(model, config.name)
    figures = count_graph(graph)
    return ModelCost(
        activations=graph.tensors[graph.inputs[0]].dtype.lower(),
        file_bytes=len(model),
        gzip_bytes=len(gzip.compress(model, mtime=0)),
        figures=figures,
        score=score,
        energy=estimate_energy(figures, load_energy_table(config.energy_table)),
        target=target,
    )


def score_of(
    config: DeployConfig, graph: Graph, outputs: npt.NDArray[np.uint8], samples: Samples
) -> Score | None:
    """The metric of an integer model's output bytes, shape (samples, bytes); None: nothing to compare.

    Of several outputs it is the first one's, as real values; inputs that come quantised are made real too.
    """
    first = _port(graph, graph.outputs[0])
    raw = np.ascontiguousarray(outputs[:, : first.bytes]).view(_REAL_TYPES[first.dtype])
    shape = (len(raw), *first.shape[1:])
    real = _real(raw, first.quantisation).reshape(shape)
    return metric_of(config.metric).of(real, _real_samples(samples, graph))


def _real_samples(samples: Samples, graph: Graph) -> Samples:
    ports = [_port(graph, index) for index in graph.inputs]
    arrays = [
        _real(array, port.quantisation) if array.dtype.name == port.dtype.lower() else array
        for array, port in zip(samples.all_inputs, ports, strict=True)
    ]
    return replace(samples, inputs=arrays[0], more_inputs=tuple(arrays[1:]))


def _real(values: npt.NDArray[np.generic], quantisation: Quantisation | None) -> npt.NDArray[np.float32]:
    real = values.astype(np.float32)
    if quantisation is None:
        return real
    return np.asarray((real - quantisation.zero_point) * np.float32(quantisation.scale), np.float32)


def _port(graph: Graph, index: int) -> TensorPort:
    """An input or output as the graph has it; where it lies in an arena is nobody's concern here."""
    tensor = graph.tensors[index]
    return TensorPort(
        name=tensor.name,
        tensor=index,
        offset=0,
        shape=tensor.shape,
        dtype=tensor.dtype,
        bytes=tensor.bytes,
        quantisation=tensor.quantisation,
    )
