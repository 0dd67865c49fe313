"""Sparse forms against the oracle, whatever the pattern of zeros: single ones, blocks, outputs, all of them.

The kernels run on this computer, where dsp.h emulates the instructions, and on the simulated Cortex-M4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.cortex_m4 import CORTEX_M4
from tests.host_runner import (
    HOST_AS_DSP,
    HOST_AS_MUL32,
    HOST_AS_MUL64,
    Target,
    compile_model,
    differences,
    has,
    run_programs,
)
from tests.operators.harness import rows
from tests.operators.usual_layers import conv_2d, fully_connected, square
from tests.pruned_model import Weights, in_blocks, pruned, unstructured
from tests.random_networks import random_network
from toolchain.compile import kernel_choice
from toolchain.compile.passes.order import EVERY_CHANNEL
from toolchain.compile.sparse_blocks import UNIT_TAPS, sparse_blocks, zero_blocks
from toolchain.compile.sparse_weights import sparse_weights
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.program import Program

LAYERS = 32
Layer = Callable[[int], bytes]


@pytest.fixture(params=["sparse blocks", "sparse weights"])
def family(request: pytest.FixtureRequest) -> Iterator[str]:
    """Forms of this family are taken wherever they are possible, whatever they cost."""
    name, usual = str(request.param), kernel_choice.LayerForms.best

    def best(
        forms: kernel_choice.LayerForms, granted: Sequence[bool], without: kernel_choice.Kernels
    ) -> kernel_choice.Proposal | None:
        wanted = (proposal for proposal in forms.proposals if proposal[0].name.startswith(name))
        return next(wanted, None) or usual(forms, granted, without)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kernel_choice.LayerForms, "best", best)
        patch.setattr(kernel_choice, "not_worth_their_code", lambda layers, granted: frozenset())
        yield name


def scattered(seed: int) -> Callable[[Weights], npt.NDArray[np.bool_]]:
    """Zeros in any pattern: rows and columns without a weight, blocks, single ones; now and then all."""
    rng = np.random.default_rng(seed)

    def zeros(weights: Weights) -> npt.NDArray[np.bool_]:
        outputs, taps = weights.shape
        share = rng.choice([0.5, 0.75, 0.9, 0.97, 1.0], p=[0.3, 0.3, 0.2, 0.15, 0.05])
        chosen: npt.NDArray[np.bool_] = np.less(rng.random((outputs, taps)), share)
        if rng.random() < 0.6:
            chosen = np.repeat(chosen[::4], 4, axis=0)[:outputs]
        if rng.random() < 0.4:
            chosen[rng.random(outputs) < 0.4] = True
        if rng.random() < 0.2:
            chosen[:, rng.random(taps) < 0.5] = True
        return chosen

    return zeros


def check(
    layer: Layer, first: int, folder: Path, target: Target | None = None, board: Board = HOST_AS_DSP
) -> set[str]:
    """Compare layers of the seeds from `first` on; the forms they got."""
    models = [pruned(layer(seed), scattered(seed)) for seed in range(first, first + LAYERS)]
    programs = [compile_model(model, f"m{i}", board=board) for i, model in enumerate(models)]
    inputs = [rows(program, i) for i, program in enumerate(programs)]
    results = run_programs(programs, inputs, folder, model_flag="-O0", target=target)
    found = {
        first + i: difference
        for i, (model, program, given, result) in enumerate(
            zip(models, programs, inputs, results, strict=True)
        )
        if (difference := differences(model, program, given, result))
    }
    assert found == {}
    return {layer.form for program in programs for layer in program.layers}


@pytest.mark.parametrize(("layer", "forms"), [(conv_2d, 1), (fully_connected, 2)])
def test_every_output_is_the_oracles(layer: Layer, forms: int, family: str, tmp_path: Path) -> None:
    found = check(layer, 0, tmp_path)
    assert len([form for form in found if form.startswith(family)]) == forms


@pytest.mark.parametrize("board", [HOST_AS_MUL32, HOST_AS_MUL64], ids=["mul32", "mul64"])
@pytest.mark.parametrize("family", ["sparse weights"], indirect=True)
def test_every_output_is_the_oracles_without_dsp(board: Board, family: str, tmp_path: Path) -> None:
    def layer(seed: int) -> bytes:
        return fully_connected(seed) if seed % 3 == 0 else conv_2d(seed)

    assert len([form for form in check(layer, 2000, tmp_path, None, board) if form.startswith(family)]) == 2


def test_random_networks_with_zeros_give_the_oracles_bytes(family: str, tmp_path: Path) -> None:
    def network(seed: int) -> bytes:
        return random_network(seed, 1 + seed % 6)

    assert any(form.startswith(family) for form in check(network, 5000, tmp_path))


@pytest.mark.simulator
@pytest.mark.skipif(
    not (has("arm-none-eabi-gcc") and has("qemu-system-arm")),
    reason="no arm-none-eabi-gcc or qemu-system-arm",
)
@pytest.mark.parametrize("layer", [conv_2d, fully_connected])
def test_every_output_is_the_oracles_on_a_cortex_m4(layer: Layer, family: str, tmp_path: Path) -> None:
    flags = tuple("-O3" if flag == "-O2" else flag for flag in CORTEX_M4.flags)
    target = Target(CORTEX_M4.compiler, flags, CORTEX_M4.link, CORTEX_M4.start)
    assert any(form.startswith(family) for form in check(layer, 1000, tmp_path, target))


@pytest.mark.parametrize("seed", range(8))
def test_packed_weights_are_all_there(seed: int) -> None:
    """Both packings, unpacked again; more than one run of 256 taps."""
    rng = np.random.default_rng(seed)
    given = rng.integers(-127, 128, (int(rng.integers(1, 14)), int(rng.integers(1, 600))))
    given[rng.random(given.shape) < rng.choice([0.0, 0.5, 0.95, 1.0])] = 0

    blocks = sparse_blocks(given)
    units = blocks.words.view(np.uint32).reshape(-1, 5).astype(np.int64)
    again = np.zeros((4 * blocks.blocks, 256 * blocks.runs), np.int64)
    unit = 0
    for block, run in np.ndindex(blocks.blocks, blocks.runs):
        for _ in range(blocks.counts[block, run]):
            for i in range(UNIT_TAPS):
                tap = 256 * run + (int(units[unit, 0]) >> (8 * i) & 255)
                for pair in range(2):
                    lane = int(units[unit, 1 + 2 * (i // 2) + pair]) >> (16 * (i % 2)) & 0xFFFF
                    low = (lane + 128) % 256 - 128
                    again[4 * block + 2 * pair, tap] += low
                    again[4 * block + 2 * pair + 1, tap] += ((lane - low) // 256 + 128) % 256 - 128
            unit += 1
    assert unit == len(units)
    assert np.array_equal(again[: len(given), : given.shape[1]], given)
    assert np.count_nonzero(again) == np.count_nonzero(given)
    assert blocks.zeros == zero_blocks(given)

    weights = sparse_weights(given)
    again, position = np.zeros((weights.channels, 256 * weights.runs), np.int64), 0
    for channel, run in np.ndindex(weights.channels, weights.runs):
        for _ in range(2 * weights.counts[channel, run]):
            index, weight = weights.entries[position : position + 2]
            again[channel, 256 * run + (int(index) & 255)] += weight
            position += 2
    assert position == len(weights.entries)
    assert np.array_equal(again[:, : given.shape[1]], given)


@pytest.mark.parametrize(
    ("zeros", "form"),
    [(None, "byte pairs"), (in_blocks(0.6), "sparse blocks"), (unstructured(0.9), "sparse weights")],
)
def test_the_report_says_which_form_a_layer_got_and_why(
    zeros: Callable[[Weights], npt.NDArray[np.bool_]] | None, form: str
) -> None:
    layer = _program(zeros).layers[0]
    assert layer.form.startswith(form)
    assert ("are zero" in layer.why) == (zeros is not None)


def test_every_weight_is_computed_where_that_is_wanted() -> None:
    model = pruned(square(64), in_blocks(0.6))
    layer = compile_model(model, board=HOST_AS_DSP, passes=EVERY_CHANNEL).layers[0]
    assert layer.form == "byte pairs"


def _program(zeros: Callable[[Weights], npt.NDArray[np.bool_]] | None) -> Program:
    """Of a layer of 64 to 64 channels over 25x5 pixels, as keyword spotting has them."""
    model = square(64)
    return compile_model(model if zeros is None else pruned(model, zeros), board=HOST_AS_DSP)
