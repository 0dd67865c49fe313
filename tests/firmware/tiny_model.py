"""A model written by hand: output[i] = input[8 + i] + runs since reset, and a loop of known length."""

from __future__ import annotations

import numpy as np

from toolchain.vocabulary.program import Constant, Program, TensorPort

INPUT_BYTES = 700
OUTPUT_BYTES = 12
LAYERS = 2
SHA256 = "ab" * 32

_HEADER = """\
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H
#include <stdint.h>
#define MODEL_INPUT_BYTES 700
#define MODEL_OUTPUT_BYTES 12
#define MODEL_ARENA_BYTES 1024
#define MODEL_STATE_BYTES 4
#define MODEL_LAYERS 2
extern const char model_sha256[65];
extern const char model_name[];
void model_reset(void);
void model_set_input(const uint8_t *input);
void model_run(void);
void model_get_output(uint8_t *output);
void model_paint_arena(void);
uint32_t model_arena_used(void);
#ifdef CHIPCAST_TENSORS
void model_run_to(uint16_t layer);
const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes);
#endif
int model_aligned(void);
#endif
"""

_SOURCE = """\
#include "model_model.h"

#include <string.h>

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#endif

const char model_sha256[65] = "SHA256";
const char model_name[] = "tiny";
static const int8_t model_w_bias[PAYLOAD] = {ONES};
static const int32_t model_t_multiplier[5] = {0};
static uint8_t model_arena[MODEL_ARENA_BYTES] __attribute__((aligned(16)));
static uint32_t runs;

void model_reset(void) { runs = 0; }

void model_set_input(const uint8_t *input) { memcpy(model_arena, input, MODEL_INPUT_BYTES); }

/* Two instructions a turn on a Cortex-M, and on RISC-V. */
static void loop(uint32_t turns) {
#ifdef __arm__
  __asm__ volatile(".syntax unified\\n1: subs %0, %0, #1\\n bne 1b" : "+l"(turns) : : "cc");
#elif defined(__riscv)
  __asm__ volatile("1: addi %0, %0, -1\\n bnez %0, 1b" : "+r"(turns));
#else
  for (volatile uint32_t i = 0; i < turns; i++) {
  }
#endif
}

static uint32_t recurse(uint32_t depth) {
  volatile uint32_t frame[32];
  frame[depth % 32u] = depth;
  return depth == 0 ? 0 : recurse(depth - 1u) + frame[depth % 32u];
}

void model_run(void) {
  uint32_t turns;
  memcpy(&turns, model_arena, 4);
  runs++;
  /* Input bytes 4 and 5 both 0xFA: a fault on purpose; 0xFB: a stack without end. */
  if (model_arena[4] == 0xFA && model_arena[5] == 0xFA) {
    *(volatile uint32_t *)0xFFFFFFF0u = 1;
    __builtin_trap(); /* where QEMU lets that pass */
  }
  if (model_arena[4] == 0xFB && model_arena[5] == 0xFB) {
    model_arena[0] = (uint8_t)recurse(turns);
  }
  for (uint32_t i = 0; i < MODEL_OUTPUT_BYTES; i++) {
    uint32_t bias = (uint32_t)model_w_bias[runs % PAYLOAD];
    model_arena[i] = (uint8_t)((uint32_t)model_arena[8 + i] + runs + bias - 1u);
  }
#ifdef CHIPCAST_PROFILE
  chipcast_layer_done(0);
#endif
  loop(turns + 1 + (uint32_t)model_t_multiplier[turns & 3u]);
#ifdef CHIPCAST_PROFILE
  chipcast_layer_done(1);
#endif
}

void model_get_output(uint8_t *output) { memcpy(output, model_arena, MODEL_OUTPUT_BYTES); }

void model_paint_arena(void) { memset(model_arena, 0x5A, sizeof model_arena); }

uint32_t model_arena_used(void) {
  uint32_t used = MODEL_ARENA_BYTES;
  while (used > 0 && model_arena[used - 1] == 0x5A) {
    used--;
  }
  return used;
}

#ifdef CHIPCAST_TENSORS
/* The loop of the second layer changes nothing. */
void model_run_to(uint16_t layer) {
  (void)layer;
  model_run();
}

/* The first layer makes the output; the second has two: its first half, and nothing of its own. */
const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes) {
  *bytes = layer == 0 ? MODEL_OUTPUT_BYTES : MODEL_OUTPUT_BYTES / 2;
  return output == 0 ? model_arena : 0;
}
#endif

int model_aligned(void) { return ((uintptr_t)model_arena & 15u) == 0; }
"""


def model_files(
    payload_bytes: int = 100, arena_bytes: int = 1024, state_bytes: int = 4, input_bytes: int = INPUT_BYTES
) -> dict[str, str]:
    ones = ", ".join("1" * payload_bytes)
    source = _SOURCE.replace("SHA256", SHA256).replace("PAYLOAD", str(payload_bytes)).replace("ONES", ones)
    header = _HEADER.replace("ARENA_BYTES 1024", f"ARENA_BYTES {arena_bytes}")
    header = header.replace("INPUT_BYTES 700", f"INPUT_BYTES {input_bytes}")
    if state_bytes == 0:  # every inference is the first
        header = header.replace("STATE_BYTES 4", "STATE_BYTES 0")
        source = source.replace("runs++;", "runs = 1;")
    return {
        "model_model.h": header,
        "model_model.c": source,
    }


def program(
    payload_bytes: int = 100, arena_bytes: int = 1024, state_bytes: int = 4, input_bytes: int = INPUT_BYTES
) -> Program:
    return Program(
        prefix="model",
        model_name="tiny",
        model_sha256=SHA256,
        layers=(),
        constants=(Constant("w_bias", "int8_t", np.zeros(payload_bytes, np.int8), "weights"),),
        arena=(),
        arena_bytes=arena_bytes,
        arena_lower_bound_bytes=arena_bytes,
        inputs=(TensorPort("input", 0, 0, (1, input_bytes), "int8", input_bytes, None),),
        outputs=(TensorPort("output", 1, 0, (1, OUTPUT_BYTES), "int8", OUTPUT_BYTES, None),),
        optimise_for="size",
        initial_state=np.zeros(state_bytes, np.int8),
    )
