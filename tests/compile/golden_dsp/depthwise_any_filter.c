/* depthwise_any_filter, compiled by chipcast. Generated: change the model, not this file. */
#include "model_model.h"

#include <string.h>

#include "depthwise_s8_dsp.h"

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

const char model_sha256[65] = "14cfe6de1eb3132e232ad31ba1d0db8e37da153707ce2cb0462a4ecbb1a840e0";
const char model_name[] = "depthwise_any_filter";

static int8_t model_arena[MODEL_ARENA_BYTES] ALIGNED(16);

/* t3, channel by channel */
static const int8_t model_w_0_weights[4] ALIGNED(4) = {
    -57, -28, 2, 0
};

/* t3, twice, zero point folded in */
static const int32_t model_w_0_bias[1] ALIGNED(4) = {
    1236
};

/* t3, any sign */
static const int32_t model_t_0_stage[3] ALIGNED(4) = {
    1864613000, -3824, 5
};

/* 0 DEPTHWISE_CONV_2D t3 */
static const struct chipcast_depthwise_s8_dsp_params model_layer_0_0 = {
    .batches = 1,
    .channels = 1,
    .input_values = 28,
    .output_values = 4,
    .input_rows = 7,
    .input_columns = 4,
    .input_row_step = 4,
    .input_column_step = 1,
    .output_rows = 4,
    .output_columns = 1,
    .output_row_step = 1,
    .output_column_step = 1,
    .filter_rows = 1,
    .filter_pairs = 2,
    .row_stride = 2,
    .column_stride = 2,
    .rows_before = 0,
    .columns_before = 0,
    .plane_rows = 7,
    .plane_columns = 4,
    .input_zero_point = 0,
    .activation_min = -128,
    .activation_max = 127,
    .weights = model_w_0_weights,
    .bias = model_w_0_bias,
    .table = model_t_0_stage,
};

void model_reset(void)
{
}

void model_set_input(const uint8_t *bytes)
{
    memcpy(model_arena + 64, bytes + 0, 28); /* t0 */
}

void model_run(void)
{
    /* 0 DEPTHWISE_CONV_2D t3 */
    chipcast_depthwise_s8_dsp(&model_layer_0_0, model_arena + 64, model_arena + 96, (uint32_t *)(void *)(model_arena + 0), (int16_t *)(void *)(model_arena + 8));
    LAYER_DONE(0);
}

void model_get_output(uint8_t *bytes)
{
    memcpy(bytes + 0, model_arena + 96, 4); /* t3 */
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
    {0, 96, 4}, /* t3 */
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
    misaligned |= (uintptr_t)model_t_0_stage & 3u;
    return misaligned == 0u;
}
