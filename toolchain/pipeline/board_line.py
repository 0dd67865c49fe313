"""The line to a board: which port, how it is opened, and the device that answers there."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from toolchain.config import DeployConfig, MeasureConfig
from toolchain.errors import PortError
from toolchain.flash import FlashedBoard
from toolchain.measure import Device
from toolchain.measure.attached_ports import attached_ports
from toolchain.measure.link import REOPEN_PAUSE_SECONDS
from toolchain.measure.ports import (
    USB_PREFIX,
    LineOptions,
    path_of,
    present_ports,
    stable_name,
    usb_number,
)
from toolchain.vocabulary.board import Board
from toolchain.vocabulary.settings import SerialSettings

# The port on which the board answers, whichever that is.
AUTO = "auto"
# A port under the old path, but without the number, may be about to go.
_GRACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class BoardLine:
    """Where a board on the desk is found, and how it is spoken to.

    `port`: a path, a URL, `usb:SERIALNUMBER` or `auto`; None for a simulated board, which tells its own.
    `answer_seconds` bounds the wait for any one answer.
    """

    port: str | None = None
    answer_seconds: float = 60.0
    serial: SerialSettings = field(default_factory=SerialSettings)

    @property
    def upload_port(self) -> str | None:
        """The port as PlatformIO wants it: a path."""
        return None if self.port is None else path_of(self.port)

    @property
    def usb_number(self) -> str | None:
        """The port's USB serial number, where it has one to itself."""
        return None if self.port is None else usb_number(path_of(self.port))


def line_of(config: MeasureConfig | DeployConfig) -> BoardLine:
    """The line as it was configured."""
    return BoardLine(config.port, config.measure.timeout_seconds, config.serial)


def found_line(line: BoardLine, board: Board, *, build_id: str | None = None) -> BoardLine:
    """`line`, its port found by asking every port for this board (and build) where that is wanted.

    The port is then named by its USB serial number, if it has one: a board may come back under another path
    when it is flashed.  Where no firmware answers, and none is asked for by its build, the one port is taken
    that has USB ids which the board alone has.

    Raises:
        PortError: no port answers so, or several do.
    """
    if line.port != AUTO:
        return line
    if board.is_simulated:
        return replace(line, port=None)
    try:
        path = Device.find(
            line.serial.baud or board.serial.baud,
            board=board.id,
            build_id=build_id,
            options=_options(line, board),
        )
    except PortError as error:
        if build_id is not None:
            raise
        path = _the_one_that_looks_like(board, error)
    return replace(line, port=stable_name(path))


def _the_one_that_looks_like(board: Board, error: PortError) -> str:
    """The port with USB ids of the board's own firmware; those of a probe or a bridge are many boards'.

    Raises:
        PortError: `error`, with the ports that may be the board's.
    """
    roles = {(usb.vendor, usb.product): usb.role for usb in board.usb}
    found = {
        port.path: roles[port.vendor, port.product]
        for port in attached_ports()
        if port.vendor is not None and port.product is not None and (port.vendor, port.product) in roles
    }
    own = [path for path, role in found.items() if role == "firmware"]
    if len(own) == 1 == len(found):
        return own[0]
    if not found:
        raise error
    raise PortError(
        error.problem, f"Name the port with --port; by its USB ids it may be {' or '.join(found)}."
    ) from error


@contextlib.contextmanager
def opened_device(
    running: FlashedBoard, board: Board, line: BoardLine, *, just_flashed: bool = False
) -> Iterator[Device]:
    """The device on `running`, which has begun and is ready.  After flashing, its port may take time to come.

    Raises:
        DeviceError: the port cannot be opened, or nothing answers there.
    """
    if running.simulator is not None:
        options, seconds = LineOptions(), SerialSettings().ready_seconds
    else:
        options, seconds = _options(line, board), line.serial.ready_seconds
        options = replace(options, appear_seconds=options.reconnect_seconds if just_flashed else 0.0)
    url = _reappeared(running, board, line) if just_flashed else running.url
    with Device.open(
        url,
        line.serial.baud or board.serial.baud,
        answer_seconds=line.answer_seconds,
        options=options,
    ) as device:
        running.release()
        device.wait_until_ready(seconds)
        yield device


def _reappeared(running: FlashedBoard, board: Board, line: BoardLine) -> str:
    """The port of a board that was just flashed: one whose own USB makes it goes, and may come back under
    another path, but with its number.  The path as it was named, where that comes back without it."""
    if board.serial.line != "native" or running.number is None or running.url.startswith(USB_PREFIX):
        return running.url
    begun = time.monotonic()
    while (waited := time.monotonic() - begun) < line.serial.reconnect_seconds:
        paths = present_ports()
        if any(usb_number(path) == running.number for path in paths):
            return f"{USB_PREFIX}{running.number}"
        if waited > _GRACE_SECONDS and running.url in paths:
            return running.url
        time.sleep(REOPEN_PAUSE_SECONDS)
    return running.url


def _options(line: BoardLine, board: Board) -> LineOptions:
    """As the user wants it, else as the board does."""
    wanted, usual = line.serial, board.serial
    return LineOptions(
        dtr=usual.dtr if wanted.dtr is None else wanted.dtr,
        rts=usual.rts if wanted.rts is None else wanted.rts,
        reconnect_seconds=wanted.reconnect_seconds,
    )
