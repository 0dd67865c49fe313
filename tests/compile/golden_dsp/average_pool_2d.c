/* average_pool_2d, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "average_pool_2d_s8_dsp.h"

#ifdef CHIPCAST_PROFILE
extern void chipcast_layer_done(uint16_t layer);
#define LAYER_TIMED(layer) chipcast_layer_done(layer)
#else
#define LAYER_TIMED(layer) ((void)0)
#endif

#ifdef CHIPCAST_TENSORS
static uint16_t model_last_layer = UINT16_MAX;
#define LAYER_DONE(layer)                      \
    do {                                       \
        LAYER_TIMED(layer);                    \
        if (model_last_layer == (layer)) { \
            return;                            \
        }                                      \
    } while (0)
#else
#define LAYER_DONE(layer) LAYER_TIMED(layer)
#endif

#define ALIGNED(bytes) __attribute__((aligned(bytes)))

const char model_sha256[65] = "7ea8d3bbb6339fac50aaecbb4d4da6f805f20acff45c3b95f71a28b046fa3e7e";
const char model_name[] = "average_pool_2d";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* 0 AVERAGE_POOL_2D t1 */
static const struct chipcast_average_pool_2d_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 5,
    .input_width = 2,
    .channels = 2,
    .output_height = 2,
    .output_width = 1,
    .filter_height = 4,
    .filter_width = 3,
    .stride_height = 3,
    .stride_width = 2,
    .padding_top = 1,
    .padding_left = 0,
    .activation_min = 0,
    .activation_max = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 20); /* t0 */
}

void model_run(void)
{
    /* 0 AVERAGE_POOL_2D t1 */
    chipcast_average_pool_2d_s8_dsp(&model_layer_0_0, model_arena + 0, model_arena + 0);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 4); /* t1 */
}

#define ARENA_PAINT 0x5A

void model_paint_arena(void)
{
    memset(model_arena, ARENA_PAINT, sizeof model_arena);
}

uint32_t model_arena_used(void)
{
    uint32_t used = MODEL_ARENA_BYTES;
    while (used > 0u && model_arena[used - 1u] == ARENA_PAINT) {
        used--;
    }
    return used;
}

#ifdef CHIPCAST_TENSORS
void model_run_to(uint16_t layer)
{
    model_last_layer = layer;
    model_run();
    model_last_layer = UINT16_MAX;
}

static const struct {
    uint16_t layer;
    uint32_t offset, bytes;
} model_layer_outputs[] = {
    {0, 0, 4}, /* t1 */
    {UINT16_MAX, 0, 0},
};

const uint8_t *model_layer_output(uint16_t layer, uint16_t output, uint32_t *bytes)
{
    for (uint32_t i = 0; model_layer_outputs[i].layer != UINT16_MAX; i++) {
        if (model_layer_outputs[i].layer == layer && output-- == 0u) {
            *bytes = model_layer_outputs[i].bytes;
            return (const uint8_t *)model_arena + model_layer_outputs[i].offset;
        }
    }
    return 0;
}
#endif

int model_aligned(void)
{
    uintptr_t misaligned = (uintptr_t)model_arena & 15u;
    return misaligned == 0u;
}
