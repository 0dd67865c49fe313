"""Runs before a platform of PlatformIO's and its framework: what chipcast adds to their build."""

import os
import sys

Import("env")  # noqa: F821 - PlatformIO's

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(env.subst("$PROJECT_DIR"), "platform", "builder"))  # noqa: F821
import build_id  # noqa: E402 - it lies beside this file

project_dir = env.subst("$PROJECT_DIR")  # noqa: F821
env.Append(  # noqa: F821
    CCFLAGS=[
        # How much stack every function takes, beside its object file; chipcast adds it up.
        "-fstack-usage",
        # The compiler must not fuse a multiplication with an addition: results are exact to the last bit.
        "-ffp-contract=off",
        # The same bytes from whichever folder.
        *["-ffile-prefix-map=%s=." % folder for folder in sorted({project_dir, os.path.realpath(project_dir)})],
    ]
)

# The build id is compiled from one generated file; after_framework.py, which knows all flags, writes its text.
generated = os.path.join(env.subst("$BUILD_DIR"), "generated")  # noqa: F821
build_id.write_if_changed(
    os.path.join(generated, "build_id.c"), build_id.BUILD_ID_SOURCE.format(build_id="0" * 64)
)
env.BuildSources(os.path.join("$BUILD_DIR", "generated_objects"), generated)  # noqa: F821
