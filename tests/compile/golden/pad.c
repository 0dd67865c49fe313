/* pad, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "pad_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "c850b201dcfaf23524a1945a5a3c6b9e84a55f42d9c15e6352eb34c2d44032a8";
const char model_name[] = "pad";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 PAD t1 */
static const struct chipcast_pad_s8_params model_layer_0_0 = {
    .input_extent = {1, 1, 1, 24, 4},
    .before = {0, 0, 0, 8, 2},
    .output_extent = {1, 1, 1, 36, 8},
    .value = 101,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 288, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 PAD t1 */
    chipcast_pad_s8(&model_layer_0_0, model_arena + 288, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 288); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
