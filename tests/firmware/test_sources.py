"""The firmware's C: no warnings from either compiler, and a parser that survives any bytes."""

from __future__ import annotations

import base64
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.firmware import tiny_model
from tests.firmware.conftest import render
from tests.firmware.line import checked
from toolchain import paths, process
from toolchain.load.board import list_boards, load_board
from toolchain.measure.protocol import encode_frame

STRICT = [
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
    "-Os",
    "-c",
    "-o",
    "/dev/null",
]
SUPPORT = sorted((paths.firmware_templates() / "support").rglob("*.c"))
COMMON = sorted((paths.firmware_templates() / "project" / "src").glob("*.c"))

HARNESS = """\
#include <stdio.h>
#include "chipcast_board.h"
#include "model_model.h"
#include "protocol.h"
const char chipcast_build_id[65] = "0";
static uint64_t now;
uint32_t chipcast_stack_reserved_bytes(void) { return 0; }
uint32_t chipcast_stack_used_bytes(void) { return 0; }
uint64_t chipcast_timer_ticks(void) { return now++; }
void chipcast_uart_write(const char *bytes, size_t count) { (void)fwrite(bytes, 1, count, stdout); }
int main(int count, char **names) {
  FILE *input = count > 1 ? fopen(names[1], "rb") : NULL;
  if (input == NULL) {
    return 2;
  }
  protocol_start();
  for (int byte = fgetc(input); byte != EOF; byte = fgetc(input)) {
    protocol_receive((uint8_t)byte);
  }
  return 0;
}
"""


# The drivers of every board whose compiler is not PlatformIO's, with all that can be built in; what is left
# out then, on two.
KINDS = [(board.id, True) for board in list_boards() if board.platformio.travels]
KINDS += [("host", False), ("sim_cortex_m4", False)]


@pytest.mark.parametrize(("name", "profile"), KINDS)
def test_no_warnings(tmp_path: Path, name: str, profile: bool) -> None:
    board = load_board(name)
    project = render(tmp_path / name, board)
    compiler = f"{board.compiler.prefix}gcc"
    if shutil.which(compiler) is None:
        pytest.skip(f"{compiler} is missing: sudo apt-get install {board.compiler.package}")
    sources = sorted((project / "src").rglob("*.c"))
    # Drivers for an Arduino core are C++, and compiled with it when a board is built.
    assert len(sources) + len(list((project / "src" / "support").rglob("*.cpp"))) >= len(COMMON) + 3
    for source in sources:
        command = [
            compiler,
            *board.compiler.flags,
            *STRICT,
            f"-I{project / 'include'}",
            f"-I{project / 'src'}",
        ]
        if profile:
            command += ["-DCHIPCAST_PROFILE", "-DCHIPCAST_TENSORS"]
        done = process.run([*command, source], timeout=60)
        assert done.exit_code == 0, done.stderr


def test_start_up_for_every_cortex_m(tmp_path: Path) -> None:
    """Armv6-M has neither VTOR nor CFSR for certain, and other instructions."""
    project = render(tmp_path / "project", load_board("sim_cortex_m4"))
    for core in ("cortex-m0", "cortex-m3", "cortex-m7", "cortex-m33", "cortex-m55"):
        command = ["arm-none-eabi-gcc", f"-mcpu={core}", "-mthumb", *STRICT, f"-I{project / 'include'}"]
        done = process.run([*command, project / "src/support/startup/cortex_m.c"], timeout=60)
        assert done.exit_code == 0, done.stderr


def firmware_sources(project: Path) -> list[Path]:
    """Everything but the model, the drivers, and main."""
    return sorted(path for path in (project / "src").glob("*.c") if path.stem not in {"main", "model_model"})


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The protocol as a program that reads a file, under the address and undefined-behaviour sanitisers."""
    folder = tmp_path_factory.mktemp("fuzz")
    project = render(folder / "host", load_board("host"))
    (folder / "harness.c").write_text(HARNESS)
    tame_model(project / "src/model_model.c")
    sources = firmware_sources(project)
    sanitisers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    command = ["cc", "-std=c99", "-g", "-O1", *sanitisers, f"-I{project / 'include'}", f"-I{project / 'src'}"]
    command += [str(folder / "harness.c"), str(project / "src/model_model.c"), *map(str, sources)]
    done = process.run([*command, "-o", folder / "harness"], timeout=120)
    assert done.exit_code == 0, done.stderr
    return folder / "harness"


def tame_model(model: Path) -> None:
    """No loop as long as the input asks for, and no faults on purpose."""
    model.write_text(
        model.read_text()
        .replace("loop(turns + 1", "loop(turns % 8u + 1")
        .replace("[5] == 0xFA", "[5] == 0xFA && 0")
        .replace("[5] == 0xFB", "[5] == 0xFB && 0")
    )


def survives(harness: Path, data: bytes, tmp_path: Path) -> str:
    """Feed `data`, then ask for the name: what the firmware said, all of it."""
    file = tmp_path / "bytes"
    file.write_bytes(data + b"%name%")
    done = process.run([harness, file], timeout=120)
    assert done.exit_code == 0, done.stderr[-2000:]
    assert done.stdout.replace("\r\n", "\n").endswith("m-name-dut-[chipcast]\nm-ready\n")
    return done.stdout


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes(harness: Path, tmp_path: Path, seed: int) -> None:
    survives(harness, random.Random(seed).randbytes(100_000), tmp_path)


def test_bytes_of_the_protocols_own_alphabet(harness: Path, tmp_path: Path) -> None:
    alphabet = b"in runamelyst 0123456789%%%*ABCDEFabc+/=\r\n"
    survives(harness, bytes(random.Random(7).choices(alphabet, k=200_000)), tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_damaged_commands(harness: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    data = bytearray()
    for _ in range(400):
        command = bytearray(a_command(chance))
        for _ in range(chance.choice((0, 0, 1, 3))):
            command[chance.randrange(len(command))] = chance.randrange(256)
        data += command[: chance.choice((len(command), len(command), chance.randrange(len(command) + 1)))]
    said = survives(harness, bytes(data), tmp_path)
    assert "c-in" in said
    assert "c-run" in said


def test_ten_million_bytes(harness: Path, tmp_path: Path) -> None:
    """Half of them commands, each time damaged otherwise, half of them anything at all, in one life of it."""
    chance, random_bytes = random.Random(11), np.random.default_rng(11)
    commands = np.frombuffer(b"".join(a_command(chance) for _ in range(4000)), np.uint8)
    data = bytearray()
    while len(data) < 10_000_000:
        damaged = commands.copy()
        places = random_bytes.random(len(damaged)) < 0.002
        damaged[places] = random_bytes.integers(0, 256, int(places.sum()))
        cut = int(random_bytes.integers(1, len(damaged)))
        data += np.concatenate([damaged[cut:], damaged[:cut]]).tobytes()
        data += random_bytes.bytes(len(damaged))
    said = survives(harness, bytes(data), tmp_path)
    words = (
        "c-in ",
        "c-run ",
        "c-time ",
        "c-out ",
        "e-crc",
        "e-overflow",
        "e-range",
        "m-lap-us-",
        "e-no-input",
    )
    heard = {word: said.count(word) for word in words}
    assert min(heard.values()) > 100, heard


COMMANDS = (
    *("name", "profile", "timestamp", "help", "id", "run", "layers", "memory", "reset", "sync 1", "steps"),
    *("db load 700", "db load 3", "db 010203", "db ff", "db print", "infer 2 1", "infer 1", "results"),
    *("run 1 8F9AC1F4", "out 0 12", "out 3 4", "time 2", "dump 0 8F9AC1F4", "dump 1 00000000"),
    *("tensor 0 0 12", "tensor 0 3 2", "ticks"),
)


def a_command(chance: random.Random) -> bytes:
    kind = chance.randrange(4)
    if kind == 0:
        return checked(chance.choice(COMMANDS))
    if kind == 1:
        return b"%" * chance.randrange(1, 4)
    if kind == 2:
        data = chance.randbytes(chance.choice((0, 1, 100, 254, 255, 512, 513, 600)))
        return encode_frame(chance.choice((0, 1, 188, 699, 700, 701, 2**32 - 1)), data)
    payload = base64.b64encode(
        chance.randbytes(chance.choice((0, 1, 2, 3, 100, 511, 512, 513, 600)))
    ).decode()
    offset = chance.choice((0, 1, 188, 699, 700, 701, 2**32, 2**33 - 1, 10**10 - 1))
    return checked(f"in {offset} {payload}")


@pytest.mark.parametrize("length", [1, 710, 716, 717, 718, 719, 720, 721, 722, 723, 100_000])
def test_commands_about_as_long_as_the_buffer(harness: Path, tmp_path: Path, length: int) -> None:
    said = survives(harness, b"z" * length, tmp_path)
    assert ("e-overflow" in said) != ("e-[Unknown" in said)


FUZZ_HARNESS = """\
#include <stdlib.h>
#include <string.h>
#include "chipcast_board.h"
#include "inference.h"
#include "protocol.h"
const char chipcast_build_id[65] = "0";
static uint64_t now;
static char said[31];
uint32_t chipcast_stack_reserved_bytes(void) { return 0; }
uint32_t chipcast_stack_used_bytes(void) { return 0; }
uint64_t chipcast_timer_ticks(void) { return now++; }
void chipcast_uart_write(const char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    memmove(said, said + 1, sizeof said - 1);
    said[sizeof said - 1] = bytes[i];
  }
}
int LLVMFuzzerInitialize(int *count, char ***words) {
  (void)count, (void)words;
  inference_start();
  protocol_start();
  return 0;
}
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char ask[] = "%name%";
  for (size_t i = 0; i < size; i++) {
    protocol_receive(data[i]);
  }
  for (size_t i = 0; i + 1 < sizeof ask; i++) {
    protocol_receive((uint8_t)ask[i]);
  }
  /* "m-name-dut-[chipcast]" and "m-ready": it still answers. */
  if (memcmp(said, "-name-dut-[chipcast]\\r\\nm-ready\\r\\n", sizeof said) != 0) {
    abort();
  }
  return 0;
}
"""


def libfuzzer_is_there(folder: Path) -> bool:
    """Whether clang is installed with its fuzzing runtime."""
    if shutil.which("clang") is None:
        return False
    source = folder / "empty.c"
    source.write_text("int LLVMFuzzerTestOneInput(const char *d, long n) { return d == 0 && n < 0; }\n")
    command = ["clang", "-fsanitize=fuzzer,address", str(source), "-o", str(folder / "empty")]
    return process.run(command, timeout=60).exit_code == 0


def test_coverage_guided_fuzzing(tmp_path: Path) -> None:
    """Some hundred thousand bytes here, of the fuzzer's own making; a longer run is a larger -runs."""
    if not libfuzzer_is_there(tmp_path):
        pytest.skip("clang has no libFuzzer here; the seeded tests above go on without it")
    project = render(tmp_path / "host", load_board("host"))
    model = project / "src/model_model.c"
    tame_model(model)
    (tmp_path / "harness.c").write_text(FUZZ_HARNESS)
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    chance = random.Random(5)
    for number in range(200):
        commands = b"".join(a_command(chance) for _ in range(chance.randrange(1, 6)))
        (corpus / str(number)).write_bytes(commands)
    command = ["clang", "-std=c99", "-g", "-O1", "-fsanitize=fuzzer,address,undefined"]
    command += ["-fno-sanitize-recover=all", "-DCHIPCAST_TENSORS", "-DCHIPCAST_PROFILE"]
    command += [f"-I{project / 'include'}", f"-I{project / 'src'}", str(tmp_path / "harness.c")]
    command += [str(model), *map(str, firmware_sources(project)), "-o", str(tmp_path / "fuzz")]
    done = process.run(command, timeout=120)
    assert done.exit_code == 0, done.stderr
    limits = ["-seed=1", "-runs=3000", "-max_len=2048", "-timeout=30", "-max_total_time=60"]
    done = process.run([tmp_path / "fuzz", corpus, *limits], timeout=180, cwd=tmp_path)
    assert done.exit_code == 0, done.stderr[-3000:]


def test_the_sanitisers_are_really_on(harness: Path, tmp_path: Path) -> None:
    """A model that reads beyond its array is caught: a harness that lets that pass proves nothing."""
    folder = harness.parent
    broken = tmp_path / "broken.c"
    source = tiny_model.model_files()["model_model.c"]
    broken.write_text(source.replace("model_arena[8 + i]", "model_arena[2000 + i]"))
    project = folder / "host"
    sources = firmware_sources(project)
    command = [
        "cc",
        "-std=c99",
        "-fsanitize=address,undefined",
        f"-I{project / 'include'}",
        f"-I{project / 'src'}",
    ]
    command += [str(folder / "harness.c"), str(broken), *map(str, sources), "-o", str(tmp_path / "broken")]
    done = process.run(command, timeout=120)
    assert done.exit_code == 0, done.stderr
    (tmp_path / "bytes").write_bytes(b"run%")
    assert process.run([tmp_path / "broken", tmp_path / "bytes"], timeout=60).exit_code != 0


def test_every_support_source_is_covered_here() -> None:
    """A driver that no built-in board uses would never be compiled."""
    used = {"cxx_runtime"}  # with the engine tflm, wherever there is no operating system
    for board in list_boards():
        support = board.support
        used |= {support.startup, support.uart, support.timer}
    assert {path.stem for path in SUPPORT} <= used
    assert shutil.which("arm-none-eabi-gcc"), "install gcc-arm-none-eabi"
