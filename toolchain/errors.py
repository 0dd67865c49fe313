"""Every error chipcast raises on purpose, and the exit code each one ends the command with.

ChipcastError
├── ConfigError            10  deploy.toml or an option is wrong
├── ModelError             11  the file is no model that can be read
│   ├── NotQuantisedError  12  a float, dynamic-range or mixed .tflite
│   ├── UnsupportedError   13  an operator, type or layer that cannot be compiled
│   └── TranslationError   14  a Keras 3 layer that tf_keras cannot rebuild
├── DataError              15  the data set does not fit the model, or cannot be read
├── BoardError             16  unknown board, or a board file that is wrong
├── DoesNotFitError        17  the firmware is larger than the board
├── MissingToolError       20  something that has to be installed
│   ├── MissingCompilerError   21
│   ├── MissingSimulatorError  22
│   ├── MissingPackageError    23  a Python package (usually an extra of chipcast)
│   ├── RegistryError          24  PlatformIO lacks a package and cannot download it
│   └── MissingLibraryError    25  TensorFlow Lite Micro, for the engine tflm
├── BuildError             30  PlatformIO or the compiler failed
│   └── DebugBuildError    32  its figures would say nothing of the firmware that is meant
├── FlashError             31  uploading, or starting the simulator, failed
├── DeviceError            40  the line to the device
│   ├── PortError          41  no such port, busy, no permission, vanished
│   ├── SilentDeviceError  42  nothing came back within the bound
│   ├── ProtocolError      43  what came back is damaged or makes no sense
│   ├── StaleFirmwareError 44  another build answered
│   └── StateLostError     46  the device restarted amid a sequence, so a streaming model's state is gone
├── TimerError             45  the device's timer stands still, so no time can be reported
├── ParityError            50  the device's bytes differ from the oracle's
├── OracleError            51  the host interpreter could not run the model
├── VerificationError      52  a result's hashes do not agree with what is rebuilt now
└── BudgetError            53  a limit under [budget] does not hold

Only `toolchain.cli` turns these into text and an exit code.  Each message is one sentence that says
what is wrong; `next_action` says what to do about it.
"""

from __future__ import annotations

from typing import ClassVar


class ChipcastError(Exception):
    """Root of all errors raised on purpose: `problem` in one sentence, and the `next_action`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, next_action: str) -> None:
        super().__init__(f"{problem} {next_action}")
        self.problem = problem
        self.next_action = next_action


class ConfigError(ChipcastError):
    exit_code = 10


class ModelError(ChipcastError):
    exit_code = 11


class NotQuantisedError(ModelError):
    exit_code = 12


class UnsupportedError(ModelError):
    exit_code = 13


class TranslationError(ModelError):
    exit_code = 14


class DataError(ChipcastError):
    exit_code = 15


class BoardError(ChipcastError):
    exit_code = 16


class DoesNotFitError(ChipcastError):
    exit_code = 17


class MissingToolError(ChipcastError):
    exit_code = 20


class MissingCompilerError(MissingToolError):
    exit_code = 21


class MissingSimulatorError(MissingToolError):
    exit_code = 22


class MissingPackageError(MissingToolError):
    exit_code = 23


class RegistryError(MissingToolError):
    exit_code = 24


class MissingLibraryError(MissingToolError):
    exit_code = 25


class BuildError(ChipcastError):
    exit_code = 30


class DebugBuildError(BuildError):
    exit_code = 32


class FlashError(ChipcastError):
    exit_code = 31


class DeviceError(ChipcastError):
    exit_code = 40


class PortError(DeviceError):
    exit_code = 41


class SilentDeviceError(DeviceError):
    exit_code = 42


class ProtocolError(DeviceError):
    exit_code = 43


class StaleFirmwareError(DeviceError):
    exit_code = 44


class StateLostError(DeviceError):
    exit_code = 46


class TimerError(DeviceError):
    exit_code = 45


class ParityError(ChipcastError):
    exit_code = 50


class OracleError(ChipcastError):
    exit_code = 51


class VerificationError(ChipcastError):
    exit_code = 52


class BudgetError(ChipcastError):
    exit_code = 53
