/* sum, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "sum_s8.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_DONE(layer) chipcast_layer_done(layer)
#else
#define LAYER_DONE(layer) ((void)0)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "5c35c311dc1e48443a2b57e8328f42bb2354215dafd3a2ccc4ed6e8b666eff74";
const char model_name[] = "sum";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 SUM t1 */
static const struct chipcast_sum_s8_params model_layer_0_0 = {
    .kept_extent = {1, 1, 6, 4},
    .kept_stride = {0, 0, 16, 1},
    .reduced_extent = {1, 1, 1, 4},
    .reduced_stride = {0, 0, 0, 4},
    .offset = 404,
    .multiplier = 1349189966,
    .shift = 0,
    .output_zero_point = 0,
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
    /* 0 SUM t1 */
    chipcast_sum_s8(&model_layer_0_0, model_arena + 0, model_arena + 96);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 24); /* t1 */
}

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
