#include "inference.h"

#include "chipcast_board.h"

/* Apart from the arena, which the model overwrites as it runs: the same input can be run again. */
uint8_t inference_input[MODEL_INPUT_BYTES];
uint8_t inference_output[MODEL_OUTPUT_BYTES];

static uint64_t steps;

#if INFERENCE_PROFILE
static uint64_t layer_end[MODEL_LAYERS];
static uint64_t model_start;

void chipcast_layer_done(uint16_t layer);

void chipcast_layer_done(uint16_t layer) {
  if (layer < MODEL_LAYERS) {
    layer_end[layer] = chipcast_timer_ticks();
  }
}

uint64_t inference_layer_ticks(uint16_t layer) {
  return layer_end[layer] - (layer == 0 ? model_start : layer_end[layer - 1]);
}
#endif

#if INFERENCE_TENSORS
static int32_t last_layer = -1;
static uint32_t last_input_crc;

void inference_run_to(uint16_t layer, uint32_t input_crc) {
  if (last_layer == layer && last_input_crc == input_crc) {
    return;
  }
  model_set_input(inference_input);
  model_run_to(layer);
  last_layer = layer;
  last_input_crc = input_crc;
}

int32_t inference_last_layer(void) { return last_layer; }
#endif

/* The arena is used, or its input is not the same any more. */
static void forget_layer(void) {
#if INFERENCE_TENSORS
  last_layer = -1;
#endif
}

void inference_start(void) {
  model_paint_arena();
  inference_reset();
}

uint64_t inference_run(void) {
  forget_layer();
  model_set_input(inference_input);
  uint64_t start = chipcast_timer_ticks();
#if INFERENCE_PROFILE
  model_start = start;
#endif
  model_run();
  uint64_t end = chipcast_timer_ticks();
  if (!inference_possible()) {
    return 0;
  }
  model_get_output(inference_output);
  steps++;
  return end - start;
}

bool inference_possible(void) {
#ifdef MODEL_CAN_FAIL
  return model_fault() == NULL;
#else
  return true;
#endif
}

const char *inference_error(void) { return inference_possible() ? "e-timer" : "e-model"; }

uint64_t inference_steps(void) { return steps; }

void inference_reset(void) {
  forget_layer();
  model_reset();
  steps = 0;
}

void inference_input_changed(void) { forget_layer(); }
