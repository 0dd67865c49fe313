/* svdf, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "svdf_s8_s16.h"

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

const char model_sha256[65] = "167553b9897284bf5abcb133559231ffe4d8ca4e17a618e1a91f402b20c26d7e";
const char model_name[] = "svdf";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);
static union {
    int8_t bytes[32];
    int16_t words[16]; /* what some variables hold */
} model_state ALIGNED(16);

/* t5 */
static const int8_t model_w_0_features[12] ALIGNED(4) = {
    0, 82, -94, 76, -97, -8, 81, -50, -40, -57, 56, -63
};

/* t5, the zero point_s share */
static const int32_t model_w_0_feature_bias[2] ALIGNED(4) = {
    4141, 7373
};

/* t5 */
static const int16_t model_w_0_time[16] ALIGNED(4) = {
    676, 438, 77, 4059, 2520, 2397, 1640, 1001, -1302, 4005, -277, -2332, 2827, -2783, 2928, 922
};

/* t5 */
static const int32_t model_w_0_bias[2] ALIGNED(4) = {
    -808005, -956423
};

/* 0 SVDF t5 */
static const struct chipcast_svdf_s8_s16_params model_layer_0_0 = {
    .batches = 1,
    .inputs = 6,
    .units = 2,
    .rank = 1,
    .memory = 8,
    .feature_multiplier = 1569350385,
    .feature_shift = 1,
    .state_zero_point = 0,
    .output_multiplier = 2097249177,
    .output_shift = -18,
    .output_zero_point = 0,
    .features = model_w_0_features,
    .feature_bias = model_w_0_feature_bias,
    .time = model_w_0_time,
    .bias = model_w_0_bias,
};

void model_reset(void)
{
    memset(model_state.bytes + 0, 0, 32); /* t2 */
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 0, bytes + 0, 6); /* t0 */
}

void model_run(void)
{
    /* 0 SVDF t5 */
    chipcast_svdf_s8_s16(&model_layer_0_0, model_arena + 0, (int16_t *)(void *)(model_state.bytes + 0), model_arena + 16);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 16, 2); /* t5 */
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
    {0, 16, 2}, /* t5 */
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
    misaligned |= (uintptr_t)model_state.bytes & 15u;
    misaligned |= (uintptr_t)model_w_0_features & 3u;
    misaligned |= (uintptr_t)model_w_0_feature_bias & 3u;
    misaligned |= (uintptr_t)model_w_0_time & 3u;
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    return misaligned == 0u;
}
