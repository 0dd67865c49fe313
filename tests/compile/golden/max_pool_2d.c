/* max_pool_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "max_pool_2d_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "e9dcbf553f845a293dea7f586ce7acd1e11fe8f1ada068f7d8a2abc59098b7a2";
const char model_name[] = "max_pool_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 MAX_POOL_2D t1 */
static const struct chipcast_max_pool_2d_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .channels = 4,
    .output_height = 6,
    .output_width = 2,
    .filter_height = 1,
    .filter_width = 1,
    .stride_height = 1,
    .stride_width = 3,
    .padding_top = 0,
    .padding_left = 0,
    .activation_min = -128,
    .activation_max = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 MAX_POOL_2D t1 */
    chipcast_max_pool_2d_s8(&model_layer_0_0, model_arena + 0, model_arena + 96);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 48); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
