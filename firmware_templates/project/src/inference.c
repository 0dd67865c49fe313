#include "inference.h"

#include "board.h"

/* Apart from the arena, which the model overwrites as it runs: the same input can be run again. */
uint8_t inference_input[MODEL_INPUT_BYTES];
uint8_t inference_output[MODEL_OUTPUT_BYTES];

#if INFERENCE_PROFILE
static uint64_t layer_end[MODEL_LAYERS];
static uint64_t model_start;

void chipcast_layer_done(uint16_t layer);

void chipcast_layer_done(uint16_t layer) {
  if (layer < MODEL_LAYERS) {
    layer_end[layer] = timer_ticks();
  }
}

uint64_t inference_layer_ticks(uint16_t layer) {
  return layer_end[layer] - (layer == 0 ? model_start : layer_end[layer - 1]);
}
#endif

uint64_t inference_run(void) {
  model_set_input(inference_input);
  uint64_t start = timer_ticks();
#if INFERENCE_PROFILE
  model_start = start;
#endif
  model_run();
  uint64_t end = timer_ticks();
  model_get_output(inference_output);
  return end - start;
}
