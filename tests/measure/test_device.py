"""The client against a firmware with faults to order."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from tests.measure.fake_firmware import BUILD, FakeFirmware
from toolchain.errors import (
    DataError,
    DeviceError,
    PortError,
    ProtocolError,
    SilentDeviceError,
    StaleFirmwareError,
    TimerError,
)
from toolchain.measure import Device
from toolchain.measure.link import Link
from toolchain.measure.run_data_set import run_data_set
from toolchain.vocabulary.measurement import ArenaNeed, StateReset


def connect(firmware: FakeFirmware, answer_seconds: float = 0.3) -> Device:
    return Device(Link(firmware, "fake"), answer_seconds=answer_seconds)


def ignore(_share: float, _words: str) -> None:
    pass


def test_identity_and_one_inference() -> None:
    device = connect(FakeFirmware())
    device.wait_until_ready(1)
    identity = device.require_build(BUILD)
    assert (identity.board, identity.timer_hz, identity.input_bytes) == ("fake", 1_000_000, 20)
    data = bytes(range(236, 256))
    result = device.infer(data)
    assert result.output == bytes((byte + 1) % 256 for byte in data)
    assert result.ticks == 1000
    assert device.retries == 0


def test_a_late_banner_shifts_no_answer() -> None:
    device = connect(FakeFirmware(banner=b"\x00\xffnoise\r\nm-init-done\r\nm-ready\r\nm-ready\r\n"))
    device.wait_until_ready(1)
    assert device.require_build(BUILD).build_id == BUILD


def test_another_build_is_refused_and_named() -> None:
    device = connect(FakeFirmware())
    with pytest.raises(StaleFirmwareError, match="runs build bbbbbbbbbbbb"):
        device.require_build("c" * 64)


def test_another_protocol_is_refused() -> None:
    with pytest.raises(ProtocolError, match="protocol 1"):
        connect(FakeFirmware(protocol="1")).identify()


def test_a_timer_that_stands_still_is_reported_not_printed() -> None:
    with pytest.raises(TimerError, match="does not advance"):
        connect(FakeFirmware(timer="stuck")).identify()


def test_bad_alignment_is_reported() -> None:
    with pytest.raises(ProtocolError, match="aligned"):
        connect(FakeFirmware(align="bad")).identify()


def test_an_interpreter_that_is_not_ready_says_why() -> None:
    assert connect(FakeFirmware(model_status=" status=ok")).identify().protocol == 2
    with pytest.raises(DeviceError, match="interpreter cannot run the model: its arena is too small"):
        connect(FakeFirmware(model_status=" status=arena")).identify()
    assert connect(FakeFirmware(model_status=" status=arena")).identify(ready=False).protocol == 2


def test_how_small_the_arena_may_be() -> None:
    told = connect(FakeFirmware(arena="size=4096 need=3616 used=2580")).arena_need()
    assert told == ArenaNeed(tried_bytes=4096, need_bytes=3616, used_bytes=2580)
    assert connect(FakeFirmware(arena="size=64 need=0 used=0")).arena_need() is None
    with pytest.raises(ProtocolError, match="not built to try its arena"):
        connect(FakeFirmware()).arena_need()


def test_silence_ends_within_its_bound() -> None:
    begun = time.monotonic()
    with pytest.raises(SilentDeviceError, match="sent nothing within 1 s"):
        connect(FakeFirmware(silent=True)).wait_until_ready(1)
    assert time.monotonic() - begun < 4


def test_garbage_is_called_garbage() -> None:
    firmware = FakeFirmware(silent=True, banner=b"U-Boot 2019.07\r\nlogin: \r\n" * 5)
    with pytest.raises(ProtocolError, match="no chipcast firmware"):
        connect(firmware).wait_until_ready(1)


def test_another_baud_rate_is_called_so() -> None:
    """What 8N1 at another rate looks like: bytes come when they should, but most are no text."""
    firmware = FakeFirmware(silent=True, banner=b"\x93\x12\xf0\xf0\r\n" * 5)
    with pytest.raises(ProtocolError, match="another baud rate"):
        connect(firmware).wait_until_ready(1)


def test_a_vanished_port_is_named() -> None:
    device = connect(FakeFirmware(vanish_after=20))
    device.wait_until_ready(1)

    def talk() -> None:
        for _ in range(100):
            device.identify()

    with pytest.raises(PortError, match="vanished"):
        talk()


def test_a_stack_used_to_its_last_byte_is_an_error() -> None:
    assert connect(FakeFirmware()).stack_bytes() == 120
    assert connect(FakeFirmware(stack="stack=unknown reserve=0")).stack_bytes() is None
    with pytest.raises(ProtocolError, match="all of its 4096 bytes"):
        connect(FakeFirmware(stack="stack=4096 reserve=4096")).stack_bytes()


def test_a_device_that_falls_silent_is_not_called_another_program() -> None:
    firmware = FakeFirmware()
    device = connect(firmware)
    device.wait_until_ready(1)
    device.identify()
    firmware.silent = True
    with pytest.raises(SilentDeviceError, match=r"has answered \d+ times, but not any more for 0.3 s"):
        device.identify()


def test_layer_times_are_none_where_they_are_not_built_in() -> None:
    assert connect(FakeFirmware()).layer_ticks() is None
    assert connect(FakeFirmware(profile=True)).layer_ticks() == (600, 400)


@pytest.mark.parametrize("seed", range(4))
def test_every_result_is_right_on_a_damaging_line(seed: int) -> None:
    firmware = FakeFirmware(damage=0.001, rng=random.Random(seed))
    device = connect(firmware, answer_seconds=1.0)
    device.wait_until_ready(5)
    inputs = np.random.default_rng(seed).integers(0, 256, (100, 20), dtype=np.uint8)
    result = run_data_set(device, device.identify(), inputs, layers=(), per_layer=False, progress=ignore)
    np.testing.assert_array_equal(result.outputs, inputs + 1)
    assert device.retries > 0


def test_every_data_set_starts_from_the_initial_state() -> None:
    firmware = FakeFirmware()
    device = connect(firmware)
    for rows in (3, 2):
        inputs = np.zeros((rows, 20), np.uint8)
        identity = device.identify()
        run_data_set(
            device,
            identity,
            inputs,
            layers=(),
            per_layer=False,
            state_reset=StateReset.NEVER,
            progress=ignore,
        )
        assert firmware.runs == rows


def test_a_line_that_damages_everything_gives_up() -> None:
    firmware = FakeFirmware(damage=0.5)
    begun = time.monotonic()
    with pytest.raises((ProtocolError, SilentDeviceError)):
        connect(firmware, answer_seconds=0.05).identify()
    assert time.monotonic() - begun < 60


def test_samples_of_the_wrong_size_are_refused() -> None:
    device = connect(FakeFirmware())
    with pytest.raises(DataError, match="19 bytes"):
        run_data_set(
            device,
            device.identify(),
            np.zeros((1, 19), np.uint8),
            layers=(),
            per_layer=False,
            progress=ignore,
        )


def test_a_device_that_never_ends_its_line_does_not_fill_the_memory() -> None:
    link = Link(FakeFirmware(banner=b"x" * 100_000), "fake")
    line = link.read_line(time.monotonic() + 1)
    assert line is not None
    assert len(line) == 4096
