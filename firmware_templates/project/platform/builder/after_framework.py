"""Runs after a platform of PlatformIO's and its framework, when all flags are known: computes the build id."""

import json
import os
import shlex
import sys

from SCons.Script import COMMAND_LINE_TARGETS

Import("env")  # noqa: F821 - PlatformIO's

sys.dont_write_bytecode = True
import build_id  # noqa: E402 - before_framework.py has shown where


def words(env):
    """What the compiler and the linker are given."""
    found = []
    for name in ("CFLAGS", "CCFLAGS", "CXXFLAGS", "LINKFLAGS"):
        found += env.Flatten(env.get(name, []))
    return found + shlex.split(env.subst("$_CPPDEFFLAGS"))


def packages(platform):
    """Platform, framework and tools by name and version, the scripts that run the build among them."""
    found = ["platform %s %s" % (platform.name, platform.version)]
    for package in platform.dump_used_packages():
        found.append("package %s %s" % (package["name"], package["version"]))
    return found


def identify(env):
    """Write the build id where the firmware and chipcast find it."""
    project_dir = env.subst("$PROJECT_DIR")
    places = [os.path.realpath(project_dir), project_dir, env.subst("$PROJECT_PACKAGES_DIR")]
    flags = []
    for word in words(env):
        text = env.subst(str(word))
        if text.startswith("-ffile-prefix-map="):
            continue  # names the project's folder, and only takes it out of the result
        for place, name in zip(places, (".", ".", "PACKAGES")):
            text = text.replace(place, name)
        flags.append(text)
    flags += ["src:" + word for word in shlex.split(env.subst("$SRC_BUILD_FLAGS"))]
    compiler = build_id.compiler_version(env.subst("$CC"), env["ENV"])
    libraries = os.path.join(env.subst("$PROJECT_LIBDEPS_DIR"), env["PIOENV"])
    identity = build_id.compute(
        project_dir,
        compiler,
        [*flags, *packages(env.PioPlatform())],
        [os.path.relpath(libraries, project_dir)],
    )
    build_dir = env.subst("$BUILD_DIR")
    build_id.write_if_changed(
        os.path.join(build_dir, "generated", "build_id.c"),
        build_id.BUILD_ID_SOURCE.format(build_id=identity),
    )
    build_id.write_if_changed(
        os.path.join(build_dir, "chipcast_build.json"),
        json.dumps({"build_id": identity, "compiler": compiler, "flags": flags}, indent=1) + "\n",
    )


def choose_probe(env):
    """Of several debug probes, have OpenOCD take the one with the serial number that is asked for."""
    number = os.environ.get("CHIPCAST_PROBE_SERIAL", "")
    flags = [str(flag) for flag in env.Flatten(env.get("UPLOADERFLAGS", []))]
    commands = [place for place, flag in enumerate(flags) if flag.startswith("program ")]
    if number and env.subst("$UPLOADER") == "openocd" and commands:
        # Before the `-c` of the command that programs, which connects.
        flags[commands[0] - 1 : commands[0] - 1] = ["-c", "adapter serial %s" % number]
        env.Replace(UPLOADERFLAGS=flags)


choose_probe(env)  # noqa: F821
if "nobuild" not in COMMAND_LINE_TARGETS:
    identify(env)  # noqa: F821
