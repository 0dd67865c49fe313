"""The drivers for the Arduino framework, on this computer: registers are memory, which a test moves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.firmware.conftest import render
from toolchain import process
from toolchain.load.board import load_board

# What the drivers need of the framework, and no more.
ARDUINO = """\
#include <stddef.h>
#include <stdint.h>
struct Line {
  void begin(unsigned long baud);
  int available();
  int read();
  size_t write(const uint8_t *bytes, size_t count);
};
extern Line Serial;
extern uint32_t SystemCoreClock;
uint32_t micros();
void yield();
void setup();
void loop();
"""
# Pages at the addresses of DWT and DEMCR.  The core runs at 100 MHz; `jump` lets time pass.  A counter that
# stands still is memory that nothing moves.
HARNESS = """\
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "sketch.h"
extern "C" {
#include "chipcast_board.h"
}
uint32_t SystemCoreClock = 100000000;
static bool moves;
static uint64_t now_cycles;
static volatile uint32_t *page(uintptr_t address) {
  const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
  void *at = mmap((void *)address, 4096, PROT_READ | PROT_WRITE, how, -1, 0);
  if (at != (void *)address) { exit(77); }
  return (volatile uint32_t *)at;
}
static volatile uint32_t *dwt, *scs;
static void show() { if (moves) { dwt[1] = (uint32_t)now_cycles; } }
static void jump(uint64_t cycles) { now_cycles += cycles; show(); }
uint32_t micros() { jump(3); return (uint32_t)(now_cycles / 100); }
static uint64_t difference(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }
int main(int count, char **words) {
  const bool lacks = count > 1 && strcmp(words[1], "lacks") == 0;
  moves = count > 1 && strcmp(words[1], "moves") == 0;
  dwt = page(0xE0001000u);
  scs = page(0xE000E000u);
  if (lacks) { dwt[0] = 1u << 25; }
  chipcast_timer_start();
  printf("%s %llu\\n", chipcast_timer_source(), (unsigned long long)chipcast_timer_hz());
  assert(scs[0xDFC / 4] & (1u << 24));
  const uint64_t a_tick = chipcast_timer_hz() == 1000000 ? 100 : 1;
  const uint64_t first = chipcast_timer_ticks(), begun = now_cycles;
  /* Within a wrap, many wraps, an hour; the counter wraps after 43 s here. */
  const uint64_t jumps[] = {50, 1000, 4000000000u, 4294967296u, 5000000000u, 123456789012u, 360000000000u, 7};
  for (uint64_t cycles : jumps) {
    jump(cycles);
    const uint64_t told = chipcast_timer_ticks() - first, passed = (now_cycles - begun) / a_tick;
    if (difference(told, passed) > 10) {
      printf("told %llu, passed %llu\\n", (unsigned long long)told, (unsigned long long)passed);
      return 1;
    }
  }
  return 0;
}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = render(tmp_path_factory.mktemp("sketch") / "project", load_board("nucleo_f446re"))
    (folder / "include" / "Arduino.h").write_text(ARDUINO)
    return folder


@pytest.mark.parametrize("driver", ["startup/sketch", "uart/sketch_serial", "timer/sketch_dwt"])
def test_no_warnings(project: Path, driver: str) -> None:
    flags = ["-std=gnu++17", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror", "-Os", "-mthumb"]
    command = ["arm-none-eabi-g++", "-mcpu=cortex-m4", *flags, "-c", "-o", "/dev/null"]
    includes = [f"-I{project / 'include'}", f"-I{project / 'src'}"]
    done = process.run([*command, *includes, project / f"src/support/{driver}.cpp"], timeout=60)
    assert done.exit_code == 0, done.stderr


@pytest.fixture(scope="module")
def program(project: Path) -> Path:
    if shutil.which("g++") is None:
        pytest.skip("sudo apt-get install g++")
    (project / "harness.cpp").write_text(HARNESS)
    sources = [project / "harness.cpp", project / "src/support/timer/sketch_dwt.cpp"]
    output = project / "harness"
    command = ["g++", "-O1", "-no-pie", f"-I{project / 'include'}", "-o", str(output), *map(str, sources)]
    done = process.run(command, timeout=60)
    assert done.exit_code == 0, done.stderr
    return project / "harness"


@pytest.mark.parametrize(
    ("counter", "told"),
    [("moves", "dwt 100000000"), ("stands still", "micros 1000000"), ("lacks", "micros 1000000")],
)
def test_time_passes_as_it_does(program: Path, counter: str, told: str) -> None:
    """Over wraps of the counter; and by micros() where there is none, or it stands still."""
    done = process.run([program, counter], timeout=20)
    if done.exit_code == 77:
        pytest.skip("these addresses are taken on this computer")
    assert (done.exit_code, done.stdout.splitlines()) == (0, [told]), done.stderr
