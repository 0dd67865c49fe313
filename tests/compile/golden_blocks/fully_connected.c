/* fully_connected, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "fully_connected_s8_by_eight.h"

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

const char model_sha256[65] = "4a12541ff668030111da6901e557bae0eaf1c58b74635e5ea515bbc0882a9031";
const char model_name[] = "fully_connected";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, eight outputs by turns */
static const int8_t model_w_0_weights[256] ALIGNED(4) = {
    20, -12, -74, -23, 11, 31, 39, 21, -24, 58, 8, 40, 55, -29, -6, -47, 26, 45, 5, -48, -13, 0, 30, 30,
    16, -122, -55, 41, -36, 20, 55, 69, 13, -85, -31, -1, 34, 21, 17, -69, 1, -8, -3, -56, 11, 39, -39,
    -111, 25, -19, -43, -14, 40, 12, -68, 28, -33, 10, -4, 2, -16, -4, 79, 115, -7, 10, 4, 12, -67, -12,
    -5, -45, -22, 95, 2, -44, -5, 48, -31, -56, 27, -50, -23, -50, -20, -101, 6, 27, 2, -17, 27, 9, 35, -6,
    -9, -38, -13, 92, 40, -21, 9, 1, 38, -23, -35, 29, 14, 11, -73, -64, 2, -16, -12, 30, -37, 34, -54, 15,
    1, 24, 0, -23, 33, -74, 40, -29, -32, -18, -12, -74, -23, 11, 31, 39, 21, 13, 58, 8, 40, 55, -29, -6,
    -47, -8, 45, 5, -48, -13, 0, 30, 30, -38, -122, -55, 41, -36, 20, 55, 69, -14, -85, -31, -1, 34, 21,
    17, -69, -43, -8, -3, -56, 11, 39, -39, -111, 0, -19, -43, -14, 40, 12, -68, 28, -51, 10, -4, 2, -16,
    -4, 79, 115, -49, 10, 4, 12, -67, -12, -5, -45, 66, 95, 2, -44, -5, 48, -31, -56, -2, -50, -23, -50,
    -20, -101, 6, 27, -2, -17, 27, 9, 35, -6, -9, -38, 23, 92, 40, -21, 9, 1, 38, -23, -19, 29, 14, 11,
    -73, -64, 2, -16, -10, 30, -37, 34, -54, 15, 1, 24, 19, -23, 33, -74, 40, -29, -32, -18, 13
};

/* t3, saturated */
static const int32_t model_t_0_stage[32] ALIGNED(4) = {
    -5093234, 194772121, -5063304, 89200512, -2269017, 76967442, 1787276, 165387307, -4438159, 60742257,
    1111772, 141326566, -14246676, 66319325, -1979854, 88076881, -5063304, 89200512, -2269017, 76967442,
    1787276, 165387307, -4438159, 60742257, 1111772, 141326566, -14246676, 66319325, -1979854, 88076881,
    -2566646, 70497868
};

/* 0 FULLY_CONNECTED t3 */
static const struct chipcast_fully_connected_s8_by_eight_params model_layer_0_0 = {
    .input_channels = 16,
    .output_channels = 9,
    .weights = model_w_0_weights,
    .stage_kind = 0,
    .table = model_t_0_stage,
    .shift = 0,
    .activation_min = -128,
    .activation_max = 127,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 16); /* t0 */
}

void model_run(void)
{
    /* 0 FULLY_CONNECTED t3 */
    chipcast_fully_connected_s8_by_eight(&model_layer_0_0, model_arena + 0, model_arena + 16);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 16, 9); /* t3 */
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
    {0, 16, 9}, /* t3 */
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
    misaligned |= (uintptr_t)model_w_0_weights & 3u;
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
