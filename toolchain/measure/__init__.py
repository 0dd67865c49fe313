"""Reading results back from a device: the link, the protocol, the client, and what its answers are worth."""

from toolchain.measure.device import Device
from toolchain.measure.fake_device import FakeDevice
from toolchain.measure.faults import Damage, Faults
from toolchain.measure.link import Link
from toolchain.measure.ports import LineOptions

__all__ = ["Damage", "Device", "FakeDevice", "Faults", "LineOptions", "Link"]
