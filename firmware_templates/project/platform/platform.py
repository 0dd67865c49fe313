"""The PlatformIO development platform that travels inside a project rendered by chipcast.

It builds with a compiler that is on PATH, or with PlatformIO's own package where one is installed or asked
for; and it lends PlatformIO the SCons of this Python where PlatformIO's own is not installed.  So a project
builds on a machine that cannot reach PlatformIO's registry.
"""

import importlib.util
import json
import os
import shutil
import tempfile

import semantic_version
from platformio.dependencies import get_core_dependencies
from platformio.exception import UserSideException
from platformio.package.manager.tool import ToolPackageManager
from platformio.package.meta import PackageSpec
from platformio.platform.base import PlatformBase

ARM_COMPILER = "toolchain-gccarmnoneeabi"
SHIM_FOLDER = "chipcast-scons-"


class ChipcastPlatform(PlatformBase):
    """Asks for nothing that has to be downloaded when this computer has it already."""

    def configure_default_packages(self, options, targets):
        """Called by PlatformIO before it looks which packages are missing."""
        super().configure_default_packages(options, targets)
        self._check_compiler(options)
        lend_scons(self.config.get("platformio", "core_dir"))

    def _check_compiler(self, options):
        """Say at once that the compiler is missing: PlatformIO would first wait for its registry."""
        build = self.board_config(options["board"]).get("build", {})
        if build["prefix"] == "arm-none-eabi-":
            asked_for = not self.packages[ARM_COMPILER].get("optional", False)
            if asked_for or self.get_package(ARM_COMPILER):
                self.packages[ARM_COMPILER]["optional"] = False
                return
        compiler = build["compiler"]
        if shutil.which(compiler) is None:
            package = build.get("package", compiler)
            hint = f"Install it (on Debian: `sudo apt-get install {package}`)"
            if build["prefix"] == "arm-none-eabi-":
                hint += (
                    ", or let PlatformIO download one with the line "
                    f"`platform_packages = {ARM_COMPILER}` in platformio.ini"
                )
            raise UserSideException(f"The compiler {compiler} is not installed. {hint}.")


def lend_scons(core_dir):
    """Install this Python's SCons as PlatformIO's tool-scons, where there is no other and it is fit."""
    requirement = get_core_dependencies()["tool-scons"]
    manager = ToolPackageManager()
    installed = manager.get_package(
        PackageSpec(owner="platformio", name="tool-scons", requirements=requirement)
    )
    version = _scons_version()
    if installed:
        if os.path.isfile(os.path.join(installed.path, "chipcast-shim")) and version is None:
            raise UserSideException(
                "This Python has no SCons, which PlatformIO needs. Install it with `pip install scons`."
            )
        return
    if version is None or semantic_version.Version(version) not in semantic_version.SimpleSpec(requirement):
        return  # PlatformIO downloads its own
    shim = _write_shim(core_dir, version)
    manager.install(PackageSpec(owner="platformio", name="tool-scons", requirements="symlink://" + shim))


def _scons_version():
    """The version of this Python's SCons as PlatformIO's packages count it (4.11.1 is 4.41101.0), or None."""
    if importlib.util.find_spec("SCons") is None:
        return None
    import SCons  # noqa: PLC0415 - only where it is installed

    try:
        major, minor, patch = (int(part) for part in SCons.__version__.split(".")[:3])
    except ValueError:
        return None
    return f"{major}.{major}{minor:02}{patch:02}.0"


def _write_shim(core_dir, version):
    """A package folder that runs the SCons of whichever Python runs PlatformIO; whole or not at all."""
    folder = os.path.join(core_dir, SHIM_FOLDER + version)
    if os.path.isfile(os.path.join(folder, "package.json")):
        return folder
    os.makedirs(core_dir, exist_ok=True)
    fresh = tempfile.mkdtemp(prefix="chipcast-scons-", dir=core_dir)
    contents = {
        "scons.py": "import SCons.Script\n\nSCons.Script.main()\n",
        "chipcast-shim": "Runs the SCons that is installed beside PlatformIO.\n",
        "package.json": json.dumps({"name": "tool-scons", "version": version, "description": "SCons"}),
    }
    for name, text in contents.items():
        with open(os.path.join(fresh, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.chmod(fresh, 0o755)
    try:
        os.rename(fresh, folder)
    except OSError:
        # Another build was faster.
        shutil.rmtree(fresh, ignore_errors=True)
        if not os.path.isfile(os.path.join(folder, "package.json")):
            raise
    return folder
