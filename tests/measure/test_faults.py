"""The client against the real firmware behind a line with faults to order."""

from __future__ import annotations

import random
import time
from pathlib import Path

import numpy as np
import pytest

from tests.measure.conftest import Build
from toolchain.errors import (
    DeviceError,
    ProtocolError,
    SilentDeviceError,
    StaleFirmwareError,
    StateLostError,
    TimerError,
)
from toolchain.measure import Damage, Device, FakeDevice, Faults, Link
from toolchain.measure.faults import DamagingChannel
from toolchain.measure.timer_rate import require_timer_rate

OUTPUT_BYTES = 12


def samples(count: int, size: int, seed: int = 0) -> list[bytes]:
    """Random inputs whose first eight bytes ask the model for no loop and no fault."""
    values = np.random.default_rng(seed).integers(0, 256, (count, size), np.uint8)
    values[:, :8] = 0
    return [row.tobytes() for row in values]


def expected(data: bytes, step: int = 1) -> bytes:
    return bytes((byte + step) % 256 for byte in data[8 : 8 + OUTPUT_BYTES])


def connected(fake: FakeDevice, seconds: float = 10) -> Device:
    device = Device(Link(fake, "fake"))
    device.wait_until_ready(seconds)
    return device


def test_a_thousand_samples_through_one_per_cent_damage_and_twenty_resets(host_firmware: Build) -> None:
    firmware = host_firmware(input_bytes=200, state_bytes=0)
    chance = random.Random(2026)
    faults = Faults(
        to_device=Damage.of(0.01),
        to_host=Damage.of(0.01),
        resets=tuple(sorted(chance.randrange(10_000, 1_200_000) for _ in range(20))),
        seed=2026,
    )
    inputs = samples(1000, 200)
    with FakeDevice(firmware.elf, faults) as fake:
        device = connected(fake)
        assert device.require_build(firmware.build_id).input_bytes == 200
        outputs = [device.infer(data).output for data in inputs]
        assert fake.starts == 21, f"{fake.passed_bytes} bytes passed"
        # The bound: bytes, which do not depend on how busy this computer is.  One exchange takes some 400.
        assert fake.passed_bytes < 4_000_000
    assert outputs == [expected(data) for data in inputs]
    assert device.retries > 1000


@pytest.mark.parametrize("seed", range(3))
def test_a_streaming_model_takes_every_step_once(host_firmware: Build, seed: int) -> None:
    """Its output tells how many steps it has taken: one too many, or too few, would show."""
    firmware = host_firmware(input_bytes=40)
    faults = Faults(to_device=Damage.of(0.01), to_host=Damage.of(0.01), seed=seed)
    with FakeDevice(firmware.elf, faults) as fake:
        device = connected(fake)
        device.reset_state()
        for step, data in enumerate(samples(100, 40, seed), start=1):
            assert device.infer(data).output == expected(data, step)
        assert device.retries > 50


def test_a_streaming_model_whose_device_restarts_is_told_and_replayed(host_firmware: Build) -> None:
    firmware = host_firmware(input_bytes=40)
    faults = Faults(resets=(2_000, 9_000), to_host=Damage.of(0.002), seed=4)
    sequence = samples(30, 40)
    lost = 0
    with FakeDevice(firmware.elf, faults) as fake:
        device = connected(fake)
        while True:
            try:
                device.reset_state()
                outputs = [device.infer(data).output for data in sequence]
                break
            except StateLostError:
                lost += 1
    assert outputs == [expected(data, step) for step, data in enumerate(sequence, start=1)]
    assert lost == 2


@pytest.mark.parametrize("at", [1, 40, 150, 700, 801, 850, 900, 950])
def test_a_reset_at_any_point_of_an_inference(host_firmware: Build, at: int) -> None:
    firmware = host_firmware(state_bytes=0)
    with FakeDevice(firmware.elf) as fake:
        device = connected(fake)
        device.identify()
        fake._resets = [fake.passed_bytes + at]
        first, second = samples(2, 700)
        assert device.infer(first).output == expected(first)
        assert device.infer(second).output == expected(second)
        assert fake.starts == 2


def test_a_late_banner_is_waited_for(host_firmware: Build) -> None:
    with FakeDevice(host_firmware().elf, Faults(banner_seconds=2.5)) as fake:
        begun = time.monotonic()
        assert connected(fake).identify().board == "host"
        assert time.monotonic() - begun > 2.4


def test_a_banner_later_than_the_bound(host_firmware: Build) -> None:
    with FakeDevice(host_firmware().elf, Faults(banner_seconds=30)) as fake, pytest.raises(SilentDeviceError):
        connected(fake, seconds=1)


def test_truncated_lines_are_asked_for_again(host_firmware: Build) -> None:
    with FakeDevice(host_firmware(state_bytes=0).elf, Faults(truncated_lines=0.2, seed=3)) as fake:
        device = connected(fake)
        for data in samples(40, 700):
            assert device.infer(data).output == expected(data)
        assert device.retries > 10


def test_delayed_bytes_change_nothing(host_firmware: Build) -> None:
    late = Damage(delayed=0.005)
    with FakeDevice(host_firmware().elf, Faults(to_device=late, to_host=late, seed=1)) as fake:
        device = connected(fake)
        device.reset_state()
        for step, data in enumerate(samples(15, 700), start=1):
            assert device.infer(data).output == expected(data, step)


def test_a_stuck_timer_is_reported(host_firmware: Build) -> None:
    with FakeDevice(host_firmware().elf, Faults(stuck_timer=True)) as fake:
        device = connected(fake)
        with pytest.raises(TimerError, match="does not advance"):
            device.identify()


def test_the_wrong_build_is_refused(host_firmware: Build) -> None:
    firmware = host_firmware()
    other = Faults(build_id="0123456789abcdef" * 4)
    with (
        FakeDevice(firmware.elf, other) as fake,
        pytest.raises(StaleFirmwareError, match="runs build 0123456789ab"),
    ):
        connected(fake).require_build(firmware.build_id)


def test_a_line_that_damages_everything_gives_up(host_firmware: Build) -> None:
    faults = Faults(to_device=Damage.of(0.6), to_host=Damage.of(0.6))
    begun = time.monotonic()
    with FakeDevice(host_firmware().elf, faults) as fake, pytest.raises((ProtocolError, SilentDeviceError)):
        connected(fake, seconds=5)
    assert time.monotonic() - begun < 20


def test_a_file_that_is_no_firmware(tmp_path: Path) -> None:
    script = tmp_path / "firmware.elf"
    script.write_text("#!/bin/sh\nexit 1\n")
    script.chmod(0o755)
    with pytest.raises(DeviceError, match="did not start"):
        FakeDevice(script)


def test_the_same_seed_gives_the_same_damage() -> None:
    data = bytes(range(256)) * 40
    outs = []
    for seed in (1, 1, 2):
        channel = DamagingChannel(Damage.of(0.05), random.Random(seed))
        channel.put(data)
        outs.append(channel.take())
    assert outs[0] == outs[1] != outs[2]
    assert outs[0] != data


def test_many_times_and_layers_through_damage(host_firmware: Build) -> None:
    firmware = host_firmware(input_bytes=40, state_bytes=0, per_layer_timing=True, layer_tensors=True)
    faults = Faults(to_device=Damage.of(0.01), to_host=Damage.of(0.01), seed=8)
    (data,) = samples(1, 40)
    with FakeDevice(firmware.elf, faults) as fake:
        device = connected(fake)
        assert device.infer(data).output == expected(data)
        ticks = device.layer_ticks()
        assert ticks is not None
        assert len(ticks) == 2
        times = device.time(130)
        assert len(times) == 130
        assert min(times) > 0
        assert device.layer_outputs(0, data) == (expected(data),)
        assert device.layer_outputs(1, data) == (expected(data)[:6],)
        assert device.memory().arena_bytes == 40
        assert device.infer(data).output == expected(data)


FAULTING = bytes(4) + b"\xfa\xfa\0\0"


def test_a_firmware_that_faults_on_an_input_is_named(host_firmware: Build) -> None:
    """It restarts, is given the input again, and faults again: a few times, not for ever."""
    with FakeDevice(host_firmware(state_bytes=0, input_bytes=40).elf) as fake:
        device = connected(fake)
        (good,) = samples(1, 40)
        bad = FAULTING + good[8:]
        assert device.infer(good).output == expected(good)
        with pytest.raises(ProtocolError, match=r"faults on .*: e-fault pc="):
            device.infer(bad)
        assert 3 <= device.faults <= 5
        assert device.infer(good).output == expected(good)


def test_a_fault_amid_a_sequence_is_told_with_the_state_it_cost(host_firmware: Build) -> None:
    with FakeDevice(host_firmware(input_bytes=40).elf) as fake:
        device = connected(fake)
        device.reset_state()
        (good,) = samples(1, 40)
        assert device.infer(good).output == expected(good)
        with pytest.raises(StateLostError, match="e-fault pc="):
            device.infer(FAULTING + good[8:])
        device.reset_state()
        assert device.infer(good).output == expected(good)


def test_timing_a_model_with_state_is_not_taken_for_a_part_of_its_sequence(host_firmware: Build) -> None:
    faults = Faults(to_host=Damage.of(0.004), seed=3)
    with FakeDevice(host_firmware(input_bytes=40, layer_tensors=True).elf, faults) as fake:
        device = connected(fake)
        device.reset_state()
        first, second = samples(2, 40)
        assert device.infer(first).output == expected(first)
        assert len(device.time(120)) == 120
        with pytest.raises(StateLostError, match="Reset the model's state"):
            device.infer(second)
        device.reset_state()
        assert device.infer(second).output == expected(second)
        device.layer_outputs(0, second)
        with pytest.raises(StateLostError):
            device.infer(second)


def test_a_restart_while_it_is_timed_loads_the_input_again(host_firmware: Build) -> None:
    """The model's loop is as long as its input asks for: times of an empty input would stand out."""
    firmware = host_firmware(state_bytes=0, input_bytes=40)
    (data,) = samples(1, 40)
    slow = (400_000).to_bytes(4, "little") + data[4:]
    with FakeDevice(firmware.elf) as fake:
        device = connected(fake)
        device.infer(slow)
        fake._resets = [fake.passed_bytes + 600, fake.passed_bytes + 2_500]
        times = device.time(70)
        assert fake.starts == 3
        quick = device.infer(data).ticks
    assert len(times) == 70
    assert min(times) > 5 * quick


def test_the_timer_beside_this_computers_clock(host_firmware: Build) -> None:
    """The host's firmware reads the same clock: what is found must agree within what it may be off."""
    with FakeDevice(host_firmware().elf) as fake:
        device = connected(fake)
        told = device.identify().timer_hz
        found = device.measured_timer_rate(0.3)
    assert abs(found.hz - told) <= found.uncertainty_hz + 1e-4 * told
    assert found.uncertainty_hz < 0.1 * told
    require_timer_rate(found, told, "host")
    with pytest.raises(TimerError, match=r"runs at 1000 MHz .* not at the 1200 MHz"):
        require_timer_rate(found, 1_200_000_000, "host")
