"""Outputs that overlap inputs: the distance against every single access, and networks full of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.host_runner import HOST, HOST_AS_DSP, compile_model, differences, random_inputs, run_programs
from tests.random_networks import random_network
from toolchain.compile import storage
from toolchain.compile.lowering import Lowering
from toolchain.compile.overlaps import (
    channel_by_channel,
    least_distance,
    patch_at_once,
    row_for_every_channel,
)
from toolchain.compile.plan_memory import Block, Plan, plan_memory
from toolchain.compile.sharing import Lifetimes, Sharing, overlaps_of, share
from toolchain.compile.windows import Window, place
from toolchain.vocabulary.board import Board

NETWORKS = 150

Step = tuple[set[int], list[int]]
"""What a kernel reads of its input, then writes of its output: elements from each one's start."""

_axis = st.tuples(
    st.sampled_from(["SAME", "VALID"]),
    st.integers(1, 7),  # the image
    st.integers(1, 4),  # the filter
    st.integers(1, 3),  # stride
    st.integers(1, 3),  # dilation
    st.integers(0, 3),  # a fused PAD, before and after
    st.integers(0, 3),
)


def window(axis: tuple[str, int, int, int, int, int, int]) -> tuple[int, Window]:
    padding, size, extent, stride, dilation, before, after = axis
    found = place(padding, before + size + after, extent, stride, dilation)
    assume(found.output > 0)
    moved = Window(found.filter, found.stride, found.dilation, found.before + before, found.output)
    return size, moved


def taps(window: Window, size: int, position: int) -> list[int]:
    start = position * window.stride - window.before
    every = (start + tap * window.dilation for tap in range(window.filter))
    return [at for at in every if 0 <= at < size]


def pixels(
    image: tuple[int, int, int, int], height: Window, width: Window
) -> Iterator[tuple[int, list[int]]]:
    """Each output pixel's number, and where the pixels that its window sees start."""
    batches, rows, columns, channels = image
    number = 0
    for batch in range(batches):
        for y in range(height.output):
            for x in range(width.output):
                seen = [
                    ((batch * rows + r) * columns + c) * channels
                    for r in taps(height, rows, y)
                    for c in taps(width, columns, x)
                ]
                yield number, seen
                number += 1


def clashes(steps: Sequence[Step], distance: int) -> bool:
    """Whether a byte is written that a later step reads, the output lying `distance` before the input."""
    written: set[int] = set()
    for reads, writes in steps:
        if reads & written:
            return True
        written.update(at - distance for at in writes)
    return False


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.integers(1, 2), _axis, _axis, st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.data())
def test_no_kernel_reads_what_it_has_overwritten(
    batches: int,
    down: tuple[str, int, int, int, int, int, int],
    across: tuple[str, int, int, int, int, int, int],
    channels: int,
    multiplier: int,
    filters: int,
    data: st.DataObject,
) -> None:
    (rows, height), (columns, width) = window(down), window(across)
    image = (batches, rows, columns, channels)
    groups = data.draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    seen = list(pixels(image, height, width))

    depthwise = [
        ({at + c for at in places}, [(p * channels + c) * multiplier + m])
        for p, places in seen
        for c in range(channels)
        for m in range(multiplier)
    ]
    outputs = filters * groups
    size = channels // groups
    patched = [
        ({at + g * size + c for at in places for c in range(size)}, [p * outputs + g * filters + f])
        if f == 0
        else (set[int](), [p * outputs + g * filters + f])
        for p, places in seen
        for g in range(groups)
        for f in range(filters)
    ]
    direct = [
        ({at + c for at in places for c in range(channels)}, [p * filters + f])
        for p, places in seen
        for f in range(filters)
    ]
    cases = (
        (depthwise, channels * multiplier, channel_by_channel(channels, multiplier)),
        (patched, outputs, patch_at_once(groups, channels, outputs)),
        (direct, filters, row_for_every_channel(filters)),
    )
    gapless = all(w.dilation == 1 and w.stride == 1 and w.output > 1 for w in (height, width))
    for steps, output_channels, ahead in cases:
        distance = least_distance(image, (height, width), output_channels, ahead)
        assert not clashes(steps, distance)
        assert not clashes(steps, distance + 5)  # a distance is rounded up
        if gapless and distance > 0 and ahead == 0 and channels == output_channels:
            # Exact: one element less, and something is overwritten.
            assert clashes(steps, distance - 1)


def test_distances_of_known_layers() -> None:
    """3x3 at stride 1, padded on all sides: one row and one pixel before the input, channel by channel."""
    same = place("SAME", 25, 3, 1, 1), place("SAME", 5, 3, 1, 1)
    assert least_distance((1, 25, 5, 64), same, 64, channel_by_channel(64, 1)) == (5 + 1) * 64
    halved = place("SAME", 48, 3, 2, 1), place("SAME", 48, 3, 2, 1)
    assert least_distance((1, 48, 48, 8), halved, 8, channel_by_channel(8, 1)) == 0
    point = Window(1, 1, 1, 0, 48), Window(1, 1, 1, 0, 48)
    assert least_distance((1, 48, 48, 8), point, 16, row_for_every_channel(16)) == (48 * 48 - 1) * 8 + 15


@pytest.mark.parametrize("board", [HOST, HOST_AS_DSP], ids=["portable", "dsp"])
def test_networks_whose_outputs_overlap_wherever_they_may_give_the_oracles_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: Board
) -> None:
    """Each kernel answers for its own distance: those for cores with DSP, too."""
    overlapping = 0

    def everywhere(
        lowerings: Sequence[Lowering],
        sizes: Mapping[int, int],
        lifetimes: Lifetimes,
        scratch: Sequence[Block],
    ) -> tuple[Sharing, Plan]:
        nonlocal overlapping
        sharing = share(lowerings, sizes, lifetimes)
        for overlap in overlaps_of(lowerings):
            overlapping += any({overlap.output, overlap.source} <= set(s) for s in sharing.storages)
        blocks = [*(storage._block(s, sizes, lifetimes) for s in sharing.storages), *scratch]
        return sharing, plan_memory(blocks)

    models = [random_network(seed, 2 + seed % 7) for seed in range(20_000_000, 20_000_000 + NETWORKS)]
    chosen = [compile_model(model, board=board) for model in models]
    monkeypatch.setattr(storage, "_best_sharing", everywhere)
    programs = [compile_model(model, f"m{number}", board=board) for number, model in enumerate(models)]
    assert overlapping > NETWORKS // 5
    inputs = [random_inputs(program, 2, seed) for seed, program in enumerate(programs)]
    results = run_programs(programs, inputs, tmp_path, model_flag="-O0")
    for model, program, rows, result in zip(models, programs, inputs, results, strict=True):
        assert differences(model, program, rows, result) == []
    # Where overlapping everywhere would take more memory, it is not done.
    assert all(a.arena_bytes <= b.arena_bytes for a, b in zip(chosen, programs, strict=True))


def test_overlapping_makes_arenas_smaller_and_never_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [random_network(seed, 2 + seed % 7) for seed in range(21_000_000, 21_000_000 + NETWORKS)]
    with_overlaps = [compile_model(model).arena_bytes for model in models]
    monkeypatch.setattr(storage, "overlaps_of", lambda lowerings: [])
    monkeypatch.setattr("toolchain.compile.sharing.overlaps_of", lambda lowerings: [])
    without = [compile_model(model).arena_bytes for model in models]
    assert all(a <= b for a, b in zip(with_overlaps, without, strict=True))
    assert sum(a < b for a, b in zip(with_overlaps, without, strict=True)) > NETWORKS // 10
