/* Inferences on the input buffer: timed, counted, told again. */
#ifndef CHIPCAST_INFERENCE_H
#define CHIPCAST_INFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "model_model.h"

#ifdef CHIPCAST_PROFILE
#define INFERENCE_PROFILE 1
#else
#define INFERENCE_PROFILE 0
#endif

#ifdef CHIPCAST_TENSORS
#define INFERENCE_TENSORS 1
#else
#define INFERENCE_TENSORS 0
#endif

extern uint8_t inference_input[MODEL_INPUT_BYTES];
extern uint8_t inference_output[MODEL_OUTPUT_BYTES];

/* Paints the arena and puts the model into its initial state. */
void inference_start(void);

/* Runs the model on inference_input and leaves its result in inference_output; the input stays as it is.
 * Returns the timer ticks that the model took: copying input and output lies outside.  0: there is no result. */
uint64_t inference_run(void);

/* Whether the model can be run at all: an interpreter may not have been made ready. */
bool inference_possible(void);

/* What is wrong where there is no result: "e-model" where the model cannot be run, else "e-timer". */
const char *inference_error(void);

/* Inferences since the model's state was last reset, or since boot. */
uint64_t inference_steps(void);

/* The model's state back to its initial values; no step has been taken then. */
void inference_reset(void);

/* Whoever writes to inference_input says so. */
void inference_input_changed(void);

#if INFERENCE_PROFILE
/* Ticks of one layer in the last inference, the call that reads the timer included; there must have been one. */
uint64_t inference_layer_ticks(uint16_t layer);
#endif

#if INFERENCE_TENSORS
/* Runs layers 0 to `layer` on inference_input, whose CRC-32 is `input_crc`; what was just run is not run again.
 * The layer's outputs then stand in the arena until the next inference.  Variables keep what these layers made of
 * them, so whoever cares resets. */
void inference_run_to(uint16_t layer, uint32_t input_crc);
/* The layer that was last run to, or -1 where its outputs do not stand any more. */
int32_t inference_last_layer(void);
#endif

#endif
