"""When a model's state is put back: decided from the model, and alike on the device and by the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corridor.models import int8_classifier
from tests.host_runner import compile_model
from tests.measure.conftest import Build
from tests.measure.test_faults import connected, expected, samples
from tests.operators.grown import grown_model
from tests.operators.streaming import grow_delay
from tests.operators.test_unidirectional_sequence_lstm import Sound
from toolchain.measure import FakeDevice, Faults
from toolchain.measure.journal import open_journal
from toolchain.measure.run_data_set import run_data_set
from toolchain.measure.state_reset import state_reset_of
from toolchain.simulate.oracle import Oracle
from toolchain.vocabulary.layers import facts_of
from toolchain.vocabulary.measurement import Measurement, StateReset


def test_it_follows_from_the_model_unless_it_is_said() -> None:
    lstm = facts_of(compile_model(Sound().build()))
    assert state_reset_of(lstm, "auto") is StateReset.EACH_SAMPLE
    assert state_reset_of(lstm, "never") is StateReset.NEVER
    stream = facts_of(compile_model(grown_model(grow_delay(initialised=True), 1)))
    assert stream.state_bytes > 0
    assert state_reset_of(stream, "auto") is StateReset.NEVER
    assert state_reset_of(stream, "each-sample") is StateReset.EACH_SAMPLE
    without = facts_of(compile_model(int8_classifier()))
    assert state_reset_of(without, "each-sample") is None


def test_the_oracle_forgets_between_samples_where_it_should() -> None:
    model = Sound().build()
    rows = np.random.default_rng(0).integers(0, 256, (6, 8), np.uint8)
    afresh = Oracle(model).run(rows, reset_each=True)
    np.testing.assert_array_equal(afresh[::-1], Oracle(model).run(rows[::-1], reset_each=True))
    assert (afresh != Oracle(model).run(rows)).any()
    oracle = Oracle(model)
    oracle.run(rows)
    oracle.reset()
    np.testing.assert_array_equal(oracle.run(rows[:1]), afresh[:1])


def run(fake: FakeDevice, reset: StateReset, rows: list[bytes], path: Path | None = None) -> Measurement:
    device = connected(fake)
    inputs = np.stack([np.frombuffer(row, np.uint8) for row in rows])

    def through(journal: object) -> Measurement:
        return run_data_set(
            device,
            device.identify(),
            inputs,
            layers=(),
            per_layer=False,
            progress=lambda *_: None,
            warm_up=2,
            state_reset=reset,
            journal=journal,  # type: ignore[arg-type]
        )

    if path is None:
        return through(None)
    with open_journal(path, {"reset_state": reset}) as journal:
        return through(journal)


@pytest.mark.parametrize("reset", list(StateReset))
def test_a_device_that_restarts_changes_nothing(
    host_firmware: Build, reset: StateReset, tmp_path: Path
) -> None:
    """The model's output tells how many steps it has taken since its state was put back."""
    faults = Faults(resets=(2_500, 6_000, 9_500), seed=2)
    rows = samples(30, 40)
    with FakeDevice(host_firmware(input_bytes=40).elf, faults) as fake:
        found = run(fake, reset, rows, tmp_path / "run.jsonl")
        assert fake.starts == 4
    steps = [1] * 30 if reset is StateReset.EACH_SAMPLE else range(1, 31)
    outputs = [row.tobytes() for row in found.outputs]
    assert outputs == [expected(row, step) for row, step in zip(rows, steps, strict=True)]
    assert found.state_reset is reset


def test_the_clock_is_held_against_this_computers(host_firmware: Build, tmp_path: Path) -> None:
    rows = np.stack([np.frombuffer(row, np.uint8) for row in samples(2, 40)])
    with FakeDevice(host_firmware(input_bytes=40, state_bytes=0).elf) as fake:
        device = connected(fake)
        identity = device.identify()
        with open_journal(tmp_path / "run.jsonl", {}) as journal:
            found = run_data_set(
                device,
                identity,
                rows,
                layers=(),
                per_layer=False,
                progress=lambda *_: None,
                check_clock=True,
                journal=journal,
            )
    assert found.timer_rate is not None
    assert found.timer_rate.hz == pytest.approx(1e9, rel=0.01)
    with open_journal(tmp_path / "run.jsonl", {}) as journal:
        assert journal.ending is not None
        assert journal.ending.timer_rate == found.timer_rate
