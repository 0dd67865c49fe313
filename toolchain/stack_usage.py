"""A static bound on the stack of the model and its kernels, from gcc's `-fstack-usage` files.

Nothing here calls itself, and a model calls one kernel at a time; so no chain of calls is deeper than
one of the model's entry points, all functions it has for itself, all functions of one kernel's file, and a
helper of the C library or of the compiler (which come without such files).
"""

from __future__ import annotations

from pathlib import Path

# What the deepest of them takes on 32-bit Arm, the 64-bit division (__aeabi_uldivmod), rounded up;
# memcpy, memset and floating-point helpers take less.
HELPER_BYTES = 64
_MODEL = "model_model"
_ENTRIES = ("run", "reset", "set_input", "get_output", "aligned")
_KERNEL_FOLDER = "chipcast_kernels"


def model_stack_bytes(project: Path, build: Path) -> int | None:
    """The bound in bytes for the project that was built in `build`.

    It holds from the call of the model's function on; interrupts come on top.  None where a file is
    missing (the compiler writes none) or a function's stack is not bounded.

    Raises:
        ValueError: a file is damaged.
        OSError: it cannot be read.
    """
    model = _frames(_only(build, f"src/{_MODEL}"))
    kernels = [
        _frames(_only(build, f"lib*/{_KERNEL_FOLDER}/{source.stem}"))
        for source in sorted((project / "lib" / _KERNEL_FOLDER).glob("*.c"))
    ]
    if model is None or None in kernels:
        return None
    entries = [size for name, size in model.items() if name in {f"model_{entry}" for entry in _ENTRIES}]
    if not entries:
        return None
    own = sum(model.values()) - sum(entries)
    deepest = max((sum(kernel.values()) for kernel in kernels if kernel is not None), default=0)
    return max(entries) + own + deepest + HELPER_BYTES


def _only(build: Path, stem: str) -> Path | None:
    """The file of a source; PlatformIO numbers the libraries' folders, and an old one may lie beside the new.

    Objects are named NAME.o or, by most platforms, NAME.c.o, and these files after them.
    """
    found = [*build.glob(f"{stem}.su"), *build.glob(f"{stem}.c.su")]
    return found[0] if len(found) == 1 else None


def _frames(path: Path | None) -> dict[str, int] | None:
    """Bytes by function; None where the file is missing or names a function without a bound."""
    if path is None or not path.is_file():
        return None
    frames: dict[str, int] = {}
    for line in path.read_text("utf-8").splitlines():
        place, size, kind = line.rsplit("\t", 2)
        if kind not in ("static", "dynamic,bounded"):
            return None
        # Copies that the compiler specialises (`.constprop.0`) are functions of their own.
        frames[place.rpartition(":")[2]] = int(size)
    return frames
