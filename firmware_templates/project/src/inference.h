/* One inference on the input buffer, timed. */
#ifndef CHIPCAST_INFERENCE_H
#define CHIPCAST_INFERENCE_H

#include <stdint.h>

#include "model_model.h"

#ifdef CHIPCAST_PROFILE
#define INFERENCE_PROFILE 1
#else
#define INFERENCE_PROFILE 0
#endif

extern uint8_t inference_input[MODEL_INPUT_BYTES];
extern uint8_t inference_output[MODEL_OUTPUT_BYTES];

/* Runs the model on inference_input and leaves its result in inference_output; the input stays as it is.
 * Returns the timer ticks that the model took: copying input and output lies outside. */
uint64_t inference_run(void);

#if INFERENCE_PROFILE
/* Ticks of one layer in the last inference, the call that reads the timer included; there must have been one. */
uint64_t inference_layer_ticks(uint16_t layer);
#endif

#endif
