"""Bulk loading: how much of the line's rate carries data, computed and seen."""

from __future__ import annotations

import time

import pytest

from tests.measure.conftest import Build
from tests.measure.throttled import Throttled
from toolchain.measure import Device, FakeDevice, Link
from toolchain.measure.conversation import Conversation
from toolchain.measure.loading import FRAME_BYTES, Loader
from toolchain.measure.protocol import encode_frame

INPUT_BYTES = 27_648
WINDOW_BYTES = 2048
ACKNOWLEDGEMENT = b"c-in offset=27392 crc=XXXXXXXX *XXXXXXXX\r\nm-ready\r\n"
# What a host adds each way: a USB adapter's latency timer at its usual 1 ms, and the system.
LATENCY_SECONDS = 0.002


def model_share(baud: int, latency: float) -> float:
    """Data bytes a second as a share of the line's byte rate.

    The line carries frames back to back as long as the window is not used up before the first
    acknowledgement is back: its own time, that of the answer, and the latency both ways.
    """
    byte = 10 / baud
    frame = len(encode_frame(0, bytes(range(1, 256)) + b"\1"))
    round_trip = (frame + len(ACKNOWLEDGEMENT)) * byte + 2 * latency
    in_window = WINDOW_BYTES // frame
    period = max(frame * byte, round_trip / in_window)
    return FRAME_BYTES / period * byte


@pytest.mark.parametrize("baud", [115_200, 921_600])
def test_the_computed_share_is_above_seventy_per_cent(baud: int) -> None:
    assert model_share(baud, LATENCY_SECONDS) > 0.9
    # The window is what makes it so: with one frame at a time the faster line would stand idle.
    stop_and_wait = FRAME_BYTES / ((FRAME_BYTES + 13 + 50) * 10 / baud + 2 * LATENCY_SECONDS) * 10 / baud
    assert baud == 115_200 or stop_and_wait < 0.5


@pytest.mark.parametrize("baud", [115_200, 921_600])
def test_the_share_that_is_seen(host_firmware: Build, baud: int) -> None:
    firmware = host_firmware(input_bytes=INPUT_BYTES, arena_bytes=32_768, state_bytes=0)
    with FakeDevice(firmware.elf, poll_seconds=0.0005) as fake:
        line = Throttled(fake, baud, LATENCY_SECONDS)
        try:
            link = Link(line, "throttled", baud=baud)
            device = Device(link)
            device.wait_until_ready(10)
            device.identify()
            talk = Conversation(link, answer_seconds=10)
            loader = Loader(talk)
            data = bytes(value * 31 % 251 for value in range(INPUT_BYTES))
            shares = []
            for _ in range(2):
                begun = time.monotonic()
                loader.load(data, chunk_bytes=512, window_bytes=WINDOW_BYTES)
                shares.append(INPUT_BYTES * 10 / baud / (time.monotonic() - begun))
            assert 0.7 < max(shares) <= 1.0, shares
            assert device.infer(data).output == bytes((value + 1) % 256 for value in data[8:20])
        finally:
            line.close()
