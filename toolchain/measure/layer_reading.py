"""What single layers took and left: times of the last inference, tensors of any layer."""

from __future__ import annotations

import zlib

from toolchain.errors import ProtocolError
from toolchain.measure.conversation import ATTEMPTS, Conversation, Pace, RefusedError
from toolchain.measure.fetching import Fetcher
from toolchain.measure.loading import Loader
from toolchain.measure.pieces import Pieces
from toolchain.measure.protocol import CheckedLine, ReconnectedError
from toolchain.vocabulary.measurement import Identity

_GONE = ("e-no-run",)


class LayerReader:
    """Asks for layers; whether the firmware can tell them was decided when it was built."""

    def __init__(self, talk: Conversation, loader: Loader, fetcher: Fetcher, pace: Pace) -> None:
        self._talk = talk
        self._loader = loader
        self._fetcher = fetcher
        self._pace = pace

    def ticks(self, layers: int, step: int) -> tuple[int, ...] | None:
        """Ticks of each of the `layers` in inference number `step`, the last; see Device.layer_ticks."""
        told: dict[int, int] = {}

        def accept(line: CheckedLine) -> tuple[int, ...] | None:
            if line.name == "layer" and line.number("step") == step:
                told[line.number("index")] = line.number("ticks")
            return tuple(told[index] for index in range(layers)) if len(told) == layers else None

        try:
            return self._talk.ask("layers", accept, refusals=("e-unsupported", "e-no-run"))
        except RefusedError as exc:
            if exc.reason == "e-unsupported":
                return None
            raise ProtocolError(
                "The device has no layer times: it has not run the model since it started.", "Run it first."
            ) from exc

    def outputs(self, identity: Identity, layer: int, data: bytes) -> tuple[bytes, ...]:
        """The output tensors of `layer` on `data`, see Device.layer_outputs."""
        crc = zlib.crc32(data)
        faults = self._talk.faults
        for _ in range(ATTEMPTS):
            self._talk.require_no_fault_loop(faults, f"layer {layer}")
            try:
                self._loader.load(data, chunk_bytes=identity.chunk_bytes, window_bytes=identity.window_bytes)
                heads = self._dump(layer, crc)
                tensors = [self._tensor(number, *head) for number, head in enumerate(heads)]
            except ReconnectedError:
                self._talk.meet_again()
                continue
            except RefusedError as exc:
                if exc.reason == "e-unsupported":
                    raise ProtocolError(
                        "The firmware was built without layer tensors.", "Render it with `layer_tensors`."
                    ) from exc
                self._talk.retries += 1
                continue
            whole = [tensor for tensor in tensors if tensor is not None]
            if len(whole) == len(tensors):
                return tuple(whole)
        raise ProtocolError(
            f"The device on {self._talk.link.name} did not tell layer {layer} in {ATTEMPTS} tries.",
            "Check the board's power: it seems to reset.",
        )

    def _dump(self, layer: int, crc: int) -> list[tuple[int, int]]:
        """Size and CRC of each of the layer's outputs."""
        told: dict[int, tuple[int, int]] = {}
        count: list[int] = []

        def accept(line: CheckedLine) -> list[tuple[int, int]] | None:
            if line.name == "dump" and line.number("layer") == layer:
                told[line.number("output")] = (line.number("bytes"), line.crc("crc"))
            elif line.name == "dumped" and (line.number("layer"), line.crc("input")) == (layer, crc):
                count[:] = [line.number("outputs")]
            return [told[i] for i in range(len(told))] if count == [len(told)] else None

        return self._talk.ask(
            f"dump {layer} {crc:08X}",
            accept,
            refusals=("e-unsupported", "e-input"),
            pace=self._pace,
        )

    def _tensor(self, number: int, total: int, crc: int) -> bytes | None:
        pieces = Pieces(total)
        for _ in range(ATTEMPTS):
            self._fetcher.fetch(f"tensor {number}", "tensor", pieces, refusals=_GONE)
            if pieces.crc == crc:
                return pieces.content
            pieces.clear()
        return None
