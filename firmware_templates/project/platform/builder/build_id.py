"""What made a firmware, as one hash: every source file, every flag, the compiler."""

import hashlib
import json
import os
import subprocess

# Everything in them takes part in the build.
SOURCE_FOLDERS = ("include", "lib", "src", "platform/boards", "platform/builder", "platform/ldscripts")
SKIPPED = {"__pycache__"}
# PlatformIO's file for a library that lies elsewhere: JSON, with the place.
LINK = ".pio-link"
BUILD_ID_SOURCE = """\
/* Written by every build (platform/builder/build_id.py): SHA-256 over sources, flags and compiler. */
extern const char chipcast_build_id[65];
const char chipcast_build_id[65] = "{build_id}";
"""


def compiler_version(compiler, environment):
    """The first line that `compiler --version` prints: who it is."""
    text = subprocess.run(
        [compiler, "--version"], env=environment, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    return text.splitlines()[0].strip()


def source_files(project, extra_folders=()):
    """Paths relative to the project, with `/`, sorted."""
    found = []
    for folder in (*SOURCE_FOLDERS, *extra_folders):
        for parent, folders, names in os.walk(os.path.join(project, folder)):
            folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith(".")]
            for name in names:
                path = os.path.relpath(os.path.join(parent, name), project)
                if not name.startswith(".") and not name.endswith((".pyc", "~", LINK)):
                    found.append(path.replace(os.sep, "/"))
    return sorted(found)


def linked_libraries(project, extra_folders):
    """The folders that the links in `extra_folders` lead to."""
    found = []
    for folder in extra_folders:
        parent = os.path.join(project, folder)
        for name in sorted(os.listdir(parent)) if os.path.isdir(parent) else []:
            if name.endswith(LINK):
                with open(os.path.join(parent, name), encoding="utf-8") as file:
                    link = json.load(file)
                place = link["spec"]["uri"].split("symlink://", 1)[-1]
                found.append(os.path.normpath(os.path.join(link.get("cwd", project), place)))
    return found


def files_below(folder):
    """Every file, by its path relative to `folder` with `/`, sorted; hidden ones left out."""
    found = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED and not name.startswith(".")]
        found += [os.path.join(parent, name) for name in names if not name.startswith(".")]
    return sorted((os.path.relpath(path, folder).replace(os.sep, "/"), path) for path in found)


def compute(project, compiler, flags, extra_folders=()):
    """Hexadecimal SHA-256: independent of where the project lies and of the files' times."""
    whole = hashlib.sha256()
    for path in source_files(project, extra_folders):
        with open(os.path.join(project, path), "rb") as file:
            content = hashlib.sha256(file.read()).hexdigest()
        whole.update(("file %s %s\n" % (path, content)).encode())
    for library in linked_libraries(project, extra_folders):
        for path, place in files_below(library):
            with open(place, "rb") as file:
                content = hashlib.sha256(file.read()).hexdigest()
            whole.update(("library %s %s\n" % (path, content)).encode())
    whole.update(("compiler %s\n" % compiler).encode())
    whole.update(("flags %s\n" % json.dumps(flags)).encode())
    return whole.hexdigest()


def write_if_changed(path, text):
    """Leave an unchanged file's time alone, so that nothing is compiled again for it."""
    if os.path.isfile(path):
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
