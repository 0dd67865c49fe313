"""QEMU's monitor protocol (QMP): letting a held guest run."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from toolchain.errors import FlashError

_SECONDS = 10.0


def resume(qmp_socket: Path) -> None:
    """Let the guest of the QEMU that listens on `qmp_socket` run; one that runs already goes on.

    Raises:
        FlashError: QEMU is gone or does not answer.
    """
    # In a thread of its own: the caller may have an event loop already, as notebooks do.
    with ThreadPoolExecutor(max_workers=1) as executor:
        executor.submit(asyncio.run, _command(qmp_socket, "cont")).result()


async def _command(qmp_socket: Path, name: str) -> None:
    from qemu.qmp import QMPClient, QMPError  # noqa: PLC0415 (imports slowly, needed for QEMU only)

    client = QMPClient("chipcast")
    try:
        async with asyncio.timeout(_SECONDS):
            await client.connect(str(qmp_socket))
            try:
                await client.execute(name)
            finally:
                await client.disconnect()
    except (OSError, QMPError, TimeoutError) as exc:
        raise FlashError(
            f"QEMU's monitor did not carry out {name!r}: {str(exc) or type(exc).__name__}.",
            "The simulator has ended or hangs; flash the board again.",
        ) from exc
