"""The Arduino core for AVR, compiled as a library: Debian's arduino-core-avr, or PlatformIO's where it is installed."""

import hashlib
import os

DEBIAN = "/usr/share/arduino/hardware/arduino/avr"
PACKAGE = "framework-arduino-avr"


def root(env):
    """The core's folder; an error that says what to install where there is none."""
    for folder in (env.PioPlatform().get_package_dir(PACKAGE), DEBIAN):
        if folder and os.path.isdir(os.path.join(folder, "cores", "arduino")):
            return folder
    raise SystemExit(
        "Error: The Arduino core for AVR is not installed. "
        "Install it (on Debian: `sudo apt-get install arduino-core-avr`)."
    )


def add_core(env, variant, text_bytes, data_bytes):
    """Compile the core for `variant`; the linker is held to so much flash, and so much RAM for data."""
    folder = root(env)
    core = os.path.join(folder, "cores", "arduino")
    env.Replace(CXX=env["CC"].replace("gcc", "g++"), AS=env["CC"])
    env.Append(
        CPPPATH=[core, os.path.join(folder, "variants", variant)],
        ASFLAGS=[*env["CCFLAGS"], "-x", "assembler-with-cpp"],
        CXXFLAGS=["-std=gnu++11", "-fno-exceptions", "-fno-threadsafe-statics"],
        LINKFLAGS=[
            "-Wl,--defsym=__TEXT_REGION_LENGTH__=%d" % text_bytes,
            "-Wl,--defsym=__DATA_REGION_LENGTH__=%d" % data_bytes,
        ],
    )
    library = env.Clone()
    # Its warnings are nobody's here.
    library.Append(CCFLAGS=["-w"])
    # pulseIn is in two files whose objects would have one name; nothing here measures pulses.
    sources = ["+<*>", "-<wiring_pulse.*>"]
    env.Prepend(LIBS=[library.BuildLibrary(os.path.join("$BUILD_DIR", "arduino"), core, sources)])


def identity(env):
    """What the core is made of, for the build id: a hash of all its files."""
    whole = hashlib.sha256()
    folder = root(env)
    for part in ("cores", "variants"):
        for parent, folders, names in os.walk(os.path.join(folder, part)):
            folders.sort()
            for name in sorted(names):
                with open(os.path.join(parent, name), "rb") as file:
                    whole.update(file.read())
    return ["arduino core " + whole.hexdigest()]
