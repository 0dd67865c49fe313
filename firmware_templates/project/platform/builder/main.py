"""Compiles, links and starts: PlatformIO runs this with SCons for every build of the project."""

import json
import os
import shlex
import sys

from SCons.Script import COMMAND_LINE_TARGETS, AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()
platform_dir = env.PioPlatform().get_dir()
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(platform_dir, "builder"))
import arduino  # noqa: E402 - they lie beside this file
import build_id  # noqa: E402

project_dir = env.subst("$PROJECT_DIR")
build_dir = env.subst("$BUILD_DIR")
prefix = board.get("build.prefix")
core_flags = list(board.get("build.flags", []))

# Debian's avr-gcc is older than the option for all kinds of paths.
PREFIX_MAP = "-fdebug-prefix-map" if prefix == "avr-" else "-ffile-prefix-map"

env.Replace(
    CC=board.get("build.compiler"),
    AR=prefix + "ar",
    RANLIB=prefix + "ranlib",
    LINK="$CC",
    PROGNAME="firmware",
    PROGSUFFIX=".elf",
)
cxx = board.get("build.cxx", "")
if cxx:
    # No exceptions, no types at run time, and nothing to undo at a program's end that never comes.
    env.Replace(CXX=cxx, LINK="$CXX")
    env.Append(
        CXXFLAGS=[
            "-std=gnu++17",
            "-fno-exceptions",
            "-fno-rtti",
            "-fno-threadsafe-statics",
            "-fno-unwind-tables",
            "-fno-asynchronous-unwind-tables",
        ]
    )
if prefix:
    env.Replace(SIZETOOL=prefix + "size")

env.Append(
    CFLAGS=["-std=c99"],
    CCFLAGS=[
        *core_flags,
        "-g",
        # How much stack every function takes, beside its object file; chipcast adds it up.
        "-fstack-usage",
        "-Wall",
        "-Wextra",
        "-ffunction-sections",
        "-fdata-sections",
        "-fno-common",
        # The compiler must not fuse a multiplication with an addition: results are exact to the last bit.
        "-ffp-contract=off",
        # The same bytes from whichever folder; between the marks, what SCons does not count as a difference.
        "$(",
        *["%s=%s=." % (PREFIX_MAP, folder) for folder in sorted({project_dir, os.path.realpath(project_dir)})],
        "$)",
    ],
    LINKFLAGS=[*core_flags, "-Wl,--gc-sections", "-Wl,-Map=" + os.path.relpath(os.path.join(build_dir, "firmware.map"), project_dir)],
)
script = board.get("build.ldscript", "")
if script:
    # No start-up files and no system calls: the project brings its own start, and nothing opens files.
    env.Append(LINKFLAGS=["-nostartfiles"], LIBS=["m"])
    if not any(flag.startswith("--specs=") for flag in core_flags):
        env.Append(LINKFLAGS=["--specs=nano.specs"])
    env.Replace(LDSCRIPT_PATH=os.path.join(platform_dir, "ldscripts", script))
else:
    env.Append(LIBS=["m"])

variant = board.get("build.arduino_variant", "")
if variant:
    arduino.add_core(env, variant, board.get("upload.maximum_size"), board.get("build.data_bytes"))

# The build id is compiled from one generated file, whose text is known only after all flags are.
id_source = os.path.join(build_dir, "generated", "build_id.c")
build_id.write_if_changed(id_source, build_id.BUILD_ID_SOURCE.format(build_id="0" * 64))
env.Append(PIOBUILDFILES=[env.Object(os.path.join(build_dir, "generated", "build_id.o"), id_source)])

if "nobuild" in COMMAND_LINE_TARGETS:
    program = env.File(os.path.join("$BUILD_DIR", "firmware.elf"))
else:
    program = env.BuildProgram()
    if script:
        env.Depends(program, env["LDSCRIPT_PATH"])
    definitions = shlex.split(env.subst("$_CPPDEFFLAGS"))
    words = [*env["CFLAGS"], *env["CCFLAGS"], *definitions, *env["LINKFLAGS"]]
    words += ["c++:" + str(flag) for flag in env["CXXFLAGS"]] if cxx else []
    # By name alone: PlatformIO keeps a library's archive in a folder that it names by a hash of where the
    # project lies, which is no part of what is built.
    words += ["-l" + os.path.basename(str(library)) for library in env.Flatten(env.get("LIBS", []))]
    words += arduino.identity(env) if variant else []
    flags = [
        env.subst(str(word)).replace(os.path.realpath(project_dir), ".").replace(project_dir, ".")
        for word in words
        # These name the project's folder, and only take it out of the result.
        if not str(word).startswith((PREFIX_MAP + "=", "$(", "$)"))
    ]
    # What src/ is compiled with on top.
    flags += ["src:" + word for word in shlex.split(env.subst("$SRC_BUILD_FLAGS"))]
    compiler = build_id.compiler_version(env.subst("$CC"), env["ENV"])
    library_folder = os.path.join(env.subst("$PROJECT_LIBDEPS_DIR"), env["PIOENV"])
    identity = build_id.compute(
        project_dir, compiler, flags, [os.path.relpath(library_folder, project_dir)]
    )
    build_id.write_if_changed(id_source, build_id.BUILD_ID_SOURCE.format(build_id=identity))
    build_id.write_if_changed(
        os.path.join(build_dir, "chipcast_build.json"),
        json.dumps({"build_id": identity, "compiler": compiler, "flags": flags}, indent=1) + "\n",
    )

AlwaysBuild(env.Alias("nobuild", program))
env.AddPlatformTarget("buildprog", program, None, "Build")

if board.get("simulator", {}):
    start = '"$PYTHONEXE" "%s" start "--project=%s" "--board=%s" "--elf=$SOURCE"' % (
        os.path.join(platform_dir, "simulator.py"),
        project_dir,
        env["BOARD"],
    )
    env.Replace(UPLOADCMD=start)
    env.AddPlatformTarget(
        "upload", program, [env.VerboseAction("$UPLOADCMD", "Starting the simulator with $SOURCE")], "Upload"
    )

Default(env.Alias("buildprog", program))
