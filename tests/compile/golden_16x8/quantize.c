/* quantize, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "rescale_s16.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "052c08663fb1b0d0d149b8c486a49c7e70702f547cf420847d7147225848d841";
const char model_name[] = "quantize";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 QUANTIZE t1 */
static const struct chipcast_rescale_s16_params model_layer_0_0 = {
    .elements = 378,
    .multiplier = 1816707913,
    .shift = -2,
    .minimum = -32768,
    .maximum = 32767,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 QUANTIZE t1 */
    chipcast_rescale_s16(&model_layer_0_0, (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 0));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 756); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
