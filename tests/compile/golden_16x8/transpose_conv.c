/* transpose_conv, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "transpose_conv_s16.h"

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

const char model_sha256[65] = "915ab2394fe8e7d3bf4c7e2b70eeac9e7fd08e06179974c5c939e9f615ddf17b";
const char model_name[] = "transpose_conv";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3 */
static const int8_t model_w_0_weights[192] ALIGNED(4) = {
    120, 49, 97, -76, 56, -33, 2, 126, 78, 75, 51, 31, 19, 122, -27, 23, -15, 27, 9, -59, 119, 97, -80, 2,
    -65, 13, -115, -81, -31, 98, 16, -15, -36, -66, -114, -25, -113, 23, -56, 47, 93, -37, 123, -23, -73,
    -66, 54, -118, -3, -127, 30, 84, 42, -88, -41, 125, -9, -73, 88, -87, -14, 35, 12, 45, 116, -89, 112,
    89, 53, 36, -117, 62, 120, 36, 21, 18, -112, -32, 83, -103, -24, 119, 115, -73, 103, 5, 8, 68, 74, 104,
    120, 96, 17, -8, 67, 12, 91, 29, -98, -116, -14, -118, -7, -104, -65, 10, 58, 2, -126, 44, -124, -51,
    -1, 95, -6, -45, -14, 64, -113, -121, -91, 4, 120, -9, 79, 106, 29, 95, 47, -35, 37, 25, -104, 41, 8,
    -94, 88, 88, 56, -33, 77, -120, 104, -96, 82, 33, -15, 4, -60, -1, -100, -112, 41, -29, 25, -45, -4,
    113, 27, 103, 117, 18, -21, 119, -100, 40, 58, -18, -31, -64, 126, -124, -103, -78, -70, -89, -30, 81,
    -25, -31, -56, -90, 16, -78, 64, 109, -107, 6, -17, 95, 46, -40
};

/* t3 */
static const int64_t model_w_0_bias[4] ALIGNED(4) = {
    -6303, -16215, 2493, 8290
};

/* t3 */
static const int32_t model_t_0_multiplier[4] ALIGNED(4) = {
    31621, 28670, 31619, 20246
};

/* t3 */
static const int8_t model_t_0_shift[4] ALIGNED(4) = {
    -12, -12, -11, -10
};

/* 0 TRANSPOSE_CONV t3 */
static const struct chipcast_transpose_conv_s16_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 7,
    .input_width = 9,
    .input_channels = 6,
    .output_height = 22,
    .output_width = 36,
    .output_channels = 4,
    .filter_height = 4,
    .filter_width = 2,
    .stride_height = 3,
    .stride_width = 4,
    .padding_top = 0,
    .padding_left = 0,
    .accumulator_bits = 64,
    .activation_min = 0,
    .activation_max = 21035,
    .requantise_step = 1,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .multiplier = model_t_0_multiplier,
    .shift = model_t_0_shift,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 6336, bytes + 0, 756); /* t0 */
}

void model_run(void)
{
    /* 0 TRANSPOSE_CONV t3 */
    chipcast_transpose_conv_s16(&model_layer_0_0, (int16_t *)(void *)(model_arena + 6336), (int16_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 7104));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 6336); /* t3 */
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
    {0, 0, 6336}, /* t3 */
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
    misaligned |= (uintptr_t)model_w_0_bias & 3u;
    misaligned |= (uintptr_t)model_t_0_multiplier & 3u;
    misaligned |= (uintptr_t)model_t_0_shift & 3u;
    return misaligned == 0u;
}
