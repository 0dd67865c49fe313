/* transpose_conv, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "transpose_conv_s8.h"

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

const char model_sha256[65] = "85442219390c19b2a32e5d282424a40d97063ff733b64b58115721cf6739d81f";
const char model_name[] = "transpose_conv";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3 */
static const int8_t model_w_0_weights[48] ALIGNED(4) = {
    -91, 4, 120, -9, -98, -116, -14, -118, -15, 4, -60, -1, 79, 106, 82, 33, -103, -78, 120, 49, -31, -64,
    126, -124, -3, -127, 30, 84, 97, -76, 56, -33, 119, 97, -80, 2, 42, -88, 9, -59, -117, 62, -7, -104,
    112, 89, 53, 36
};

/* t3, zero point folded in */
static const int32_t model_w_0_bias[12] ALIGNED(4) = {
    48822, 213839, 789360, 387287, -295192, 287885, 16300, 236867, 778755, 390115, -290950, 300409
};

/* t3 */
static const int32_t model_t_0_multiplier[6] ALIGNED(4) = {
    1163185385, 1322305362, 1260089599, 1148463430, 1190598660, 1825117661
};

/* t3 */
static const int8_t model_t_0_shift[6] ALIGNED(4) = {
    -7, -7, -4, 2, -1, -9
};

/* 0 TRANSPOSE_CONV t3 */
static const struct chipcast_transpose_conv_s8_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 6,
    .input_width = 4,
    .input_channels = 4,
    .output_height = 7,
    .output_width = 8,
    .output_channels = 6,
    .filter_height = 2,
    .filter_width = 1,
    .stride_height = 1,
    .stride_width = 2,
    .padding_top = 0,
    .padding_left = 0,
    .input_zero_point = 101,
    .output_zero_point = 0,
    .activation_min = 0,
    .activation_max = 127,
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
    memcpy(model_arena + 336, bytes + 0, 96); /* t0 */
}

void model_run(void)
{
    /* 0 TRANSPOSE_CONV t3 */
    chipcast_transpose_conv_s8(&model_layer_0_0, model_arena + 336, model_arena + 0, model_arena + 432);
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 0, 336); /* t3 */
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
    {0, 0, 336}, /* t3 */
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
