/* a model, run by TensorFlow Lite Micro. Generated: change the model, not this file. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All inputs, one after the other in the model's order; the same for the outputs. */
#define MODEL_INPUT_BYTES 36
#define MODEL_OUTPUT_BYTES 3
#define MODEL_ARENA_BYTES 4096
/* Variables: they lie in the arena, too. */
#define MODEL_STATE_BYTES 0
#define MODEL_LAYERS 4

/* SHA-256 of the .tflite file, in hexadecimal, and the model's name. */
extern const char model_sha256[65];
extern const char model_name[];

/* Makes the interpreter anew: variables are in their initial state then. */
void model_reset(void);

/* Why the model cannot be run, in one word: "arena" (too small, or an operator refused its tensors), "schema" (the
 * file is of another version), "ports" (the interpreter has other inputs or outputs), "invoke" (an operator failed);
 * NULL where it can. After model_reset. */
#define MODEL_CAN_FAIL 1
const char *model_fault(void);

/* Copies MODEL_INPUT_BYTES into the arena. Has to come before every run: a run overwrites its inputs. */
void model_set_input(const uint8_t *bytes);

/* One inference, nothing else. Compiled with CHIPCAST_PROFILE, it calls chipcast_layer_done(n), which the
 * firmware provides, after layer n. */
void model_run(void);

/* Copies MODEL_OUTPUT_BYTES out of the arena; valid after a run, until the next input. */
void model_get_output(uint8_t *bytes);

/* Fills the arena with a pattern: model_reset has to follow. */
void model_paint_arena(void);

/* What the interpreter says it uses of the arena. Making it ready may take more, for a while. */
uint32_t model_arena_used(void);

#ifdef CHIPCAST_ARENA_PROBE
/* The smallest arena, in steps of 16 bytes, in which the interpreter can be made ready; 0: this one is too small.
 * Variables are in their initial state afterwards. */
uint32_t model_arena_need(void);
#endif

#ifdef CHIPCAST_TENSORS
/* The first layers of an inference only, up to and including `layer`. */
void model_run_to(uint16_t layer);

/* Where the layer's output number `output` stands right after it has run, and its size; NULL where there is none. */
const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes);
#endif

/* 1 when arena and model lie on their alignment, else 0. */
int model_aligned(void);

#ifdef __cplusplus
}
#endif

#endif
