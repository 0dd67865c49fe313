"""Reading results back from a device: the link, the protocol, the client, and what its answers are worth."""

from toolchain.measure.device import Device

__all__ = ["Device"]
