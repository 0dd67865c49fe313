/* depthwise_3x3_stride_2, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "depthwise_3x3_stride_2_s8_dsp.h"

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

const char model_sha256[65] = "ad5ab2f584818d9648af8d69731fdc744096de7c204a8af8ece237ef3cc18e99";
const char model_name[] = "depthwise_3x3_stride_2";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, columns of rows 0, 1, 1, 2 */
static const int8_t model_w_0_weights[36] ALIGNED(4) = {
    -35, 26, 26, 44, -5, 69, 69, -92, -36, 16, 16, -53, 55, -16, -16, 3, -25, -33, -33, 25, 1, -94, -94,
    86, 42, -16, -16, 0, -16, -71, -71, 18, -28, 12, 12, -55
};

/* t3, saturated */
static const int32_t model_w_0_bias[3] ALIGNED(4) = {
    -188201, -1039069, 4037162
};

/* t3 */
static const int32_t model_t_0_multiplier[3] ALIGNED(4) = {
    27103273, 36883516, 46242824
};

/* 0 DEPTHWISE_CONV_2D t3 */
static const struct chipcast_depthwise_3x3_stride_2_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .input_height = 5,
    .input_width = 1,
    .channels = 3,
    .output_height = 3,
    .output_width = 1,
    .padding_top = 1,
    .padding_left = 1,
    .input_zero_point = 127,
    .planes = 1,
    .zero = -32768,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .multiplier = model_t_0_multiplier,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 48, bytes + 0, 15); /* t0 */
}

void model_run(void)
{
    /* 0 DEPTHWISE_CONV_2D t3 */
    chipcast_depthwise_3x3_stride_2_s8_dsp(&model_layer_0_0, model_arena + 48, model_arena + 48, (uint32_t *)(void *)(model_arena + 0));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 48, 9); /* t3 */
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
    {0, 48, 9}, /* t3 */
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
    return misaligned == 0u;
}
