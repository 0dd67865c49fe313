from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolchain.errors import PortError
from toolchain.measure.ports import open_link


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    master, slave = os.openpty()
    try:
        yield master, os.ttyname(slave)
    finally:
        os.close(slave)
        os.close(master)


def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="cannot be opened") as caught:
        open_link(str(tmp_path / "ttyACM7"), 115200)
    assert "Ports on this computer" in caught.value.next_action


def test_a_url_of_no_known_kind() -> None:
    with pytest.raises(PortError, match="cannot be opened"):
        open_link("gopher://x", 115200)


def test_nothing_listens() -> None:
    with pytest.raises(PortError, match="cannot be opened"):
        open_link("socket://127.0.0.1:1", 115200)


def test_a_busy_port(terminal: tuple[int, str]) -> None:
    first = open_link(terminal[1], 115200)
    try:
        with pytest.raises(PortError, match="in use by another program"):
            open_link(terminal[1], 115200)
    finally:
        first.close()


def test_lines_come_through_a_real_terminal(terminal: tuple[int, str]) -> None:
    link = open_link(terminal[1], 115200)
    try:
        os.write(terminal[0], b"m-ready\r\nhalf")
        assert link.read_line(time.monotonic() + 2) == "m-ready"
        assert link.read_line(time.monotonic() + 0.1) is None
        os.write(terminal[0], b" a line\n")
        assert link.read_line(time.monotonic() + 2) == "half a line"
    finally:
        link.close()
        link.close()


def test_a_port_unplugged_while_it_is_read() -> None:
    master, slave = os.openpty()
    link = open_link(os.ttyname(slave), 115200)
    os.close(slave)
    os.close(master)
    try:
        with pytest.raises(PortError, match="vanished"):
            link.read_line(time.monotonic() + 2)
    finally:
        link.close()
